"""What can be asked of a model: one frozen task per prompt, with typed inputs and the type of its answer.

A step builds a task and hands it to an `Engine`. `ProviderEngine` renders `prompts/<name>.md` with it, `EmbeddedEngine` computes the same
output from notes, bank and rules, `ReplayEngine` looks it up. The `Field` descriptions of output types are read by the model too.
Fields marked hidden never reach a model's schema: only the embedded engine fills them.
"""

from __future__ import annotations

from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from assistant.schema import BankQuestion, Criterion, Dimension, FollowUp, Frozen, Kind, Level, Pitfall, Section, Verdict


class Answer(BaseModel):
    """The base of output types: what a model adds beyond the named fields is ignored where the meaning is certain."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Output = TypeVar("Output", bound=Answer)


class Task(Frozen, Generic[Output]):
    """One question to an engine."""

    name: ClassVar[str]
    """The prompt file's name, without its ending."""
    output: ClassVar[type[Answer]]
    plain: ClassVar[bool] = False
    """True: the answer is plain text (streamed as it is written) and fills the output's only field, `text`."""
    nonce: str = ""
    """Drawn once per stored turn, 16 hex digits: the fence around the candidate's words (docs/safety.md)."""


# --- write_question -------------------------------------------------------------------------------------------------


class WrittenCriterion(Answer):
    id: str = Field(description="Short lower-case id, letters and hyphens.", max_length=40)
    text: str = Field(description="One checkable point of a strong answer, a statement of 8 to 30 words.", max_length=400)
    points: int = Field(ge=1, le=5, description="Weight from 1 to 5.")
    dimension: Dimension
    essential: bool = Field(description="True for the two or three points without which no answer is at the bar.")
    accept: list[str] = Field(min_length=2, max_length=4, description="Other ways a right answer may say it, in really different words.")
    missing: str = Field(description="What to do where it is missed: one imperative, at most 20 words.", max_length=200)
    why: str = Field(description="Why it matters at this level, one sentence.", max_length=600)
    frame: str = Field(
        description="A sentence to say instead, with ____ where the candidate's own facts go; no facts of yours.", max_length=600
    )
    source: str = Field(description="The id of the source it rests on, or the words: not in your notes", max_length=200)


class WrittenPitfall(Answer):
    id: str = Field(max_length=40)
    text: str = Field(description="A common wrong claim, as a candidate would say it.", max_length=400)
    points: int = Field(ge=1, le=5)
    why: str = Field(description="What is wrong with it, one sentence.", max_length=600)


class WrittenHints(Answer):
    small: str = Field(description="Points in a direction; gives nothing away.", max_length=600)
    medium: str = Field(description="Names what to cover, without the answer.", max_length=600)
    outline: str = Field(description="The order of a good answer.", max_length=400)


class WrittenFollowUp(Answer):
    text: str = Field(description="A complete question that can follow a quotation of the candidate.", max_length=280)
    probes: str = Field(description="The id of the criterion it probes.", max_length=40)


class WrittenDrill(Answer):
    text: str = Field(description="A small exercise that trains one point.", max_length=600)
    minutes: int = Field(ge=1, le=10)
    criterion: str = Field(max_length=40)


class WrittenQuestion(Answer):
    text: str = Field(
        description="The question as an interviewer says it: one question, at most 80 words, its answer not given away.", max_length=700
    )
    why: str = Field(description="Why this posting's line leads to this question, one sentence.", max_length=600)
    criteria: list[WrittenCriterion] = Field(min_length=4, max_length=7)
    pitfalls: list[WrittenPitfall] = Field(min_length=1, max_length=3)
    staff_adds: str = Field(description="What somebody one level above the asked one would add.", max_length=400)
    hints: WrittenHints
    follow_ups: list[WrittenFollowUp] = Field(min_length=2, max_length=4)
    drill: WrittenDrill
    bank_id: SkipJsonSchema[str] = ""
    """Hidden. The bank entry or template it was taken from."""


class WriteQuestion(Task[WrittenQuestion]):
    name = "write_question"
    output = WrittenQuestion

    company: str
    title: str
    domain: str = ""
    product: str = ""
    requirement_id: str
    phrase: str
    sentence: str
    topics: tuple[str, ...]
    """Of the requirement, nearest first; the slot's own topic stands first."""
    kind: Kind | None
    level: Level
    minutes: int
    sections: tuple[Section, ...]
    avoid: tuple[str, ...] = ()
    """Texts of questions it must not repeat: the set's and the history's."""
    neighbours: tuple[BankQuestion, ...] = ()
    """Bank questions on the same line, nearest first, those already used left out; templates where the bank has none near it."""
    complaint: str = ""
    """Why the last try was refused, in our words."""
    seed: int = 0


# --- judge_answer ---------------------------------------------------------------------------------------------------


