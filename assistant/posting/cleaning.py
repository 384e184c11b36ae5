"""A posting as a reader sees it, with the way back to its exact characters.

Comes in: the stored text, with whatever a copy from a page left in it.  Goes out: `Clean`, plain lines in which every character knows
where it stands in the stored text, so that what is found in the plain lines can be named by an exact span.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from assistant.posting.words import word_set
from assistant.schema import Span
from assistant.text import HIDDEN

_BLOCK = word_set("p div br ul ol tr table tbody thead td th section article header footer main hr dl dt dd")
_INLINE = word_set("b i u em strong span a font small sup sub code img label mark s del ins")
_HEADINGS = word_set("h1 h2 h3 h4 h5 h6")
_SILENT = {"<!--": "-->", "<script": "</script>", "<style": "</style>"}

_MARK = re.compile(
    r"(?P<silent><!--|<script\b|<style\b)"
    r"|<(?P<closing>/?)(?P<tag>[a-z][a-z0-9]*)\b[^<>]{0,2000}>"
    r"|&(?P<entity>#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,10}\d{0,2});"
    r"|(?P<bold>\*\*|__)"
    r"|(?P<code>`+)"
    r"|\[(?P<label>[^\[\]\n]{1,300})\]\((?:https?:|mailto:|/)[^()\s]{0,2000}\)"
    r"|\\(?P<escaped>[-*_&.#()\[\]+~!])",
    re.IGNORECASE,
)
_LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
# What a reader does not see, and the other spaces and controls.
_SPECIAL = re.compile(HIDDEN.pattern + "|[\x00-\x09\x0b-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
# Bullets that are nothing else: a list pasted into one line is cut before each.
_SURE_BULLET = re.compile(r"(?<=\S)[ \t]+(?=[•●▪■◦‣⁃➤➢►▸✓✔✅☑❖◆\uf0b7\uf0a7][ \t]*\w)")


@dataclass(frozen=True)
class Clean:
    """Plain lines. Character `i` of `text` comes from `original[starts[i]:ends[i]]`."""

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Where `text[start:end]` stands in the original. It must not be empty."""
        return Span(start=self.starts[start], end=self.ends[end - 1])

    def marked_bold(self, start: int, end: int) -> bool:
        """The words `text[start:end]` stand between bold marks."""
        before = self.original[max(0, self.starts[start] - 8) : self.starts[start]].lower()
        after = self.original[self.ends[end - 1] : self.ends[end - 1] + 10].lower()
        return before.endswith(("**", "__", "<b>", "<strong>")) and after.lstrip(": ").startswith(("**", "__", "</b>", "</strong>"))


def clean(original: str) -> Clean:
    """Tags become line ends, marks of Markdown and hidden characters go, entities become what they stand for."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def put(characters: str, start: int, end: int) -> None:
        for c in characters:
            out.append(c)
            starts.append(start)
            ends.append(end)

    def put_plain(start: int, end: int) -> None:
        at = start
        for special in _SPECIAL.finditer(original, start, end):
            i = special.start()
            out.extend(original[at:i])
            starts.extend(range(at, i))
            ends.extend(range(at + 1, i + 1))
            if not HIDDEN.match(original, i):
                put("\n" if original[i] in _LINE_ENDS else " ", i, i + 1)
            at = i + 1
        out.extend(original[at:end])
        starts.extend(range(at, end))
        ends.extend(range(at + 1, end + 1))

    at = 0
    missing: set[str] = set()
    lowered = original.lower() if len(original.lower()) == len(original) else original
    while mark := _MARK.search(original, at):
        put_plain(at, mark.start())
        at = mark.end()
        if mark["silent"]:
            closer = _SILENT[mark["silent"].lower()]
            end = -1 if closer in missing else lowered.find(closer, at)
            if end < 0:
                missing.add(closer)
                put_plain(mark.start(), mark.end())
            else:
                at = end + len(closer)
        elif mark["tag"]:
            instead = _instead_of_tag(mark["tag"].lower(), bool(mark["closing"]))
            if instead is None:
                put_plain(mark.start(), mark.end())
            else:
                put(instead, mark.start(), mark.end())
        elif mark["entity"]:
            decoded = html.unescape(mark.group())
            if decoded == mark.group():
                put_plain(mark.start(), mark.end())
            else:
                put("".join(" " if c.isspace() else c for c in decoded if not HIDDEN.match(c)), mark.start(), mark.end())
        elif mark["label"]:
            put_plain(mark.start("label"), mark.end("label"))
        elif mark["escaped"]:
            put_plain(mark.start("escaped"), mark.end("escaped"))
    put_plain(at, len(original))
    text = _SURE_BULLET.sub(lambda m: "\n" * len(m.group()), "".join(out))
    return Clean(original, text, tuple(starts), tuple(ends))


def _instead_of_tag(tag: str, closing: bool) -> str | None:
    if tag == "li":
        return "\n" if closing else "\n• "
    if tag in _HEADINGS:
        return "\n" if closing else "\n# "
    if tag in _BLOCK:
        return "\n"
    return "" if tag in _INLINE else None
