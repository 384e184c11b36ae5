"""`ProviderEngine`: one task, asked of one model.

    consent -> wait in line -> the day's ceiling -> fit the context -> ask, streaming -> read -> (ask once more, showing the error) -> Generation

Time limits and retries are kept here: connect, first token, idle and total of `Settings`; a request is repeated only before its first token.
Each request, the one more for a reply that could not be read among them, has its own total. What it cost is written down when it ends, however it ends.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, cast

from assistant.engine import DoneEvent, Engine, Event, Generation, PartialEvent, RestartEvent, TextEvent, WaitEvent, last
from assistant.errors import (
    CeilingReached,
    ConsentNeeded,
    ContextTooLong,
    CutOff,
    ModelError,
    ModelNotFound,
    ModelServerError,
    ModelTimeout,
    ModelUnreachable,
    OutOfCredit,
    Refused,
    UnusableReply,
)
from assistant.prompt import messages
from assistant.provider.budget import fitted
from assistant.provider.client import (
    arguments,
    endpoint_of,
    first_guess,
    model_named,
    models_of,
    open_model,
    reported,
    schema_in_words,
    stepped_down,
)
from assistant.provider.faults import Told, fault_of, may_pass, told_by
from assistant.provider.line import Breaker, Line
from assistant.provider.memory import Capability, Memory, recall, remember
from assistant.provider.reply import Unreadable, read, read_partly, visible
from assistant.schema import Call, Provenance, Spent, Usage, midnight
from assistant.settings import Settings
from assistant.tasks import Output, Task

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage, BaseMessageChunk
    from langchain_core.runnables import Runnable, RunnableConfig

log = logging.getLogger(__name__)

BACKGROUND = ("write_question",)
"""What nobody waits for with the page open: it lets the others go first."""

BEGUN = ("advise",)
"""The second half of a card: where the first was asked for under the ceiling, it is not left half."""

REPLY_CHARACTERS = 400_000
SHOWN_BACK_CHARACTERS = 4_000


class ProviderEngine:
    """The tasks, answered by the model that `settings` name. `secret` is the installation's and keys the fences of the prompts.

    `callbacks` are LangChain handlers that see every request; without any, those of the run that a request is part of (docs/langchain.md).
    """

    def __init__(self, settings: Settings, secret: bytes, memory: Memory, callbacks: Sequence[BaseCallbackHandler] = ()) -> None:
        self.settings, self.secret, self.memory, self.callbacks = settings, secret, memory, tuple(callbacks)
        self.endpoint = endpoint_of(settings)
        self.line = Line(settings.calls_at_once or (1 if settings.model_is_local else 8))
        self.breaker = Breaker()
        self.model_name = model_named(settings)
        self.capability: Capability | None = None
        self.chat: BaseChatModel | None = None

    @property
    def kind(self) -> Literal["embedded", "model", "replay"]:
        return "model"

    @property
    def label(self) -> str:
        return f"model:{self.model_name or 'default'}"

    @property
    def calls_ahead(self) -> bool:
        """A call made now would wait for another."""
        return not self.line.is_free

    def working_for(self, resource_id: str) -> Engine:
        """The same engine; its calls are written down under the resource's id."""
        return _For(self, resource_id)

    async def generate(self, task: Task[Output]) -> Generation[Output]:
        return await last(self.stream(task))

    def stream(self, task: Task[Output]) -> AsyncGenerator[Event[Output], None]:
        return self.ask(task, "")

    async def ask(self, task: Task[Output], resource_id: str) -> AsyncGenerator[Event[Output], None]:
        """`stream`, for a resource."""
        if not self.settings.model_is_local and not self.settings.remote_consent:
            raise ConsentNeeded(self.settings.model_host)
        urgent = task.name not in BACKGROUND
        self.breaker.check(urgent)
        whole = False
        while not whole:
            ahead = self.calls_ahead
            if ahead:
                yield WaitEvent(reason="ahead")
            async with self.line.turn(urgent) as place:
                if task.name not in BEGUN:
                    await self._keep_the_ceiling()
                await self._open()
                if ahead:
                    yield WaitEvent(reason="asked")
                async with aclosing(_Asking(self, task, resource_id).events()) as events:
                    async for event in events:
                        yield event
                        whole = isinstance(event, DoneEvent)
                        if place.wanted and not whole:
                            break
            if not whole:
                yield RestartEvent(reason="a call that somebody waits for went first")

    async def learn(self, capability: Capability) -> None:
        """Keeps what was found out about the endpoint, for the next call and the next start."""
        self.capability = capability
        await asyncio.to_thread(remember, self.memory, self.endpoint, self.model_name, capability)

    async def _keep_the_ceiling(self) -> None:
        """Raises `CeilingReached` where today's calls have used up what the settings allow."""
        s = self.settings
        if s.daily_tokens is None and s.daily_money is None:
            return
        today = Spent.of(await asyncio.to_thread(self.memory.spent, midnight(datetime.now(UTC))), s.prices)
        if s.daily_tokens is not None and today.tokens >= s.daily_tokens:
            raise CeilingReached(f"{s.daily_tokens:,} tokens")
        if s.daily_money is not None and (today.money or 0) >= s.daily_money:
            raise CeilingReached(f"{s.currency} {s.daily_money:,.2f}")

    async def _open(self) -> None:
        if not self.model_name:
            self.model_name = await self._found_model()
        if self.chat is None:
            # Importing LangChain takes seconds; the loop serves other people meanwhile.
            self.chat = await asyncio.to_thread(open_model, self.settings, self.model_name)
        if self.capability is None:
            known = await asyncio.to_thread(recall, self.memory, self.endpoint, self.model_name)
            self.capability = known or first_guess(self.settings)

    async def _found_model(self) -> str:
        try:
            found = await models_of(self.settings)
        except Exception as error:
            fault = fault_of(error, "", "")
        else:
            if found:
                return found[0]
            fault = ModelNotFound("")
        raise fault


