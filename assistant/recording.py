"""Record generations, and replay them: the raw text of an answer, kept by what was asked.

Comes in: an engine and a folder.  Goes out: the same events; a `Recording` a file, `<folder>/<task>/<key>.json`.
The key is the task's name and inputs, without the nonce of its fence, so that a recording survives a change of prompt or output schema: it is then still
served, validated by today's schema, and listed by `Recordings.older`. One that no longer validates must be made again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

from assistant.engine import DoneEvent, Engine, Event, Generation, RestartEvent, last
from assistant.prompt import prompt_of
from assistant.schema import Frozen
from assistant.tasks import ALL, Answer, Output, Task

HAND_WRITTEN = "hand-written"


class NotRecorded(LookupError):
    """Nothing is recorded for what was asked, or what is recorded can no longer be read."""


class Recording(Frozen):
    task: str
    prompt: str
    """`name@version` it was made with."""
    schema_hash: str
    """Of the output's JSON Schema at that time."""
    made_by: str
    """The model's name, or `hand-written`."""
    at: datetime
    inputs: dict[str, Any]
    """For people who read the file; the key is made from them."""
    raw: str
    """The reply as it came over the wire."""


class Recordings:
    """The recordings of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, task: Task[Any]) -> Recording:
        """What was answered to these inputs. Raises `NotRecorded`."""
        path = self._path(task)
        if not path.is_file():
            raise NotRecorded(
                f"{task.name}: no recording {path.name} in {path.parent}; ask a model through RecordingEngine, or write one by hand"
            )
        return Recording.model_validate_json(path.read_text(encoding="utf-8"))

    def keep(self, task: Task[Any], raw: str, made_by: str, at: datetime) -> Recording:
        """Writes one, over an older one of the same inputs."""
        made = Recording(
            task=task.name,
            prompt=prompt_of(type(task)).id,
            schema_hash=_schema_hash(task.output),
            made_by=made_by,
            at=at,
            inputs=_inputs(task),
            raw=raw,
        )
        path = self._path(task)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
        return made

    def older(self) -> Iterator[Recording]:
        """Those made with another prompt version or output schema than today's."""
        today = {task.name: task for task in ALL}
        for path in sorted(self._folder.glob("*/*.json")):
            made = Recording.model_validate_json(path.read_text(encoding="utf-8"))
            task = today.get(made.task)
            if task is None or is_older(made, task):
                yield made

    def _path(self, task: Task[Any]) -> Path:
        return self._folder / task.name / f"{key_of(task)}.json"


class RecordingEngine:
    """An engine that writes down what another one answers."""

    def __init__(self, engine: Engine, recordings: Recordings) -> None:
        self._engine, self._recordings = engine, recordings

    @property
    def kind(self) -> Literal["embedded", "model", "replay"]:
        return self._engine.kind

    @property
    def label(self) -> str:
        return self._engine.label

    async def generate(self, task: Task[Output]) -> Generation[Output]:
        return await last(self.stream(task))

    async def stream(self, task: Task[Output]) -> AsyncGenerator[Event[Output], None]:
        async with _open(self._engine, task) as events:
            async for event in events:
                if isinstance(event, DoneEvent):
                    made = event.generation
                    await asyncio.to_thread(self._recordings.keep, task, made.raw, made.provenance.model, made.provenance.at)
                yield event


class ReplayEngine:
    """Recorded texts, sent through another engine: `serve` puts a text where that engine will be given it as the next reply.

    Client, parser and stream are the real ones; only the text was made before. One call at a time, so that no reply reaches another's question.
    """

    def __init__(self, recordings: Recordings, engine: Engine, serve: Callable[[str], None]) -> None:
        self._recordings, self._engine, self._serve = recordings, engine, serve
        self._one_at_a_time = asyncio.Lock()

    @property
    def kind(self) -> Literal["embedded", "model", "replay"]:
        return "replay"

    @property
    def label(self) -> str:
        return "replay"

    async def generate(self, task: Task[Output]) -> Generation[Output]:
        return await last(self.stream(task))

    async def stream(self, task: Task[Output]) -> AsyncGenerator[Event[Output], None]:
        made = self._recordings.find(task)
        async with self._one_at_a_time:
            self._serve(made.raw)
            async with _open(self._engine, task) as events:
                async for event in events:
                    if isinstance(event, RestartEvent):
                        raise NotRecorded(
                            f"{task.name}: the recording of {made.at:%Y-%m-%d} no longer validates ({event.reason}); make it again"
                        )
                    yield _replayed(event, made, is_older(made, type(task))) if isinstance(event, DoneEvent) else event


def key_of(task: Task[Any]) -> str:
    """What a recording is found by: 24 hex digits of the task's name and inputs."""
    asked = json.dumps([task.name, _inputs(task)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def is_older(recording: Recording, task: type[Task[Any]]) -> bool:
    """The prompt or the output schema has moved on since it was made."""
    return (recording.prompt, recording.schema_hash) != (prompt_of(task).id, _schema_hash(task.output))


def _inputs(task: Task[Any]) -> dict[str, Any]:
    return task.model_dump(mode="json", exclude={"nonce"})


def _schema_hash(output: type[Answer]) -> str:
    return hashlib.sha256(json.dumps(output.model_json_schema(), sort_keys=True).encode()).hexdigest()[:16]


def _replayed(event: DoneEvent[Output], made: Recording, older: bool) -> DoneEvent[Output]:
    changes = {
        "engine": "replay",
        "model": made.made_by,
        "prompt": made.prompt,
        "at": made.at,
        "note": "older than its prompt" if older else "",
    }
    provenance = event.generation.provenance.model_copy(update=changes)
    return DoneEvent(generation=event.generation.model_copy(update={"provenance": provenance}))


def _open(engine: Engine, task: Task[Output]) -> aclosing[AsyncGenerator[Event[Output], None]]:
    """The engine's stream, closed with ours: a generator inside a generator is not closed by itself."""
    return aclosing(cast("AsyncGenerator[Event[Output], None]", engine.stream(task)))
