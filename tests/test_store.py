"""The record: what is acknowledged is there after a reopen; a damaged file is told, never emptied."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from conftest import NOW, question

from assistant.errors import FolderError, NotFound
from assistant.schema import Call, Interview, JobPosting, QuestionPlan, QuestionSet, Turn, Usage
from assistant.store import Store, record
from assistant.store.record import DraftConflict


@pytest.fixture
def store(tmp_path: Path):
    opened = Store(tmp_path / "record.db")
    yield opened
    opened.close()


def with_question(store: Store) -> None:
    store.put_posting(JobPosting(id="p1", text="x"), NOW)
    store.put_set(
        QuestionSet(id="s1", name="Practice", posting_id="p1", planned=1, created_at=NOW),
        QuestionPlan(posting_id="p1", seed=0, level=4, slots=()),
    )
    store.put_question("s1", 0, question())


def test_everything_is_there_after_a_reopen(tmp_path: Path):
    store = Store(tmp_path / "record.db")
    with_question(store)
    attempt, _ = store.add_attempt("q1", "my answer", "key1", NOW)
    store.put_draft("q1", "half a sen", 0, NOW)
    store.close()
    again = Store(tmp_path / "record.db")
    assert again.attempt(attempt.id).answer == "my answer"
    assert again.draft("q1") == ("half a sen", 1)
    assert again.question_set("s1").questions[0] == question()
    again.close()


def test_the_same_submit_twice_is_one_attempt_and_the_next_is_the_second(store: Store):
    with_question(store)
    first, new = store.add_attempt("q1", "a", "key", NOW)
    again, renewed = store.add_attempt("q1", "a", "key", NOW)
    assert (new, renewed) == (True, False)
    assert again.id == first.id
    assert store.add_attempt("q1", "b", "other", NOW)[0].ordinal == 2


def test_a_draft_of_another_tab_is_never_overwritten_in_silence(store: Store):
    with_question(store)
    assert store.put_draft("q1", "one", 0, NOW) == 1
    with pytest.raises(DraftConflict) as told:
        store.put_draft("q1", "two", 0, NOW)
    assert (told.value.other, told.value.revision) == ("one", 1)
    assert store.put_draft("q1", "two", 1, NOW) == 2


def test_turns_keep_their_order_and_their_fence_and_a_key_makes_one_turn(store: Store):
    store.put_interview(Interview(id="i1", posting_id="p1", set_id="s1", title="Mock", minutes=20, level=4, created_at=NOW))
    placed = [store.add_turn("i1", Turn(id=f"t{n}", ordinal=0, role="candidate", text=str(n), at=NOW), f"k{n}") for n in range(3)]
    assert [t.ordinal for t, *_ in placed] == [0, 1, 2]
    assert store.nonce("t1") == placed[1][1]
    assert len({n for _, n, _ in placed}) == 3
    assert store.add_turn("i1", Turn(id="t9", ordinal=0, role="candidate", text="again", at=NOW), "k1")[0].id == "t1"
    assert [t.text for t in store.interview("i1").turns] == ["0", "1", "2"]


def test_delete_hides_undo_brings_back_and_purge_is_for_good(store: Store):
    with_question(store)
    attempt, _ = store.add_attempt("q1", "a", "key", NOW)
    store.delete("attempt", attempt.id, NOW)
    assert store.attempts("q1") == ()
    store.undelete("attempt", attempt.id)
    assert len(store.attempts("q1")) == 1
    store.delete("set", "s1", NOW)
    store.purge(NOW + timedelta(minutes=10))
    assert store.question_set("s1")
    store.purge(NOW + timedelta(hours=2))
    with pytest.raises(NotFound):
        store.question_set("s1")
    assert store.attempts() == ()


def test_profiles_do_not_see_each_other(tmp_path: Path):
    mine, theirs = Store(tmp_path / "record.db"), Store(tmp_path / "record.db", profile="other")
    with_question(mine)
    attempt, _ = mine.add_attempt("q1", "secret", "key", NOW)
    for look in (
        lambda: theirs.attempt(attempt.id),
        lambda: theirs.question("q1"),
        lambda: theirs.posting("p1"),
        lambda: theirs.question_set("s1"),
    ):
        with pytest.raises(NotFound):
            look()
    assert theirs.postings() == ()
    assert theirs.asked() == ()
    mine.close()
    theirs.close()


def test_calls_are_summed_by_model_and_what_no_one_reported_stays_unknown(store: Store):
    def called(task: str, model: str, session: str, minute: int, **usage: float) -> Call:
        made = Call(task=task, resource_id=session, model=model, usage=Usage(**usage), at=NOW + timedelta(minutes=minute))  # type: ignore[arg-type]
        store.add_call(made)
        return made

    first = called("judge_answer", "big", "s1", 0, tokens_in=100, tokens_out=10, tokens_cached=40, seconds=1.5)
    called("advise", "big", "s1", 1, tokens_in=50, tokens_out=5, seconds=0.5)
    called("coach_reply", "small", "t1", 2, seconds=3)
    last = called("next_turn", "big", "i1", 3, tokens_out=7, seconds=1)
    big, small = store.spent()
    assert (big.model, big.calls, big.silent, big.tokens) == ("big", 3, 0, 172)
    assert big.usage == Usage(tokens_in=150, tokens_out=22, tokens_cached=40, seconds=3.0)
    assert (small.calls, small.silent, small.usage) == (1, 1, Usage(seconds=3.0))
    assert [s.calls for s in store.spent(since=NOW + timedelta(minutes=2))] == [1, 1]
    assert [(s.model, s.calls) for s in store.spent(resources=["s1"])] == [("big", 2)]
    assert store.spent(resources=[]) == ()
    assert store.calls(9)[-1] == first
    assert store.calls(1) == (last,)
    assert [session for session, _ in store.called_for(2)] == ["i1", "t1"]
    assert store.called_for(1)[0][1] == last.at
    store.erase()
    assert store.spent() == store.calls(9) == ()


@pytest.mark.parametrize("damage", ["garbage", "cut"])
def test_a_damaged_record_is_told_and_left_untouched(tmp_path: Path, damage: str):
    path = tmp_path / "record.db"
    store = Store(path)
    with_question(store)
    store.close()
    raw = path.read_bytes()
    broken = b"\x00garbage" * 1000 if damage == "garbage" else raw[: len(raw) // 3 // 4096 * 4096]
    path.write_bytes(broken)
    with pytest.raises(FolderError, match="is damaged and was left untouched"):
        Store(path)
    assert path.read_bytes() == broken


def test_backups_can_be_opened_and_only_the_newest_are_kept(tmp_path: Path, store: Store):
    with_question(store)
    for hour in range(4):
        store.backup(tmp_path / "backups", 2, NOW + timedelta(hours=hour))
    kept = sorted((tmp_path / "backups").glob("*.db"))
    assert len(kept) == 2
    restored = Store(kept[-1])
    assert restored.question_set("s1").questions
    restored.close()


def test_erase_leaves_no_word_behind(tmp_path: Path, store: Store):
    with_question(store)
    store.add_attempt("q1", "a very private sentence", "key", NOW)
    store.erase()
    store.close()
    assert not any(b"very private sentence" in f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())


def test_a_record_of_the_newest_form_is_opened_without_the_migrations(tmp_path: Path):
    Store(tmp_path / "record.db").close()
    code = "import sys; from assistant.store import Store; Store(__import__('pathlib').Path(sys.argv[1])).close(); sys.exit('alembic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "record.db")], check=True)


def test_the_newest_form_is_what_the_migrations_end_in():
    assert ScriptDirectory(str(record._MIGRATIONS)).get_current_head() == record._newest_form()
