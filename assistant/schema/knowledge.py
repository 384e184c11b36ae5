"""Documents, the sections that are cited, the chunks that are embedded, and the shipped bank's form."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from assistant.schema.base import Frozen, Kind, Level, Span
from assistant.schema.question import CaseStudy, Criterion, Drill, FollowUp, Hints, Pitfall

SourceKind = Literal["notes", "posting", "file", "cv"]


class Topic(Frozen):
    """One of the twenty topics of `knowledge/topics.yaml`."""

    id: str
    title: str
    line: str
    phrases: tuple[str, ...]
    """The words of postings it answers."""
    competency: str


class Document(Frozen):
    """A text that can be cited. `id` of a note is `topic/subject`; of what a person brought, random."""

    id: str
    source: SourceKind
    title: str
    topic: str = ""
    text: str
    level: int | None = None
    updated: date | None = None
    references: tuple[str, ...] = ()


class Section(Frozen):
    """What is returned, cited and counted: the words under one heading (150-400 in the shipped notes)."""

    id: str
    """`document-id#heading-slug`, stable while the heading stays."""
    document_id: str
    source: SourceKind
    topic: str = ""
    title: str
    """The document's."""
    heading: str
    text: str
    span: Span
    """Where `text` stands in the document's text."""

    @property
    def part(self) -> str:
        """The section's name within its document."""
        return self.id.rpartition("#")[2]


class Chunk(Frozen):
    """What is embedded: at most 180 word-pieces of one section, its heading in front."""

    id: str
    """Content hash."""
    section_id: str
    ordinal: int
    span: Span
    """In the document's text, without the heading put in front."""
    text: str


class Hit(Frozen):
    """A section found for a query; `highlight` is the chunk of it that matched best, in the document's text."""

    section: Section
    score: float
    """Reciprocal rank fusion: higher is nearer; comparable only within one query."""
    highlight: Span
    similarity: float | None = None
    """Cosine of query and best chunk, -1 to 1; None when the dense leg did not return the section."""


ShortWords = Annotated[str, Field(min_length=8, max_length=400)]


class BankCriterion(Criterion):
    """A criterion as the bank must state it: nothing left to a default."""

    essential: bool
    accept: tuple[ShortWords, ...] = Field(min_length=2, max_length=4)
    missing: str = Field(min_length=8)
    why: str = Field(min_length=20)
    frame: str = Field(min_length=20)

    @model_validator(mode="after")
    def _said_plainly(self) -> Self:
        if len(self.missing.split()) > 20:
            raise ValueError(f"criterion {self.id}: `missing` has {len(self.missing.split())} words, at most 20")
        if "____" not in self.frame:
            raise ValueError(f"criterion {self.id}: `frame` has no blank ____ for the candidate's own facts")
        return self


class BankQuestion(Frozen):
    """One entry of `knowledge/bank/<topic>.yaml`, whole from the first day."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]+$")
    text: str = Field(min_length=20)
    kind: Kind
    level: Level
    minutes: int = Field(ge=2, le=60)
    criteria: tuple[BankCriterion, ...] = Field(min_length=4, max_length=7)
    pitfalls: tuple[Pitfall, ...] = Field(min_length=1, max_length=4)
    staff_adds: str = Field(min_length=20)
    follow_ups: tuple[FollowUp, ...] = Field(min_length=2, max_length=4)
    strong_answer: str
    sources: tuple[str, ...] = ()
    """Section ids `topic/subject#heading-slug`; templates have none."""
    hints: Hints
    drill: Drill
    case: CaseStudy | None = None
    anchors: dict[Literal["1", "2", "3", "4"], str] | None = None
    topic: str = ""
    """Filled by the loader from the file's name."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ids = [c.id for c in self.criteria]
        if len(set(ids)) != len(ids):
            raise ValueError(f"{self.id}: two criteria share an id")
        if not any(c.essential for c in self.criteria):
            raise ValueError(f"{self.id}: no criterion is essential")
        if len(self.text.split()) > 80:
            raise ValueError(f"{self.id}: the question has {len(self.text.split())} words, at most 80")
        strangers = {f.probes for f in self.follow_ups} | {self.drill.criterion}
        if strangers - set(ids):
            raise ValueError(f"{self.id}: no criterion is called {', '.join(sorted(strangers - set(ids)))}")
        if not 150 <= len(self.strong_answer.split()) <= 300:
            raise ValueError(f"{self.id}: the strong answer has {len(self.strong_answer.split())} words, not 150-300")
        if self.kind == "system-design" and self.case is None:
            raise ValueError(f"{self.id}: a system-design question needs its `case`")
        if self.kind in ("behavioural", "leadership") and (self.anchors is None or set(self.anchors) != {"1", "2", "3", "4"}):
            raise ValueError(f"{self.id}: a {self.kind} question needs `anchors` for bands 1 to 4")
        return self
