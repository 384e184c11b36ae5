"""Verdicts become a score and a band by arithmetic; quotes are found in the answer by code; attempts are compared.

Comes in: a frozen `Rubric`, an engine's `Judgement` and the answer.  Goes out: grades with checked quotes, a score (0 to 1) and a band (1 to 4).
No engine is asked here, and nothing a model says about points is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.schema import Criterion, CriterionGrade, DimensionScore, Frozen, PitfallGrade, Quote, Rubric, Span
from assistant.tasks import JudgedCriterion, JudgedPitfall, Judgement
from assistant.text import clauses, evidence, find_quote, normalise, sentences

WORTH = {"met": 1.0, "partial": 0.5, "missed": 0.0}
REFERENCE_WORDS_MIN, REFERENCE_WORDS_MAX = 8, 40
"""A criterion cut from a reference is a sentence of about so many words."""
DIMENSION_POINTS_MIN = 3
"""A dimension with fewer points in all reads "not tested"."""


class Comparison(Frozen):
    """One criterion in two attempts at one question."""

    criterion: str
    before: str
    after: str
    change: float
    """Points won or lost, in the rubric's points."""


def check_quote(words: str, answer: str, question: str = "") -> Quote | None:
    """The quote as it stands in the answer; None where it is not there or may not serve as evidence."""
    span = find_quote(words, answer)
    if span is None or len(normalise(words)) < 3:
        return None
    usable = evidence(answer, question)
    if not any(s.start < span.end and span.start < s.end for s in usable):
        return None
    outside = [s for s in sentences(answer) if s.start < span.end and span.start < s.end and s not in usable]
    if outside:
        return None
    return Quote(text=span.of(answer), start=span.start, end=span.end)


def check_quotes(
    rubric: Rubric, judgement: Judgement, answer: str, question: str = ""
) -> tuple[tuple[CriterionGrade, ...], tuple[PitfallGrade, ...]]:
    """Every criterion and pitfall of the rubric, in its order, with its quote found in the answer.

    A met or partial whose quote is not in the answer, or speaks to the grader, is missed. A criterion the judge left out, or
    judged twice with different verdicts, is ungraded with its reason. A pitfall counts only with a real quote.
    """
    said = _by_id(judgement.grades)
    grades = tuple(_grade(c, said.get(c.id, []), answer, question) for c in rubric.criteria)
    slips: dict[str, list[JudgedPitfall]] = {}
    for p in judgement.pitfalls:
        slips.setdefault(p.pitfall, []).append(p)
    pitfalls = tuple(_pitfall(p.id, slips.get(p.id, []), answer, question) for p in rubric.pitfalls)
    return grades, pitfalls


def _by_id(judged: Iterable[JudgedCriterion]) -> dict[str, list[JudgedCriterion]]:
    found: dict[str, list[JudgedCriterion]] = {}
    for g in judged:
        found.setdefault(g.criterion, []).append(g)
    return found


def _grade(criterion: Criterion, judged: Sequence[JudgedCriterion], answer: str, question: str) -> CriterionGrade:
    if not judged:
        return CriterionGrade(criterion=criterion.id, verdict="ungraded", reason="The judge left this point out.")
    if len({g.verdict for g in judged}) > 1:
        return CriterionGrade(criterion=criterion.id, verdict="ungraded", reason="The judge contradicted itself on this point.")
    first = judged[0]
    credit = None if first.credit is None else round(first.credit, 4)
    if first.verdict in ("missed", "ungraded"):
        return CriterionGrade(criterion=criterion.id, verdict=first.verdict, credit=credit, reason=first.reason)
    quote = check_quote(first.quote, answer, question)
    if quote is None:
        return CriterionGrade(criterion=criterion.id, verdict="missed", credit=credit, reason="Nothing in your answer on this.")
    return CriterionGrade(criterion=criterion.id, verdict=first.verdict, credit=credit, quote=quote, reason=first.reason)


def _pitfall(pitfall: str, judged: Sequence[JudgedPitfall], answer: str, question: str) -> PitfallGrade:
    for p in judged:
        if p.committed and (quote := check_quote(p.quote, answer, question)) is not None:
            return PitfallGrade(pitfall=pitfall, committed=True, quote=quote)
    return PitfallGrade(pitfall=pitfall, committed=False)


def score(rubric: Rubric, grades: Sequence[CriterionGrade], pitfalls: Sequence[PitfallGrade] = ()) -> float | None:
    """The score, 0 to 1; None where nothing could be graded.

    (points x verdict, summed) / (points, summed) - (points of committed pitfalls) / (points, summed), not below 0; met 1, partial 0.5,
    missed 0; ungraded leaves both sums. With criteria of 3 (met), 2 (partial), 2 (missed), 1 (met) points and a pitfall of 1 committed:

    >>> from assistant.schema import Pitfall
    >>> rubric = Rubric(criteria=tuple(Criterion(id=i, text=i, points=p) for i, p in [("a", 3), ("b", 2), ("c", 2), ("d", 1)]), pitfalls=(Pitfall(id="x", text="x"),))
    >>> grades = [CriterionGrade(criterion=i, verdict=v) for i, v in [("a", "met"), ("b", "partial"), ("c", "missed"), ("d", "met")]]
    >>> score(rubric, grades, [PitfallGrade(pitfall="x", committed=True)])
    0.5
    """
    points = {c.id: c.points for c in rubric.criteria}
    graded = [g for g in grades if g.verdict != "ungraded"]
    total = sum(points[g.criterion] for g in graded)
    if total == 0:
        return None
    won = sum(points[g.criterion] * WORTH[g.verdict] for g in graded)
    lost = sum(p.points for p in rubric.pitfalls for g in pitfalls if g.pitfall == p.id and g.committed)
    return round(max(0.0, (won - lost) / total), 4)


