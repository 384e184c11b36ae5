"""The phase machine: what the interviewer does next, when to follow up, when to end; and the report over the threads.

Comes in: an `Interview` as it stands, the clock, and for a follow-up an engine.  Goes out: a `Move`, the interviewer's words as they are
written, and at the end the threads' critiques added up. Phases, transitions and the end are code on every engine; an engine writes
follow-ups, and code checks that they quote the candidate and repeat no frame.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime
from itertools import pairwise
from typing import Literal

from assistant.engine import DoneEvent, Engine, PartialEvent, RestartEvent
from assistant.errors import UnusableReply
from assistant.grading import band_of, by_dimension
from assistant.schema import Critique, Frozen, Interview, Provenance, Question, Quote, Report, Thread, Turn
from assistant.tasks import InterviewerTurn, NextTurn, SaidTurn
from assistant.text import find_quote, normalise, sentences, shared_ngrams

GAP_MINUTES_MAX = 8
"""A longer silence is a pause and takes no time from the interview."""
TURN_WORDS = 70
_ASKS_BACK = re.compile(
    r"^(?:(?:ok|okay|sure|thanks|great|hmm|well|and|so|before i start|first)[,. ]+)*(?:can|could|may|should|shall|do|does|is|are|am|was|were|what|which|who|how|where|when|would|will|any)\b",
    re.IGNORECASE,
)

_OPENINGS = (
    "Hello, and thank you for taking the time. We have about {minutes} minutes and {count}. Take a moment to think whenever you like, and pausing is fine: nothing runs out while you are away. Let us begin.",
    "Welcome. This takes about {minutes} minutes, {count} in all. You may think aloud, ask me things, or pause; nothing is graded until the end. Here is the first.",
    "Good to meet you. I have planned about {minutes} minutes for {count}. If you need a break, pause and come back, that is fine. Here is where I would like to begin.",
)
_TRANSITIONS = (
    "Thank you. Let us turn to something else.",
    "Good, I have what I need on that. A different subject now.",
    "Let me move us on.",
    "I would like to hear about another side of the work.",
    "That is clear, thanks. Next one.",
    "We could stay here for long, but I want to leave time for this.",
    "All right, a change of subject.",
    "Now for something from another part of the job.",
)
_CLOSINGS = (
    "That is our time. Thank you for talking it through with me. Press “End and get the report” when you are ready to see how it went.",
    "I have no more questions. Thank you, this gave me a good picture. “End and get the report” shows you what I would write down.",
)


class Move(Frozen):
    """What the interviewer does next. `text` is there where code says it; a follow-up's words come from an engine."""

    act: Literal["opening", "question", "follow-up", "reply", "closing"]
    thread: int
    text: str = ""


def thread_count(minutes: int) -> int:
    """How many questions an interview of so many minutes holds: one for about seven, at least two, at most six.

    >>> [thread_count(m) for m in (10, 20, 40)]
    [2, 3, 6]
    """
    return max(2, min(6, round(minutes / 7)))


def follow_up_limit(minutes: int) -> int:
    """Follow-ups a thread: one in a short interview, two in an ordinary one, three from 40 minutes on."""
    return 1 if minutes <= 10 else 2 if minutes < 40 else 3


def opening(minutes: int, count: int, seed: int) -> str:
    """How the interviewer begins: how long it takes, and that pausing is fine."""
    number = "one question" if count == 1 else f"{_WORDS.get(count, str(count))} questions"
    return _OPENINGS[seed % len(_OPENINGS)].format(minutes=minutes, count=number)


_WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def next_move(interview: Interview, upcoming: Question | None, now: datetime) -> Move:
    """What follows the candidate's last words: an answer to their question, a follow-up, the next question, or the end.

    `upcoming` is the question of the next thread, None where there is none.
    """
    thread = len(interview.threads) - 1
    said = [t for t in interview.turns if t.thread == thread and thread >= 0]
    last = said[-1] if said else None
    minutes_left = interview.minutes - minutes_used(interview.turns, now)
    if last is not None and last.role == "candidate" and asks_back(last.text):
        return Move(act="reply", thread=thread)
    follow_ups = sum(t.act == "follow-up" for t in said)
    if last is not None and follow_ups < follow_up_limit(interview.minutes) and minutes_left > 0 and any(t.act == "answer" for t in said):
        return Move(act="follow-up", thread=thread)
    if upcoming is None or minutes_left <= 0:
        return Move(act="closing", thread=max(thread, 0), text=_CLOSINGS[len(interview.id + interview.title) % len(_CLOSINGS)])
    lead = "" if thread < 0 else _TRANSITIONS[(thread + _offset(interview)) % len(_TRANSITIONS)]
    return Move(act="question", thread=thread + 1, text=f"{lead}\n\n{upcoming.text}".strip())


def _offset(interview: Interview) -> int:
    return sum(map(ord, interview.id)) if interview.id else 0


