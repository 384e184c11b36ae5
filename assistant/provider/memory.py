"""What is remembered between calls: what the model behind an endpoint can do.

`Memory` is the port; `MemoryDict` keeps everything in memory, for tests and for commands that open no data folder.
"""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import ValidationError

from assistant.schema import Frozen

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
    """Texts by key, as `store` keeps them; plain functions, called from a thread."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str) -> None: ...


class MemoryDict:
    """A `Memory` that ends with the process."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, key: str, value: str) -> None:
        self.kept[key] = value


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
