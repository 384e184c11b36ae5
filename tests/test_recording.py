"""Recordings: kept by what was asked, replayed over real HTTP through the real client, and never a stand-in for one that is missing."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from provider_stub import ProviderStub, give

from assistant.engine import DoneEvent, PartialEvent
from assistant.provider import MemoryDict, ProviderEngine
from assistant.recording import HAND_WRITTEN, NotRecorded, Recording, RecordingEngine, Recordings, ReplayEngine, is_older, key_of
from assistant.schema import Criterion, Section, Span
from assistant.settings import Settings
from assistant.tasks import ALL, CoachReply, JudgeAnswer

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECTION = Section(
    id="a#b", document_id="a", source="notes", title="T", heading="H", text="Log the features that were served.", span=Span(start=0, end=34)
)
JUDGE = JudgeAnswer(
    question="How?",
    level=4,
    criteria=(Criterion(id="log", text="Logs the served features"),),
    pitfalls=(),
    answer="We log the served features.",
    nonce="ab" * 8,
)
COACH = CoachReply(question="Which features are served?", sections=(SECTION,), nonce="cd" * 8)
RAW = json.dumps({"grades": [{"criterion": "log", "quote": "We log", "verdict": "partial", "reason": "Written by hand."}], "pitfalls": []})


@pytest.fixture
def stub():
    with ProviderStub() as server:
        yield server


@pytest.fixture
def engine(stub, tmp_path):
    return ProviderEngine(Settings(home=tmp_path, openai_base_url=stub.url, model="m", retries=0), b"secret", MemoryDict())


@pytest.fixture
def recordings(tmp_path):
    return Recordings(tmp_path / "recordings")


async def test_what_was_recorded_is_replayed_over_the_wire_without_a_key(stub, engine, recordings):
    made = [await RecordingEngine(engine, recordings).generate(task) for task in (JUDGE, COACH)]
    before = len(stub.chats)
    replay = ReplayEngine(recordings, engine, stub.queue)
    for task, original in zip((JUDGE, COACH), made, strict=True):
        again = await replay.generate(task.model_copy(update={"nonce": "ef" * 8}))
        assert again.value == original.value
        assert again.raw == original.raw
        assert (again.provenance.engine, again.provenance.model, again.provenance.at) == ("replay", "m", original.provenance.at)
        assert again.provenance.note == ""
    assert len(stub.chats) == before + 2
    assert stub.chats[-1].headers["authorization"] == "Bearer none"
    assert (replay.kind, replay.label) == ("replay", "replay")
    assert list(recordings.older()) == []


async def test_a_hand_written_text_is_streamed_and_labelled(stub, engine, recordings):
    recordings.keep(JUDGE, RAW, HAND_WRITTEN, AT)
    events = [e async for e in ReplayEngine(recordings, engine, stub.queue).stream(JUDGE)]
    assert any(isinstance(e, PartialEvent) for e in events)
    assert isinstance(events[-1], DoneEvent)
    assert events[-1].generation.value.grades[0].reason == "Written by hand."
    assert events[-1].generation.provenance.model == HAND_WRITTEN


def test_the_key_is_what_was_asked_and_not_how_it_was_fenced():
    assert key_of(JUDGE) == key_of(JUDGE.model_copy(update={"nonce": "ff" * 8}))
    assert key_of(JUDGE) != key_of(JUDGE.model_copy(update={"answer": "We log the served features!"}))


async def test_nothing_recorded_is_an_error_and_nothing_is_asked(stub, engine, recordings):
    with pytest.raises(NotRecorded, match="judge_answer"):
        await ReplayEngine(recordings, engine, stub.queue).generate(JUDGE)
    assert stub.chats == []


def moved_on(recordings: Recordings, tmp_path, **changes) -> None:
    recordings.keep(JUDGE, changes.pop("raw", RAW), HAND_WRITTEN, AT)
    path = tmp_path / "recordings" / "judge_answer" / f"{key_of(JUDGE)}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(kept | changes), encoding="utf-8")


@pytest.mark.parametrize("change", [{"prompt": "judge_answer@0"}, {"schema_hash": "0" * 16}], ids=["prompt", "schema"])
async def test_one_older_than_its_prompt_is_served_and_listed(stub, engine, recordings, tmp_path, change):
    moved_on(recordings, tmp_path, **change)
    again = await ReplayEngine(recordings, engine, stub.queue).generate(JUDGE)
    assert again.value.grades[0].verdict == "partial"
    assert again.provenance.note == "older than its prompt"
    assert [(r.task, r.made_by) for r in recordings.older()] == [("judge_answer", HAND_WRITTEN)]
    assert isinstance(next(recordings.older()), Recording)


async def test_one_that_no_longer_validates_is_refused_and_not_repaired_by_anything_else(stub, engine, recordings, tmp_path):
    moved_on(recordings, tmp_path, raw=RAW.replace("partial", "half"))
    with pytest.raises(NotRecorded, match="make it again"):
        await ReplayEngine(recordings, engine, stub.queue).generate(JUDGE)
    assert len(stub.chats) == 1


async def test_side_by_side_each_question_gets_its_own_recording(stub, tmp_path, recordings):
    wide = ProviderEngine(Settings(home=tmp_path, openai_base_url=stub.url, model="m", calls_at_once=8), b"secret", MemoryDict())
    tasks = [JUDGE.model_copy(update={"answer": f"Answer {n}."}) for n in range(6)]
    for n, task in enumerate(tasks):
        recordings.keep(task, RAW.replace("Written by hand.", f"Number {n}."), HAND_WRITTEN, AT)
    replay = ReplayEngine(recordings, wide, lambda raw: stub.queue(give(json.loads(raw), before=0.02)))
    made = await asyncio.gather(*(replay.generate(t) for t in tasks))
    assert [m.value.grades[0].reason for m in made] == [f"Number {n}." for n in range(6)]


KEPT = Path(__file__).parent / "recordings"


@pytest.mark.parametrize("path", sorted(KEPT.glob("*/*.json")), ids=lambda p: f"{p.parent.name}-{p.stem[:8]}")
async def test_every_kept_recording_is_served_over_the_wire_and_fits_todays_form(stub, engine, path):
    """Answers written by hand, from the request alone, to the prompts as they were then; today's reader takes them as a model's."""
    kept = Recording.model_validate_json(path.read_text(encoding="utf-8"))
    asked = {task.name: task for task in ALL}[kept.task].model_validate(kept.inputs)
    made = await ReplayEngine(Recordings(KEPT), engine, stub.queue).generate(asked)
    assert made.raw == kept.raw
    assert made.provenance.model == kept.made_by == HAND_WRITTEN
    assert bool(made.provenance.note) == is_older(kept, type(asked))


def test_a_dozen_exchanges_stand_for_every_prompt():
    assert {p.parent.name for p in KEPT.glob("*/*.json")} == {task.name for task in ALL}
