"""How a posting is laid out: its lines joined to items, each under the heading it stands below.

Comes in: plain lines (`Clean`).  Goes out: `Item`s in order, each with the role of its section: a list item, a paragraph, or a heading's own
inline content. Nothing is judged here but headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from assistant.posting.cleaning import Clean
from assistant.posting.words import LOOSE_HEADINGS, STRICT_HEADINGS, VERBS, VERBS_ING, VERBS_S

Role = Literal["lead", "responsibility", "qualification", "preferred", "skill", "mixed", "about", "skip", "other"]

_BULLET = re.compile(
    r"\s*(?:(?:[-*•●○◦▪■□▫‣⁃∙·–—→►▸▶➤➢➔✓✔✅☑❖◆◇★☆※§¤~>\uf0b7\uf0a7\uf076\uf0d8]|o(?=\s)|\+)(?:\s*\[[ xX]?\])?|\(?\d{1,2}[.)](?=\s)|\d{1,2}(?:\.\d{1,2}){1,2}\.?(?=\s)|\(?[a-zA-Z][.)](?=\s)|\(?[ivx]{1,4}[.)](?=\s)|\[[ xX]?\])[ \t]*(?=\S)"
)
_BARE_BULLET = re.compile(r"\s*[•●▪■◦‣⁃·*\-–\uf0b7]\s*$")
_RULE = re.compile(r"\s*([-=_*~#])\1{2,}\s*$")
_HASHES = re.compile(r"\s*(#{1,6})\s*(?=\S)")
_RUN_IN = re.compile(r"(?<=[.!?;])(?P<gap>[ \t]+)(?P<heading>[A-Z][A-Za-z’' &/-]{2,40}):(?=\s)")
_HANGING = re.compile(
    r"(?:,|\b(?:and|or|of|the|a|an|to|with|in|for|by|on|as|at|from|our|your|including|that|which|using|&)|[-/])$", re.IGNORECASE
)
_FINISHED = re.compile(r"[.!?:;…][)\"'”’]*$")


@dataclass(frozen=True)
class Line:
    """One line without its marker; `start` and `end` count characters of the plain text."""

    start: int
    end: int
    text: str
    bullet: bool = False
    indent: int = 0
    hashes: int = 0
    bold: bool = False
    ruled: bool = False
    """Underlined by a row of dashes or equals signs."""
    width: int = 0
    blank_before: bool = False


@dataclass(frozen=True)
class Item:
    """What stands between two bullets or blank lines, under one section."""

    start: int
    end: int
    bullet: bool
    role: Role
    heading: str = ""
    """As it stands; empty before the first one."""
    intro: bool = False
    """It ends in a colon and a list follows."""


def read(clean: Clean) -> tuple[Clean, tuple[Item, ...]]:
    """The items of a posting, in order, and the plain text in which a line end within an item is a space."""
    clean = replace(clean, text=_RUN_IN.sub(_on_its_own_line, clean.text))
    lines = tuple(_joined(tuple(_lines(clean))))
    characters = list(clean.text)
    for line in lines:
        for i in range(line.start, line.end):
            if characters[i] == "\n":
                characters[i] = " "
    return replace(clean, text="".join(characters)), tuple(_sectioned(lines))


def _on_its_own_line(run_in: re.Match[str]) -> str:
    """A heading that stands behind a full stop begins a line of its own."""
    return run_in[0] if role_of(run_in["heading"], marked=False) is None else "\n" * len(run_in["gap"]) + run_in["heading"] + ":"


def role_of(heading: str, *, marked: bool = True) -> Role | None:
    """The role of a section by its heading's words; None for a heading no posting uses.

    `marked`: it is set off from the text by a colon, capitals, bold or a hash. A plain line has to be a heading word for word.

    >>> role_of("What you'll do"), role_of("NICE TO HAVE:"), role_of("Chapter two")
    ('responsibility', 'preferred', None)
    """
    folded = " ".join(re.sub(r"[^\w+]+", " ", heading.replace("&", " and ").lower()).replace("_", " ").split())
    if not folded or len(folded) > 80:
        return None
    for role, pattern in STRICT_HEADINGS:
        if pattern.fullmatch(folded):
            return role  # type: ignore[return-value]
    if marked or re.match(r"(?:what|who|how|why|where|things|some of the things)\b", folded):
        for role, pattern in LOOSE_HEADINGS:
            if pattern.fullmatch(folded):
                return role  # type: ignore[return-value]
    return None


def _lines(clean: Clean) -> Iterator[Line]:
    at = 0
    blank = False
    bare_bullet = False
    pending: Line | None = None
    for raw in clean.text.split("\n"):
        start, at = at, at + len(raw) + 1
        if not raw.strip():
            blank = True
            continue
        if _RULE.match(raw):
            if pending and not blank:
                pending = replace(pending, ruled=True)
            blank = True
            continue
        if _BARE_BULLET.match(raw):
            # The marker on a line of its own: a table or a page pasted cell by cell.
            bare_bullet, blank = True, True
            continue
        if pending:
            yield pending
        indent = len(raw) - len(raw.lstrip())
        hashes = 0
        skip = indent
        if head := _HASHES.match(raw):
            hashes, skip = len(head[1]), head.end()
        marker = _BULLET.match(raw, skip if hashes else 0)
        bullet = bare_bullet
        if marker:
            bullet, skip = True, marker.end()
            while (again := _BULLET.match(raw, skip)) and not raw[skip].isalnum() and raw[skip] not in "(~>":
                skip = again.end()
        end = start + len(raw.rstrip())
        begin = start + skip
        if begin < end:
            pending = Line(
                start=begin, end=end, text=clean.text[begin:end], bullet=bullet, indent=indent, hashes=hashes,
                bold=clean.marked_bold(begin, end), width=len(raw.rstrip()), blank_before=blank,
            )  # fmt: skip
            blank = bare_bullet = False
        else:
            pending = None
    if pending:
        yield pending


def _joined(lines: tuple[Line, ...]) -> Iterator[Line]:
    """Lines that a hard wrap cut are one again."""
    wrap = _wrap_width(lines)
    current: Line | None = None
    for line in lines:
        if current is not None and _goes_on(current, line, wrap):
            current = replace(current, end=line.end, text=f"{current.text} {line.text}", width=line.width)
            continue
        if current is not None:
            yield current
        current = line
    if current is not None:
        yield current


def _wrap_width(lines: tuple[Line, ...]) -> int:
    """The width an e-mail or a PDF wrapped its lines at; 0 where lines are as long as their paragraphs."""
    widest = max((line.width for line in lines), default=0)
    if not 50 <= widest <= 130:
        return 0
    cut = sum(
        1
        for a, b in pairwise(lines)
        if not b.bullet and not b.blank_before and b.text[0].islower() and not _FINISHED.search(a.text) and a.width >= 0.7 * widest
    )
    return widest if cut >= max(2, len(lines) // 12) else 0


def _goes_on(before: Line, line: Line, wrap: int) -> bool:
    if line.bullet or line.blank_before or line.hashes or line.ruled or line.bold or before.hashes or before.ruled or before.bold:
        return False
    if _heading_here(before) and not before.bullet:
        return False
    finished = _FINISHED.search(before.text.rstrip(")"))
    if before.bullet and line.indent > before.indent and not finished:
        return not _heading_here(line)
    if _HANGING.search(before.text):
        return not line.text.endswith(":")
    if not wrap:
        return False
    first = line.text.split(maxsplit=1)[0]
    if line.text[0].islower() and not finished:
        return before.width >= 0.6 * wrap
    if _heading_here(line) or re.search(r"[:;]$", before.text):
        return False
    # A greedy wrap breaks a line only where the next word had no room left.
    return before.width + 1 + len(first) > wrap - (0 if finished else 4)


def _heading_here(line: Line) -> bool:
    return line.ruled or line.hashes > 0 or (len(line.text) <= 80 and not re.search(r"[.,;]$", line.text) and _named(line) is not None)


def _named(line: Line) -> Role | None:
    return role_of(line.text, marked=_style(line)[0] != "plain")


def _style(line: Line) -> tuple[str, int]:
    if line.hashes:
        return ("hash", line.hashes)
    if line.ruled:
        return ("ruled", 0)
    if line.bold:
        return ("bold", 0)
    letters = [c for c in line.text if c.isalpha()]
    if len(letters) >= 4 and all(c.isupper() for c in letters):
        return ("caps", 0)
    return ("colon", 0) if line.text.endswith(":") else ("plain", 0)


def _sectioned(lines: tuple[Line, ...]) -> Iterator[Item]:
    role: Role = "lead"
    heading = ""
    style = ("", 0)
    listed = False
    """The section has had list items: what stands behind them unlisted is no longer its list."""
    for i, line in enumerate(lines):
        following = lines[i + 1] if i + 1 < len(lines) else None
        found = _as_heading(line, following)
        if found is not None:
            how = _style(line)
            if found == "unknown":
                inner = how != style and (how[0] in ("colon", "bold", "plain") or (how[0] == style[0] == "hash" and how[1] > style[1]))
                if not (inner and role in ("responsibility", "qualification", "preferred", "skill", "skip")):
                    role, heading, style = "other", line.text, how
            else:
                role, heading, style = found, line.text, how
            listed = False
            continue
        inline = None if line.bullet and listed and role == "skill" else _inline_heading(line)
        if inline is not None:
            named, at = inline
            words = line.text[: at - line.start].rstrip(" :-–—|")
            yield Item(at, line.end, line.bullet, named, words)
            if not line.bullet:
                # The content stood beside its heading: only a list right below still belongs to it.
                below = following is not None and following.bullet and not following.blank_before
                role, heading, style, listed = (
                    (named, words, ("colon", 0), False) if below or named in ("skip", "about") else ("other", words, ("colon", 0), False)
                )
            continue
        intro = line.text.endswith(":") and following is not None
        if intro and not line.bullet and (spoken := _spoken(line.text)) is not None:
            role, heading, style, listed = spoken, line.text, ("colon", 0), False
            continue
        beyond = listed and not line.bullet and line.blank_before and role in ("responsibility", "qualification", "preferred")
        yield Item(line.start, line.end, line.bullet, "other" if beyond else role, "" if beyond else heading, intro)
        listed = listed or line.bullet


def _as_heading(line: Line, following: Line | None) -> Role | Literal["unknown"] | None:
    """The role a line gives to what follows it, `unknown` for a heading in no list of ours, None where it is no heading."""
    text = line.text.rstrip()
    words = text.split()
    if len(words) > 12 or len(text) > 90 or (text[-1] in ".,;!" and not line.hashes):
        return None
    how = _style(line)[0]
    named = _named(line)
    if line.bullet and not (
        named
        and (
            line.bold or how in ("caps", "colon", "hash") or (following is not None and following.bullet and following.indent > line.indent)
        )
    ):
        return None
    if named is not None:
        return named
    if how == "hash" or (how in ("ruled", "bold") and len(words) <= 9):
        return "unknown"
    if (
        how == "caps"
        and len(words) <= 8
        and sum(c.isalpha() for c in text) >= 6
        and not any(c.isdigit() for c in text)
        and following is not None
    ):
        return "unknown"
    if how == "colon" and len(words) <= 6 and following is not None and (following.bullet or not line.bullet) and not _is_verb(words[0]):
        return "unknown"
    return None


def _is_verb(word: str) -> bool:
    lowered = word.lower().strip(",:;")
    return lowered in VERBS or lowered in VERBS_ING or lowered in VERBS_S


_INLINE = re.compile(r"([A-Za-z][\w’'/&() -]{1,45}?)\s*(?::|\s[-–—|](?=\s))\s*(?=\S)")


def _inline_heading(line: Line) -> tuple[Role, int] | None:
    """`Requirements: SQL and patience`: the role of the words before the colon, and where the content begins."""
    match = _INLINE.match(line.text)
    if match is None or match.end() >= len(line.text):
        return None
    role = role_of(match[1])
    return None if role is None else (role, line.start + match.end())


def _spoken(intro: str) -> Role | None:
    """The role of a sentence that introduces a list: "In this role you will:"."""
    folded = intro.lower()
    for role, pattern in _SPOKEN:
        if pattern.search(folded):
            return role
    return None


_SPOKEN: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("preferred", re.compile(r"\b(?:plus|bonus|nice|ideally|preferred|desirable|advantage|not required)\b")),
    ("skip", re.compile(r"\b(?:we (?:can )?offer|you(?:['’]ll| will) (?:get|receive|enjoy)|benefits|in return|perks)\b")),
    (
        "qualification",
        re.compile(
            r"\b(?:looking for|you(?:['’]ll| will)? (?:have|bring|need|should|must|are)|requires?|required|qualifications?|candidates? (?:has|have|will have|should|must)|must have|experience (?:in|with)|skills|knowledge|fit if|expect you to have)\b"
        ),
    ),
    ("skill", re.compile(r"\b(?:stack|technologies|tools)\b")),
    (
        "responsibility",
        re.compile(
            r"\b(?:you(?:['’]ll| will| would|['’]d)|responsib\w+|duties|tasks|(?:role|position|job) (?:involves|includes|will)|candidate will|expected to|accountable|duties include|your (?:day|work|job)|someone to|involves?|includes?)\b"
        ),
    ),
)
