"""Text of models and documents made safe to show: Markdown rendered here, on the server, with nothing in it that can act or call out.

Comes in: text nobody vouches for, and a span of it to highlight.  Goes out: `Html` of harmless elements only.
Gradio's own Markdown cannot switch images off, and what it lets through the browser's policy stops only after an error on the console.
No images, no raw HTML, no clickable address that a model chose; formulas stay formulas. Where the text is shipped with us its diagrams are drawn, and
its worked numbers stand beside the arithmetic that gives them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.schema import Span
from assistant.ui.pieces import Html, el

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_TAGS = {
    "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td",
    "h1", "h2", "h3", "h4", "h5", "h6", "a", "mark", "div", "span",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "div": {"class"}, "span": {"class"}, "mark": {"id"}, "ol": {"start"}, "th": {"scope"}}
ALONE, INLINE = ("\ue010", "\ue011"), ("\ue012", "\ue013")
"""What stands around a formula for KaTeX, on a line of its own or in one; nobody types these."""
# Formulas are set by KaTeX in the page, so their characters must come through Markdown untouched.
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\\\\\((.+?)\\\\\)|\\\((.+?)\\\)|\\\\\[(.+?)\\\\\]|\\\[(.+?)\\\]", re.DOTALL)
_FENCES = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?(?:^\1[ \t]*$|\Z)|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,}).*\n?", re.MULTILINE)
# Where a highlight may not begin, or it would break the block's own mark: list bullets, quote marks, table bars, emphasis.
_BLOCK_MARK = re.compile(r"(?:\s|[-*+>#|_:`~]|\d+[.)](?=\s))+")
_TAIL = re.compile(r"(?:\n[ \t]*(?:\d+[.)]?|[-*+>#|]+)?|[\s`*_|~])+\Z")
_START, _END, _HOLD = "\ue000", "\ue001", "\ue002"
# How a worked line of the notes states what it comes to; the ends of a highlight may stand within.
_STATED = re.compile("[\\s\ue000\ue001]*#[\\s\ue000\ue001]*=[\\s\ue000\ue001]*(\\S+)\\s*$")
# The room that puts remarks under one another: on a narrow page it would only break lines.
_COLUMN = re.compile("(?<=[^\\s\ue000\ue001])[ \ue000\ue001]{3,}#")
_PRIVATE = re.compile("[\ue000-\uf8ff\x00-\x08\x0b-\x1f]")


def rendered(text: str, highlight: Span | None = None, *, shipped: bool = False, under: int = 2) -> Html:
    """Markdown as harmless HTML, the characters of `highlight` (a span of `text`) inside `<mark>`.

    `shipped` text may draw its Mermaid diagrams and show its arithmetic, which tests have run; anybody else's is shown as code. `under` is the level of the heading it stands under: its own
    headings come one below, whatever level they are written in.
    """
    if highlight is not None:
        text = _with_marks(text, highlight)
    text, formulas = _held(_PRIVATE_BUT_MARKS.sub("", text))
    made = _clean(_parser(shipped).render(text))
    made = _scrolled(_headings(made, under))
    for i, formula in enumerate(formulas):
        made = made.replace(f"{_HOLD}{i}{_HOLD}", _formula(formula.replace(_START, "").replace(_END, "")))
    return Html(el("div", Html(_one_block(_marked(made))), cls="text"))


def exact(text: str) -> Html:
    """A person's own words as their characters, line ends kept."""
    return el("div", text, cls="exact")


_PRIVATE_BUT_MARKS = re.compile("[\ue002-\uf8ff\x00-\x08\x0b-\x1f]")


def _with_marks(text: str, span: Span) -> str:
    """The text with a mark before the span's first word and one behind its last."""
    text = _PRIVATE.sub(" ", text)
    start, end = span.start, min(span.end, len(text))
    skipped = _BLOCK_MARK.match(text, start, end)
    if skipped:
        start = skipped.end()
    for line in _FENCE_LINE.finditer(text):
        # What is written there is read, not shown: a mark in it would be lost.
        start = line.end() if line.start() <= start < line.end() else start
        end = line.start() if line.start() < end <= line.end() else end
    piece = _TAIL.sub("", text[start:end])
    return f"{text[:start]}{_START}{piece}{_END}{text[start + len(piece) :]}" if piece else text


def _held(text: str) -> tuple[str, list[str]]:
    """The text with each formula outside code replaced by a token, and the formulas."""
    formulas: list[str] = []

    def hold(found: re.Match[str]) -> str:
        inner = next(g for g in found.groups() if g is not None)
        block = found.group().startswith(("$$", "\\[", "\\\\["))
        formulas.append(inner.join(ALONE if block else INLINE))
        return f"{_HOLD}{len(formulas) - 1}{_HOLD}{_marks(found.group())}"

    pieces, at = [], 0
    for code in _FENCES.finditer(text):
        pieces += [_FORMULA.sub(hold, text[at : code.start()]), code.group()]
        at = code.end()
    return "".join([*pieces, _FORMULA.sub(hold, text[at:])]), formulas


