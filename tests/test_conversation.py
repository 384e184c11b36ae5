"""The coach: citations are checked whoever writes, and the embedded engine says when the sources have no answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from assistant.conversation import Reply, checked, query_for, reply, supporting_passage
from assistant.embedded.coach_reply import answers, nearness
from assistant.embedded.engine import EmbeddedEngine
from assistant.embedding import local_embedder
from assistant.engine import DoneEvent, Generation, RestartEvent, TextEvent
from assistant.errors import CutOff
from assistant.schema import Hit, Provenance, Section, Span
from assistant.tasks import CoachReply, CoachText, SaidTurn, Task

ASKED = yaml.safe_load((Path(__file__).parent / "data" / "coach_questions.yaml").read_text(encoding="utf-8"))


def section(number: int, heading: str, text: str) -> Section:
    return Section(
        id=f"plain/notes#{number}",
        document_id="plain/notes",
        source="notes",
        topic="plain",
        title="Notes",
        heading=heading,
        text=text,
        span=Span(start=0, end=len(text)),
    )


SECTIONS = tuple(section(i, s["heading"], s["text"]) for i, s in enumerate(ASKED["sections"], 1))
HITS = tuple(Hit(section=s, score=1 / (60 + i), highlight=s.span, similarity=0.6) for i, s in enumerate(SECTIONS, 1))


class Scripted:
    """An engine that writes what it was told to, piece by piece."""

    kind: Literal["embedded", "model", "replay"] = "model"
    label = "model:scripted"

    def __init__(self, *pieces: str | RestartEvent, fault: Exception | None = None) -> None:
        self._pieces, self._fault = pieces, fault
        self.closed = False
        self.asked: list[Task[Any]] = []

    async def generate(self, task: Task[Any]) -> Generation[Any]:
        raise AssertionError("the coach streams")

    async def stream(self, task: Task[Any]) -> AsyncIterator[Any]:
        self.asked.append(task)
        text = ""
        try:
            for piece in self._pieces:
                text = "" if isinstance(piece, RestartEvent) else text + piece
                yield piece if isinstance(piece, RestartEvent) else TextEvent(text=piece)
            if self._fault:
                raise self._fault
            yield DoneEvent(
                generation=Generation(
                    value=CoachText(text=text), provenance=Provenance(engine="model", model="scripted", at=datetime(2026, 1, 1, tzinfo=UTC))
                )
            )
        finally:
            self.closed = True


async def said(engine: Any, hits: Sequence[Hit] = HITS, question: str = "What is a point-in-time join?") -> list[Reply]:
    return [r async for r in reply(question, (), hits, engine, "0" * 16)]


async def test_words_are_there_as_soon_as_they_are_written() -> None:
    replies = await said(Scripted("A point-in-time join ", "attaches the value ", "known then [1]. And it "))
    assert [r.text for r in replies] == [
        "A point-in-time join",
        "A point-in-time join attaches the value",
        "A point-in-time join attaches the value known then [1]. And it",
        "A point-in-time join attaches the value known then [1]. And it",
    ]
    assert [r.final for r in replies] == [False, False, False, True]
    assert replies[-1].provenance is not None


async def test_a_sentence_that_names_a_source_that_does_not_exist_is_left_out_and_counted() -> None:
    last = (
        await said(Scripted("It attaches the value known then [1]. ", "Most banks do it nightly [9]. ", "It is tested by replay [0]."))
    )[-1]
    assert last.text == "It attaches the value known then [1]."
    assert last.dropped == 2
    assert last.note == "2 sentences left out: they name sources that do not exist."
    assert [c.section_id for c in last.citations] == ["plain/notes#1"]


async def test_numbers_follow_the_order_in_the_text_and_open_their_sections() -> None:
    last = (await said(Scripted("A mask hides the future [3]. The value known then is joined [1], and a mask hides [3].")))[-1]
    assert last.text == "A mask hides the future [1]. The value known then is joined [2], and a mask hides [1]."
    assert [c.section_id for c in last.citations] == ["plain/notes#3", "plain/notes#1"]
    for citation in last.citations:
        assert citation.passage in next(s.text for s in SECTIONS if s.id == citation.section_id)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("It is so [1].", "It is so [1]."),
        ("It is so. [1]", "It is so. [1]"),
        ("It is so. [1] [3] And so.", "It is so. [1] [2] And so."),
        ("It is so [1, 3].", "It is so [1] [2]."),
        ("It is so[1].", "It is so [1]."),
        ("A first [1].\n\nA second [2].", "A first [1].\n\nA second [2]."),
        ("A list: x[7] is no source here [1].", ""),
        ("No source at all.", "No source at all."),
        ("", ""),
    ],
)
def test_marks_are_read_in_every_form_a_model_writes_them(written: str, shown: str) -> None:
    assert checked(written, SECTIONS, complete=True).text == shown


def test_an_unfinished_mark_is_not_shown() -> None:
    assert [checked(f"It is so{end}", SECTIONS).text for end in (" [", " [1", " [1]")] == ["It is so", "It is so", "It is so [1]"]


def test_with_no_sources_every_citation_is_one_too_many() -> None:
    answer = checked("I cannot find it in your sources. It is a join [1].", (), complete=True)
    assert (answer.text, answer.dropped, answer.citations) == ("I cannot find it in your sources.", 1, ())


async def test_what_came_before_a_restart_is_void() -> None:
    replies = await said(Scripted("Wrong [1].", RestartEvent(reason="unreadable"), "Right [2]."))
    assert replies[-1].text == "Right [1]."
    assert [c.section_id for c in replies[-1].citations] == ["plain/notes#2"]


async def test_a_fault_in_mid_reply_travels_up_after_what_came() -> None:
    got: list[str] = []

    async def read() -> None:
        async for r in reply("Why?", (), HITS, Scripted("It attaches", fault=CutOff("It attaches")), "0" * 16):
            got.append(r.text)

    with pytest.raises(CutOff):
        await read()
    assert got == ["It attaches"]


async def test_closing_the_reply_ends_the_call() -> None:
    engine = Scripted("One ", "two ", "three")
    replies = reply("Why?", (), HITS, engine, "f" * 16)
    assert (await anext(replies)).text == "One"
    await replies.aclose()  # type: ignore[attr-defined]
    assert engine.closed


async def test_the_task_carries_question_sources_history_and_nonce() -> None:
    engine = Scripted("Yes.")
    earlier = (SaidTurn(role="candidate", text="Hello?"),)
    [_ async for _ in reply("Why?", earlier, HITS, engine, "f" * 16)]
    assert engine.asked == [CoachReply(question="Why?", earlier=earlier, sections=SECTIONS, nonce="f" * 16)]


def test_the_passage_is_the_sentence_that_says_it() -> None:
    assert (
        supporting_passage("The value has to be the one known at the decision", SECTIONS[0])
        == "A point-in-time join attaches to each training row the newest value that was known at its decision time."
    )


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Why does it matter?", "What is a point-in-time join? Why does it matter?"),
        ("And an example?", "What is a point-in-time join? And an example?"),
        ("How do I size a serving fleet?", "How do I size a serving fleet?"),
    ],
)
def test_a_question_that_leans_on_the_last_one_is_searched_with_it(question: str, query: str) -> None:
    assert (
        query_for(
            question, [SaidTurn(role="candidate", text="What is a point-in-time join?"), SaidTurn(role="interviewer", text="A join.")]
        )
        == query
    )
    assert query_for(question, []) == question


# --- without a model --------------------------------------------------------------------------------------------------


async def test_the_embedded_reply_is_made_of_the_sources_own_sentences() -> None:
    last = (await said(EmbeddedEngine(local_embedder())))[-1]
    assert last.text.startswith(
        "A point-in-time join attaches to each training row the newest value that was known at its decision time [1]."
    )
    assert 1 <= len(last.citations) <= 2
    assert (
        last.citations[0].passage
        == "A point-in-time join attaches to each training row the newest value that was known at its decision time."
    )
    assert "```" not in last.text
    assert "|" not in last.text
    assert (last.dropped, last.final) == (0, True)
    assert last.provenance is not None
    assert last.provenance.engine == "embedded"


async def test_without_an_answer_in_the_sources_it_says_so_and_cites_nothing() -> None:
    last = (await said(EmbeddedEngine(local_embedder()), question="What is the boiling point of ethanol?"))[-1]
    assert last.text.startswith("I could not find this in your sources, so I will not guess.")
    assert last.citations == ()
    empty = (await said(EmbeddedEngine(local_embedder()), hits=()))[-1]
    assert (empty.text, empty.citations) == ("I could not find this in your sources, so I will not guess.", ())


def test_near_enough_parts_questions_the_sources_answer_from_others() -> None:
    embedder = local_embedder()

    def is_answered(question: str) -> bool:
        task = CoachReply(question=question, sections=SECTIONS)
        return answers(task, nearness(task, embedder))

    wrong = [q for q in ASKED["answered"] if not is_answered(q)] + [q for q in ASKED["not answered"] if is_answered(q)]
    assert len(wrong) <= 1, wrong
