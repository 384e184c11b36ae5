"""Texts as the embedded judge compares them: word-pieces with vectors, words with lemmas and weights, sentences with spans.

Comes in: texts and the bundled model.  Goes out: `Reading`s, and how far one text is said by another (token recall).
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
from assistant.text import sentences

WINDOW_WORDS = 150
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_COMMON_IDS = 1900
"""Word-pieces below it are marks and the commonest words; from here on the vocabulary is sorted by frequency."""

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
    sentence: Ints
    """The place of its sentence in `spans`."""
    spans: tuple[Span, ...]
    """The sentences."""


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
    spans = tuple(sentences(text))
    ids = np.concatenate([t.ids for t in tokens]) if tokens else np.zeros(0, np.int64)
    offsets = np.concatenate([t.offsets + w[0] for t, w in zip(tokens, windows, strict=True)]) if tokens else np.zeros((0, 2), np.int64)
    vectors = np.concatenate([t.vectors for t in tokens]) if tokens else np.zeros((0, 0), np.float32)
    starts, ends = offsets[:, 0], offsets[:, 1]
    places = [(m.start(), m.end(), m.group().lower().replace("’", "'")) for m in _WORD.finditer(text)]
    words = _words_at(starts, places)
    rarity = np.log(np.maximum(ids - _COMMON_IDS, 2)).astype(np.float32)
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
        sentence=np.searchsorted([s.end for s in spans], starts, side="right").astype(np.int64),
        spans=spans,
    )


def _words_at(starts: Ints, places: Sequence[tuple[int, int, str]]) -> tuple[str, ...]:
    """The word that begins at or before each start and has not ended there; empty where there is none."""
    found, i = [], 0
    for start in starts:
        while i < len(places) and places[i][1] <= start:
            i += 1
        found.append(places[i][2] if i < len(places) and places[i][0] <= start else "")
    return tuple(found)


def weigh(point: Reading, question: Reading | None) -> Floats:
    """What each piece of a key point counts: rare words more, the question's own words nothing, what is near them little.

    Sums to 1. Where the question leaves nothing of the point, the point's words count alike.
    """
    weight = point.rarity.copy()
    if question is not None and len(question.vectors) and len(point.vectors):
        asked = {m for m, f in zip(question.lemmas, question.function, strict=True) if not f}
        weight *= np.array([m not in asked for m in point.lemmas], np.float32)
        nearest = np.clip((point.vectors @ question.vectors.T).max(axis=1), 0, 1)
        weight *= (1 - nearest) ** 2
    if weight.sum() < 1e-6:
        weight = np.array([bool(w) for w in point.words], np.float32)
    return weight / max(float(weight.sum()), 1e-9)
