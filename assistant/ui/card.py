"""The feedback card, as HTML: the band, what worked, one thing to fix, the rest, and how it was graded.

Comes in: a question, one attempt at it, and the names of the sections its advice rests on.  Goes out: `Html`.
Every remark stands with the candidate's own words or says that there are none; band and verdicts are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assistant.schema import (
    BAND_NAMES,
    LEVEL_NAMES,
    Advice,
    Attempt,
    Criterion,
    CriterionGrade,
    Critique,
    Fix,
    Gap,
    Pitfall,
    Question,
    Quote,
)
from assistant.ui import pieces
from assistant.ui.costs import made_words, session_words
from assistant.ui.pieces import Html, each, el, href, join, link, small

if TYPE_CHECKING:
    from assistant.workspace import SessionCost

NOTHING = "Nothing in your answer on this."
BUILT_IN = (
    "Checked by built-in rules, not by an AI model. Good for what is covered and how it is built; it cannot judge whether a claim is true."
)
_MODEL = "AI feedback can be wrong. Check claims against the source."
_MARKS = {"met": ("met", "met"), "partial": ("part", "partial"), "missed": ("miss", "missed"), "ungraded": ("part", "not checked")}
_QUOTE_WORDS = 16


def card(
    question: Question, attempt: Attempt, earlier: tuple[Attempt, ...], headings: Mapping[str, str], foot: Html, cost: SessionCost
) -> Html:
    """The whole card of a checked attempt; `headings` names sections by id, `foot` is the row of what to do next, `cost` what its set has used."""
    critique = attempt.critique
    assert critique is not None
    return el(
        "section",
        small(_about(attempt, critique, earlier)),
        _verdict(question, critique),
        _advice(question, critique, headings),
        grading(question, critique.grades, critique, open_=True, made=made_of(critique, cost, "This set")),
        foot,
        small(BUILT_IN if critique.provenance.engine == "embedded" else _MODEL),
        cls="box card",
        aria_label="Feedback",
    )


def waiting_card(question: Question, attempt: Attempt, words: str, seconds: float, *, model: bool) -> Html:
    """The card before it is complete: the points of a strong answer in their place, each filled in as it is checked, room kept for the rest."""
    return el(
        "section",
        small(f"Attempt {attempt.ordinal} is saved. ", el("span", "Reading it now.", cls="now")),
        el("div", pieces.waiting(words, seconds, model=model), cls="room"),
        grading(question, attempt.so_far, None, open_=True),
        cls="box card",
        aria_label="Feedback",
    )


def _about(attempt: Attempt, critique: Critique, earlier: tuple[Attempt, ...]) -> str:
    made = critique.provenance
    by = "checked by built-in rules, not by an AI model" if made.engine == "embedded" else f"checked by {made.model or 'the model'}"
    parts = [f"Attempt {attempt.ordinal}", f"{by}, {pieces.clock(made.at)}"]
    before = [a for a in earlier if a.ordinal < attempt.ordinal and a.critique and a.critique.band]
    if before and before[-1].critique:
        parts.append(f"attempt {before[-1].ordinal} was {before[-1].critique.band}")
    if attempt.hints_used:
        parts.append(f"with {pieces.count(attempt.hints_used, 'hint')}")
    return " · ".join(parts)


def _verdict(question: Question, critique: Critique) -> Html:
    if critique.band is None:
        words = critique.remark or "This answer could not be checked, so there is no result."
        return el("div", el("p", el("strong", words)), cls="band")
    return join(band(critique.band, question.level), el("p", critique.remark) if critique.remark else None)


def band(number: int, level: int) -> Html:
    """Four segments, the words and the number together: never colour alone."""
    segments = each(el("li", cls="on" if i <= number else None) for i in range(1, 5))
    return el(
        "div",
        el("ol", segments, aria_hidden="true"),
        el("strong", f"{BAND_NAMES[number]} the {LEVEL_NAMES[level]} bar"),
        el("span", f"{number} of 4", cls="small"),
        cls="band",
    )


def _advice(question: Question, critique: Critique, headings: Mapping[str, str]) -> Html | None:
    advice = critique.advice
    if critique.standing in ("another language", "not checked"):
        return None
    if advice is None:
        return pieces.banner(critique.advice_error, ()) if critique.advice_error else None
    earned = any(g.verdict in ("met", "partial") for g in critique.grades)
    strengths = each(el("li", _quoted(s.quote), el("br"), el("span", s.text, cls="small"), cls="met", data_m="+") for s in advice.strengths)
    return join(
        el("ul", strengths, cls="list strengths") if strengths else None,
        el("p", "Nothing here earns credit yet.", cls="nothing") if not earned else None,
        _fix(advice.fix, headings) if advice.fix else _no_fix(advice, earned),
        join(el("h3", "Also missing"), el("ul", each(_gap(g) for g in advice.also), cls="list")) if advice.also else None,
        _start_here(advice, headings),
    )


def _fix(fix: Fix, headings: Mapping[str, str]) -> Html:
    chips = [link(headings[s], href("sources", sec=s), cls="chip") for s in fix.sources if s in headings]
    return el(
        "div",
        el("h3", "Fix this first"),
        el("p", fix.text, cls="say"),
        join(small("You wrote:"), el("blockquote", _quoted(fix.quote))) if fix.quote else small(NOTHING),
        el("p", fix.why, " ", each(join(c, " ") for c in chips)) if fix.why or chips else None,
        join(small("Say instead, with your own facts in the blanks:"), el("p", "“", fix.frame.strip('“”"'), "”", cls="frame"))
        if fix.frame
        else None,
        cls="fix",
    )


def _no_fix(advice: Advice, earned: bool) -> Html | None:
    if not earned:
        return None
    return el(
        "div",
        el("p", "Nothing to fix at this level.", cls="say"),
        el("p", advice.next_level) if advice.next_level else None,
        cls="fix good",
    )


def _gap(gap: Gap) -> Html:
    return el(
        "li", join(gap.text, " "), join(_quoted(gap.quote)) if gap.quote else el("span", NOTHING, cls="small"), cls="miss", data_m="–"
    )


def _start_here(advice: Advice, headings: Mapping[str, str]) -> Html | None:
    if not (advice.outline or advice.read):
        return None
    read = link(headings[advice.read], href("sources", sec=advice.read), cls="chip") if advice.read in headings else None
    return join(
        el("h3", "How a good answer goes"),
        el("p", advice.outline) if advice.outline else None,
        el("p", "Read this first: ", read) if read else None,
    )


def grading(
    question: Question, grades: tuple[CriterionGrade, ...], critique: Critique | None, *, open_: bool, made: Html | None = None
) -> Html:
    """Each point of a strong answer with its verdict and the words it rests on; a point not looked at yet keeps its row."""
    found = {g.criterion: g for g in grades}
    rows = [_row(c, found.get(c.id)) for c in question.rubric.criteria]
    said = {p.pitfall: p for p in critique.pitfalls if p.committed} if critique else {}
    rows += [_pitfall_row(p, said[p.id].quote) for p in question.rubric.pitfalls if p.id in said]
    return el(
        "details",
        el("summary", "How it was graded"),
        el("table", el("thead", el("tr", *(el("th", h, scope="col") for h in ("A strong answer", "How close", "Your words"))), cls="sr"),
           el("tbody", *rows), cls="grading"),
        small("The number says how close the answer is to the bar: 1 well below, 2 below, 3 close, 4 at the bar."),
        made,
        open=open_,
    )  # fmt: skip


def _row(criterion: Criterion, grade: CriterionGrade | None) -> Html:
    cls, words = _MARKS[grade.verdict] if grade else ("wait", "…")
    if grade is None:
        evidence: Html | str = ""
    elif grade.quote:
        evidence = _quoted(grade.quote, _QUOTE_WORDS)
    else:
        evidence = grade.reason if grade.verdict == "ungraded" and grade.reason else "nothing in your answer on this"
    return el("tr", el("td", criterion.text), el("td", words, cls=f"tag {cls}"), el("td", evidence, cls="small"))


def _pitfall_row(pitfall: Pitfall, quote: Quote | None) -> Html:
    said = join("You said the opposite of what holds. ", pitfall.why)
    return el(
        "tr", el("td", said), el("td", "costs points", cls="tag miss"), el("td", _quoted(quote, _QUOTE_WORDS) if quote else "", cls="small")
    )


def made_of(critique: Critique, cost: SessionCost, session: str) -> Html:
    """How a card was made, call by call, and what its session has used so far."""
    made, advised = critique.provenance, critique.advice.provenance if critique.advice else None
    if made.engine == "embedded":
        said = [small("By built-in rules on this computer. The same answer gets the same card.")]
    else:
        said = [small("Checked by ", made_words(made, cost.prices))]
        said += [small("Advice by ", made_words(advised, cost.prices))] if advised and advised.engine != "embedded" else []
    return el("details", el("summary", "How it was made"), *said, session_words(cost, session))


def _quoted(quote: Quote | None, words: int = 60) -> Html:
    return join("“", pieces.cut(" ".join(quote.text.split()), words), "”") if quote else join("")
