"""The product against real model servers: llama.cpp with a small real model, and `transformers serve` where torch is. Run by `make interop`.

What is asked for holds whatever such a model writes: the wire, streaming, Stop, limits and faults work, and what a weak model cannot do is told
in plain words or done by the bank, by name. What it writes well or badly is not looked at.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any

import interop
import pytest
from conftest import question
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler

from assistant.critique import GradesSoFar, critique_answer
from assistant.engine import DoneEvent, PartialEvent, TextEvent
from assistant.errors import ContextTooLong, CutOff, UnusableReply
from assistant.provider import Capability, MemoryDict, ProviderEngine, check_endpoint
from assistant.provider.memory import recall, remember
from assistant.schema import Critique, Section, Span
from assistant.settings import Settings
from assistant.tasks import AdviceGrade, Advise, CoachReply, JudgeAnswer, NextTurn, SaidTurn, Task
from assistant.workspace import Workspace

pytestmark = [pytest.mark.sweep("interop"), pytest.mark.timeout(3600)]

ANSWER = "I would log the feature values the service used beside each decision, then replay them through both paths and compare them feature by feature."
ASKED = question()
CONTEXT = 4096
NONCE = "ab" * 8


def section(n: int) -> Section:
    text = f"Log the features that were served with decision {n}, so that training sees what the model saw, and compare both paths. " * 12
    return Section(
        id=f"skew/log{n}#why", document_id=f"skew/log{n}", source="notes", title="Skew", heading="Why log?", text=text, span=Span(start=0, end=len(text))
    )  # fmt: skip


JUDGE = JudgeAnswer(
    question=ASKED.text, level=4, criteria=ASKED.rubric.criteria, pitfalls=ASKED.rubric.pitfalls, answer=ANSWER, nonce=NONCE
)
ADVISE = Advise(
    question=ASKED.text, level=4, criteria=ASKED.rubric.criteria, answer=ANSWER, nonce=NONCE, sections=(section(1),),
    grades=tuple(AdviceGrade(criterion=c.id, verdict="missed") for c in ASKED.rubric.criteria),
)  # fmt: skip
TURN = NextTurn(
    question=ASKED.text, level=4, kind="debugging", criteria=ASKED.rubric.criteria, follow_ups=ASKED.follow_ups, nonce=NONCE,
    said=(SaidTurn(role="candidate", text=ANSWER),),
)  # fmt: skip
COACH = CoachReply(question="What has to be logged, and why?", sections=(section(1),), nonce=NONCE)


def _running(opened: AbstractContextManager[interop.Server]) -> Iterator[interop.Server]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(opened)
        except interop.CannotBeHad as reason:
            pytest.skip(str(reason))
        yield server


@pytest.fixture(scope="module")
def server() -> Iterator[interop.Server]:
    """llama.cpp's server, two requests side by side."""
    yield from _running(interop.llama(CONTEXT, slots=2))


@pytest.fixture(scope="module")
def schemaless() -> Iterator[interop.Server]:
    """A server that takes a JSON Schema and does not hold its model to it."""
    yield from _running(interop.transformers())


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], None]:
    """Prints one measured line."""

    def tell(what: str, found: str) -> None:
        with capsys.disabled():
            print(f"\n{what:44} {found}", end="", flush=True)

    return tell


def settings(home: Path, server: interop.Server, **more: Any) -> Settings:
    # A busy machine may take minutes to read a prompt; the product's own limits are what the faults' suite is for.
    patient = {"first_token_seconds": 1800, "idle_seconds": 600, "total_seconds": 3000}
    limits = {"context_tokens": CONTEXT, "output_tokens": 1024}
    return Settings.load(**{"home": home, "openai_base_url": server.url, "model": server.model, **patient, **limits, **more})


def engine(
    home: Path, server: interop.Server, memory: MemoryDict | None = None, callbacks: Sequence[BaseCallbackHandler] = (), **more: Any
) -> ProviderEngine:
    return ProviderEngine(settings(home, server, **more), b"secret", memory or MemoryDict(), callbacks)


def learnt(memory: MemoryDict, server: interop.Server) -> Capability:
    found = recall(memory, server.url, server.model)
    assert found is not None
    return found


def busy(server: interop.Server) -> int:
    """How many requests llama.cpp works on at this moment."""
    with urllib.request.urlopen(f"{server.url.removesuffix('/v1')}/slots", timeout=30) as response:
        return sum(slot["is_processing"] for slot in json.load(response))


@pytest.fixture
async def ws(home: Path, server: interop.Server) -> AsyncIterator[Workspace]:
    opened = await Workspace.open(settings(home, server))
    yield opened
    await opened.close()


