"""Practise: the set, one of its questions, and the card of an answer to it.

`/?s=practise` shows the newest set, `set=` another, `q=` a question, `a=` an earlier answer's card, `again=1` the empty box once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Literal

from assistant.errors import NotFound
from assistant.questions import PRACTICE_MINUTES
from assistant.schema import Attempt, Question, QuestionSet, Section
from assistant.ui import pieces
from assistant.ui.card import card, waiting_card
from assistant.ui.page import At, Page, Painted
from assistant.ui.pieces import Html, each, el, heading, href, join, level_words, link, small

if TYPE_CHECKING:
    from assistant.workspace import QuestionView, Workspace

_HINTS: tuple[Literal["small", "medium", "outline"], ...] = ("small", "medium", "outline")
_HINT_WORDS = ("Hint", "A bigger hint", "Outline of an answer")
# Minutes of speaking to words typed: an answer is shorter on the screen than aloud.
_WORDS_A_MINUTE = (50, 100)


def build(page: Page) -> None:
    gr, workspace = page.gr, page.workspace
    with page.screen("practise"):
        state = page.box("practise-state")
        head = page.box("practise-head")
        answer = gr.Textbox(
            label="Your answer", lines=7, max_lines=24, elem_id="answer", elem_classes=["field"], container=False, show_label=False
        )
        under = page.box("answer-under")
        said = page.said("practise")
        with gr.Row(elem_id="answer-actions", elem_classes=["actions"]):
            submit = page.button("Get feedback", "get-feedback", primary=True)
            hint = page.button("Hint", "hint", shown_by="hint")
            skip = page.button("Skip", "skip")
        hints = page.box("hints")
        title = page.box("card-title")
        result = page.box("card")
        with gr.Row(elem_id="card-actions", elem_classes=["actions"]):
            again = page.button("Try again", "check-again", shown_by="try-again")
            now = page.button("Try now", "check-now", shown_by="try-now")
            send = page.button("Send it there", "send-there", shown_by="send-it-there")
            built_in = page.button("Use built-in feedback", "check-built-in", shown_by="use-built-in-feedback")
            stop = page.button("Stop", "stop-check", shown_by="stop")
            hurry = page.button("Use built-in feedback now", "check-built-in-now", shown_by="long")
        with gr.Row(elem_id="set-actions", elem_classes=["actions"]):
            stop_set = page.button("Stop writing", "stop-set", shown_by="stop-set")
            resume_set = page.button("Write the rest", "resume-set", shown_by="resume-set")
            resume_built_in = page.button("Write the rest from the bank", "resume-built-in", shown_by="resume-built-in")
            fresh = page.button("New set", "new-set", shown_by="new-set")
            first = page.button("Start with the sample posting", "first-set", primary=True, shown_by="first-set")
            delete = page.button("Delete this answer", "delete-answer", shown_by="delete-answer", quiet=True)

    card_boxes = [state, head, title, result]
    set_boxes = [state, head]

    async def open_(at: At) -> Painted:
        if not at["q"]:
            made = await _set_at(workspace, at)
            return {**set_painted(at, made), answer: "", under: "", hints: "", title: "", result: ""}
        view = await workspace.question(at["q"])
        return await _question_painted(view, at)

    async def _question_painted(view: QuestionView, at: At) -> Painted:
        typed = view.draft or (view.attempts[-1].answer if at["again"] and view.attempts else "")
        return {
            **await card_painted(at, view),
            answer: typed,
            under: under_answer(view.question),
            hint: gr.update(value=_HINT_WORDS[min(view.hints_used, 2)]),
            hints: hints_given(view.question, view.hints_used),
        }

    async def card_painted(at: At, view: QuestionView) -> Painted:
        made = await _state(workspace, view, _shown(view, at), at)
        return {state: made.mark, head: made.head, title: made.title, result: made.card}

    def set_painted(at: At, made: QuestionSet | None) -> Painted:
        running = made is not None and workspace.running(made.id)
        waited = workspace.waited(made.id) if made else None
        return {state: set_mark(at, made, running=running), head: set_head(made, running=running, doing=waited.doing if waited else "")}

    async def card_now(at: At) -> Painted:
        return await card_painted(at, await workspace.question(at["q"]))

    async def set_now(at: At) -> Painted:
        return set_painted(at, await _set_at(workspace, at))

    async def follow(at: At) -> AsyncIterator[Painted]:
        if at["q"]:
            shown = _shown(await workspace.question(at["q"]), at)
            async for _ in workspace.follow(shown.id if shown else at["q"]):
                yield await card_now(at)
        else:
            made = await _set_at(workspace, at)
            async for _ in workspace.follow(made.id if made else ""):
                yield await set_now(at)

    async def give(at: At, text: str) -> Painted:
        view = await workspace.question(at["q"])
        # The same words sent twice, by a double click or from two tabs, are one answer.
        key = hashlib.sha256(f"{at['q']}\0{len(view.attempts)}\0{text}".encode()).hexdigest()
        await workspace.submit(at["q"], text, key)
        if at["again"] or at["a"]:
            return {page.go: pieces.go("Open the feedback", href("practise", q=at["q"]))}
        return await card_now(at)

    async def help_(at: At) -> Painted:
        view = await workspace.question(at["q"])
        await workspace.hint(at["q"], _HINTS[min(view.hints_used, 2)])
        used = view.hints_used + 1
        return {hints: hints_given(view.question, used), hint: gr.update(value=_HINT_WORDS[min(used, 2)])}

    async def pass_(at: At) -> Painted:
        await workspace.skip(at["q"])
        return {page.go: pieces.go(*_onward(await workspace.question(at["q"])))}

    async def check(at: At, engine: Literal["model", "embedded"] | None) -> Painted:
        view = await workspace.question(at["q"])
        shown = _shown(view, at)
        if shown is None:
            raise NotFound("There is no answer to check here.")
        await workspace.recheck(shown.id, engine)
        return await card_now(at)

    async def check_again(at: At) -> Painted:
        return await check(at, None)

    async def check_built_in(at: At) -> Painted:
        return await check(at, "embedded")

    async def check_built_in_now(at: At) -> Painted:
        await stop_check(at)
        return await check(at, "embedded")

    async def send_there(at: At) -> Painted:
        await workspace.give_consent()
        return await check(at, None)

    async def stop_check(at: At) -> Painted:
        view = await workspace.question(at["q"])
        shown = _shown(view, at)
        if shown is not None:
            await workspace.stop_check(shown.id)
        return await card_now(at)

    async def stop_writing(at: At) -> Painted:
        made = await _set_at(workspace, at)
        if made is not None:
            await workspace.stop_set(made.id)
        return await set_now(at)

    async def write_rest_by(at: At, engine: Literal["model", "embedded"] | None) -> Painted:
        made = await _set_at(workspace, at)
        if made is not None:
            await workspace.resume_set(made.id, engine)
        return await set_now(at)

    async def write_rest(at: At) -> Painted:
        return await write_rest_by(at, None)

    async def write_rest_built_in(at: At) -> Painted:
        return await write_rest_by(at, "embedded")

    async def begin(at: At) -> Painted:
        before = await _set_at(workspace, at)
        made = await workspace.start_set(minutes=before.minutes if before and not before.about else 20)
        return {page.go: pieces.go("Open your set", href("practise", set=made.id))}

    async def remove(at: At) -> Painted:
        view = await workspace.question(at["q"])
        shown = _shown(view, at)
        if shown is None:
            raise NotFound("This answer is not here any more.")
        token = await workspace.delete_attempt(shown.id)
        return {page.go: pieces.go("Back to your history", href("progress", undo=token))}

    page.follows("practise", follow, card_boxes, said)
    page.opened("practise", open_, state, head, [answer, under, hint, hints, title, result], said)
    page.pressed(submit.click, give, [answer], card_boxes, said)
    page.pressed(hint.click, help_, [], [hints, hint], said)
    page.pressed(skip.click, pass_, [], [], said)
    for button, handler in (
        (again, check_again),
        (now, check_again),
        (send, send_there),
        (built_in, check_built_in),
        (stop, stop_check),
        (hurry, check_built_in_now),
    ):
        page.pressed(button.click, handler, [], card_boxes, said)
    page.pressed(stop_set.click, stop_writing, [], set_boxes, said)
    page.pressed(resume_set.click, write_rest, [], set_boxes, said)
    page.pressed(resume_built_in.click, write_rest_built_in, [], set_boxes, said)
    page.pressed([fresh.click, first.click], begin, [], [], said)
    page.pressed(delete.click, remove, [], [], said)


class QuestionState:
    """What the question screen shows: the mark of how it stands, the question, the card's heading and the card."""

    def __init__(
        self, at: At, view: QuestionView, can: list[str], shown: Attempt | None = None, card: Html | str = "", *, running: bool = False
    ) -> None:
        (_, onward), again = _onward(view), href("practise", q=view.question.id, again="1")
        self.mark = pieces.state(
            at.key,
            f"Question {view.number} of {view.count}",
            can,
            question=view.question.id,
            revision=view.draft_revision,
            running=running,
            next=onward,
            again=again,
        )
        self.head = question_head(view, shown)
        self.title = el("h2", "Feedback", tabindex="-1", data_focus=f"card:{shown.id}") if shown else ""
        self.card = card


