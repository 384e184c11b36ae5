"""Sections that can be found: vectors of their chunks in Chroma, their words in SQLite's full-text index beside the record.

Comes in: `Document`s.  Goes out: chunks near a query, section keys that share its words, and the sections themselves.
Collections: `notes` (shipped, the same for every profile) and `posting-`, `cv-`, `files-<profile>`. The vectors are ours and belong to one
embedder: an index of another is refused until it is rebuilt. Chroma holds no text; it is a cache, rebuilt here from the sections in SQL
whenever it is missing, damaged or of an older form.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from assistant.embedding import Embedder
from assistant.errors import IndexRefused
from assistant.knowledge import CHUNK_PIECES, data_folder, split, split_sections
from assistant.schema import Document, Section, Span
from assistant.schema.knowledge import SourceKind
from assistant.settings import quiet

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

FORM = 2
"""Raised when what is stored changes: an index of another form is made anew."""
SHARED = ""
"""The profile of what ships with the product."""
MOST_TERMS = 16
"""Of a query's words, the rarest so many are looked up: common ones cost most and say least."""
MANY_SECTIONS = 20_000
FEW_TERMS = 4
"""Of an index that large, where eight words take forty times as long."""
_BATCH = 1000
_SHORT_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
a about above after again all also am an and any are as at be because been before being below between both but by can could did do does doing down
during each few for from further had has have having he her here hers him his how i if in into is it its itself just let like me more most my no nor
not now of off on once only or other our out over own please same she should so some such tell than that the their them then there these they this
those through to too under until up us very was we were what when where which while who whom why will with would you your explain describe mean means
does difference vs use used using get got make made way thing things know need
""",
    )
)

Vectors = NDArray[np.float32]


class ChunkEmbedder(Embedder, Protocol):
    """An embedder that can say how long a text is to it, as chunks are cut by that."""

    def count_pieces(self, text: str) -> int: ...


@dataclass(frozen=True)
class Near:
    """A chunk near a query's vector."""

    section: str
    span: Span
    """In the document's text."""
    similarity: float
    """Cosine, -1 to 1."""


