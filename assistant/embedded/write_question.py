"""A question from the bank: the first of the task's neighbours, which come filled and in order of fit.

The bank's own rubric, hints and follow-ups come with it; only `bank_id` says where it is from.
"""

from __future__ import annotations

from assistant.errors import InputError
from assistant.tasks import WriteQuestion, WrittenCriterion, WrittenDrill, WrittenFollowUp, WrittenHints, WrittenPitfall, WrittenQuestion


def write(task: WriteQuestion) -> WrittenQuestion:
    """The nearest bank question whose text was not asked before. Raises `InputError` where the bank has nothing at all."""
    entry = next((q for q in task.neighbours if q.text not in task.avoid), next(iter(task.neighbours), None))
    if entry is None:
        raise InputError("The question bank has nothing for this line. Choose another mix or another posting.")
    return WrittenQuestion(
        text=entry.text,
        why=f"The posting says “{task.phrase}”.",
        criteria=[
            WrittenCriterion(
                id=c.id, text=c.text, points=c.points, dimension=c.dimension, essential=c.essential, accept=list(c.accept), missing=c.missing,
                why=c.why, frame=c.frame, source=entry.sources[0] if entry.sources else "not in your notes",
            )
            for c in entry.criteria
        ],
        pitfalls=[WrittenPitfall(id=p.id, text=p.text, points=p.points, why=p.why) for p in entry.pitfalls[:3]],
        staff_adds=entry.staff_adds,
        hints=WrittenHints(small=entry.hints.small, medium=entry.hints.medium, outline=entry.hints.outline),
        follow_ups=[WrittenFollowUp(text=f.text, probes=f.probes) for f in entry.follow_ups],
        drill=WrittenDrill(text=entry.drill.text, minutes=entry.drill.minutes, criterion=entry.drill.criterion),
        bank_id=entry.id,
    )  # fmt: skip
