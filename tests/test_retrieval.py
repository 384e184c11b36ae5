"""Retrieval, with the bundled model on a few sections of its own: each leg is needed, and both together are what is served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from assistant.embedding import LocalEmbedder, local_embedder
from assistant.index import Index, Vectors
from assistant.retrieval import Retriever, best_similarity, fused
from assistant.schema import Document
from assistant.text import normalise

SECTIONS = {
    "What happens when a borrower falls behind?": "Overdue instalments are chased by reminders, then by collections. A loan ninety days in arrears is written off, and the loss is booked.",
    "How are vectors of users kept fresh?": "An embedding is recomputed every night from the last thirty days of clicks, and old versions are dropped once no model reads them.",
    "What does a cook do with leftover bread?": "Stale loaves become crumbs, croutons or a pudding with eggs and milk.",
    "How do birds find their way?": "Migrating swallows steer by the sun, by stars and by the magnetic field of the earth.",
    "Why do bridges need joints?": "Steel expands in summer heat; a gap with sliding plates lets the deck grow without cracking.",
    "What is an XZ-4471 valve?": "The XZ-4471 is a relief valve for boilers, set at three bar.",
}
PARAPHRASE = "customers who did not send their money on schedule"
RIGHT = "plain/plain#what-happens-when-a-borrower-falls-behind"


class Shuffled:
    """The bundled model with its vectors given to the wrong texts: each row to the next. A query, being one text, keeps its own."""

    def __init__(self) -> None:
        self._real = local_embedder()
        self.identity, self.dimensions = self._real.identity, self._real.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.roll(self._real.embed(texts), 1, axis=0)

    def count_pieces(self, text: str) -> int:
        return self._real.count_pieces(text)


def document(**changes: object) -> Document:
    text = "\n\n".join(f"## {heading}\n\n{body}" for heading, body in SECTIONS.items())
    return Document.model_validate({"id": "plain/plain", "source": "notes", "title": "Plain", "topic": "plain", "text": text} | changes)


def filled(folder: Path, embedder: LocalEmbedder | Shuffled) -> Index:
    index = Index(folder / "index", embedder, sa.create_engine(f"sqlite:///{folder / 'record.db'}"), vectors=folder / "none.npz")
    index.rebuild_missing(
        [document()], [document(id="b" * 32, source="cv", title="CV", topic="", text="## Skills\n\nI baked bread for six years.")]
    )
    return index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    it = filled(tmp_path_factory.mktemp("retrieval"), local_embedder())
    yield it
    it.close()


def ids(retriever: Retriever, query: str, k: int = 3) -> list[str]:
    return [h.section.id for h in retriever.search(query, k)]


def test_a_paraphrase_without_a_shared_word_is_found_by_meaning_alone(index: Index) -> None:
    section = index.sections([RIGHT])[RIGHT]
    content = {w for w in normalise(PARAPHRASE).split() if len(w) > 3 and w not in ("their", "that")}
    assert not content & set(normalise(f"{section.title} {section.heading} {section.text}").split())
    assert ids(Retriever(index, lexical=False), PARAPHRASE)[0] == RIGHT
    assert RIGHT not in ids(Retriever(index, dense=False), PARAPHRASE)
    assert ids(Retriever(index), PARAPHRASE)[0] == RIGHT


def test_with_the_vectors_shuffled_it_is_not(tmp_path: Path) -> None:
    shuffled = filled(tmp_path, Shuffled())
    assert ids(Retriever(shuffled, lexical=False), PARAPHRASE)[0] != RIGHT
    shuffled.close()


def test_a_name_no_model_knows_is_found_by_its_letters(index: Index) -> None:
    assert ids(Retriever(index, dense=False), "xz-4471")[0].endswith("#what-is-an-xz-4471-valve")
    assert ids(Retriever(index), "xz-4471")[0].endswith("#what-is-an-xz-4471-valve")


def test_a_hit_is_a_whole_section_with_the_words_to_highlight(index: Index) -> None:
    hit = Retriever(index).search("swallows steer by stars", 1)[0]
    assert hit.section.text == SECTIONS["How do birds find their way?"]
    assert hit.highlight.of(document().text) in hit.section.text
    assert hit.similarity is not None
    assert 0.5 < hit.similarity <= 1
    lexical = Retriever(index, dense=False).search("swallows", 1)[0]
    assert (lexical.similarity, lexical.highlight.of(document().text)) == (None, lexical.section.text)


def test_scores_are_those_of_reciprocal_rank_fusion(index: Index) -> None:
    both, dense, lexical = (
        Retriever(index, lexical=a, dense=b).search("bread pudding", 6) for a, b in ((True, True), (False, True), (True, False))
    )
    expected = fused([h.section.id for h in dense], [h.section.id for h in lexical], weights=(1, 1))
    assert {h.section.id: h.score for h in both} == pytest.approx({h.section.id: expected[h.section.id] for h in both})
    assert [h.score for h in both] == sorted((h.score for h in both), reverse=True)


def test_fusion_follows_its_published_formula() -> None:
    assert fused(["a", "b", "c"], ["c", "a"], weights=(1, 0.5)) == pytest.approx({"a": 1 / 6 + 0.5 / 7, "b": 1 / 7, "c": 1 / 8 + 0.5 / 6})


def test_nearness_tells_a_question_of_the_notes_from_another(index: Index) -> None:
    retriever = Retriever(index)
    assert best_similarity(retriever.search("what does a lender do about late payments?")) > 0.3
    assert best_similarity(retriever.search("which cable connects a printer?")) < 0.2
    assert best_similarity(()) == -1


def test_a_cv_is_read_only_where_it_is_asked_for(index: Index) -> None:
    retriever = Retriever(index)
    assert "cv" not in {h.section.source for h in retriever.search("baked bread", 6)}
    assert [h.section.source for h in retriever.search("baked bread", 6, sources=("cv",))] == ["cv"]
    assert not retriever.search("bread", sources=("notes",), topic="another-topic")


@pytest.mark.parametrize("query", ["", "   ", "?!", "\u200b"])
def test_a_query_without_a_word_finds_nothing(index: Index, query: str) -> None:
    assert Retriever(index).search(query) == ()


def test_k_is_the_most_that_comes_back(index: Index) -> None:
    retriever = Retriever(index)
    assert [len(retriever.search("bread", k)) for k in (0, 1, 3, 50)] == [0, 1, 3, 6]


def test_langchain_reads_the_same_sections(index: Index) -> None:
    retriever = Retriever(index)
    documents = retriever.as_langchain(k=2).invoke("swallows steer by stars")
    hits = retriever.search("swallows steer by stars", 2)
    assert [d.metadata["id"] for d in documents] == [h.section.id for h in hits]
    assert documents[0].page_content == hits[0].section.text
