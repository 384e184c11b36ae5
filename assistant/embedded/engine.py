"""`EmbeddedEngine`: dispatches on the task's type; what each task needs is in the file of its name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, cast

from assistant.embedded import advise, judge_answer, next_turn, write_question
from assistant.embedding import LocalEmbedder
from assistant.engine import DoneEvent, Event, Generation
from assistant.schema import Provenance, Usage
from assistant.tasks import Advise, Answer, CoachReply, JudgeAnswer, NextTurn, Task, WriteQuestion

Output = TypeVar("Output", bound=Answer)


class EmbeddedEngine:
    """An `Engine`. Each answer is computed whole in a thread; nothing of it waits for a network."""

    kind: Literal["embedded"] = "embedded"
    label = "embedded"

    def __init__(self, embedder: LocalEmbedder) -> None:
        self._embedder = embedder

    async def generate(self, task: Task[Output]) -> Generation[Output]:
        began = time.perf_counter()
        value = await asyncio.to_thread(self._answer(task))
        provenance = Provenance(engine="embedded", at=datetime.now(UTC), usage=Usage(seconds=round(time.perf_counter() - began, 3)))
        return Generation(value=cast(Output, value), provenance=provenance)

    async def stream(self, task: Task[Output]) -> AsyncGenerator[Event[Output], None]:
        yield DoneEvent(generation=await self.generate(task))

    def _answer(self, task: Task[Any]) -> Callable[[], Answer]:
        embedder = self._embedder
        match task:
            case WriteQuestion():
                return lambda: write_question.write(task)
            case JudgeAnswer():
                return lambda: judge_answer.judge(task, embedder)
            case Advise():
                return lambda: advise.advise(task)
            case NextTurn():
                return lambda: next_turn.next_turn(task, embedder)
            case CoachReply():
                from assistant.embedded import coach_reply

                return lambda: coach_reply.reply(task, embedder)
        raise TypeError(f"the embedded engine has no answer to {type(task).__name__}")