async def streamed(asked: ProviderEngine, task: CoachReply = COACH) -> list[tuple[float, str]]:
    """The coach's words as they come, each with its second; a model that runs on to its limit is cut off, and told so."""
    began = time.monotonic()
    said: list[tuple[float, str]] = []
    with suppress(CutOff):
        async for event in asked.stream(task):
            if isinstance(event, TextEvent):
                said.append((time.monotonic() - began, event.text))
    return said


def words(said: list[tuple[float, str]]) -> str:
    return " ".join("".join(piece for _, piece in said).split())[:80]


async def done(ws: Workspace, resource: str) -> None:
    async for _ in ws.follow(resource):
        pass


async def words_of(ws: Workspace, talk_id: str) -> str:
    """The coach's reply as far as it stands, when it has begun."""
    async for _ in ws.follow(talk_id):
        turn = (await ws.conversation(talk_id)).turns[-1]
        if turn.text:
            return turn.text
    pytest.fail(f"the coach wrote nothing: {turn.error}")


# --- the wire -----------------------------------------------------------------------------------------------------------


async def test_the_endpoint_answers_its_test(tmp_path: Path, server: interop.Server, told: Callable[[str, str], None]):
    said = await check_endpoint(settings(tmp_path, server, model=None))
    assert f"“{interop.MODEL}” at 127.0.0.1 answered" in said
    told("Test", said)


@pytest.mark.parametrize("task", [JUDGE, ADVISE, TURN], ids=lambda t: t.name)
async def test_a_typed_answer_holds_its_schema_and_streams_before_it_is_whole(
    tmp_path: Path, server: interop.Server, task: Task[Any], told: Callable[[str, str], None]
):
    memory, began = MemoryDict(), time.monotonic()
    shown: list[float] = []
    async for event in engine(tmp_path, server, memory).stream(task):
        if isinstance(event, PartialEvent):
            shown.append(time.monotonic() - began)
        elif isinstance(event, DoneEvent):
            made = event.generation
    assert isinstance(made.value, task.output)
    assert made.provenance.model == interop.MODEL
    assert made.provenance.usage.tokens_in
    assert made.provenance.usage.tokens_out
    assert len(shown) > 5
    assert shown[0] < shown[-1]
    assert memory.kept == {} or learnt(memory, server).shape == "schema"
    if task is JUDGE:
        assert len(made.value.grades) == len(ASKED.rubric.criteria)
    usage = made.provenance.usage
    told(task.name, f"first words {shown[0]:.1f} s, last {shown[-1]:.1f} s; {usage.tokens_in} tokens in, {usage.tokens_out} out")


async def test_the_same_prompt_twice_reports_cached_tokens(tmp_path: Path, server: interop.Server, told: Callable[[str, str], None]):
    asked = engine(tmp_path, server)
    await asked.generate(JUDGE)
    usage = (await asked.generate(JUDGE)).provenance.usage
    assert usage.tokens_in
    assert usage.tokens_cached
    assert usage.tokens_cached >= 0.9 * usage.tokens_in
    told("the same prompt again", f"{usage.tokens_cached} of {usage.tokens_in} prompt tokens from the server's cache")


async def test_another_question_on_the_same_sources_begins_where_the_last_one_ended(
    tmp_path: Path, server: interop.Server, told: Callable[[str, str], None]
):
    # The usage is read by a handler: a reply that is cut off has none of its own.
    for asked in (COACH, COACH.model_copy(update={"question": "How do I compare both paths?", "nonce": "cd" * 8})):
        heard = UsageMetadataCallbackHandler()
        await streamed(engine(tmp_path, server, output_tokens=16, callbacks=[heard]), asked)
    usage = heard.usage_metadata[interop.MODEL]
    cached, tokens_in = usage["input_token_details"]["cache_read"], usage["input_tokens"]
    assert cached >= 0.6 * tokens_in
    told("another question, same sources", f"{cached} of {tokens_in} prompt tokens from the server's cache")


async def test_where_the_model_takes_no_tools_the_next_shape_is_found_and_remembered(tmp_path: Path, server: interop.Server):
    memory = MemoryDict()
    remember(memory, server.url, server.model, Capability(shape="tool"))
    with suppress(UnusableReply, CutOff):
        await engine(tmp_path, server, memory, output_tokens=300).generate(TURN)
    assert learnt(memory, server).shape in ("json", "text")


# --- the four flows -----------------------------------------------------------------------------------------------------