def _shown(view: QuestionView, at: At) -> Attempt | None:
    """The attempt whose card is shown: the one the address names, else the newest; none while a new answer is written."""
    if at["a"]:
        found = next((a for a in view.attempts if a.id == at["a"]), None)
        if found is None:
            raise NotFound("This answer is not here any more.")
        return found
    return view.attempts[-1] if view.attempts and not at["again"] else None


async def _state(workspace: Workspace, view: QuestionView, shown: Attempt | None, at: At) -> QuestionState:
    if shown is None:
        return QuestionState(at, view, ["answer", "hint"])
    if workspace.running(shown.id):
        waited = workspace.waited(shown.id)
        model = workspace.settings.has_model
        body = waiting_card(
            view.question, shown, waited.doing if waited else "Reading your answer", waited.seconds if waited else 0, model=model
        )
        return QuestionState(at, view, ["fold", "stop"], shown, body, running=True)
    if shown.status != "complete" or shown.critique is None:
        words = shown.error or "This answer has not been checked yet. It is saved."
        body = pieces.banner(words, shown.error_buttons or ("Try again",), cls="box banner")
        return QuestionState(at, view, ["fold"], shown, el("div", body, _after(view)))
    names = await _headings(workspace, shown)
    body = card(view.question, shown, view.attempts, names, card_foot(view, shown), await workspace.session_cost(view.set_id))
    return QuestionState(at, view, ["fold", "delete-answer"], shown, body)


