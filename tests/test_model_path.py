"""The whole path on a model, over real HTTP: set, card, interview, coach; faults in plain words; a crash in mid-reply."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from provider_stub import ProviderStub, say, status

from assistant.settings import Settings
from assistant.workspace import Workspace

ANSWER = "I would log the feature values the service used beside each decision, then replay them through both paths and compare them feature by feature."


@pytest.fixture
def stub() -> Iterator[ProviderStub]:
    with ProviderStub() as running:
        yield running


def settings(home: Path, stub: ProviderStub, **more: Any) -> Settings:
    limits = {"first_token_seconds": 5, "idle_seconds": 2, "total_seconds": 20}
    return Settings.load(
        **{"home": home, "openai_base_url": stub.url, "model": "stub-model", "openai_api_key": "sk-canary-123", **limits, **more}
    )


@pytest.fixture
async def ws(home: Path, stub: ProviderStub) -> AsyncIterator[Workspace]:
    opened = await Workspace.open(settings(home, stub))
    yield opened
    await opened.close()


async def done(ws: Workspace, resource: str) -> None:
    async for _ in ws.follow(resource):
        pass


async def test_a_set_a_card_an_interview_and_the_coach_on_a_model(ws: Workspace, stub: ProviderStub):
    made = await ws.start_set(minutes=10)
    assert [q.origin for q in made.questions] == ["bank"]
    await done(ws, made.id)
    made = await ws.question_set(made.id)
    assert (made.status, [q.origin for q in made.questions]) == ("complete", ["bank", "model"])
    told = f"As I see it: {made.questions[1].rubric.criteria[0].text} {ANSWER}"
    attempt = await ws.submit(made.questions[1].id, told, "k")
    await done(ws, attempt.id)
    card = (await ws.attempt(attempt.id)).critique
    assert card is not None
    assert card.provenance.engine == "model"
    quotes = [g.quote for g in card.grades if g.quote]
    assert quotes
    assert all(told[q.start : q.end] == q.text for q in quotes)
    interview = await ws.start_interview(minutes=10)
    await ws.say(interview.id, ANSWER, "t1")
    await done(ws, interview.id)
    last = (await ws.interview(interview.id)).turns[-1]
    assert (last.act, last.status) == ("follow-up", "complete")
    assert last.quote is not None
    assert last.quote in last.text
    assert last.probes in {c.id for c in (await ws.interview(interview.id)).threads[0].question.rubric.criteria}
    await ws.end_interview(interview.id)
    await done(ws, interview.id)
    assert (await ws.interview(interview.id)).report is not None
    talk = await ws.ask("What is point-in-time correctness?", "c")
    await done(ws, talk.id)
    assert (await ws.conversation(talk.id)).turns[-1].citations
    assert (await ws.costs()).ever.calls == len(stub.chats) >= 6
    assert {s.json["model"] for s in stub.chats} == {"stub-model"}


async def test_a_fault_keeps_the_answer_and_a_retry_or_the_built_in_checker_by_name_goes_on(ws: Workspace, stub: ProviderStub):
    made = await ws.start_set(minutes=5, count=1)
    stub.queue(status(401, "bad key sk-canary-123"))
    attempt = await ws.submit(made.questions[0].id, ANSWER, "k")
    await done(ws, attempt.id)
    failed = await ws.attempt(attempt.id)
    assert (failed.status, failed.error) == ("failed", "The model service did not accept the key. Your answer is saved.")
    assert failed.answer == ANSWER
    assert failed.critique is None
    assert "Use built-in feedback" in failed.error_buttons
    await ws.recheck(attempt.id, "embedded")
    await done(ws, attempt.id)
    card = await ws.attempt(attempt.id)
    assert card.critique is not None
    assert card.critique.provenance.engine == "embedded"
    again = await ws.submit(made.questions[0].id, ANSWER + " Then I would name an owner.", "k2")
    await done(ws, again.id)
    assert (await ws.attempt(again.id)).critique is not None
    words = b"".join(f.read_bytes() for f in ws.settings.home.rglob("*") if f.is_file() and f.name != "settings.json")
    assert b"sk-canary-123" not in words


async def test_fluent_prose_where_json_was_asked_ends_in_plain_words_not_in_a_card(ws: Workspace, stub: ProviderStub):
    made = await ws.start_set(minutes=5, count=1)
    stub.queue(say("What a wonderful answer! You clearly know your subject."), times=12)
    attempt = await ws.submit(made.questions[0].id, ANSWER, "k")
    await done(ws, attempt.id)
    failed = await ws.attempt(attempt.id)
    assert failed.error == "The model's feedback did not make sense, so I did not show it."
    assert failed.critique is None


async def test_twenty_tokens_and_a_stall_are_in_the_store_meanwhile_and_stop_keeps_them(home: Path, stub: ProviderStub):
    ws = await Workspace.open(settings(home, stub, idle_seconds=30))
    interview = await ws.start_interview(minutes=10)
    words = "You would “log the feature values” beside each decision. " + "Tell me how that would look on an ordinary Monday in the " * 2
    pieces = json.dumps(
        {"quote": "log the feature values", "probes": interview.threads[0].question.rubric.criteria[0].id, "text": words}
    ).split(" ")
    stub.queue(say(" ".join(pieces), pieces=tuple(p + " " for p in pieces), hold_after=20))
    await ws.say(interview.id, ANSWER, "t1")
    for _ in range(150):
        last = (await ws.interview(interview.id)).turns[-1]
        if last.role == "interviewer" and last.status == "partial" and "beside" in last.text:
            break
        await asyncio.sleep(0.05)
    assert last.text.startswith("You would “log the feature values”")
    began = asyncio.get_running_loop().time()
    stopped = (await ws.stop_turn(interview.id)).turns[-1]
    assert asyncio.get_running_loop().time() - began < 1
    assert stopped.status == "stopped"
    assert stopped.text.startswith(last.text)
    for _ in range(40):
        if stub.under_way == 0:
            break
        await asyncio.sleep(0.05)
    assert stub.under_way == 0
    await ws.retry_turn(interview.id)
    await done(ws, interview.id)
    after = await ws.interview(interview.id)
    assert after.turns[-1].status == "complete"
    assert after.turns[-1].id == stopped.id
    await ws.close()


async def test_words_do_not_leave_the_machine_before_the_candidate_agreed(home: Path, stub: ProviderStub):
    """The stub answers under a name that is not loopback's: to us it is another computer."""
    ws = await Workspace.open(settings(home, stub, openai_base_url="https://models.example.com/v1"))
    made = await ws.start_set(minutes=5, count=1)
    attempt = await ws.submit(made.questions[0].id, ANSWER, "k")
    await done(ws, attempt.id)
    failed = await ws.attempt(attempt.id)
    assert "models.example.com" in failed.error
    assert failed.error_buttons[0] == "Send it there"
    assert stub.requests == []
    assert (await ws.give_consent()).consented
    await ws.close()