class _For:
    """A `ProviderEngine` at work for one resource."""

    def __init__(self, engine: ProviderEngine, resource_id: str) -> None:
        self._engine, self._resource_id = engine, resource_id

    @property
    def kind(self) -> Literal["embedded", "model", "replay"]:
        return self._engine.kind

    @property
    def label(self) -> str:
        return self._engine.label

    async def generate(self, task: Task[Output]) -> Generation[Output]:
        return await last(self.stream(task))

    def stream(self, task: Task[Output]) -> AsyncGenerator[Event[Output], None]:
        return self._engine.ask(task, self._resource_id)


class _Asking(Generic[Output]):
    """One generation under way: at most two requests, each with its tries."""

    def __init__(self, engine: ProviderEngine, task: Task[Output], resource_id: str) -> None:
        assert engine.chat is not None
        assert engine.capability is not None
        self._engine, self._task, self._settings, self._chat = engine, task, engine.settings, engine.chat
        self._resource_id = resource_id
        self._capability = engine.capability
        self._began = time.monotonic()
        self._text = ""
        self._usages: list[dict[str, Any]] = []
        self._usage: dict[str, Any] = {}
        self._reported: dict[str, Any] = {}
        self._fit()

    def _fit(self) -> None:
        context = min(self._settings.context_tokens, self._capability.context_tokens or self._settings.context_tokens)
        self._prompt, self._note = fitted(self._task, self._engine.secret, context - self._settings.output_tokens)

    async def events(self) -> AsyncGenerator[Event[Output], None]:
        more: Sequence[BaseMessage] = ()
        for repair in (False, True):
            async with aclosing(self._request(more)) as events:
                async for event in events:
                    yield event
            try:
                value = self._value()
            except Unreadable as unreadable:
                reason = unreadable
            else:
                yield await self._done(value)
                return
            if repair or (reason.formless and self._text.strip()):
                self._step_down()
            if not repair:
                yield RestartEvent(reason=str(reason))
                more = _again(self._task, self._text, reason)
        await self._keep_learnt()
        raise UnusableReply(self._redacted(self._text), str(reason))

    def _value(self) -> Output:
        """The typed answer in what arrived. Raises `Unreadable`."""
        if not self._text.strip():
            raise Unreadable("it was empty", formless=True)
        if not self._task.plain:
            return cast(Output, read(self._text, self._task.output))
        shown = visible(self._text).strip()
        if not shown:
            raise Unreadable("it was empty", formless=True)
        return cast(Output, self._task.output.model_validate({"text": shown}))

    def _step_down(self) -> None:
        """The endpoint does not hold its model to the shape asked for: the next one is tried."""
        if not self._task.plain and (lower := self._capability.lowered()):
            self._capability = lower

    async def _done(self, value: Output) -> DoneEvent[Output]:
        await self._keep_learnt()
        usage = _sum(self._usages, time.monotonic() - self._began)
        provenance = Provenance(
            engine="model", model=self._engine.model_name, prompt=self._prompt.prompt, at=datetime.now(UTC), usage=usage, note=self._note
        )
        return DoneEvent(generation=Generation(value=value, provenance=provenance, raw=self._redacted(self._text)))

    async def _keep_learnt(self) -> None:
        if self._capability != self._engine.capability:
            await self._engine.learn(self._capability)

    # --- one request, with its tries --------------------------------------------------------------------------------

    async def _request(self, more: Sequence[BaseMessage] = ()) -> AsyncGenerator[Event[Output], None]:
        """Asks until an answer has come whole. Raises a `ModelError`."""
        deadline = time.monotonic() + self._settings.limit("total")
        tries = 0
        while True:
            began, unanswered = time.monotonic(), False
            try:
                async with aclosing(self._attempt(more, deadline)) as events:
                    async for event in events:
                        yield event
                self._engine.breaker.worked()
                return
            except Exception as error:
                fault, told, again = fault_of(error, self._engine.model_name, self._text), told_by(error), may_pass(error)
                unanswered = not self._text and (told is not None or isinstance(fault, ModelUnreachable))
            finally:
                # A refusal and a connection that never came about cost nothing; one that was stopped may have, and is counted.
                self._usage = self._usage or _usage_in(self._reported)
                if self._usage or not unanswered:
                    await self._write_down(time.monotonic() - began)
            # Out of the handler, so that no error of ours drags the service's own words, which may hold the key, behind it.
            log.info(
                "%s by %s failed: %s%s", self._task.name, self._engine.model_name, type(fault).__name__, f" {told.status}" if told else ""
            )
            if not self._text and told and self._adapted(fault, told):
                continue
            pause = self._pause(fault, told, tries) if again else None
            if pause is None or time.monotonic() + pause > deadline:
                self._engine.breaker.failed(fault)
                if self._text:
                    await self._keep_learnt()
                raise fault
            tries += 1
            yield WaitEvent(reason="busy", seconds=pause)
            await asyncio.sleep(pause)

    async def _write_down(self, seconds: float) -> None:
        if self._usage:
            self._usages.append(self._usage)
        usage = _sum([self._usage] if self._usage else [], seconds)
        call = Call(
            task=self._task.name, resource_id=self._resource_id, model=self._engine.model_name[:200], usage=usage, at=datetime.now(UTC)
        )
        await asyncio.to_thread(self._engine.memory.add_call, call)

    def _adapted(self, fault: ModelError, told: Told) -> bool:
        """The request was changed so that the endpoint may take it."""
        if isinstance(fault, ContextTooLong):
            known = self._capability.context_tokens or self._settings.context_tokens
            if told.context_tokens is None or told.context_tokens >= known:
                return False
            self._capability = self._capability.model_copy(update={"context_tokens": told.context_tokens})
            self._fit()
            return True
        lower = stepped_down(self._capability, told) if isinstance(fault, ModelServerError | ModelNotFound | ModelUnreachable) else None
        self._capability = lower or self._capability
        return lower is not None

    def _pause(self, fault: ModelError, told: Told | None, tries: int) -> float | None:
        """Seconds before the next try; None where there is none."""
        if self._text or tries >= self._settings.retries or self._engine.breaker.is_open or isinstance(fault, OutOfCredit):
            return None
        if told and told.retry_after is not None:
            return told.retry_after if told.retry_after <= self._settings.retry_after_max_seconds else None
        first: float = min(0.5, self._settings.connect_seconds / 10)
        return first * (1 << tries) * random.uniform(0.75, 1.25)

    async def _attempt(self, more: Sequence[BaseMessage], deadline: float) -> AsyncGenerator[Event[Output], None]:
        from langchain_core.runnables import RunnableLambda

        self._text, self._finish, self._refused, self._shown, self._parsed = "", "", False, "", 0
        self._usage, self._reported = {}, {}
        context = contextvars.copy_context()
        context.run(reported.set, self._reported)
        given = arguments(self._task, self._capability, self._settings.output_tokens)
        prompt: Runnable[Any, Any] = RunnableLambda(lambda _: [*self._messages(), *more], name=self._prompt.prompt)
        arrived: asyncio.Queue[BaseMessageChunk | None] = asyncio.Queue()
        # A task of its own: cancelling it ends the call at the very read it waits in, which closes the connection at once.
        reading = asyncio.create_task(_pour(prompt | self._chat.bind(**given), self._traced(), arrived), context=context)
        try:
            while (chunk := await self._next(arrived, deadline)) is not None:
                if event := self._take(chunk):
                    yield event
            await reading
        finally:
            reading.cancel()
            await asyncio.wait({reading}, timeout=1)
            if reading.done() and not reading.cancelled():
                reading.exception()
        self._check_end()

    def _traced(self) -> RunnableConfig:
        """What a trace calls this request, and who is told of it."""
        config: RunnableConfig = {"run_name": self._task.name, "metadata": {"prompt": self._prompt.prompt}}
        # An empty list too would take the place of the handlers inherited from the caller's run.
        if self._engine.callbacks:
            config["callbacks"] = list(self._engine.callbacks)
        return config

    def _messages(self) -> list[BaseMessage]:
        prompt = self._prompt
        if not self._task.plain and self._capability.shape in ("json", "text"):
            prompt = prompt.model_copy(update={"system": f"{prompt.system}\n\n{schema_in_words(self._task.output)}"})
        return messages(prompt)

    async def _next(self, arrived: asyncio.Queue[BaseMessageChunk | None], deadline: float) -> BaseMessageChunk | None:
        limit = self._settings.limit("idle" if self._text else "first_token")
        left = deadline - time.monotonic()
        try:
            # Not wait_for: before Python 3.12 it can swallow a cancellation that comes together with a chunk.
            async with asyncio.timeout(min(limit, left)):
                return await arrived.get()
        except TimeoutError:
            pass
        raise ModelTimeout(limit if limit <= left else self._settings.limit("total"))

    def _take(self, chunk: BaseMessageChunk) -> TextEvent | PartialEvent | None:
        """Keeps what a chunk brings, and says what it adds for the page."""
        self._finish = chunk.response_metadata.get("finish_reason") or self._finish
        self._refused = self._refused or bool(chunk.additional_kwargs.get("refusal"))
        self._usage = getattr(chunk, "usage_metadata", None) or self._usage
        tool_text = "".join(call["args"] or "" for call in getattr(chunk, "tool_call_chunks", ()))
        piece = tool_text or (chunk.content if isinstance(chunk.content, str) else "")
        if not piece:
            return None
        self._text += piece
        if len(self._text) > REPLY_CHARACTERS:
            raise UnusableReply("", "a reply without end")
        return self._text_event() if self._task.plain else self._partial_event()

    def _text_event(self) -> TextEvent | None:
        shown = visible(self._text)
        new, self._shown = shown[len(self._shown) :], shown
        return TextEvent(text=new) if new else None

    def _partial_event(self) -> PartialEvent | None:
        # Reading the whole again at every token would grow with the square of its length.
        if len(self._text) - self._parsed < len(self._text) // 128:
            return None
        self._parsed = len(self._text)
        partial = read_partly(self._text, self._task.output)
        shown = repr(partial)
        # A half-written escape makes the reader step back for a moment; the page does not.
        if not partial or shown == self._shown or len(shown) < len(self._shown):
            return None
        self._shown = shown
        return PartialEvent(value=partial)

    def _check_end(self) -> None:
        """A stream that ended is not yet an answer that is whole."""
        if self._refused or self._finish == "content_filter":
            raise Refused()
        if not self._finish and not self._text:
            raise UnusableReply("", "an empty stream")
        if not self._finish or self._finish == "length":
            raise CutOff(self._text)

    def _redacted(self, text: str) -> str:
        key = self._settings.openai_api_key
        return text.replace(key.get_secret_value(), "[key]") if key and key.get_secret_value() else text


