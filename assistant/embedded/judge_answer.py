"""`judge_answer` without a model: each criterion by how much of it the answer says, in context, and whether another point fits better.

Comes in: the task, and the bundled model.  Goes out: a `Judgement` with a quote for every met or partial.
What it rests on, what was tried and what did not help stands with figures in docs/embedded-judge.md.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from assistant.embedded.matching import Floats, Match, Wording, match, read, word
from assistant.embedded.polarity import turned_round
from assistant.embedded.reading import ENGLISH_ONLY, Standing, stand
from assistant.embedding import LocalEmbedder
from assistant.schema import Criterion, Pitfall, Verdict
from assistant.tasks import JudgeAnswer, JudgedCriterion, JudgedPitfall, Judgement

PARTIAL, MET = 0.36, 0.405
"""The credit from which a criterion is partial, and met. Chosen for F1 on tests/evals/constructed."""
COMMITTED = 0.68
"""The credit from which a pitfall is committed: a false alarm is worse than a miss."""
WHOLE = 0.3
"""The share of a spot's likeness as a whole, beside the recall of the point's words.

It counts, as do length and the whole rival, only where points have several wordings. A point of one wording, as those cut from a reference,
is recalled by the answer as a whole."""
RIVAL, RIVAL_ALONE = 1.0, 0.5
"""What it counts that a spot fits another point of the rubric less (or more) than this one; where points have one wording, half."""
RIVAL_MOST = 0.15
LENGTH = 0.03
"""Taken off for every e-fold of words over 60: the best of many spots is high by chance."""
WORDS = 60
OFF_TOPIC = 0.15
NEAR_QUESTION, FAR = 0.22, 1.2
"""An answer whose spots are on average less like the question than this earns less by so much of what is lacking: strong answers to
their own question lie at .15 to .3, those to a question of another topic at .05 to .15."""
DOUBTFUL = 0.85
"""What is left of the credit of words that turn the point round, or of an answer whose words may be out of order; they are partial at most."""
QUOTE_WORDS = 40

_REASONS = {
    "met": "Your words say this.",
    "partial": "You come near this, but do not say all of it.",
    "missed": "Nothing in your answer on this.",
}
_TURNED = {
    "negation": "You come near this, but a “not” makes it read as the opposite.",
    "opposite": "You come near this, but with the opposite word.",
    "roles": "You come near this, but what acts on what reads the other way round.",
    "order": "You come near this, but your words do not stand in the order of sentences.",
}
_REJECTED = re.compile(
    r"\b(?:myth|wrong|mistake[ns]?|incorrect|untrue|false|tempting|naive|trap|fallacy|misconception|misleading|not enough|isn't enough|don't|do not|never|not|cannot|can't"
    r"|(?:some|many|most|people|they|you|teams?|candidates?) (?:people |teams? )?(?:often |might |may |would |will )?(?:say|think|believe|assume|claim|argue)|avoid|rather than|instead of|unlike)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Credit:
    """How much of a point an answer says, and where."""

    value: float
    """0 to 1, rounded to four decimals."""
    quote: str = ""
    turned: str = ""
    """What reads the other way round there, or that the order does: see `polarity`."""


def judge(task: JudgeAnswer, embedder: LocalEmbedder) -> Judgement:
    """Every criterion and pitfall of the task, in order."""
    whole = stand(task.answer, task.question)
    if whole.standing == "another language":
        grades = [JudgedCriterion(criterion=c.id, quote="", verdict="ungraded", reason=ENGLISH_ONLY) for c in task.criteria]
        return Judgement(grades=grades, pitfalls=_none(task.pitfalls), standing=whole.standing, remark=whole.remark)
    if whole.standing == "not answered":
        return _nothing(task, whole.remark)
    credits, pitfalls, off_topic = _compared(task, whole, embedder)
    if off_topic:
        return _nothing(task, "This is about something else than the question asks.", credits)
    return Judgement(grades=[_graded(c, credit) for c, credit in zip(task.criteria, credits, strict=True)], pitfalls=pitfalls)


def credits_of(question: str, criteria: Sequence[Criterion], answer: str, embedder: LocalEmbedder) -> tuple[float, ...]:
    """The credit of each criterion, 0 to 1, before it is cut into a verdict."""
    task = JudgeAnswer(question=question, level=4, criteria=tuple(criteria), pitfalls=(), answer=answer)
    return tuple(g.credit or 0.0 for g in judge(task, embedder).grades)


def verdict_of(credit: float) -> Verdict:
    return "met" if credit >= MET else "partial" if credit >= PARTIAL else "missed"


def _graded(criterion: Criterion, credit: Credit) -> JudgedCriterion:
    verdict = verdict_of(credit.value)
    if credit.turned and verdict == "met":
        verdict = "partial"
    if verdict == "missed":
        return JudgedCriterion(criterion=criterion.id, quote="", verdict="missed", reason=_REASONS["missed"], credit=credit.value)
    reason = _TURNED[credit.turned] if credit.turned else _REASONS[verdict]
    return JudgedCriterion(criterion=criterion.id, quote=credit.quote, verdict=verdict, reason=reason, credit=credit.value)


def _nothing(task: JudgeAnswer, remark: str, credits: Sequence[Credit] = ()) -> Judgement:
    values = [c.value for c in credits] or [0.0] * len(task.criteria)
    grades = [
        JudgedCriterion(criterion=c.id, quote="", verdict="missed", reason=_REASONS["missed"], credit=v)
        for c, v in zip(task.criteria, values, strict=True)
    ]
    return Judgement(grades=grades, pitfalls=_none(task.pitfalls), standing="not answered", remark=remark)


def _none(pitfalls: Sequence[Pitfall]) -> list[JudgedPitfall]:
    return [JudgedPitfall(pitfall=p.id, quote="", committed=False) for p in pitfalls]


def _compared(task: JudgeAnswer, whole: Standing, embedder: LocalEmbedder) -> tuple[list[Credit], list[JudgedPitfall], bool]:
    """Credits and pitfalls, and whether the answer is about something else."""
    texts = [[c.text, *c.accept] for c in task.criteria] + [[p.text, *p.says] for p in task.pitfalls]
    asked = task.question.strip()
    kept = _wordings({w for point in texts for w in point if w.strip()} | ({asked} if asked else set()), embedder)
    points = [[kept[w] for w in dict.fromkeys(point) if w in kept and len(kept[w].reading.vectors)] for point in texts]
    real = [i for i, wordings in enumerate(points) if wordings]
    answer = read([task.answer], embedder)[0]
    found = match([points[i] for i in real], answer, whole.usable, kept.get(asked), embedder)
    if found is None:
        return [Credit(0.0)] * len(task.criteria), _none(task.pitfalls), False
    n = len(task.criteria)
    rows = [row for row, i in enumerate(real) if i < n]
    reworded = any(c.accept for c in task.criteria)
    if reworded:
        said = found.recall + WHOLE * (found.likeness - found.recall) - LENGTH * np.log(max(1.0, len(task.answer.split()) / WORDS))
    else:
        said = found.recall + (found.overall - found.recall.max(axis=1))[:, None]
        said -= FAR * max(0.0, NEAR_QUESTION - float(found.asked.mean()))
    fit = (found.recall + found.likeness + found.precision) / 3
    credits, pitfalls = [Credit(0.0)] * n, _none(task.pitfalls)
    for row, i in enumerate(real):
        rivals = [r for r in rows if r != row]
        margin = np.clip(fit[row] - fit[rivals].max(axis=0), -RIVAL_MOST, RIVAL_MOST) if rivals else np.zeros(len(found.spots))
        values = np.clip(said[row] + (RIVAL if reworded else RIVAL_ALONE) * margin, 0, 1)
        if i < n:
            credits[i] = _credit(values, found, row, points[i], task.answer)
            if whole.doubtful and not credits[i].turned:
                credits[i] = Credit(round(credits[i].value * DOUBTFUL, 4), credits[i].quote, "order")
        elif quote := _committed(values, found, row, points[i], task.answer):
            pitfalls[i - n] = JudgedPitfall(pitfall=task.pitfalls[i - n].id, quote=quote, committed=True)
    off_topic = float(found.asked.max()) < OFF_TOPIC and all(c.value < PARTIAL for c in credits)
    return credits, pitfalls, off_topic


def _credit(values: Floats, found: Match, row: int, wordings: Sequence[Wording], answer: str) -> Credit:
    """The best spot that says the point the right way round, or the one that turns it round, at a discount, where that is still better."""
    order = np.argsort(-values, kind="stable")[:6]
    turned = Credit(0.0)
    for spot in order:
        value = round(float(values[spot]), 4)
        kind = turned_round(wordings[found.wording[row, spot]].reading.text, found.spots[spot].of(answer)) if value >= PARTIAL else ""
        if not kind:
            straight = Credit(value, _quote(answer, found, row, spot))
            return straight if verdict_of(value) == "met" or value >= turned.value else turned
        if not turned.turned:
            turned = Credit(round(value * DOUBTFUL, 4), _quote(answer, found, row, spot), kind)
    return turned


def _committed(values: Floats, found: Match, row: int, wordings: Sequence[Wording], answer: str) -> str:
    """The words that commit a pitfall: near to it, not turned round, and not said in order to reject it."""
    spot = int(values.argmax())
    span = found.spots[spot]
    claim = wordings[found.wording[row, spot]].reading.text
    if round(float(values[spot]), 4) < COMMITTED or turned_round(claim, span.of(answer)):
        return ""
    around = answer[max(0, span.start - 60) : span.end + 40]
    if len(_REJECTED.findall(around)) > len(_REJECTED.findall(claim)):
        return ""
    return _quote(answer, found, row, spot)


def _quote(answer: str, found: Match, row: int, spot: int) -> str:
    """The spot's words as they stand; of more than 40, the best part of it that is shorter."""
    span = found.spots[spot]
    if len(span.of(answer).split()) > QUOTE_WORDS or span.end - span.start > 400:
        inner = [
            i
            for i, s in enumerate(found.spots)
            if span.start <= s.start and s.end <= span.end and len(s.of(answer).split()) <= QUOTE_WORDS and s.end - s.start <= 400
        ]
        if not inner:
            end = [m.end() for m in re.finditer(r"\S+", span.of(answer)) if m.end() <= 400][:QUOTE_WORDS][-1:]
            return answer[span.start : span.start + (end[0] if end else 400)]
        span = found.spots[max(inner, key=lambda i: float(found.recall[row, i]))]
    return span.of(answer)


_kept: OrderedDict[tuple[str, str], Wording] = OrderedDict()
_keeping = Lock()
_KEPT = 1024


def _wordings(texts: Collection[str], embedder: LocalEmbedder) -> dict[str, Wording]:
    """The rubric's texts read, and kept between calls: the same rubric judges many answers."""
    identity = embedder.identity
    with _keeping:
        found = {t: _kept[identity, t] for t in texts if (identity, t) in _kept}
    missing = sorted(t for t in texts if t not in found)
    found.update(zip(missing, word(missing, embedder), strict=True))
    with _keeping:
        for t in texts:
            _kept[identity, t] = found[t]
            _kept.move_to_end((identity, t))
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found
