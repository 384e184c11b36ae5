"""A judgement of one answer: verdicts with quotes, a score and band added up by code, and advice bound by them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from assistant.schema.base import Frozen, Provenance

Verdict = Literal["met", "partial", "missed", "ungraded"]
Band = Annotated[int, Field(ge=1, le=4)]

BAND_NAMES = {1: "Well below", 2: "Below", 3: "Close to", 4: "At"}
"""Read before "the staff bar"."""


class Quote(Frozen):
    """Words of the answer, as they stand there: `answer[start:end] == text`."""

    text: str
    start: int
    end: int
    turn: str | None = None
    """The interview turn the words stand in; its own text is then what the span counts."""


class CriterionGrade(Frozen):
    criterion: str
    verdict: Verdict
    credit: float | None = Field(default=None, ge=0, le=1)
    """The embedded judge's match before it is cut into a verdict; None for a model."""
    quote: Quote | None = None
    reason: str = ""


class PitfallGrade(Frozen):
    pitfall: str
    committed: bool
    quote: Quote | None = None


class Strength(Frozen):
    quote: Quote
    text: str


class Gap(Frozen):
    """Something to fix; `quote` None reads "Nothing in your answer on this"."""

    criterion: str
    text: str
    quote: Quote | None = None


class Fix(Gap):
    why: str = ""
    frame: str = ""
    sources: tuple[str, ...] = ()
    """Section ids that exist and that the question was given."""


class Advice(Frozen):
    fix: Fix | None = None
    """None where nothing is partial or missed; `next_level` then says what the level above adds."""
    also: tuple[Gap, ...] = Field(default=(), max_length=2)
    strengths: tuple[Strength, ...] = Field(default=(), max_length=3)
    next_level: str = ""
    read: str = ""
    """A section to read first; for an answer that says "I don't know"."""
    outline: str = ""
    dropped: int = 0
    """Remarks left out because nothing supported them."""
    provenance: Provenance | None = None


class Critique(Frozen):
    grades: tuple[CriterionGrade, ...]
    """In rubric order."""
    pitfalls: tuple[PitfallGrade, ...] = ()
    score: float | None = Field(default=None, ge=0, le=1)
    band: Band | None = None
    standing: Literal["graded", "not answered", "another language", "not checked"] = "graded"
    remark: str = ""
    """The plain words for a standing other than graded, or a remark on the whole answer."""
    advice: Advice | None = None
    advice_error: str = ""
    """Why there is no advice, where the verdicts stand but the advice could not be had."""
    provenance: Provenance


class Attempt(Frozen):
    """One answer to one question, kept before anyone judges it."""

    id: str
    question_id: str
    ordinal: int = 1
    answer: str
    at: datetime
    hints_used: int = 0
    status: Literal["draft", "pending", "checking", "complete", "failed"] = "pending"
    error: str = ""
    error_buttons: tuple[str, ...] = ()
    so_far: tuple[CriterionGrade, ...] = ()
    """Rows checked while the rest is still being judged."""
    critique: Critique | None = None
