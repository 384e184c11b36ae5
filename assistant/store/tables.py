"""The tables of the record. Bodies are the JSON of `schema` values; columns exist for what is looked up or counted."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

_ID = String(32)


def _owned(*columns: Column[str]) -> tuple[Column[str], ...]:
    return (Column("id", _ID, primary_key=True), Column("profile", String(32), nullable=False, index=True), *columns)


postings = Table(
    "postings", metadata, *_owned(), Column("created_at", String(32), nullable=False), Column("used_at", String(32), nullable=False),
    Column("deleted_at", String(32)), Column("body", Text, nullable=False),
)  # fmt: skip

documents = Table(
    "documents",
    metadata,
    *_owned(),
    Column("created_at", String(32), nullable=False),
    Column("deleted_at", String(32)),
    Column("body", Text, nullable=False),
)

sets = Table(
    "sets", metadata, *_owned(), Column("posting_id", _ID, nullable=False), Column("created_at", String(32), nullable=False),
    Column("deleted_at", String(32)), Column("body", Text, nullable=False), Column("plan", Text, nullable=False),
)  # fmt: skip

questions = Table(
    "questions", metadata, *_owned(), Column("set_id", _ID, ForeignKey("sets.id"), nullable=False, index=True), Column("position", Integer, nullable=False),
    Column("requirement", String(64), nullable=False), Column("origin_id", String(80), nullable=False), Column("skipped_at", String(32)),
    Column("hints_used", Integer, nullable=False, default=0), Column("body", Text, nullable=False),
    Index("one_question_a_place", "set_id", "position", unique=True),
)  # fmt: skip

drafts = Table(
    "drafts", metadata, Column("question_id", _ID, primary_key=True), Column("profile", String(32), nullable=False), Column("text", Text, nullable=False),
    Column("revision", Integer, nullable=False), Column("at", String(32), nullable=False),
)  # fmt: skip

attempts = Table(
    "attempts", metadata, *_owned(), Column("question_id", _ID, ForeignKey("questions.id"), nullable=False, index=True), Column("ordinal", Integer, nullable=False),
    Column("key", String(64), nullable=False), Column("status", String(16), nullable=False), Column("at", String(32), nullable=False),
    Column("band", Integer), Column("score", Float), Column("deleted_at", String(32)), Column("body", Text, nullable=False),
    Index("one_submit_a_key", "profile", "key", unique=True), Index("one_attempt_an_ordinal", "question_id", "ordinal", unique=True),
)  # fmt: skip

conversations = Table(
    "conversations", metadata, *_owned(), Column("kind", String(16), nullable=False), Column("created_at", String(32), nullable=False),
    Column("deleted_at", String(32)), Column("body", Text, nullable=False),
)  # fmt: skip
"""Interviews and talks with the coach; their turns stand in `turns`."""

turns = Table(
    "turns", metadata, *_owned(), Column("conversation_id", _ID, ForeignKey("conversations.id"), nullable=False, index=True), Column("ordinal", Integer, nullable=False),
    Column("key", String(64)), Column("status", String(16), nullable=False), Column("nonce", String(16), nullable=False), Column("body", Text, nullable=False),
    Index("one_turn_an_ordinal", "conversation_id", "ordinal", unique=True), Index("one_turn_a_key", "conversation_id", "key", unique=True),
)  # fmt: skip

calls = Table(
    "calls", metadata, Column("id", Integer, primary_key=True, autoincrement=True), Column("profile", String(32), nullable=False), Column("at", String(32), nullable=False),
    Column("task", String(32), nullable=False), Column("resource_id", String(32), nullable=False), Column("model", String(200), nullable=False),
    Column("tokens_in", Integer), Column("tokens_out", Integer), Column("tokens_cached", Integer), Column("seconds", Float, nullable=False),
)  # fmt: skip
"""What each model call cost."""

memory = Table("memory", metadata, Column("key", String(300), primary_key=True), Column("value", Text, nullable=False))
"""Small facts kept between starts: what an endpoint can do, the installation's secret."""