class Index:
    """One data folder's index, for one profile. Safe to search from several threads; writing takes its turn."""

    def __init__(
        self,
        folder: Path,
        embedder: ChunkEmbedder,
        database: sa.Engine,
        profile: str = "default",
        vectors: Path | None = None,
        asked: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Opens or makes the index in `folder`; its words live in tables of their own in `database`.

        `vectors`: the ready-made vectors of the shipped notes; None: those of this copy. `asked`: questions that a section answers, by its
        id; their words find it too.
        """
        self._asked = asked or {}
        self.embedder, self.profile, self._database = embedder, profile, database
        self._folder = folder.absolute()
        self._vectors = vectors if vectors is not None else data_folder("knowledge") / "vectors.npz"
        self._turn = threading.RLock()
        self._collections: dict[SourceKind, Collection] = {}
        self._held: dict[SourceKind, int] = {}
        self._stems = _Stems()
        self._client: ClientAPI | None = None
        _make_tables(database)
        try:
            self._client = _open(self._folder)
            self._client.list_collections()
        except Exception:
            # Whatever Chroma could not read is a cache: it goes, and `rebuild_missing` fills it again.
            self._wipe()

    # what stands in it

    def rebuild_missing(self, notes: Sequence[Document], own: Sequence[Document]) -> None:
        """Brings the index to these documents: what is missing, changed or damaged is made anew, what stands is left as it is.

        `notes` are the shipped ones, `own` everything else of this profile.
        """
        with self._turn:
            for profile, documents in ((SHARED, notes), (self.profile, own)):
                kept = self._digests(profile)
                for document in documents:
                    if (stood := kept.pop(document.id, None)) != self._digest(document):
                        if stood is not None:
                            self._drop_chunks(document)
                        self._write_words(profile, document)
                for gone in kept:
                    self._erase_words(profile, gone)
            self._mend()

    def ingest(self, document: Document) -> None:
        """Makes a document findable. The same document again changes nothing; a changed one replaces what stood."""
        profile = SHARED if document.source == "notes" else self.profile
        with self._turn:
            collection = self._collection(document.source)
            if self._digests(profile).get(document.id) != self._digest(document):
                # A chunk that only moved keeps its id: what Chroma knows of its place has to go first.
                collection.delete(where={"document": document.id})
                self._write_words(profile, document)
            have = set(collection.get(where={"document": document.id}, include=[])["ids"])
            self._reconcile(document.source, collection, have, self._chunk_rows(profile, document.source, document.id))

    def remove(self, document_id: str, source: SourceKind) -> None:
        """Takes a document out; one that is not there is no error."""
        with self._turn:
            self._erase_words(SHARED if source == "notes" else self.profile, document_id)
            self._collection(source).delete(where={"document": document_id})
            self._held.pop(source, None)

    def clear(self) -> None:
        """Removes everything of this profile from the disk. The shipped notes stay findable."""
        with self._turn:
            for document_id in self._digests(self.profile):
                self._erase_words(self.profile, document_id)
            with self._database.begin() as connection:
                connection.exec_driver_sql("INSERT INTO index_words(index_words) VALUES('optimize')")
            self._wipe()
            self._mend()

    def counts(self) -> dict[SourceKind, int]:
        """How many chunks each source has."""
        return {source: self._collection(source).count() for source in _SOURCES}

    def close(self) -> None:
        with self._turn:
            self._collections.clear()
            if self._client is not None:
                _close(self._client)
                self._client = None
            self._stems.close()

    # the two legs

    def near(self, vector: Vectors, sources: Sequence[SourceKind], topic: str | None, limit: int) -> list[Near]:
        """The chunks nearest in meaning to a query's vector (1, dimensions), nearest first. Raises `IndexRefused` where the vectors are another embedder's."""
        try:
            found = self._query(vector, sources, topic, limit)
        except IndexRefused:
            raise
        except Exception:
            # Damaged since it was opened: made anew from the sections in SQL, then asked again.
            with self._turn:
                self._wipe()
                self._mend()
            found = self._query(vector, sources, topic, limit)
        return self._places(found)

    def sharing_words(self, query: str, sources: Sequence[SourceKind], topic: str | None, limit: int) -> list[str]:
        """Ids of the sections that share the query's rarest words, best first (BM25; a heading's words count double, those of questions it answers half)."""
        terms = _terms(query)
        with self._database.connect() as connection:
            counts = self._counts_of(connection, terms)
            known = sorted((t for t in terms if t in counts), key=lambda t: (counts[t], t))
            chosen = known[: MOST_TERMS if self._size(connection) < MANY_SECTIONS else FEW_TERMS]
            if not chosen:
                return []
            # Every word is quoted, so that nothing in a query is read as a command of the full-text language.
            match = " OR ".join(f'"{t}"' for t in chosen)
            wanted = ", ".join("?" * len(sources))
            rows = connection.exec_driver_sql(
                "SELECT s.id FROM index_words w JOIN index_sections s ON s.key = w.rowid "
                f"WHERE index_words MATCH ? AND s.profile IN (?, ?) AND s.source IN ({wanted})"
                + (" AND s.topic = ?" if topic else "")
                + " ORDER BY bm25(index_words, 1.0, 2.0, 1.0, 0.5), s.id LIMIT ?",
                (match, SHARED, self.profile, *sources, *([topic] if topic else []), limit),
            ).all()
        return [row[0] for row in rows]

    def _counts_of(self, connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
        """In how many sections each term stands; a compound stands in as many as its rarest part, at most. Terms in none are left out."""
        stems = self._stems.of([part for t in terms for part in t.split()])
        marks = ", ".join("?" * len(set(stems.values())))
        rows = connection.exec_driver_sql(
            f"SELECT term, doc FROM index_vocabulary WHERE term IN ({marks})", tuple(set(stems.values()))
        ).all()
        by_stem: dict[str, int] = {row[0]: row[1] for row in rows}
        found = {t: min((by_stem.get(stems.get(part, ""), 0) for part in t.split()), default=0) for t in terms}
        return {t: count for t, count in found.items() if count}

    def _size(self, connection: sa.Connection) -> int:
        return int(connection.exec_driver_sql("SELECT max(key) FROM index_sections").scalar() or 0)

    def sections(self, ids: Sequence[str]) -> dict[str, Section]:
        """The sections of these ids, as far as they stand."""
        marks = ", ".join("?" * len(ids))
        with self._database.connect() as connection:
            rows = connection.exec_driver_sql(
                f"SELECT {_SECTION} FROM index_sections WHERE profile IN (?, ?) AND id IN ({marks})", (SHARED, self.profile, *ids)
            ).all()
        return {row[0]: _section(row) for row in rows}

    def chunk_spans(self, section_id: str) -> tuple[Span, ...]:
        """Where the chunks of a section stand in its document, in order."""
        with self._database.connect() as connection:
            rows = connection.exec_driver_sql(
                'SELECT start, "end" FROM index_chunks WHERE section = ? AND profile IN (?, ?) ORDER BY ordinal',
                (section_id, SHARED, self.profile),
            ).all()
        return tuple(Span(start=a, end=b) for a, b in rows)

    # Chroma

    def _query(self, vector: Vectors, sources: Sequence[SourceKind], topic: str | None, limit: int) -> list[tuple[str, float]]:
        """Chunk ids with their cosine. Metadata is not asked for: of sixty chunks it costs three times what finding them does."""
        found: list[tuple[str, float]] = []
        for source in sources:
            held = self._count(source)
            if not held or (topic and source != "notes"):
                continue
            where: Any = {"topic": topic} if topic else None
            answer = self._collection(source).query(
                query_embeddings=cast(Any, vector), n_results=min(limit, held), where=where, include=["distances"]
            )
            found += [(i, 1.0 - float(d)) for i, d in zip(answer["ids"][0], cast(Any, answer["distances"])[0], strict=True)]
        return sorted(found, key=lambda f: (-f[1], f[0]))[:limit]

    def _count(self, source: SourceKind) -> int:
        """How many chunks a collection has, asked once after each change."""
        collection = self._collection(source)
        if source not in self._held:
            self._held[source] = collection.count()
        return self._held[source]

    def _places(self, found: Sequence[tuple[str, float]]) -> list[Near]:
        marks = ", ".join("?" * len(found))
        with self._database.connect() as connection:
            rows = connection.exec_driver_sql(
                f'SELECT id, section, start, "end" FROM index_chunks WHERE profile IN (?, ?) AND id IN ({marks})',
                (SHARED, self.profile, *(i for i, _ in found)),
            ).all()
        places = {row[0]: (row[1], Span(start=row[2], end=row[3])) for row in rows}
        return [Near(section=places[i][0], span=places[i][1], similarity=s) for i, s in found if i in places]

    def _collection(self, source: SourceKind) -> Collection:
        """The collection of a source, made where it is missing. Raises `IndexRefused` for another embedder's or an older form's."""
        held = self._collections.get(source)
        if held is not None:
            return held
        with self._turn:
            if self._client is None:
                raise RuntimeError("the index is closed")
            collection = self._client.get_or_create_collection(
                _collection_name(source, self.profile),
                embedding_function=None,
                metadata={"embedder": self.embedder.identity, "form": FORM},
                configuration={"hnsw": {"space": "cosine"}},
            )
            about = collection.metadata or {}
            if about.get("embedder") != self.embedder.identity or about.get("form") != FORM:
                raise IndexRefused(
                    f"This index was made with another embedding model ({about.get('embedder')}). It has to be rebuilt with {self.embedder.identity}."
                )
            self._collections[source] = collection
            return collection

    def _drop_chunks(self, document: Document) -> None:
        try:
            self._collection(document.source).delete(where={"document": document.id})
        except IndexRefused:
            pass  # The whole collection is about to go.
        except Exception:
            self._wipe()

    def _mend(self) -> None:
        """Every collection holds exactly the chunks that SQL names, and answers. A damaged folder is wiped and filled anew, once."""
        try:
            self._fill_all()
        except Exception:
            self._wipe()
            self._fill_all()

    def _fill_all(self) -> None:
        for source in _SOURCES:
            try:
                collection = self._collection(source)
            except IndexRefused:
                assert self._client is not None
                self._client.delete_collection(_collection_name(source, self.profile))
                collection = self._collection(source)
            rows = self._chunk_rows(SHARED if source == "notes" else self.profile, source, None)
            self._reconcile(source, collection, set(_all_ids(collection)), rows)
            _probe(collection)

    def _reconcile(self, source: SourceKind, collection: Collection, have: set[str], rows: dict[str, _ChunkRow]) -> None:
        gone, missing = sorted(have - rows.keys()), [i for i in rows if i not in have]
        for some in _batches(gone):
            collection.delete(ids=list(some))
        vectors = self._vectors_of(source, missing, rows) if missing else None
        for some in _batches(range(len(missing))):
            ids = [missing[i] for i in some]
            collection.add(ids=ids, embeddings=cast(Any, vectors)[list(some)], metadatas=[rows[i].metadata() for i in ids])
        self._held.pop(source, None)

    def _vectors_of(self, source: SourceKind, missing: Sequence[str], rows: dict[str, _ChunkRow]) -> Vectors:
        """The chunks' vectors: ready-made where this copy has them, embedded else."""
        ready = _ready_vectors(self._vectors, self.embedder) if source == "notes" else {}
        unready = [i for i in missing if i not in ready]
        if unready:
            texts = self._texts({rows[i].section for i in unready})
            fresh = dict(zip(unready, self.embedder.embed([texts[i] for i in unready]), strict=True))
        else:
            fresh = {}
        return np.stack([ready[i] if i in ready else fresh[i] for i in missing]).astype(np.float32)

    def _texts(self, section_ids: set[str]) -> dict[str, str]:
        """What is embedded for each chunk of these sections."""
        texts: dict[str, str] = {}
        for some in _batches(sorted(section_ids), 500):
            for section in self.sections(some).values():
                texts |= {chunk.id: chunk.text for chunk in split(section, self.embedder.count_pieces)}
        return texts

    def _wipe(self) -> None:
        self._held.clear()
        self._collections.clear()
        if self._client is not None:
            _close(self._client)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._client = _open(self._folder)

    # SQL

    def _digests(self, profile: str) -> dict[str, str]:
        with self._database.connect() as connection:
            return {
                row[0]: row[1]
                for row in connection.exec_driver_sql("SELECT id, digest FROM index_documents WHERE profile = ?", (profile,)).all()
            }

    def _chunk_rows(self, profile: str, source: SourceKind, document_id: str | None) -> dict[str, _ChunkRow]:
        only, values = (" AND c.document = ?", (document_id,)) if document_id is not None else ("", ())
        with self._database.connect() as connection:
            rows = connection.exec_driver_sql(
                'SELECT c.id, c.section, c.document, s.topic, s.heading, c.ordinal, c.start, c."end" FROM index_chunks c '
                f"JOIN index_sections s ON s.profile = c.profile AND s.id = c.section WHERE c.profile = ? AND s.source = ?{only} ORDER BY c.document, c.section, c.ordinal",
                (profile, source, *values),
            ).all()
        return {row[0]: _ChunkRow(*row[1:]) for row in rows}

    def _write_words(self, profile: str, document: Document) -> None:
        sections = split_sections(document)
        chunks = [c for s in sections for c in split(s, self.embedder.count_pieces)]
        with self._database.begin() as connection:
            _erase(connection, profile, document.id)
            for s in sections:
                connection.exec_driver_sql(
                    f"INSERT INTO index_sections (profile, {_SECTION}, asked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        profile,
                        s.id,
                        s.document_id,
                        s.source,
                        s.topic,
                        s.title,
                        s.heading,
                        s.text,
                        s.span.start,
                        s.span.end,
                        self._asks(s.id),
                    ),
                )
            for c in chunks:
                connection.exec_driver_sql(
                    'INSERT INTO index_chunks (profile, id, section, document, ordinal, start, "end") VALUES (?, ?, ?, ?, ?, ?, ?)',
                    (profile, c.id, c.section_id, document.id, c.ordinal, c.span.start, c.span.end),
                )
            connection.exec_driver_sql(
                "INSERT INTO index_documents (profile, id, digest) VALUES (?, ?, ?)", (profile, document.id, self._digest(document))
            )

    def _asks(self, section_id: str) -> str:
        return "\n".join(self._asked.get(section_id, ()))

    def _digest(self, document: Document) -> str:
        asks = [self._asks(s.id) for s in split_sections(document)] if self._asked and document.source == "notes" else []
        parts = (str(FORM), str(CHUNK_PIECES), document.id, document.source, document.topic, document.title, document.text, *asks)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()

    def _erase_words(self, profile: str, document_id: str) -> None:
        with self._database.begin() as connection:
            _erase(connection, profile, document_id)


