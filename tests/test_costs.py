"""What the model has cost: each call written down, whatever became of it, and a day's ceiling that stops politely, over real HTTP."""

from __future__ import annotations

import asyncio
import doctest
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from provider_stub import HANG, STALL, ProviderStub, say, status
from test_cli import ANSWER as LINE
from test_cli import run

import assistant.schema.model
import assistant.ui.costs
from assistant.errors import InputError
from assistant.schema import Call, Price, Spent, Usage, midnight
from assistant.settings import Settings
from assistant.workspace import Workspace

ANSWER = "I would log the feature values the service used beside each decision, then replay them through both paths and compare them feature by feature."
CALL_TOKENS = 150
"""What the scripted server reports for each of its answers: 120 in, 64 of them cached, 30 out."""
REACHED = "Today's ceiling of 1,000 tokens is reached, so I did not ask the model. Nothing is lost. It is free again after midnight, or when you raise it in Settings."
WAYS = ("Use built-in feedback", "Settings")


@pytest.fixture
def stub() -> Iterator[ProviderStub]:
    with ProviderStub() as running:
        yield running


def settings(home: Path, stub: ProviderStub, **more: Any) -> Settings:
    given = {"openai_base_url": stub.url, "model": "m", "first_token_seconds": 20, "idle_seconds": 20, "total_seconds": 60, "retries": 0}
    return Settings.load(**{"home": home, **given, **more})


@pytest.fixture
async def ws(home: Path, stub: ProviderStub) -> AsyncIterator[Workspace]:
    opened = await Workspace.open(settings(home, stub))
    yield opened
    await opened.close()


async def done(ws: Workspace, resource: str) -> None:
    async for _ in ws.follow(resource):
        pass


async def one_question(ws: Workspace) -> tuple[str, str]:
    """A set of one question from the bank, which costs nothing: its id and the question's."""
    made = await ws.start_set(minutes=5, count=1)
    return made.id, made.questions[0].id


def used_up(ws: Workspace, tokens: int) -> None:
    """As if so much had been used earlier today."""
    ws.store.add_call(Call(task="advise", resource_id="", model="m", usage=Usage(tokens_in=tokens, tokens_out=0), at=datetime.now(UTC)))


def test_the_sums_by_their_examples() -> None:
    assert doctest.testmod(assistant.schema.model).failed == 0
    assert doctest.testmod(assistant.ui.costs).failed == 0
    dear = Price(tokens_in=10, tokens_out=20)
    parts = (
        Spent(model="dear", calls=2, usage=Usage(tokens_in=500_000, tokens_cached=100_000, seconds=1)),
        Spent(model="free", calls=3, silent=1, usage=Usage(tokens_out=7, seconds=2)),
    )
    both = Spent.of(parts, {"dear": dear})
    assert both == Spent(
        calls=5, silent=1, usage=Usage(tokens_in=500_000, tokens_out=7, tokens_cached=100_000, seconds=3), money=5.0, unpriced=3
    )
    assert Spent.of(parts, {}).money is None
    assert Spent.of((), {"dear": dear}) == Spent()


# --- written down --------------------------------------------------------------------------------------------------------


