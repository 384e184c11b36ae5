"""The shipped notes and bank: files become documents, documents sections, sections chunks with stable ids.

Comes in: the folders `prompts` and `knowledge` lie in (a checkout's, or the wheel's `assistant/_data`).  Goes out: frozen values of `schema`.
The form of the files is knowledge/README.md.  Nothing is embedded or stored here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from assistant.errors import InputError
from assistant.schema import BankQuestion, Chunk, Document, Section, Span, Topic

CHUNK_PIECES = 180
SAMPLE = "affirm-senior-staff-mle.txt"
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_HEADING = re.compile(r"^## +(.+?)\s*#*$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Knowledge:
    """The shipped topics, notes and bank, loaded once."""

    topics: tuple[Topic, ...]
    aliases: dict[str, tuple[str, ...]]
    first: tuple[str, ...]
    """The topics a set begins with, where the posting asks for them."""
    documents: tuple[Document, ...]
    sections: dict[str, Section]
    bank: tuple[BankQuestion, ...]
    templates: tuple[BankQuestion, ...]

    @cached_property
    def asked(self) -> dict[str, tuple[str, ...]]:
        """The bank's questions and follow-ups by the section they lean on: how people ask for what it says."""
        found: dict[str, list[str]] = {}
        for entry in self.bank:
            for section_id in entry.sources:
                found.setdefault(section_id, []).extend([entry.text, *(f.text for f in entry.follow_ups)])
        return {section_id: tuple(texts) for section_id, texts in found.items()}

    def topic(self, topic_id: str) -> Topic | None:
        return next((t for t in self.topics if t.id == topic_id), None)


def data_folder(name: str) -> Path:
    """Where `prompts` or `knowledge` lies: in the installed package, else beside it in a checkout."""
    packed = Path(__file__).parent / "_data" / name
    return packed if packed.is_dir() else Path(__file__).parent.parent / name


@lru_cache(maxsize=1)
def shipped() -> Knowledge:
    """The knowledge that came with this copy."""
    return load(data_folder("knowledge"))


def sample_posting() -> str:
    """The text of the posting that ships as the sample."""
    return (data_folder("knowledge") / "postings" / SAMPLE).read_text(encoding="utf-8")


def load(folder: Path) -> Knowledge:
    """Everything under one knowledge folder. Raises `InputError` naming the file and line of thought that is wrong."""
    topics, aliases, first = load_topics(folder / "topics.yaml")
    documents = tuple(load_notes(folder / "notes"))
    sections = {s.id: s for d in documents for s in split_sections(d)}
    entries = load_bank(folder / "bank")
    return Knowledge(
        topics=topics,
        aliases=aliases,
        first=first,
        documents=documents,
        sections=sections,
        bank=tuple(e for e in entries if e.topic != "general"),
        templates=tuple(e for e in entries if e.topic == "general"),
    )


