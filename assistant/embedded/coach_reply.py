"""A reply from the sources without a model: the sentences of the numbered sections that lie nearest to the question, each with its [n].

Nothing is rephrased, so nothing can be invented. Where no sentence is near enough, the reply says that the sources do not answer it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from assistant.embedding import Embedder, Vectors
from assistant.tasks import CoachReply, CoachText
from assistant.text import normalise, prose

NEAR_ENOUGH = 0.36
"""Cosine of the question and the nearest sentence with its heading; measured on questions the notes answer and questions they do not."""
_SURE = 0.50
"""Below this, the question's own words have to stand in the sections too: a stranger among them means another subject."""
_STILL_NEAR = 0.05
"""A sentence of another section lies at most this far behind the opening one."""
_RUN = 3
_MOST_SENTENCES = 4
_LOOKED_AT_TWICE = 12
_SAME = 0.90
_OPENS = 0.20
"""What a sentence gains that begins with all the question's own words."""
_SHORTEST, _LONGEST = 6, 60
# A sentence that leans on the one before it reads as nonsense alone.
_LEANS = re.compile(
    r"(?:it|its|this|that|these|those|they|their|such|he|she|but|so|however|then|here|there|both|either|neither|also|and|or|hence|thus|therefore|otherwise|instead|the (?:first|second|third|other|latter|former|same)|for (?:example|instance)|in (?:that|this) case|of these)\b",
    re.IGNORECASE,
)
_ASKING = frozenset(
    [
        "what",
        "why",
        "how",
        "who",
        "whom",
        "whose",
        "which",
        "when",
        "where",
        "does",
        "would",
        "could",
        "should",
        "can",
        "will",
        "the",
        "are",
        "was",
        "were",
        "is",
        "for",
        "and",
        "with",
        "from",
        "that",
        "this",
        "mean",
        "means",
        "explain",
        "describe",
        "tell",
        "about",
        "between",
        "difference",
        "good",
        "best",
        "need",
        "have",
        "has",
        "into",
        "your",
        "you",
        "use",
        "used",
        "using",
        "please",
    ]
)


@dataclass(frozen=True)
class _Sentence:
    section: int
    """From 0, in the task's order."""
    place: int
    """Among the sentences of its section."""
    text: str
    listed: bool
    """An item of a list: it does not open a reply."""
    follows: bool = False
    """It stands right behind the sentence before it, in one paragraph."""


def reply(task: CoachReply, embedder: Embedder) -> CoachText:
    """Two to four sentences of the sections that answer the question, nearest first."""
    everything = _candidates(task)
    near, candidates = _nearest(task, everything, embedder)
    if not candidates or not answers(task, float(near.max())):
        return CoachText(text=_nothing(task))
    vectors = embedder.embed([task.question, *(c.text for c in candidates)])
    # With its heading a sentence is judged by what it is about, alone by what it says, and by whether it begins with what was asked for.
    says = 0.5 * (near + vectors[1:] @ vectors[0]) + np.array([_OPENS * _begins_with(task.question, c) for c in candidates], np.float32)
    return CoachText(text=" ".join(_cited(c.text, c.section + 1) for c in _choose(candidates, everything, says, vectors[1:])))


def nearness(task: CoachReply, embedder: Embedder) -> float:
    """Cosine of the question and the nearest sentence with its heading; -1 where there is none."""
    near, _ = _nearest(task, _candidates(task), embedder)
    return float(near.max()) if len(near) else -1.0


def answers(task: CoachReply, near: float) -> bool:
    """Whether sections that come this near answer the question at all."""
    return near >= NEAR_ENOUGH and (near >= _SURE or not _strangers(task))


def _begins_with(question: str, sentence: _Sentence) -> float:
    """Of the question's own words, the share in the sentence's first eight; half again for the first sentence of its section."""
    asked = _own_words(question)
    begun = {w[:6] for w in normalise(sentence.text).split()[:8]}
    share = sum(w[:6] in begun for w in asked) / len(asked) if asked else 0.0
    return share * (1.5 if sentence.place == 0 else 1.0)


def _own_words(question: str) -> set[str]:
    return {w for w in normalise(question).split() if len(w) > 2 and w not in _ASKING}


