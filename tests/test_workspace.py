"""The whole path through one data folder: what is acknowledged is kept, jobs outlive their pages, a restart tells what it cut off."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.errors import Conflict, FolderError, FolderInUse, InputError, NotFound
from assistant.settings import Settings
from assistant.workspace import Workspace

ANSWER = "I would log the feature values the service used beside each decision, then replay them through the offline path and compare, feature by feature."


@pytest.fixture
async def ws(home: Path) -> AsyncIterator[Workspace]:
    opened = await Workspace.open(Settings.load(home=home))
    yield opened
    await opened.close()


async def until_done(ws: Workspace, resource: str) -> None:
    async for _ in ws.follow(resource):
        pass


async def test_the_main_path_and_everything_is_there_after_a_restart(home: Path):
    ws = await Workspace.open(Settings.load(home=home))
    posting = await ws.posting()
    assert posting.hiring_organization == "Affirm"
    made = await ws.start_set(minutes=20)
    assert len(made.questions) == made.planned == 4
    assert {q.topic for q in made.questions} == {
        "leadership-strategy",
        "sequence-models",
        "feature-stores-and-feature-engineering",
        "ml-system-design",
    }
    view = await ws.question(made.questions[0].id)
    assert view.posting_line is not None
    assert (view.number, view.count, view.next_id) == (1, 4, made.questions[1].id)
    assert await ws.save_draft(view.question.id, "half", 0) == 1
    attempt = await ws.submit(view.question.id, ANSWER, "key")
    assert (await ws.submit(view.question.id, ANSWER, "key")).id == attempt.id
    await until_done(ws, attempt.id)
    card = await ws.attempt(attempt.id)
    assert card.status == "complete"
    await ws.close()

    again = await Workspace.open(Settings.load(home=home))
    assert await again.attempt(attempt.id) == card
    assert await again.question_set(made.id) == made
    assert [r.id for r in (await again.progress()).rows] == [attempt.id]
    await again.close()


async def test_the_same_answer_gets_the_same_card(ws: Workspace):
    made = await ws.start_set(minutes=10)
    cards = []
    for key in ("a", "b"):
        attempt = await ws.submit(made.questions[0].id, ANSWER, key)
        await until_done(ws, attempt.id)
        cards.append((await ws.attempt(attempt.id)).critique)
    assert cards[0] == cards[1]


async def test_hint_skip_try_again_and_undo(ws: Workspace):
    made = await ws.start_set(minutes=20)
    first, second, third = (q.id for q in made.questions[:3])
    assert await ws.hint(first, "small")
    assert (await ws.question(first)).hints_used == 1
    assert await ws.skip(second) == third
    assert (await ws.question(first)).next_id == third
    attempt = await ws.submit(first, ANSWER, "one")
    await until_done(ws, attempt.id)
    again = await ws.submit(first, ANSWER + " And I would name an owner.", "two")
    await until_done(ws, again.id)
    assert [a.ordinal for a in (await ws.question(first)).attempts] == [1, 2]
    token = await ws.delete_attempt(attempt.id)
    assert [a.ordinal for a in (await ws.question(first)).attempts] == [2]
    await ws.undo(token)
    assert [a.ordinal for a in (await ws.question(first)).attempts] == [1, 2]


async def test_an_interview_runs_to_its_report(ws: Workspace):
    interview = await ws.start_interview(minutes=10)
    assert [t.act for t in interview.turns] == ["opening", "question"]
    assert "10 minutes" in interview.turns[0].text
    for number in range(8):
        said = await ws.say(interview.id, f"{ANSWER} Version {number}.", f"k{number}")
        assert said.turns[-1].role in ("candidate", "interviewer")
        await until_done(ws, interview.id)
        interview = await ws.interview(interview.id)
        if interview.turns[-1].act == "closing":
            break
    follow_ups = [t for t in interview.turns if t.act == "follow-up"]
    assert follow_ups
    assert all(t.quote and t.quote in t.text and t.quote in ANSWER for t in follow_ups)
    assert interview.turns[-1].act == "closing"
    await ws.end_interview(interview.id)
    await until_done(ws, interview.id)
    ended = await ws.interview(interview.id)
    assert ended.status == "ended"
    assert ended.report is not None
    assert ended.report.band in (1, 2, 3, 4)
    turns = {t.id: t.text for t in ended.turns}
    quotes = [g.quote for thread in ended.threads if thread.critique for g in thread.critique.grades if g.quote]
    assert all(q.turn is not None and turns[q.turn][q.start : q.end] == q.text for q in quotes)
    with pytest.raises(Conflict, match="has ended"):
        await ws.say(interview.id, "more", "late")
    assert ended.turns[1].text.split("\n")[0][:40] in await ws.export_interview(interview.id)


async def test_the_coach_answers_from_the_sources_with_citations_that_open(ws: Workspace):
    talk = await ws.ask("What is point-in-time correctness?", "k1")
    await until_done(ws, talk.id)
    reply = (await ws.conversation(talk.id)).turns[-1]
    assert reply.status == "complete"
    assert reply.citations
    for c in reply.citations:
        view = await ws.section(c.section_id, c.passage)
        assert view.highlight is not None
        assert view.highlight.of(view.document.text).split()[:3] == c.passage.split()[:3]
    off = await ws.ask("Which football team won the cup in 1987?", "k2", conversation_id=talk.id)
    await until_done(ws, off.id)
    assert (await ws.conversation(talk.id)).turns[-1].citations == ()


async def test_own_notes_are_found_deleted_and_brought_back(ws: Workspace):
    words = "The Zanzibar protocol settles merchant disputes by rotating a purple ledger among the three auditors each quarter."
    document = await ws.add_notes("notes.md", f"## What is the Zanzibar protocol?\n\n{words}\n")
    assert (await ws.add_notes("again.md", document.text)).id == document.id

    async def found() -> bool:
        return any(h.section.document_id == document.id for h in await ws.search("who audits the purple ledger", 3))

    assert await found()
    token = await ws.delete_document(document.id)
    assert not await found()
    await ws.undo(token)
    assert await found()
    with pytest.raises(InputError, match="neither"):
        await ws.add_notes("scan.pdf", "x")


async def test_a_second_process_and_a_folder_that_cannot_be_written_are_told(ws: Workspace, tmp_path: Path):
    with pytest.raises(FolderInUse, match="already uses the data folder"):
        await Workspace.open(Settings.load(home=ws.settings.home, lock_wait_seconds=0.2))
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(FolderError, match="cannot be written"):
        await Workspace.open(Settings.load(home=blocked / "home"))


async def test_delete_everything_leaves_no_word(ws: Workspace):
    made = await ws.start_set(minutes=10)
    attempt = await ws.submit(made.questions[0].id, "a most private sentence about my former employer", "key")
    await until_done(ws, attempt.id)
    await ws.delete_everything()
    with pytest.raises(NotFound):
        await ws.attempt(attempt.id)
    left = [f for f in ws.settings.home.rglob("*") if f.is_file() and b"most private sentence" in f.read_bytes()]
    assert left == []
    assert (await ws.start_set(minutes=10)).questions


async def test_a_job_goes_on_when_nobody_looks(ws: Workspace):
    made = await ws.start_set(minutes=10)
    attempt = await ws.submit(made.questions[0].id, ANSWER, "key")
    async for _ in ws.follow(attempt.id):
        break
    for _ in range(200):
        if (await ws.attempt(attempt.id)).status == "complete":
            break
        await asyncio.sleep(0.05)
    assert (await ws.attempt(attempt.id)).critique is not None


KILLED = """
import asyncio, json, sys
from pathlib import Path
from assistant.settings import Settings, quiet
quiet()
from assistant.workspace import Workspace