def minutes_used(turns: Sequence[Turn], now: datetime) -> float:
    """Minutes gone: the gaps between turns, each at most eight minutes, so that a pause costs nothing more."""
    times = [t.at for t in turns] + [now]
    gaps = [(b - a).total_seconds() / 60 for a, b in pairwise(times)]
    return sum(min(max(g, 0.0), GAP_MINUTES_MAX) for g in gaps)


def asks_back(text: str) -> bool:
    """Whether the candidate's words are a question to the interviewer and nothing more.

    >>> asks_back("Can I assume labels arrive after 60 days?"), asks_back("I would ask: who uses it? Then I would measure it.")
    (True, False)
    """
    stripped = text.strip()
    if not stripped.endswith("?"):
        return False
    words = len(stripped.split())
    return words <= 14 or (words <= 40 and bool(_ASKS_BACK.match(stripped)))


# --- a follow-up ----------------------------------------------------------------------------------------------------


class Spoken(Frozen):
    """An interviewer's turn as far as it is written; `final` carries what is stored with it."""

    text: str
    quote: str | None = None
    probes: str | None = None
    final: bool = False
    note: str = ""
    provenance: Provenance | None = None


def follow_up_task(interview: Interview, asked_back: bool, nonce: str) -> NextTurn:
    """The task for the running thread: the points not probed yet, and every frame that is used up."""
    thread = interview.threads[-1]
    number = len(interview.threads) - 1
    said = tuple(
        SaidTurn(role=t.role, text=t.text)
        for t in interview.turns
        if t.thread == number and t.role in ("interviewer", "candidate") and t.act != "opening" and t.text
    )  # fmt: skip
    probed = {t.probes for t in interview.turns if t.thread == number and t.probes}
    rest = tuple(c for c in thread.question.rubric.criteria if c.id not in probed) or thread.question.rubric.criteria
    frames = dict.fromkeys(
        f for t in interview.turns if t.role == "interviewer" and t.act in ("follow-up", "reply", "nudge") for f in frames_of(t.text)
    )
    return NextTurn(
        question=thread.question.text, level=thread.question.level, kind=thread.question.kind, criteria=rest,
        follow_ups=tuple(f for f in thread.question.follow_ups if f.probes in {c.id for c in rest}), said=said, used_frames=tuple(frames),
        asked_back=asked_back, nonce=nonce,
    )  # fmt: skip


async def speak(task: NextTurn, engine: Engine, fallback: Engine) -> AsyncIterator[Spoken]:
    """The interviewer's words as they are written; the last is final.

    Words are shown only once the quotation they begin with is found in the candidate's answer. A turn the checks refuse is asked for
    once more with the reason; then `fallback` (the rubric's own follow-up) speaks, marked so. Raises `ModelError` for a fault.
    """
    complaint = ""
    for _ in range(2):
        asked = task.model_copy(update={"complaint": complaint})
        made = None
        try:
            async with aclosing(engine.stream(asked)) as events:
                async for event in events:
                    if isinstance(event, PartialEvent):
                        quote, text = str(event.value.get("quote") or ""), str(event.value.get("text") or "")
                        if text and quoted_from(task, quote):
                            yield Spoken(text=text)
                    elif isinstance(event, RestartEvent):
                        yield Spoken(text="")
                    elif isinstance(event, DoneEvent):
                        made = event.generation
        except UnusableReply as error:
            complaint = error.reason or "it could not be read"
            break
        assert made is not None
        # The built-in interviewer draws on the rubric's own follow-ups: there is nothing to fall back on.
        complaint = "" if engine.kind == "embedded" else turn_complaint(task, made.value)
        if not complaint:
            yield _final(task, made.value, made.provenance, note="")
            return
        yield Spoken(text="")
    stand_in = await fallback.generate(task.model_copy(update={"complaint": ""}))
    yield _final(
        task,
        stand_in.value,
        stand_in.provenance,
        note="The model's question did not fit your answer, so this one is from the question bank.",
    )


def _final(task: NextTurn, turn: InterviewerTurn, provenance: Provenance, note: str) -> Spoken:
    probes = turn.probes if not task.asked_back and turn.probes in {c.id for c in task.criteria} else None
    return Spoken(text=turn.text.strip(), quote=turn.quote or None, probes=probes, final=True, note=note, provenance=provenance)


def quoted_from(task: NextTurn, quote: str) -> bool:
    """The quotation stands in the candidate's last words."""
    last = next((t.text for t in reversed(task.said) if t.role == "candidate"), "")
    return find_quote(quote, last) is not None


