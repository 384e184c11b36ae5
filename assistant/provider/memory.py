"""What is remembered between calls: what the model behind an endpoint can do, and what the calls cost.

`Memory` is the port; `MemoryDict` keeps everything in memory, for tests and for commands that open no data folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from pydantic import ValidationError

from assistant.schema import Call, Frozen, Spent

Shape = Literal["schema", "tool", "json", "text"]
"""How a typed answer is asked for, the surest first: a JSON Schema enforced, a forced tool, JSON mode, the schema in words."""

SHAPES: tuple[Shape, ...] = ("schema", "tool", "json", "text")

Omission = Literal["temperature", "usage", "lengths"]
"""What an endpoint refuses to be sent: a temperature, a request for usage in a stream, lengths in a schema."""


class Capability(Frozen):
    """What one model behind one endpoint takes, as far as it has been found out."""

    shape: Shape = "schema"
    without: tuple[Omission, ...] = ()
    budget: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The name under which it takes the length of an answer."""
    context_tokens: int | None = None
    """As the endpoint itself told in a refusal."""

    def lowered(self) -> Capability | None:
        """The same with the next shape down; None from the last."""
        at = SHAPES.index(self.shape) + 1
        return self.model_copy(update={"shape": SHAPES[at]}) if at < len(SHAPES) else None


class Memory(Protocol):
    """Texts by key, and calls, as `store` keeps them; plain functions, called from a thread."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str) -> None: ...

    def add_call(self, call: Call) -> None: ...

    def spent(self, since: datetime) -> Sequence[Spent]:
        """What the calls since then came to, by model."""
        ...


class MemoryDict:
    """A `Memory` that ends with the process. `before` is what was spent today before it began."""

    def __init__(self, before: Sequence[Spent] = ()) -> None:
        self.kept: dict[str, str] = {}
        self.calls: list[Call] = []
        self._before = tuple(before)

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, key: str, value: str) -> None:
        self.kept[key] = value

    def add_call(self, call: Call) -> None:
        self.calls.append(call)

    def spent(self, since: datetime) -> Sequence[Spent]:
        return (*self._before, *(Spent(model=c.model, calls=1, usage=c.usage) for c in self.calls if c.at >= since))


def recall(memory: Memory, endpoint: str, model: str) -> Capability | None:
    """What is known of a model behind an endpoint; None where nothing is, or where an older version wrote it."""
    kept = memory.get(_key(endpoint, model))
    try:
        return Capability.model_validate_json(kept) if kept else None
    except ValidationError:
        return None


def remember(memory: Memory, endpoint: str, model: str, capability: Capability) -> None:
    memory.put(_key(endpoint, model), capability.model_dump_json())


def _key(endpoint: str, model: str) -> str:
    return f"capability {endpoint} {model}"