@dataclass(frozen=True)
class _ChunkRow:
    section: str
    document: str
    topic: str
    heading: str
    ordinal: int
    start: int
    end: int

    def metadata(self) -> dict[str, str | int]:
        return {
            "section": self.section,
            "document": self.document,
            "topic": self.topic,
            "heading": self.heading,
            "ordinal": self.ordinal,
            "start": self.start,
            "end": self.end,
        }


_SOURCES: tuple[SourceKind, ...] = ("notes", "posting", "file", "cv")
_SECTION = 'id, document, source, topic, title, heading, text, start, "end"'
_TABLES = (
    f"CREATE TABLE index_sections (key INTEGER PRIMARY KEY, profile TEXT NOT NULL, {_SECTION}, asked, UNIQUE (profile, id))",
    "CREATE INDEX index_sections_document ON index_sections (profile, document)",
    'CREATE TABLE index_chunks (profile TEXT NOT NULL, id TEXT NOT NULL, section TEXT NOT NULL, document TEXT NOT NULL, ordinal INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (profile, id))',
    "CREATE INDEX index_chunks_section ON index_chunks (section)",
    "CREATE INDEX index_chunks_document ON index_chunks (profile, document)",
    "CREATE TABLE index_documents (profile TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (profile, id))",
    "CREATE VIRTUAL TABLE index_words USING fts5 (title, heading, text, asked, content='index_sections', content_rowid='key', tokenize='porter unicode61 remove_diacritics 2')",
    "CREATE VIRTUAL TABLE index_vocabulary USING fts5vocab ('index_words', 'row')",
    "CREATE TRIGGER index_sections_in AFTER INSERT ON index_sections BEGIN INSERT INTO index_words (rowid, title, heading, text, asked) VALUES (new.key, new.title, new.heading, new.text, new.asked); END",
    "CREATE TRIGGER index_sections_out AFTER DELETE ON index_sections BEGIN INSERT INTO index_words (index_words, rowid, title, heading, text, asked) VALUES ('delete', old.key, old.title, old.heading, old.text, old.asked); END",
    f"CREATE TABLE index_form_{FORM} (form INTEGER)",
)