async def _pour(chain: Runnable[Any, Any], config: RunnableConfig, into: asyncio.Queue[BaseMessageChunk | None]) -> None:
    try:
        async for chunk in chain.astream(None, config):
            into.put_nowait(chunk)
    finally:
        into.put_nowait(None)


def _again(task: Task[Any], text: str, reason: Unreadable) -> list[BaseMessage]:
    """What is said to a model whose reply could not be read."""
    from langchain_core.messages import AIMessage, HumanMessage

    if task.plain or not text.strip():
        return []
    words = f"That reply cannot be used: {reason}. Write it again, whole: one JSON object and nothing else.\n{schema_in_words(task.output)}"
    return [AIMessage(text[:SHOWN_BACK_CHARACTERS]), HumanMessage(words)]


def _usage_in(told: dict[str, Any]) -> dict[str, Any]:
    """A usage as a service writes it, in LangChain's names; empty where it is none."""
    asked, written, details = told.get("prompt_tokens"), told.get("completion_tokens"), told.get("prompt_tokens_details")
    if not isinstance(asked, int) or not isinstance(written, int):
        return {}
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return {
        "input_tokens": asked,
        "output_tokens": written,
        "input_token_details": {"cache_read": cached} if isinstance(cached, int) else {},
    }


def _sum(usages: Sequence[dict[str, Any]], seconds: float) -> Usage:
    if not usages:
        return Usage(seconds=round(seconds, 3))
    cached = [u["input_token_details"]["cache_read"] for u in usages if "cache_read" in (u.get("input_token_details") or {})]
    return Usage(
        tokens_in=sum(u["input_tokens"] for u in usages),
        tokens_out=sum(u["output_tokens"] for u in usages),
        tokens_cached=sum(cached) if cached else None,
        seconds=round(seconds, 3),
    )
