"""The Test button: one word is asked of an endpoint, and what came back is told."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

from assistant.errors import ModelError, ModelNotFound, ModelTimeout
from assistant.provider.client import DEFAULT_MODEL, first_model, open_model
from assistant.provider.faults import fault_of
from assistant.settings import OPENAI_URL, Settings


async def check_endpoint(settings: Settings) -> str:
    """One sentence that says which model answered, where and how fast. Nothing of the candidate's is sent. Raises `ModelError`."""
    limit = settings.limit("first_token")
    began = time.monotonic()
    fault: ModelError
    try:
        async with asyncio.timeout(limit):
            model = await _say_one_word(settings)
    except TimeoutError:
        fault = ModelTimeout(limit)
    except Exception as error:
        fault = fault_of(error, settings.model or "", "")
    else:
        return f"“{model}” at {settings.model_host} answered in {time.monotonic() - began:.1f} seconds."
    raise fault


async def _say_one_word(settings: Settings) -> str:
    model = settings.model or (DEFAULT_MODEL if settings.base_url == OPENAI_URL else await first_model(settings))
    if not model:
        raise ModelNotFound("")
    chat = await asyncio.to_thread(open_model, settings, model)
    async with aclosing(chat.astream("Reply with one word: ready")) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            # A small model may not stop at one word; the first shows what there was to show.
            if chunk.content:
                break
    return model