async def _headings(workspace: Workspace, shown: Attempt) -> Mapping[str, str]:
    """The names of the sections the advice rests on; one that is gone gets no chip."""
    advice = shown.critique.advice if shown.critique else None
    wanted = [*(advice.fix.sources if advice and advice.fix else ()), *([advice.read] if advice and advice.read else ())]
    names = {}
    for section_id in wanted:
        try:
            names[section_id] = (await workspace.section(section_id)).section.heading
        except NotFound:
            continue
    return names


def question_head(view: QuestionView, shown: Attempt | None) -> Html:
    question = view.question
    place = f"Question {view.number} of {view.count}"
    about = join(
        link(place, href("practise", set=view.set_id)),
        f" · {level_words(question.level)} · about {pieces.count(question.minutes, 'minute')}",
    )
    general = small("A general question: the bank has none of its own for this line.") if question.origin == "template" else None
    note = small(question.provenance.note) if question.provenance.note else None
    folded = (
        el(
            "details",
            el("summary", f"Your answer, {pieces.count(len(shown.answer.split()), 'word')}"),
            el("div", shown.answer, cls="exact"),
            cls="yours",
        )
        if shown
        else None
    )
    words = heading(question.text, cls="long" if len(question.text) > 150 else None)
    return el("div", small(about), words, _because(view), general, note, folded)


def _because(view: QuestionView) -> Html | None:
    """Why it is asked: the posting's line it tests, and the passage it was asked for from."""
    line = view.posting_line
    read = el("q", link(view.about.heading, _note(view.about))) if view.about else None
    if line is None:
        return el("p", "Asked while you read ", read, ". No line of your posting asks about this.", cls="from") if read else None
    return el(
        "p",
        join("Asked while you read ", read, ". The posting says ") if read else "Asked because the posting says ",
        el("q", pieces.cut(line.phrase.strip(), 30)),
        " ",
        link("open the line", href("sources", posting=view.posting_id, line=line.id), cls="chip"),
        cls="from",
    )


def _note(section: Section) -> str:
    return href("sources", doc=section.document_id, part=section.part)


