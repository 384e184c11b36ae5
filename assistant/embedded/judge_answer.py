"""`judge_answer` without a model: each criterion by how much of it the answer's words say in their context.

Comes in: the task, and the bundled model.  Goes out: a `Judgement` with a quote for every met or partial.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from assistant.embedded.matching import Flags, Floats, Reading, read, weigh
from assistant.embedding import LocalEmbedder
from assistant.schema import Criterion, Span
from assistant.tasks import JudgeAnswer, JudgedCriterion, JudgedPitfall, Judgement
from assistant.text import clauses, evidence

PARTIAL, MET = 0.46, 0.54
QUOTE_WORDS = 40


def judge(task: JudgeAnswer, embedder: LocalEmbedder) -> Judgement:
    """Every criterion and pitfall of the task, in order."""
    question = _points([task.question], embedder)[0] if task.question.strip() else None
    answer = read([task.answer], embedder)[0]
    usable = _usable(answer, task.question)
    grades = []
    for criterion in task.criteria:
        credit, said = credit_of(criterion, answer, usable, question, embedder)
        verdict = "met" if credit >= MET else "partial" if credit >= PARTIAL else "missed"
        quote = _quote(answer, usable, said) if verdict != "missed" else ""
        grades.append(
            JudgedCriterion(criterion=criterion.id, quote=quote, verdict=verdict if quote else "missed", reason="", credit=credit)
        )
    return Judgement(grades=grades, pitfalls=[JudgedPitfall(pitfall=p.id, quote="", committed=False) for p in task.pitfalls])


def credit_of(
    criterion: Criterion, answer: Reading, usable: Flags, question: Reading | None, embedder: LocalEmbedder
) -> tuple[float, Floats]:
    """How much of the criterion the answer says, 0 to 1, and what each piece of the answer adds to it."""
    best, said = 0.0, np.zeros(len(answer.vectors), np.float32)
    if not usable.any():
        return best, said
    for point in _points([criterion.text, *criterion.accept], embedder):
        if not len(point.vectors):
            continue
        weight = weigh(point, question)
        likeness = np.where(usable, point.vectors @ answer.vectors.T, -1)
        nearest = likeness.max(axis=1)
        credit = round(float(np.clip(weight @ nearest, 0, 1)), 4)
        if credit > best:
            best, said = credit, np.zeros(len(answer.vectors), np.float32)
            np.add.at(said, likeness.argmax(axis=1), weight * nearest)
    return best, said


def _usable(answer: Reading, question: str) -> Flags:
    found = np.zeros(len(answer.vectors), np.bool_)
    for span in evidence(answer.text, question):
        found |= (answer.starts >= span.start) & (answer.ends <= span.end)
    return found


def _quote(answer: Reading, usable: Flags, said: Floats) -> str:
    best, found = 0.0, Span(start=0, end=0)
    for clause in clauses(answer.text):
        inside = (answer.starts >= clause.start) & (answer.ends <= clause.end) & usable
        if said[inside].sum() > best:
            best, found = float(said[inside].sum()), clause
    words = found.of(answer.text).split()
    if len(words) <= QUOTE_WORDS:
        return found.of(answer.text)[:400]
    return answer.text[found.start : found.start + _end_of_word(found.of(answer.text), QUOTE_WORDS)]


def _end_of_word(text: str, count: int) -> int:
    end = 0
    for word in text.split()[:count]:
        end = text.index(word, end) + len(word)
    return end


_kept: OrderedDict[tuple[str, str], Reading] = OrderedDict()
_keeping = Lock()
_KEPT = 1024


def _points(texts: Sequence[str], embedder: LocalEmbedder) -> list[Reading]:
    """Readings of the rubric's texts, kept between calls: the same rubric judges many answers."""
    keys = [(embedder.identity, t) for t in texts]
    with _keeping:
        found = {k: _kept[k] for k in keys if k in _kept}
    missing = list(dict.fromkeys(k for k in keys if k not in found))
    found.update(zip(missing, read([t for _, t in missing], embedder), strict=True))
    with _keeping:
        for k in keys:
            _kept[k] = found[k]
            _kept.move_to_end(k)
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return [found[k] for k in keys]
