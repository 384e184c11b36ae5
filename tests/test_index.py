"""The index: a real Chroma folder and a real SQLite file, made small."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from assistant.errors import IndexRefused
from assistant.index import Index, Vectors, read_vectors, write_vectors
from assistant.knowledge import split, split_sections
from assistant.schema import Document


class WordHashes:
    """A small embedder of its own: a text's vector is the sum of its words' pseudo-random ones. Counts what it is asked for."""

    def __init__(self, name: str = "word-hashes") -> None:
        self.identity = name
        self.dimensions = 32
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += len(texts)
        rows = np.stack([sum((self._word(w) for w in t.lower().split()), np.full(32, 1e-3)) for t in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def count_pieces(self, text: str) -> int:
        return len(text.split())

    def _word(self, word: str) -> Vectors:
        seed = int.from_bytes(hashlib.sha256(f"{self.identity} {word.strip('.,?')}".encode()).digest()[:8])
        return np.random.default_rng(seed).normal(size=32)


def note(subject: str, *sections: tuple[str, str], topic: str = "letters") -> Document:
    text = "\n\n".join(f"## {heading}\n\n{body}" for heading, body in sections)
    return Document(id=f"{topic}/{subject}", source="notes", title=subject.title(), topic=topic, text=text)


NOTES = (
    note(
        "stamps",
        ("What is a stamp?", "A stamp shows that postage was paid."),
        ("Who cancels a stamp?", "The post office cancels it with ink."),
    ),
    note("parrots", ("What do parrots eat?", "Parrots eat seeds, nuts and fruit."), topic="birds"),
)
OWN = Document(id="f" * 32, source="file", title="My notes", text="## Zeppelins\n\nAn airship floats on hydrogen.")
POSTING = Document(id="a" * 32, source="posting", title="Keeper", text="Duties\n- Feed the parrots\n- Count the stamps")


class Home:
    """A data folder whose index can be opened again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = sa.create_engine(f"sqlite:///{folder / 'record.db'}")
        self._open: list[Index] = []

    def index(self, embedder: WordHashes, profile: str = "default", vectors: Path | None = None) -> Index:
        index = Index(self.folder / "index", embedder, self.database, profile, vectors if vectors is not None else self.folder / "none.npz")
        self._open.append(index)
        return index

    def close(self) -> None:
        for index in self._open:
            index.close()
        self.database.dispose()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    it = Home(tmp_path)
    yield it
    it.close()


def found(index: Index, query: str, *sources: str, topic: str | None = None) -> list[str]:
    return [n.section for n in index.near(index.embedder.embed([query]), sources or ("notes",), topic, 10)]  # type: ignore[arg-type]


def test_a_section_is_found_with_its_exact_place_in_the_document(home: Home) -> None:
    index = home.index(WordHashes())
    index.rebuild_missing(NOTES, [OWN, POSTING])
    nearest = index.near(index.embedder.embed(["parrots eat seeds, nuts and fruit."]), ("notes", "posting", "file"), None, 5)[0]
    assert nearest.section == "birds/parrots#what-do-parrots-eat"
    assert nearest.span.of(NOTES[1].text) == "Parrots eat seeds, nuts and fruit."
    section = index.sections([nearest.section])[nearest.section]
    assert (section.heading, section.topic, section.source) == ("What do parrots eat?", "birds", "notes")
    assert section.span.of(NOTES[1].text) == section.text


def test_sources_and_topic_filter_both_legs(home: Home) -> None:
    index = home.index(WordHashes())
    index.rebuild_missing(NOTES, [OWN, POSTING])
    assert set(found(index, "stamps", "posting")) == {"a" * 32 + "#keeper"}
    assert set(found(index, "airship", "file")) == {"f" * 32 + "#zeppelins"}
    assert {s.split("/")[0] for s in found(index, "stamps", topic="birds")} == {"birds"}
    assert index.sharing_words("parrots", ("notes", "posting"), None, 5) == ["birds/parrots#what-do-parrots-eat", "a" * 32 + "#keeper"]
    assert index.sharing_words("parrots", ("posting",), None, 5) == ["a" * 32 + "#keeper"]
    assert index.sharing_words("stamps", ("notes",), "birds", 5) == []


