"""The record: one `Store` a data folder; plain functions of values, each call one transaction.

Times are ISO 8601 in UTC. Ids of what a person makes are random, 128 bits, 32 hex digits.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel

from assistant.errors import AssistantError, Conflict, DiskFull, FolderError, NotFound
from assistant.schema import Attempt, Call, Document, Interview, JobPosting, Question, QuestionPlan, QuestionSet, Spent, Turn, Usage
from assistant.store import tables as t

DEFAULT_PROFILE = "default"
UNDO_HOURS = 1

Value = TypeVar("Value", bound=BaseModel)


def new_id() -> str:
    return secrets.token_hex(16)


_MIGRATIONS = Path(__file__).parent / "migrations"


def _newest_form() -> str:
    """The revision of the last migration: its file's number."""
    return max(f.name for f in (_MIGRATIONS / "versions").glob("[0-9]*.py")).split("_")[0]


class DraftConflict(Conflict):
    """The draft was changed in another tab; `other` is what it says there."""

    def __init__(self, other: str, revision: int) -> None:
        self.other, self.revision = other, revision
        super().__init__("This answer was changed in another tab.")


class Store:
    """The record of one data folder, for one profile."""

    def __init__(self, path: Path, profile: str = DEFAULT_PROFILE) -> None:
        """Opens or makes the record at `path`, brings it to today's form. Raises `FolderError` for one that cannot be read."""
        self.path, self.profile = path, profile
        self.database = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False})
        sa.event.listen(self.database, "connect", _pragmas)
        sa.event.listen(self.database, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        try:
            with self.database.connect() as connection:
                if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                    raise FolderError(_damaged(path))
            self._migrate()
        except sa.exc.DatabaseError as error:
            self.database.dispose()
            raise FolderError(_damaged(path) if "malformed" in str(error) or "not a database" in str(error) else _unusable(path)) from error

    def close(self) -> None:
        self.database.dispose()

    def backup(self, folder: Path, keep: int, at: datetime) -> None:
        """A copy of the record in `folder`, the newest `keep` kept."""
        folder.mkdir(exist_ok=True)
        fresh = folder / f"record-{at:%Y%m%dT%H%M%S}.db"
        with sqlite3.connect(self.path) as source, sqlite3.connect(fresh) as target:
            source.backup(target)
        source.close()
        target.close()
        for old in sorted(folder.glob("record-*.db"))[:-keep]:
            old.unlink()

    # postings and documents

    def put_posting(self, posting: JobPosting, at: datetime) -> None:
        """Keeps a posting and makes it the current one; a deleted one comes back."""
        self._upsert(
            t.postings, posting.id, {"used_at": _iso(at), "deleted_at": None, "body": posting.model_dump_json()}, {"created_at": _iso(at)}
        )

    def postings(self) -> tuple[JobPosting, ...]:
        """Those not deleted, the current one first."""
        return self._bodies(JobPosting, sa.select(t.postings.c.body).where(*self._mine(t.postings)).order_by(t.postings.c.used_at.desc()))

    def posting(self, posting_id: str) -> JobPosting:
        """Deleted ones too: an old question still names its line."""
        return self._body(JobPosting, t.postings, posting_id, "posting")

    def put_document(self, document: Document, at: datetime) -> None:
        self._upsert(t.documents, document.id, {"deleted_at": None, "body": document.model_dump_json()}, {"created_at": _iso(at)})

    def documents(self) -> tuple[Document, ...]:
        return self._bodies(Document, sa.select(t.documents.c.body).where(*self._mine(t.documents)).order_by(t.documents.c.created_at))

    def document(self, document_id: str) -> Document:
        return self._body(Document, t.documents, document_id, "document")

    # sets and questions

    def put_set(self, made: QuestionSet, plan: QuestionPlan) -> None:
        bare = made.model_copy(update={"questions": ()})
        values = {"posting_id": made.posting_id, "body": bare.model_dump_json(), "plan": plan.model_dump_json(), "deleted_at": None}
        self._upsert(t.sets, made.id, values, {"created_at": _iso(made.created_at)})

    def sets(self) -> tuple[QuestionSet, ...]:
        """Newest first, questions included."""
        with self._transaction() as c:
            ids = (
                c.execute(sa.select(t.sets.c.id).where(*self._mine(t.sets)).order_by(t.sets.c.created_at.desc(), t.sets.c.id))
                .scalars()
                .all()
            )
        return tuple(self.question_set(i) for i in ids)

    def question_set(self, set_id: str) -> QuestionSet:
        with self._transaction() as c:
            bare = self._read(c, QuestionSet, t.sets, set_id, "set")
            rows = c.execute(sa.select(t.questions.c.body).where(t.questions.c.set_id == set_id).order_by(t.questions.c.position)).scalars()
            return bare.model_copy(update={"questions": tuple(Question.model_validate_json(r) for r in rows)})

    def plan(self, set_id: str) -> QuestionPlan:
        with self._transaction() as c:
            text = c.execute(sa.select(t.sets.c.plan).where(t.sets.c.id == set_id, t.sets.c.profile == self.profile)).scalar()
        if text is None:
            raise NotFound("This set is not here any more.")
        return QuestionPlan.model_validate_json(text)

    def put_question(self, set_id: str, position: int, question: Question) -> None:
        """Keeps a question in its place; a place once filled stays as it is."""
        values = {
            "id": question.id, "profile": self.profile, "set_id": set_id, "position": position, "requirement": question.requirement,
            "origin_id": question.origin_id, "hints_used": 0, "body": question.model_dump_json(),
        }  # fmt: skip
        with self._transaction() as c:
            c.execute(_insert(t.questions).values(values).on_conflict_do_nothing())

    def question(self, question_id: str) -> tuple[Question, str, int, int]:
        """The question, its set's id, its place from 0, and how many hints were taken."""
        q = t.questions.c
        with self._transaction() as c:
            row = c.execute(
                sa.select(q.body, q.set_id, q.position, q.hints_used).where(q.id == question_id, q.profile == self.profile)
            ).one_or_none()
        if row is None:
            raise NotFound("This question is not here any more.")
        return Question.model_validate_json(row.body), row.set_id, row.position, row.hints_used

    def places(self, set_id: str) -> tuple[tuple[int, str, bool], ...]:
        """Each question of a set: its place, its id, whether it was skipped."""
        q = t.questions.c
        with self._transaction() as c:
            rows = c.execute(
                sa.select(q.position, q.id, q.skipped_at).where(q.set_id == set_id, q.profile == self.profile).order_by(q.position)
            ).all()
        return tuple((r.position, r.id, r.skipped_at is not None) for r in rows)

    def skip(self, question_id: str, at: datetime) -> None:
        self._change(t.questions, question_id, skipped_at=_iso(at))

    def count_hint(self, question_id: str) -> None:
        self._change(t.questions, question_id, hints_used=t.questions.c.hints_used + 1)

    def asked(self) -> tuple[tuple[str, str, str], ...]:
        """Every question ever asked, newest first: requirement id, bank id, text. Deleted sets count: they were seen."""
        q = t.questions.c
        query = (
            sa.select(q.requirement, q.origin_id, sa.func.json_extract(q.body, "$.text"))
            .where(q.profile == self.profile)
            .order_by(sa.text("rowid desc"))
        )
        with self._transaction() as c:
            return tuple((r[0], r[1], r[2]) for r in c.execute(query).all())

    # drafts and attempts

    def draft(self, question_id: str) -> tuple[str, int]:
        """The text and its revision; an empty one is revision 0."""
        with self._transaction() as c:
            row = c.execute(
                sa.select(t.drafts.c.text, t.drafts.c.revision).where(
                    t.drafts.c.question_id == question_id, t.drafts.c.profile == self.profile
                )
            ).one_or_none()
        return ("", 0) if row is None else (row.text, row.revision)

    def put_draft(self, question_id: str, text: str, revision: int, at: datetime) -> int:
        """Keeps a draft that was made from `revision`; the new revision. Raises `DraftConflict` where another tab was first with other words."""
        with self._transaction() as c:
            row = c.execute(
                sa.select(t.drafts.c.text, t.drafts.c.revision).where(
                    t.drafts.c.question_id == question_id, t.drafts.c.profile == self.profile
                )
            ).one_or_none()
            stands = 0 if row is None else row.revision
            if row is not None and row.text == text:
                return int(stands)
            if revision != stands:
                raise DraftConflict(row.text if row else "", stands)
            values = {"question_id": question_id, "profile": self.profile, "text": text, "revision": stands + 1, "at": _iso(at)}
            c.execute(_insert(t.drafts).values(values).on_conflict_do_update(index_elements=["question_id"], set_=values))
            return int(stands + 1)

    def add_attempt(self, question_id: str, answer: str, key: str, at: datetime) -> tuple[Attempt, bool]:
        """The attempt of this submit, and whether it is new: the same key twice is one attempt. The draft is spent."""
        a = t.attempts.c
        with self._transaction() as c:
            body = c.execute(sa.select(a.body).where(a.profile == self.profile, a.key == key)).scalar()
            if body is not None:
                return Attempt.model_validate_json(body), False
            last = c.execute(sa.select(sa.func.max(a.ordinal)).where(a.question_id == question_id)).scalar() or 0
            hints = c.execute(sa.select(t.questions.c.hints_used).where(t.questions.c.id == question_id)).scalar() or 0
            made = Attempt(id=new_id(), question_id=question_id, ordinal=last + 1, answer=answer, at=at, hints_used=hints)
            c.execute(t.attempts.insert().values(profile=self.profile, key=key, **_attempt_columns(made)))
            c.execute(t.drafts.delete().where(t.drafts.c.question_id == question_id))
            return made, True

    def put_attempt(self, attempt: Attempt) -> None:
        self._change(t.attempts, attempt.id, **_attempt_columns(attempt))

    def attempt(self, attempt_id: str) -> Attempt:
        return self._body(Attempt, t.attempts, attempt_id, "answer")

    def attempts(self, question_id: str | None = None) -> tuple[Attempt, ...]:
        """Those not deleted, oldest first; of one question, or all."""
        which = [] if question_id is None else [t.attempts.c.question_id == question_id]
        return self._bodies(
            Attempt, sa.select(t.attempts.c.body).where(*self._mine(t.attempts), *which).order_by(t.attempts.c.at, t.attempts.c.ordinal)
        )

    # conversations

    def put_interview(self, interview: Interview) -> None:
        bare = interview.model_copy(update={"turns": ()})
        self._upsert(
            t.conversations, interview.id, {"kind": "interview", "body": bare.model_dump_json()}, {"created_at": _iso(interview.created_at)}
        )

    def interview(self, interview_id: str) -> Interview:
        with self._transaction() as c:
            bare = self._read(c, Interview, t.conversations, interview_id, "interview")
            return bare.model_copy(update={"turns": self._turns(c, interview_id)})

    def interviews(self) -> tuple[Interview, ...]:
        """Newest first, turns included."""
        return tuple(self.interview(i) for i in self._conversation_ids("interview"))

    def put_talk(self, talk_id: str, at: datetime, interview_id: str = "") -> None:
        """A conversation with the coach; `interview_id` where it was opened beside one."""
        self._upsert(
            t.conversations, talk_id, {"kind": "coach", "body": sa.func.json_object("interview_id", interview_id)}, {"created_at": _iso(at)}
        )

    def talks(self, interview_id: str | None = None) -> tuple[str, ...]:
        """Ids of the talks with the coach, newest first; those beside one interview, or all."""
        with self._transaction() as c:
            where = [*self._mine(t.conversations), t.conversations.c.kind == "coach"]
            if interview_id is not None:
                where.append(sa.func.json_extract(t.conversations.c.body, "$.interview_id") == interview_id)
            return tuple(c.execute(sa.select(t.conversations.c.id).where(*where).order_by(t.conversations.c.created_at.desc())).scalars())

    def turns(self, conversation_id: str) -> tuple[Turn, ...]:
        with self._transaction() as c:
            return self._turns(c, conversation_id)

    def add_turn(self, conversation_id: str, turn: Turn, key: str | None = None) -> tuple[Turn, str, bool]:
        """Appends a turn (its ordinal is set here): the turn, its fence's nonce, and whether it is new."""
        u = t.turns.c
        with self._transaction() as c:
            if key is not None:
                row = c.execute(sa.select(u.body, u.nonce).where(u.conversation_id == conversation_id, u.key == key)).one_or_none()
                if row is not None:
                    return Turn.model_validate_json(row.body), row.nonce, False
            last = c.execute(sa.select(sa.func.max(u.ordinal)).where(u.conversation_id == conversation_id)).scalar()
            placed = turn.model_copy(update={"ordinal": 0 if last is None else last + 1})
            nonce = secrets.token_hex(8)
            c.execute(t.turns.insert().values(
                id=placed.id, profile=self.profile, conversation_id=conversation_id, ordinal=placed.ordinal, key=key, status=placed.status,
                nonce=nonce, body=placed.model_dump_json(),
            ))  # fmt: skip
            return placed, nonce, True

    def put_turn(self, turn: Turn) -> None:
        self._change(t.turns, turn.id, status=turn.status, body=turn.model_dump_json())

    def nonce(self, turn_id: str) -> str:
        """The nonce drawn when the turn was stored."""
        with self._transaction() as c:
            found = c.execute(sa.select(t.turns.c.nonce).where(t.turns.c.id == turn_id, t.turns.c.profile == self.profile)).scalar()
        if found is None:
            raise NotFound("This turn is not here any more.")
        return str(found)

    def unfinished(self) -> tuple[tuple[str, Turn], ...]:
        """Turns that a process left pending or partial, with their conversation's id."""
        u = t.turns.c
        with self._transaction() as c:
            rows = c.execute(
                sa.select(u.conversation_id, u.body).where(u.profile == self.profile, u.status.in_(["pending", "partial"]))
            ).all()
        return tuple((r.conversation_id, Turn.model_validate_json(r.body)) for r in rows)

    # deleting, with undo

    def delete(self, noun: str, item_id: str, at: datetime) -> None:
        """Hides a posting, document, set, attempt or conversation; `undelete` brings it back until it is purged."""
        self._change(_DELETABLE[noun], item_id, deleted_at=_iso(at))

    def undelete(self, noun: str, item_id: str) -> None:
        self._change(_DELETABLE[noun], item_id, deleted_at=None)

    def purge(self, at: datetime) -> None:
        """Removes for good what was deleted more than an hour ago. A set that goes takes its questions and their answers with it."""
        before = _iso(at - timedelta(hours=UNDO_HOURS))
        with self._transaction() as c:
            gone = {
                noun: c.execute(sa.select(table.c.id).where(table.c.deleted_at < before)).scalars().all()
                for noun, table in _DELETABLE.items()
            }
            for set_id in gone["set"]:
                questions = sa.select(t.questions.c.id).where(t.questions.c.set_id == set_id)
                c.execute(t.attempts.delete().where(t.attempts.c.question_id.in_(questions)))
                c.execute(t.drafts.delete().where(t.drafts.c.question_id.in_(questions)))
                c.execute(t.questions.delete().where(t.questions.c.set_id == set_id))
            for conversation_id in gone["conversation"]:
                c.execute(t.turns.delete().where(t.turns.c.conversation_id == conversation_id))
            kept = sa.select(t.sets.c.posting_id)
            for noun, table in _DELETABLE.items():
                # A posting that sets were made for stays, hidden: their questions name its lines.
                still = [table.c.id.not_in(kept)] if noun == "posting" else []
                c.execute(table.delete().where(table.c.id.in_(gone[noun]), *still))

    def erase(self) -> None:
        """Removes every row of the profile, for good, and the space they took."""
        with self._transaction() as c:
            for table in (t.turns, t.conversations, t.attempts, t.drafts, t.questions, t.sets, t.documents, t.postings, t.calls):
                c.execute(table.delete().where(table.c.profile == self.profile))
            c.execute(t.memory.delete())
        raw = self.database.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.cursor().execute("VACUUM")
        finally:
            raw.close()

    # calls and memory

    def add_call(self, call: Call) -> None:
        """Writes down what a request to a model cost, as far as it was told."""
        values = {**call.usage.model_dump(), "task": call.task, "resource_id": call.resource_id, "model": call.model}
        with self._transaction() as c:
            c.execute(t.calls.insert().values(profile=self.profile, at=_iso(call.at), **values))

    def calls(self, most: int) -> tuple[Call, ...]:
        """The last ones, newest first."""
        k = t.calls.c
        query = sa.select(t.calls).where(k.profile == self.profile).order_by(k.id.desc()).limit(most)
        with self._transaction() as c:
            return tuple(
                Call(
                    task=r.task,
                    resource_id=r.resource_id,
                    model=r.model,
                    usage=Usage(tokens_in=r.tokens_in, tokens_out=r.tokens_out, tokens_cached=r.tokens_cached, seconds=r.seconds),
                    at=datetime.fromisoformat(r.at),
                )
                for r in c.execute(query).all()
            )

    def spent(self, since: datetime | None = None, resources: Sequence[str] | None = None) -> tuple[Spent, ...]:
        """What the calls since then, or those for some resources, came to, by model; a sum is None where no call reported its number."""
        k = t.calls.c
        where = [k.profile == self.profile]
        where += [] if since is None else [k.at >= _iso(since)]
        where += [] if resources is None else [k.resource_id.in_(resources)]
        sums = [sa.func.sum(column) for column in (k.tokens_in, k.tokens_out, k.tokens_cached, k.seconds)]
        silent = sa.func.count().filter(k.tokens_in.is_(None), k.tokens_out.is_(None))
        with self._transaction() as c:
            rows = c.execute(sa.select(k.model, sa.func.count(), silent, *sums).where(*where).group_by(k.model).order_by(k.model)).all()
        return tuple(
            Spent(model=r[0], calls=r[1], silent=r[2], usage=Usage(tokens_in=r[3], tokens_out=r[4], tokens_cached=r[5], seconds=r[6]))
            for r in rows
        )

    def called_for(self, most: int) -> tuple[tuple[str, datetime], ...]:
        """The resources that models were asked for last, newest first, each with the time of its last call."""
        k = t.calls.c
        last = sa.func.max(k.at)
        query = sa.select(k.resource_id, last).where(k.profile == self.profile).group_by(k.resource_id).order_by(last.desc()).limit(most)
        with self._transaction() as c:
            return tuple((r[0], datetime.fromisoformat(r[1])) for r in c.execute(query).all())

    def get(self, key: str) -> str | None:
        with self._transaction() as c:
            return c.execute(sa.select(t.memory.c.value).where(t.memory.c.key == key)).scalar()

    def put(self, key: str, value: str) -> None:
        with self._transaction() as c:
            c.execute(_insert(t.memory).values(key=key, value=value).on_conflict_do_update(index_elements=["key"], set_={"value": value}))

    # inside

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self.database.begin() as connection:
                yield connection
        except sa.exc.DatabaseError as error:
            raise _plain(error, self.path) from error

    def _migrate(self) -> None:
        """Brings the record to today's form. One that has it does not pay for Alembic's import, a fifth of a second."""
        with self.database.connect() as connection:
            if sa.inspect(connection).has_table("alembic_version") and connection.exec_driver_sql(
                "SELECT version_num FROM alembic_version"
            ).scalars().all() == [_newest_form()]:
                return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.set_main_option("path_separator", "os")
        with self.database.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _mine(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        return [table.c.profile == self.profile, table.c.deleted_at.is_(None)]

    def _upsert(self, table: sa.Table, item_id: str, values: dict[str, Any], first: dict[str, Any]) -> None:
        with self._transaction() as c:
            insert = _insert(table).values(id=item_id, profile=self.profile, **first, **values)
            c.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values, where=table.c.profile == self.profile))

    def _change(self, table: sa.Table, item_id: str, **values: Any) -> None:
        with self._transaction() as c:
            if c.execute(table.update().where(table.c.id == item_id, table.c.profile == self.profile).values(**values)).rowcount == 0:
                raise NotFound("This is not here any more.")

    def _bodies(self, value: type[Value], query: sa.Select[Any]) -> tuple[Value, ...]:
        with self._transaction() as c:
            return tuple(value.model_validate_json(body) for body in c.execute(query).scalars())

    def _body(self, value: type[Value], table: sa.Table, item_id: str, noun: str) -> Value:
        with self._transaction() as c:
            return self._read(c, value, table, item_id, noun)

    def _read(self, c: sa.Connection, value: type[Value], table: sa.Table, item_id: str, noun: str) -> Value:
        body = c.execute(sa.select(table.c.body).where(table.c.id == item_id, table.c.profile == self.profile)).scalar()
        if body is None:
            raise NotFound(f"This {noun} is not here any more.")
        return value.model_validate_json(body)

    def _turns(self, c: sa.Connection, conversation_id: str) -> tuple[Turn, ...]:
        u = t.turns.c
        rows: Sequence[str] = (
            c.execute(sa.select(u.body).where(u.conversation_id == conversation_id, u.profile == self.profile).order_by(u.ordinal))
            .scalars()
            .all()
        )
        return tuple(Turn.model_validate_json(r) for r in rows)

    def _conversation_ids(self, kind: str) -> Sequence[str]:
        k = t.conversations.c
        with self._transaction() as c:
            return (
                c.execute(sa.select(k.id).where(*self._mine(t.conversations), k.kind == kind).order_by(k.created_at.desc(), k.id))
                .scalars()
                .all()
            )