async def test_every_call_is_written_down_and_each_flow_stops_at_the_ceiling_and_goes_on_built_in(
    ws: Workspace, stub: ProviderStub
) -> None:
    set_id, question = await one_question(ws)
    attempt = await ws.submit(question, ANSWER, "k")
    await done(ws, attempt.id)
    meeting = await ws.start_interview(minutes=10)
    await done(ws, meeting.set_id)
    await ws.say(meeting.id, ANSWER, "t")
    await done(ws, meeting.id)
    talk = await ws.ask("What is point-in-time correctness?", "c")
    await done(ws, talk.id)
    costs = await ws.costs()
    assert [c.task for c in reversed(costs.calls)] == [s.task for s in stub.chats]
    assert {"write_question", "judge_answer", "advise", "next_turn", "coach_reply"} == {c.task for c in costs.calls}
    assert {c.usage.model_copy(update={"seconds": 0.0}) for c in costs.calls} == {Usage(tokens_in=120, tokens_out=30, tokens_cached=64)}
    assert costs.ever.calls == costs.today.calls == len(stub.chats)
    assert [(s.kind, s.id) for s in costs.sessions] == [("coach", talk.id), ("interview", meeting.id), ("set", set_id)]
    assert sum(s.spent.calls for s in costs.sessions) == len(stub.chats)
    assert (await ws.session_cost(set_id)).spent == costs.sessions[2].spent
    card = (await ws.attempt(attempt.id)).critique
    assert card is not None
    assert card.provenance.usage.tokens_cached == 64
    await ws.delete_set(set_id)
    ws.store.purge(datetime.now(UTC) + timedelta(hours=2))
    assert [s.kind for s in (await ws.costs()).sessions] == ["coach", "interview", "other"]

    so_far = len(stub.chats)
    used_up(ws, 1_000)
    await ws.set_costs(daily_tokens=1_000)

    made = await ws.start_set(minutes=10)
    await done(ws, made.id)
    made = await ws.question_set(made.id)
    assert (made.status, made.error, made.error_buttons, len(made.questions)) == ("failed", REACHED, WAYS, 1)
    await ws.resume_set(made.id, "embedded")
    await done(ws, made.id)
    assert (await ws.question_set(made.id)).status == "complete"

    meeting = await ws.start_interview(minutes=5)
    await done(ws, meeting.set_id)
    await ws.say(meeting.id, ANSWER, "t")
    await done(ws, meeting.id)
    *_, said, last = (await ws.interview(meeting.id)).turns
    assert (said.text, last.status, last.error, last.error_buttons) == (ANSWER, "failed", REACHED, WAYS)
    await ws.retry_turn(meeting.id, "embedded")
    await done(ws, meeting.id)
    assert (await ws.interview(meeting.id)).turns[-1].status == "complete"
    await ws.end_interview(meeting.id)
    await done(ws, meeting.id)
    assert ((await ws.interview(meeting.id)).error, (await ws.interview(meeting.id)).error_buttons) == (REACHED, WAYS)
    await ws.end_interview(meeting.id, "embedded")
    await done(ws, meeting.id)
    assert (await ws.interview(meeting.id)).report is not None

    await ws.ask("Why does it matter?", "c2", conversation_id=talk.id)
    await done(ws, talk.id)
    *_, asked, last = (await ws.conversation(talk.id)).turns
    assert (asked.text, last.status, last.error, last.error_buttons) == ("Why does it matter?", "failed", REACHED, WAYS)
    await ws.retry_reply(talk.id, "embedded")
    await done(ws, talk.id)
    assert (await ws.conversation(talk.id)).turns[-1].status == "complete"
    assert len(stub.chats) == so_far


async def test_a_call_that_failed_keeps_what_was_reported_and_one_that_never_came_about_is_no_call(
    ws: Workspace, stub: ProviderStub
) -> None:
    set_id, question = await one_question(ws)

    async def after(*scripts: Any, answer: str) -> list[tuple[str, int | None]]:
        stub.queue(*scripts)
        before = (await ws.costs()).ever.calls
        attempt = await ws.submit(question, answer, answer)
        await done(ws, attempt.id)
        assert (await ws.attempt(attempt.id)).status == "failed"
        costs = await ws.costs()
        new = costs.calls[: costs.ever.calls - before]
        assert {c.resource_id for c in new} <= {set_id}
        return [(c.task, c.usage.tokens_in) for c in new]

    judged = ("judge_answer", 120)
    assert await after(say("Fluent prose."), say("More of it."), answer="one") == [judged, judged]
    assert await after(say("One two", finish="length"), answer="two") == [judged]
    assert await after(say("", refusal="I cannot."), answer="three") == [judged]
    assert await after(say("One two three", drop_after=2), answer="four") == [("judge_answer", None)]
    assert await after(status(401), answer="five") == []
    assert await after(status(500), answer="six") == []
    spent = (await ws.session_cost(set_id)).spent
    assert (spent.calls, spent.silent, spent.tokens) == (5, 1, 4 * CALL_TOKENS)
    await ws.set_model("http://127.0.0.1:9/v1", model="m")
    assert await after(answer="seven") == []


