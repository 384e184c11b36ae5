"""Sum history up: every attempt and interview with its band, first and last by dimension, the days practised.

Comes in: what the store keeps.  Goes out: one `Progress`. No streaks, nothing due: only what happened.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.grading import by_dimension
from assistant.schema import Attempt, DimensionScore, HistoryRow, Interview, Progress, Question


def summarise(attempts: Sequence[tuple[Attempt, Question]], interviews: Sequence[Interview]) -> Progress:
    """History newest first. `first` and `last` are the first and the last graded attempts of each question, by dimension."""
    rows = [_attempt_row(a, q) for a, q in attempts] + [_interview_row(i) for i in interviews]
    rows.sort(key=lambda r: r.at, reverse=True)
    graded = [(a, q) for a, q in attempts if a.critique is not None and a.critique.score is not None]
    graded.sort(key=lambda pair: pair[0].ordinal)
    first = {q.id: (a, q) for a, q in reversed(graded)}
    last = {q.id: (a, q) for a, q in graded}
    return Progress(
        rows=tuple(rows),
        first=_dimensions(list(first.values())),
        last=_dimensions(list(last.values())),
        practised_days=tuple(sorted({r.at.date().isoformat() for r in rows})),
    )


def _dimensions(pairs: Sequence[tuple[Attempt, Question]]) -> tuple[DimensionScore, ...]:
    return by_dimension((q.rubric, a.critique.grades) for a, q in pairs if a.critique is not None)


def _attempt_row(a: Attempt, q: Question) -> HistoryRow:
    c = a.critique
    return HistoryRow(
        id=a.id, kind="attempt", title=q.text, at=a.at, band=c.band if c else None, score=c.score if c else None, level=q.level, topic=q.topic,
        question_id=q.id, ordinal=a.ordinal,
    )  # fmt: skip


def _interview_row(i: Interview) -> HistoryRow:
    r = i.report
    return HistoryRow(
        id=i.id, kind="interview", title=i.title, at=i.created_at, band=r.band if r else None, score=r.score if r else None, level=i.level
    )