def turn_complaint(task: NextTurn, turn: InterviewerTurn) -> str:
    """Why a turn may not be said; empty where it may."""
    if not turn.text.strip():
        return "it says nothing"
    if len(turn.text.split()) > TURN_WORDS:
        return f"it has more than {TURN_WORDS} words"
    if find_quote(turn.text, task.question) is not None:
        return "it repeats the question"
    if task.asked_back:
        return ""
    if not quoted_from(task, turn.quote):
        return "its quotation is not in the candidate's last answer"
    if find_quote(turn.quote, turn.text) is None:
        return "it does not contain its quotation"
    if "?" not in turn.text:
        return "it asks nothing"
    if turn.probes not in {c.id for c in task.criteria}:
        return "it probes no point that is left"
    probed = next(c for c in task.criteria if c.id == turn.probes)
    own_words = normalise(" ".join(t.text for t in task.said))
    bare = turn.text.replace(turn.quote, " ")
    if any(shared_ngrams(bare, said, 5) and normalise(said) not in own_words for said in (probed.text, *probed.accept)):
        return "it gives the point away"
    if set(frames_of(turn.text)) & set(task.used_frames):
        return "its wording was used before in this interview"
    return ""


def frames_of(text: str) -> tuple[str, ...]:
    """How each sentence of a turn is built: its words with quotations taken out, and its first three words.

    >>> frames_of("You said “retrain daily”. What tells you daily is right?")
    ('you said', 'what tells you daily is right', 'what tells you …')
    """
    bare = re.sub(r"[“\"‘][^”\"’]*[”\"’]", " ", text)
    found: list[str] = []
    for span in sentences(bare):
        words = normalise(span.of(bare)).split()
        if words:
            found.append(" ".join(words))
            if len(words) > 3:
                found.append(" ".join(words[:3]) + " …")
    return tuple(found)


# --- the report -----------------------------------------------------------------------------------------------------


def answered(interview: Interview) -> tuple[int, ...]:
    """The threads in which the candidate answered."""
    return tuple(i for i in range(len(interview.threads)) if thread_answer(interview, i))


def thread_answer(interview: Interview, thread: int) -> str:
    """The candidate's turns of a thread, joined; questions to the interviewer are no part of it."""
    return "\n\n".join(t.text for t in _answers(interview, thread))


def _answers(interview: Interview, thread: int) -> list[Turn]:
    return [t for t in interview.turns if t.thread == thread and t.role == "candidate" and t.act == "answer" and t.text.strip()]


def with_turns(critique: Critique, interview: Interview, thread: int) -> Critique:
    """A thread's critique with each quote placed in the turn it stands in."""
    turns = _answers(interview, thread)

    def placed(quote: Quote | None) -> Quote | None:
        start = 0
        for t in turns:
            end = start + len(t.text)
            if quote is not None and start <= quote.start < end:
                stop = min(quote.end, end)
                return Quote(text=t.text[quote.start - start : stop - start], start=quote.start - start, end=stop - start, turn=t.id)
            start = end + 2
        return None

    advice = critique.advice
    if advice is not None:
        advice = advice.model_copy(update={
            "fix": advice.fix and advice.fix.model_copy(update={"quote": placed(advice.fix.quote)}),
            "also": tuple(g.model_copy(update={"quote": placed(g.quote)}) for g in advice.also),
            "strengths": tuple(s.model_copy(update={"quote": placed(s.quote)}) for s in advice.strengths),
        })  # fmt: skip
    return critique.model_copy(update={
        "grades": tuple(g.model_copy(update={"quote": placed(g.quote)}) for g in critique.grades),
        "pitfalls": tuple(p.model_copy(update={"quote": placed(p.quote)}) for p in critique.pitfalls),
        "advice": advice,
    })  # fmt: skip


def report(interview: Interview, coach_asked: int) -> Report:
    """The threads added up: their scores weighted by minutes, the same cuts; a dimension under 3 points reads "not tested".

    An answered thread that could not be graded leaves the whole without score and band: it could change both.
    """
    done = [interview.threads[i] for i in answered(interview)]
    graded = [(t, t.critique) for t in done if t.critique is not None and t.critique.score is not None]
    dimensions = by_dimension((t.question.rubric, c.grades) for t, c in graded)
    nudges = sum(t.act == "nudge" for t in interview.turns)
    if not done:
        return Report(
            score=None,
            band=None,
            dimensions=(),
            nudges=nudges,
            coach_asked=coach_asked,
            note="You have not answered a question yet, so there is nothing to report.",
        )
    if len(graded) < len(done):
        note = f"{len(done) - len(graded)} of {len(done)} answers could not be checked, so the whole has no band."
        return Report(score=None, band=None, dimensions=dimensions, nudges=nudges, coach_asked=coach_asked, note=note)
    minutes = sum(t.question.minutes for t, _ in graded)
    value = round(sum((c.score or 0.0) * t.question.minutes for t, c in graded) / minutes, 4)
    return Report(score=value, band=band_of(value), dimensions=dimensions, nudges=nudges, coach_asked=coach_asked)


def best_moment(threads: Sequence[Thread]) -> tuple[Thread, str] | None:
    """The met point that weighed most, with its thread and words; None where nothing was met."""
    found = [
        (c.points, t, g.quote.text)
        for t in threads
        if t.critique is not None
        for c, g in zip(t.question.rubric.criteria, t.critique.grades, strict=True)
        if g.verdict == "met" and g.quote is not None
    ]  # fmt: skip
    if not found:
        return None
    _, thread, words = max(found, key=lambda f: f[0])
    return thread, words
