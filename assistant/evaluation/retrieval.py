"""Whether the notes are found: questions in a candidate's words, each with the sections that answer it, against every way of searching.

Comes in: a folder of `*.jsonl` files; each line has `question`, `kind` and `sections`, or only `question` where no note answers it
(`unanswered.jsonl`).  Goes out: a report. Recall@k: one of the sections is among the first k. MRR: 1 / place of the first of them, 0 below ten.
nDCG@10 (Järvelin and Kekäläinen 2002) with gain 1 a section. Intervals: the middle 95% of 1,000 resamples of the questions.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.embedding import PreparedEmbedder, local_embedder
from assistant.errors import InputError
from assistant.knowledge import data_folder, shipped
from assistant.retrieval import Asked, Retriever, Sentences
from assistant.tasks import CoachReply

Numbers = NDArray[np.float64]
DEPTH = 10
RESAMPLES = 1000


@dataclass(frozen=True)
class Case:
    """One question, and the sections that answer it; none where the notes don't."""

    question: str
    kind: str
    sections: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """How one way of searching did; each measure with the bounds of its interval."""

    way: str
    recall_1: tuple[float, float, float]
    recall_5: tuple[float, float, float]
    mrr: tuple[float, float, float]
    ndcg_10: tuple[float, float, float]


@dataclass(frozen=True)
class RetrievalReport:
    """What `evaluate retrieval` prints."""

    questions: int
    ways: tuple[Found, ...]
    recall_5_by_kind: dict[str, float]
    """Of the product's own way."""
    gain_over_lexical: tuple[float, float, float]
    """Recall@5 of the product's own way less that of the lexical leg alone, paired."""
    unanswered: int
    refused: float
    """The share of unanswered questions at which nothing is near enough."""
    refused_wrongly: float
    """The share of answered ones."""
    missed: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"{self.questions} questions answered by the notes, {self.unanswered} that are not",
            f"{'way':10} {'recall@1':>20} {'recall@5':>20} {'MRR':>20} {'nDCG@10':>20}",
        ]
        lines += [f"{f.way:10}" + "".join(f" {_told(v):>20}" for v in (f.recall_1, f.recall_5, f.mrr, f.ndcg_10)) for f in self.ways]
        kinds = ", ".join(f"{kind} {value:.3f}" for kind, value in self.recall_5_by_kind.items())
        lines += [
            f"recall@5 by kind: {kinds}; gain over lexical alone {_told(self.gain_over_lexical)}",
            f"“not in your sources”: {self.refused:.0%} of the unanswered, {self.refused_wrongly:.1%} of the answered",
            *(f"missed: {question}" for question in self.missed),
        ]
        return "\n".join(lines)


def retrieval_report(folder: Path) -> RetrievalReport:
    """Searches the shipped notes, in an index made for it. Raises InputError where the folder holds no cases or names a section that is not there."""
    cases = read_cases(folder)
    answered = [c for c in cases if c.sections]
    unanswered = [c for c in cases if not c.sections]
    with tempfile.TemporaryDirectory() as home:
        ways, refused = _searched(Path(home), answered, unanswered)
    own = ways["hybrid"]
    gain = np.array([_hit(c, a, 5) - _hit(c, b, 5) for c, a, b in zip(answered, own, ways["lexical"], strict=True)])
    by_kind = {
        kind: round(float(np.mean([_hit(c, ids, 5) for c, ids in zip(answered, own, strict=True) if c.kind == kind])), 4)
        for kind in sorted({c.kind for c in answered})
    }
    return RetrievalReport(
        questions=len(answered),
        ways=tuple(_found(way, answered, ids) for way, ids in ways.items()),
        recall_5_by_kind=by_kind,
        gain_over_lexical=_spread(gain),
        unanswered=len(unanswered),
        refused=float(np.mean(refused[len(answered) :])) if unanswered else float("nan"),
        refused_wrongly=float(np.mean(refused[: len(answered)])),
        missed=tuple(c.question for c, ids in zip(answered, own, strict=True) if not _hit(c, ids, 5)),
    )


def read_cases(folder: Path) -> list[Case]:
    """Every line of the folder's files, in order."""
    cases = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                raw = json.loads(line)
                case = Case(question=raw["question"], kind=raw.get("kind", ""), sections=tuple(raw.get("sections", ())))
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path.name}, line {number}: a question with its sections is needed.") from error
            strange = [s for s in case.sections if s not in shipped().sections]
            if strange:
                raise InputError(f"{path.name}, line {number}: the notes have no section {strange[0]}.")
            cases.append(case)
    if not any(c.sections for c in cases):
        raise InputError(f"{folder} holds no questions. It needs *.jsonl files with question and sections on each line.")
    return cases


def _searched(home: Path, answered: Sequence[Case], unanswered: Sequence[Case]) -> tuple[dict[str, list[list[str]]], list[bool]]:
    """By way, the ids found for each answered question; and of all questions whether the built-in coach says that the sources don't answer it."""
    from assistant.embedded.coach_reply import answers, nearness
    from assistant.index import Index
    from assistant.store import Store

    store, embedder, known = Store(home / "record.db"), local_embedder(), shipped()
    index = Index(home / "index", embedder, store.database, asked=known.asked)
    try:
        index.rebuild_missing(known.documents, [])
        asked = Asked(known.asked, embedder)
        said = Sentences(known.sections.values(), PreparedEmbedder(embedder, data_folder("knowledge") / "sentence_vectors.npz"))
        own = Retriever(index, asked, said)
        ways = {
            "lexical": Retriever(index, dense=False),
            "dense": Retriever(index, lexical=False),
            "both": Retriever(index),
            "and bank": Retriever(index, asked),
            "hybrid": own,
        }
        found = {
            way: [[h.section.id for h in retriever.search(c.question, DEPTH, ("notes",))] for c in answered]
            for way, retriever in ways.items()
        }
        asking = [
            CoachReply(question=c.question, sections=tuple(h.section for h in own.search(c.question, 5, ("notes",))))
            for c in (*answered, *unanswered)
        ]
        return found, [not answers(task, nearness(task, embedder)) for task in asking]
    finally:
        index.close()
        store.close()


def _found(way: str, cases: Sequence[Case], found: Sequence[Sequence[str]]) -> Found:
    pairs = list(zip(cases, found, strict=True))
    return Found(
        way=way,
        recall_1=_spread(np.array([_hit(c, ids, 1) for c, ids in pairs])),
        recall_5=_spread(np.array([_hit(c, ids, 5) for c, ids in pairs])),
        mrr=_spread(np.array([next((1 / (n + 1) for n, i in enumerate(ids) if i in c.sections), 0.0) for c, ids in pairs])),
        ndcg_10=_spread(np.array([_ndcg(c, ids) for c, ids in pairs])),
    )


def _hit(case: Case, ids: Sequence[str], k: int) -> float:
    return float(any(i in case.sections for i in ids[:k]))


def _ndcg(case: Case, ids: Sequence[str]) -> float:
    gained = sum(1 / np.log2(n + 2) for n, i in enumerate(ids[:DEPTH]) if i in case.sections)
    return float(gained / sum(1 / np.log2(n + 2) for n in range(len(case.sections))))


def _spread(values: Numbers) -> tuple[float, float, float]:
    """Mean, and the bounds of its interval."""
    draw = np.random.default_rng(0)
    means = values[draw.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return round(float(values.mean()), 4), round(float(low), 4), round(float(high), 4)


def _told(value: tuple[float, float, float]) -> str:
    return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"
