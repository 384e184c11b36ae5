"""Writes the parts of README.md that the product itself prints: the help text, one real question, one real card.

python tools/readme.py
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def help_text() -> str:
    """`--help` of the command and of each of its commands, as a terminal of 100 columns shows it."""
    return "```text\n" + "\n".join(_helps([])) + "```\n"


def _helps(command: list[str]) -> list[str]:
    shown = _help(command)
    names = re.findall(r"^  ([a-z]+)  ", shown.partition("Commands:")[2], re.MULTILINE)
    return [shown, *(text for name in names for text in _helps([*command, name]))]


def _help(command: list[str]) -> str:
    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100"}
    out = subprocess.run(
        [sys.executable, "-m", "assistant", *command, "--help"], capture_output=True, text=True, check=True, env=environment
    ).stdout
    return out.replace("python -m assistant", "interview-assistant").rstrip() + "\n"


def real_set() -> str:
    """The first question of the sample's first set, as `questions` prints it."""
    from assistant.export import set_as_markdown
    from assistant.knowledge import sample_posting
    from assistant.posting import parse_posting

    made = asyncio.run(_draft())
    text = set_as_markdown(made.model_copy(update={"questions": made.questions[:1]}), parse_posting(sample_posting()))
    return text.partition("\n## ")[2].join(("> ## ", "")).replace("\n", "\n> ").rstrip("> \n") + "\n"


async def _draft():  # type: ignore[no-untyped-def]
    from assistant.embedded.engine import EmbeddedEngine
    from assistant.embedding import PreparedEmbedder, local_embedder
    from assistant.knowledge import data_folder, sample_posting, shipped
    from assistant.posting import parse_posting
    from assistant.questions import map_bank, plan_set, write_set
    from assistant.schema import QuestionSet

    posting, embedder, now = parse_posting(sample_posting()), local_embedder(), datetime(2026, 1, 1, tzinfo=UTC)
    bank = map_bank(posting, shipped(), PreparedEmbedder(embedder, data_folder("knowledge") / "bank_vectors.npz"))
    plan, engine = plan_set(bank, shipped(), count=4, seed=0), EmbeddedEngine(embedder)
    written = write_set(
        plan, bank, shipped(), engine=engine, bank_engine=engine, embedder=embedder, find=lambda query, k: (), now=lambda: now
    )
    questions = [q async for _, q in written]
    return QuestionSet(id="draft", name="Practice", posting_id=posting.id, questions=tuple(questions), planned=4, created_at=now)


def real_card() -> str:
    """The card of the answer that the walk writes to `answer.jsonl`."""
    from assistant.cli.lines import check_line
    from assistant.embedded.engine import EmbeddedEngine
    from assistant.embedding import local_embedder

    given = re.search(r"^\$ echo '(\{.*\})' > answer.jsonl$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert given is not None
    card, *_ = asyncio.run(check_line(given.group(1), EmbeddedEngine(local_embedder())))
    return "```json\n" + json.dumps(card, ensure_ascii=False, indent=1) + "\n```\n"


PARTS: dict[str, Callable[[], str]] = {"help": help_text, "set": real_set, "card": real_card}


def main() -> None:
    text = README.read_text(encoding="utf-8")
    for name, part in PARTS.items():
        before, mark, rest = text.partition(f"<!-- {name} -->\n")
        text = before + mark + part() + rest[rest.index(f"<!-- /{name} -->") :]
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
