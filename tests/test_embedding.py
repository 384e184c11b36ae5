"""The bundled model: what its vectors hold to, and that it is the file it says it is."""

import hashlib
import json
import subprocess
import sys
import threading

import numpy as np
import pytest

from assistant.embedding import MODEL, PIECES, LocalEmbedder, local_embedder

TEXTS = [
    "A padding mask keeps attention off filler positions.",
    "",
    "Point-in-time joins use the feature value known at the decision.",
    "a",
    "Étude naïve: “log the features” — p99 < 50 ms, twice.",
    "We shipped it. " * 40,
    "日本語のテキスト",
    "\u200b\x00\n",
]


def test_a_text_has_the_same_vectors_alone_and_in_any_batch():
    embedder = local_embedder()
    together = embedder.embed(TEXTS)
    turned = embedder.embed(TEXTS[::-1])[::-1]
    alone = np.concatenate([embedder.embed([t]) for t in TEXTS])
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(together - turned).max() < 1e-5
    for one, text in zip(embedder.tokens(TEXTS * 3)[len(TEXTS) :], TEXTS, strict=False):
        lonely = embedder.tokens([text])[0]
        assert one.ids.tolist() == lonely.ids.tolist()
        assert one.vectors.shape == lonely.vectors.shape
        assert np.abs(one.vectors - lonely.vectors).max(initial=0) < 1e-5


def test_rows_are_unit_length_and_in_order():
    found = local_embedder().embed(TEXTS)
    assert found.shape == (len(TEXTS), local_embedder().dimensions) == (len(TEXTS), 384)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert local_embedder().embed([]).shape == (0, 384)


def test_meaning_is_nearer_than_words():
    plain, same, other = local_embedder().embed(
        [
            "The model was trained on data from after the decision.",
            "Information from the future leaked into training.",
            "The cake was left in the oven.",
        ]
    )
    assert plain @ same > 0.4
    assert plain @ other < 0.5 * (plain @ same)


def test_the_published_model_still_answers_within_the_losses_told():
    """Cosines of this pair by the fp32 weights in float64, computed apart: .6962 and .5067."""
    a, b, c = local_embedder().embed(["A man is eating food", "A man is eating a piece of bread", "A man is eating pasta"])
    assert float(a @ c) == pytest.approx(0.6962, abs=0.01)
    assert float(b @ c) == pytest.approx(0.5067, abs=0.01)
    told = json.loads((MODEL / "model.json").read_text())["against_fp32"]
    assert told["sentence_cosine_min"] > 0.998
    assert told["token_cosine_mean"] > 0.999


def test_tokens_know_their_characters():
    text = "Étude naïve — p99 latency"
    found = local_embedder().tokens([text])[0]
    words = [text[a:b] for a, b in found.offsets]
    assert "".join(words) == text.replace(" ", "")
    assert len(found.ids) == len(found.vectors) == local_embedder().count_pieces(text)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    assert local_embedder().tokens([""])[0].vectors.shape == (0, 384)


def test_a_piece_is_seen_in_its_sentence():
    bank, river = local_embedder().tokens(["the bank raised its rates", "the bank of the river"])
    assert bank.ids[1] == river.ids[1]
    assert float(bank.vectors[1] @ river.vectors[1]) < 0.9


def test_long_texts():
    embedder = local_embedder()
    fits, over = "word " * PIECES, "word " * (PIECES + 1)
    assert embedder.count_pieces("word " * 600) == 600
    assert len(embedder.tokens([fits])[0].ids) == PIECES
    with pytest.raises(ValueError, match="255 word-pieces"):
        embedder.tokens([over])
    assert np.abs(embedder.embed([fits]) - embedder.embed([over])).max() < 1e-5


def test_threads_share_one_session():
    embedder, found = LocalEmbedder(), {}

    def ask(i: int) -> None:
        found[i] = embedder.embed(TEXTS[:3])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 6
    assert all(np.array_equal(found[0], f) for f in found.values())


def test_the_files_are_those_the_identity_names():
    about = json.loads((MODEL / "model.json").read_text())
    assert hashlib.sha256((MODEL / "minilm.onnx").read_bytes()).hexdigest() == about["sha256"]
    assert hashlib.sha256((MODEL / "tokenizer.json").read_bytes()).hexdigest() == about["tokenizer_sha256"]
    assert local_embedder().identity == f"minilm-l6-v2/int8w-fp32/256/sha256:{about['sha256']}"


def test_another_process_makes_the_same_vectors():
    code = "import sys; from assistant.embedding import local_embedder; sys.stdout.buffer.write(local_embedder().embed(['Log the features.']).tobytes())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert np.abs(np.frombuffer(out, np.float32) - local_embedder().embed(["Log the features."])[0]).max() < 1e-6


def test_importing_loads_no_runtime():
    code = "import sys, assistant, assistant.embedding; assistant.embedding.local_embedder().identity; print({'onnxruntime', 'tokenizers'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert out.strip() == "set()"
