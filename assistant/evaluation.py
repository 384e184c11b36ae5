"""How far the embedded judge agrees with people, by a command anyone can re-run on data of their own.

Comes in: a CSV of human-graded answers (`question, desired_answer, student_answer, score_avg`, and `label` where there is one).  Goes out: a
report with intervals. Each answer goes the product's own way: the reference is cut into points, each point gets its credit and verdict, code adds up.
Nothing of the data is kept.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.embedded.judge_answer import judge
from assistant.embedding import local_embedder
from assistant.errors import InputError, UsageError
from assistant.grading import band_of, check_quotes, rubric_from_reference, score
from assistant.tasks import JudgeAnswer

Floats = NDArray[np.float64]

COLUMNS = ("question", "desired_answer", "student_answer", "score_avg")
RESAMPLES = 1_000
BLANK_WORDS = 3
"""An answer of at most so many words counts as blank."""


@dataclass(frozen=True)
class Case:
    """One human-graded answer and what the judge made of it. `credit` and `score` are 0 to 1."""

    question: str
    words: int
    grade: float
    label: str
    credit: float
    score: float


@dataclass(frozen=True)
class Figure:
    """One number of a report, with the interval in which 95% of it falls when the questions are resampled."""

    name: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.name:44} {self.value:6.3f}   [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Report:
    title: str
    answers: int
    questions: int
    figures: tuple[Figure, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.title}: {self.answers} answers, {self.questions} questions", *(f"  {f}" for f in self.figures)])

    def as_json(self) -> dict[str, Any]:
        figures = [{"name": f.name, "value": f.value, "low": f.low, "high": f.high} for f in self.figures]
        return {"title": self.title, "answers": self.answers, "questions": self.questions, "figures": figures}


def answers_report(path: Path, step: Callable[[int, int], None] = lambda done, total: None) -> tuple[Report, ...]:
    """Two reports, blanks dropped and kept. `step` is told how many answers are judged. Raises `InputError` or `UsageError` for a file that is not of the form."""
    rows = _rows(path)
    cases = []
    for number, row in enumerate(rows, start=1):
        cases.append(_judged(row))
        step(number, len(rows))
    spoken = [c for c in cases if c.words > BLANK_WORDS]
    return _report(f"{path.name}, blanks dropped", spoken), _report(f"{path.name}, all", cases)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                raise UsageError(
                    f"{path.name} has no column {', '.join(missing)}. It needs: {', '.join(COLUMNS)}; a column label is optional."
                )
            rows = list(reader)
    except OSError as error:
        raise InputError(f"I cannot read {path}: {(error.strerror or 'unknown reason').lower()}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name} is not a CSV file in UTF-8.") from error
    for line, row in enumerate(rows, start=2):
        try:
            row["score_avg"] = str(float(row["score_avg"]))
        except (TypeError, ValueError) as error:
            raise InputError(f"{path.name}, line {line}: score_avg “{row['score_avg']}” is no number.") from error
    if len({row["score_avg"] for row in rows}) < 2:
        raise InputError(f"{path.name} has too few different grades to compare with.")
    return rows


def _judged(row: dict[str, str]) -> Case:
    question, answer = row["question"] or "", row["student_answer"] or ""
    rubric = rubric_from_reference(row["desired_answer"] or "")
    task = JudgeAnswer(question=question, level=3, criteria=rubric.criteria, pitfalls=(), answer=answer)
    judgement = judge(task, local_embedder())
    grades, pitfalls = check_quotes(rubric, judgement, answer, question)
    credits = [g.credit or 0.0 for g in judgement.grades]
    return Case(
        question=question,
        words=len(answer.split()),
        grade=float(row["score_avg"]),
        label=(row.get("label") or "").strip().lower(),
        credit=sum(credits) / len(credits) if credits else 0.0,
        score=score(rubric, grades, pitfalls) or 0.0,
    )


def _report(title: str, cases: Sequence[Case]) -> Report:
    top = max(c.grade for c in cases)
    measures: dict[str, Callable[[Sequence[Case]], float]] = {
        "r of the mean credit": lambda cs: pearson(_of(cs, "credit"), _of(cs, "grade")),
        "r of the score": lambda cs: pearson(_of(cs, "score"), _of(cs, "grade")),
        "rho of the mean credit": lambda cs: pearson(ranks(_of(cs, "credit")), ranks(_of(cs, "grade"))),
        "r_q of the mean credit (mean by question)": _by_question,
        "r of the mean credit, length partialled out": _without_length,
        f"RMSE of the mean credit, of {top:g}": lambda cs: float(np.sqrt(np.mean((top * _of(cs, "credit") - _of(cs, "grade")) ** 2))),
        "quadratic weighted kappa, bands of score and grade": lambda cs: weighted_kappa(
            [band_of(c.score) for c in cs], [band_of(c.grade / top) for c in cs]
        ),
    }
    if any(c.label.startswith("contradict") for c in cases):
        measures["AUC, correct against contradictory"] = _auc_contradictory
    figures = tuple(_with_interval(name, measure, cases) for name, measure in measures.items())
    return Report(title, len(cases), len({c.question for c in cases}), figures)


def _with_interval(name: str, measure: Callable[[Sequence[Case]], float], cases: Sequence[Case]) -> Figure:
    """The measure, and its 2.5 and 97.5 percentiles over questions drawn with replacement."""
    groups: dict[str, list[Case]] = {}
    for c in cases:
        groups.setdefault(c.question, []).append(c)
    names, rng = sorted(groups), np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        sample = [c for i in rng.integers(0, len(names), len(names)) for c in groups[names[i]]]
        value = measure(sample)
        if not math.isnan(value):
            drawn.append(value)
    low, high = (float(np.percentile(drawn, q)) for q in (2.5, 97.5)) if drawn else (math.nan, math.nan)
    return Figure(name, round(measure(cases), 4), round(low, 4), round(high, 4))


def _of(cases: Sequence[Case], field: str) -> Floats:
    return np.array([getattr(c, field) for c in cases], dtype=np.float64)


def pearson(a: Floats, b: Floats) -> float:
    """Pearson's r; not a number where one side does not vary.

    >>> round(pearson(np.array([1.0, 2, 3, 4]), np.array([2.0, 4, 6, 9])), 4)
    0.9944
    """
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean rank.

    >>> ranks(np.array([10.0, 20, 20, 30])).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def _by_question(cases: Sequence[Case]) -> float:
    groups: dict[str, list[Case]] = {}
    for c in cases:
        groups.setdefault(c.question, []).append(c)
    found = [r for g in groups.values() if not math.isnan(r := pearson(_of(g, "credit"), _of(g, "grade")))]
    return float(np.mean(found)) if found else math.nan


def _without_length(cases: Sequence[Case]) -> float:
    """Partial correlation of credit and grade given the logarithm of the number of words."""
    length = np.log1p(_of(cases, "words"))
    ab, al, bl = (
        pearson(_of(cases, "credit"), _of(cases, "grade")),
        pearson(_of(cases, "credit"), length),
        pearson(_of(cases, "grade"), length),
    )
    return (ab - al * bl) / math.sqrt((1 - al**2) * (1 - bl**2))


def weighted_kappa(a: Sequence[int], b: Sequence[int], categories: int = 4) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968), categories 1 to `categories`.

    >>> weighted_kappa([1, 2, 3, 4], [1, 2, 3, 4]), round(weighted_kappa([1, 2, 3, 4], [2, 2, 3, 3]), 3)
    (1.0, 0.667)
    """
    seen = np.zeros((categories, categories))
    for i, j in zip(a, b, strict=True):
        seen[i - 1, j - 1] += 1
    chance = np.outer(seen.sum(1), seen.sum(0)) / max(1, len(a))
    weights = np.array([[(i - j) ** 2 for j in range(categories)] for i in range(categories)])
    expected = float((weights * chance).sum())
    return math.nan if expected == 0 else 1 - float((weights * seen).sum()) / expected


def _auc_contradictory(cases: Sequence[Case]) -> float:
    """How often a correct answer's mean credit is above a contradictory one's, ties half (Mann and Whitney 1947)."""
    right = np.array([c.credit for c in cases if c.label == "correct"])
    wrong = np.array([c.credit for c in cases if c.label.startswith("contradict")])
    if not len(right) or not len(wrong):
        return math.nan
    r = ranks(np.concatenate([right, wrong]))
    return float((r[: len(right)].sum() - len(right) * (len(right) + 1) / 2) / (len(right) * len(wrong)))
