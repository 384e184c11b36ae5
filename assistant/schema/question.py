"""A question, the rubric fixed before any answer, and the set that holds it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from assistant.schema.base import Dimension, Frozen, Kind, Level, Provenance


class Criterion(Frozen):
    """One point of a strong answer. Points are 1 to 5."""

    id: str
    text: str
    points: int = Field(default=1, ge=1, le=5)
    dimension: Dimension = "depth"
    essential: bool = False
    accept: tuple[str, ...] = ()
    """Other ways a right answer may say it."""
    missing: str = ""
    """What to do where it is missed: one imperative of at most 20 words."""
    why: str = ""
    """Why it matters at the question's level."""
    frame: str = ""
    """A sentence to say instead, with ____ for the candidate's own facts."""
    in_notes: bool = True
    """False: "not in your notes", the point rests on no retrieved section."""


class Pitfall(Frozen):
    """A common wrong claim. Its points (1 to 5, positive) are subtracted when it is committed."""

    id: str
    text: str
    """The wrong claim, as a candidate would say it."""
    points: int = Field(default=1, ge=1, le=5)
    says: tuple[str, ...] = ()
    """Other ways of saying the wrong claim."""
    why: str = ""
    """What is wrong with it, in one sentence."""


class Rubric(Frozen):
    """Frozen before the answer. The cuts are those of docs/house.md unless the rubric sets its own."""

    criteria: tuple[Criterion, ...] = Field(min_length=1)
    pitfalls: tuple[Pitfall, ...] = ()
    staff_adds: str = ""
    cuts: tuple[float, float, float] = (0.30, 0.60, 0.80)
    """The lowest score of bands 2, 3 and 4."""


class Hints(Frozen):
    small: str = Field(min_length=10)
    medium: str = Field(min_length=10)
    outline: str = Field(min_length=10)


class FollowUp(Frozen):
    """What an interviewer asks next, and the id of the criterion it probes."""

    text: str = Field(min_length=10)
    probes: str


class Drill(Frozen):
    text: str = Field(min_length=10)
    minutes: int = Field(ge=1, le=10)
    criterion: str


class CaseLevels(Frozen):
    senior: str = Field(min_length=20)
    staff: str = Field(min_length=20)
    senior_staff: str = Field(min_length=20)


class CaseStudy(Frozen):
    """A system-design case: its phases in order, what changes half-way, and what each level does."""

    phases: tuple[str, ...] = Field(min_length=3, max_length=8)
    constraint_change: str = Field(min_length=20)
    levels: CaseLevels


class Question(Frozen):
    """A question for one candidate and one posting, with everything its card will need."""

    id: str
    text: str
    topic: str
    kind: Kind
    level: Level
    minutes: int
    why: str = ""
    """Why it is asked, in one sentence that names the posting's line."""
    requirement: str = ""
    """The id of the requirement it tests."""
    also: tuple[str, ...] = Field(default=(), max_length=4)
    origin: Literal["bank", "template", "model", "own"]
    origin_id: str = ""
    """The bank entry it was made from."""
    rubric: Rubric
    hints: Hints | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    sources: tuple[str, ...] = ()
    drill: Drill | None = None
    strong_answer: str = ""
    case: CaseStudy | None = None
    anchors: dict[str, str] | None = None
    provenance: Provenance


class PlanSlot(Frozen):
    """One place in a set: what it will ask about, and why in a phrase."""

    requirement: str
    topic: str
    kind: Kind | None = None
    level: Level
    minutes: int
    reason: str


class QuestionPlan(Frozen):
    """Same inputs and seed, same plan."""

    posting_id: str
    seed: int
    level: Level
    minutes_max: int = 10
    """The longest question it takes: whole cases belong to an interview."""
    slots: tuple[PlanSlot, ...]


class QuestionSet(Frozen):
    id: str
    name: str
    posting_id: str
    purpose: Literal["practice", "interview"] = "practice"
    status: Literal["writing", "complete", "stopped", "failed"] = "complete"
    questions: tuple[Question, ...] = ()
    planned: int = 0
    minutes: int = 0
    seed: int = 0
    note: str = ""
    """What the set says about itself: how many lines the bank covers, what is general."""
    about: str = ""
    """Of the one question that was asked for while reading: the section of the notes it is about."""
    error: str = ""
    error_buttons: tuple[str, ...] = ()
    created_at: datetime
