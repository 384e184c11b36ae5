"""The HTTP client under LangChain, on a short lead; imported only when a model is asked.

No redirect is followed, no compressed body is opened and no response may grow without end. A connection is not kept after its response:
it could outlive the event loop, and one more handshake is nothing beside a generation. What a stream says it cost is kept on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator

import httpx2
import openai

from assistant.provider.client import reported
from assistant.provider.faults import ErrorReply, NotFollowed
from assistant.settings import Settings

RESPONSE_BYTES = 8_000_000
TAIL_BYTES = 8_000
LAST_SECONDS = 0.5
"""A reply that is given up at its end is read on so long: what it cost comes behind it."""

_ENDED = re.compile(rb'"finish_reason":\s*"')
_USAGE = re.compile(rb'^data:\s*(\{.*"usage":\s*\{.*\})\s*$', re.MULTILINE)


def open_client(settings: Settings) -> httpx2.AsyncClient:
    """A client whose only time limit is the connection's; the others are kept by whoever reads the stream."""
    return openai.DefaultAsyncHttpxClient(
        follow_redirects=False,
        timeout=httpx2.Timeout(None, connect=settings.connect_seconds),
        limits=httpx2.Limits(max_keepalive_connections=0),
        # A proxy named by the environment has no business with a model on this machine.
        trust_env=not settings.model_is_local,
        # Certificates take a while to load, and plain http has none to check; https is never reached from it, as nothing is followed.
        verify=settings.base_url.startswith("https:"),
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_guard]},
    )


async def _guard(response: httpx2.Response) -> None:
    if response.is_redirect:
        raise NotFollowed("a redirect")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise NotFollowed("a compressed body")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Capped(response.stream)
    if response.status_code == 200 and response.headers.get("content-type", "").startswith("application/json"):
        await _raise_error_in(response)


async def _raise_error_in(response: httpx2.Response) -> None:
    """Some services say 200 and put an error into the body, where a stream was asked for."""
    body = await response.aread()
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError, RecursionError):
        return
    if error:
        raise ErrorReply(error)


class _Capped(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream
        self._blocks = aiter(stream)
        self._tail = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for block in self._blocks:
            seen += len(block)
            flood = len(block) > 4096 and block.count(b"\n") > len(block) // 4
            if flood or seen > RESPONSE_BYTES:
                raise NotFollowed("a response without end")
            self._tail = (self._tail + block)[-TAIL_BYTES:]
            yield block

    async def aclose(self) -> None:
        if _ENDED.search(self._tail) and not _USAGE.search(self._tail):
            with contextlib.suppress(TimeoutError, httpx2.HTTPError):
                async with asyncio.timeout(LAST_SECONDS):
                    async for block in self._blocks:
                        self._tail = (self._tail + block)[-TAIL_BYTES:]
                        if _USAGE.search(self._tail):
                            break
        if (told := _USAGE.findall(self._tail)) and (into := reported.get(None)) is not None:
            with contextlib.suppress(ValueError):
                into.update(json.loads(told[-1])["usage"])
        await self._stream.aclose()