_DELETABLE = {"posting": t.postings, "document": t.documents, "set": t.sets, "attempt": t.attempts, "conversation": t.conversations}


def _insert(table: sa.Table) -> Any:
    from sqlalchemy.dialects.sqlite import insert

    return insert(table)


def _attempt_columns(attempt: Attempt) -> dict[str, Any]:
    critique = attempt.critique
    return {
        "id": attempt.id, "question_id": attempt.question_id, "ordinal": attempt.ordinal, "status": attempt.status, "at": _iso(attempt.at),
        "band": critique.band if critique else None, "score": critique.score if critique else None, "body": attempt.model_dump_json(),
    }  # fmt: skip


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _pragmas(connection: sqlite3.Connection, _: object) -> None:
    # Transactions begin by the event above, at once as writers: what is read in one still holds when it writes.
    connection.isolation_level = None
    for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {line}")


def _damaged(path: Path) -> str:
    return f"The record {path} is damaged and was left untouched. Copies are in {path.parent / 'backups'}: put the newest in its place, or move the damaged file away to begin anew."


def _unusable(path: Path) -> str:
    return f"The record {path} cannot be opened. Check that the folder can be written, or set ASSISTANT_HOME to another one."


def _plain(error: sa.exc.DatabaseError, path: Path) -> AssistantError:
    words = str(error.orig).lower()
    if "full" in words:
        return DiskFull()
    if "malformed" in words or "not a database" in words:
        return FolderError(_damaged(path))
    if "readonly" in words or "unable to open" in words or "disk i/o" in words:
        return FolderError(_unusable(path))
    raise error
