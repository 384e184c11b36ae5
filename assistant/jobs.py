"""Long work that goes on when the page closes: one job a resource, followed by whoever looks, stopped within a second.

Comes in: a resource id, words for what is done, and a coroutine that writes to the store as it goes.  Goes out: ticks for followers.
The job owns its stream; a closed page never cancels it; Stop, a delete and shutdown do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from assistant.errors import Conflict

TICKS_A_SECOND = 8
_log = logging.getLogger(__name__)


@dataclass
class Job:
    """One piece of running work. `doing` is shown while it runs; the job may change it."""

    resource_id: str
    doing: str
    began: float = field(default_factory=time.monotonic)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def tick(self, doing: str | None = None) -> None:
        """Something new is in the store."""
        if doing is not None:
            self.doing = doing
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began


class Jobs:
    """The jobs of one process."""

    def __init__(self) -> None:
        self._running: dict[str, Job] = {}

    def start(self, resource_id: str, doing: str, work: Callable[[Job], Coroutine[Any, Any, None]]) -> Job:
        """Starts `work` for the resource. Raises `Conflict` where one already runs on it."""
        if resource_id in self._running:
            raise Conflict("This is still being worked on. Wait a moment, or stop it first.")
        job = Job(resource_id, doing)
        self._running[resource_id] = job
        job.task = asyncio.get_running_loop().create_task(self._run(job, work))
        return job

    async def _run(self, job: Job, work: Callable[[Job], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(job)
        except asyncio.CancelledError:
            pass
        except Exception:
            # A job has nobody to raise to. Its own code stores every fault a person should see; this one is a bug.
            _log.exception("a job failed")
        finally:
            del self._running[job.resource_id]
            job.tick()

    def running(self, resource_id: str) -> Job | None:
        return self._running.get(resource_id)

    async def stop(self, resource_id: str) -> bool:
        """Cancels the resource's job and waits for its last write; False where none runs."""
        job = self._running.get(resource_id)
        if job is None or job.task is None:
            return False
        job.task.cancel()
        await asyncio.wait([job.task])
        return True

    async def follow(self, resource_id: str) -> AsyncIterator[None]:
        """A tick at once, then one for each change, at most eight a second, and a last one when the job has ended."""
        yield
        while (job := self._running.get(resource_id)) is not None:
            waiting = job.changed
            # A quiet job ticks each half second too: the page counts the seconds it waits.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await waiting.wait()
            yield
            await asyncio.sleep(1 / TICKS_A_SECOND)
        yield

    async def close(self) -> None:
        """Stops everything; each job keeps what it has."""
        await asyncio.gather(*(self.stop(resource) for resource in list(self._running)))
