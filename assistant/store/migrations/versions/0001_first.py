"""The first record: postings, documents, sets, questions, drafts, attempts, conversations, turns, calls, memory."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "postings", *_owned(), _at("created_at"), _at("used_at"), sa.Column("deleted_at", _ID), sa.Column("body", sa.Text, nullable=False)
    )
    op.create_table("documents", *_owned(), _at("created_at"), sa.Column("deleted_at", _ID), sa.Column("body", sa.Text, nullable=False))
    op.create_table(
        "sets", *_owned(), sa.Column("posting_id", _ID, nullable=False), _at("created_at"), sa.Column("deleted_at", _ID),
        sa.Column("body", sa.Text, nullable=False), sa.Column("plan", sa.Text, nullable=False),
    )  # fmt: skip
    op.create_table(
        "questions", *_owned(), sa.Column("set_id", _ID, sa.ForeignKey("sets.id"), nullable=False, index=True), _count("position"),
        sa.Column("requirement", sa.String(64), nullable=False), sa.Column("origin_id", sa.String(80), nullable=False), sa.Column("skipped_at", _ID),
        _count("hints_used"), sa.Column("body", sa.Text, nullable=False),
    )  # fmt: skip
    op.create_index("one_question_a_place", "questions", ["set_id", "position"], unique=True)
    op.create_table(
        "drafts", sa.Column("question_id", _ID, primary_key=True), sa.Column("profile", _ID, nullable=False), sa.Column("text", sa.Text, nullable=False),
        _count("revision"), _at("at"),
    )  # fmt: skip
    op.create_table(
        "attempts", *_owned(), sa.Column("question_id", _ID, sa.ForeignKey("questions.id"), nullable=False, index=True), _count("ordinal"),
        sa.Column("key", sa.String(64), nullable=False), sa.Column("status", sa.String(16), nullable=False), _at("at"), sa.Column("band", sa.Integer),
        sa.Column("score", sa.Float), sa.Column("deleted_at", _ID), sa.Column("body", sa.Text, nullable=False),
    )  # fmt: skip
    op.create_index("one_submit_a_key", "attempts", ["profile", "key"], unique=True)
    op.create_index("one_attempt_an_ordinal", "attempts", ["question_id", "ordinal"], unique=True)
    op.create_table(
        "conversations", *_owned(), sa.Column("kind", sa.String(16), nullable=False), _at("created_at"), sa.Column("deleted_at", _ID),
        sa.Column("body", sa.Text, nullable=False),
    )  # fmt: skip
    op.create_table(
        "turns", *_owned(), sa.Column("conversation_id", _ID, sa.ForeignKey("conversations.id"), nullable=False, index=True), _count("ordinal"),
        sa.Column("key", sa.String(64)), sa.Column("status", sa.String(16), nullable=False), sa.Column("nonce", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )  # fmt: skip
    op.create_index("one_turn_an_ordinal", "turns", ["conversation_id", "ordinal"], unique=True)
    op.create_index("one_turn_a_key", "turns", ["conversation_id", "key"], unique=True)
    op.create_table(
        "calls", sa.Column("id", sa.Integer, primary_key=True, autoincrement=True), sa.Column("profile", _ID, nullable=False), _at("at"),
        sa.Column("task", _ID, nullable=False), sa.Column("resource_id", _ID, nullable=False), sa.Column("model", sa.String(200), nullable=False),
        sa.Column("tokens_in", sa.Integer), sa.Column("tokens_out", sa.Integer), sa.Column("tokens_cached", sa.Integer), sa.Column("seconds", sa.Float, nullable=False),
    )  # fmt: skip
    op.create_table("memory", sa.Column("key", sa.String(300), primary_key=True), sa.Column("value", sa.Text, nullable=False))


def _owned() -> tuple[sa.Column[str], ...]:
    return (sa.Column("id", _ID, primary_key=True), sa.Column("profile", _ID, nullable=False, index=True))


def _at(name: str) -> sa.Column[str]:
    return sa.Column(name, _ID, nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")
