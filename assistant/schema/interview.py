"""A conversation: an interview's turns by thread, or a coach's replies with citations."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from assistant.schema.base import Frozen, Provenance
from assistant.schema.critique import Band, Critique
from assistant.schema.question import Question

TurnStatus = Literal["pending", "partial", "complete", "cut off", "stopped", "failed"]


class Citation(Frozen):
    """A section a reply rests on, with the passage kept so that an old reply still opens."""

    section_id: str
    heading: str
    passage: str


class Turn(Frozen):
    id: str
    ordinal: int
    role: Literal["interviewer", "candidate", "coach"]
    act: Literal["opening", "question", "follow-up", "answer", "nudge", "reply", "closing", "asked"] = "answer"
    """`asked`: a candidate's own question, to the interviewer or the coach; it is not graded."""
    text: str = ""
    status: TurnStatus = "complete"
    thread: int = 0
    """The thread's place in the interview; 0 for the opening."""
    probes: str | None = None
    """The missed criterion a follow-up probes; not shown before the report."""
    quote: str | None = None
    """The candidate's words a follow-up takes up, as they stand in their turn."""
    citations: tuple[Citation, ...] = ()
    error: str = ""
    error_buttons: tuple[str, ...] = ()
    note: str = ""
    at: datetime
    provenance: Provenance | None = None


class Thread(Frozen):
    """One question, its frozen rubric, and every candidate turn under it."""

    question: Question
    critique: Critique | None = None


class DimensionScore(Frozen):
    dimension: str
    score: float | None
    """None: under 3 points in all, "not tested"."""
    points: int
    band: Band | None = None


class Report(Frozen):
    score: float | None
    band: Band | None
    dimensions: tuple[DimensionScore, ...]
    nudges: int = 0
    coach_asked: int = 0
    note: str = ""
    """What could not be checked, in plain words."""


class Interview(Frozen):
    id: str
    posting_id: str
    set_id: str
    """The set its questions are taken from, one after the other."""
    title: str
    minutes: int
    level: int = Field(ge=1, le=5)
    status: Literal["running", "paused", "reporting", "ended"] = "running"
    threads: tuple[Thread, ...] = ()
    turns: tuple[Turn, ...] = ()
    report: Report | None = None
    error: str = ""
    """Why the report could not be made, in plain words."""
    error_buttons: tuple[str, ...] = ()
    created_at: datetime
    engine: Literal["embedded", "model"] = "embedded"
