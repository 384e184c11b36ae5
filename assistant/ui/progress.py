"""Progress: what has been practised, how close it came, and every old card.

`/?s=progress` is the history; `undo=` offers to bring back what was just deleted.
"""

from __future__ import annotations

from assistant.schema import DimensionScore, HistoryRow, Progress
from assistant.ui import pieces
from assistant.ui.page import At, Page, Painted
from assistant.ui.pieces import Html, el, heading, href, join, link, small

_SEARCH_FROM_ROWS = 6


def build(page: Page) -> None:
    gr, workspace = page.gr, page.workspace
    with page.screen("progress"):
        state = page.box("progress-state")
        head = page.box("progress-head")
        with gr.Row(elem_id="undo-row", elem_classes=["actions"]):
            undo = page.button("Undo", "undo", shown_by="undo")
        said = page.said("progress")
        history = page.box("history")

    async def open_(at: At) -> Painted:
        summed = await workspace.progress()
        can = ["undo"] if at["undo"] else []
        return {state: pieces.state(at.key, "Progress", can), head: head_of(at, summed), history: history_of(summed)}

    async def bring_back(at: At) -> Painted:
        await workspace.undo(at["undo"])
        return {page.go: pieces.go("Back to your history", href("progress"))}

    page.opened("progress", open_, state, head, [history], said)
    page.pressed(undo.click, bring_back, [], [], said)


def head_of(at: At, summed: Progress) -> Html:
    deleted = small("Deleted.") if at["undo"] else None
    if not summed.rows:
        empty = el("p", "Nothing here yet. After your first answer you will see what to fix and how it changes.")
        to = el("p", link("Start on Today", href("today"), cls="btn primary"), cls="row actions")
        return el("div", heading("Progress"), empty, to, deleted)
    answers = sum(r.kind == "attempt" for r in summed.rows)
    meetings = len(summed.rows) - answers
    counts = [pieces.count(answers, "answer", capital=True)] if answers else []
    counts += [pieces.count(meetings, "interview", capital=not counts)] if meetings else []
    about = f"{' and '.join(counts)} on {pieces.count(len(summed.practised_days), 'day')}."
    return el("div", heading("Progress"), small(about), deleted)


def history_of(summed: Progress) -> Html | str:
    if not summed.rows:
        return ""
    search = el(
        "p",
        el("label", "Search your history", label_for="find", cls="small"),
        el("input", type="search", id="find", data_finds="history-rows", autocomplete="off"),
        el("span", "", id="found", role="status", cls="small"),
        cls="find",
    )
    return el(
        "div",
        _skills(summed),
        el("h2", "History"),
        search if len(summed.rows) >= _SEARCH_FROM_ROWS else None,
        el(
            "div",
            el(
                "table",
                el("thead", el("tr", *(el("th", h, scope="col") for h in ("Date", "Question", "How close")))),
                el("tbody", *(_row(r) for r in summed.rows), id="history-rows"),
                cls="history",
            ),
            cls="box tight",
        ),
    )


def _row(row: HistoryRow) -> Html:
    to = href("practise", q=row.question_id, a=row.id) if row.kind == "attempt" else href("interview", i=row.id)
    kind = f"attempt {row.ordinal}" if row.kind == "attempt" else "interview"
    about = " · ".join(p for p in (kind, row.topic.replace("-", " ")) if p)
    return el(
        "tr",
        el("td", pieces.day(row.at), el("br"), el("span", pieces.clock(row.at), cls="small"), cls="when"),
        el("td", link(pieces.cut(row.title, 22), to), el("br"), el("span", about, cls="small")),
        el("td", pieces.close_words(row.band)),
    )


def _skills(summed: Progress) -> Html | None:
    first = {d.dimension: d for d in summed.first}
    known = [d for d in summed.last if d.band is not None]
    if not known:
        return None
    rows = (
        el("tr", el("td", d.dimension.capitalize()), el("td", _trend(first.get(d.dimension), d)), el("td", pieces.close_words(d.band)))
        for d in known
    )
    return el(
        "div",
        el("table", el("thead", el("tr", *(el("th", h, scope="col") for h in ("Skill", "First and latest", "Now")))), el("tbody", *rows)),
        cls="box tight",
    )


def _trend(first: DimensionScore | None, last: DimensionScore) -> Html:
    """First and latest as two dots on a line, with the same said in words."""
    start = first.band if first and first.band else last.band
    end = last.band
    assert start is not None
    assert end is not None
    y = {1: 25, 2: 19, 3: 11, 4: 5}
    line = el("path", d=f"M6 {y[start]} 94 {y[end]}", fill="none", stroke="currentColor", stroke_width="2")
    dots = join(*(el("circle", cx=x, cy=y[b], r="4", fill="currentColor") for x, b in ((6, start), (94, end))))
    return el(
        "svg", line, dots, width="100", height="30", viewBox="0 0 100 30", role="img", aria_label=f"first {start}, latest {end}, of 4"
    )
