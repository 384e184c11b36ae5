"""Judge criterion by criterion, then advise within the verdicts.

Comes in: a question with its frozen rubric, the answer, and an engine.  Goes out: grades as they are checked, then one `Critique`.
The judge sees question, rubric, excerpts and answer, nothing else. Quotes are found, points added up and citations checked by code;
whatever a remark cannot show is left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from assistant.engine import DoneEvent, Engine, Generation, PartialEvent, RestartEvent
from assistant.errors import ModelError
from assistant.grading import band, check_quote, check_quotes, score
from assistant.schema import Advice, CriterionGrade, Critique, Fix, Frozen, Gap, PitfallGrade, Question, Quote, Rubric, Section, Strength
from assistant.tasks import AdviceDraft, AdviceGrade, Advise, GapDraft, JudgeAnswer, JudgedCriterion, Judgement
from assistant.text import find_quote, normalise

CARD_WORDS = 220
QUOTE_WORDS = 20
NOT_ANSWERED = "This does not answer the question yet."
ENGLISH_ONLY = "I can only check answers in English."

_DONT_KNOW = re.compile(
    r"^(?:(?:well|sorry|honestly|hmm+|um+|uh+|so|ok|okay|actually|to be honest|i am afraid|i'm afraid)[,. ]+)*"
    r"(?:i (?:really |honestly |just )?(?:do not|don't|dont|did not|didn't|can not|cannot|can't) (?:really |actually )?(?:know|remember|recall|have an? (?:answer|idea))"
    r"|no idea|not sure|pass|skip|idk|i have no (?:idea|clue|answer)|no clue|dunno|n/?a|i give up|nothing comes to mind|next question)\b",
    re.IGNORECASE,
)


class GradesSoFar(Frozen):
    """Rows of the card that are checked, in rubric order, before the whole is there."""

    grades: tuple[CriterionGrade, ...]


async def critique_answer(
    question: Question, answer: str, engine: Engine, *, sections: Sequence[Section] = (), posting_sentence: str = "", nonce: str = ""
) -> AsyncIterator[GradesSoFar | Critique]:
    """Yields the rows that are checked so far, then the whole card, last.

    Raises `ModelError` where the judge could not be asked or read: the answer then has no grade, never a zero.
    Where only the advice fails, the verdicts stand and the card says why there is no advice.
    """
    judged: Generation[Judgement] | None = None
    shown = 0
    task = JudgeAnswer(
        question=question.text, level=question.level, criteria=question.rubric.criteria, pitfalls=question.rubric.pitfalls,
        sections=tuple(sections), answer=answer, nonce=nonce,
    )  # fmt: skip
    async with aclosing(engine.stream(task)) as events:
        async for event in events:
            if isinstance(event, PartialEvent):
                ready = _ready_grades(question.rubric, event.value, answer, question.text)
                if len(ready) > shown:
                    shown = len(ready)
                    yield GradesSoFar(grades=ready)
            elif isinstance(event, RestartEvent):
                shown = 0
            elif isinstance(event, DoneEvent):
                judged = event.generation
    assert judged is not None
    critique = verdicts_of(question, answer, judged)
    if critique.standing in ("another language", "not checked"):
        yield critique
        return
    try:
        advice = await _advice(question, answer, critique, engine, sections, posting_sentence, nonce)
        yield within_words(critique.model_copy(update={"advice": advice}))
    except ModelError as error:
        yield critique.model_copy(update={"advice_error": str(error)})


def verdicts_of(question: Question, answer: str, judged: Generation[Judgement]) -> Critique:
    """A judgement with its quotes found and its points added up; no advice yet."""
    judgement = judged.value
    standing = judgement.standing if judgement.standing != "graded" else _standing(answer)
    if standing == "another language":
        left = tuple(CriterionGrade(criterion=c.id, verdict="ungraded", reason=ENGLISH_ONLY) for c in question.rubric.criteria)
        return Critique(grades=left, standing=standing, remark=ENGLISH_ONLY, provenance=judged.provenance)
    grades, pitfalls = check_quotes(question.rubric, judgement, answer, question.text)
    if standing == "not answered":
        grades, pitfalls = _nothing_earned(question.rubric)
    value, reached = score(question.rubric, grades, pitfalls), band(question.rubric, grades, pitfalls)
    remark = judgement.remark or (NOT_ANSWERED if standing == "not answered" else "")
    if value is None:
        standing, remark = "not checked", "The points of this answer could not be read, so it has no band."
    elif reached is None:
        remark = "Some points could not be checked, and they could change the band, so none is shown."
    return Critique(
        grades=grades, pitfalls=pitfalls, score=value, band=reached, standing=standing, remark=remark, provenance=judged.provenance
    )


def _standing(answer: str) -> Any:
    """Blank and "I don't know" need no judge's word to be called what they are."""
    words = normalise(answer).split()
    if len(words) < 2 or (len(words) <= 25 and _DONT_KNOW.match(answer.strip())):
        return "not answered"
    return "graded"


