"""How searching and ingesting grow, as ratios measured in one run, on synthetic text: `make bench-large`.

    python tools/bench_large.py [SECTIONS ...]      by default 1000 10000 100000

Chunks get vectors made from their text's hash, so that a hundred thousand can be had in minutes; queries go through the real model.
Exit code 1 where a bar is missed.
"""

from __future__ import annotations

import hashlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.settings import quiet

quiet()
sys.path.insert(0, str(Path(__file__).parent))

from bench import missed, told  # noqa: E402

from assistant.embedding import LocalEmbedder, local_embedder  # noqa: E402
from assistant.index import Index, Vectors  # noqa: E402
from assistant.knowledge import shipped  # noqa: E402
from assistant.retrieval import Retriever  # noqa: E402
from assistant.schema import Document  # noqa: E402
from assistant.store import Store  # noqa: E402

QUERIES = 60
SECTION_WORDS = 60
SECTIONS_A_DOCUMENT = 20


class Hashed:
    """Queries by the real model, everything else by its hash."""

    identity = "bench"

    def __init__(self, real: LocalEmbedder) -> None:
        self._real, self.dimensions = real, real.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1:
            return self._real.embed(texts)
        seeds = (int.from_bytes(hashlib.sha256(t.encode()).digest()[:8]) for t in texts)
        rows = np.stack([np.random.default_rng(s).standard_normal(self.dimensions, dtype=np.float32) for s in seeds])
        made: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return made

    def count_pieces(self, text: str) -> int:
        return len(text) // 4


def documents(sections: int, draw: random.Random) -> list[Document]:
    """Text with the long tail of a language: words of the notes, the common ones common."""
    vocabulary = sorted({w for s in shipped().sections.values() for w in s.text.lower().split() if w.isalpha()})
    weights = [1 / (n + 1) for n in range(len(vocabulary))]
    draw.shuffle(vocabulary)
    found = []
    for number in range(-(-sections // SECTIONS_A_DOCUMENT)):
        some = range(number * SECTIONS_A_DOCUMENT, min(sections, (number + 1) * SECTIONS_A_DOCUMENT))
        parts = (f"## Subject {n}\n\n{' '.join(draw.choices(vocabulary, weights, k=SECTION_WORDS))}." for n in some)
        found.append(Document(id=f"doc-{number}", source="file", title=f"Document {number}", text="\n\n".join(parts)))
    return found


def search(sections: int) -> tuple[float, float]:
    """Median seconds of a search among so many sections, and of embedding the query with a raw Chroma query."""
    draw = random.Random(sections)
    with tempfile.TemporaryDirectory() as folder:
        home, embedder = Path(folder), Hashed(local_embedder())
        store = Store(home / "record.db")
        index = Index(home / "index", embedder, store.database, vectors=home / "none.npz")
        index.rebuild_missing([], documents(sections, draw))
        texts = [s.text for s in shipped().sections.values()]
        queries = [" ".join(draw.choice(texts).split()[:9]) for _ in range(QUERIES)]
        retriever, collection = Retriever(index), index._collection("file")  # a bench may look under the floor
        pool = 3 * 5 + 16
        whole, raw = [], []
        for query in queries:
            retriever.search(query, 5, ("file",))
            began = time.perf_counter()
            retriever.search(query, 5, ("file",))
            middle = time.perf_counter()
            collection.query(query_embeddings=embedder.embed([query]).tolist(), n_results=pool)
            whole.append(middle - began)
            raw.append(time.perf_counter() - middle)
        index.close()
        store.close()
    return statistics.median(whole), statistics.median(raw)


def ingest() -> float:
    """The model's own time for the chunks of the notes, over the time to ingest them as somebody's files."""
    embedder = local_embedder()
    some = [d.model_copy(update={"source": "file", "topic": ""}) for d in shipped().documents[:20]]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = Store(home / "record.db")
        index = Index(home / "index", embedder, store.database, vectors=home / "none.npz")
        index.counts()
        began = time.perf_counter()
        for document in some:
            index.ingest(document)
        whole = time.perf_counter() - began
        texts = [t for d in some for t in index._texts(set(_sections_of(d))).values()]
        began = time.perf_counter()
        for at in range(0, len(texts), 64):
            embedder.embed(texts[at : at + 64])
        alone = time.perf_counter() - began
        index.close()
        store.close()
    return alone / whole


def _sections_of(document: Document) -> list[str]:
    from assistant.knowledge import split_sections

    return [s.id for s in split_sections(document)]


def main() -> None:
    sizes = [int(a) for a in sys.argv[1:]] or [1_000, 10_000, 100_000]
    told("the model's time over the time to ingest, turned round", 1 / ingest(), round(1 / 0.85, 2))
    times: dict[int, float] = {}
    for size in sizes:
        began = time.perf_counter()
        times[size], raw = search(size)
        print(
            f"{f'one search among {size:,} sections':64} {times[size] * 1000:8.1f} ms  (made in {time.perf_counter() - began:.0f} s)",
            flush=True,
        )
        if size == 10_000:
            told("search over embedding plus a raw Chroma query, 10,000 sections", times[size] / raw, 1.5)
    if len(sizes) > 1:
        told(f"{sizes[-1]:,} sections over {sizes[0]:,}", times[sizes[-1]] / times[sizes[0]], 2)
    sys.exit(f"{len(missed)} bars missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
