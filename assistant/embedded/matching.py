"""Texts as the embedded judge compares them: word-pieces with vectors, words with lemmas and weights, and how far one text says another.

Comes in: texts and the bundled model.  Goes out: `Reading`s, and for points and an answer a `Match`: point by spot, how much of the point
the spot says (contextual token recall), how much of the spot belongs to it, and how near the two are as wholes.
A text is read in windows of at most 150 words, cut at sentences, so its vectors are the same alone or in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assistant.embedding import PIECES, LocalEmbedder, TokenVectors
from assistant.schema import Span
from assistant.text import clauses, sentences

WINDOW_WORDS = 150
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"(?<![\w.])(\d[\d,]*(?:\.\d+)?) ?(thousand|million|billion|[kKmM]\b|bn\b)?")
_SCALE = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9}
_NUMBER_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100, "thousand": 1000,
}  # fmt: skip
_COMMON_IDS = 1900
"""Word-pieces below it are marks and the commonest words; from here on the vocabulary is sorted by frequency."""
_NUMBER_RARITY = 8.0
_OTHER_NUMBER = 0.4
"""The most that a number is said by another number."""
_FLOOR = 3.0
"""What every word counts before its rarity is added, which goes up to ln 28,000 = 10.2."""
_CELL_WORDS, _SPOT_WORDS = 6, 45

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

_FUNCTION = """a about above after again against all also although am an and another any anybody anyone anything are aren't around as at away back be
because been before being below between both but by can can't cannot could couldn't did didn't do does doesn't doing don't done down during
each either else enough etc even ever every everybody everyone everything few for from further get gets getting given gives go goes going
gone got had hadn't has hasn't have haven't having he hence her here hers herself him himself his how however i i'd i'll i'm i've if in
instead into is isn't it it's its itself just keep least less let let's like made make makes making many may maybe me might mine more most
much must my myself namely near neither never no nobody none nor not nothing now of off often on once one only onto or other others our ours
ourselves out over own per perhaps put quite rather really same say says shall she should shouldn't since so some somebody someone something
still such take takes than that that's the their theirs them themselves then there there's thereby therefore these they they're they've thing
things this those though through thus to together too toward towards under unless until unto up upon us use used uses using very via was
wasn't way we we'd we'll we're we've well went were weren't what whatever when whenever where whereas wherever whether which while who
whoever whole whom whose why will with within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself
cant dont doesnt isnt wont didnt wasnt arent couldnt shouldnt wouldnt thats its im ive theres"""
FUNCTION_WORDS = frozenset(_FUNCTION.split())


@dataclass(frozen=True)
class Reading:
    """One text, read. The arrays have one entry a word-piece, in the text's order."""

    text: str
    vectors: Floats
    starts: Ints
    ends: Ints
    words: tuple[str, ...]
    """The lower-case word each piece belongs to."""
    lemmas: tuple[str, ...]
    rarity: Floats
    """ln of the piece's place in a vocabulary sorted by frequency; 0 for punctuation."""
    function: Flags
    """The piece belongs to a function word or to no word."""
    numbers: tuple[str, ...]
    """The number the piece belongs to, as a plain decimal; empty for other pieces."""


@dataclass(frozen=True)
class Wording:
    """One way of saying a point, or a question: its reading, and its vector as a whole."""

    reading: Reading
    whole: Floats


def word(texts: Sequence[str], embedder: LocalEmbedder) -> list[Wording]:
    """The texts as wordings."""
    return [Wording(r, v) for r, v in zip(read(texts, embedder), embedder.embed(texts), strict=True)]


def read(texts: Sequence[str], embedder: LocalEmbedder) -> list[Reading]:
    """The texts as readings; all their windows go through the model together."""
    cuts = [_windows(t, embedder) for t in texts]
    tokens = embedder.tokens([t[a:b] for t, spans in zip(texts, cuts, strict=True) for a, b in spans])
    found, at = [], 0
    for text, spans in zip(texts, cuts, strict=True):
        found.append(_reading(text, spans, tokens[at : at + len(spans)]))
        at += len(spans)
    return found


@lru_cache(maxsize=65536)
def lemma(word: str) -> str:
    """The dictionary form of a lower-case English word.

    >>> lemma("stores"), lemma("leaked")
    ('store', 'leak')
    """
    import simplemma

    return simplemma.lemmatize(word, lang="en").lower()


def words_of(text: str) -> list[str]:
    """The lower-case words and numbers of a text, in order."""
    return [m.group().lower().replace("’", "'") for m in _WORD.finditer(text)]


