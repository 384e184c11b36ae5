"""The sections for a query: words, meaning, and the bank's questions near it, joined by reciprocal rank fusion.

Comes in: a query in a person's words.  Goes out: `Hit`s, nearest first; each a whole section with the words to highlight.
Chunks rank, sections are returned: each section stands by its best chunk.
Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): score = sum over legs of weight / (5 + rank), ranks from 1.
A section first in one leg and third in another has 1/6 + 1/8 = 0.2917. What was measured stands in docs/retrieval.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assistant.embedding import Embedder
from assistant.index import Index, Near, Vectors
from assistant.schema import Hit, Section, Span
from assistant.schema.knowledge import SourceKind
from assistant.text import normalise, sentences

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

RRF_K = 5
"""The paper's 60 is for pools of a thousand; of some thirty, the first places have to count."""
SENTENCE_WORDS = 6
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ASKED = 0.5
"""The weight of the bank's questions."""
READ_BY_DEFAULT: tuple[SourceKind, ...] = ("notes", "posting", "file")
"""A CV is read only where it is asked for by name."""


class Asked:
    """Questions of the bank, each pointing to the sections it leans on: what a person asks is often near one of them."""

    def __init__(self, asked: Mapping[str, Sequence[str]], embedder: Embedder) -> None:
        """`asked`: the questions by section."""
        pairs = [(text, section) for section, texts in asked.items() for text in texts]
        texts = sorted({text for text, _ in pairs})
        places = {text: place for place, text in enumerate(texts)}
        self._vectors = embedder.embed(texts)
        self._pointed = [(places[text], section) for text, section in pairs]

    def sections(self, vector: Vectors, topic: str | None, limit: int) -> list[str]:
        """Section ids by the question that is nearest to a query's vector, nearest first."""
        likeness = (self._vectors @ vector[0]).tolist()
        best: dict[str, float] = {}
        for place, section in self._pointed:
            if topic is None or section.startswith(f"{topic}/"):
                best[section] = max(best.get(section, -1.0), likeness[place])
        return sorted(best, key=lambda s: (-best[s], s))[:limit]


class Sentences:
    """Every sentence of the notes under its heading: a section in which one sentence says it stands nearer than its chunks tell."""

    def __init__(self, sections: Iterable[Section], embedder: Embedder) -> None:
        rows = [(section.id, text) for section in sections for text in sentences_of(section)]
        self._vectors = embedder.embed([text for _, text in rows])
        self._sections = [section for section, _ in rows]

    def likeness(self, vector: Vectors) -> dict[str, float]:
        """By section, the cosine of its nearest sentence with a query's vector (1, dimensions)."""
        best: dict[str, float] = {}
        for section, value in zip(self._sections, (self._vectors @ vector[0]).tolist(), strict=True):
            if value > best.get(section, -1.0):
                best[section] = value
        return best


def sentences_of(section: Section) -> list[str]:
    """The section's sentences of six words and more as they are embedded, code and diagrams left out."""
    text = _FENCED.sub("", section.text)
    said = (s.of(text).strip() for s in sentences(text))
    return [f"{section.heading} {s}" for s in said if len(s.split()) >= SENTENCE_WORDS]


class Retriever:
    """Finds sections in an index. A leg can be switched off, to see what the others are worth."""

    def __init__(
        self, index: Index, asked: Asked | None = None, sentences: Sentences | None = None, *, lexical: bool = True, dense: bool = True
    ) -> None:
        self.index = index
        self._asked, self._sentences, self._lexical, self._dense = asked, sentences, lexical, dense

    def search(self, query: str, k: int = 5, sources: Sequence[SourceKind] = READ_BY_DEFAULT, topic: str | None = None) -> tuple[Hit, ...]:
        """The `k` sections nearest to the query, at most. `topic` keeps to one topic of the notes."""
        if not normalise(query) or k < 1:
            return ()
        pool = 3 * k + 16
        vector = self.index.embedder.embed([query])
        near = self.index.near(vector, sources, topic, 2 * pool) if self._dense else []
        best: dict[str, Near] = {}
        for chunk in near:
            best.setdefault(chunk.section, chunk)
        said = self._sentences.likeness(vector) if self._sentences else {}
        by_meaning = sorted(best, key=lambda s: (-best[s].similarity - said.get(s, best[s].similarity), s))[:pool]
        by_words = self.index.sharing_words(query, sources, topic, pool) if self._lexical else []
        by_bank = self._asked.sections(vector, topic, pool) if self._asked and "notes" in sources else []
        scores = fused(by_meaning, by_words, by_bank, weights=(1, 1, ASKED))
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


def fused(*rankings: Sequence[str], weights: Sequence[float]) -> dict[str, float]:
    """Reciprocal rank fusion of several rankings, each by its weight.

    >>> {k: round(v, 4) for k, v in fused(["a", "b", "c"], ["c", "a"], weights=(1, 1)).items()}
    {'a': 0.3095, 'b': 0.1429, 'c': 0.2917}
    """
    scores: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, key in enumerate(ranking, 1):
            scores[key] = scores.get(key, 0.0) + weight / (RRF_K + rank)
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
