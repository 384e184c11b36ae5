"""The Test button: one word is asked of an endpoint, and what was tried, what came back and what to do is told.

Nothing of the candidate's is sent. The words are ours alone: services echo keys.
"""

from __future__ import annotations

import asyncio
import difflib
import socket
import ssl
import time
from contextlib import aclosing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assistant.errors import ModelNotFound
from assistant.provider.client import endpoint_of, model_named, models_of, open_model
from assistant.provider.faults import NotFollowed, Told, causes, fault_of, told_by
from assistant.schema import EndpointTest
from assistant.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

NAMES_SHOWN = 5
Diagnosis = tuple[str, str]
"""What came back, and what to do."""

_OTHER_MODEL = "Use another model, or ask whoever runs the service."


class _NotAModel(Exception):
    """An answer that was not a model's."""


async def check_endpoint(settings: Settings) -> EndpointTest:
    """Asks once, waiting no longer than for any first token."""
    named = model_named(settings)
    tried = f"I asked {f'“{named}”' if named else 'the first model'} at {endpoint_of(settings)} for one word."
    limit = settings.limit("first_token")
    try:
        model = named or next(iter(await models_of(settings)), "")
        if not model:
            raise ModelNotFound("")
        # Importing LangChain takes seconds, which are not the endpoint's.
        chat = await asyncio.to_thread(open_model, settings, model)
        began = time.monotonic()
        async with asyncio.timeout(limit):
            await _say_one_word(chat)
    except TimeoutError:
        came_back = f"Nothing came back within {limit:g} seconds."
        return EndpointTest(ok=False, tried=tried, came_back=came_back, to_do=_slow(settings))
    except Exception as error:
        came_back, to_do = await _diagnosis(error, settings, named)
        return EndpointTest(ok=False, tried=tried, came_back=came_back, to_do=to_do)
    return EndpointTest(ok=True, tried=tried, came_back=f"“{model}” answered in {time.monotonic() - began:.1f} seconds.")


async def _say_one_word(chat: BaseChatModel) -> None:
    async with aclosing(chat.astream("Reply with one word: ready")) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            # A small model may not stop at one word; the first shows what there was to show. One that only thought has an end.
            if chunk.content or chunk.response_metadata.get("finish_reason"):
                return
    raise _NotAModel


def _slow(settings: Settings) -> str:
    if settings.model_is_local:
        return "The model may still be loading: wait a minute and test again. If it stays so, a smaller model would do."
    return "Test again in a minute. If it stays so, see whether the service has trouble, or use another."


async def _diagnosis(error: Exception, settings: Settings, named: str) -> Diagnosis:
    if isinstance(error, ModelNotFound):
        return (
            "It answers, but it has no model to offer.",
            "Load one there (with Ollama: ollama pull and its name), or type a model's name here.",
        )
    if isinstance(error, _NotAModel):
        return await _wrong_place("It answers, but not as a model does.", settings)
    told = told_by(error)
    if told is None:
        return await _no_answer(error, settings)
    if told.status in (401, 403):
        return _key(told, settings)
    if told.status in (400, 404, 405, 422):
        return await _name_or_place(told, settings, named)
    return _refused(error, told)


async def _no_answer(error: Exception, settings: Settings) -> Diagnosis:
    import openai

    chain = list(causes(error))
    host, port = settings.model_host, urlsplit(settings.base_url).port
    place = f"{host}, port {port}" if port else host
    if any(isinstance(e, NotFollowed) for e in chain):
        return "It sent me on to another address, and I do not follow.", "Give the address of the model itself; most end in /v1."
    if any(isinstance(e, socket.gaierror) for e in chain):
        return f"There is no computer called {host}.", "Look for a slip in the address. Without a slip: is this computer online?"
    if any(isinstance(e, ssl.SSLError) for e in chain):
        return (
            f"{place} does not prove that it is who it says.",
            "Look for a slip in the address; an address on this computer begins with http://.",
        )
    if any(isinstance(e, openai.APITimeoutError) for e in chain):
        return (
            f"{place} did not take the call within {settings.connect_seconds:.0f} seconds.",
            "Look for a slip in the address. Is this computer online?",
        )
    if any(isinstance(e, openai.APIConnectionError) for e in chain):
        start = "Start the model server, and test again." if settings.model_is_local else "Is this computer online?"
        return f"Nobody answers at {place}.", f"Look for a slip in the address, in the port too. {start}"
    return await _wrong_place("It answers, but not as a model does.", settings)


def _key(told: Told, settings: Settings) -> Diagnosis:
    if settings.openai_api_key is None:
        return f"It wants a key, and none is set ({told.status}).", "Type the key you got from the service."
    return (
        f"It did not accept the key ({told.status}).",
        "Copy the key anew from your account there, and type it again. Is it a key for this service?",
    )


async def _name_or_place(told: Told, settings: Settings, named: str) -> Diagnosis:
    """A refusal that may be about the model's name, or come from a place that serves no models."""
    names = await _names(settings)
    if named and names and named not in names:
        near = difflib.get_close_matches(named, names, NAMES_SHOWN, 0.5) or names[:NAMES_SHOWN]
        more = f" and {len(names) - len(near)} more" if len(names) > len(near) else ""
        return (
            f"It does not know the model “{named}” ({told.status}).",
            f"It has {', '.join(f'“{n}”' for n in near)}{more}. Type one of these names.",
        )
    if not names and told.status in (404, 405) and not (named and "model" in told.text.lower()):
        return await _wrong_place(f"There is no model at this address ({told.status}).", settings)
    if named and told.status == 404:
        return f"It does not know the model “{named}” ({told.status}).", "Copy the name as the service writes it."
    return f"It did not take the question ({told.status}).", _OTHER_MODEL


async def _wrong_place(came_back: str, settings: Settings) -> Diagnosis:
    whole = settings.base_url
    if whole.endswith("/v1"):
        return came_back, "Copy the address from the service's own page; it is the one its API has, not that of a page you read."
    for other in (f"{whole}/v1", urlsplit(whole)._replace(path="/v1", query="", fragment="").geturl()):
        there = settings.model_copy(update={"openai_base_url": other})
        if await _names(there):
            return came_back, f"The address that works is {endpoint_of(there)}"
    return came_back, "Most addresses end in /v1: does this one?"


async def _names(settings: Settings) -> list[str]:
    """What the endpoint lists, or nothing: here only to help with a fault that is told anyway."""
    try:
        async with asyncio.timeout(settings.connect_seconds):
            return await models_of(settings)
    except Exception:
        return []


def _refused(error: Exception, told: Told) -> Diagnosis:
    came_back = f"{str(fault_of(error, '', '')).partition('.')[0]} ({told.status})."
    if told.status in (402, 429):
        return came_back, "Address and key are right. See your account there, or test again in a minute."
    return came_back, f"Test again in a minute. If it stays so, see the server's own log. {_OTHER_MODEL}"
