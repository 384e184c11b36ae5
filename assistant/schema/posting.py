"""A job posting and what it asks for, each thing tied to its exact words."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assistant.schema.base import Frozen, Span

PayPeriod = Literal["year", "month", "day", "hour"]


class Pay(Frozen):
    """A pay range as stated. Amounts in whole units of `currency` (ISO 4217)."""

    low: int
    high: int
    currency: str
    period: PayPeriod | None = None


class Requirement(Frozen):
    """One thing a posting asks for. `text[start:end]` of the posting equals `phrase`; the sentence likewise."""

    id: str
    """Content hash, the same whenever the same posting is parsed."""
    phrase: str
    span: Span
    sentence: str
    sentence_span: Span
    kind: Literal["responsibility", "qualification", "skill"]
    essential: bool
    askable: bool
    """False for years of experience, degrees, place and pay: stated, but nothing to ask."""
    same_as: str | None = None
    """The id of the requirement whose line already names this skill; it is then not counted again."""
    topics: tuple[str, ...] = ()
    """Topic ids of `knowledge/topics.yaml`, nearest first."""
    competency: str = ""
    confidence: Literal["stated", "implied"] = "stated"


class JobPosting(Frozen):
    """What a posting says (schema.org JobPosting names). Empty where it does not say."""

    id: str
    text: str
    """As pasted, UTF-8, line ends LF, nothing else altered; all spans count its code points."""
    title: str = ""
    hiring_organization: str = ""
    place: str = ""
    remote: bool | None = None
    pay: Pay | None = None
    employment_type: str = ""
    level: int | None = Field(default=None, ge=1, le=5)
    """From the title's own words (senior staff: 5); None where it has none."""
    domain: str = ""
    """What the company says it does, in a phrase of the posting's own; empty where it does not say."""
    product: str = ""
    requirements: tuple[Requirement, ...] = ()

    @property
    def lines(self) -> tuple[Requirement, ...]:
        """The first askable requirement of each line that counts: what coverage counts."""
        seen: dict[tuple[int, int], Requirement] = {}
        for r in self.requirements:
            if r.askable and r.same_as is None:
                seen.setdefault((r.sentence_span.start, r.sentence_span.end), r)
        return tuple(seen.values())

    def requirement(self, requirement_id: str) -> Requirement | None:
        return next((r for r in self.requirements if r.id == requirement_id), None)
