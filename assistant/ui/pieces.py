"""The page's HTML, made from schema values and nothing else.

Everything that enters a box of ours is built by `el`, which escapes what it is given: a text is shown as its characters, whoever wrote it.
Comes in: strings and schema values.  Goes out: `Html`, safe to enter the page as it stands.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlencode

from assistant.schema import LEVEL_NAMES

_VOID = {"input", "br", "hr", "circle", "path"}
# The buttons of an error that are places to go; the others are things to do and are Gradio's.
_LINKS = {"Check key": "/?s=settings", "Settings": "/?s=settings", "Add key": "/?s=settings"}
_CLOSE = {1: "well below", 2: "below", 3: "close", 4: "at the bar"}
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


class Html(str):
    """Markup of ours: every text in it has been escaped."""

    __slots__ = ()


def el(name: str, *children: Html | str | int | None, **attributes: str | int | bool | None) -> Html:
    """One element. Children that are not `Html` are escaped; `cls` is the class, `data_x` is `data-x`; None and False leave an attribute out.

    >>> el("p", "a < b", cls="small")
    '<p class="small">a &lt; b</p>'
    """
    written = "".join(_attribute(k, v) for k, v in attributes.items() if v is not None and v is not False)
    if name in _VOID:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: Html | str | int | None) -> Html:
    """The children one after the other."""
    return Html("".join(c if isinstance(c, Html) else _escaped(str(c)) for c in children if c is not None))


def _escaped(text: str) -> str:
    # A line end would let Gradio's Markdown end the HTML block, a dollar would start a formula.
    return html.escape(text).replace("\r", "").replace("\n", "&#10;").replace("$", "&#36;")


def _attribute(name: str, value: str | int | bool) -> str:
    name = {"cls": "class", "label_for": "for"}.get(name, name.replace("_", "-"))
    return f" {name}" if value is True else f' {name}="{_escaped(str(value))}"'


def each(items: Iterable[Html]) -> Html:
    return Html("".join(items))


def href(screen: str, **ids: str | None) -> str:
    """The address of a screen.

    >>> href("practise", q="7f")
    '/?s=practise&q=7f'
    """
    return "/?" + urlencode({"s": screen, **{k: v for k, v in ids.items() if v}})


def link(words: Html | str, to: str, cls: str | None = None, **attributes: str | int | bool | None) -> Html:
    return el("a", words, href=to, cls=cls, **attributes)


def go(words: str, to: str) -> Html:
    """The one link by which a button's answer leads to another screen; the script follows it once."""
    return el("div", link(words, to, cls="go", data_once=secrets.token_hex(4)))


def state(key: str, title: str, can: Sequence[str] = (), **data: str | int | bool | None) -> Html:
    """An empty mark that tells script and style how a screen stands: for which address it was painted (`key`), the page's title, and the
    buttons it shows (`can`). It stands apart from the words, so that a change of state does not redraw the heading that has the focus."""
    named = {f"data_{k}": v for k, v in data.items()}
    return el("div", cls=" ".join(["at", *(f"can-{c}" for c in can)]), data_for=key, data_title=title, **named)


def heading(words: Html | str, cls: str | None = None) -> Html:
    """The screen's one h1; it can take the focus after a move."""
    return el("h1", words, cls=cls, tabindex="-1")


def small(*children: Html | str | int | None) -> Html:
    return el("p", *children, cls="small")


def banner(words: str, buttons: Sequence[str], cls: str = "banner") -> Html:
    """What went wrong, in its place. Buttons that only go somewhere are links in it; those that do something are Gradio's, shown by their word."""
    links = [link(b, _LINKS[b], cls="btn") for b in buttons if b in _LINKS]
    copy = [el("button", "Copy", type="button", cls="btn", data_copies="answer")] if "Copy" in buttons else []
    can = " ".join(f"can-{slug(b)}" for b in buttons if b not in _LINKS and b != "Copy")
    return el("div", el("p", words), el("p", *links, *copy, cls="row") if links or copy else None, cls=f"{cls} {can}".strip(), role="alert")


def file_button(elem_id: str, words: str, address: str) -> Html:
    """A file chooser of ours: the script reads the file, says what is wrong with it before anything is sent, then sends it to `address`."""
    chooser = el("input", type="file", id=elem_id, accept=".txt,.md,.markdown,text/plain,text/markdown", data_uploads=address, cls="sr")
    return el(
        "div",
        chooser,
        el("label", words, cls="btn", label_for=elem_id),
        el("p", "", role="alert", id=f"{elem_id}-said", cls="small"),
        cls="file",
    )


def slug(words: str) -> str:
    return words.lower().replace(" ", "-")


def waiting(words: str, seconds: float, *, model: bool) -> Html:
    """Says what is happening once it takes long: the script shows the words after 3 seconds and the ways on after 10, counted from `seconds`."""
    keep = el("button", "Keep waiting", type="button", cls="btn", data_keeps_waiting=True)
    return el("div", el("p", words, "…"), keep, cls="waiting", data_waited=f"{seconds:.1f}", data_model=model)


def count(number: int, noun: str, capital: bool = False) -> str:
    """A number and its noun in words, up to twelve.

    >>> count(1, "question"), count(4, "question", capital=True), count(40, "minute")
    ('one question', 'Four questions', '40 minutes')
    """
    word = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{word if capital else word.lower()} {noun}{'' if number == 1 else 's'}"


def close_words(band: int | None) -> str:
    """A band as a word and its number.

    >>> close_words(3)
    'close (3 of 4)'
    """
    return f"{_CLOSE[band]} ({band} of 4)" if band else "not checked"


def level_words(level: int) -> str:
    """A level as the page says it.

    >>> level_words(2), level_words(5)
    ('mid-level', 'senior staff level')
    """
    name = LEVEL_NAMES[level]
    return name if name.endswith("level") else f"{name} level"


def day(at: datetime) -> str:
    """A day as the person's own calendar has it."""
    local = at.astimezone()
    return f"{local.day} {local:%b %Y}"


def clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M}"


def cut(text: str, words: int) -> str:
    """The first words of a text, with an ellipsis where more follow.

    >>> cut("one two three", 2)
    'one two…'
    """
    parts = text.split(" ")
    return text if len(parts) <= words else " ".join(parts[:words]).rstrip(".,;:") + "…"
