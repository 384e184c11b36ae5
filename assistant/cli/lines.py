"""`critique --in --out`: one JSON line an answer, one JSON line a card; a bad line fails alone.

The form is documented in docs/json.md. Missing fields take their defaults; a reference is cut into points by the program.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assistant.critique import GradesSoFar, critique_answer
from assistant.engine import Engine
from assistant.errors import AssistantError
from assistant.grading import rubric_from_reference
from assistant.schema import Criterion, Critique, Pitfall, Provenance, Question, Quote, Rubric

CHARACTERS = 20_000


class AnswerLine(BaseModel):
    """One line of the input."""

    model_config = ConfigDict(extra="ignore")

    id: str = ""
    question: str = ""
    criteria: list[Criterion] = Field(default_factory=list, max_length=40)
    reference: str = ""
    pitfalls: list[Pitfall] = Field(default_factory=list, max_length=40)
    answer: str = Field(max_length=CHARACTERS)
    level: int = Field(default=4, ge=1, le=5)

    @field_validator("id", mode="before")
    @classmethod
    def _id_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value

    @field_validator("criteria", "pitfalls", mode="before")
    @classmethod
    def _numbered(cls, value: Any) -> Any:
        """A plain string is a point without an id; ids that are missing are numbered; fields unknown to us are left aside."""
        if not isinstance(value, list):
            return value
        return [_item(item, number) for number, item in enumerate(value, start=1)]

    def as_question(self) -> Question:
        """Raises `AssistantError` where there is nothing to grade by."""
        if self.criteria:
            rubric = Rubric(criteria=tuple(self.criteria), pitfalls=tuple(self.pitfalls))
        elif self.reference.strip():
            rubric = rubric_from_reference(self.reference).model_copy(update={"pitfalls": tuple(self.pitfalls)})
        else:
            raise AssistantError("This line has neither “criteria” nor a “reference” to grade by.")
        ids = [c.id for c in rubric.criteria]
        if len(set(ids)) < len(ids):
            raise AssistantError("Two criteria of this line have the same id.")
        return Question(
            id=self.id or "line", text=self.question, topic="", kind="depth", level=self.level, minutes=5, origin="own", rubric=rubric,
            provenance=Provenance(engine="embedded", at=datetime.now(UTC)),
        )  # fmt: skip


def _item(item: Any, number: int) -> Any:
    if isinstance(item, str):
        return {"id": f"c{number}", "text": item}
    if isinstance(item, dict):
        kept = {k: v for k, v in item.items() if k in Criterion.model_fields or k in Pitfall.model_fields}
        made = {"id": f"c{number}", **kept}
        return {**made, "id": str(made["id"])}
    return item


async def check_line(text: str, engine: Engine) -> tuple[dict[str, Any], AnswerLine | None, Critique | None]:
    """The output line, and what it was made from where it could be read."""
    line: AnswerLine | None = None
    try:
        line = AnswerLine.model_validate(json.loads(text))
        critique: Critique | None = None
        async for step in critique_answer(line.as_question(), line.answer, engine, nonce="0" * 16):
            if not isinstance(step, GradesSoFar):
                critique = step
        assert critique is not None
        return as_line(line.id, critique, engine.label), line, critique
    except (ValueError, AssistantError) as error:
        return failed_line(_id_of(text), engine.label, _plain(error)), line, None


def as_line(line_id: str, c: Critique, label: str) -> dict[str, Any]:
    advice = c.advice
    return {
        "id": line_id,
        "score": c.score,
        "band": c.band,
        "grades": [{"criterion": g.criterion, "verdict": g.verdict, "credit": g.credit, **_quote(g.quote), "reason": g.reason} for g in c.grades],
        "pitfalls": [{"pitfall": p.pitfall, "committed": p.committed, **_quote(p.quote)} for p in c.pitfalls],
        "advice": None if advice is None else {
            "fix": advice.fix and {"criterion": advice.fix.criterion, "text": advice.fix.text, **_quote(advice.fix.quote), "why": advice.fix.why, "sources": list(advice.fix.sources)},
            "also": [{"criterion": a.criterion, "text": a.text, **_quote(a.quote)} for a in advice.also],
            "strengths": [{"text": s.text, **_quote(s.quote)} for s in advice.strengths],
            "frame": advice.fix.frame if advice.fix else None,
        },
        "standing": c.standing,
        "engine": label,
        "error": None if c.standing != "another language" else c.remark,
    }  # fmt: skip


def failed_line(line_id: str, label: str, words: str) -> dict[str, Any]:
    return {
        "id": line_id,
        "score": None,
        "band": None,
        "grades": [],
        "pitfalls": [],
        "advice": None,
        "standing": "not checked",
        "engine": label,
        "error": words,
    }


def _quote(quote: Quote | None) -> dict[str, Any]:
    return {"quote": quote and quote.text, "start": quote and quote.start, "end": quote and quote.end}


def _id_of(text: str) -> str:
    try:
        return str(json.loads(text).get("id", ""))
    except (ValueError, AttributeError):
        return ""


def _plain(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"This line is not JSON: {error.msg} at character {error.pos + 1}."
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"]) or "the line"
        return f"“{where}” cannot be read: {first['msg'].lower()}."
    return str(error)
