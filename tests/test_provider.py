"""The provider room over real HTTP: typed and streamed answers, every fault in its own words, and nothing that leaks or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time

import pytest
from provider_stub import HANG, SILENCE, STALL, ProviderStub, Script, give, gzip_bomb, raw, redirect, say, status
from pydantic import SecretStr

from assistant.engine import DoneEvent, PartialEvent, RestartEvent, TextEvent, WaitEvent
from assistant.errors import (
    ConsentNeeded,
    ContextTooLong,
    CutOff,
    KeyRefused,
    ModelBusy,
    ModelError,
    ModelNotFound,
    ModelServerError,
    ModelTimeout,
    ModelUnreachable,
    OutOfCredit,
    Refused,
    UnusableReply,
)
from assistant.provider import Capability, MemoryDict, ProviderEngine
from assistant.provider.reply import read, read_partly
from assistant.schema import Criterion, FollowUp, Section, Span
from assistant.settings import Settings
from assistant.tasks import AdviceGrade, Advise, CoachReply, JudgeAnswer, Judgement, NextTurn, SaidTurn, Task, WriteQuestion
from assistant.text import find_quote

CANARY = "sk-canary-4f1b"
ANSWER = "We log the served feature values with their times. Every night a job recomputes a sample offline. If one differs by 1% the owner is paged."
CRITERIA = (
    Criterion(id="log", text="Logs the served feature values with their times", points=3, essential=True),
    Criterion(id="owner", text="Names who carries out a rollback and by which rule", points=2),
)


def section(name: str, text: str = "Log the features that were served, so that training sees what the model saw.") -> Section:
    return Section(
        id=f"skew/{name}#why",
        document_id=f"skew/{name}",
        source="notes",
        title="Skew",
        heading="Why log?",
        text=text,
        span=Span(start=0, end=len(text)),
    )


JUDGE = JudgeAnswer(
    question="How do you find skew?", level=4, criteria=CRITERIA, pitfalls=(), sections=(section("logging"),), answer=ANSWER, nonce="ab" * 8
)
COACH = CoachReply(question="Which features should be served to training?", sections=(section("logging"),), nonce="ab" * 8)
WRITE = WriteQuestion(
    company="Acme",
    title="Staff MLE",
    requirement_id="r",
    phrase="parity",
    sentence="Own parity.",
    topics=("skew",),
    kind="depth",
    level=4,
    minutes=6,
    sections=(section("logging"),),
)
ASK = NextTurn(
    question="How?",
    level=4,
    kind="depth",
    criteria=CRITERIA,
    follow_ups=(FollowUp(text="Who acts on it?", probes="owner"),),
    said=(SaidTurn(role="candidate", text=ANSWER),),
    nonce="ab" * 8,
)
ADVISE = Advise(
    question="How?",
    level=4,
    criteria=CRITERIA,
    grades=(
        AdviceGrade(criterion="log", verdict="met", quote="We log the served feature values"),
        AdviceGrade(criterion="owner", verdict="missed"),
    ),
    sections=(section("logging"),),
    answer=ANSWER,
)
VERDICT = {"grades": [{"criterion": "log", "quote": "We log", "verdict": "met", "reason": "It says so."}], "pitfalls": []}


@pytest.fixture
def stub():
    with ProviderStub() as server:
        yield server


@pytest.fixture
def make(stub, tmp_path):
    def engine(memory: MemoryDict | None = None, **changes) -> ProviderEngine:
        given = {
            "home": tmp_path, "openai_base_url": stub.url, "model": "m", "openai_api_key": SecretStr(CANARY), "connect_seconds": 0.5,
            "first_token_seconds": 30, "idle_seconds": 30, "total_seconds": 90, "retries": 0, "calls_at_once": 8,
        }  # fmt: skip
        return ProviderEngine(Settings(**{**given, **changes}), b"secret", memory or MemoryDict())

    return engine


async def events_of(engine: ProviderEngine, task: Task) -> list:
    return [event async for event in engine.stream(task)]


# --- answers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", [WRITE, JUDGE, ADVISE, ASK, COACH], ids=lambda t: t.name)
async def test_every_task_is_answered_with_its_provenance(stub, make, task):
    made = await make().generate(task)
    assert isinstance(made.value, task.output)
    assert (made.provenance.engine, made.provenance.model) == ("model", "m")
    assert made.provenance.prompt.startswith(f"{task.name}@")
    assert (made.provenance.usage.tokens_in, made.provenance.usage.tokens_out, made.provenance.usage.tokens_cached) == (120, 30, 64)
    assert made.provenance.usage.seconds > 0
    assert made.raw
    assert len(stub.chats) == 1


async def test_the_stub_answers_from_the_request_itself(stub, make):
    engine = make()
    judged = (await engine.generate(JUDGE)).value
    assert [g.criterion for g in judged.grades] == ["log", "owner"]
    assert find_quote(judged.grades[0].quote, ANSWER)
    assert judged.grades[0].verdict == "met"
    turn = (await engine.generate(ASK)).value
    assert f'"{turn.quote}"' in turn.text
    assert find_quote(turn.quote, ANSWER)
    advice = (await engine.generate(ADVISE)).value
    assert advice.fix is not None
    assert advice.fix.criterion == "owner"
    assert "[1]" in (await engine.generate(COACH)).value.text


async def test_what_is_asked_on_the_wire(stub, make):
    await make().generate(JUDGE)
    seen = stub.chats[0]
    assert seen.json["stream"] is True
    assert seen.json["stream_options"] == {"include_usage": True}
    assert seen.json["max_tokens"] == 2048
    assert seen.json["temperature"] == 0.0
    assert seen.json["model"] == "m"
    assert seen.headers["authorization"] == f"Bearer {CANARY}"
    assert seen.headers["accept-encoding"] == "identity"
    asked = seen.json["response_format"]["json_schema"]
    assert asked["strict"] is True
    assert "$ref" not in json.dumps(asked)
    assert not {"credit", "standing", "remark"} & set(json.dumps(asked["schema"]).replace('"', " ").split())

    def check(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert node["required"] == list(node["properties"])
            for value in node.values():
                check(value)

    check(asked["schema"])
    await make().generate(COACH)
    assert "response_format" not in stub.chats[1].json
    assert "temperature" not in stub.chats[1].json


async def test_the_stable_part_of_a_prompt_is_the_same_in_two_calls(stub, make):
    engine = make()
    await engine.generate(JUDGE)
    await engine.generate(JUDGE.model_copy(update={"answer": "I would ask around.", "nonce": "cd" * 8}))
    first, second = (r.json["messages"] for r in stub.chats)
    assert first[0] == second[0]
    same = next(i for i, (a, b) in enumerate(zip(first[1]["content"], second[1]["content"], strict=False)) if a != b)
    assert first[1]["content"][:same].endswith("[[answer ")


async def test_plain_text_streams_as_it_is_written(stub, make):
    stub.queue(say("Log what was served [1]. Then compare.", delay=0.05))
    began, first = time.monotonic(), None
    events = []
    async for event in make().stream(COACH):
        first = first or (time.monotonic() - began)
        events.append(event)
    texts = [e.text for e in events if isinstance(e, TextEvent)]
    assert len(texts) == 7
    assert "".join(texts) == events[-1].generation.value.text == "Log what was served [1]. Then compare."
    assert isinstance(events[-1], DoneEvent)


async def test_typed_answers_stream_as_growing_partials(stub, make):
    stub.queue(give(VERDICT))
    events = await events_of(make(), JUDGE)
    partials = [e.value for e in events if isinstance(e, PartialEvent)]
    assert len(partials) > 5
    assert partials[0] != partials[-1]
    assert partials[-1]["grades"][0]["criterion"] == "log"
    assert [len(json.dumps(p)) for p in partials] == sorted(len(json.dumps(p)) for p in partials)
    assert events[-1].generation.value.model_dump(include={"grades"})["grades"][0]["verdict"] == "met"


async def test_twenty_tokens_are_there_while_the_server_stalls(stub, make):
    stub.queue(STALL)
    texts: list[str] = []

    async def follow() -> None:
        async for event in make(idle_seconds=0.4).stream(COACH):
            texts.append(event.text)

    with pytest.raises(ModelTimeout) as told:
        await follow()
    assert "".join(texts).split() == [f"word{n}" for n in range(1, 21)]
    assert told.value.seconds == 0.4


async def test_thoughts_written_before_an_answer_are_neither_shown_nor_read(stub, make):
    stub.queue(say('<think>The answer is {"grades": 1}.</think>\n\nLog it [1].'), say("<think>{}</think>" + json.dumps(VERDICT)))
    events = await events_of(make(), COACH)
    assert "".join(e.text for e in events if isinstance(e, TextEvent)) == "Log it [1]."
    assert events[-1].generation.value.text == "Log it [1]."
    assert (await make().generate(JUDGE)).value.grades[0].quote == "We log"


# --- reading: certain or refused -----------------------------------------------------------------------------------------

GRADE = VERDICT["grades"][0]
TEXT = json.dumps(VERDICT)


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{TEXT}\n```",
        f"Here is the result:\n{TEXT}\nI hope this helps!",
        TEXT.replace("}]", "},]").replace("[]}", "[],}"),
        TEXT.replace("It says so.", "It says\nso."),
        f"{TEXT}\n{TEXT}",
        json.dumps({**VERDICT, "score": 99, "standing": "another language", "remark": "x", "grades": [{**GRADE, "credit": 1.0, "band": 4}]}),
        TEXT.replace('"quote": "We log"', '"quote": "We log", "quote": "We log"'),
    ],
    ids=["fences", "prose around", "trailing commas", "raw line end in a string", "the same twice", "extra and hidden fields", "a key twice, same"],
)  # fmt: skip
async def test_read_where_the_meaning_is_certain(stub, make, text):
    stub.queue(say(text))
    made = (await make().generate(JUDGE)).value
    assert [(g.criterion, g.quote, g.verdict, g.credit) for g in made.grades] == [("log", "We log", "met", None)]
    assert (made.standing, made.remark) == ("graded", "")
    assert len(stub.chats) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n \n", "empty"),
        ("The answer is quite good, in my view.", "no complete JSON object"),
        (TEXT[:-2], "no complete JSON object|grades"),
        (TEXT.replace('"met"', "NaN"), "NaN is not a number"),
        (TEXT.replace('"verdict": "met"', '"verdict": "met", "verdict": "missed"'), "stands twice"),
        (TEXT + json.dumps({"grades": [], "pitfalls": []}), "more than one"),
        (TEXT.replace('"met"', '"excellent"'), "verdict"),
        (TEXT.replace('"met"', "null"), "verdict"),
        (TEXT.replace('"quote": "We log", ', ""), "quote"),
        ('{"grades": "all met"}', "grades"),
        ("[" + TEXT.replace("{", "[").replace("}", "]") + "]", "no complete"),
        ('{"grades": ' + "[" * 100_000, "nested too deeply|no complete"),
        ("{" * 100_000, "no complete|nested"),
    ],
    ids=["empty", "blank", "prose", "unfinished", "NaN", "a key twice, two values", "two objects", "wrong word", "null", "field missing", "wrong shape", "no object", "deep", "braces"],
)  # fmt: skip
async def test_refused_where_it_is_not_and_asked_again_once_with_the_reason(stub, make, text, reason):
    stub.queue(say(text, pieces=(text,)), say(TEXT))
    began = time.monotonic()
    events = await events_of(make(), JUDGE)
    restarts = [e for e in events if isinstance(e, RestartEvent)]
    assert len(restarts) == 1
    assert re.search(reason, restarts[0].reason)
    assert events[-1].generation.value.grades[0].quote == "We log"
    assert events[-1].generation.provenance.usage.tokens_in == 240
    assert len(stub.chats) == 2
    if text.strip():
        assert restarts[0].reason in stub.chats[1].json["messages"][-1]["content"]
        assert "JSON Schema" in stub.chats[1].json["messages"][-1]["content"]
    assert time.monotonic() - began < 20


async def test_a_second_unreadable_reply_is_an_error_and_keeps_the_text_for_the_log_only(stub, make):
    stub.queue(say("I like it."), say("I said I like it."))
    with pytest.raises(UnusableReply) as told:
        await make().generate(JUDGE)
    assert str(told.value) == "The model's feedback did not make sense, so I did not show it."
    assert told.value.raw == "I said I like it."
    assert len(stub.chats) == 2


async def test_a_text_over_its_length_is_cut_at_its_last_whole_sentence_and_a_quote_at_its_last_whole_word(stub, make):
    reason = "It is there. " * 47 + "And so it goes on"
    quote = "word " * 90
    stub.queue({"grades": [{"criterion": "log", "quote": quote, "verdict": "met", "reason": reason}], "pitfalls": []})
    grade = (await make().generate(JUDGE)).value.grades[0]
    assert len(grade.reason) <= 600
    assert grade.reason.endswith("It is there.")
    assert len(grade.quote) <= 400
    assert set(grade.quote.split()) == {"word"}
    assert len(stub.chats) == 1


def test_every_beginning_of_an_answer_shows_no_less_than_the_one_before():
    whole = json.dumps(
        {"grades": [{**GRADE, "quote": 'say "hi" \\ twice, é \U0001f600'}, GRADE], "pitfalls": [], "score": [1, {"a": None}]}
    )
    shown = [read_partly("Here:\n" + whole[:end], Judgement) for end in range(len(whole) + 1)]
    assert [s for s in shown if s and set(s) - {"grades", "pitfalls"}] == []
    sizes = [len(json.dumps(s)) for s in shown if s]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 60
    assert shown[-1] == read(whole, Judgement).model_dump(
        include={"grades": {"__all__": {"criterion", "quote", "verdict", "reason"}}, "pitfalls": True}
    )
    for hostile in ("{" * 300_000, '{"grades": [' * 50_000, '{"grades": "' + "x" * 300_000, '{"a' * 100_000, "{]}", '{"grades": "\\ud83d'):
        began = time.monotonic()
        assert isinstance(read_partly(hostile, Judgement), dict)
        assert time.monotonic() - began < 3


async def test_a_server_that_takes_lengths_is_held_to_the_tasks_own_ids_and_counts(stub, make):
    engine = make()
    for task in (JUDGE, ASK, ADVISE, WRITE):
        await engine.generate(task)
    judged, asked_next, advised, wrote = (r.json["response_format"]["json_schema"]["schema"]["properties"] for r in stub.chats)
    assert judged["grades"]["items"]["properties"]["criterion"]["enum"] == ["log", "owner"]
    assert (judged["grades"]["minItems"], judged["grades"]["maxItems"], judged["pitfalls"]["maxItems"]) == (2, 2, 0)
    assert asked_next["probes"]["enum"] == ["log", "owner"]
    fix = next(branch for branch in advised["fix"]["anyOf"] if branch["type"] == "object")["properties"]
    assert fix["criterion"]["enum"] == advised["also"]["items"]["properties"]["criterion"]["enum"] == ["owner"]
    assert fix["sources"]["items"]["enum"] == ["skew/logging#why"]
    assert wrote["criteria"]["items"]["properties"]["source"]["enum"] == ["skew/logging#why", "not in your notes"]


# --- faults --------------------------------------------------------------------------------------------------------------

PIECES = say("One two three four five six.")


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (status(401, f"bad key {CANARY}"), KeyRefused, "did not accept the key"),
        (status(403, f"no {CANARY}"), KeyRefused, "did not accept the key"),
        (status(402), OutOfCredit, "no credit left"),
        (status(429, "You exceeded your current quota", code="insufficient_quota"), OutOfCredit, "no credit left"),
        (status(429, headers=(("Retry-After", "7"),)), ModelBusy, "is busy"),
        (status(429), ModelBusy, "is busy"),
        (status(500), ModelServerError, "had a problem"),
        (status(502), ModelServerError, "had a problem"),
        (status(503), ModelServerError, "had a problem"),
        (status(529), ModelServerError, "had a problem"),
        (status(400, "nonsense"), ModelServerError, "had a problem"),
        (status(400, "longer than the context window", code="context_length_exceeded"), ContextTooLong, "more text than"),
        (status(400, "too big", type="exceed_context_size_error"), ContextTooLong, "more text than"),
        (status(404, "The model `m` does not exist"), ModelNotFound, "does not know the model “m”"),
        (status(404, "File Not Found"), ModelUnreachable, "cannot reach"),
        (redirect("http://example.invalid/v1/chat/completions"), ModelUnreachable, "cannot reach"),
        (redirect("http://127.0.0.1:1/v1/chat/completions"), ModelUnreachable, "cannot reach"),
        (gzip_bomb(60), ModelUnreachable, "cannot reach"),
        (raw(b"<html>hello</html>", "text/html"), UnusableReply, "did not make sense"),
        (raw(b'{"choices": null}', "application/json"), UnusableReply, "did not make sense"),
        (raw(b'{"error": {"message": "no balance", "code": 402}}', "application/json"), OutOfCredit, "no credit left"),
        (raw(b"data: {broken\n\n"), UnusableReply, "did not make sense"),
        (raw(b'data: {"choices": null}\n\ndata: [DONE]\n\n'), UnusableReply, "did not make sense"),
        (raw(b""), UnusableReply, "did not make sense"),
        (Script(text="a b", error_after=0), ModelServerError, "had a problem"),
        (Script(text="a b", error_after=0, error={"message": "slow down", "code": 429}), ModelBusy, "is busy"),
        (say("", refusal="I cannot."), Refused, "would not answer"),
        (say("I can", finish="content_filter"), Refused, "would not answer"),
        (say("One two", drop_after=1), CutOff, "was cut off"),
        (say("One two three", error_after=2), CutOff, "was cut off"),
        (say("One two three", finish=None), CutOff, "was cut off"),
        (say("One two three", finish=None, done=False), CutOff, "was cut off"),
        (say("One two three", finish="length"), CutOff, "was cut off"),
    ],
    ids=["401", "403", "402", "429 quota", "429 with", "429 without", "500", "502", "503", "529", "400", "400 context", "400 llama.cpp context",
         "404 model", "404 path", "redirect to a name", "redirect to a port", "gzip bomb", "html", "choices null", "200 error", "broken event",
         "choices null in stream", "nothing", "error first", "429 in stream", "refusal", "content filter", "dropped", "error in stream",
         "no finish, done", "no finish", "length"],
)  # fmt: skip
@pytest.mark.parametrize("task", [JUDGE, COACH], ids=["typed", "plain"])
async def test_a_fault_has_its_own_words(stub, make, caplog, task, script, error, words):
    if script.refusal and task.plain:
        # LangChain drops the field `refusal` where no format was asked for; services say it in the text there, and this one says nothing.
        error, words = UnusableReply, "did not make sense"
    caplog.set_level(logging.DEBUG)
    stub.queue(script, times=2)
    began = time.monotonic()
    with pytest.raises(ModelError) as told:
        await make().generate(task)
    assert type(told.value) is error
    assert words in str(told.value)
    assert time.monotonic() - began < 9
    assert len(stub.chats) == 1 + (script.refusal != "" and task.plain)
    seen: BaseException | None = told.value
    while seen is not None:
        assert CANARY not in repr(seen) + repr(vars(seen))
        seen = seen.__cause__ or seen.__context__
    assert CANARY not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("assistant"))
    if error is CutOff:
        assert told.value.partial.startswith("One")


async def test_a_response_without_end_is_left_without_stopping_the_others(stub, make):
    engine = make(first_token_seconds=1)
    stub.queue(raw(b"\n" * 30_000_000), TEXT)
    began = time.monotonic()
    endless = asyncio.create_task(engine.generate(COACH))
    await asked(stub)
    assert (await engine.generate(JUDGE)).value.grades
    with pytest.raises((ModelTimeout, ModelUnreachable)):
        await endless
    assert time.monotonic() - began < 12


async def test_json_that_ends_at_the_length_limit_is_cut_off_and_never_closed_for_it(stub, make):
    stub.queue(say(TEXT[:60], finish="length"))
    with pytest.raises(CutOff) as told:
        await make().generate(JUDGE)
    assert told.value.partial == TEXT[:60]
    assert len(stub.chats) == 1


async def test_nobody_listening_and_an_unknown_host(make):
    with pytest.raises(ModelUnreachable, match="Is it running"):
        await make(openai_base_url="http://127.0.0.1:9/v1").generate(JUDGE)
    with pytest.raises(ModelUnreachable, match="Is it running"):
        await make(openai_base_url="http://nobody.invalid/v1", remote_consent=True).generate(JUDGE)


@pytest.mark.parametrize(
    ("script", "limits", "seconds"),
    [
        (HANG, {"first_token_seconds": 0.4}, 0.4),
        (SILENCE, {"first_token_seconds": 0.4}, 0.4),
        (say("a b c", after_headers=30), {"first_token_seconds": 0.4}, 0.4),
        (STALL, {"idle_seconds": 0.4}, 0.4),
        (say("drip " * 100, delay=0.15), {"idle_seconds": 0.4, "total_seconds": 0.8}, 0.8),
    ],
    ids=["never answers", "headers only", "first token", "idle", "slow drip"],
)
async def test_every_stage_has_its_time_limit(stub, make, script, limits, seconds):
    stub.queue(script)
    began = time.monotonic()
    with pytest.raises(ModelTimeout) as told:
        await make(retries=2, **limits).generate(COACH)
    assert told.value.seconds == seconds
    assert time.monotonic() - began < 3 * seconds + 3
    assert len(stub.chats) == 1
    await gone(stub)


async def gone(stub: ProviderStub) -> None:
    """The server sees that nobody listens any more: within a second, three on a busy machine."""
    for _ in range(300):
        if not stub.under_way:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the call goes on")


async def asked(stub: ProviderStub) -> None:
    """The first call has reached the server."""
    for _ in range(1000):
        if stub.chats:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing was asked")


# --- retries -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [status(500), status(503), status(429), Script(text="a", error_after=0)], ids=["500", "503", "429", "error first"]
)
async def test_asked_again_before_the_first_token(stub, make, fault):
    stub.queue(fault, fault, TEXT)
    events = await events_of(make(retries=2), JUDGE)
    assert events[-1].generation.value.grades
    assert [type(e) for e in events[:2]] == [WaitEvent, WaitEvent]
    assert events[0].reason == "busy"
    assert len(stub.chats) == 3


async def test_no_more_often_than_the_settings_say(stub, make):
    stub.queue(status(500), times=5)
    with pytest.raises(ModelServerError):
        await make(retries=2).generate(JUDGE)
    assert len(stub.chats) == 3


async def test_never_after_the_first_token(stub, make):
    stub.queue(say("One two", drop_after=1), "fine")
    with pytest.raises(CutOff):
        await make(retries=2).generate(COACH)
    assert len(stub.chats) == 1


@pytest.mark.parametrize(
    "fault", [status(401), status(402), status(400, "nonsense"), status(404, "no model m")], ids=["401", "402", "400", "404"]
)
async def test_not_where_it_cannot_help(stub, make, fault):
    stub.queue(fault, TEXT)
    with pytest.raises(ModelError):
        await make(retries=2).generate(JUDGE)
    assert len(stub.chats) == 1


async def test_retry_after_is_honoured_and_told(stub, make):
    stub.queue(status(429, headers=(("Retry-After", "1"),)), TEXT)
    began = time.monotonic()
    events = await events_of(make(retries=2), JUDGE)
    assert events[0] == WaitEvent(reason="busy", seconds=1.0)
    assert time.monotonic() - began >= 1
    assert len(stub.chats) == 2


async def test_a_long_retry_after_is_told_instead_of_waited_for(stub, make):
    stub.queue(status(429, headers=(("Retry-After", "120"),)))
    began = time.monotonic()
    with pytest.raises(ModelBusy) as told:
        await make(retries=2).generate(JUDGE)
    assert told.value.retry_after_seconds == 120
    assert time.monotonic() - began < 9
    assert len(stub.chats) == 1


# --- the wire ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        say("Données — naïve ≥ 30 %, 東京 [1].", split_bytes=1),
        say("Données — naïve ≥ 30 %, 東京 [1].", line_end=b"\r\n"),
        say("Données — naïve ≥ 30 %, 東京 [1].", line_end=b"\r\n", split_bytes=7),
        say("Données — naïve ≥ 30 %, 東京 [1].", usage=None),
    ],
    ids=["split UTF-8", "CR LF", "CR LF split", "no usage"],
)
async def test_unusual_but_right_streams_are_read(stub, make, script):
    stub.queue(script)
    made = await make().generate(COACH)
    assert made.value.text == "Données — naïve ≥ 30 %, 東京 [1]."
    assert made.provenance.usage.tokens_in == (120 if script.usage else None)


async def test_one_line_of_a_megabyte_is_read_or_refused_but_never_hangs(stub, make):
    long = "x" * 1_000_000
    stub.queue(say(long, pieces=(long,)))
    began = time.monotonic()
    with pytest.raises(UnusableReply):
        await make().generate(COACH)
    assert time.monotonic() - began < 9


# --- stop, side by side, in line -----------------------------------------------------------------------------------------


async def test_closing_the_stream_ends_the_call_within_a_second(stub, make):
    stub.queue(say("word " * 500, delay=0.05))
    stream = make().stream(COACH)
    async with contextlib.aclosing(stream):
        async for _ in stream:
            break
    await gone(stub)
    assert stub.chats[0].closed_at is not None


@pytest.mark.parametrize(
    "script", [HANG, SILENCE, say("word " * 500, delay=0.05)], ids=["before headers", "before tokens", "in the middle"]
)
async def test_cancelling_who_waits_ends_the_call_within_a_second(stub, make, script):
    stub.queue(script)
    engine = make()
    waiting = asyncio.create_task(engine.generate(COACH))
    await asked(stub)
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await gone(stub)
    assert not engine.calls_ahead
    assert (await engine.generate(JUDGE)).value.grades


@pytest.mark.parametrize("limit", [8, 3, 1])
async def test_calls_run_side_by_side_up_to_the_limit(stub, make, limit):
    engine = make(calls_at_once=limit)
    stub.queue(say(TEXT, before=0.25), times=12)
    made = await asyncio.gather(*(engine.generate(JUDGE) for _ in range(12)))
    assert len(made) == 12
    together = [sum(other.at <= seen.at < other.ended_at for other in stub.chats) for seen in stub.chats]
    assert max(together) == limit


async def test_one_call_at_a_time_on_this_machine_unless_set(stub, make):
    engine = make(calls_at_once=None)
    stub.queue(say(TEXT, before=0.3), TEXT)
    first = asyncio.create_task(engine.generate(JUDGE))
    await asked(stub)
    assert engine.calls_ahead
    events = await events_of(engine, JUDGE)
    assert events[0] == WaitEvent(reason="ahead")
    await first
    assert stub.chats[1].at >= stub.chats[0].ended_at
    assert not engine.calls_ahead


async def test_what_a_person_waits_for_goes_before_background_work(stub, make):
    engine = make(calls_at_once=1)
    stub.pace = 0.0005
    running = [asyncio.create_task(engine.generate(WRITE)) for _ in range(3)]
    await asked(stub)
    running += [asyncio.create_task(engine.generate(t)) for t in (JUDGE, ASK)]
    await asyncio.gather(*running)
    # The one place there is was given up, and what was begun there is begun again.
    assert [r.task for r in stub.chats] == ["write_question", "judge_answer", "next_turn", *["write_question"] * 3]


async def test_stopping_a_waiting_call_leaves_the_line_whole(stub, make):
    engine = make(calls_at_once=1)
    stub.queue(say(TEXT, before=0.2))
    first = asyncio.create_task(engine.generate(JUDGE))
    await asked(stub)
    waiting = [asyncio.create_task(engine.generate(JUDGE)) for _ in range(3)]
    await asyncio.sleep(0.02)
    waiting[0].cancel()
    await asyncio.gather(first, *waiting, return_exceptions=True)
    assert len(stub.chats) == 3
    assert not engine.calls_ahead


async def test_after_three_faults_background_work_is_not_sent_but_a_persons_call_is_tried_once(stub, make):
    engine = make(retries=0)
    stub.queue(status(500), times=3)
    for _ in range(3):
        with pytest.raises(ModelServerError):
            await engine.generate(WRITE)
    with pytest.raises(ModelServerError):
        await engine.generate(WRITE)
    assert len(stub.chats) == 3
    assert (await engine.generate(JUDGE)).value.grades
    assert (await engine.generate(WRITE)).value.criteria
    assert len(stub.chats) == 5


# --- what an endpoint can do ---------------------------------------------------------------------------------------------


class Server:
    """Answers like a server that enforces only some of the ways to ask."""

    def __init__(self, refuses: dict[str, Script], ignores: tuple[str, ...] = ()) -> None:
        self.refuses, self.ignores = refuses, ignores
        self.asked: list[str] = []

    def __call__(self, seen) -> Script:
        form = seen.json.get("response_format", {}).get("type", "tool" if "tools" in seen.json else "text")
        self.asked.append(form)
        if form in self.refuses:
            return self.refuses[form]
        in_words = "JSON Schema" in seen.text
        if form in self.ignores and not in_words:
            return say("I think the answer is quite good.")
        return say(TEXT)


NO_SCHEMA = status(400, "response_format type json_schema is not supported")
NO_TOOL = status(400, "tools are not supported")
NO_JSON = status(422, "response_format.type: unexpected json_object")


@pytest.mark.parametrize(
    ("refuses", "asked", "shape"),
    [
        ({}, ["json_schema"], None),
        ({"json_schema": NO_SCHEMA}, ["json_schema", "tool"], "tool"),
        ({"json_schema": status(500, "literal_error: body.response_format.type")}, ["json_schema", "tool"], "tool"),
        ({"json_schema": NO_SCHEMA, "tool": NO_TOOL}, ["json_schema", "tool", "json_object"], "json"),
        ({"json_schema": NO_SCHEMA, "tool": NO_TOOL, "json_object": NO_JSON}, ["json_schema", "tool", "json_object", "text"], "text"),
    ],
    ids=["schema", "tool", "tool after 500", "json", "text"],
)
async def test_steps_down_until_the_server_takes_it_and_remembers(stub, make, refuses, asked, shape):
    memory = MemoryDict()
    stub.answerer = server = Server(refuses)
    assert (await make(memory).generate(JUDGE)).value.grades
    assert server.asked == asked
    kept = [Capability.model_validate_json(v).shape for v in memory.kept.values()]
    assert kept == ([shape] if shape else [])
    server.asked.clear()
    assert (await make(memory).generate(JUDGE)).value.grades
    assert server.asked == asked[-1:]
    other = make(memory, model="other")
    server.asked.clear()
    await other.generate(JUDGE)
    assert server.asked == asked


async def test_a_server_that_ignores_the_schema_is_found_out_by_its_prose(stub, make):
    memory = MemoryDict()
    stub.answerer = server = Server({}, ignores=("json_schema", "tool", "json_object"))
    events = await events_of(make(memory), JUDGE)
    assert [type(e) for e in events if isinstance(e, RestartEvent)] == [RestartEvent]
    assert events[-1].generation.value.grades
    assert server.asked[0] == "json_schema"
    assert server.asked[1] == "tool"
    assert [Capability.model_validate_json(v).shape for v in memory.kept.values()] == ["tool"]


@pytest.mark.parametrize(
    ("words", "field", "then"),
    [
        ("'temperature' does not support 0.0 with this model", "temperature", None),
        ("Unknown parameter: stream_options", "stream_options", None),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens", "max_completion_tokens"),
    ],
)
async def test_a_parameter_that_a_server_refuses_is_left_out_from_then_on(stub, make, words, field, then):
    memory = MemoryDict()
    stub.queue(status(400, words))
    await make(memory).generate(JUDGE)
    assert field in stub.chats[0].json
    assert field not in stub.chats[1].json
    assert then is None or stub.chats[1].json[then] == 2048
    await make(memory).generate(JUDGE)
    assert field not in stub.chats[2].json


async def test_lengths_are_left_out_of_the_schema_for_servers_that_refuse_them(stub, make):
    stub.queue(status(400, "Invalid schema: 'maxLength' is not permitted"))
    await make().generate(JUDGE)
    first, second = (json.dumps(r.json["response_format"]) for r in stub.chats)
    assert "maxLength" in first
    assert "maxLength" not in second


# --- the context ---------------------------------------------------------------------------------------------------------


async def test_sources_are_left_out_by_rank_until_it_fits_and_the_answer_never_is(stub, make):
    many = tuple(section(f"s{n}", f"Source number {n}. " + "It holds. " * 150) for n in range(6))
    made = await make(context_tokens=4096, output_tokens=1024).generate(JUDGE.model_copy(update={"sections": many}))
    sent = stub.chats[0].text
    kept = [n for n in range(6) if f"Source number {n}." in sent]
    assert kept == list(range(len(kept)))
    assert 0 < len(kept) < 6
    assert ANSWER in sent
    assert made.provenance.note == f"{6 - len(kept)} of 6 sources were left out to fit the model."
    assert stub.chats[0].json["max_tokens"] == 1024


async def test_an_answer_that_cannot_fit_is_told_before_anything_is_sent(stub, make):
    with pytest.raises(ContextTooLong):
        await make(context_tokens=4096).generate(JUDGE.model_copy(update={"answer": "long " * 4000}))
    assert stub.chats == []


async def test_a_context_size_named_in_a_refusal_is_believed_and_remembered(stub, make):
    memory = MemoryDict()
    many = tuple(section(f"s{n}", f"Source number {n}. " + "It holds. " * 150) for n in range(6))
    stub.queue(status(400, "This model's maximum context length is 4096 tokens, you asked for 5000", code="context_length_exceeded"))
    task = JUDGE.model_copy(update={"sections": many})
    made = await make(memory, context_tokens=8192, output_tokens=1024).generate(task)
    assert made.provenance.note
    assert len(stub.chats[1].text) < len(stub.chats[0].text)
    await make(memory, context_tokens=8192, output_tokens=1024).generate(task)
    assert len(stub.chats[2].text) == len(stub.chats[1].text)


async def test_what_a_server_told_is_remembered_though_its_reply_was_cut_off(stub, make):
    memory = MemoryDict()
    stub.queue(status(400, "n_ctx is 4096", type="exceed_context_size_error"), say("One two", finish="length"))
    with pytest.raises(CutOff):
        await make(memory, output_tokens=1024).generate(COACH)
    assert [Capability.model_validate_json(v).context_tokens for v in memory.kept.values()] == [4096]


# --- where the words go --------------------------------------------------------------------------------------------------


async def test_nothing_leaves_for_another_machine_before_consent(stub, make, monkeypatch):
    import socket

    looked_up = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **_: looked_up.append(a) or (_ for _ in ()).throw(OSError("no network")))
    remote = "http://models.example.org/v1"
    with pytest.raises(ConsentNeeded, match=r"models\.example\.org") as told:
        await make(openai_base_url=remote).generate(JUDGE)
    assert told.value.host == "models.example.org"
    assert looked_up == []
    with pytest.raises(ModelUnreachable):
        await make(openai_base_url=remote, remote_consent=True).generate(JUDGE)
    assert looked_up


async def test_the_key_is_not_in_what_is_kept_of_a_reply_that_echoes_it(stub, make):
    stub.queue(say(f"Your key is {CANARY}"), say(f"Your key is {CANARY}"))
    with pytest.raises(UnusableReply) as told:
        await make().generate(JUDGE)
    assert CANARY not in told.value.raw


async def test_without_a_model_name_the_endpoints_first_is_used(make):
    with ProviderStub(models=("qwen", "other")) as stub:
        engine = make(openai_base_url=stub.url, model=None)
        assert engine.label == "model:default"
        made = await engine.generate(JUDGE)
        assert made.provenance.model == "qwen"
        assert engine.label == "model:qwen"
        assert stub.chats[0].json["model"] == "qwen"


async def test_a_key_is_not_needed_on_this_machine(stub, make):
    assert (await make(openai_api_key=None).generate(JUDGE)).value.grades