async def main(home):
    ws = await Workspace.open(Settings.load(home=Path(home)))
    made = await ws.start_set(minutes=10)
    interview = await ws.start_interview(minutes=10)
    print(json.dumps({"set": made.id, "question": made.questions[0].id, "interview": interview.id}), flush=True)
    number = 0
    while True:
        number += 1
        attempt = await ws.submit(made.questions[0].id, f"answer number {number} that I would log", f"k{number}")
        print(json.dumps({"attempt": attempt.id}), flush=True)

asyncio.run(main(sys.argv[1]))
"""


async def test_kill_dash_nine_loses_nothing_acknowledged(home: Path):
    child = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", textwrap.dedent(KILLED), str(home)], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert child.stdout is not None
    lines = [json.loads(child.stdout.readline()) for _ in range(6)]
    child.send_signal(signal.SIGKILL)
    lines += [json.loads(line) for line in child.stdout.read().splitlines() if line.endswith("}")]
    child.stdout.close()
    child.wait()
    ws = await Workspace.open(Settings.load(home=home))
    kept = {a.id for a in (await ws.question(lines[0]["question"])).attempts}
    assert {line["attempt"] for line in lines[1:]} <= kept
    assert (await ws.interview(lines[0]["interview"])).turns
    for attempt_id in kept:
        await until_done(ws, attempt_id)
        assert (await ws.attempt(attempt_id)).status == "complete"
    await ws.close()


async def test_a_section_is_asked_about_until_it_is_answered_and_no_set_is_displaced(ws: Workspace):
    practised = await ws.start_set(minutes=10)
    section = "sequence-models/attention-over-events#how-does-self-attention-turn-a-payment-history-into-one-vector"
    made = await ws.ask_about(section)
    assert await ws.ask_about(section) == made
    view = await ws.question(made.questions[0].id)
    assert (view.number, view.count, view.next_id) == (1, 1, None)
    assert view.about is not None
    assert view.about.id == section
    assert view.posting_line is not None
    assert view.posting_line.phrase in view.question.why
    attempt = await ws.submit(view.question.id, ANSWER, "key")
    await until_done(ws, attempt.id)
    assert (await ws.attempt(attempt.id)).status == "complete"
    other = await ws.ask_about(section)
    assert other.questions[0].origin_id != view.question.origin_id
    await ws.skip(other.questions[0].id)
    assert (await ws.ask_about(section)).id not in (made.id, other.id)
    assert [s.id for s in await ws.sets()] == [practised.id]
    with pytest.raises(NotFound, match="not here any more"):
        await ws.ask_about("sequence-models/nothing#here")