async def test_a_set_stands_whatever_the_model_writes_and_says_whose_each_question_is(ws: Workspace, told: Callable[[str, str], None]):
    ws.settings = ws.settings.model_copy(update={"output_tokens": 1536})
    made = await ws.start_set(minutes=10)
    assert [q.origin for q in made.questions] == ["bank"]
    await done(ws, made.id)
    made = await ws.question_set(made.id)
    failed = made.status == "failed"
    if failed:
        # A model that runs on to its limit: nothing takes its place until the candidate says so.
        assert made.error == str(CutOff())
        told("set", f"told: {made.error}")
        await ws.resume_set(made.id, "embedded")
        await done(ws, made.id)
        made = await ws.question_set(made.id)
    assert made.status == "complete"
    assert len(made.questions) == made.planned >= 2
    for asked in made.questions[1:]:
        assert asked.provenance.engine == ("model" if asked.origin == "model" else "embedded")
        assert asked.origin == "model" or failed or asked.provenance.note.startswith("The model's question was refused (")
        told("set", f"a question of origin {asked.origin}: {asked.provenance.note or asked.text[:80]}")


async def test_a_card_holds_only_what_stands_in_the_answer(ws: Workspace, told: Callable[[str, str], None]):
    made = await ws.start_set(minutes=5, count=1)
    attempt = await ws.submit(made.questions[0].id, ANSWER, "k")
    await done(ws, attempt.id)
    attempt = await ws.attempt(attempt.id)
    assert attempt.answer == ANSWER
    assert attempt.status == "complete", attempt.error
    card = attempt.critique
    assert card is not None
    assert (card.provenance.engine, card.provenance.model) == ("model", interop.MODEL)
    assert [g.criterion for g in card.grades] == [c.id for c in made.questions[0].rubric.criteria]
    quotes = [g.quote for g in card.grades if g.quote]
    assert all(ANSWER[q.start : q.end] == q.text for q in quotes)
    assert all(g.quote for g in card.grades if g.verdict in ("met", "partial"))
    assert card.advice is not None or card.advice_error
    told("card", f"band {card.band}, {len(quotes)} quotations, advice {'kept' if card.advice else 'told: ' + card.advice_error}")


async def test_the_interviewer_takes_a_turn_its_own_or_the_banks_by_name(ws: Workspace, told: Callable[[str, str], None]):
    held = await ws.start_interview(minutes=10)
    await ws.stop_set(held.set_id)
    await ws.say(held.id, ANSWER, "t1")
    await done(ws, held.id)
    turn = (await ws.interview(held.id)).turns[-1]
    assert (turn.role, turn.act, turn.status) == ("interviewer", "follow-up", "complete"), turn.error
    assert turn.provenance is not None
    assert (turn.provenance.engine == "embedded") == (
        turn.note == "The model's question did not fit your answer, so this one is from the question bank."
    )
    assert turn.quote
    assert turn.quote in turn.text
    assert turn.quote in ANSWER
    told("interviewer", f"{turn.provenance.engine}: {turn.text[:90]}")


async def test_the_coachs_words_arrive_as_they_are_written(tmp_path: Path, server: interop.Server, told: Callable[[str, str], None]):
    said = await streamed(engine(tmp_path, server, output_tokens=160))
    assert len(said) > 5
    (first, _), (last, _) = said[0], said[-1]
    assert first < last
    told("coach", f"first words {first:.1f} s, last {last:.1f} s: {words(said)}")


# --- Stop, limits, faults, two at once -----------------------------------------------------------------------------------


async def test_stop_ends_the_call_within_a_second_and_keeps_the_words(
    ws: Workspace, server: interop.Server, told: Callable[[str, str], None]
):
    talk = await ws.ask("What is point-in-time correctness?", "c")
    shown = await words_of(ws, talk.id)
    assert busy(server) == 1
    began = time.monotonic()
    turn = (await ws.stop_reply(talk.id)).turns[-1]
    stopped = time.monotonic() - began
    assert stopped < 1
    assert turn.status == "stopped"
    assert turn.text.startswith(shown.rstrip()[:20])
    for _ in range(500):
        if not busy(server):
            break
        await asyncio.sleep(0.02)
    freed = time.monotonic() - began
    assert busy(server) == 0
    told("Stop", f"ours {stopped:.2f} s, the server is free after {freed:.2f} s")


async def test_what_does_not_fit_the_servers_context_is_left_out_by_rank_and_told_and_remembered(
    home: Path, told: Callable[[str, str], None]
):
    with interop.llama(context=2048) as small:
        memory = MemoryDict()
        asked = engine(home, small, memory, context_tokens=8192, output_tokens=512)
        made = await asked.generate(JUDGE.model_copy(update={"sections": tuple(section(n) for n in range(8))}))
        assert made.provenance.note.endswith(" of 8 sources were left out to fit the model.")
        assert learnt(memory, small).context_tokens == 2048
        told("context of 2048", made.provenance.note)
        with pytest.raises(ContextTooLong):
            await asked.generate(JUDGE.model_copy(update={"answer": ANSWER * 60}))
        ws = await Workspace.open(settings(home, small, context_tokens=8192, output_tokens=512))
        made_set = await ws.start_set(minutes=5, count=1)
        attempt = await ws.submit(made_set.questions[0].id, ANSWER * 60, "k")
        await done(ws, attempt.id)
        attempt = await ws.attempt(attempt.id)
        assert (attempt.status, attempt.error) == ("failed", str(ContextTooLong()))
        assert attempt.answer == ANSWER * 60
        assert attempt.critique is None
        await ws.close()


