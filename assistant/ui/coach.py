"""The coach: a panel beside every screen where a person asks, and gets an answer from the sources with its passages.

`ask=new` in any address opens it empty, `ask=ID` a conversation.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from assistant.ui import pieces
from assistant.ui.interview import chatbot, messages
from assistant.ui.page import At, Page, Painted
from assistant.ui.pieces import Html, el, small

if TYPE_CHECKING:
    from assistant.workspace import Talk, Workspace


def build(page: Page) -> None:
    gr, workspace = page.gr, page.workspace
    with gr.Column(elem_id="coach", elem_classes=["panel"]):
        state = page.box("coach-state")
        head = page.box("coach-head")
        chat = chatbot(page, "coach-chat", "The coach's answers")
        status = page.box("coach-status")
        said = page.said("coach")
        with gr.Row(elem_classes=["actions"]):
            again = page.button("Try again", "coach-again", shown_by="try-again")
            consent = page.button("Send it there", "coach-send-there", shown_by="send-it-there")
            built_in = page.button("Use built-in feedback", "coach-built-in", shown_by="use-built-in-feedback")
            hurry = page.button("Use built-in answers now", "coach-built-in-now", shown_by="long")
        box = gr.Textbox(
            label="Your question to the coach", placeholder="What is point-in-time correctness?", lines=1, max_lines=5, elem_id="ask", elem_classes=["field"],
            container=False, show_label=False,
        )  # fmt: skip
        with gr.Row(elem_classes=["actions"]):
            ask = page.button("Ask", "ask-coach", shown_by="ask")
            stop = page.button("Stop", "stop-coach", shown_by="stop")

    painting = [state, head, chat, status]

    async def open_(at: At) -> Painted:
        return await _show(at)

    async def _show(at: At) -> Painted:
        if at["ask"] in ("", "new"):
            return {state: _mark(at, False), head: _head(None), chat: [], status: ""}
        told = await workspace.conversation(at["ask"])
        running = workspace.running(told.id)
        return {
            state: _mark(at, running, told),
            head: _head(told),
            chat: messages(told.turns, told.id),
            status: _status(workspace, told, running),
        }

    async def follow(at: At) -> AsyncIterator[Painted]:
        async for _ in workspace.follow(at["ask"]):
            yield await _show(at)

    async def put(at: At, text: str) -> Painted:
        known = at["ask"] if at["ask"] not in ("", "new") else None
        last = (await workspace.conversation(known)).turns[-1].id if known else secrets.token_hex(8)
        key = hashlib.sha256(f"{known}\0{last}\0{text}".encode()).hexdigest()
        meeting = at["i"] if at.screen == "interview" and at["i"] else None
        told = await workspace.ask(text, key, conversation_id=known, interview_id=meeting)
        if known:
            return {**await _show(at), box: ""}
        return {box: "", page.go: pieces.go("Open the answer", "/?" + urlencode({**at, "ask": told.id}))}

    async def retry(at: At, engine: Literal["model", "embedded"] | None = None) -> Painted:
        await workspace.retry_reply(at["ask"], engine)
        return await _show(at)

    async def try_again(at: At) -> Painted:
        return await retry(at)

    async def retry_built_in(at: At) -> Painted:
        return await retry(at, "embedded")

    async def hurry_on(at: At) -> Painted:
        await workspace.stop_reply(at["ask"])
        return await retry(at, "embedded")

    async def agree(at: At) -> Painted:
        await workspace.give_consent()
        return await retry(at)

    async def cease(at: At) -> Painted:
        await workspace.stop_reply(at["ask"])
        return await _show(at)

    page.follows("coach", follow, painting, said)
    page.opened("coach", open_, state, head, painting[2:], said)
    page.pressed([ask.click, box.submit], put, [box], [*painting, box], said)
    for button, handler in ((again, try_again), (built_in, retry_built_in), (consent, agree), (stop, cease), (hurry, hurry_on)):
        page.pressed(button.click, handler, [], painting, said)


def _mark(at: At, running: bool, told: Talk | None = None) -> Html:
    last = told.turns[-1] if told and told.turns else None
    can = ["stop"] if running else ["ask"]
    if last and last.error and not running:
        can += [pieces.slug(b) for b in last.error_buttons]
    return pieces.state(at["ask"], "", can, running=running, typing="coach")


def _head(told: Talk | None) -> Html:
    last = told.turns[-1] if told and told.turns else None
    about = (
        small("Answers come from the study notes, the posting and your own notes, and say which. Nothing here is graded.")
        if last is None
        else None
    )
    return el(
        "div",
        el("h2", "Ask the coach", cls="plain", tabindex="-1"),
        about,
        el("p", pieces.link("New question", "?ask=new", cls="small", data_ask="new"), cls="small") if last else None,
    )


def _status(workspace: Workspace, told: Talk, running: bool) -> Html | str:
    last = told.turns[-1] if told.turns else None
    if running:
        if last and last.role == "coach" and last.text:
            return el("div", data_says="The coach is writing")
        waited = workspace.waited(told.id)
        words, seconds = (waited.doing, waited.seconds) if waited else ("Looking in the sources", 0.0)
        return el("div", pieces.waiting(words, seconds, model=workspace.settings.has_model), data_says="The coach is writing")
    if last and last.error:
        return el("div", pieces.banner(last.error, last.error_buttons))
    return el("div", data_says="The coach has finished")