def band(rubric: Rubric, grades: Sequence[CriterionGrade], pitfalls: Sequence[PitfallGrade] = ()) -> int | None:
    """The band, 1 to 4, by the rubric's cuts; one missed essential caps it at 3, two at 2.

    None where nothing was graded, or where the ungraded points could change it: the band with all of them met differs from the
    band with all of them missed.
    """
    if score(rubric, grades, pitfalls) is None:
        return None
    if all(g.verdict != "ungraded" for g in grades):
        return _band(rubric, grades, pitfalls)
    best = [g.model_copy(update={"verdict": "met"}) if g.verdict == "ungraded" else g for g in grades]
    worst = [g.model_copy(update={"verdict": "missed"}) if g.verdict == "ungraded" else g for g in grades]
    high, low = _band(rubric, best, pitfalls), _band(rubric, worst, pitfalls)
    return high if high == low else None


def _band(rubric: Rubric, grades: Sequence[CriterionGrade], pitfalls: Sequence[PitfallGrade]) -> int:
    missed = {g.criterion for g in grades if g.verdict == "missed"}
    cap = 4 - min(2, sum(1 for c in rubric.criteria if c.essential and c.id in missed))
    return min(cap, band_of(score(rubric, grades, pitfalls) or 0.0, rubric.cuts))


def band_of(value: float, cuts: tuple[float, float, float] = (0.30, 0.60, 0.80)) -> int:
    """The band a score falls in: 4 from 0.80, 3 from 0.60, 2 from 0.30, else 1."""
    return 1 + sum(value >= cut - 1e-9 for cut in cuts)


def by_dimension(graded: Iterable[tuple[Rubric, Sequence[CriterionGrade]]]) -> tuple[DimensionScore, ...]:
    """Points won by dimension over several rubrics, in the order dimensions first occur; under 3 points in all: not tested."""
    won: dict[str, float] = {}
    total: dict[str, int] = {}
    for rubric, grades in graded:
        criteria = {c.id: c for c in rubric.criteria}
        for g in grades:
            c = criteria[g.criterion]
            total.setdefault(c.dimension, 0)
            if g.verdict == "ungraded":
                continue
            total[c.dimension] += c.points
            won[c.dimension] = won.get(c.dimension, 0.0) + c.points * WORTH[g.verdict]
    found = []
    for dimension, points in total.items():
        tested = points >= DIMENSION_POINTS_MIN
        value = round(won.get(dimension, 0.0) / points, 4) if tested else None
        found.append(DimensionScore(dimension=dimension, score=value, points=points, band=None if value is None else band_of(value)))
    return tuple(found)


def compare(rubric: Rubric, before: Sequence[CriterionGrade], after: Sequence[CriterionGrade]) -> tuple[Comparison, ...]:
    """Two attempts at one frozen rubric, point by point."""
    old = {g.criterion: g.verdict for g in before}
    new = {g.criterion: g.verdict for g in after}
    return tuple(
        Comparison(
            criterion=c.id,
            before=old[c.id],
            after=new[c.id],
            change=c.points * (WORTH.get(new[c.id], 0.0) - WORTH.get(old[c.id], 0.0)),
        )
        for c in rubric.criteria
        if c.id in old and c.id in new
    )


def rubric_from_reference(reference: str) -> Rubric:
    """A reference answer cut into criteria of one point: a sentence each, a long one clause by clause; what is short stays with its neighbour.

    Every criterion counts the same: a reference says what is right, not what weighs more.
    """
    pieces = [
        piece
        for sentence in sentences(reference)
        for piece in (_clauses_of(reference, sentence) if _words(reference, sentence) > REFERENCE_WORDS_MAX else [sentence])
    ]
    joined: list[Span] = []
    for piece in pieces:
        if joined and min(_words(reference, piece), _words(reference, joined[-1])) < REFERENCE_WORDS_MIN:
            joined[-1] = Span(start=joined[-1].start, end=piece.end)
        else:
            joined.append(piece)
    texts = [span.of(reference) for span in joined] or [reference.strip() or "(empty reference)"]
    return Rubric(criteria=tuple(Criterion(id=f"c{i}", text=t) for i, t in enumerate(texts, start=1)))


def _clauses_of(text: str, sentence: Span) -> list[Span]:
    return [c for c in clauses(text) if sentence.start <= c.start and c.end <= sentence.end]


def _words(text: str, span: Span) -> int:
    return len(normalise(span.of(text)).split())
