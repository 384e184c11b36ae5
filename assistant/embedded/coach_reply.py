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

NEAR_ENOUGH = 0.44
"""Cosine of question and nearest sentence; measured on questions the notes answer and questions they do not (tests/test_conversation.py)."""
_STILL_NEAR = 0.15
"""A further sentence lies at most this far behind the nearest."""
_MOST_SENTENCES = 4
_SAME = 0.90
_SHORTEST, _LONGEST = 6, 60
# A sentence that leans on the one before it reads as nonsense alone.
_LEANS = re.compile(
    r"(?:it|its|this|that|these|those|they|their|such|he|she|but|so|however|then|here|there|both|either|neither|also|and|or|hence|thus|therefore|otherwise|instead|the (?:first|second|third|other|latter|former|same)|for (?:example|instance)|in (?:that|this) case|of these)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Sentence:
    section: int
    """From 0, in the task's order."""
    place: int
    """Among the sentences of its section."""
    text: str


def reply(task: CoachReply, embedder: Embedder) -> CoachText:
    """Two to four sentences of the sections that answer the question, nearest first."""
    candidates = _candidates(task)
    if not candidates:
        return CoachText(text=_nothing(task))
    vectors = embedder.embed(
        [task.question, *(f"{task.sections[c.section].heading} {c.text}" for c in candidates), *(c.text for c in candidates)]
    )
    question, count = vectors[0], len(candidates)
    headed, alone = vectors[1 : count + 1], vectors[count + 1 :]
    # Alone, a sentence is judged by what it says; with its heading, by what it is about.
    nearness = 0.5 * (alone @ question + headed @ question)
    chosen = _choose(candidates, nearness, alone)
    if not chosen:
        return CoachText(text=_nothing(task))
    return CoachText(text=" ".join(_cited(candidates[c].text, candidates[c].section + 1) for c in chosen))


def nearest(task: CoachReply, embedder: Embedder) -> float:
    """How near the nearest sentence lies, as `NEAR_ENOUGH` counts it; -1 where there is none."""
    candidates = _candidates(task)
    if not candidates:
        return -1.0
    vectors = embedder.embed(
        [task.question, *(f"{task.sections[c.section].heading} {c.text}" for c in candidates), *(c.text for c in candidates)]
    )
    count = len(candidates)
    return float(np.max(0.5 * (vectors[1 : count + 1] @ vectors[0] + vectors[count + 1 :] @ vectors[0])))


def _candidates(task: CoachReply) -> list[_Sentence]:
    found: list[_Sentence] = []
    for number, section in enumerate(task.sections):
        for place, span in enumerate(prose(section.text)):
            text = _plain(span.of(section.text))
            if _SHORTEST <= len(text.split()) <= _LONGEST and text[-1:] in '.!)”"' and "```" not in text:
                found.append(_Sentence(number, place, text))
    return found


def _choose(candidates: list[_Sentence], nearness: Vectors, vectors: Vectors) -> list[int]:
    """The opening sentence stands by itself; those behind it follow it in its section, or open a thought of their own."""
    order = np.argsort(-nearness, kind="stable")
    if nearness[order[0]] < NEAR_ENOUGH:
        return []
    opening = next((int(i) for i in order if not _LEANS.match(candidates[i].text)), int(order[0]))
    if nearness[opening] < nearness[order[0]] - _STILL_NEAR:
        opening = int(order[0])
    chosen = [opening]
    following = next(
        (i for i, c in enumerate(candidates) if (c.section, c.place) == (candidates[opening].section, candidates[opening].place + 1)), None
    )
    if following is not None and nearness[following] >= nearness[opening] - 2 * _STILL_NEAR:
        chosen.append(following)
    for i in (int(i) for i in order):
        if len(chosen) == _MOST_SENTENCES or nearness[i] < nearness[order[0]] - _STILL_NEAR:
            break
        if i not in chosen and not _LEANS.match(candidates[i].text) and all(float(vectors[i] @ vectors[j]) < _SAME for j in chosen):
            chosen.append(i)
    return [chosen[0], *_in_reading_order(chosen[1:], candidates, opening)]


def _in_reading_order(rest: list[int], candidates: list[_Sentence], opening: int) -> list[int]:
    """What belongs to the opening's section first, then section by section, each in its own order."""
    first = candidates[opening].section
    return sorted(rest, key=lambda i: (candidates[i].section != first, candidates[i].section, candidates[i].place))


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
