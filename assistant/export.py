"""Sets, critiques and conversations as text a person takes away: Markdown, and JSON with a version.

Text of candidates, postings and models is escaped, so that an exported file shows words and runs nothing.
"""

from __future__ import annotations

import re
from typing import Any

from assistant.schema import BAND_NAMES, LEVEL_NAMES, Attempt, Critique, Interview, JobPosting, Question, QuestionSet

FORMAT_VERSION = 1
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+[.)])", re.MULTILINE)
VERDICT_WORDS = {"met": "met", "partial": "partly", "missed": "missed", "ungraded": "not checked"}


def escape(text: str) -> str:
    """Markdown and HTML characters of a text made harmless, its words unchanged.

    >>> escape("<b>*bold*</b>")
    '\\\\<b\\\\>\\\\*bold\\\\*\\\\</b\\\\>'
    """
    return _LINE_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))


def set_as_markdown(made: QuestionSet, posting: JobPosting) -> str:
    """A set to read on paper: each question with its line of the posting, what a strong answer covers, follow-ups and sources."""
    out = [
        f"# {escape(made.name)}",
        "",
        f"{len(made.questions)} questions, about {sum(q.minutes for q in made.questions)} minutes. {made.note}",
        "",
    ]
    for number, q in enumerate(made.questions, start=1):
        line = posting.requirement(q.requirement)
        out += [f"## {number}. {escape(q.text)}", ""]
        out += [f"*{LEVEL_NAMES[q.level].capitalize()} level, {q.kind}, {escape(q.topic)}, about {q.minutes} minutes. {_origin(q)}*", ""]
        if line is not None:
            out += [f"> {escape(line.sentence)}", ""]
        out += ["What a strong answer covers:", ""]
        out += [
            f"- {escape(c.text)} ({c.points} {'point' if c.points == 1 else 'points'}{', essential' if c.essential else ''})"
            for c in q.rubric.criteria
        ]
        out += ["", "Then you may be asked:", "", *[f"- {escape(f.text)}" for f in q.follow_ups], ""]
        if q.sources:
            out += ["Read: " + ", ".join(f"`{s}`" for s in q.sources), ""]
    return "\n".join(out).rstrip() + "\n"


def _origin(q: Question) -> str:
    words = {
        "bank": "From the question bank.",
        "template": "A general question.",
        "model": "Written by a model.",
        "own": "Your own question.",
    }
    return words[q.origin] + (f" {q.provenance.note}" if q.provenance.note else "")


def set_as_json(made: QuestionSet) -> dict[str, Any]:
    """The documented form (docs/json.md): `version`, then `questions`."""
    return {
        "version": FORMAT_VERSION,
        "name": made.name,
        "note": made.note,
        "seed": made.seed,
        "questions": [question_as_json(q) for q in made.questions],
    }


def question_as_json(q: Question) -> dict[str, Any]:
    body = q.model_dump(mode="json")
    rubric = body["rubric"]
    return {
        "id": q.id, "text": q.text, "topic": q.topic, "kind": q.kind, "level": q.level, "minutes": q.minutes, "why": q.why, "requirement": q.requirement,
        "also": list(q.also), "origin": q.origin, "origin_id": q.origin_id, "rubric": {"criteria": rubric["criteria"], "pitfalls": rubric["pitfalls"], "staff_adds": rubric["staff_adds"]},
        "hints": body["hints"], "follow_ups": body["follow_ups"], "sources": list(q.sources), "drill": body["drill"], "strong_answer": q.strong_answer,
        "case": body["case"], "anchors": body["anchors"], "note": q.provenance.note,
    }  # fmt: skip


def attempt_as_markdown(attempt: Attempt, question: Question) -> str:
    """One answer and its card."""
    out = [
        f"# {escape(question.text)}",
        "",
        f"Attempt {attempt.ordinal}, {attempt.at:%Y-%m-%d %H:%M} UTC",
        "",
        "## Your answer",
        "",
        escape(attempt.answer),
        "",
    ]
    if attempt.critique is None:
        return "\n".join([*out, escape(attempt.error) or "Not checked yet."]) + "\n"
    return "\n".join([*out, *critique_as_markdown(attempt.critique, question, "##")]).rstrip() + "\n"


