"""Model servers on this computer: who answers at the ports the settings name.

Comes in: ports, and how long each may take.  Goes out: a `LocalServer` for each that lists models the way OpenAI does.
They are asked side by side, on 127.0.0.1 and nowhere else, without a key, and nothing is sent but the question for the list.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assistant.schema import LocalServer

if TYPE_CHECKING:
    import httpx

LIST_BYTES = 1_000_000
MODELS_SHOWN = 100

OLLAMA = "Ollama"
OLLAMA_NOTE = (
    "Ollama lets a model read 4,096 tokens unless it is told otherwise, and cuts longer texts off without a word; this program sends up to {tokens:,}. "
    "Start it with OLLAMA_CONTEXT_LENGTH={tokens} ollama serve, or move the context slider in the Ollama app's settings."
)
_OWNERS = {"library": OLLAMA, "organization_owner": "LM Studio", "llamacpp": "llama.cpp", "vllm": "vLLM"}
"""What each server calls the owner of its models."""


async def local_servers(ports: Mapping[int, str], seconds: float, context_tokens: int) -> tuple[LocalServer, ...]:
    """Those that answer within `seconds`, in the order of `ports`. `context_tokens` is what we ask a model to read at once."""
    import httpx

    # Plain http has no certificates to load, and a proxy of the environment has no business on this machine.
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=None, headers={"Accept-Encoding": "identity"}) as http:
        found = await asyncio.gather(*(_asked(http, port, name, seconds, context_tokens) for port, name in ports.items()))
    return tuple(server for server in found if server is not None)


async def _asked(http: httpx.AsyncClient, port: int, name: str, seconds: float, context_tokens: int) -> LocalServer | None:
    import httpx

    base_url = f"http://127.0.0.1:{port}/v1"
    try:
        async with asyncio.timeout(seconds):
            listed = await _list(http, f"{base_url}/models")
    except (TimeoutError, httpx.HTTPError, ValueError, RecursionError):
        return None
    if listed is None:
        return None
    owners = {str(m.get("owned_by")) for m in listed}
    known = next((_OWNERS[o] for o in sorted(owners) if o in _OWNERS), name)
    models = tuple(str(m["id"])[:200] for m in listed if m.get("id"))[:MODELS_SHOWN]
    note = OLLAMA_NOTE.format(tokens=context_tokens) if known == OLLAMA else ""
    return LocalServer(name=known, base_url=base_url, models=models, note=note)


async def _list(http: httpx.AsyncClient, url: str) -> list[dict[str, Any]] | None:
    """The models an address lists; None where what it says is not such a list."""
    body = b""
    async with http.stream("GET", url) as reply:
        if reply.status_code != 200 or reply.headers.get("content-encoding", "identity") != "identity":
            return None
        async for block in reply.aiter_raw():
            body += block
            if len(body) > LIST_BYTES:
                return None
    told = json.loads(body)
    # Ollama without a model says null.
    models = (told.get("data", "none") if isinstance(told, dict) else "none") or []
    return models if isinstance(models, list) and all(isinstance(m, dict) for m in models) else None