def _nothing_earned(rubric: Rubric) -> tuple[tuple[CriterionGrade, ...], tuple[PitfallGrade, ...]]:
    grades = tuple(
        CriterionGrade(criterion=c.id, verdict="missed", credit=0.0, reason="Nothing in your answer on this.") for c in rubric.criteria
    )
    return grades, tuple(PitfallGrade(pitfall=p.id, committed=False) for p in rubric.pitfalls)


def _ready_grades(rubric: Rubric, partial: dict[str, Any], answer: str, question: str) -> tuple[CriterionGrade, ...]:
    """The leading criteria whose row is written to its end: a row counts as complete when the next one has begun."""
    rows = [r for r in partial.get("grades", []) if isinstance(r, dict)][:-1]
    found = []
    for criterion, row in zip(rubric.criteria, rows, strict=False):
        if row.get("criterion") != criterion.id or row.get("verdict") not in ("met", "partial", "missed"):
            break
        judged = JudgedCriterion(
            criterion=criterion.id, quote=str(row.get("quote", ""))[:400], verdict=row["verdict"], reason=str(row.get("reason", ""))[:320]
        )
        found.append(check_quotes(Rubric(criteria=(criterion,)), Judgement(grades=[judged]), answer, question)[0][0])
    return tuple(found)


async def _advice(
    question: Question, answer: str, critique: Critique, engine: Engine, sections: Sequence[Section], posting_sentence: str, nonce: str
) -> Advice:
    hints = question.hints
    outline = hints.outline if hints and critique.standing == "not answered" else ""
    read = question.sources[0] if question.sources and critique.standing == "not answered" else ""
    grades = tuple(
        AdviceGrade(criterion=g.criterion, verdict=g.verdict, quote=g.quote.text if g.quote else "", reason=g.reason)
        for g in critique.grades
    )
    task = Advise(
        question=question.text, level=question.level, posting_sentence=posting_sentence, criteria=question.rubric.criteria, grades=grades,
        sections=tuple(sections), answer=answer, nonce=nonce,
    )  # fmt: skip
    made = await engine.generate(task)
    advice = checked_advice(question, answer, critique.grades, made.value, sections)
    next_level = question.rubric.staff_adds if advice.fix is None else ""
    return advice.model_copy(update={"outline": outline, "read": read, "next_level": next_level, "provenance": made.provenance})