def test_ingesting_the_same_again_embeds_and_adds_nothing(home: Home) -> None:
    embedder = WordHashes()
    index = home.index(embedder)
    index.rebuild_missing(NOTES, [OWN])
    before, counts = embedder.embedded, index.counts()
    index.rebuild_missing(NOTES, [OWN])
    for document in (*NOTES, OWN):
        index.ingest(document)
    assert (embedder.embedded, index.counts()) == (before, counts)
    assert counts == {"notes": 3, "posting": 0, "file": 1, "cv": 0}


def test_a_changed_document_replaces_what_stood_and_a_removed_one_goes(home: Home) -> None:
    index = home.index(WordHashes())
    index.rebuild_missing(NOTES, [OWN])
    changed = OWN.model_copy(update={"text": "## Balloons\n\nA balloon floats on helium."})
    index.ingest(changed)
    assert found(index, "zeppelins", "file") == ["f" * 32 + "#balloons"]
    assert index.sharing_words("hydrogen", ("file",), None, 5) == []
    assert index.sharing_words("helium", ("file",), None, 5) == ["f" * 32 + "#balloons"]
    index.remove(OWN.id, "file")
    index.remove(OWN.id, "file")
    assert index.counts()["file"] == 0
    assert index.sharing_words("helium", ("file",), None, 5) == []


def test_a_section_moved_within_its_document_is_still_highlighted_where_it_stands(home: Home) -> None:
    index = home.index(WordHashes())
    index.ingest(OWN)
    moved = OWN.model_copy(update={"text": "## Kites\n\nA kite needs wind.\n\n" + OWN.text})
    index.ingest(moved)
    nearest = next(
        n for n in index.near(index.embedder.embed(["airship floats on hydrogen."]), ("file",), None, 5) if n.section.endswith("#zeppelins")
    )
    assert nearest.span.of(moved.text) == "An airship floats on hydrogen."


def test_it_is_all_there_after_it_was_closed_and_opened(home: Home) -> None:
    first = home.index(WordHashes())
    first.rebuild_missing(NOTES, [OWN, POSTING])
    first.close()
    embedder = WordHashes()
    again = home.index(embedder)
    assert found(again, "parrots eat seeds, nuts and fruit.")[0] == "birds/parrots#what-do-parrots-eat"
    assert again.sharing_words("hydrogen", ("file",), None, 5) == ["f" * 32 + "#zeppelins"]
    assert embedder.embedded == 1


def test_profiles_share_the_notes_and_nothing_else(home: Home) -> None:
    ada, bob = home.index(WordHashes(), "ada"), home.index(WordHashes(), "bob")
    ada.rebuild_missing(NOTES, [OWN])
    assert found(bob, "airship", "file") == []
    assert bob.sharing_words("hydrogen", ("file",), None, 5) == []
    assert bob.sections(["f" * 32 + "#zeppelins"]) == {}
    assert found(bob, "stamps")


def test_another_embedder_s_index_is_refused_until_it_is_rebuilt(home: Home) -> None:
    first = home.index(WordHashes())
    first.rebuild_missing(NOTES, [OWN])
    first.close()
    other = home.index(WordHashes("other-hashes"))
    with pytest.raises(IndexRefused, match="word-hashes"):
        found(other, "stamps")
    with pytest.raises(IndexRefused):
        other.ingest(OWN)
    other.rebuild_missing(NOTES, [OWN])
    assert found(other, "parrots eat seeds, nuts and fruit.")[0] == "birds/parrots#what-do-parrots-eat"
    assert other.counts()["file"] == 1


def test_ready_made_vectors_are_used_and_those_of_another_embedder_are_not(home: Home) -> None:
    maker = WordHashes()
    chunks = [c for d in NOTES for s in split_sections(d) for c in split(s, maker.count_pieces)]
    write_vectors(home.folder / "v.npz", maker, [c.id for c in chunks], maker.embed([c.text for c in chunks]))
    ready, other = WordHashes(), WordHashes("other-hashes")
    with pytest.raises(IndexRefused, match="other-hashes"):
        read_vectors(home.folder / "v.npz", other)
    home.index(ready, vectors=home.folder / "v.npz").rebuild_missing(NOTES, [])
    assert ready.embedded == 0
    home.close()
    home.index(other, vectors=home.folder / "v.npz").rebuild_missing(NOTES, [])
    assert other.embedded == len(chunks)


# Over a thousand chunks, so that Chroma writes its graph to files of its own.
MANY = note("many", *((f"Number {i}", f"Subject {i} stands here alone.") for i in range(1100)))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    home = Home(folder)
    home.index(WordHashes()).rebuild_missing((*NOTES, MANY), [OWN])
    home.close()
    assert list((folder / "index").glob("*/*.bin"))
    return folder


