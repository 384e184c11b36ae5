"""Advice from the frozen rubric: the open point that costs most, in the words its author wrote for it.

Strengths are the met points with the candidate's own words; nothing is praised beyond what was met.
"""

from __future__ import annotations

from assistant.schema import Criterion
from assistant.tasks import AdviceDraft, AdviceGrade, Advise, FixDraft, GapDraft, StrengthDraft

_COST = {"missed": 1.0, "partial": 0.5}


def advise(task: Advise) -> AdviceDraft:
    """One fix, at most two more gaps, at most two strengths: essential points first, then by points lost, then in rubric order."""
    criteria = {c.id: c for c in task.criteria}
    open_points = sorted(
        (g for g in task.grades if g.verdict in _COST),
        key=lambda g: (not criteria[g.criterion].essential, -criteria[g.criterion].points * _COST[g.verdict]),
    )
    met = sorted((g for g in task.grades if g.verdict == "met" and g.quote), key=lambda g: -criteria[g.criterion].points)
    return AdviceDraft(
        fix=_fix(criteria[open_points[0].criterion], open_points[0], task) if open_points else None,
        also=[GapDraft(criterion=g.criterion, text=_missing(criteria[g.criterion]), quote=g.quote[:300]) for g in open_points[1:3]],
        strengths=[StrengthDraft(quote=_short(g.quote), text=_point(criteria[g.criterion])) for g in met[:2]],
    )


def _fix(criterion: Criterion, grade: AdviceGrade, task: Advise) -> FixDraft:
    return FixDraft(
        criterion=criterion.id,
        text=_missing(criterion),
        quote=_short(grade.quote),
        why=criterion.why,
        frame=criterion.frame or "I would ____, because ____, and I would know it worked when ____.",
        sources=[s.id for s in task.sections[:1]],
    )


def _missing(criterion: Criterion) -> str:
    """What to do; a point without words of its own is told as it stands."""
    return criterion.missing or f"Cover this: {criterion.text[:180]}"


def _point(criterion: Criterion) -> str:
    """The met point as a statement about the answer."""
    return f"This counts: {criterion.text[0].lower()}{criterion.text[1:180].rstrip('.')}."


def _short(quote: str, words: int = 24) -> str:
    parts = quote.split(" ")
    return quote if len(parts) <= words else " ".join(parts[:words])