def _make_tables(database: sa.Engine) -> None:
    """The index's own tables; those of an older form go first. They hold only what can be made again from the record and the notes."""
    with database.begin() as connection:
        names = {
            row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name LIKE 'index\\_%' ESCAPE '\\'").all()
        }
        if f"index_form_{FORM}" in names:
            return
        for name in (
            "index_vocabulary",
            "index_words",
            *(n for n in sorted(names) if n.startswith("index_form_")),
            "index_documents",
            "index_chunks",
            "index_sections",
        ):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        for line in _TABLES:
            connection.exec_driver_sql(line)


def _terms(query: str) -> list[str]:
    """A query's words without the ones every sentence has; a compound such as "point-in-time" is looked up as the phrase it is."""
    terms: dict[str, None] = {}
    for word in re.findall(r"\w+(?:-\w+)*", query.lower()):
        parts = [p for p in word.split("-") if p]
        if len(parts) > 1:
            terms[" ".join(parts)] = None
        for part in parts:
            if part not in _SHORT_WORDS:
                terms[part] = None
    return list(terms)[:64]


def _erase(connection: sa.Connection, profile: str, document_id: str) -> None:
    for table, column in (("index_sections", "document"), ("index_chunks", "document"), ("index_documents", "id")):
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE profile = ? AND {column} = ?", (profile, document_id))