def _windows(text: str, embedder: LocalEmbedder) -> list[tuple[int, int]]:
    """Spans that cover every word of the text, of about equal length, none above 150 words or the model's 254 pieces."""
    pieces = [p for s in sentences(text) for p in _fitting(text, s.start, s.end, embedder)]
    words = sum(n for _, _, n in pieces)
    goal = words / max(1, -(-words // WINDOW_WORDS))
    found: list[tuple[int, int]] = []
    size = 0
    for start, end, n in pieces:
        joined = (found[-1][0], end) if found else (start, end)
        if found and size + n / 2 <= goal and size + n <= WINDOW_WORDS and embedder.count_pieces(text[slice(*joined)]) <= PIECES:
            found[-1] = joined
            size += n
        else:
            found.append((start, end))
            size = n
    return found


def _fitting(text: str, start: int, end: int, embedder: LocalEmbedder) -> Iterable[tuple[int, int, int]]:
    """The span with its count of words, halved at a space, else anywhere, until it fits a window."""
    words = len(text[start:end].split())
    if words <= WINDOW_WORDS and (end - start <= PIECES or embedder.count_pieces(text[start:end]) <= PIECES):
        yield start, end, words
        return
    middle = (start + end) // 2
    space = text.rfind(" ", start + 1, middle + 1)
    middle = space if space > start else middle
    yield from _fitting(text, start, middle, embedder)
    yield from _fitting(text, middle, end, embedder)


def _reading(text: str, windows: Sequence[tuple[int, int]], tokens: Sequence[TokenVectors]) -> Reading:
    ids = np.concatenate([t.ids for t in tokens]) if tokens else np.zeros(0, np.int64)
    offsets = np.concatenate([t.offsets + w[0] for t, w in zip(tokens, windows, strict=True)]) if tokens else np.zeros((0, 2), np.int64)
    vectors = np.concatenate([t.vectors for t in tokens]) if tokens else np.zeros((0, 384), np.float32)
    starts, ends = offsets[:, 0], offsets[:, 1]
    words = _labels(starts, [(m.start(), m.end(), m.group().lower().replace("’", "'")) for m in _WORD.finditer(text)])
    numbers = _labels(starts, _numbers(text))
    rarity = np.log(np.maximum(ids - _COMMON_IDS, 2)).astype(np.float32)
    rarity[[bool(n) for n in numbers]] = _NUMBER_RARITY
    rarity[[not w for w in words]] = 0
    return Reading(
        text=text,
        vectors=vectors,
        starts=starts,
        ends=ends,
        words=words,
        lemmas=tuple(lemma(w) if w else "" for w in words),
        rarity=rarity,
        function=np.array([not w or w in FUNCTION_WORDS for w in words], np.bool_),
        numbers=numbers,
    )


def _numbers(text: str) -> list[tuple[int, int, str]]:
    """Where numbers stand, in digits or as one of the commoner words, and their value."""
    found = [
        (m.start(), m.end(), f"{float(m.group(1).replace(',', '')) * _SCALE.get((m.group(2) or '').lower(), 1):g}")
        for m in _NUMBER.finditer(text)
    ]
    found += [
        (m.start(), m.end(), f"{_NUMBER_WORDS[m.group().lower()]:g}") for m in _WORD.finditer(text) if m.group().lower() in _NUMBER_WORDS
    ]
    return sorted(found)


def _labels(starts: Ints, places: Sequence[tuple[int, int, str]]) -> tuple[str, ...]:
    """The label of the place that begins at or before each start and has not ended there; empty where there is none."""
    found, i = [], 0
    for start in starts:
        while i < len(places) and places[i][1] <= start:
            i += 1
        found.append(places[i][2] if i < len(places) and places[i][0] <= start else "")
    return tuple(found)


def weigh(point: Reading, question: Reading | None) -> Floats:
    """What each piece of a text counts: rare words more, the question's own words nothing, what is near them little.

    Sums to 1. Where the question leaves nothing of the text, its words count alike.
    """
    weight = np.where(point.rarity > 0, point.rarity + _FLOOR, 0).astype(np.float32)
    if question is not None and len(question.vectors) and len(point.vectors):
        asked = {m for m, f in zip(question.lemmas, question.function, strict=True) if not f}
        weight *= np.array([m not in asked for m in point.lemmas], np.float32)
        nearest = np.clip((point.vectors @ question.vectors.T).max(axis=1), 0, 1)
        weight *= (1 - nearest) ** 3
    if weight.sum() < 1e-6:
        weight = np.array([bool(w) for w in point.words], np.float32)
    return weight / max(float(weight.sum()), 1e-9)


@dataclass(frozen=True)
class Match:
    """Points (rows) against the spots of an answer (columns); a point may be worded in several ways, the best of which counts."""

    spots: tuple[Span, ...]
    """Clauses, and sentences of several, in the order of their ends."""
    overall: Floats
    """Per point, its recall by all spots together."""
    recall: Floats
    precision: Floats
    likeness: Floats
    wording: Ints
    """Which wording of the point the spot says most of."""
    asked: Floats
    """Per spot, how near it is to the question as a whole."""


def match(
    points: Sequence[Sequence[Wording]], answer: Reading, usable: Sequence[Span], question: Wording | None, embedder: LocalEmbedder
) -> Match | None:
    """How each point is said at each spot of the usable sentences; None where there is nothing to compare."""
    cells, ranges = _spots(answer, usable)
    wordings = [w for point in points for w in point]
    if not cells or not all(points) or not all(len(w.reading.vectors) for w in wordings):
        return None
    readings, about = [w.reading for w in wordings], question.reading if question else None
    inside = np.concatenate([places for _, places in cells])
    cell_starts = np.cumsum([0, *(len(places) for _, places in cells)])[:-1]
    low, high = np.array(ranges).T
    text_starts = np.cumsum([0, *(len(r.vectors) for r in readings)])[:-1]
    point_starts = np.cumsum([0, *(len(point) for point in points)])[:-1]

    near = _near(readings, answer, inside)
    weight = np.concatenate([weigh(r, about) for r in readings])
    most = _over(np.maximum, np.maximum.reduceat(near, cell_starts, axis=1), low, high)
    recall = np.add.reduceat(weight[:, None] * most, text_starts, axis=0)
    own = weigh(answer, about)[inside]
    held = np.add.reduceat(np.maximum.reduceat(near, text_starts, axis=0) * own, cell_starts, axis=1)
    size = np.add.reduceat(own, cell_starts)[None, :]
    precision = _over(np.add, held, low, high) / np.maximum(_over(np.add, size, low, high), 1e-9)
    spots = tuple(Span(start=cells[a][0].start, end=cells[b][0].end) for a, b in ranges)
    wholes = embedder.embed([s.of(answer.text) for s in spots])
    likeness = np.stack([w.whole for w in wordings]) @ wholes.T
    overall = np.add.reduceat(weight * near.max(axis=1), text_starts)
    return Match(
        spots=spots,
        overall=np.maximum.reduceat(overall, point_starts),
        recall=np.maximum.reduceat(recall, point_starts, axis=0),
        precision=np.maximum.reduceat(precision, point_starts, axis=0),
        likeness=np.maximum.reduceat(likeness, point_starts, axis=0),
        wording=np.stack([part.argmax(axis=0) for part in np.split(recall, point_starts[1:])]),
        asked=wholes @ question.whole if question else np.ones(len(spots), np.float32),
    )


def _near(wordings: Sequence[Reading], answer: Reading, inside: Ints) -> Floats:
    """Cosines of all pieces of the wordings with the answer's; a number is said by the same number, hardly by another."""
    near = np.concatenate([w.vectors for w in wordings]) @ answer.vectors[inside].T
    numbers = np.array([n if any(c.isdigit() for c in word) else "" for w in wordings for n, word in zip(w.numbers, w.words, strict=True)])
    rows = np.flatnonzero(numbers != "")
    if len(rows):
        said = np.array([answer.numbers[i] for i in inside])
        near[rows] = np.where(numbers[rows][:, None] == said[None, :], 1, np.minimum(near[rows], _OTHER_NUMBER))
    return near.astype(np.float32)


def _spots(answer: Reading, usable: Sequence[Span]) -> tuple[list[tuple[Span, Ints]], list[tuple[int, int]]]:
    """The clauses of the usable sentences with their pieces; and as ranges of them: each clause, and each sentence that is no monster."""
    cells: list[tuple[Span, Ints]] = []
    ranges: list[tuple[int, int]] = []
    parts = list(clauses(answer.text))
    for sentence in usable:
        first = len(cells)
        for cell in _cells(answer.text, [c for c in parts if sentence.start <= c.start and c.end <= sentence.end]):
            places = np.flatnonzero((answer.starts >= cell.start) & (answer.ends <= cell.end) & (answer.rarity > 0))
            if len(places):
                cells.append((cell, places))
        last = len(cells) - 1
        if last < first:
            continue
        ranges += [(i, i) for i in range(first, last + 1)]
        if last > first and len(sentence.of(answer.text).split()) <= _SPOT_WORDS:
            ranges.append((first, last))
    return cells, ranges


def _cells(text: str, parts: Sequence[Span]) -> Iterable[Span]:
    """Clauses of at least six words where that can be, and at most 45."""
    joined: list[Span] = []
    for part in parts:
        if joined and (len(joined[-1].of(text).split()) < _CELL_WORDS or len(part.of(text).split()) < _CELL_WORDS):
            joined[-1] = Span(start=joined[-1].start, end=part.end)
        else:
            joined.append(part)
    for span in joined:
        words = [m.span() for m in re.finditer(r"\S+", span.of(text))]
        count = -(-len(words) // _SPOT_WORDS)
        size = -(-len(words) // max(1, count))
        for i in range(0, len(words), size):
            run = words[i : i + size]
            yield Span(start=span.start + run[0][0], end=span.start + run[-1][1])


def _over(reduce: np.ufunc, by_cell: Floats, low: Ints, high: Ints) -> Floats:
    """Columns of cells reduced over the ranges `low` to `high`, both in."""
    found: Floats = np.stack([reduce.reduce(by_cell[:, a : b + 1], axis=1) for a, b in zip(low, high, strict=True)], axis=1)
    return found
