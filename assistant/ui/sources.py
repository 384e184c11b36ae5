"""Sources: the posting with its lines, the study notes, what a person added, and any passage opened from a chip.

`/?s=sources` lists them; `posting=` (with `line=`) is a posting, `doc=` a note, `sec=` one passage of it; `undo=` brings back what was just deleted.
`part=` is the place on the page where one reads: a section of the note, a topic of the list. It is the address's, not the screen's: nothing is painted anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from assistant.knowledge import shipped, split_sections
from assistant.schema import Document, JobPosting, Pay, Requirement, Section, Span
from assistant.ui import pieces
from assistant.ui.markdown import rendered
from assistant.ui.page import At, Page, Painted
from assistant.ui.pieces import Html, each, el, heading, href, join, link, small
from assistant.ui.today import is_sample, posting_name

if TYPE_CHECKING:
    from assistant.workspace import SectionView, Workspace

_KINDS = (("responsibility", "What you would do"), ("qualification", "What they ask for"), ("skill", "Skills they list"))
_PERIODS = {"year": "a year", "month": "a month", "day": "a day", "hour": "an hour"}
READING = "Text in these files is treated as reading material. Instructions inside it are ignored."


def build(page: Page) -> None:
    gr, workspace = page.gr, page.workspace
    with page.screen("sources"):
        state = page.box("sources-state")
        head = page.box("sources-head")
        said = page.said("sources")
        body = page.box("sources-body", formulas=True)
        with gr.Row(elem_id="sources-actions", elem_classes=["actions"]):
            page.box("notes-file", pieces.file_button("notes-chooser", "Add notes", "/api/v1/notes"))
            use = page.button("Practise for this posting", "use-this-posting", shown_by="use")
            drop_posting = page.button("Delete this posting", "delete-posting", shown_by="delete-posting", quiet=True)
            drop_notes = page.button("Delete these notes", "delete-notes", shown_by="delete-notes", quiet=True)
            undo = page.button("Undo", "undo-source", shown_by="undo")
        page.box("sources-foot", el("div", small(READING)))

        about = page.trigger("ask-about")

    async def open_(at: At) -> Painted:
        if at["sec"]:
            mark, made, text = _passage(at, await workspace.section(at["sec"], await _cited(workspace, at)))
        elif at["posting"]:
            mark, made, text = await _posting(at, workspace)
        elif at["doc"]:
            document = await workspace.document(at["doc"])
            mark, made, text = document_page(at, document, _of_topic(document.topic, await workspace.documents()))
        else:
            mark, made, text = await _list(at, workspace)
        return {state: mark, head: made, body: text}

    async def practise_for(at: At) -> Painted:
        await workspace.use_posting(at["posting"])
        return {page.go: pieces.go("Practise for it", href("today"))}

    async def delete_posting(at: At) -> Painted:
        token = await workspace.delete_posting(at["posting"])
        return {page.go: pieces.go("Back to your sources", href("sources", undo=token))}

    async def delete_notes(at: At) -> Painted:
        token = await workspace.delete_document(at["doc"])
        return {page.go: pieces.go("Back to your sources", href("sources", undo=token))}

    async def ask_about(at: At) -> Painted:
        asked = await workspace.ask_about(at["sec"] or f"{at['doc']}#{at['part']}")
        return {page.go: pieces.go("Open the question", href("practise", q=asked.questions[0].id))}

    async def bring_back(at: At) -> Painted:
        await workspace.undo(at["undo"])
        return {page.go: pieces.go("Back to your sources", href("sources"))}

    page.opened("sources", open_, state, head, [body], said)
    page.pressed(use.click, practise_for, [], [], said)
    page.pressed(drop_posting.click, delete_posting, [], [], said)
    page.pressed(drop_notes.click, delete_notes, [], [], said)
    page.pressed(undo.click, bring_back, [], [], said)
    page.pressed(about.click, ask_about, [], [], said)


async def _cited(workspace: Workspace, at: At) -> str:
    """The words that a reply of the coach rests on, where the address names one; they were kept with the reply."""
    if not at["talk"]:
        return ""
    turns = (await workspace.conversation(at["talk"])).turns
    return next((c.passage for t in turns if t.id == at["turn"] for c in t.citations if c.section_id == at["sec"]), "")


async def _list(at: At, workspace: Workspace) -> tuple[Html, Html, Html]:
    documents = await workspace.documents()
    current = await workspace.posting()
    can = ["add-notes", *(["undo"] if at["undo"] else [])]
    made = el("div", heading("Sources"), small("Deleted.") if at["undo"] else None)
    postings = (
        el(
            "li",
            el("p", link(posting_name(p), href("sources", posting=p.id)), el("b", " · practising for it") if p.id == current.id else None),
            small(f"{pieces.count(len(p.lines), 'line', capital=True)} to practise"),
        )
        for p in await workspace.postings()
    )
    own = [d for d in documents if d.source == "file"]
    topics = sorted({d.topic for d in documents if d.source == "notes"})
    return (
        pieces.state(at.key, "Sources", can),
        made,
        el(
            "div",
            el("h2", "Postings"),
            el("ol", each(postings), cls="rows"),
            el("p", link("Add a posting", href("today", own="1")), cls="small"),
            el("h2", "Your notes"),
            el("ol", each(_document_row(d) for d in own), cls="rows")
            if own
            else small("None yet. Text and Markdown files can be added, up to 10 MB each."),
            el("h2", "Study notes"),
            *(topic_row(topic, _of_topic(topic, documents)) for topic in topics),
            data_parts=at.key,
        ),
    )


def _of_topic(topic_id: str, documents: Iterable[Document]) -> list[Document]:
    """The subjects of a topic in the order they are listed and read in."""
    return sorted((d for d in documents if d.source == "notes" and d.topic == topic_id), key=lambda d: d.title)


def topic_row(topic_id: str, documents: Sequence[Document]) -> Html:
    known = shipped().topic(topic_id)
    line = el("span", known.line, cls="small line") if known else None
    return el(
        "details",
        el("summary", f"{_topic_title(topic_id)} ", el("span", f"{len(documents)}", cls="small"), line),
        el("ol", each(_document_row(d) for d in documents), cls="rows"),
        id=f"part-{topic_id}",
        cls="topic",
    )


def _topic_title(topic_id: str) -> str:
    known = shipped().topic(topic_id)
    return known.title if known else topic_id.replace("-", " ").capitalize()


def _document_row(document: Document) -> Html:
    return el("li", el("p", link(document.title, href("sources", doc=document.id))))


def document_page(at: At, document: Document, topic: Sequence[Document]) -> tuple[Html, Html, Html]:
    """A note as a page to study: its contents, its sections, what it rests on, and its neighbours among the `topic`'s subjects."""
    sections = split_sections(document)
    can = ["delete-notes"] if document.source == "file" else []
    place = [link("Sources", href("sources"))]
    if topic:
        place += [Html(" · "), link(_topic_title(document.topic), href("sources", part=document.topic))]
    made = el("div", small(*place), heading(document.title))
    body = el(
        "div",
        _contents(document, sections),
        *(_section(s, document) for s in sections),
        references_of(document),
        _neighbours(document, topic),
        data_parts=at.key,
    )
    return pieces.state(at.key, document.title, can), made, body


