"""History summed up."""

from __future__ import annotations

from datetime import datetime

from assistant.schema.base import Frozen
from assistant.schema.interview import DimensionScore


class HistoryRow(Frozen):
    """One attempt or interview, as the history lists it."""

    id: str
    kind: str
    """`attempt` or `interview`."""
    title: str
    at: datetime
    band: int | None
    score: float | None
    level: int
    topic: str = ""
    question_id: str = ""
    ordinal: int = 1


class Progress(Frozen):
    rows: tuple[HistoryRow, ...] = ()
    first: tuple[DimensionScore, ...] = ()
    last: tuple[DimensionScore, ...] = ()
    practised_days: tuple[str, ...] = ()
    """ISO dates, oldest first."""
