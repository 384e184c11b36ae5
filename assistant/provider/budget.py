"""Making a task fit a model's context: the least useful sources go first, the candidate's words never."""

from __future__ import annotations

from typing import Any

from assistant.errors import ContextTooLong
from assistant.prompt import Rendered, render
from assistant.tasks import CoachReply, Task, WriteQuestion

BYTES_PER_TOKEN = 3.5
"""English runs at 4 to 4.5, code and other scripts lower: an estimate that rather leaves room than overflows."""

AVOID_KEPT = 8


def tokens_of(rendered: Rendered) -> int:
    """An estimate, on the safe side."""
    return int(len((rendered.system + rendered.user).encode("utf-8", "replace")) / BYTES_PER_TOKEN) + 16


def fitted(task: Task[Any], secret: bytes, room_tokens: int) -> tuple[Rendered, str]:
    """The prompt within `room_tokens`, and the plain words for what was left out. Raises `ContextTooLong` where even the least is too much."""
    wanted = len(getattr(task, "sections", ()))
    while tokens_of(rendered := render(task, secret)) > room_tokens:
        less = _less(task)
        if less is None:
            raise ContextTooLong()
        task = less
    dropped = wanted - len(getattr(task, "sections", ()))
    return rendered, f"{dropped} of {wanted} sources were left out to fit the model." if dropped else ""


def _less(task: Task[Any]) -> Task[Any] | None:
    """The task with the next least useful thing gone: old questions not to repeat, then sources by rank, then a coach's oldest talk."""
    if isinstance(task, WriteQuestion) and len(task.avoid) > AVOID_KEPT:
        return task.model_copy(update={"avoid": task.avoid[-AVOID_KEPT:]})
    if sections := getattr(task, "sections", ()):
        return task.model_copy(update={"sections": sections[:-1]})
    if isinstance(task, CoachReply) and task.earlier:
        return task.model_copy(update={"earlier": task.earlier[1:]})
    return None
