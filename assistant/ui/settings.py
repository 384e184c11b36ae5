"""Settings: the model, where words go, the data folder, the keys, and deleting everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.ui import pieces
from assistant.ui.page import At, Page, Painted
from assistant.ui.pieces import Html, each, el, heading, href, join, link, small

if TYPE_CHECKING:
    from assistant.workspace import FolderState, ModelState

_KEYS = (
    ("Ctrl + Enter", "Get feedback on an answer"),
    ("Enter", "Send, in an interview and to the coach"),
    ("Shift + Enter", "New line there"),
    ("Esc", "Stop what is being written; close a sheet"),
    ("Ctrl + Alt + N", "Next question"),
    ("Ctrl + Alt + R", "Try this question again"),
    ("Ctrl + Alt + H", "Hint"),
    ("/", "Search your history"),
    ("?", "Show these keys"),
)


def build(page: Page) -> None:
    gr, workspace = page.gr, page.workspace
    with page.screen("settings"):
        mark = page.box("settings-state")
        head = page.box("settings-head")
        with gr.Column(elem_id="model", elem_classes=["box"]):
            words = page.box("model-words")
            address = gr.Textbox(
                label="Address of the service", placeholder="https://api.openai.com/v1", elem_id="model-address", elem_classes=["field"]
            )
            name = gr.Textbox(label="Name of the model", elem_id="model-name", elem_classes=["field"])
            key = gr.Textbox(
                label="Key",
                type="password",
                elem_id="model-key",
                elem_classes=["field"],
                html_attributes=gr.InputHTMLAttributes(autocomplete="off"),
            )
            with gr.Row(elem_classes=["actions"]):
                save = page.button("Use this model", "use-model", primary=True)
                test = page.button("Test", "test-model", shown_by="test")
                consent = page.button("Send it there", "give-consent", shown_by="consent")
                remove = page.button("Remove the model", "remove-model", shown_by="remove")
            tried = page.box("model-tried")
            said = page.said("settings")
        more = page.box("settings-more")
        with gr.Row(elem_id="delete-row", elem_classes=["actions"]):
            delete = page.button("Yes, delete everything", "delete-everything", shown_by="sure")

    fields = [words, address, name, key]

    async def show(at: At) -> Painted:
        state = await workspace.model_state()
        kept = "Kept. Type a new one to change it." if state.has_key else ""
        return {
            mark: _mark(at, state),
            head: el("div", heading("Settings")),
            words: model_words(state),
            address: state.base_url if state.configured else "",
            name: state.model,
            # What was typed here goes in and never comes back.
            key: gr.update(value="", placeholder=kept),
        }

    async def open_(at: At) -> Painted:
        return {**await show(at), tried: "", more: more_of(at, await workspace.folder())}

    async def use(at: At, where: str, which: str, secret: str) -> Painted:
        await workspace.set_model(where, secret, which)
        return {**await show(at), tried: _said("Kept. Test it to be sure it answers.")}

    async def forget(at: At) -> Painted:
        await workspace.remove_model()
        return {**await show(at), tried: _said("Removed, with its key. Everything works on this computer now.")}

    async def try_(at: At) -> Painted:
        return {tried: _said(await workspace.test_model())}

    async def agree(at: At) -> Painted:
        await workspace.give_consent()
        return {**await show(at), tried: ""}

    async def wipe(at: At) -> Painted:
        await workspace.delete_everything()
        return {page.go: pieces.go("Start again", href("today"))}

    page.opened("settings", open_, mark, head, [*fields, tried, more], said)
    page.pressed(save.click, use, [address, name, key], [mark, head, *fields, tried], said)
    page.pressed(remove.click, forget, [], [mark, head, *fields, tried], said)
    page.pressed(test.click, try_, [], [tried], said)
    page.pressed(consent.click, agree, [], [mark, head, *fields, tried], said)
    page.pressed(delete.click, wipe, [], [], said)


def _mark(at: At, state: ModelState) -> Html:
    asked = state.configured and not state.local and not state.consented
    can = [*(["test", "remove"] if state.configured else []), *(["consent"] if asked else []), *(["sure"] if at["sure"] else [])]
    return pieces.state(at.key, "Settings", can)


def model_words(state: ModelState) -> Html:
    if not state.configured:
        now = "You are using built-in feedback. Add a model key to get AI follow-ups."
    elif state.local:
        now = f"In use: {state.model or 'a model'} on this computer." + ("" if state.traced_to else " Your words do not leave it.")
    elif state.consented:
        now = f"In use: {state.model or 'a model'}. Your answers, the posting and your notes go to {state.base_url} when it is asked."
    else:
        now = f"Your answers, the posting and your notes would go to {state.base_url}. Nothing has been sent yet."
    return el(
        "div",
        el("h2", "Model", cls="plain"),
        el("p", now),
        el("p", f"Tracing is switched on in your environment: what the model is asked and what it answers also go to {state.traced_to}.")
        if state.configured and state.traced_to
        else None,
        small(f"Asked {pieces.count(state.calls, 'time')}: {state.usage.tokens_in or 0:,} tokens in, {state.usage.tokens_out or 0:,} out.")
        if state.calls
        else None,
        small(
            "Any service that speaks OpenAI's language will do, one on this computer too. The key is kept in the data folder, readable by you alone."
        ),
    )


def _said(words: str) -> Html:
    return el("p", words, role="status", cls="small")


def more_of(at: At, folder: FolderState) -> Html:
    keys = each(el("tr", el("th", el("kbd", k), scope="row"), el("td", what)) for k, what in _KEYS)
    sure = (
        el(
            "div",
            el("p", el("b", "Delete every answer, interview, posting and note of yours, their backups too? This cannot be undone.")),
            el("p", link("Keep everything", href("settings"), cls="btn"), cls="row actions"),
            role="alert",
        )
        if at["sure"]
        else el("p", link("Delete everything", href("settings", sure="1"), cls="btn"), cls="row actions")
    )
    return el(
        "div",
        el("h2", "Your data"),
        el("p", "Everything you write is kept in ", el("code", folder.path), f" ({folder.bytes / 1e6:.1f} MB)."),
        el("h2", "Keys"),
        el("table", el("tbody", keys), cls="keys"),
        el(
            "p",
            el("input", type="checkbox", id="letter-keys", checked=True),
            el("label", " Keys of a single character (/ and ?) work outside text boxes", label_for="letter-keys"),
        ),
        el("h2", "Delete"),
        join(sure),
    )
