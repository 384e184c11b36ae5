"""The seam: who can answer a task, and what an answer carries.

Three things stand behind it and are interchangeable: `ProviderEngine`, `EmbeddedEngine`, `ReplayEngine`.
Only `workspace` chooses one, and every result says which one made it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Generic, Literal, Protocol, TypeVar

from assistant.schema import Frozen, Provenance
from assistant.tasks import Answer, Task

Output = TypeVar("Output", bound=Answer)


class Generation(Frozen, Generic[Output]):
    """One typed answer, who made it, and the words it was read from."""

    value: Output
    provenance: Provenance
    raw: str = ""


class TextEvent(Frozen):
    """The next piece of a plain reply."""

    text: str


class PartialEvent(Frozen):
    """A typed answer as far as it has been written: fields complete so far, the last string possibly unfinished. Not validated."""

    value: dict[str, Any]


class RestartEvent(Frozen):
    """The first try could not be read; what was shown of it is void, the answer is being written again."""

    reason: str


class WaitEvent(Frozen):
    """Nothing is being written yet, and why: another call is ahead of this one, the endpoint asked for a pause, or its turn has come after all."""

    reason: Literal["ahead", "busy", "asked"]
    seconds: float | None = None
    """How long, where that is known."""


class DoneEvent(Frozen, Generic[Output]):
    generation: Generation[Output]


Event = TextEvent | PartialEvent | RestartEvent | WaitEvent | DoneEvent[Output]


class Engine(Protocol):
    """Raises `ModelError` for every fault of a model; never answers with a stand-in."""

    @property
    def kind(self) -> Literal["embedded", "model", "replay"]: ...

    @property
    def label(self) -> str:
        """`embedded`, or `model:NAME`."""
        ...

    async def generate(self, task: Task[Output]) -> Generation[Output]: ...

    def stream(self, task: Task[Output]) -> AsyncGenerator[Event[Output], None]:
        """Events, the last a `DoneEvent`. Closing the iterator ends the call within a second."""
        ...


async def last(events: AsyncGenerator[Event[Output], None]) -> Generation[Output]:
    """The generation that a stream ends in; the stream is closed."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, DoneEvent):
                return event.generation
    raise AssertionError("a stream ended without a DoneEvent")
