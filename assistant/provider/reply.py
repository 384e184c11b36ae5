"""A model's text becomes a typed answer: read where its meaning is certain, refused where it is not.

Certain: fences, prose around one object, trailing commas, raw control characters, fields nobody asked for, a number in quotes, a key twice with
one value, a text over its length (cut at its last whole sentence; a quote at its last whole word).
Not certain: NaN, a key twice with two values, two different objects, a missing or wrong field, anything unfinished.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from assistant.tasks import Answer
from assistant.text import sentences

_THOUGHT = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_OPEN_THOUGHT = re.compile(r"\A\s*<(?:t(?:h(?:i(?:n(?:k(?:ing)?)?)?)?)?)?(?:>.*)?\Z", re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*+"?|[{}\[\],:]|[^\s{}\[\],:"]+')
_UNPAIRED = re.compile("[\ud800-\udfff\0]")
_OBJECTS_TRIED = 20
_DEPTH_SHOWN = 20
Json = dict[str, Any]


class Unreadable(Exception):
    """Why a reply cannot be used, in words that the model is shown once; `formless` where it holds no JSON object at all."""

    def __init__(self, reason: str, formless: bool = False) -> None:
        self.formless = formless
        super().__init__(reason)


def read(text: str, output: type[Answer]) -> Answer:
    """The typed answer in `text`. Raises `Unreadable`."""
    fitted = _fit(_object(visible(text)), schema_of(output))
    try:
        return output.model_validate(fitted)
    except ValidationError as error:
        problems = (f"{'.'.join(str(part) for part in e['loc']) or 'the object'}: {e['msg']}" for e in error.errors()[:6])
        raise Unreadable("; ".join(problems)) from None


def read_partly(text: str, output: type[Answer]) -> Json:
    """The fields written so far, for display only; hidden and unknown ones left out."""
    shown = visible(text)
    partial = _closed(shown[at:]) if (at := shown.find("{")) >= 0 else {}
    fitted = _fit(partial, schema_of(output), cut=False)
    return fitted if isinstance(fitted, dict) else {}


def _closed(text: str) -> Any:
    """The object that `text` begins, closed after its last readable value; its last string may be unfinished.

    One pass forward: libraries for this try again for every character they give up, which grows with the square of what a model writes.
    """
    closers: list[str] = []
    whole, tail, awaits = 0, "", "value"
    for token in _TOKEN.finditer(text):
        kind, end = token[0][0], token.end()
        if kind in "{[":
            closers.append("}" if kind == "{" else "]")
            awaits = "key" if kind == "{" else "value"
        elif kind in "}]":
            if not closers or closers.pop() != kind:
                break
            awaits = "comma"
        elif kind == ",":
            awaits = "key" if closers[-1:] == ["}"] else "value"
            continue
        elif kind == ":":
            awaits = "value"
            continue
        elif kind == '"':
            finished = len(token[0]) > 1 and token[0][-1] == '"'
            if awaits == "key" or not finished:
                if awaits == "value":
                    whole, tail = end, '"' + "".join(reversed(closers))
                if not finished:
                    break
                continue
            awaits = "comma"
        elif end == len(text):
            break
        whole, tail = end, "".join(reversed(closers))
        if not closers or len(closers) > _DEPTH_SHOWN:
            break
    try:
        return json.loads(text[:whole] + tail, strict=False)
    except ValueError:
        return {}


def visible(text: str) -> str:
    """The reply without the thoughts that some models write in front of it; empty while they are still being written."""
    rest = _THOUGHT.sub("", text)
    return "" if _OPEN_THOUGHT.match(rest) else rest.lstrip()


@lru_cache(maxsize=32)
def schema_of(output: type[Answer], lengths: bool = True) -> Json:
    """The JSON Schema of an answer as strict servers take it: references put in place, every field required, none but those named."""
    schema = output.model_json_schema()
    strict = _strict(schema, schema.get("$defs", {}), lengths)
    assert isinstance(strict, dict)
    return strict


def _strict(node: Any, definitions: Json, lengths: bool) -> Any:
    if isinstance(node, list):
        return [_strict(item, definitions, lengths) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = definitions[node["$ref"].rsplit("/", 1)[1]]
        node = {**named, **{k: v for k, v in node.items() if k != "$ref"}}
    dropped = {"title", "default", "$defs"} | (set() if lengths else {"maxLength", "minLength"})
    kept = {k: _strict(v, definitions, lengths) for k, v in node.items() if k not in dropped and k != "properties"}
    if "properties" in node:
        kept["properties"] = {name: _strict(field, definitions, lengths) for name, field in node["properties"].items()}
        kept |= {"required": list(node["properties"]), "additionalProperties": False}
    return kept


def _object(text: str) -> Json:
    """The one JSON object in `text`."""
    found: list[Json] = []
    at, tries = text.find("{"), 0
    while at >= 0 and tries < _OBJECTS_TRIED:
        tries += 1
        decoded = _decode(text, at)
        if decoded is None:
            at = text.find("{", at + 1)
            continue
        value, rest = decoded
        if value not in found:
            found.append(value)
        text, at = rest, rest.find("{")
    if not found:
        raise Unreadable("it holds no complete JSON object", formless="{" not in text)
    if len(found) > 1:
        raise Unreadable("it holds more than one JSON object")
    return found[0]


def _decode(text: str, at: int) -> tuple[Json, str] | None:
    """The object that begins at `at` and what follows it; None where none does."""
    decoder = json.JSONDecoder(strict=False, parse_constant=_no_constant, object_pairs_hook=_no_doubt)
    for candidate in (text[at:], _without_trailing_commas(text[at:])):
        try:
            value, end = decoder.raw_decode(candidate)
        except json.JSONDecodeError:
            continue
        except RecursionError:
            raise Unreadable("it is nested too deeply") from None
        return value, candidate[end:]
    return None


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is not a number")


def _no_doubt(pairs: list[tuple[str, Any]]) -> Json:
    read: Json = {}
    for key, value in pairs:
        if key in read and read[key] != value:
            raise Unreadable(f"the key {key!r} stands twice with different values")
        read[key] = value
    return read


def _without_trailing_commas(text: str) -> str:
    """`text` without commas that stand before a closing bracket, strings left alone."""
    return re.sub(r'("(?:[^"\\]|\\.)*+")|,(?=\s*[}\]])', lambda m: m[1] or "", text, flags=re.DOTALL)


def _fit(value: Any, schema: Json, cut: bool = True, name: str = "") -> Any:
    """`value` with only the fields its schema names, and texts within their lengths; what does not match is left for validation to refuse."""
    for branch in schema.get("anyOf", ()):
        if (value is None) == (branch.get("type") == "null"):
            return _fit(value, branch, cut, name)
    if isinstance(value, dict) and "properties" in schema:
        return {k: _fit(value[k], field, cut, k) for k, field in schema["properties"].items() if k in value}
    if isinstance(value, list) and "items" in schema:
        return [_fit(item, schema["items"], cut, name) for item in value]
    if isinstance(value, str):
        # Halves of surrogate pairs and NUL cannot be stored.
        value = _UNPAIRED.sub("\N{REPLACEMENT CHARACTER}", value)
        limit = schema.get("maxLength")
        return _shortened(value, limit, words=name == "quote") if cut and limit and len(value) >= limit else value
    return value


def _shortened(text: str, limit: int, words: bool) -> str:
    """The text up to its last whole sentence within the limit, or its last whole word; unchanged where there is none."""
    if words:
        return text if len(text) == limit else text[: limit + 1].rsplit(None, 1)[0][:limit]
    if len(text) == limit and text.rstrip().endswith((".", "!", "?", "”", '"')):
        return text
    ends = [s.end for s in sentences(text[: limit + 1]) if s.end <= limit and text[s.end - 1] in ".!?…”\"')"]
    return text[: ends[-1]] if ends else text
