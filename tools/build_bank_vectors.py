"""Makes `knowledge/bank_vectors.npz` and `sentence_vectors.npz`: the sentence vectors of every bank question and of its points, so that a first set is planned,
and a first search answered, at once.

    python tools/build_bank_vectors.py

Keys are the texts' hashes and the file names the model, so that a changed question or model is simply computed anew. Stored as float16:
the largest change of a cosine between any two of the bank's vectors is printed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.embedding import PreparedEmbedder, local_embedder, text_key
from assistant.knowledge import load
from assistant.questions import bank_points
from assistant.retrieval import sentences_of

KNOWLEDGE = Path(__file__).parent.parent / "knowledge"


def texts(folder: Path = KNOWLEDGE) -> list[str]:
    """Every text that a map of the bank or a search embeds, each once, sorted."""
    bank = load(folder).bank
    return sorted({text for q in bank for text in (q.text, bank_points(q), *(f.text for f in q.follow_ups))})


def sentences(folder: Path = KNOWLEDGE) -> list[str]:
    """Every sentence of the notes as a search embeds it, each once, sorted."""
    return sorted({text for section in load(folder).sections.values() for text in sentences_of(section)})


def main() -> None:
    write(texts(), KNOWLEDGE / "bank_vectors.npz")
    write(sentences(), KNOWLEDGE / "sentence_vectors.npz")


def write(wanted: list[str], path: Path) -> None:
    """What stands there already is kept."""
    embedder = local_embedder()
    exact = PreparedEmbedder(embedder, path).embed(wanted)
    kept = exact.astype(np.float16)
    loss = float(np.abs(exact @ exact.T - kept.astype(np.float32) @ kept.astype(np.float32).T).max())
    keys = np.array([np.frombuffer(text_key(t), dtype=np.uint8) for t in wanted])
    np.savez_compressed(path, identity=np.array(embedder.identity), keys=keys, vectors=kept)
    print(f"{len(wanted)} texts, {path.stat().st_size / 1e6:.2f} MB, largest change of a cosine {loss:.5f}")


if __name__ == "__main__":
    main()