def _onward(view: QuestionView) -> tuple[str, str]:
    """Where the way leads after this question, in words and as an address."""
    if view.next_id:
        return "Next question", href("practise", q=view.next_id)
    return ("Back to the note", _note(view.about)) if view.about else ("Today", href("today"))


def under_answer(question: Question) -> Html:
    low, high = (question.minutes * w // 10 * 10 for w in _WORDS_A_MINUTE)
    # A whole case is spoken about for half an hour; nobody types that.
    usual = f". Good answers to this are usually {low} to {high}." if question.minutes <= PRACTICE_MINUTES else ""
    counts = el(
        "div",
        el("span", el("span", "0 words", id="words"), usual),
        el("span", "", id="saved"),
        cls="meta small",
    )
    return el("div", counts, el("div", "", id="draft-conflict", role="alert"))


def hints_given(question: Question, used: int) -> Html | str:
    if not question.hints or not used:
        return ""
    texts = (question.hints.small, question.hints.medium, question.hints.outline)[:used]
    return el(
        "div",
        *(el("p", el("b", w + ". "), t) for w, t in zip(_HINT_WORDS, texts, strict=False)),
        cls="hints",
        tabindex="-1",
        data_focus=f"hint:{used}",
    )


def card_foot(view: QuestionView, shown: Attempt) -> Html:
    return el(
        "div",
        _after(view),
        el(
            "p",
            el("button", "Copy", type="button", cls="plainlink", data_copies="card"),
            " · ",
            link("Save as Markdown", f"/api/v1/attempts/{shown.id}/export", download=True),
            cls="small",
        ),
    )


def _after(view: QuestionView) -> Html:
    onward = link(*_onward(view), cls="btn primary", id="next")
    return el("div", onward, link("Try again", href("practise", q=view.question.id, again="1"), cls="btn", id="again"), cls="row actions")


async def _set_at(workspace: Workspace, at: At) -> QuestionSet | None:
    if at["set"]:
        return await workspace.question_set(at["set"])
    sets = await workspace.sets()
    return sets[0] if sets else None


def set_mark(at: At, made: QuestionSet | None, *, running: bool) -> Html:
    """How the set stands, for script and style."""
    if made is None:
        return pieces.state(at.key, "Practise", ["first-set"])
    short = not running and len(made.questions) < made.planned
    can = ["stop-set"] if running else ["new-set"]
    can += ["resume-set"] if short else []
    can += ["resume-built-in"] if short and made.error else []
    return pieces.state(at.key, "Your set", can, running=running)


def set_head(made: QuestionSet | None, *, running: bool, doing: str) -> Html:
    """The set's questions in order, each with why it is asked; what is being written, in words."""
    if made is None:
        return el(
            "div", heading("Practise"), el("p", "No questions yet. Start with the sample posting, or use your own on the first screen.")
        )
    count = max(made.planned, len(made.questions))
    status = None
    if running:
        status = small(doing or f"Writing question {len(made.questions) + 1} of {count}", "…")
    elif len(made.questions) < count:
        status = small(f"{pieces.count(len(made.questions), 'question', capital=True)} of {count} written. What is written stays.")
    first = link("Start with question 1", href("practise", q=made.questions[0].id), cls="btn primary") if made.questions else None
    save = link("Save as Markdown", f"/api/v1/sets/{made.id}/export?format=markdown", cls="btn", download=True)
    fault = pieces.banner(made.error, [b for b in made.error_buttons if b in ("Check key", "Settings")]) if made.error else None
    return el(
        "div",
        small(f"{pieces.count(count, 'question', capital=True)}, about {pieces.count(made.minutes, 'minute')}"),
        heading(made.name),
        small(made.note) if made.note else None,
        el("ol", each(_set_row(q, made) for q in made.questions), cls="rows"),
        status,
        fault,
        el("p", first, save, cls="row actions"),
    )


def _set_row(question: Question, made: QuestionSet) -> Html:
    level = f"{level_words(question.level)} · {question.topic.replace('-', ' ')} · about {pieces.count(question.minutes, 'minute')}"
    line = link("the posting's line", href("sources", posting=made.posting_id, line=question.requirement)) if question.requirement else None
    return el(
        "li",
        el("p", link(question.text, href("practise", q=question.id))),
        small(level, " · " if line else None, line),
        small(question.why) if question.why else None,
    )