def _garble(path: Path) -> None:
    path.write_bytes(b"not a database" * 500)


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    "damage",
    [
        lambda index: shutil.rmtree(index),
        lambda index: (index / "chroma.sqlite3").unlink(),
        lambda index: _garble(index / "chroma.sqlite3"),
        lambda index: _halve(index / "chroma.sqlite3"),
        lambda index: [_garble(f) for f in index.glob("*/*.bin")],
        lambda index: [shutil.rmtree(f) for f in index.iterdir() if f.is_dir()],
    ],
    ids=["folder gone", "file gone", "file garbled", "file cut", "graph garbled", "graph gone"],
)
def test_a_damaged_index_is_rebuilt_by_itself(large: Path, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    shutil.copytree(large, tmp_path, dirs_exist_ok=True)
    damage(tmp_path / "index")
    home = Home(tmp_path)
    again = home.index(WordHashes())
    again.rebuild_missing((*NOTES, MANY), [OWN])
    assert again.counts() == {"notes": 1103, "posting": 0, "file": 1, "cv": 0}
    for number in (3, 500, 1099):
        assert found(again, f"Many. Number {number} Subject {number} stands here alone.")[0] == f"letters/many#number-{number}"
    assert found(again, "airship floats on hydrogen", "file") == ["f" * 32 + "#zeppelins"]
    home.close()


def test_an_index_that_breaks_while_it_is_used_mends_itself(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from chromadb.api.models.Collection import Collection
    from chromadb.errors import InternalError

    index = home.index(WordHashes())
    index.rebuild_missing(NOTES, [OWN])
    whole, failures = Collection.query, iter([InternalError("Error executing plan")])

    def breaks_once(self: Collection, *args: object, **kwargs: object) -> object:
        for failure in failures:
            raise failure
        return whole(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Collection, "query", breaks_once)
    assert found(index, "parrots eat seeds, nuts and fruit.")[0] == "birds/parrots#what-do-parrots-eat"
    assert index.counts()["notes"] == 3


def test_clear_removes_what_is_mine_from_the_disk_and_keeps_the_notes(home: Home) -> None:
    secret = OWN.model_copy(update={"text": "## Zeppelins\n\nThe codeword is Quixotry."})
    index = home.index(WordHashes())
    index.rebuild_missing(NOTES, [secret, POSTING])
    index.clear()
    assert index.counts() == {"notes": 3, "posting": 0, "file": 0, "cv": 0}
    assert found(index, "stamps")
    assert index.sharing_words("quixotry", ("file",), None, 5) == []
    index.close()
    home.database.dispose()
    left = b"".join(f.read_bytes() for f in (home.folder / "index").rglob("*") if f.is_file())
    assert b"Zeppelins" not in left
    assert b"f" * 32 not in left


@pytest.mark.parametrize(
    "query",
    ['"', '""', "'", "AND OR NOT", "stamp*", "^stamp", "NEAR(stamp ink, 2)", "title:stamp", "-stamp", "stamp AND", "(stamp", "{stamp}", '"; DROP TABLE index_sections; --', "stamp\x00ink", "🙂", "stamp " * 20_000, "a", "?", "_", "stamp-", "-", "point-in-time"],
)  # fmt: skip
def test_nothing_in_a_query_is_read_as_a_command(home: Home, query: str) -> None:
    index = home.index(WordHashes())
    index.rebuild_missing(NOTES, [])
    answer = index.sharing_words(query, ("notes",), None, 5)
    assert set(answer) <= {s.id for d in NOTES for s in split_sections(d)}
    if "stamp" in query.lower() and "*" not in query:
        assert answer
    assert index.sharing_words("parrots", ("notes",), None, 5)


def test_words_are_matched_by_their_stem_and_a_compound_as_one(home: Home) -> None:
    compounds = note("joins", ("Joins in time", "Use a point-in-time join."), ("A point", "At this point in the lesson take your time."))
    index = home.index(WordHashes())
    index.rebuild_missing((*NOTES, compounds), [])
    assert index.sharing_words("cancelling", ("notes",), None, 5) == ["letters/stamps#who-cancels-a-stamp"]
    assert index.sharing_words("point-in-time", ("notes",), None, 1) == ["letters/joins#joins-in-time"]