class JudgedCriterion(Answer):
    criterion: str = Field(description="The id of the criterion, in the order given.", max_length=80)
    quote: str = Field(
        description="First: the words of the answer that bear on it, copied exactly, at most 40 words. Empty when there are none.",
        max_length=400,
    )
    verdict: Verdict = Field(description="met, partial or missed; ungraded only if the answer cannot be read.")
    reason: str = Field(description="One sentence.", max_length=600)
    credit: SkipJsonSchema[float | None] = None
    """Hidden. The embedded judge's match, 0 to 1."""


class JudgedPitfall(Answer):
    pitfall: str = Field(max_length=80)
    quote: str = Field(
        description="The words of the answer that commit it, copied exactly; empty when it is not committed.", max_length=400
    )
    committed: bool


class Judgement(Answer):
    grades: list[JudgedCriterion]
    pitfalls: list[JudgedPitfall] = []
    standing: SkipJsonSchema[Literal["graded", "not answered", "another language"]] = "graded"
    """Hidden. What the embedded judge makes of the whole answer."""
    remark: SkipJsonSchema[str] = ""


class JudgeAnswer(Task[Judgement]):
    name = "judge_answer"
    output = Judgement

    question: str
    level: Level
    criteria: tuple[Criterion, ...]
    pitfalls: tuple[Pitfall, ...]
    sections: tuple[Section, ...] = ()
    answer: str


# --- advise ---------------------------------------------------------------------------------------------------------


class GapDraft(Answer):
    criterion: str = Field(description="The id of a criterion judged partial or missed.", max_length=80)
    text: str = Field(description="What to do, one imperative of at most 20 words.", max_length=200)
    quote: str = Field(description="Words of the answer, copied exactly; empty when nothing in the answer bears on it.", max_length=300)


class FixDraft(GapDraft):
    why: str = Field(description="Why it matters at this level, at most 40 words.", max_length=600)
    frame: str = Field(
        description="A sentence to say instead, with ____ for the candidate's own facts; no invented facts or numbers.", max_length=600
    )
    sources: list[str] = Field(max_length=2, description="Ids of the sources given that support it; may be empty.")


class StrengthDraft(Answer):
    quote: str = Field(description="Words of the answer, copied exactly.", max_length=300)
    text: str = Field(description="What they achieved, one plain sentence, no praise adjectives.", max_length=200)


class AdviceDraft(Answer):
    fix: FixDraft | None = Field(description="The one thing to fix first; null only when every point is met.")
    also: list[GapDraft] = Field(max_length=2)
    strengths: list[StrengthDraft] = Field(max_length=3)


class AdviceGrade(Frozen):
    """A verdict as advice sees it."""

    criterion: str
    verdict: Verdict
    quote: str = ""
    reason: str = ""


class Advise(Task[AdviceDraft]):
    name = "advise"
    output = AdviceDraft

    question: str
    level: Level
    posting_sentence: str = ""
    criteria: tuple[Criterion, ...]
    grades: tuple[AdviceGrade, ...]
    sections: tuple[Section, ...] = ()
    answer: str


# --- next_turn ------------------------------------------------------------------------------------------------------


class SaidTurn(Frozen):
    role: Literal["interviewer", "candidate"]
    text: str


class InterviewerTurn(Answer):
    quote: str = Field(description="First: a few words of what the candidate said last, copied exactly, 3 to 15 words.", max_length=200)
    probes: str = Field(description="The id of the point your question probes.", max_length=80)
    text: str = Field(
        description="What you say, at most 60 words: one question that takes up the quoted words and contains them in quotation marks; or the answer to the candidate's own question.",
        max_length=500,
    )


class NextTurn(Task[InterviewerTurn]):
    """A follow-up within one thread. Opening, questions, transitions and the end are code."""

    name = "next_turn"
    output = InterviewerTurn

    question: str
    level: Level
    kind: Kind
    criteria: tuple[Criterion, ...]
    """Those not probed yet in this thread."""
    follow_ups: tuple[FollowUp, ...]
    """The rubric's own, for the criteria above."""
    said: tuple[SaidTurn, ...]
    """The thread so far, the candidate's newest words last."""
    used_frames: tuple[str, ...] = ()
    """How earlier interviewer turns of this interview began and turned, quotations taken out: none may come again."""
    asked_back: bool = False
    """The candidate's last words are a question to the interviewer: answer it briefly, then hand back."""
    complaint: str = ""


# --- coach_reply ----------------------------------------------------------------------------------------------------


class CoachText(Answer):
    text: str


class CoachReply(Task[CoachText]):
    """A candidate's own question, answered from numbered sources; every sentence of substance ends in [n]."""

    name = "coach_reply"
    output = CoachText
    plain = True

    question: str
    earlier: tuple[SaidTurn, ...] = ()
    sections: tuple[Section, ...]
    """Numbered from 1 in this order."""


ALL: tuple[type[Task[Answer]], ...] = (WriteQuestion, JudgeAnswer, Advise, NextTurn, CoachReply)  # type: ignore[assignment]
"""Every task that has a prompt file."""
