"""Human-graded answers through the product's own critique: how far its credit and score agree with people.

Comes in: a CSV with `question`, `desired_answer`, `student_answer`, `score_avg` (higher is better; `id` and `label` where there).
Goes out: a report for whoever brings such data. Each answer takes the way of a candidate's: the reference is cut into criteria, judged by
the embedded engine, its quotes checked, its points added up; no label is seen on the way.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.critique import verdicts_of
from assistant.errors import InputError
from assistant.grading import rubric_from_reference
from assistant.schema import Provenance, Question, Rubric
from assistant.tasks import JudgeAnswer, Judgement

Numbers = NDArray[np.float64]
Judge = Callable[[JudgeAnswer], Judgement]

COLUMNS = ("question", "desired_answer", "student_answer", "score_avg")
BLANK_WORDS = 3
"""An answer of so many words or fewer counts as blank."""
RESAMPLES = 1000


@dataclass(frozen=True)
class GradedAnswer:
    """One row: the person's grade between 0 and 1, the mean credit of the criteria and the score, None where ungraded."""

    question: str
    words: int
    grade: float
    label: str
    credit: float | None
    score: float | None


@dataclass(frozen=True)
class Agreement:
    """How one number agrees with the human grade over one selection of answers."""

    number: str
    answers: str
    """`all`, or `non-blank`."""
    count: int
    r: float
    low: float
    high: float
    """The middle 95% of r with the questions resampled."""
    rho: float
    rmse: float
    kappa: float
    """Quadratic, with both numbers in five equal steps."""
    r_question: float
    """The mean over questions of r within the question."""
    r_without_length: float
    """r with ln(1 + words) taken out of both."""
    auc_contradictory: float | None
    """How often a correct answer comes before a contradictory one; None where no label says so."""