def _section(row: Any) -> Section:
    section_id, document_id, source, topic, title, heading, text, start, end = row
    return Section(
        id=section_id,
        document_id=document_id,
        source=source,
        topic=topic,
        title=title,
        heading=heading,
        text=text,
        span=Span(start=start, end=end),
    )


# --- ready-made vectors ----------------------------------------------------------------------------------------------


def write_vectors(path: Path, embedder: Embedder, ids: Sequence[str], vectors: Vectors) -> None:
    """Keeps chunks' vectors in a file, in half precision, with the embedder's name."""
    with path.open("wb") as out:
        np.savez_compressed(out, embedder=np.array(embedder.identity), ids=np.array(ids, dtype="U32"), vectors=vectors.astype(np.float16))


def read_vectors(path: Path, embedder: Embedder) -> dict[str, Vectors]:
    """Vectors by chunk id. Raises `IndexRefused` for those of another embedder."""
    with np.load(path, allow_pickle=False) as held:
        made_by = str(held["embedder"])
        if made_by != embedder.identity:
            raise IndexRefused(f"The vectors in {path.name} were made by {made_by}, not by {embedder.identity}.")
        return dict(zip(held["ids"].tolist(), held["vectors"].astype(np.float32), strict=True))


def _ready_vectors(path: Path, embedder: Embedder) -> dict[str, Vectors]:
    try:
        return read_vectors(path, embedder)
    except (IndexRefused, FileNotFoundError):
        # Not ours to use, or not there: every chunk is embedded instead, which only takes longer.
        return {}


