"""The HTTP client under LangChain, on a short lead; imported only when a model is asked.

No redirect is followed, no compressed body is opened and no response may grow without end. A connection is not kept after its response:
it could outlive the event loop, and one more handshake is nothing beside a generation.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx2
import openai

from assistant.provider.faults import ErrorReply, NotFollowed
from assistant.settings import Settings

RESPONSE_BYTES = 8_000_000


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

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for block in self._stream:
            seen += len(block)
            flood = len(block) > 4096 and block.count(b"\n") > len(block) // 4
            if flood or seen > RESPONSE_BYTES:
                raise NotFollowed("a response without end")
            yield block

    async def aclose(self) -> None:
        await self._stream.aclose()