@pytest.mark.parametrize("script", [HANG, STALL], ids=["before a word", "in the middle"])
async def test_a_call_that_was_stopped_is_counted_as_one_nobody_knows_the_tokens_of(ws: Workspace, stub: ProviderStub, script: Any) -> None:
    _, question = await one_question(ws)
    stub.queue(script)
    attempt = await ws.submit(question, ANSWER, "k")
    for _ in range(500):
        if stub.chats:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    await ws.stop_check(attempt.id)
    costs = await ws.costs()
    assert (costs.ever.calls, costs.ever.silent, costs.ever.usage.tokens_in) == (1, 1, None)


# --- the ceiling ---------------------------------------------------------------------------------------------------------


async def test_a_card_stops_before_the_call_and_the_built_in_way_goes_on(ws: Workspace, stub: ProviderStub) -> None:
    await ws.set_costs(daily_tokens=1_000)
    _, question = await one_question(ws)
    used_up(ws, 1_000)
    attempt = await ws.submit(question, ANSWER, "k")
    await done(ws, attempt.id)
    stopped = await ws.attempt(attempt.id)
    assert (stopped.status, stopped.answer, stopped.error, stopped.error_buttons) == ("failed", ANSWER, REACHED, WAYS)
    assert stub.requests == []
    await ws.recheck(attempt.id, "embedded")
    await done(ws, attempt.id)
    card = (await ws.attempt(attempt.id)).critique
    assert card is not None
    assert card.provenance.engine == "embedded"
    # Raised, it asks again.
    await ws.set_costs(daily_tokens=5_000)
    again = await ws.submit(question, ANSWER + " And more.", "k2")
    await done(ws, again.id)
    assert (await ws.attempt(again.id)).status == "complete"


async def test_what_was_begun_under_the_ceiling_is_finished_and_yesterday_does_not_count(ws: Workspace, stub: ProviderStub) -> None:
    await ws.set_costs(daily_tokens=100)
    before = midnight(datetime.now(UTC)) - timedelta(seconds=1)
    ws.store.add_call(Call(task="advise", resource_id="", model="m", usage=Usage(tokens_in=1_000_000), at=before))
    _, question = await one_question(ws)
    attempt = await ws.submit(question, ANSWER, "k")
    await done(ws, attempt.id)
    card = (await ws.attempt(attempt.id)).critique
    assert card is not None
    assert (card.advice_error, [s.task for s in stub.chats]) == ("", ["judge_answer", "advise"])
    next_one = await ws.submit(question, ANSWER + " More.", "k2")
    await done(ws, next_one.id)
    assert "ceiling of 100 tokens" in (await ws.attempt(next_one.id)).error
    assert len(stub.chats) == 2


async def test_a_call_that_waited_behind_another_sees_what_that_one_used(home: Path, stub: ProviderStub) -> None:
    ws = await Workspace.open(settings(home, stub, daily_tokens=100, calls_at_once=1))
    _, question = await one_question(ws)
    stub.queue(say("Fluent prose.", before=0.4), say("More of it."))
    attempts = [await ws.submit(question, f"{ANSWER} {n}", str(n)) for n in range(3)]
    await asyncio.gather(*(done(ws, a.id) for a in attempts))
    errors = [(await ws.attempt(a.id)).error for a in attempts]
    assert sum("ceiling" in e for e in errors) == 2
    assert len(stub.chats) == 2
    await ws.close()


