"""What is sent: LangChain's chat model for an endpoint, and the arguments of a call by what the endpoint takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from assistant.provider.memory import Capability, Omission
from assistant.provider.reply import schema_of
from assistant.settings import OPENAI_URL, Settings
from assistant.tasks import Advise, Answer, JudgeAnswer, NextTurn, Task, WriteQuestion

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.provider.faults import Told

DEFAULT_MODEL = "gpt-4.1-mini"
"""Asked of OpenAI where a key is given and no model is named."""

reported: ContextVar[dict[str, Any]] = ContextVar("reported")
"""Takes the usage that a service reports in its stream, as it stands there: of a reply that is given up nobody else reads it."""

_COLD = ("judge_answer", "advise")
"""Asked at temperature 0, so that the same answer gets the same card; the others are left to the model's own temperature."""

NOT_IN_NOTES = "not in your notes"

_SHAPE_WORDS = ("response_format", "json_schema", "json_object", "json mode", "schema", "grammar", "tool", "function")
_OMISSIONS: dict[str, Omission] = {
    "temperature": "temperature",
    "stream_options": "usage",
    "include_usage": "usage",
    "maxlength": "lengths",
}


def model_named(settings: Settings) -> str:
    """The model to ask; empty where the endpoint's first is to be used."""
    return settings.model or (DEFAULT_MODEL if settings.base_url == OPENAI_URL else "")


def endpoint_of(settings: Settings) -> str:
    """The base URL without user, password and query: what an endpoint is remembered by."""
    parts = urlsplit(settings.base_url)
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, f"{parts.hostname or ''}{port}", parts.path, "", ""))


def open_model(settings: Settings, model: str) -> BaseChatModel:
    """A LangChain chat model. It retries nothing: retries and time limits are ours."""
    from langchain.chat_models import init_chat_model

    from assistant.provider.wire import open_client

    key = settings.openai_api_key
    chat: BaseChatModel = init_chat_model(
        model,
        model_provider="openai",
        base_url=settings.base_url,
        api_key=key.get_secret_value() if key else "none",
        http_async_client=open_client(settings),
        use_responses_api=False,
        stream_usage=True,
        max_retries=0,
        stream_chunk_timeout=None,
    )
    return chat


async def models_of(settings: Settings) -> list[str]:
    """The models that the endpoint lists."""
    import openai

    from assistant.provider.wire import open_client

    key = settings.openai_api_key
    async with open_client(settings) as http:
        client = openai.AsyncOpenAI(
            base_url=settings.base_url, api_key=key.get_secret_value() if key else "none", http_client=http, max_retries=0
        )
        listed = await client.models.list(timeout=settings.connect_seconds)
    return [m.id for m in listed.data or ()]


def first_guess(settings: Settings) -> Capability:
    """What an endpoint is taken to be able to do before it was ever asked."""
    own = settings.base_url == OPENAI_URL or settings.model_host.endswith(".openai.azure.com")
    return Capability(budget="max_completion_tokens", without=("lengths",)) if own else Capability()


def arguments(task: Task[Any], capability: Capability, output_tokens: int) -> dict[str, Any]:
    """What is sent beside the messages."""
    given: dict[str, Any] = {"stream_usage": "usage" not in capability.without}
    if capability.budget == "max_tokens":
        given["extra_body"] = {"max_tokens": output_tokens}
    else:
        given["max_completion_tokens"] = output_tokens
    if task.name in _COLD and "temperature" not in capability.without:
        given["temperature"] = 0.0
    return given if task.plain else given | _shape(task, capability)


def _shape(task: Task[Any], capability: Capability) -> dict[str, Any]:
    # A service that refuses lengths also takes seconds to compile a schema it has not seen: it is always given the same one.
    schema = schema_of(task.output, lengths=False) if "lengths" in capability.without else narrowed(schema_of(task.output), task)
    match capability.shape:
        case "schema":
            return {"response_format": {"type": "json_schema", "json_schema": {"name": task.name, "strict": True, "schema": schema}}}
        case "tool":
            # By the word and not by name: llama.cpp takes only the word, and there is one tool.
            function = {"name": task.name, "description": "Gives the answer.", "parameters": schema}
            return {"tools": [{"type": "function", "function": function}], "tool_choice": "required"}
        case "json":
            return {"response_format": {"type": "json_object"}}
        case "text":
            return {}


def narrowed(schema: dict[str, Any], task: Task[Any]) -> dict[str, Any]:
    """The schema with this task's own ids and counts: a small model held to it can neither run on nor name what does not exist."""
    match task:
        case JudgeAnswer():
            criteria, pitfalls = [c.id for c in task.criteria], [p.id for p in task.pitfalls]
            return _put(schema, {"grades": _as_many(criteria, "criterion"), "pitfalls": _as_many(pitfalls, "pitfall")})
        case Advise():
            gap = {"criterion": _one_of([g.criterion for g in task.grades if g.verdict in ("partial", "missed")])}
            sources = {"items": _one_of([s.id for s in task.sections]), "maxItems": min(2, len(task.sections))}
            return _put(schema, {"fix": {**gap, "sources": sources}, "also": {"items": gap}})
        case NextTurn():
            return _put(schema, {"probes": _one_of([c.id for c in task.criteria])})
        case WriteQuestion():
            return _put(schema, {"criteria": {"items": {"source": _one_of([*(s.id for s in task.sections), NOT_IN_NOTES])}}})
    return schema


def _one_of(ids: Sequence[str]) -> dict[str, Any]:
    return {"enum": list(ids)} if ids else {}


def _as_many(ids: Sequence[str], name: str) -> dict[str, Any]:
    return {"minItems": len(ids), "maxItems": len(ids), "items": {name: _one_of(ids)}}


def _put(schema: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`schema` with `changes`, which follow the names of fields; a field that may be null is changed in its other branch."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [b if b.get("type") == "null" else _put(b, changes) for b in schema["anyOf"]]}
    if "properties" in schema:
        return {**schema, "properties": {k: _put(v, changes.get(k, {})) for k, v in schema["properties"].items()}}
    own = {k: v for k, v in changes.items() if k != "items"}
    return {**schema, **own, **({"items": _put(schema["items"], changes.get("items", {}))} if "items" in schema else {})}


def schema_in_words(output: type[Answer]) -> str:
    """The schema for a model that is not held to one."""
    return f"The JSON object must match this JSON Schema:\n{json.dumps(schema_of(output), ensure_ascii=False, separators=(',', ':'))}"


def stepped_down(capability: Capability, told: Told) -> Capability | None:
    """What to try after a refusal that complains of how we ask; None where it complains of something else."""
    if told.status not in (400, 404, 405, 415, 422, 500, 501):
        return None
    text = told.text.lower()
    for word, omission in _OMISSIONS.items():
        if word in text and omission not in capability.without:
            return capability.model_copy(update={"without": (*capability.without, omission)})
    if "max_completion_tokens" in text and capability.budget == "max_tokens" and "max_tokens" in text:
        return capability.model_copy(update={"budget": "max_completion_tokens"})
    if "max_completion_tokens" in text and capability.budget == "max_completion_tokens":
        return capability.model_copy(update={"budget": "max_tokens"})
    return capability.lowered() if any(word in text for word in _SHAPE_WORDS) else None
