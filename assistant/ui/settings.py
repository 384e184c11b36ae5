"""Settings: the model, where words go, what it costs, the data folder, the keys, and deleting everything.

Model servers on this computer are looked for once the screen stands, and shown when they have answered.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import isfinite, nan
from typing import TYPE_CHECKING

from assistant.errors import InputError
from assistant.ui import pieces
from assistant.ui.costs import costs_words
from assistant.ui.page import At, Page, Painted
from assistant.ui.pieces import Html, each, el, heading, href, join, link, small

if TYPE_CHECKING:
    import gradio

    from assistant.schema import EndpointTest, LocalServer
    from assistant.workspace import Costs, FolderState, LocalServers, ModelState

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
            nearby = page.box("model-nearby")
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
        with gr.Column(elem_id="costs", elem_classes=["box"]):
            used = page.box("costs-words")
            with gr.Row(elem_classes=["fields"]):
                ceiling = _field(page, "Tokens a day, at most", "daily-tokens", "No ceiling")
                purse = _field(page, "Money a day, at most", "daily-money", "No ceiling")
            priced = page.box("price-words")
            with gr.Row(elem_classes=["fields"]):
                price_in = _field(page, "Tokens in", "price-in", "No price")
                price_cached = _field(page, "Cached ones", "price-cached", "The same")
                price_out = _field(page, "Tokens out", "price-out", "No price")
                currency = _field(page, "Currency", "currency", "USD")
            with gr.Row(elem_classes=["actions"]):
                keep = page.button("Keep ceiling and price", "keep-costs")
            kept = page.said("costs")
        more = page.box("settings-more")
        with gr.Row(elem_id="delete-row", elem_classes=["actions"]):
            delete = page.button("Yes, delete everything", "delete-everything", shown_by="sure")

    fields = [words, address, name, key]
    numbers = [ceiling, purse, price_in, price_cached, price_out, currency]

    async def show(at: At, *, looking: bool = False) -> Painted:
        state = await workspace.model_state()
        known = "Kept. Type a new one to change it." if state.has_key else ""
        costs = await workspace.costs()
        return {
            **_costs_painted(costs),
            mark: _mark(at, state, costs, looking=looking),
            head: el("div", heading("Settings")),
            words: model_words(state),
            address: state.base_url if state.configured else "",
            name: state.model,
            # What was typed here goes in and never comes back.
            key: gr.update(value="", placeholder=known),
        }

    def _costs_painted(costs: Costs) -> Painted:
        price = costs.prices.by_model.get(costs.model)
        return {
            used: costs_words(costs),
            priced: price_words(costs.model),
            ceiling: _typed(costs.daily_tokens),
            purse: _typed(costs.daily_money),
            price_in: _typed(price.tokens_in if price else None),
            price_cached: _typed(price.tokens_cached if price else None),
            price_out: _typed(price.tokens_out if price else None),
            currency: costs.prices.currency,
        }

    async def open_(at: At) -> Painted:
        return {**await show(at, looking=True), nearby: LOOKING, tried: "", more: more_of(at, await workspace.folder())}

    async def look(at: At) -> AsyncIterator[Painted]:
        found = await workspace.local_servers()
        yield {nearby: nearby_words(found), mark: _mark(at, await workspace.model_state(), await workspace.costs())}

    async def use(at: At, where: str, which: str, secret: str) -> Painted:
        await workspace.set_model(where, secret, which)
        return {**await show(at), tried: _said("Kept. Test it to be sure it answers.")}

    async def forget(at: At) -> Painted:
        await workspace.remove_model()
        return {**await show(at), tried: _said("Removed, with its key. Everything works on this computer now.")}

    async def try_(at: At) -> Painted:
        return {tried: tested_words(await workspace.test_model())}

    async def limit(at: At, tokens: str, money: str, in_: str, cached: str, out: str, coin: str) -> Painted:
        whole = _number(tokens)
        costs = await workspace.set_costs(
            daily_tokens=None if whole is None else int(whole),
            daily_money=_number(money),
            price_in=_number(in_),
            price_cached=_number(cached),
            price_out=_number(out),
            currency=coin,
        )
        return {**_costs_painted(costs), kept: _said("Kept.")}

    async def agree(at: At) -> Painted:
        await workspace.give_consent()
        return {**await show(at), tried: ""}

    async def wipe(at: At) -> Painted:
        await workspace.delete_everything()
        return {page.go: pieces.go("Start again", href("today"))}

    shown = [mark, head, *fields, used, priced, *numbers]
    page.follows("settings", look, [nearby, mark], said)
    page.opened("settings", open_, mark, head, [*shown[2:], nearby, tried, more], said)
    page.pressed(save.click, use, [address, name, key], [*shown, tried], said)
    page.pressed(remove.click, forget, [], [*shown, tried], said)
    page.pressed(test.click, try_, [], [tried], said)
    page.pressed(consent.click, agree, [], [*shown, tried], said)
    page.pressed(keep.click, limit, numbers, [used, priced, *numbers], kept)
    page.pressed(delete.click, wipe, [], [], said)


def _field(page: Page, label: str, elem_id: str, empty: str) -> gradio.Textbox:
    field: gradio.Textbox = page.gr.Textbox(label=label, placeholder=empty, elem_id=elem_id, elem_classes=["field"])
    return field


def _mark(at: At, state: ModelState, costs: Costs, *, looking: bool = False) -> Html:
    can = {
        "test": state.configured,
        "remove": state.configured,
        "consent": state.configured and not state.local and not state.consented,
        "cost": state.configured or costs.ever.calls > 0,
        "sure": at["sure"] != "",
    }
    return pieces.state(at.key, "Settings", [word for word, yes in can.items() if yes], running=looking)


def _typed(number: float | None) -> str:
    """A number as a person would type it."""
    return "" if number is None else f"{number:,}" if isinstance(number, int) else f"{number:g}"


def _number(words: str) -> float | None:
    """What was typed; None where nothing was."""
    plain = words.replace(",", "").replace(" ", "")
    try:
        number = float(plain) if plain else None
    except ValueError:
        number = nan
    if number is not None and not isfinite(number):
        raise InputError(f"“{words[:40]}” is not a number. Write it like 100,000 or 0.40.")
    return number


LOOKING = small("Looking for models on this computer…")


def nearby_words(servers: LocalServers) -> Html:
    """The model servers that answer on this computer, each model with the button that uses it."""
    if not servers.found:
        asked = ", ".join(servers.looked_at) or "no port"
        return small(f"No model server answers on this computer now. I looked at {asked}.")
    return el("div", el("h3", "On this computer"), el("ul", each(_server(s) for s in servers.found), cls="rows"))


def _server(server: LocalServer) -> Html:
    buttons = [
        el("button", f"Use {m}", type="button", cls="btn", data_uses=server.base_url, data_model=m) for m in server.models if _writes(m)
    ]
    return el(
        "li",
        el("p", el("b", server.name), " ", el("span", server.base_url, cls="small")),
        el("div", *buttons, cls="row") if buttons else small("It answers, and has no model yet that writes."),
        small(server.note) if server.note else None,
    )


def _writes(model: str) -> bool:
    """By its name: some models only turn texts into numbers, for searching."""
    return not any(word in model.lower() for word in ("embed", "rerank"))


def price_words(model: str) -> Html:
    of = f" of {model}" if model else ""
    return small(f"The price of a million tokens{of}, if you want to see what it costs:")


def tested_words(test: EndpointTest) -> Html:
    """What was tried, what came back, what to do."""
    return el(
        "div",
        small(test.tried),
        el("p", el("b", test.came_back)),
        el("p", test.to_do) if test.to_do else None,
        role="status",
        cls="tested ok" if test.ok else "tested",
    )


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