def checked_advice(
    question: Question, answer: str, grades: Sequence[CriterionGrade], draft: AdviceDraft, sections: Sequence[Section]
) -> Advice:
    """The draft with every remark that the verdicts, the answer and the sources do not support left out and counted.

    There is one fix exactly where a point is partial or missed. Where the draft's fix cannot stand, the rubric's own words for
    the heaviest open point take its place: they were fixed before the answer.
    """
    open_points = {g.criterion: g for g in grades if g.verdict in ("partial", "missed")}
    shown = {s.id for s in sections}
    dropped = 0
    fix: Fix | None = None
    if open_points:
        if draft.fix is not None and draft.fix.criterion in open_points and _advises(draft.fix.text, answer) and _is_frame(draft.fix.frame):
            good = tuple(s for s in draft.fix.sources if s in shown)
            dropped += len(draft.fix.sources) - len(good)
            gap = _gap(draft.fix, answer, question.text)
            fix = Fix(**dict(gap), why=draft.fix.why, frame=draft.fix.frame, sources=good)
        else:
            dropped += draft.fix is not None
            fix = rubric_fix(question, open_points)
    also: list[Gap] = []
    for item in draft.also:
        taken = {a.criterion for a in also} | ({fix.criterion} if fix else set())
        if item.criterion in open_points and item.criterion not in taken and _advises(item.text, answer):
            also.append(_gap(item, answer, question.text))
        else:
            dropped += 1
    strengths: list[Strength] = []
    for strength in draft.strengths:
        quote = check_quote(strength.quote, answer, question.text)
        earned = quote is not None and any(g.quote and g.quote.start < quote.end and quote.start < g.quote.end for g in grades)
        if quote is not None and earned and strength.text.strip():
            strengths.append(Strength(quote=quote, text=strength.text.strip()))
        else:
            dropped += 1
    return Advice(fix=fix, also=tuple(also[:2]), strengths=tuple(strengths[:3]), dropped=dropped)


def _advises(text: str, answer: str) -> bool:
    """Words of its own: what only repeats the answer tells nobody what is missing."""
    return bool(text.strip()) and find_quote(text.strip(), answer) is None


def heaviest(rubric: Rubric, open_points: dict[str, CriterionGrade]) -> list[str]:
    """Open points, the one that costs most first: essential, then points lost, then rubric order."""
    worth = {"partial": 0.5, "missed": 1.0}
    ranked = [
        (not c.essential, -c.points * worth[open_points[c.id].verdict], i, c.id)
        for i, c in enumerate(rubric.criteria)
        if c.id in open_points
    ]
    return [c for *_, c in sorted(ranked)]


def rubric_fix(question: Question, open_points: dict[str, CriterionGrade]) -> Fix:
    """The fix in the rubric's own words, for the heaviest open point."""
    first = heaviest(question.rubric, open_points)[0]
    criterion = next(c for c in question.rubric.criteria if c.id == first)
    return Fix(
        criterion=first, text=criterion.missing or criterion.text, quote=open_points[first].quote, why=criterion.why, frame=criterion.frame,
        sources=question.sources[:1],
    )  # fmt: skip


def _gap(draft: GapDraft, answer: str, question: str) -> Gap:
    return Gap(criterion=draft.criterion, text=draft.text.strip(), quote=check_quote(draft.quote, answer, question))


def _is_frame(frame: str) -> bool:
    return "____" in frame or "___" in frame


def within_words(critique: Critique) -> Critique:
    """The card at most 220 words before it is expanded: the last strengths and gaps go first, never the fix."""
    advice = critique.advice
    while advice is not None and card_words(advice) > CARD_WORDS:
        if len(advice.strengths) > 1:
            advice = advice.model_copy(update={"strengths": advice.strengths[:-1]})
        elif advice.also:
            advice = advice.model_copy(update={"also": advice.also[:-1]})
        elif advice.fix is not None and advice.fix.quote is not None and len(advice.fix.quote.text.split()) > QUOTE_WORDS:
            advice = advice.model_copy(update={"fix": advice.fix.model_copy(update={"quote": _shorter(advice.fix.quote)})})
        else:
            break
    return critique.model_copy(update={"advice": advice})


def _shorter(quote: Quote) -> Quote:
    """The first twenty words of a quote: still words of the answer."""
    end = list(re.finditer(r"\S+", quote.text))[QUOTE_WORDS - 1].end()
    return quote.model_copy(update={"text": quote.text[:end], "end": quote.start + end})


def card_words(advice: Advice) -> int:
    """Words of a card's first view."""
    said = [s.quote.text + " " + s.text for s in advice.strengths] + [
        g.text + " " + (g.quote.text if g.quote else "nothing in your answer on this") for g in advice.also
    ]
    if advice.fix is not None:
        said += [
            advice.fix.text,
            advice.fix.quote.text if advice.fix.quote else "nothing in your answer on this",
            advice.fix.why,
            advice.fix.frame,
        ]
    return sum(len(s.split()) for s in [*said, advice.next_level])
