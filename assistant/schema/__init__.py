"""Every value that is stored or crosses a room: frozen pydantic models, one file a noun."""

from assistant.schema.base import LEVEL_NAMES, Dimension, Frozen, Kind, Level, Provenance, Span, Usage
from assistant.schema.critique import (
    BAND_NAMES,
    Advice,
    Attempt,
    CriterionGrade,
    Critique,
    Fix,
    Gap,
    PitfallGrade,
    Quote,
    Strength,
    Verdict,
)
from assistant.schema.interview import Citation, DimensionScore, Interview, Report, Thread, Turn
from assistant.schema.knowledge import BankCriterion, BankQuestion, Chunk, Document, Hit, Section, Topic
from assistant.schema.model import Call, EndpointTest, LocalServer, Price, Spent, midnight
from assistant.schema.posting import JobPosting, Pay, Requirement
from assistant.schema.progress import HistoryRow, Progress
from assistant.schema.question import (
    CaseLevels,
    CaseStudy,
    Criterion,
    Drill,
    FollowUp,
    Hints,
    Pitfall,
    PlanSlot,
    Question,
    QuestionPlan,
    QuestionSet,
    Rubric,
)

__all__ = [
    "BAND_NAMES", "LEVEL_NAMES", "Advice", "Attempt", "BankCriterion", "BankQuestion", "Call", "CaseLevels", "CaseStudy", "Chunk",
    "Citation", "Criterion", "CriterionGrade", "Critique", "Dimension", "DimensionScore", "Document", "Drill", "EndpointTest", "Fix",
    "FollowUp", "Frozen", "Gap", "Hints", "HistoryRow", "Hit", "Interview", "JobPosting", "Kind", "Level", "LocalServer", "Pay",
    "Pitfall", "PitfallGrade", "PlanSlot", "Price", "Progress", "Provenance", "Question", "QuestionPlan", "QuestionSet", "Quote",
    "Report", "Requirement", "Rubric", "Section", "Span", "Spent", "Strength", "Thread", "Topic", "Turn", "Usage", "Verdict", "midnight",
]  # fmt: skip