async def test_a_price_turns_tokens_into_money_and_money_has_its_ceiling(ws: Workspace, stub: ProviderStub) -> None:
    used_up(ws, 500_000)
    costs = await ws.set_costs(price_in=2, price_cached=0.5, price_out=8, currency="EUR")
    assert (costs.model, costs.ever.money, costs.prices.currency) == ("m", 1.0, "EUR")
    assert Settings.load(home=ws.settings.home).prices == {"m": Price(tokens_in=2, tokens_cached=0.5, tokens_out=8)}
    await ws.set_costs(daily_money=1.5, price_in=2, price_cached=0.5, price_out=8, currency="EUR")
    _, question = await one_question(ws)
    attempt = await ws.submit(question, ANSWER, "k")
    await done(ws, attempt.id)
    spent = (await ws.session_cost((await ws.question(question)).set_id)).spent
    assert spent.money == pytest.approx(2 * (56 * 2 + 64 * 0.5 + 30 * 8) / 1e6)
    used_up(ws, 250_000)
    later = await ws.submit(question, ANSWER + " More.", "k2")
    await done(ws, later.id)
    assert "Today's ceiling of EUR 1.50 is reached" in (await ws.attempt(later.id)).error
    # Another model has no price: its calls count in tokens only.
    await ws.set_model(stub.url, model="other")
    costs = await ws.costs()
    assert (costs.model, costs.prices.by_model.keys()) == ("other", {"m"})
    gone = await ws.set_model(stub.url, model="m")
    assert gone.model == "m"
    assert (await ws.set_costs()).today.money is None
    assert ws.settings.daily_money is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"price_in": 1}, "two numbers"),
        ({"price_cached": 1}, "two numbers"),
        ({"price_in": -1, "price_out": 1}, "not below nothing"),
        ({"daily_tokens": 0}, "more than nothing"),
        ({"daily_money": 1}, "needs the model's price too"),
    ],
    ids=["half a price", "cached alone", "negative", "no tokens", "money without a price"],
)
async def test_a_ceiling_or_price_that_cannot_be_is_refused_in_words(ws: Workspace, given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        await ws.set_costs(**given)
    assert not (ws.settings.home / "settings.json").exists()


async def test_a_model_whose_name_nobody_set_has_the_price_of_the_one_that_answered(home: Path, stub: ProviderStub) -> None:
    ws = await Workspace.open(settings(home, stub, model=None))
    with pytest.raises(InputError, match="Which model"):
        await ws.set_costs(price_in=1, price_out=1)
    attempt = await ws.submit((await one_question(ws))[1], ANSWER, "k")
    await done(ws, attempt.id)
    assert (await ws.set_costs(price_in=1, price_out=1)).model == "stub-model"
    await ws.close()


# --- the same, typed -----------------------------------------------------------------------------------------------------


def kept(home: Path, **values: Any) -> Path:
    (home / "settings.json").write_text(json.dumps(values), encoding="utf-8")
    return home


def test_model_list_and_model_test_are_typed_too(home: Path, stub: ProviderStub) -> None:
    port = int(stub.url.rpartition(":")[2].removesuffix("/v1"))
    kept(home, local_servers={port: "Ollama", 9: "Nobody"}, look_seconds=20, openai_base_url=stub.url, model="m")
    listed = run("model", "list", home=home).stdout
    assert f"Ollama  http://127.0.0.1:{port}/v1\n  stub-model\n" in listed
    assert "OLLAMA_CONTEXT_LENGTH=8192 ollama serve" in listed
    found = json.loads(run("model", "list", "--json", home=home).stdout)
    assert found["version"] == 1
    assert found["looked_at"] == [f"Ollama ({port})", "Nobody (9)"]
    (server,) = found["found"]
    assert (server["name"], server["base_url"], server["models"]) == ("Ollama", f"http://127.0.0.1:{port}/v1", ["stub-model"])
    stub.queue(status(401))
    told = json.loads(run("model", "test", "--json", home=home, code=1).stdout)
    assert told == {
        "version": 1, "ok": False, "tried": f"I asked “m” at {stub.url} for one word.", "came_back": "It wants a key, and none is set (401).",
        "to_do": "Type the key you got from the service.",
    }  # fmt: skip


def test_answers_checked_from_a_file_count_with_the_rest(home: Path, stub: ProviderStub, tmp_path: Path) -> None:
    """Three cards of two calls: 250 tokens were used before, so that the second card would begin above the ceiling of 500."""
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps({**LINE, "id": str(n)}) for n in range(3)), encoding="utf-8")
    kept(home, openai_base_url=stub.url, model="m", daily_tokens=500)

    async def opened(work: Callable[[Workspace], Any]) -> Any:
        ws = await Workspace.open(Settings.load(home=home))
        try:
            return work(ws)
        finally:
            await ws.close()

    asyncio.run(opened(lambda ws: used_up(ws, 250)))
    run("critique", "--in", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out.jsonl"), home=home)
    cards = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [c["error"] is None for c in cards] == [True, False, False]
    assert "Today's ceiling of 500 tokens is reached" in cards[1]["error"]
    assert len(stub.chats) == 2
    assert [(s.calls, s.tokens) for s in asyncio.run(opened(lambda ws: ws.store.spent()))] == [(3, 250 + 2 * CALL_TOKENS)]