KILLED = """
import asyncio, sys
from pathlib import Path
from assistant.settings import Settings, quiet
quiet()
from assistant.workspace import Workspace

async def main(home, url, answer):
    ws = await Workspace.open(Settings.load(home=Path(home), openai_base_url=url, model="stub-model", idle_seconds=60, first_token_seconds=60))
    interview = await ws.start_interview(minutes=10)
    print(interview.id, flush=True)
    await ws.say(interview.id, answer, "t1")
    while True:
        last = (await ws.interview(interview.id)).turns[-1]
        if last.status == "partial":
            print(last.text, flush=True)
            await asyncio.sleep(60)
        await asyncio.sleep(0.02)

asyncio.run(main(*sys.argv[1:]))
"""


def test_kill_dash_nine_in_mid_reply_shows_the_same_transcript_marked_cut_off_and_a_retry_works(home: Path, stub: ProviderStub):
    pieces = json.dumps(
        {"quote": "log the feature values", "probes": "x", "text": "You would “log the feature values” and then what happens to it?"}
    ).split(" ")
    stub.queue(say("", pieces=tuple(p + " " for p in pieces), hold_after=14))
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(home), stub.url, ANSWER], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert child.stdout is not None
    interview_id, shown = child.stdout.readline().strip(), child.stdout.readline().strip()
    child.send_signal(signal.SIGKILL)
    child.stdout.close()
    child.wait()

    async def after() -> None:
        ws = await Workspace.open(settings(home, stub))
        interview = await ws.interview(interview_id)
        assert [t.role for t in interview.turns] == ["interviewer", "interviewer", "candidate", "interviewer"]
        assert interview.turns[2].text == ANSWER
        last = interview.turns[-1]
        assert last.status == "cut off"
        assert last.text.startswith(shown)
        assert last.error == "The reply was cut off. What arrived is kept above."
        await ws.retry_turn(interview_id)
        await done(ws, interview_id)
        assert (await ws.interview(interview_id)).turns[-1].status == "complete"
        assert len((await ws.interview(interview_id)).turns) == 4
        await ws.close()

    asyncio.run(after())
