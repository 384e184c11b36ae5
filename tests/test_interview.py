"""The phase machine, the follow-ups and the report."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, Literal

import pytest
from conftest import NOW, provenance, question

from assistant.embedded.engine import EmbeddedEngine
from assistant.embedding import local_embedder
from assistant.engine import DoneEvent, Generation, PartialEvent
from assistant.interview import (
    Spoken,
    follow_up_task,
    frames_of,
    minutes_used,
    next_move,
    opening,
    report,
    speak,
    thread_answer,
    turn_complaint,
    with_turns,
)
from assistant.schema import CriterionGrade, Critique, Interview, Quote, Thread, Turn
from assistant.tasks import InterviewerTurn

LOGGING = "I would log the feature values the service used beside each decision, so that we can look at them later on."
OWNING = "The risk team would own the feature definition after the fix, and their lead signs every change of it."


def turn(number: int, role: str, act: str, text: str, thread: int = 0, minutes: float = 0, **more: Any) -> Turn:
    return Turn(id=f"t{number}", ordinal=number, role=role, act=act, text=text, thread=thread, at=NOW + timedelta(minutes=minutes), **more)  # type: ignore[arg-type]


def talk(*turns: Turn, minutes: int = 20) -> Interview:
    return Interview(
        id="i1",
        posting_id="p1",
        set_id="s1",
        title="Mock",
        minutes=minutes,
        level=4,
        threads=(Thread(question=question()),),
        turns=turns,
        created_at=NOW,
    )


def begun(answer: str, minutes: int = 20) -> Interview:
    return talk(
        turn(0, "interviewer", "opening", "Hello"),
        turn(1, "interviewer", "question", question().text),
        turn(2, "candidate", "answer", answer, minutes=2),
        minutes=minutes,
    )


async def spoken(interview: Interview) -> Spoken:
    engine = EmbeddedEngine(local_embedder())
    return [said async for said in speak(follow_up_task(interview, False, "0" * 16), engine, engine)][-1]


def test_the_opening_says_how_long_and_that_pausing_is_fine():
    for seed in range(3):
        words = opening(20, 3, seed)
        assert "20 minutes" in words
        assert "paus" in words or "break" in words


def test_an_answer_is_followed_up_then_the_next_question_comes_then_the_end():
    after = NOW + timedelta(minutes=3)
    interview = begun(LOGGING)
    upcoming = question(id="q2", text="How would you shard the online store?")
    assert next_move(interview, upcoming, after).act == "follow-up"
    twice = interview.model_copy(
        update={
            "turns": (
                *interview.turns,
                *(
                    t
                    for n in (3, 5)
                    for t in (turn(n, "interviewer", "follow-up", f"And {n}?"), turn(n + 1, "candidate", "answer", OWNING))
                ),
            )
        }
    )
    move = next_move(twice, upcoming, after)
    assert (move.act, move.thread) == ("question", 1)
    assert move.text.endswith(upcoming.text)
    assert next_move(twice, None, after).act == "closing"


def test_time_ends_it_and_a_pause_costs_nothing():
    interview = begun(LOGGING, minutes=10)
    late = interview.model_copy(
        update={"turns": tuple(t.model_copy(update={"at": NOW + timedelta(minutes=4 * i)}) for i, t in enumerate(interview.turns))}
    )
    assert next_move(late, question(id="q2"), NOW + timedelta(minutes=12)).act == "closing"
    assert minutes_used(interview.turns, NOW + timedelta(days=2)) == pytest.approx(10)


def test_a_candidates_own_question_is_answered_not_graded():
    asked = talk(
        turn(0, "interviewer", "question", question().text), turn(1, "candidate", "asked", "Can I assume labels arrive after 60 days?")
    )
    assert next_move(asked, None, NOW).act == "reply"
    assert thread_answer(asked, 0) == ""


async def test_two_answers_to_one_question_get_different_follow_ups_each_quoting_its_answer():
    first, second = await spoken(begun(LOGGING)), await spoken(begun(OWNING))
    assert first.text != second.text
    assert first.quote is not None
    assert second.quote is not None
    assert first.quote in LOGGING
    assert second.quote in OWNING
    assert first.quote in first.text
    assert first.probes in ("owner", "replay")
    assert second.probes in ("log", "replay")


async def test_no_frame_comes_twice_in_a_long_interview():
    interview = begun(LOGGING, minutes=40)
    seen: list[str] = []
    answers = (
        OWNING,
        "I don't know.",
        LOGGING,
        "We replay events through both paths and compare them, value by value, each night.",
        "Pass",
        OWNING,
    )
    for i, answer in enumerate(answers):
        said = await spoken(interview)
        repeated = set(frames_of(said.text)) & set(seen)
        assert not repeated
        seen += frames_of(said.text)
        turns = (
            *interview.turns,
            turn(10 + 2 * i, "interviewer", "follow-up", said.text, probes=said.probes, quote=said.quote),
            turn(11 + 2 * i, "candidate", "answer", answer),
        )
        interview = interview.model_copy(update={"turns": turns})


class Says:
    """A model whose interviewer turns are given, one after the other."""

    kind: Literal["model"] = "model"
    label = "model:scripted"

    def __init__(self, *turns: InterviewerTurn) -> None:
        self.turns, self.complaints = list(turns), []

    async def generate(self, task: Any) -> Any:
        self.complaints.append(task.complaint)
        return Generation(value=self.turns.pop(0), provenance=provenance())

    async def stream(self, task: Any) -> AsyncGenerator[Any, None]:
        made = await self.generate(task)
        yield PartialEvent(value={"quote": made.value.quote})
        yield PartialEvent(value=made.value.model_dump())
        yield DoneEvent(generation=made)


GOOD = InterviewerTurn(
    quote="log the feature values", probes="owner", text="You would “log the feature values”. Whose name is on that definition next year?"
)


async def test_words_are_shown_only_once_their_quotation_is_found_and_a_bad_turn_is_asked_again():
    invented = GOOD.model_copy(update={"quote": "we never log", "text": "You said “we never log”. Why?"})
    model = Says(invented, GOOD)
    seen = [s async for s in speak(follow_up_task(begun(LOGGING), False, "0" * 16), model, model)]
    assert all("never" not in s.text for s in seen)
    assert model.complaints == ["", "its quotation is not in the candidate's last answer"]
    assert seen[-1].final
    assert seen[-1].probes == "owner"
    assert seen[-1].note == ""


async def test_after_two_bad_turns_the_rubrics_own_follow_up_speaks_and_says_so():
    bad = GOOD.model_copy(update={"probes": "nothing"})
    embedded = EmbeddedEngine(local_embedder())
    seen = [s async for s in speak(follow_up_task(begun(LOGGING), False, "0" * 16), Says(bad, bad), embedded)]
    assert seen[-1].note == "The model's question did not fit your answer, so this one is from the question bank."
    assert any(f.text in seen[-1].text for f in question().follow_ups)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": "Whose name is on it?"}, "does not contain its quotation"), ({"text": "You “log the feature values”."}, "asks nothing"),
        ({"text": "“log the feature values”. " + "word " * 80 + "?"}, "more than 70 words"), ({"text": " "}, "says nothing"),
        ({"text": "“log the feature values”. Is it that one names who owns the feature definition after the fix?"}, "gives the point away"),
    ],
)  # fmt: skip
def test_what_an_interviewer_may_not_say(change: dict[str, str], words: str):
    assert words in turn_complaint(follow_up_task(begun(LOGGING), False, "0" * 16), GOOD.model_copy(update=change))


def graded(score: float, log: str = "met") -> Critique:
    verdicts = {"log": log, "replay": "missed", "owner": "missed", "stop": "missed"}
    grades = tuple(CriterionGrade(criterion=c.id, verdict=verdicts[c.id]) for c in question().rubric.criteria)  # type: ignore[arg-type]
    return Critique(grades=grades, score=score, band=2, provenance=provenance())


def test_the_report_weighs_threads_by_minutes_and_names_what_was_not_tested():
    threads = (
        Thread(question=question(minutes=5), critique=graded(0.9)),
        Thread(question=question(id="q2", minutes=15), critique=graded(0.3)),
    )
    interview = talk(
        turn(0, "candidate", "answer", LOGGING),
        turn(1, "interviewer", "nudge", "A nudge"),
        turn(2, "candidate", "answer", OWNING, thread=1),
    ).model_copy(update={"threads": threads})
    made = report(interview, coach_asked=2)
    assert made.score == 0.45
    assert made.band == 2
    assert (made.nudges, made.coach_asked) == (1, 2)
    assert {d.dimension: d.band for d in made.dimensions}["evidence"] == 1


def test_a_thread_that_could_not_be_checked_leaves_the_whole_without_a_band():
    threads = (Thread(question=question(), critique=graded(0.9)), Thread(question=question(id="q2")))
    interview = talk(turn(0, "candidate", "answer", LOGGING), turn(1, "candidate", "answer", OWNING, thread=1)).model_copy(
        update={"threads": threads}
    )
    assert report(interview, 0).band is None
    assert "could not be checked" in report(interview, 0).note
    assert report(talk(), 0).note.startswith("You have not answered")


def test_a_quote_keeps_its_turn():
    interview = talk(
        turn(0, "candidate", "answer", LOGGING), turn(1, "interviewer", "follow-up", "And?"), turn(2, "candidate", "answer", OWNING)
    )
    joined = thread_answer(interview, 0)
    at = joined.index("risk team")
    made = graded(0.5).model_copy(
        update={"grades": (CriterionGrade(criterion="owner", verdict="met", quote=Quote(text="risk team", start=at, end=at + 9)),)}
    )
    quote = with_turns(made, interview, 0).grades[0].quote
    assert quote is not None
    assert (quote.turn, OWNING[quote.start : quote.end]) == ("t2", "risk team")
