"""Interview: the mock interviewer as a chat, and its report.

`/?s=interview` offers to begin or to go on, `i=` is one interview: its chat while it runs, its report when it has ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal

from assistant.schema import Interview, Report, Thread, Turn
from assistant.ui import pieces
from assistant.ui.card import band, grading, made_of
from assistant.ui.markdown import exact, rendered
from assistant.ui.page import FORMULAS, At, Page, Painted
from assistant.ui.pieces import Html, each, el, heading, href, join, level_words, link, small
from assistant.ui.today import MINUTE_CHOICES

if TYPE_CHECKING:
    from assistant.workspace import SessionCost, Workspace

_WHO = {"interviewer": "Interviewer", "candidate": "You", "coach": "Coach"}


def build(page: Page) -> None:
    gr, workspace = page.gr, page.workspace
    with page.screen("interview"):
        state = page.box("interview-state")
        head = page.box("interview-head")
        with gr.Row(elem_id="interview-begin", elem_classes=["actions"]):
            begin = page.button("Start a mock interview", "begin-interview", primary=True)
            minutes = gr.Radio(
                MINUTE_CHOICES,
                value=20,
                label="How long?",
                elem_id="interview-minutes",
                elem_classes=["minutes"],
                container=False,
            )
        chat = chatbot(page, "chat", "The conversation")
        status = page.box("interview-status")
        said = page.said("interview")
        with gr.Row(elem_id="turn-actions", elem_classes=["actions"]):
            again = page.button("Try again", "turn-again", shown_by="try-again")
            on = page.button("Continue", "turn-on", shown_by="continue")
            now = page.button("Try now", "turn-now", shown_by="try-now")
            send_there = page.button("Send it there", "turn-send-there", shown_by="send-it-there")
            built_in = page.button("Use built-in feedback", "turn-built-in", shown_by="use-built-in-feedback")
            hurry = page.button("Use built-in feedback now", "turn-built-in-now", shown_by="long")
            unpause = page.button("Go on", "go-on", primary=True, shown_by="go-on")
        with gr.Column(elem_id="composer", elem_classes=["composer"]):
            box = gr.Textbox(
                label="Your answer", placeholder="Type your answer", lines=1, max_lines=6, elem_id="say", elem_classes=["field"], container=False,
                show_label=False,
            )  # fmt: skip
            with gr.Row(elem_classes=["actions"]):
                send = page.button("Send", "send", primary=True, shown_by="send")
                stop = page.button("Stop", "stop-turn", primary=True, shown_by="stop")
                stuck = page.button("I am stuck", "stuck", shown_by="send")
                pause = page.button("Pause", "pause", shown_by="send")
                end = page.button("End and get the report", "end-interview", shown_by="send")
        report_box = page.box("report")
        with gr.Row(elem_classes=["actions"]):
            delete = page.button("Delete this interview", "delete-interview", shown_by="delete-interview", quiet=True)

    painting = [state, head, chat, status, report_box]

    async def show(at: At) -> Painted:
        if not at["i"]:
            return {
                state: pieces.state(at.key, "Mock interview", ["begin"]),
                head: await _begin_head(workspace),
                chat: [],
                status: "",
                report_box: "",
            }
        meeting = await workspace.interview(at["i"])
        ended = meeting.status == "ended"
        report = report_of(meeting, await workspace.session_cost(meeting.id, meeting.set_id)) if ended else ""
        running = workspace.running(meeting.id)
        waited = workspace.waited(meeting.id)
        return {
            state: _mark(at, meeting, running=running),
            head: head_of(meeting),
            chat: messages(meeting.turns),
            status: status_of(
                meeting, running, waited.doing if waited else "", waited.seconds if waited else 0.0, model=meeting.engine == "model"
            ),
            report_box: report,
        }

    async def open_(at: At) -> Painted:
        return await show(at)

    async def follow(at: At) -> AsyncIterator[Painted]:
        async for _ in workspace.follow(at["i"]):
            yield await show(at)

    async def start(at: At, how_long: int) -> Painted:
        made = await workspace.start_interview(minutes=int(how_long))
        return {page.go: pieces.go("Open the interview", href("interview", i=made.id))}

    async def say(at: At, text: str) -> Painted:
        meeting = await workspace.interview(at["i"])
        # The same words sent twice before the interviewer has answered are one turn.
        last = next((t.id for t in reversed(meeting.turns) if t.role == "interviewer" and t.status == "complete"), "")
        key = hashlib.sha256(f"{at['i']}\0{last}\0{text}".encode()).hexdigest()
        await workspace.say(at["i"], text, key)
        return {**await show(at), box: ""}

    async def stop_turn(at: At) -> Painted:
        await workspace.stop_turn(at["i"])
        return await show(at)

    async def retry_by(at: At, engine: Literal["model", "embedded"] | None) -> Painted:
        if (await workspace.interview(at["i"])).status == "reporting":
            await workspace.end_interview(at["i"], engine)
        else:
            await workspace.retry_turn(at["i"], engine)
        return await show(at)

    async def retry(at: At) -> Painted:
        return await retry_by(at, None)

    async def retry_built_in(at: At) -> Painted:
        return await retry_by(at, "embedded")

    async def hurry_on(at: At) -> Painted:
        if (await workspace.interview(at["i"])).status != "reporting":
            await workspace.stop_turn(at["i"])
        return await retry_by(at, "embedded")

    async def consent(at: At) -> Painted:
        await workspace.give_consent()
        return await retry(at)

    async def nudge(at: At) -> Painted:
        await workspace.nudge(at["i"])
        return await show(at)

    async def hold(at: At) -> Painted:
        await workspace.pause(at["i"])
        return await show(at)

    async def go_on(at: At) -> Painted:
        await workspace.resume(at["i"])
        return await show(at)

    async def finish(at: At) -> Painted:
        await workspace.end_interview(at["i"])
        return await show(at)

    async def remove(at: At) -> Painted:
        token = await workspace.delete_interview(at["i"])
        return {page.go: pieces.go("Back to your history", href("progress", undo=token))}

    page.follows("interview", follow, painting, said)
    page.opened("interview", open_, state, head, painting[2:], said)
    page.pressed(begin.click, start, [minutes], [], said)
    page.pressed([send.click, box.submit], say, [box], [*painting, box], said)
    for button, handler in (
        (stop, stop_turn), (again, retry), (on, retry), (now, retry), (built_in, retry_built_in), (send_there, consent), (stuck, nudge),
        (pause, hold), (unpause, go_on), (end, finish),
        (hurry, hurry_on),
    ):  # fmt: skip
        page.pressed(button.click, handler, [], painting, said)
    page.pressed(delete.click, remove, [], [], said)


def chatbot(page: Page, elem_id: str, label: str) -> Any:
    """A chat whose messages are HTML of ours: what people and models wrote was made safe on its way in."""
    return page.gr.Chatbot(
        label=label, show_label=False, elem_id=elem_id, elem_classes=["chat"], container=False, height=None, buttons=[], sanitize_html=False,
        latex_delimiters=FORMULAS, feedback_options=None, layout="bubble", group_consecutive_messages=False, line_breaks=False, autoscroll=False,
    )  # fmt: skip


def messages(turns: tuple[Turn, ...], talk: str = "") -> list[dict[str, str]]:
    """Turns as the chat shows them; one that has no words yet shows that it is being written. `talk` is the conversation its citations open from."""
    last = turns[-1].id if turns else ""
    return [{"role": "user" if t.role == "candidate" else "assistant", "content": _message(t, talk, last=t.id == last)} for t in turns]


def _message(turn: Turn, talk: str = "", *, last: bool = False) -> Html:
    who = el("p", _WHO[turn.role], el("span", " said:", cls="sr"), cls="who")
    words = exact(turn.text) if turn.role == "candidate" else rendered(turn.text)
    if not turn.text:
        words = el("p", "…", cls="writing") if turn.status in ("pending", "partial") else join("")
    note = small(turn.note) if turn.note else None
    # The last turn's fault stands below the chat, beside the ways on.
    ended = small(turn.error) if turn.error and not last else None
    sources = el(
        "p", *(link(c.heading, href("sources", sec=c.section_id, talk=talk, turn=turn.id), cls="chip") for c in turn.citations), cls="chips"
    )
    return el("div", who, words, sources if turn.citations else None, note, ended, cls="turn")


async def _begin_head(workspace: Workspace) -> Html:
    going = [i for i in await workspace.interviews() if i.status in ("running", "paused", "reporting")]
    rows = each(
        el(
            "li",
            el("p", link(i.title, href("interview", i=i.id))),
            small(f"Begun on {pieces.day(i.created_at)}, {pieces.clock(i.created_at)}"),
        )
        for i in going
    )
    return el(
        "div",
        heading("Mock interview"),
        el(
            "p",
            "An interviewer asks, you type, and follow-ups take up your own words. No grades until the end; then a report, question by question.",
        ),
        join(el("h2", "Go on with"), el("ol", rows, cls="rows")) if going else None,
    )


def head_of(meeting: Interview) -> Html:
    asked = meeting.turns[-1].thread if meeting.turns else 0
    place = f"question {asked + 1} of {len(meeting.threads)}" if len(meeting.threads) > 1 else None
    parts = [
        "Report" if meeting.status == "ended" else "Mock interview",
        level_words(meeting.level),
        f"{meeting.minutes} minutes",
        place,
    ]
    return el("div", small(" · ".join(p for p in parts if p)), heading(meeting.title, cls="long"))


def _mark(at: At, meeting: Interview, *, running: bool) -> Html:
    can = {
        "running": ["chat", "stop"] if running else ["chat", "send"],
        "paused": ["chat", "go-on"],
        "reporting": ["chat"],
        "ended": ["report", "delete-interview"],
    }[meeting.status]
    last = meeting.turns[-1] if meeting.turns else None
    if (
        not running
        and meeting.status == "running"
        and last
        and last.role == "interviewer"
        and last.status in ("cut off", "stopped", "failed")
    ):
        can += [pieces.slug(b) for b in (last.error_buttons or ("Try again",))]
    if not running and meeting.status == "reporting":
        can += [pieces.slug(b) for b in (meeting.error_buttons or ("Try again",))]
    return pieces.state(at.key, "Report" if meeting.status == "ended" else "Mock interview", can, running=running, typing=meeting.id)


def status_of(meeting: Interview, running: bool, words: str, seconds: float, *, model: bool) -> Html:
    last = meeting.turns[-1] if meeting.turns else None
    if running and meeting.status == "reporting":
        return el(
            "div",
            small("Reading the whole conversation for the report."),
            pieces.waiting(words or "Reading your answers", seconds, model=model),
        )
    if running:
        started = bool(last and last.role == "interviewer" and last.text)
        return el(
            "div",
            small("The interviewer is writing. No grades until the end."),
            None if started else pieces.waiting(words or "Reading your answer", seconds, model=model),
            data_says="Interviewer is writing",
        )
    if meeting.error:
        return el("div", pieces.banner(meeting.error, meeting.error_buttons))
    if meeting.status == "paused":
        return el("div", small("Paused. Nothing is lost; go on whenever you like."), data_says="Paused")
    if last and last.role == "interviewer" and last.error:
        return el("div", pieces.banner(last.error, last.error_buttons))
    if meeting.status == "running":
        return el("div", small("No grades until the end."), data_says="Interviewer finished")
    return join("")


def report_of(meeting: Interview, cost: SessionCost) -> Html:
    report = meeting.report
    if report is None:
        return pieces.banner("The report could not be written. The conversation is kept.", ())
    verdict = band(report.band, meeting.level) if report.band else el("p", el("strong", "This conversation could not be checked."))
    noted = [
        pieces.count(report.nudges, "nudge") if report.nudges else "",
        f"{pieces.count(report.coach_asked, 'question')} to the coach" if report.coach_asked else "",
    ]
    return el(
        "section",
        verdict,
        _dimensions(report),
        el("p", report.note) if report.note else None,
        small("With " + " and ".join(n for n in noted if n) + ".") if any(noted) else None,
        el("h2", "Question by question"),
        *(_thread(t, n, cost) for n, t in enumerate(meeting.threads, 1)),
        el("details", el("summary", "The conversation"), *(el("div", _message(t), cls=f"said {t.role}") for t in meeting.turns)),
        el(
            "p",
            link("Start another", href("interview"), cls="btn primary"),
            link("Save as Markdown", f"/api/v1/interviews/{meeting.id}/export", cls="btn", download=True),
            cls="row actions",
        ),
        cls="box card",
        aria_label="Report",
    )


def _dimensions(report: Report) -> Html:
    rows = (
        el(
            "tr",
            el("td", d.dimension.capitalize()),
            el("td", pieces.close_words(d.band) if d.band else "not tested"),
        )
        for d in report.dimensions
    )
    return el(
        "table", el("thead", el("tr", el("th", "What was looked at", scope="col"), el("th", "How close", scope="col"))), el("tbody", *rows)
    )


def _thread(thread: Thread, number: int, cost: SessionCost) -> Html:
    critique = thread.critique
    title = f"Question {number}: {pieces.cut(thread.question.text, 14)}"
    if critique is None:
        return el("details", el("summary", title), small("Not reached, or not checked."))
    advice = critique.advice
    fix = advice.fix if advice else None
    return el(
        "details",
        el("summary", title),
        band(critique.band, thread.question.level) if critique.band else small(critique.remark or "Not checked."),
        join(el("h3", "Fix this first"), el("p", fix.text)) if fix else None,
        grading(thread.question, critique.grades, critique, open_=True, made=made_of(critique, cost, "This interview")),
        open=number == 1,
    )