def _contents(document: Document, sections: Sequence[Section]) -> Html | None:
    if len(sections) < 2:
        return None
    rows = (el("li", link(s.heading, href("sources", doc=document.id, part=s.part))) for s in sections)
    return el("nav", el("h2", "Contents", id="contents"), el("ol", *rows), cls="contents", aria_labelledby="contents")


def _section(section: Section, document: Document) -> Html:
    alone = section.heading == document.title
    name = None if alone else el("h2", section.heading, cls="plain", id=f"part-{section.part}", tabindex="-1")
    text = rendered(section.text, shipped=section.source == "notes", under=1 if alone else 2)
    return el("section", el("div", name, _ask(section), cls="named"), text)


def _ask(section: Section) -> Html | None:
    """The button beside a section of the shipped notes; the script puts the section into the address and presses the trigger."""
    if section.source != "notes":
        return None
    words = "Ask me about this"
    return el("button", words, type="button", cls="btn about", data_asks=section.part, aria_label=f"{words}: {section.heading}")


def _neighbours(document: Document, topic: Sequence[Document]) -> Html | None:
    at = next((i for i, d in enumerate(topic) if d.id == document.id), None)
    if at is None or len(topic) < 2:
        return None
    before, after = topic[at - 1] if at else None, topic[at + 1] if at + 1 < len(topic) else None
    ways = [
        el("p", small_word, el("br"), link(d.title, href("sources", doc=d.id)), cls=side)
        for d, small_word, side in ((before, "Before this", "before"), (after, "Next in this topic", "after"))
        if d
    ]
    return el("nav", *ways, cls="neighbours", aria_label="More of this topic")


