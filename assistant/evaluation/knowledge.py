"""Whether the built-in checker grades the bank as it should: strong answers at the bar, empty and beside-the-point ones at the bottom.

Comes in: the shipped bank; a file of further strong answers, written without sight of the rubrics, where there is one (`question_id` and
`answer` on each line).  Goes out: a report by topic, and every answer that lies elsewhere, for reading.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from assistant.embedded.judge_answer import judge
from assistant.embedding import local_embedder
from assistant.errors import InputError
from assistant.grading import band, check_quotes
from assistant.knowledge import shipped
from assistant.schema import BankQuestion, Rubric
from assistant.tasks import JudgeAnswer

BESIDE = "On Sundays we bake bread with my grandmother: flour, water, a little salt, and then we wait until the kitchen smells of autumn and everyone is hungry."


@dataclass(frozen=True)
class TopicReport:
    """One topic: how many questions, and how many answers of each kind lie where they should."""

    topic: str
    questions: int
    words: int
    """Of its notes."""
    strong: int
    """Shipped strong answers in band 4."""
    nothing: int
    """Empty and beside-the-point answers in band 1, both."""
    other: int
    """Strong answers to the next question of the topic in band 1 or 2."""


@dataclass(frozen=True)
class KnowledgeReport:
    """What `evaluate knowledge` prints."""

    topics: tuple[TopicReport, ...]
    blind: int
    blind_near: int
    """Of the answers written without sight of the rubric, those in band 3 or 4."""
    to_read: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{'topic':42} {'questions':>9} {'words':>7} {'strong':>7} {'nothing':>8} {'other':>6}"]
        lines += [f"{t.topic:42} {t.questions:9} {t.words:7,} {t.strong:7} {t.nothing:8} {t.other:6}" for t in self.topics]
        total = sum(t.questions for t in self.topics)
        lines.append(
            f"{'all':42} {total:9} {sum(t.words for t in self.topics):7,} {sum(t.strong for t in self.topics):7} "
            f"{sum(t.nothing for t in self.topics):8} {sum(t.other for t in self.topics):6}"
        )
        if self.blind:
            lines.append(f"written without sight of the rubric: {self.blind_near} of {self.blind} come near the bar")
        return "\n".join([*lines, *self.to_read])


def knowledge_report(answers: Path | None = None, progress: bool | None = None) -> KnowledgeReport:
    """Grades the whole bank; minutes. Raises InputError for a file that cannot be read."""
    known = shipped()
    blind = _blind(answers) if answers else []
    shown = sys.stderr.isatty() if progress is None else progress
    topics, to_read = [], []
    for topic, some in groupby(sorted(known.bank, key=lambda q: q.topic), key=lambda q: q.topic):
        questions = list(some)
        bands = [_bands(q, questions[(i + 1) % len(questions)]) for i, q in enumerate(questions)]
        to_read += [told for q, b in zip(questions, bands, strict=True) for told in _misplaced(q, b)]
        topics.append(
            TopicReport(
                topic=topic,
                questions=len(questions),
                words=sum(len(s.text.split()) for s in known.sections.values() if s.topic == topic),
                strong=sum(b[0] == 4 for b in bands),
                nothing=sum(b[1] == b[2] == 1 for b in bands),
                other=sum(b[3] <= 2 for b in bands),
            )
        )
        if shown:
            print(f"\r{len(topics)} of {len(known.topics)} topics", end="", file=sys.stderr, flush=True)
    near = [(q, reached(q, answer)) for q, answer in blind]
    to_read += [f"{q.id}: an answer written without sight of the rubric is in band {b}" for q, b in near if b < 3]
    return KnowledgeReport(topics=tuple(topics), blind=len(near), blind_near=sum(b >= 3 for _, b in near), to_read=tuple(to_read))


def reached(q: BankQuestion, answer: str) -> int:
    """The band of an answer, 1 to 4."""
    rubric = Rubric(criteria=q.criteria, pitfalls=q.pitfalls)
    found = judge(JudgeAnswer(question=q.text, level=q.level, criteria=q.criteria, pitfalls=q.pitfalls, answer=answer), local_embedder())
    value = band(rubric, *check_quotes(rubric, found, answer, q.text))
    return value or 0


def _bands(q: BankQuestion, other: BankQuestion) -> tuple[int, int, int, int]:
    return reached(q, q.strong_answer), reached(q, ""), reached(q, BESIDE), reached(q, other.strong_answer)


def _misplaced(q: BankQuestion, bands: Sequence[int]) -> Iterator[str]:
    strong, empty, beside, other = bands
    if strong != 4:
        yield f"{q.id}: its strong answer is in band {strong}"
    if (empty, beside) != (1, 1):
        yield f"{q.id}: an empty answer is in band {empty}, one beside the point in band {beside}"
    if other > 2:
        yield f"{q.id}: the strong answer to the next question of its topic is in band {other}"


def _blind(path: Path) -> list[tuple[BankQuestion, str]]:
    bank = {q.id: q for q in shipped().bank}
    try:
        return [(bank[raw["question_id"]], raw["answer"]) for raw in map(json.loads, path.read_text(encoding="utf-8").splitlines())]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read. Each line needs question_id, of a question of the bank, and answer.") from error
