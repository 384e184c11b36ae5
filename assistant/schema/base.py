"""What every stored value shares, and the closed lists that several nouns use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Level = Annotated[int, Field(ge=1, le=5)]
"""1 junior, 2 mid, 3 senior, 4 staff, 5 senior staff."""

LEVEL_NAMES = {1: "junior", 2: "mid-level", 3: "senior", 4: "staff", 5: "senior staff"}

Kind = Literal["concept", "depth", "debugging", "system-design", "coding", "behavioural", "leadership"]

Dimension = Literal[
    "framing", "depth", "trade-offs", "evidence", "operations", "leadership", "communication",
    "situation", "action", "result", "reflection",
]  # fmt: skip
"""What a criterion looks at; the last four belong to behavioural and leadership questions."""


class Frozen(BaseModel):
    """A value: it never changes, and it has no field that its class does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(Frozen):
    """Half-open, in code points of the stored text: `text[start:end]`."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.end < self.start:
            raise ValueError(f"a span ends at {self.end}, before its start at {self.start}")
        return self

    def of(self, text: str) -> str:
        """The words the span names in `text`."""
        return text[self.start : self.end]


class Usage(Frozen):
    """What one generation cost, as the endpoint reported it; None where it did not say."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    seconds: float = 0.0


class Provenance(Frozen):
    """Who made a stored result: the engine, its model, the prompt it was asked with, and when (UTC)."""

    engine: Literal["embedded", "model", "replay"]
    model: str = ""
    prompt: str = ""
    """`name@version` of the prompt file; empty where no prompt was used."""
    at: datetime
    usage: Usage = Usage()
    note: str = ""
    """Where a bank item stands in for a refused one, the plain words that say so."""