# --- Chroma's traps --------------------------------------------------------------------------------------------------


def _open(folder: Path) -> ClientAPI:
    quiet()
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    folder.mkdir(parents=True, exist_ok=True)
    try:
        return chromadb.PersistentClient(path=str(folder), settings=ChromaSettings(anonymized_telemetry=False))
    except Exception:
        # Chroma keeps the half-made system of a folder it could not open, and would hand it out for the fresh one.
        from chromadb.api.shared_system_client import SharedSystemClient

        SharedSystemClient._identifier_to_system.pop(str(folder), None)
        SharedSystemClient._identifier_to_refcount.pop(str(folder), None)
        raise


def _close(client: ClientAPI) -> None:
    # Without it the process keeps answering from the files of a folder that is gone.
    cast(Any, client).close()


def _collection_name(source: SourceKind, profile: str) -> str:
    return "notes" if source == "notes" else f"{'files' if source == 'file' else source}-{profile}"


def _all_ids(collection: Collection) -> Iterator[str]:
    for at in range(0, collection.count(), 5000):
        yield from collection.get(include=[], limit=5000, offset=at)["ids"]


def _probe(collection: Collection) -> None:
    """Raises where vectors were lost: Chroma counts them still, and answers with fewer neighbours than asked for."""
    held = collection.count()
    if not held:
        return
    asked = min(held, 10)
    some = collection.get(limit=1, offset=held // 2, include=["embeddings"])
    answer = collection.query(query_embeddings=cast(Any, some["embeddings"]), n_results=asked, include=["distances"])
    if len(answer["ids"][0]) < asked or some["ids"][0] not in answer["ids"][0]:
        raise RuntimeError(f"the collection {collection.name} has lost vectors")


def _batches(items: Sequence[Any], size: int = _BATCH) -> Iterator[Sequence[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


class _Stems:
    """The full-text index's own stems of words, asked of a table in memory: its vocabulary is kept by stem."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._database.execute("CREATE VIRTUAL TABLE words USING fts5 (word, tokenize='porter unicode61 remove_diacritics 2')")
        self._database.execute("CREATE VIRTUAL TABLE stems USING fts5vocab ('words', 'instance')")

    def of(self, words: Sequence[str]) -> dict[str, str]:
        with self._turn:
            self._database.execute("DELETE FROM words")
            self._database.executemany("INSERT INTO words (rowid, word) VALUES (?, ?)", list(enumerate(words)))
            found = self._database.execute("SELECT doc, term FROM stems").fetchall()
        single: dict[int, list[str]] = {}
        for place, stem in found:
            single.setdefault(place, []).append(stem)
        return {words[place]: stems[0] for place, stems in single.items() if len(stems) == 1}

    def close(self) -> None:
        with self._turn:
            self._database.close()
