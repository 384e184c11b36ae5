"""Makes `knowledge/vectors.npz`: the ready-made vectors of every chunk of the shipped notes, so that a first start embeds nothing.

    python tools/build_notes_vectors.py

Kept by the chunks' content hashes, in half precision, with the name of the embedder. What is kept already and still stands is not made again.
The largest change of a cosine between any two of the vectors is printed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.embedding import local_embedder
from assistant.errors import IndexRefused
from assistant.index import read_vectors, write_vectors
from assistant.knowledge import load_notes, split, split_sections
from assistant.schema import Chunk

KNOWLEDGE = Path(__file__).parent.parent / "knowledge"


def chunks(folder: Path = KNOWLEDGE) -> list[Chunk]:
    """Every chunk of the shipped notes, in the order of the notes."""
    count = local_embedder().count_pieces
    return [c for d in load_notes(folder / "notes") for s in split_sections(d) for c in split(s, count)]


def main() -> None:
    embedder, path, wanted = local_embedder(), KNOWLEDGE / "vectors.npz", chunks()
    try:
        kept = read_vectors(path, embedder) if path.is_file() else {}
    except IndexRefused:
        kept = {}
    missing = [c for c in wanted if c.id not in kept]
    kept.update(zip((c.id for c in missing), embedder.embed([c.text for c in missing]), strict=True))
    vectors = np.stack([kept[c.id] for c in wanted])
    write_vectors(path, embedder, [c.id for c in wanted], vectors)
    half = vectors.astype(np.float16).astype(np.float32)
    loss = float(np.abs(vectors @ vectors.T - half @ half.T).max())
    print(f"{len(wanted)} chunks, {len(missing)} made anew, {path.stat().st_size / 1e6:.2f} MB, largest change of a cosine {loss:.5f}")


if __name__ == "__main__":
    main()