@dataclass(frozen=True)
class AnswersReport:
    """What `evaluate answers` prints."""

    path: str
    rows: int
    ungraded: int
    seconds: float
    agreements: tuple[Agreement, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain values; what could not be computed is None."""
        plain = asdict(self)
        plain["agreements"] = [{k: None if isinstance(v, float) and np.isnan(v) else v for k, v in a.items()} for a in plain["agreements"]]
        return plain

    def __str__(self) -> str:
        head = f"{self.path}: {self.rows} answers, {self.ungraded} ungraded, {self.seconds:.0f} s, built-in checker"
        columns = f"{'number':8} {'answers':10} {'n':>6} {'r':>6} {'95%':>14} {'rho':>6} {'RMSE':>6} {'kappa':>6} {'r_q':>6} {'r|len':>6} {'AUC contr.':>10}"
        lines = [
            f"{a.number:8} {a.answers:10} {a.count:6} {a.r:6.3f} {a.low:6.3f} {a.high:6.3f}  {a.rho:6.3f} {a.rmse:6.3f} {a.kappa:6.3f}"
            f" {a.r_question:6.3f} {a.r_without_length:6.3f} {'' if a.auc_contradictory is None else f'{a.auc_contradictory:10.3f}'}"
            for a in self.agreements
        ]
        return "\n".join([head, columns, *lines])


def answers_report(path: Path, judge: Judge | None = None, progress: bool | None = None) -> AnswersReport:
    """Judges every row of the CSV and compares with its grades. Progress goes to stderr, by default on a terminal only.

    Raises InputError where the file is no CSV with the columns named above, or has no two different grades.
    """
    rows = _rows(path)
    began = time.monotonic()
    shown = sys.stderr.isatty() if progress is None else progress
    graded = list(_watched(_judged(rows, judge or _embedded()), len(rows), shown))
    selections = [("all", graded), ("non-blank", [g for g in graded if g.words > BLANK_WORDS])]
    agreements = tuple(_agreement(number, name, some) for number in ("credit", "score") for name, some in selections)
    return AnswersReport(
        path=path.name,
        rows=len(rows),
        ungraded=sum(g.score is None for g in graded),
        seconds=round(time.monotonic() - began, 1),
        agreements=agreements,
    )


def _embedded() -> Judge:
    from assistant.embedded.judge_answer import judge
    from assistant.embedding import local_embedder

    return lambda task: judge(task, local_embedder())


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            rows = list(csv.DictReader(source))
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a CSV file in UTF-8.") from error
    missing = [c for c in COLUMNS if not rows or c not in rows[0]]
    if missing:
        raise InputError(f"{path} has no column {', '.join(missing)}. It needs: {', '.join(COLUMNS)}.")
    try:
        grades = {float(row["score_avg"]) for row in rows}
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: every score_avg must be a number.") from error
    if len(grades) < 2 or not all(np.isfinite(g) for g in grades):
        raise InputError(f"{path}: the grades in score_avg are all the same, or no numbers, so nothing can be compared.")
    return rows


def _judged(rows: Sequence[dict[str, str]], judge: Judge) -> Iterable[GradedAnswer]:
    grades = np.array([float(row["score_avg"]) for row in rows])
    low, high = grades.min(), grades.max()
    for row, grade in zip(rows, grades, strict=True):
        credit, score = _critique(row["question"], row["desired_answer"], row["student_answer"], judge)
        yield GradedAnswer(
            question=row["question"],
            words=len(row["student_answer"].split()),
            grade=float((grade - low) / (high - low)),
            label=(row.get("label") or "").lower(),
            credit=credit,
            score=score,
        )


def _critique(question: str, reference: str, answer: str, judge: Judge) -> tuple[float | None, float | None]:
    """Mean credit and score, as a card would have them."""
    from datetime import UTC, datetime

    from assistant.engine import Generation

    rubric = _rubric(reference)
    made = Provenance(engine="embedded", at=datetime(2000, 1, 1, tzinfo=UTC))
    asked = Question(id="row", text=question, topic="", kind="depth", level=4, minutes=5, origin="own", rubric=rubric, provenance=made)
    judgement = judge(JudgeAnswer(question=question, level=4, criteria=rubric.criteria, pitfalls=(), answer=answer))
    card = verdicts_of(asked, answer, Generation(value=judgement, provenance=made))
    credits = [g.credit for g in card.grades if g.credit is not None]
    return (float(np.mean(credits)) if credits else None), card.score


@lru_cache(maxsize=4096)
def _rubric(reference: str) -> Rubric:
    return rubric_from_reference(reference)


def _watched(graded: Iterable[GradedAnswer], total: int, shown: bool) -> Iterable[GradedAnswer]:
    for done, one in enumerate(graded, start=1):
        if shown and (done % 50 == 0 or done == total):
            print(f"\r{done} of {total} answers", end="\n" if done == total else "", file=sys.stderr, flush=True)
        yield one


def _agreement(number: str, name: str, answers: Sequence[GradedAnswer]) -> Agreement:
    kept = [a for a in answers if getattr(a, number) is not None]
    ours = np.array([float(getattr(a, number)) for a in kept])
    theirs = np.array([a.grade for a in kept])
    length = np.log1p(np.array([a.words for a in kept], float))
    places: dict[str, list[int]] = {}
    for i, a in enumerate(kept):
        places.setdefault(a.question, []).append(i)
    groups = [np.array(p) for p in places.values()]
    within = [pearson(ours[g], theirs[g]) for g in groups if len(g) >= 3 and np.ptp(ours[g]) > 0 and np.ptp(theirs[g]) > 0]
    draw = np.random.default_rng(0)
    spread = []
    for _ in range(RESAMPLES if len(groups) > 1 else 0):
        some = np.concatenate([groups[i] for i in draw.integers(len(groups), size=len(groups))])
        spread.append(pearson(ours[some], theirs[some]))
    low, high = (float(v) for v in np.quantile(spread, [0.025, 0.975])) if spread else (float("nan"), float("nan"))
    right = ours[[a.label == "correct" for a in kept]]
    contrary = ours[[a.label == "contradictory" for a in kept]]
    return Agreement(
        number=number,
        answers=name,
        count=len(kept),
        r=_round(pearson(ours, theirs)),
        low=_round(low),
        high=_round(high),
        rho=_round(pearson(ranks(ours), ranks(theirs))),
        rmse=_round(float(np.sqrt(np.mean((ours - theirs) ** 2))) if len(kept) else float("nan")),
        kappa=_round(kappa(ours, theirs)),
        r_question=_round(float(np.mean(within)) if within else float("nan")),
        r_without_length=_round(partial(ours, theirs, length)),
        auc_contradictory=_round(auc(right, contrary)) if len(right) and len(contrary) else None,
    )


def pearson(a: Numbers, b: Numbers) -> float:
    """The correlation of two series; not a number where one of them is flat.

    >>> round(pearson(np.array([1.0, 2, 3, 4]), np.array([2.0, 1, 4, 3])), 3)
    0.6
    """
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def ranks(values: Numbers) -> Numbers:
    """Ranks from 1, ties sharing their mean.

    >>> ranks(np.array([10.0, 20, 10, 30])).tolist()
    [1.5, 3.0, 1.5, 4.0]
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared: Numbers = (ends - (counts - 1) / 2)[places].astype(np.float64)
    return shared


def partial(a: Numbers, b: Numbers, given: Numbers) -> float:
    """The correlation of a and b with `given` taken out of both, linearly."""
    ab, ag, bg = pearson(a, b), pearson(a, given), pearson(b, given)
    if np.isnan(ag) or np.isnan(bg):
        return ab
    return float((ab - ag * bg) / np.sqrt(max(1e-12, (1 - ag**2) * (1 - bg**2))))


def kappa(a: Numbers, b: Numbers, steps: int = 5) -> float:
    """Quadratic weighted kappa of two series between 0 and 1, each cut into equal steps.

    >>> round(kappa(np.array([0, 0.5, 1.0, 0]), np.array([0, 0.5, 1.0, 1.0])), 3)
    0.385
    """
    if not len(a):
        return float("nan")
    i, j = (np.minimum((v * steps).astype(int), steps - 1) for v in (a, b))
    weights = (np.arange(steps)[:, None] - np.arange(steps)[None, :]) ** 2
    seen = np.zeros((steps, steps))
    np.add.at(seen, (i, j), 1)
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / len(a)
    apart = float((weights * chance).sum())
    return 1 - float((weights * seen).sum()) / apart if apart else float("nan")


def auc(higher: Numbers, lower: Numbers) -> float:
    """How often a value of `higher` stands above one of `lower`, ties half.

    >>> auc(np.array([2.0, 3]), np.array([1.0, 2]))
    0.875
    """
    both = ranks(np.concatenate([higher, lower]))[: len(higher)]
    return float((both.sum() - len(higher) * (len(higher) + 1) / 2) / (len(higher) * len(lower)))


def _round(value: float) -> float:
    return round(value, 4)