def critique_as_markdown(c: Critique, question: Question, mark: str) -> list[str]:
    out = [f"{mark} Feedback", "", band_words(c, question.level), "", checked_by(c), ""]
    advice = c.advice
    if advice is not None:
        for s in advice.strengths:
            out += [f"- “{escape(s.quote.text)}”: {escape(s.text)}"]
        if advice.fix is not None:
            f = advice.fix
            out += [
                "",
                f"**Fix this first: {escape(f.text)}**",
                "",
                f"You wrote: “{escape(f.quote.text)}”" if f.quote else "Nothing in your answer on this.",
                "",
            ]
            out += [escape(f.why), "", f"Say instead: “{escape(f.frame)}”", ""]
        elif advice.next_level:
            out += ["", f"Nothing to fix at this level. The next level adds: {escape(advice.next_level)}", ""]
        out += [
            f"- Also: {escape(g.text)} {'“' + escape(g.quote.text) + '”' if g.quote else 'Nothing in your answer on this.'}"
            for g in advice.also
        ]
        out += [""]
    out += ["| Point | How close | Your words |", "|---|---|---|"]
    for criterion, grade in zip(question.rubric.criteria, c.grades, strict=True):
        words = f"“{escape(grade.quote.text)}”" if grade.quote else "nothing in your answer on this"
        out += [f"| {_cell(escape(criterion.text))} | {VERDICT_WORDS[grade.verdict]} | {_cell(words)} |"]
    return [*out, ""]


def _cell(text: str) -> str:
    return " ".join(text.split())


def band_words(c: Critique, level: int) -> str:
    """The band as a person reads it.

    >>> from assistant.schema import Provenance; from datetime import datetime, UTC
    >>> band_words(Critique(grades=(), band=3, score=0.7, provenance=Provenance(engine="embedded", at=datetime(2026, 1, 1, tzinfo=UTC))), 4)
    'Close to the staff bar (3 of 4)'
    """
    if c.standing == "not answered":
        return f"Not answered yet: well below the {LEVEL_NAMES[level]} bar (1 of 4)"
    if c.band is None:
        return c.remark or "Not checked"
    return f"{BAND_NAMES[c.band]} the {LEVEL_NAMES[level]} bar ({c.band} of 4)"


def checked_by(c: Critique) -> str:
    if c.provenance.engine == "embedded":
        return "Checked by built-in rules, not by an AI model. Good for coverage and structure; it cannot judge whether a claim is true."
    return f"Checked by {c.provenance.model}, an AI model. It can be wrong: check claims against the source."


def interview_as_markdown(interview: Interview) -> str:
    """The whole transcript, and the report where there is one."""
    names = {"interviewer": "Interviewer", "candidate": "You", "coach": "Coach"}
    out = [
        f"# {escape(interview.title)}",
        "",
        f"{interview.created_at:%Y-%m-%d %H:%M} UTC, {interview.minutes} minutes planned",
        "",
        "## Transcript",
        "",
    ]
    for t in interview.turns:
        out += [f"**{names[t.role]}** {'(cut off) ' if t.status in ('cut off', 'stopped') else ''}", "", escape(t.text), ""]
    if interview.report is not None:
        r = interview.report
        words = f"{BAND_NAMES[r.band]} the {LEVEL_NAMES[interview.level]} bar ({r.band} of 4)" if r.band else (r.note or "No band")
        out += ["## Report", "", words, ""]
        out += [f"- {d.dimension}: {'not tested' if d.band is None else f'{d.band} of 4'}" for d in r.dimensions]
        out += [f"- nudges: {r.nudges}", f"- questions to the coach: {r.coach_asked}", ""]
        for thread in interview.threads:
            if thread.critique is not None:
                out += [f"### {escape(thread.question.text)}", "", *critique_as_markdown(thread.critique, thread.question, "####")]
    return "\n".join(out).rstrip() + "\n"