def _formula(formula: str) -> Html:
    if formula.startswith(ALONE[0]):
        return el("span", formula, cls="formula alone scrolls", tabindex="0", role="group", aria_label="Formula")
    return el("span", formula, cls="formula")


def _scrolled(made: str) -> str:
    """What may be wider than a phone is scrolled by itself; the script lets the keyboard in where it has to."""
    made = made.replace("<table>", '<div class="scrolls" role="group" aria-label="Table"><table>').replace("</table>", "</table></div>")
    return made.replace('<div class="mermaid">', '<div class="mermaid scrolls" role="group" aria-label="Diagram">')


@lru_cache(maxsize=2)
def _parser(shipped: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"]).disable(["image", "lheading"])
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("link_close", _link_close)

    def fence(self: Any, tokens: Any, i: int, options: Any, env: Any) -> str:
        kind = tokens[i].info.strip() if shipped else ""
        if kind == "mermaid":
            return el("div", _diagram(tokens[i].content), cls="mermaid")
        if kind == "python worked":
            return el("div", *map(_worked_line, tokens[i].content.rstrip("\n").split("\n")), cls="worked")
        return el("pre", el("code", tokens[i].content))

    parser.add_render_rule("fence", fence)
    return parser


def _headings(made: str, under: int) -> str:
    used = sorted(set(re.findall(r"<h(\d)>", made)))
    for level in used:
        new = min(6, under + 1 + used.index(level))
        made = made.replace(f"<h{level}>", f"<H{new}>").replace(f"</h{level}>", f"</H{new}>")
    return re.sub(r"(</?)H(\d>)", r"\1h\2", made)


def _link_open(self: Any, tokens: Any, i: int, options: Any, env: Any) -> str:
    env.setdefault("links", []).append(str(tokens[i].attrGet("href") or ""))
    return ""


def _link_close(self: Any, tokens: Any, i: int, options: Any, env: Any) -> str:
    """A link is its words and its whole address, not clickable: nobody vouches for where it leads or what it carries."""
    address = env["links"].pop()
    return el("span", f" ({address})", cls="address") if urlsplit(address).scheme in ("http", "https") else ""


def _diagram(text: str) -> str:
    """A diagram without what Mermaid would act on: markup in labels, click handlers, directives."""
    lines = [re.sub(r"<(?!br\s*/?>)[^>]*>", "", line) for line in text.splitlines()]
    return "\n".join(line for line in lines if not line.strip().startswith(("click", "%%", "href", "callback", "---")))


def _worked_line(line: str) -> Html:
    """A line of arithmetic; the value that its mark `# = VALUE` states stands beside it."""
    stated = _STATED.search(line)
    if stated is None:
        return el("div", el("code", _COLUMN.sub(lambda gap: f"{_marks(gap.group())}  #", line)))
    sum_, between = line[: stated.start()], line[stated.start() : stated.start(1)]
    value = stated.group(1).replace(_START, "").replace(_END, "")
    return el("div", el("code", sum_, _marks(between)), " ", el("strong", f"= {_spaced(value)}{_marks(stated.group(1))}"))


def _marks(text: str) -> str:
    """The ends of a highlight that a text holds."""
    return "".join(c for c in text if c in (_START, _END))


def _spaced(value: str) -> str:
    """A number's thousands with commas.

    >>> _spaced("-37800"), _spaced("1_000.25"), _spaced("1e-05")
    ('-37,800', '1,000.25', '1e-05')
    """
    return re.sub(r"^(-?)(\d+)", lambda m: f"{m[1]}{int(m[2]):,}", value.replace("_", ""))


def _clean(made: str) -> str:
    import nh3

    return nh3.clean(made, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=set(), link_rel=None)


def _marked(made: str) -> str:
    """`<mark>` around every run of text between the two marks; elements opened or closed in between keep their nesting."""
    if _START not in made:
        return made
    before, _, rest = made.partition(_START)
    inside, _, after = rest.partition(_END)
    parts = re.split(r"(<[^>]+>)", inside)
    marked = "".join(p if p.startswith("<") or not p.strip() else f"<mark>{p}</mark>" for p in parts)
    return (before + marked.replace("<mark>", '<mark id="passage">', 1) + after).replace(_START, "").replace(_END, "")


def _one_block(made: str) -> str:
    """Line ends as entities inside code and out of the way elsewhere, so that Gradio's Markdown takes the whole for one block of HTML."""
    parts = re.split(r"(<pre>.*?</pre>|<div class=\"mermaid[^>]*>.*?</div>)", made, flags=re.DOTALL)
    return "".join(p.replace("\n", "&#10;") if i % 2 else p.replace("\n", " ") for i, p in enumerate(parts)).replace("$", "&#36;")