def _strangers(task: CoachReply) -> bool:
    """More than a third of the question's own words stand nowhere in the sections."""
    asked = _own_words(task.question)
    there = normalise(" ".join(f"{s.title} {s.heading} {s.text}" for s in task.sections)).split()
    begun = {w[:n] for w in there for n in range(3, 7)}
    unknown = [w for w in asked if w[:6] not in begun and w[: max(3, len(w) - 3)][:6] not in begun]
    return len(unknown) * 3 > len(asked)


def _nearest(task: CoachReply, candidates: list[_Sentence], embedder: Embedder) -> tuple[Vectors, list[_Sentence]]:
    """The candidates nearest to the question, with their headings in front, and how near they are."""
    if not candidates:
        return np.zeros(0, np.float32), []
    vectors = embedder.embed([task.question, *(f"{task.sections[c.section].heading} {c.text}" for c in candidates)])
    near = vectors[1:] @ vectors[0]
    order = np.argsort(-near, kind="stable")
    # What begins with the question's own words, or begins a section, often says what a thing is, however far it ranks.
    twice = [
        i
        for rank, i in enumerate(order)
        if rank < _LOOKED_AT_TWICE or candidates[i].place == 0 or _begins_with(task.question, candidates[i]) >= 0.6
    ]
    return near[twice], [candidates[i] for i in twice]


def _candidates(task: CoachReply) -> list[_Sentence]:
    found: list[_Sentence] = []
    for number, section in enumerate(task.sections):
        end = 0
        for place, span in enumerate(prose(section.text)):
            raw = span.of(section.text)
            before = section.text[end : span.start]
            # An item such as "**Split.** One customer ..." is a row of a table in disguise.
            labelled = re.match(r"\*\*[^*]{1,40}[.:]?\*\*[.:]?\s", raw)
            listed = bool(re.search(r"(?:^|\n)\s*(?:[-*+•]|\d+[.)])\s+$", before))
            text = _plain(raw)
            if _SHORTEST <= len(text.split()) <= _LONGEST and text[-1:] in ".!" and not labelled and "```" not in text:
                found.append(_Sentence(number, place, text, listed, follows=bool(end) and not before.strip() and "\n\n" not in before))
            end = span.end
    return found


def _choose(candidates: list[_Sentence], everything: list[_Sentence], says: Vectors, vectors: Vectors) -> list[_Sentence]:
    """The opening sentence stands by itself; the paragraph goes on behind it; then, at most, one thought of another section."""
    order = [int(i) for i in np.argsort(-says, kind="stable")]
    opening = next((i for i in order if not candidates[i].listed and not _LEANS.match(candidates[i].text)), order[0])
    chosen = [candidates[opening]]
    by_place = {(c.section, c.place): c for c in everything}
    while len(chosen) < _RUN:
        after = by_place.get((chosen[-1].section, chosen[-1].place + 1))
        if after is None or not after.follows or after.listed:
            break
        chosen.append(after)
    for i in order:
        other = candidates[i]
        if len(chosen) == _MOST_SENTENCES or says[i] < says[opening] - (_STILL_NEAR if len(chosen) > 1 else 3 * _STILL_NEAR):
            break
        if (
            other not in chosen
            and (other.section != chosen[0].section or len(chosen) == 1)
            and not _LEANS.match(other.text)
            and float(vectors[i] @ vectors[opening]) < _SAME
        ):
            chosen.append(other)
            break
    return chosen


def _plain(text: str) -> str:
    """A sentence in one line, emphasis marks taken out, a link by its words."""
    text = re.sub(r"\[([^\[\]]+)\]\([^()]*\)", r"\1", text)
    text = re.sub(r"\*\*|__|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)", "", text)
    return " ".join(text.split())


def _cited(sentence: str, number: int) -> str:
    """
    >>> _cited("Log the features.", 2)
    'Log the features [2].'
    """
    end = sentence[-1] if sentence[-1] in ".!?" else "."
    return f"{sentence.rstrip('.!?')} [{number}]{end}"


def _nothing(task: CoachReply) -> str:
    """The plain words where the sources do not answer; what they do cover is named, with no number behind it."""
    headings = [s.heading for s in task.sections if normalise(s.heading)][:2]
    if not headings:
        return "I could not find this in your sources, so I will not guess."
    covered = " and ".join(f"“{h}”" for h in headings)
    return f"I could not find this in your sources, so I will not guess. The nearest they come to it is {covered}."