def load_topics(path: Path) -> tuple[tuple[Topic, ...], dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The topics, the aliases of a mix, and the topics a set begins with."""
    raw = _yaml(path.read_text(encoding="utf-8"))
    topics = TypeAdapter(tuple[Topic, ...]).validate_python(raw["topics"])
    return topics, {name: tuple(targets) for name, targets in raw["aliases"].items()}, tuple(raw["first"])


def load_notes(folder: Path) -> Iterator[Document]:
    """Every note under `folder`, in the order of their paths."""
    for path in sorted(folder.glob("*/*.md")):
        yield _note(path)


def _note(path: Path) -> Document:
    text = path.read_text(encoding="utf-8")
    front = _FRONT_MATTER.match(text)
    if front is None:
        raise InputError(f"{path}: the front matter between two --- lines is missing.")
    about: dict[str, Any] = _yaml(front.group(1))
    try:
        return Document(
            id=f"{path.parent.name}/{path.stem}",
            source="notes",
            title=about["title"],
            topic=about["topic"],
            level=about["level"],
            updated=about["updated"],
            references=tuple(about["references"]),
            text=text[front.end() :].lstrip("\n"),
        )
    except (KeyError, ValidationError) as error:
        raise InputError(f"{path}: the front matter is not whole: {error}") from error


def load_bank(folder: Path) -> tuple[BankQuestion, ...]:
    """Every entry of every bank file; `topic` is the file's name."""
    found: list[BankQuestion] = []
    for path in sorted(folder.glob("*.yaml")):
        for raw in _yaml(path.read_text(encoding="utf-8")) or ():
            try:
                found.append(BankQuestion.model_validate({**raw, "topic": path.stem}))
            except ValidationError as error:
                raise InputError(f"{path.name}, {raw.get('id', 'an entry without id')}: {error}") from error
    return tuple(found)


def _yaml(text: str) -> Any:
    # The compiled loader reads the bank some eight times faster; the plain one is there where PyYAML was built without it.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def slug(heading: str) -> str:
    """A heading as the last part of a section's id.

    >>> slug("Why does point-in-time correctness matter?")
    'why-does-point-in-time-correctness-matter'
    """
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def split_sections(document: Document) -> tuple[Section, ...]:
    """The sections of a document, in order: what stands under each `##`, or the whole text where there is none.

    Two sections of one heading get `-2`, `-3` behind their slug. A `##` inside a code fence is no heading.
    """
    fences = [(m.start(), m.end()) for m in _FENCE.finditer(document.text)]
    marks = [m for m in _HEADING.finditer(document.text) if not any(a <= m.start() < b for a, b in fences)]
    starts = [(m.group(1).strip(), m.start(), m.end()) for m in marks]
    if not starts or document.text[: starts[0][1]].strip():
        starts.insert(0, (document.title, 0, 0))
    found: list[Section] = []
    seen: dict[str, int] = {}
    for i, (heading, _, body) in enumerate(starts):
        end = starts[i + 1][1] if i + 1 < len(starts) else len(document.text)
        raw = document.text[body:end]
        start = body + len(raw) - len(raw.lstrip())
        end = body + len(raw.rstrip())
        if end <= start:
            continue
        name = slug(heading) or "text"
        seen[name] = seen.get(name, 0) + 1
        found.append(
            Section(
                id=f"{document.id}#{name}" + (f"-{seen[name]}" if seen[name] > 1 else ""),
                document_id=document.id,
                source=document.source,
                topic=document.topic,
                title=document.title,
                heading=heading,
                text=document.text[start:end],
                span=Span(start=start, end=end),
            )
        )
    return tuple(found)


def split(section: Section, count_pieces: Callable[[str], int]) -> tuple[Chunk, ...]:
    """The chunks of a section: whole paragraphs packed up to 180 word-pieces, heading in front, long paragraphs cut at sentences.

    `count_pieces` is the embedding model's own count. The id is a hash of the section's id and the chunk's words.
    """
    prefix = f"{section.title}. {section.heading}\n"
    room = CHUNK_PIECES - count_pieces(prefix)
    spans: list[tuple[int, int]] = []
    for start, end in _pieces(section.text, room, count_pieces):
        if spans and count_pieces(section.text[spans[-1][0] : end]) <= room:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    chunks = []
    for ordinal, (start, end) in enumerate(spans):
        text = prefix + section.text[start:end]
        chunks.append(
            Chunk(
                id=hashlib.sha256(f"{section.id}\0{ordinal}\0{text}".encode()).hexdigest()[:32],
                section_id=section.id,
                ordinal=ordinal,
                span=Span(start=section.span.start + start, end=section.span.start + end),
                text=text,
            )
        )
    return tuple(chunks)


def _pieces(text: str, room: int, count_pieces: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    """Paragraphs of `text`, those longer than `room` cut at sentence ends, and where a sentence is too long, at words."""
    for paragraph in _spans_between(text, 0, len(text), r"\n\s*\n"):
        if count_pieces(text[slice(*paragraph)]) <= room:
            yield paragraph
            continue
        for sentence in _spans_between(text, *paragraph, r"(?<=[.!?])\s+|\n"):
            if count_pieces(text[slice(*sentence)]) <= room:
                yield sentence
                continue
            yield from _packed_words(text, sentence, room, count_pieces)


def _packed_words(text: str, span: tuple[int, int], room: int, count_pieces: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    start = end = span[0]
    for word in _spans_between(text, *span, r"\s+"):
        if end > start and count_pieces(text[start : word[1]]) > room:
            yield start, end
            start = word[0]
        end = word[1]
    if end > start:
        yield start, end


def _spans_between(text: str, start: int, end: int, separator: str) -> Iterator[tuple[int, int]]:
    at = start
    for gap in re.finditer(separator, text[start:end]):
        if text[at : start + gap.start()].strip():
            yield at, start + gap.start()
        at = start + gap.end()
    if text[at:end].strip():
        yield at, end
