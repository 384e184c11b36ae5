"""Texts to vectors: the model that comes with the package, run by onnxruntime.

Comes in: texts.  Goes out: unit sentence vectors, and unit vectors of every word-piece with the characters it stands for.
A text's vectors are the same whatever it is batched with: it is padded to a length of its own, and only texts of that length share a batch.
The process has one session and one pool of two threads, opened when the first vector is asked for.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.settings import quiet

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

MODEL = Path(__file__).parent / "model"
PIECES = 254
"""The longest text, in word-pieces, that the model reads; sentence vectors of longer ones are of their beginning."""
_SPECIALS = 2
_PAD_TO = 8
_BATCH_PIECES = 2048
_THREADS = 2

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What turns texts into vectors that may be compared with each other, and with no other embedder's."""

    @property
    def identity(self) -> str:
        """Names the model and its form; vectors of two identities never meet in one index."""
        ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit row per text, in order. An empty text has a vector too."""
        ...


@dataclass(frozen=True)
class TokenVectors:
    """The word-pieces of one text, in order, without the marks of start and end."""

    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    """(pieces, 2): half-open, in code points of the text."""
    vectors: Vectors
    """(pieces, dimensions), unit rows: each piece as the sentence around it makes it."""


class LocalEmbedder:
    """The bundled model. Safe to use from several threads."""

    def __init__(self, folder: Path = MODEL) -> None:
        self._folder = folder
        self._about: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        self._opening = threading.Lock()
        self._session: InferenceSession | None = None
        self._tokenizer: Tokenizer | None = None

    @property
    def identity(self) -> str:
        return f"{self._about['name']}/sha256:{self._about['sha256']}"

    @property
    def dimensions(self) -> int:
        return int(self._about["dimensions"])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit row per text, in order. Of a text over 254 word-pieces only the beginning is read."""
        found = np.zeros((len(texts), self.dimensions), np.float32)
        encodings = self._encode(texts, cut=True)
        for places, (_, sentences) in self._run(encodings, ["embedding"]):
            found[places] = sentences
        return found

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The word-pieces of each text with their vectors. Raises ValueError for a text over 254 word-pieces: cut it first."""
        encodings = self._encode(texts, cut=False)
        for text, encoding in zip(texts, encodings, strict=True):
            if len(encoding.ids) > PIECES + _SPECIALS:
                raise ValueError(f"{len(encoding.ids) - _SPECIALS} word-pieces in one text, at most {PIECES}: {text[:60]!r}...")
        found: list[TokenVectors] = [_NOTHING] * len(texts)
        for places, (pieces, _) in self._run(encodings, ["tokens"]):
            for row, place in enumerate(places):
                encoding = encodings[place]
                inner = slice(1, len(encoding.ids) - 1)
                vectors = pieces[row, inner]
                found[place] = TokenVectors(
                    ids=np.array(encoding.ids[inner], np.int64),
                    offsets=np.array(encoding.offsets[inner], np.int64).reshape(-1, 2),
                    vectors=vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12),
                )
        return found

    def count_pieces(self, text: str) -> int:
        """How many word-pieces the model makes of the text; the marks of start and end are not counted."""
        return len(self._open_tokenizer().encode(text, add_special_tokens=False).ids)

    def _encode(self, texts: Sequence[str], cut: bool) -> list[Encoding]:
        encodings: list[Encoding] = self._open_tokenizer().encode_batch(list(texts), add_special_tokens=False)
        if cut:
            for encoding in encodings:
                encoding.truncate(PIECES)
        tokenizer = self._open_tokenizer()
        return [tokenizer.post_process(encoding) for encoding in encodings]

    def _run(self, encodings: Sequence[Encoding], wanted: list[str]) -> Iterator[tuple[list[int], tuple[Vectors, Vectors]]]:
        """The model's outputs, batch by batch, shortest first: the places of the texts, then (`tokens`, `embedding`), one of them empty."""
        nothing = np.zeros((0, 0), np.float32)
        for length, places in _batches([len(e.ids) for e in encodings]):
            ids = np.zeros((len(places), length), np.int64)
            mask = np.zeros((len(places), length), np.int64)
            for row, place in enumerate(places):
                pieces = encodings[place].ids
                ids[row, : len(pieces)] = pieces
                mask[row, : len(pieces)] = 1
            out = self._open_session().run(wanted, {"input_ids": ids, "attention_mask": mask})[0]
            yield places, (out, nothing) if wanted == ["tokens"] else (nothing, out)

    def _open_tokenizer(self) -> Tokenizer:
        with self._opening:
            if self._tokenizer is None:
                from tokenizers import Tokenizer

                tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
                tokenizer.no_truncation()
                tokenizer.no_padding()
                self._tokenizer = tokenizer
            return self._tokenizer

    def _open_session(self) -> InferenceSession:
        with self._opening:
            if self._session is None:
                quiet()
                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = _THREADS
                options.inter_op_num_threads = 1
                options.use_deterministic_compute = True
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
                path = str(self._folder / "minilm.onnx")
                self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            return self._session


@lru_cache(maxsize=1)
def local_embedder() -> LocalEmbedder:
    """The one instance of this process."""
    return LocalEmbedder()


class PreparedEmbedder:
    """An embedder that looks first among vectors made beforehand, and computes only what is not there.

    The file (`tools/build_bank_vectors.py`) names the model that made it; a file of another model is left aside.
    """

    def __init__(self, embedder: Embedder, path: Path) -> None:
        self._embedder = embedder
        self._rows: dict[bytes, Vectors] = {}
        if path.is_file():
            with np.load(path) as kept:
                if str(kept["identity"]) == embedder.identity:
                    self._rows = dict(zip((bytes(k) for k in kept["keys"]), kept["vectors"].astype(np.float32), strict=True))

    @property
    def identity(self) -> str:
        return self._embedder.identity

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        keys = [text_key(t) for t in texts]
        rest = [i for i, key in enumerate(keys) if key not in self._rows]
        out = np.zeros((len(texts), self.dimensions), np.float32)
        if rest:
            out[rest] = self._embedder.embed([texts[i] for i in rest])
        for i, key in enumerate(keys):
            if key in self._rows:
                out[i] = self._rows[key]
        return out


def text_key(text: str) -> bytes:
    """What a prepared vector is kept under: the first 16 bytes of the text's SHA-256."""
    return hashlib.sha256(text.encode()).digest()[:16]


_NOTHING = TokenVectors(np.zeros(0, np.int64), np.zeros((0, 2), np.int64), np.zeros((0, 0), np.float32))


def _batches(lengths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Padded length and places of the texts that share it, shortest first, at most 2,048 pieces at a time."""
    padded: dict[int, list[int]] = {}
    for place, length in enumerate(lengths):
        padded.setdefault(-(-length // _PAD_TO) * _PAD_TO, []).append(place)
    for length in sorted(padded):
        step = max(1, _BATCH_PIECES // length)
        for start in range(0, len(padded[length]), step):
            yield length, padded[length][start : start + step]
