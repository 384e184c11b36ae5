"""Facts about text that two rooms or more use: folding, sentences and clauses with spans, and finding a quote.

Spans are half-open, in code points of the text given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from assistant.schema import Span

# Zero-width, bidi controls, soft hyphen, variation selectors and the tag block: nothing a reader sees.
HIDDEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")

_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|Fig|No|Dr|Mr|Ms|Mrs|St|Inc|Ltd|et al)|\b[A-Z])\.$")
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|\n\s*\n|\n(?=\s*(?:[-*•–·]|\d+[.)])\s)")
_CLAUSE = re.compile(r"[;:]\s+|\s[–—-]\s+|,\s+(?=(?:and|but|so|because|which|while|then|or|with|where|since|although|if|when|not)\b)|\n+")


def strip_hidden(text: str) -> str:
    """The text without characters that no reader sees.

    >>> strip_hidden("full\\u200b marks")
    'full marks'
    """
    return HIDDEN.sub("", text)


def normalise(text: str) -> str:
    """Folded for comparison: compatibility forms, case, hidden characters, every run of space and punctuation one space.

    >>> normalise("“Log  the\\nfeatures”, then…")
    'log the features then'
    """
    return " ".join("".join(_fold(c) for c in text).split())


def _fold(character: str) -> str:
    if HIDDEN.match(character):
        return ""
    folded = unicodedata.normalize("NFKC", character).casefold()
    return "".join(c if c.isalnum() or c in "%$€£+<>=" or unicodedata.category(c).startswith("M") else " " for c in folded)


def find_quote(quote: str, text: str) -> Span | None:
    """Where `quote` stands in `text`, space, case, punctuation and quote marks folded; None where it does not, or is empty.

    Only whole words match. The span runs from the first to the last character of the words in `text`.

    >>> find_quote("log the features", "We “log  the Features”, daily.")
    Span(start=4, end=21)
    """
    wanted = normalise(quote)
    if not wanted:
        return None
    pieces: list[str] = []
    places: list[int] = []
    for i, c in enumerate(text):
        for f in _fold(c):
            if f == " " and (not pieces or pieces[-1] == " "):
                continue
            pieces.append(f)
            places.append(i)
    folded = "".join(pieces)
    at = f" {folded} ".find(f" {wanted} ")
    if at < 0:
        return None
    return Span(start=places[at], end=places[at + len(wanted) - 1] + 1)


def sentences(text: str) -> Iterator[Span]:
    """The sentences of `text`, trimmed, in order; list items and paragraphs end a sentence.

    >>> [s.of("It works, e.g. here. And so on") for s in sentences("It works, e.g. here. And so on")]
    ['It works, e.g. here.', 'And so on']
    """
    start = 0
    for end in _END.finditer(text):
        if end.group().startswith(".") and _ABBREVIATION.search(text[start : end.start() + 1]):
            continue
        yield from _trimmed(text, start, end.end())
        start = end.end()
    yield from _trimmed(text, start, len(text))


def clauses(text: str) -> Iterator[Span]:
    """The clauses of `text`: sentences cut at semicolons, colons, dashes and commas before a joining word."""
    for sentence in sentences(text):
        start = sentence.start
        for cut in _CLAUSE.finditer(text, sentence.start, sentence.end):
            if len(text[start : cut.start()].split()) >= 3:
                yield from _trimmed(text, start, cut.start())
                start = cut.end()
        yield from _trimmed(text, start, sentence.end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    if piece.strip():
        yield Span(start=start + left, end=start + len(piece.rstrip()))


def shared_ngrams(a: str, b: str, n: int = 4) -> int:
    """How many runs of `n` folded words stand in both texts."""
    return len(_ngrams(a, n) & _ngrams(b, n))


def _ngrams(text: str, n: int) -> set[tuple[str, ...]]:
    words = normalise(text).split()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}
