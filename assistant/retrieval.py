"""The sections for a query: the lexical and the dense leg joined by reciprocal rank fusion.

Comes in: a query in a person's words.  Goes out: `Hit`s, nearest first; each a whole section with the words to highlight.
Chunks rank, sections are returned: each section stands by its best chunk.
Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): score = sum over legs of 1 / (60 + rank), ranks from 1.
A section first in one leg and third in the other has 1/61 + 1/63 = 0.0323.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assistant.index import Index, Near
from assistant.schema import Hit, Section, Span
from assistant.schema.knowledge import SourceKind
from assistant.text import normalise

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

RRF_K = 60
READ_BY_DEFAULT: tuple[SourceKind, ...] = ("notes", "posting", "file")
"""A CV is read only where it is asked for by name."""


class Retriever:
    """Finds sections in an index. A leg can be switched off, to see what the other is worth."""

    def __init__(self, index: Index, *, lexical: bool = True, dense: bool = True) -> None:
        self.index = index
        self._lexical, self._dense = lexical, dense

    def search(self, query: str, k: int = 5, sources: Sequence[SourceKind] = READ_BY_DEFAULT, topic: str | None = None) -> tuple[Hit, ...]:
        """The `k` sections nearest to the query, at most. `topic` keeps to one topic of the notes."""
        if not normalise(query) or k < 1:
            return ()
        pool = 3 * k + 16
        near = self.index.near(query, sources, topic, pool) if self._dense else []
        best: dict[str, Near] = {}
        for chunk in near:
            best.setdefault(chunk.section, chunk)
        by_meaning = list(best)
        by_words = self.index.sharing_words(query, sources, topic, pool) if self._lexical else []
        scores = fused(by_meaning, by_words)
        chosen = sorted(scores, key=lambda s: (-scores[s], s))[:k]
        sections = self.index.sections(chosen)
        return tuple(
            Hit(
                section=sections[s],
                score=scores[s],
                highlight=best[s].span if s in best else self._by_words(sections[s], query),
                similarity=best[s].similarity if s in best else None,
            )
            for s in chosen
            if s in sections
        )

    def as_langchain(self, k: int = 5) -> BaseRetriever:
        """The same search as a LangChain retriever: documents of whole sections, with id, source, topic, heading and score."""
        return _langchain_face(self, k)

    def _by_words(self, section: Section, query: str) -> Span:
        """Of a section that only the words found: its chunk that shares most of them."""
        wanted = set(normalise(query).split())
        spans = self.index.chunk_spans(section.id) or (section.span,)
        first = section.span.start
        return max(spans, key=lambda s: (len(wanted & set(normalise(section.text[s.start - first : s.end - first]).split())), -s.start))


def best_similarity(hits: Sequence[Hit]) -> float:
    """The highest cosine among the hits, for whoever decides that nothing is near enough; -1 where no vector was compared."""
    return max((h.similarity for h in hits if h.similarity is not None), default=-1.0)


def fused(*rankings: Sequence[str]) -> dict[str, float]:
    """Reciprocal rank fusion of several rankings.

    >>> {k: round(v, 4) for k, v in fused(["a", "b", "c"], ["c", "a"]).items()}
    {'a': 0.0325, 'b': 0.0161, 'c': 0.0323}
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, 1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (RRF_K + rank)
    return scores


def _langchain_face(retriever: Retriever, k: int) -> BaseRetriever:
    from langchain_core.documents import Document as LangChainDocument
    from langchain_core.retrievers import BaseRetriever

    class SectionRetriever(BaseRetriever):
        def _get_relevant_documents(self, query: str, **_: Any) -> list[LangChainDocument]:
            return [
                LangChainDocument(
                    id=h.section.id,
                    page_content=h.section.text,
                    metadata={
                        "id": h.section.id,
                        "source": h.section.source,
                        "topic": h.section.topic,
                        "title": h.section.title,
                        "heading": h.section.heading,
                        "score": h.score,
                    },
                )
                for h in retriever.search(query, k)
            ]

    return SectionRetriever()