def _passage(at: At, view: SectionView) -> tuple[Html, Html, Html]:
    section, document = view.section, view.document
    place = join(link("Sources", href("sources")), " · ", link(document.title, href("sources", doc=document.id, part=section.part)))
    made = el("div", small(place), el("div", heading(section.heading, cls="long"), _ask(section), cls="named"))
    inside = None
    if view.highlight is not None:
        start = max(view.highlight.start - section.span.start, 0)
        inside = Span(start=start, end=max(min(view.highlight.end - section.span.start, len(section.text)), start))
    mark = pieces.state(at.key, section.heading, passage=True)
    return (
        mark,
        made,
        el("div", rendered(section.text, inside, shipped=section.source == "notes", under=1), references_of(document), cls="box"),
    )


def references_of(document: Document) -> Html | None:
    if not document.references:
        return None
    return el("details", el("summary", "What this rests on"), el("ul", *(el("li", r, cls="small") for r in document.references)))


async def _posting(at: At, workspace: Workspace) -> tuple[Html, Html, Html]:
    posting = await workspace.posting(at["posting"])
    current = await workspace.posting()
    line = posting.requirement(at["line"]) if at["line"] else None
    can = [*(["use"] if posting.id != current.id else []), *(["delete-posting"] if not is_sample(posting) else [])]
    made = el("div", small(link("Sources", href("sources"))), heading(posting_name(posting)), small(_facts(posting)))
    mark = pieces.state(at.key, posting_name(posting), can, passage=line is not None)
    text = el("details", el("summary", "The whole posting"), _whole(posting, line), open=line is not None)
    lists = (_lines(words, (r for r in posting.requirements if r.kind == kind), posting) for kind, words in _KINDS)
    return mark, made, el("div", text if line else None, *lists, None if line else text)


def _facts(posting: JobPosting) -> str:
    remote = {True: "remote", False: "on site", None: ""}[posting.remote]
    return " · ".join(p for p in (posting.place, remote, posting.employment_type, _pay(posting.pay)) if p)


def _pay(pay: Pay | None) -> str:
    if pay is None:
        return ""
    period = f" {_PERIODS[pay.period]}" if pay.period else ""
    return f"{pay.currency} {pay.low:,} to {pay.high:,}{period}"


def _lines(words: str, asked: Iterable[Requirement], posting: JobPosting) -> Html | None:
    found = [r for r in asked if r.same_as is None]
    if not found:
        return None
    rows = []
    for _, group in groupby(found, key=lambda r: (r.sentence_span.start, r.sentence_span.end)):
        parts = list(group)
        notes = [
            *([] if any(r.askable for r in parts) else ["nothing to practise"]),
            *([] if any(r.essential for r in parts) else ["nice to have"]),
        ]
        rows.append(
            el(
                "li",
                el("p", link(parts[0].sentence, href("sources", posting=posting.id, line=parts[0].id))),
                small(", ".join(notes)) if notes else None,
            )
        )
    return join(el("h2", words), el("ol", each(rows), cls="rows"))


def _whole(posting: JobPosting, line: Requirement | None) -> Html:
    """The posting's own characters, the line marked, and its phrase within it in bold."""
    if line is None:
        return el("div", posting.text, cls="exact")
    text, around, inside = posting.text, line.sentence_span, line.span
    if not around.start <= inside.start <= inside.end <= around.end:
        around = inside
    marked = el("mark", text[around.start : inside.start], el("b", inside.of(text)), text[inside.end : around.end], id="passage")
    return el("div", text[: around.start], marked, text[around.end :], cls="exact")
