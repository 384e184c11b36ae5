"""A candidate's own question, answered from the sources with citations that were checked.

Comes in: the question, what was said before, the sections found for it, and an engine.  Goes out: `Reply`s, each the whole reply as far
as it is written, the last one final. A sentence that names a source which does not exist is left out and counted; the others are
renumbered, so that `[n]` in the text is `citations[n - 1]`, whatever order the sources were given in.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from assistant.engine import DoneEvent, Engine, RestartEvent, TextEvent
from assistant.schema import Citation, Frozen, Hit, Provenance, Section
from assistant.tasks import CoachReply, CoachText, SaidTurn
from assistant.text import normalise, prose, sentences

_MARK = re.compile(r"\s*\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")
_UNFINISHED_MARK = re.compile(r"\s*\[[\d\s,;]*$")
_LEANS_BACK = re.compile(
    r"\b(?:it|its|this|that|these|those|they|them|their|one|ones|more|else|example|instead)\b|^(?:and|but|why|how so|so)\b", re.IGNORECASE
)
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\S+",
        "a an the of and or in on at to for with by from as is are was were be been it its this that these those not no so than then there their they we you your our can could would should will may if when which who what how why do does did has have had into over",
    )
)


class Reply(Frozen):
    """The coach's words so far."""

    text: str
    citations: tuple[Citation, ...] = ()
    """In the order of their numbers in the text."""
    dropped: int = 0
    """Sentences left out because the source they name does not exist."""
    final: bool = False
    provenance: Provenance | None = None
    """Of the final reply."""
    note: str = ""
    """What was left out, in plain words."""


async def reply(question: str, earlier: Sequence[SaidTurn], hits: Sequence[Hit], engine: Engine, nonce: str) -> AsyncIterator[Reply]:
    """The answer as it is written, then whole and final. Raises `ModelError`; what was yielded before is then all that came.

    Closing the iterator ends the engine's call.
    """
    sections = tuple(h.section for h in hits)
    task = CoachReply(question=question, earlier=tuple(earlier), sections=sections, nonce=nonce)
    written = ""
    async with aclosing(engine.stream(task)) as events:
        async for event in events:
            match event:
                case TextEvent():
                    written += event.text
                    yield checked(written, sections)
                case RestartEvent():
                    written = ""
                case DoneEvent():
                    value: CoachText = event.generation.value
                    last = checked(value.text, sections, complete=True)
                    yield last.model_copy(update={"final": True, "provenance": event.generation.provenance, "note": _note(last.dropped)})


def query_for(question: str, earlier: Sequence[SaidTurn]) -> str:
    """The words to search the sources for: a question that leans on the one before it takes that one along.

    >>> query_for("Why does it matter?", [SaidTurn(role="candidate", text="What is a point-in-time join?")])
    'What is a point-in-time join? Why does it matter?'
    """
    before = next((t.text for t in reversed(earlier) if t.role == "candidate"), "")
    if before and len(question.split()) <= 12 and _LEANS_BACK.search(question.strip()):
        return f"{before} {question}"
    return question


def checked(written: str, sections: Sequence[Section], *, complete: bool = False) -> Reply:
    """A reply without the sentences whose source does not exist. Unless `complete`, the last sentence may still be being written.

    >>> checked("Log it [7]. Join it as of then [1].", [Section(id="a#b", document_id="a", source="notes", title="A", heading="B", text="Join it as of then.", span={"start": 0, "end": 19})], complete=True).text
    'Join it as of then [1].'
    """
    text = written.strip() if complete else _UNFINISHED_MARK.sub("", written.lstrip())
    kept: list[str] = []
    dropped = 0
    numbers: dict[int, int] = {}
    citations: list[Citation] = []
    at = 0
    for start, end in _cited_sentences(text):
        sentence = text[start:end]
        named = [int(n) for mark in _MARK.finditer(sentence) for n in re.findall(r"\d+", mark[1])]
        if any(not 1 <= n <= len(sections) for n in named):
            dropped += 1
            # The gap in front stays only where it parts paragraphs.
            at = end
            continue
        for n in named:
            if n not in numbers:
                numbers[n] = len(numbers) + 1
                section = sections[n - 1]
                citations.append(
                    Citation(section_id=section.id, heading=section.heading, passage=supporting_passage(_MARK.sub("", sentence), section))
                )
        kept.append(
            (text[at:start] if kept else "")
            + _MARK.sub(lambda m: "".join(f" [{numbers[int(n)]}]" for n in dict.fromkeys(re.findall(r"\d+", m[1]))), sentence)
        )
        at = end
    return Reply(text="".join(kept), citations=tuple(citations), dropped=dropped)


def supporting_passage(sentence: str, section: Section) -> str:
    """The sentence of the section that shares most of the given one's words, as it stands there."""
    spans = list(prose(section.text)) or list(sentences(section.text))
    if not spans:
        return section.text
    wanted = _content(sentence)

    def shared(passage: str) -> tuple[float, int]:
        there = _content(passage)
        common = wanted & there
        return (len(common) / (1 + len(there)) ** 0.5 + sum(len(w) > 6 for w in common) / 10, -len(passage))

    return max((s.of(section.text) for s in spans), key=shared)


def _cited_sentences(text: str) -> list[tuple[int, int]]:
    """Sentences with the marks that stand behind their full stop: "It is so. [1]" is one."""
    spans = [(s.start, s.end) for s in sentences(text)]
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        mark = _MARK.match(text, start)
        if joined and mark and mark.end() <= end:
            rest = mark.end()
            while again := _MARK.match(text, rest):
                rest = again.end()
            joined[-1] = (joined[-1][0], rest)
            begin = rest + len(text[rest:end]) - len(text[rest:end].lstrip(" .,;"))
            if begin < end:
                joined.append((begin, end))
        else:
            joined.append((start, end))
    return joined


def _content(text: str) -> set[str]:
    """Words that carry meaning, plural and tense folded roughly."""
    return {re.sub(r"(?:ing|ed|es|s)$", "", w) if len(w) > 4 else w for w in normalise(text).split()} - _FUNCTION_WORDS


def _note(dropped: int) -> str:
    if not dropped:
        return ""
    return f"{dropped} sentence{'s' if dropped > 1 else ''} left out: {'they name sources' if dropped > 1 else 'it names a source'} that {'do' if dropped > 1 else 'does'} not exist."
