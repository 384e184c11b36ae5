"""How a screen is put together from Gradio's parts: its box of HTML, its buttons, what happens when it is opened, pressed or followed.

A handler takes where the page is (`At`, read from the page's own address) and the values of its inputs, calls one method of the workspace,
and returns what to paint. An `AssistantError` becomes the words in the place the screen keeps for them.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError
from assistant.ui import pieces
from assistant.ui.markdown import ALONE, INLINE
from assistant.ui.pieces import Html, el, href, link

if TYPE_CHECKING:
    import gradio

    from assistant.workspace import Workspace

SCREENS = ("today", "practise", "interview", "progress", "sources", "settings")

log = logging.getLogger("assistant.ui")

FORMULAS: list[dict[str, str | bool]] = [
    {"left": ALONE[0], "right": ALONE[1], "display": True},
    {"left": INLINE[0], "right": INLINE[1], "display": False},
]
"""What KaTeX sets: only what `markdown` made a formula, so that what a person types stays its characters."""
Painted = dict[Any, Any]
"""Component to its new value; a component that is not named keeps what it shows."""
Handler = Callable[..., Awaitable[Painted]]
Follower = Callable[..., AsyncIterator[Painted]]


class At(dict[str, str]):
    """The page's address, as its query says it: `s` the screen, `part` the place on it, the rest ids. A missing one reads as empty."""

    def __missing__(self, key: str) -> str:
        return ""

    @property
    def screen(self) -> str:
        return self["s"] if self["s"] in SCREENS else "today"

    @property
    def key(self) -> str:
        """The address in one form, which the script makes too: so it knows what has been painted for where it is."""
        return "&".join(f"{k}={v}" for k, v in sorted(self.items()) if k not in ("ask", "part"))


class Page:
    """The parts of one page and the wiring between them."""

    def __init__(self, workspace: Workspace) -> None:
        import gradio

        self.workspace = workspace
        self.gr = gradio
        self.followed: dict[str, Any] = {}
        self.heads: list[Any] = []
        self.go = self.box("go")

    def box(self, elem_id: str, value: Html | None = None, *, formulas: bool = False) -> gradio.Markdown:
        """A place for HTML of ours. Only what `pieces` or `markdown` made may enter it: nothing is sanitised on its way."""
        return self.gr.Markdown(
            value, elem_id=elem_id, elem_classes=["ours"], sanitize_html=False, latex_delimiters=FORMULAS if formulas else []
        )

    def screen(self, name: str) -> AbstractContextManager[Any]:
        column: AbstractContextManager[Any] = self.gr.Column(elem_id=f"screen-{name}", elem_classes=["screen"])
        return column

    def button(self, words: str, elem_id: str, *, primary: bool = False, quiet: bool = False, shown_by: str = "") -> gradio.Button:
        """A button. `shown_by` names the word in a painted state's `can` that shows it; without one it is always there."""
        classes = ["button", *(["quiet"] if quiet else []), *(["shown-by", f"by-{shown_by}"] if shown_by else [])]
        return self.gr.Button(words, elem_id=elem_id, elem_classes=classes, variant="primary" if primary else "secondary")

    def said(self, name: str) -> gradio.Markdown:
        """The place where a screen says what went wrong."""
        return self.box(f"{name}-said")

    def opened(self, name: str, paint: Handler, state: Any, head: Any, outputs: Sequence[Any], said: Any) -> None:
        """`paint` runs whenever the page's address comes to this screen; what was followed for the address before is let go of.

        Where the address names what is not there, `head` says so.
        """

        self.heads.append(head)

        async def painting(at: At) -> Painted:
            try:
                return await paint(at)
            except AssistantError as error:
                nothing = el("div", pieces.heading("Not here"), el("p", str(error)), el("p", link("Go to Today", href("today"))))
                return {state: pieces.state(at.key, "Not here"), head: nothing, **dict.fromkeys(outputs, "")}

        self._on(
            self.trigger(f"open-{name}").click,
            painting,
            [],
            [state, head, *outputs],
            said,
            trigger_mode="multiple",
            cancels=self.followed.get(name),
        )

    def follows(self, name: str, follow: Follower, outputs: Sequence[Any], said: Any) -> None:
        """`follow` paints as long as something runs for this screen; the script starts it where a painted state says so."""
        event = self._on(self.trigger(f"follow-{name}").click, follow, [], outputs, said, trigger_mode="multiple")
        self.followed[name] = [event]

    def pressed(
        self,
        listeners: Callable[..., Any] | Sequence[Callable[..., Any]],
        handler: Handler,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        said: Any,
    ) -> None:
        """`handler` runs when a button is pressed (or on the listener given); a second press while it runs is not a second one."""
        self._on(listeners, handler, inputs, outputs, said, trigger_mode="once")

    def trigger(self, elem_id: str) -> gradio.Button:
        """A button nobody sees; the script presses it."""
        return self.gr.Button(elem_id, elem_id=elem_id, elem_classes=["trigger"])

    def _on(
        self,
        listeners: Callable[..., Any] | Sequence[Callable[..., Any]],
        handler: Handler | Follower,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        said: Any,
        **options: Any,
    ) -> Any:
        import inspect

        wrap = self._following if inspect.isasyncgenfunction(handler) else self._handling
        return self.gr.on(
            [listeners] if callable(listeners) else list(listeners),
            wrap(handler, said),
            list(inputs),
            [*outputs, said, self.go],
            show_progress="hidden",
            api_visibility="private",
            queue=True,
            **options,
        )

    def _handling(self, handler: Any, said: Any) -> Callable[..., Any]:
        async def handled(request: Any, *inputs: Any) -> Painted:
            try:
                at = _at(request)
                return self._clear(await handler(at, *inputs), at, said)
            except Exception as error:
                return {said: _words(error)}

        return self._annotated(handled)

    def _following(self, follower: Any, said: Any) -> Callable[..., Any]:
        async def followed(request: Any, *inputs: Any) -> AsyncIterator[Painted]:
            try:
                at = _at(request)
                async for painted in follower(at, *inputs):
                    yield self._clear(painted, at, said)
            except Exception as error:
                yield {said: _words(error)}

        return self._annotated(followed)

    def _annotated(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # Gradio finds the argument that wants the request by its annotation, which cannot be written above without importing Gradio.
        function.__annotations__["request"] = self.gr.Request
        return function

    def _clear(self, painted: Painted, at: At, said: Any) -> Painted:
        # Gradio draws each box when it is done with it, so the head says for itself which address it belongs to.
        heads = {h: el("div", painted[h], data_for=at.key) for h in self.heads if h in painted}
        return {said: "", **painted, **heads}


def _at(request: gradio.Request) -> At:
    return At({k: v[:200] for k, v in dict(request.query_params).items()})


def _words(error: Exception) -> Html:
    if isinstance(error, AssistantError):
        return pieces.banner(str(error), error.buttons)
    log.error("a handler failed", exc_info=error)
    return pieces.banner(
        "I could not do this, and the fault is mine, not yours. What you typed is kept. The program's own log says more.", ()
    )
