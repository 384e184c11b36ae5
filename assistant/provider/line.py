"""The line in front of one endpoint: how many calls run at once, who goes first, and when not to knock at all.

What a person waits for goes before background work; where there is one place only, as on this computer, background work gives it up. After three faults in a row background calls are refused at once for a while; a person's
call is always tried, once.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from assistant.errors import ModelError, ModelServerError, ModelTimeout, ModelUnreachable

FAULTS_TO_OPEN = 3
PAUSE_SECONDS = 15.0


class Place:
    """A place held in the line."""

    def __init__(self, urgent: bool) -> None:
        self.urgent = urgent
        self.wanted = False
        """A person waits for this place: give it up, and come again."""


class Line:
    """At most `width` calls at once. Lives on one event loop at a time."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._running = 0
        self._held: set[Place] = set()
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    @property
    def is_free(self) -> bool:
        """A call that comes now would start at once."""
        return self._running < self._width

    @asynccontextmanager
    async def turn(self, urgent: bool) -> AsyncIterator[Place]:
        """Waits until it is this call's turn, and holds a place meanwhile."""
        await self._enter(urgent)
        place = Place(urgent)
        self._held.add(place)
        try:
            yield place
        finally:
            self._held.discard(place)
            self._leave()

    async def _enter(self, urgent: bool) -> None:
        if self.is_free:
            self._running += 1
            return
        if urgent and self._width == 1:
            for held in self._held:
                held.wanted = not held.urgent
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (not urgent, next(self._order), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        # The place is handed on, so that nobody who comes at this moment can overtake.
        while self._waiting:
            place = heapq.heappop(self._waiting)[2]
            if not place.done():
                place.set_result(None)
                return
        self._running -= 1


class Breaker:
    """Counts an endpoint's faults in a row."""

    def __init__(self) -> None:
        self._faults = 0
        self._last: ModelError | None = None
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        return self._faults >= FAULTS_TO_OPEN and time.monotonic() < self._until

    def check(self, urgent: bool) -> None:
        """Raises the endpoint's last fault again for background work while the endpoint is not asked."""
        if self.is_open and not urgent and self._last is not None:
            raise self._last.with_traceback(None)

    def failed(self, fault: ModelError) -> None:
        if isinstance(fault, (ModelUnreachable, ModelServerError, ModelTimeout)):
            self._faults += 1
            self._last, self._until = fault, time.monotonic() + PAUSE_SECONDS

    def worked(self) -> None:
        self._faults = 0
