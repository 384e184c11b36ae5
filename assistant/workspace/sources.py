"""What can be read and cited: the shipped notes, a candidate's own notes, the postings."""

from __future__ import annotations

from pathlib import PurePath

from assistant.errors import InputError, NotFound, TooLong, UnreadableFile
from assistant.knowledge import split_sections
from assistant.schema import Document, Frozen, Hit, Section, Span
from assistant.store.record import new_id
from assistant.text import find_quote
from assistant.workspace.doors import posting_document
from assistant.workspace.postings import Postings

TEXT_ENDINGS = (".txt", ".md", ".markdown")


class SectionView(Frozen):
    """A section in its document, with the words to highlight."""

    section: Section
    document: Document
    highlight: Span | None
    """In the document's text."""


class Sources(Postings):
    async def documents(self) -> tuple[Document, ...]:
        """The shipped notes by topic, then the candidate's own, then the postings."""
        own = await self.run(self.store.documents)
        postings = tuple(posting_document(p) for p in await self.run(self.store.postings))
        return (*self.knowledge.documents, *own, *postings)

    async def document(self, document_id: str) -> Document:
        shipped = next((d for d in self.knowledge.documents if d.id == document_id), None)
        return shipped if shipped is not None else await self.run(self._own_document, document_id)

    async def section(self, section_id: str, passage: str = "") -> SectionView:
        """A section by its id; `passage` (words of it) is what to highlight. Raises `NotFound`."""
        section = await self.run(self.find_section, section_id)
        if section is None:
            raise NotFound("This passage is not here any more. The notes may have changed since.")
        document = await self.document(section.document_id)
        return SectionView(section=section, document=document, highlight=_place(passage, section))

    def find_section(self, section_id: str) -> Section | None:
        """The section, where its document still stands."""
        if section_id in self.knowledge.sections:
            return self.knowledge.sections[section_id]
        try:
            document = self._own_document(section_id.rpartition("#")[0])
        except NotFound:
            return None
        return next((s for s in split_sections(document) if s.id == section_id), None)

    async def add_notes(self, file_name: str, text: str) -> Document:
        """Keeps a text or Markdown file as notes of the candidate's own, ready to be found. The same words twice are one document."""
        name = PurePath(file_name.replace("\\", "/")).name.strip() or "notes.txt"
        if not name.lower().endswith(TEXT_ENDINGS):
            raise UnreadableFile(f"I can read text and Markdown for now, and “{name[:80]}” is neither. Paste the text instead.")
        if len(text) > self.settings.posting_characters * 2:
            raise TooLong(
                f"This file has {len(text):,} characters. The limit is {self.settings.posting_characters * 2:,}. Bring the part you need."
            )
        if not text.strip():
            raise InputError(f"“{name[:80]}” is empty. Choose another file.")
        plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        same = next((d for d in await self.run(self.store.documents) if d.text == plain), None)
        if same is not None:
            return same
        document = Document(id=new_id(), source="file", title=name[:120], text=plain)
        await self.run(self.store.put_document, document, self.now())
        await self.run(self.index_now, document)
        return document

    async def delete_document(self, document_id: str) -> str:
        await self.run(self.store.delete, "document", document_id, self.now())
        await self.run(self.index_no_more, document_id, "file")
        return f"document:{document_id}"

    async def search(self, query: str, k: int = 5) -> tuple[Hit, ...]:
        """Sections for a query, nearest first."""
        if not 1 <= k <= 50:
            raise InputError("Between 1 and 50 passages can be asked for.")
        return await self.run(self.find, query, k)

    # inside

    def _own_document(self, document_id: str) -> Document:
        own = next((d for d in self.store.documents() if d.id == document_id), None)
        return own if own is not None else posting_document(self.store.posting(document_id))


def _place(passage: str, section: Section) -> Span | None:
    found = find_quote(passage, section.text)
    return found and Span(start=section.span.start + found.start, end=section.span.start + found.end)