async def test_a_server_killed_in_mid_answer_is_told_the_words_stay_and_a_retry_goes_on(home: Path, told: Callable[[str, str], None]):
    with interop.llama(CONTEXT) as first:
        ws = await Workspace.open(settings(home, first, output_tokens=256))
        talk = await ws.ask("What is point-in-time correctness?", "c")
        shown = await words_of(ws, talk.id)
        first.kill()
        began = time.monotonic()
        await done(ws, talk.id)
        noticed = time.monotonic() - began
        turn = (await ws.conversation(talk.id)).turns[-1]
        assert (turn.status, turn.error) == ("cut off", str(CutOff()))
        assert turn.text.startswith(shown.rstrip()[:20])
        assert noticed < 3
        told("killed in mid-answer", f"told after {noticed:.2f} s: {turn.error}")
        again = await ws.ask("What is label leakage?", "c2")
        await done(ws, again.id)
        failed = (await ws.conversation(again.id)).turns[-1]
        assert (failed.status, failed.error) == ("failed", "I cannot reach the model at this address. Is it running?")
        with interop.llama(CONTEXT, port=first.port):
            await ws.retry_reply(again.id)
            await done(ws, again.id)
            turn = (await ws.conversation(again.id)).turns[-1]
            assert turn.status == "complete" or (turn.status, turn.error) == ("cut off", str(CutOff()))
            assert turn.text
        await ws.close()


async def test_two_candidates_at_once_are_answered_side_by_side_and_see_nothing_of_each_other(
    home: Path, tmp_path: Path, server: interop.Server, told: Callable[[str, str], None]
):
    homes = [home, Path(shutil.copytree(home, tmp_path / "other"))]
    both = [await Workspace.open(settings(h, server, output_tokens=128)) for h in homes]
    questions = ["What is point-in-time correctness? My word is heliotrope.", "What is a cold start? My word is vermilion."]
    talks = [await ws.ask(q, "c") for ws, q in zip(both, questions, strict=True)]
    most, began = 0, time.monotonic()
    while any(ws.running(t.id) for ws, t in zip(both, talks, strict=True)):
        most = max(most, await asyncio.to_thread(busy, server))
        await asyncio.sleep(0.05)
    assert most == 2
    for ws, talk, mine, other in zip(both, talks, ("heliotrope", "vermilion"), ("vermilion", "heliotrope"), strict=True):
        asked, reply = (await ws.conversation(talk.id)).turns
        assert mine in asked.text
        assert reply.status in ("complete", "cut off")
        assert reply.text
        assert reply.status == "complete" or reply.error == str(CutOff())
        await ws.close()
        kept = b"".join(f.read_bytes() for f in ws.settings.home.rglob("*") if f.is_file())
        assert mine.encode() in kept
        assert other.encode() not in kept
    told("two candidates at once", f"{most} requests at one moment, both answered after {time.monotonic() - began:.1f} s")


# --- a server that takes the schema and ignores it -------------------------------------------------------------------------


async def test_prose_where_json_was_asked_is_told_in_plain_words_and_makes_no_card(
    tmp_path: Path, schemaless: interop.Server, told: Callable[[str, str], None]
):
    memory = MemoryDict()
    asked = engine(tmp_path, schemaless, memory, output_tokens=96)
    steps: list[GradesSoFar | Critique] = []

    async def card() -> None:
        async for step in critique_answer(ASKED, ANSWER, asked, nonce=NONCE):
            steps.append(step)

    with pytest.raises((UnusableReply, CutOff)) as error:
        await card()
    assert not [step for step in steps if isinstance(step, Critique)]
    told("transformers serve, judge_answer", f"told: {error.value}")
    assert isinstance(error.value, CutOff) or learnt(memory, schemaless).shape in ("json", "text")


async def test_and_plain_words_stream_from_it(tmp_path: Path, schemaless: interop.Server, told: Callable[[str, str], None]):
    said = await streamed(engine(tmp_path, schemaless, output_tokens=48))
    assert len(said) > 5
    assert said[0][0] < said[-1][0]
    told("transformers serve, coach_reply", words(said))
