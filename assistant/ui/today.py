"""Today: the posting that is practised for, how long, and one button; for a returning person, where they left off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.knowledge import sample_posting
from assistant.schema import JobPosting, QuestionSet
from assistant.ui import pieces
from assistant.ui.page import At, Page, Painted
from assistant.ui.pieces import Html, el, heading, href, link, small

if TYPE_CHECKING:
    from assistant.workspace import Workspace

MINUTE_CHOICES = [("10", 10), ("20", 20), ("40 min", 40)]
MINUTES_A_QUESTION = 5
_OWN_WORDS = el(
    "div",
    el("h2", "Your own posting", cls="plain"),
    small("Paste the text of the posting, with the part that lists what you would do and what they ask for. I cannot open links."),
)


def build(page: Page) -> None:
    gr, workspace = page.gr, page.workspace
    with page.screen("today"):
        state = page.box("today-state")
        head = page.box("today-head")
        said = page.said("today")
        with gr.Column(elem_id="own-posting", elem_classes=["box"]):
            page.box("own-posting-words", _OWN_WORDS)
            posting = gr.Textbox(
                label="Text of the posting", lines=8, max_lines=16, elem_id="posting-text", elem_classes=["field"], container=False
            )
            with gr.Row(elem_classes=["actions"]):
                use = page.button("Use this posting", "use-posting", primary=True)
                page.box("own-posting-file", pieces.file_button("posting-file", "Choose a text file", "/api/v1/postings"))
        with gr.Column(elem_id="start", elem_classes=["box"]):
            plan = page.box("start-plan")
            with gr.Row(elem_classes=["actions"]):
                start = page.button("Start practising", "start-practising", primary=True)
                mock = page.button("Start a mock interview", "start-interview")
                minutes = gr.Radio(
                    MINUTE_CHOICES,
                    value=20,
                    label="How long?",
                    elem_id="minutes",
                    elem_classes=["minutes"],
                    container=False,
                )
        foot = page.box("today-foot")

    async def open_(at: At) -> Painted:
        chosen = await workspace.posting()
        going = await _going(workspace)
        return {**_shown(at, chosen, going, state, head), plan: plan_words(20), foot: _foot(page), minutes: 20}

    async def begin(at: At, how_long: int) -> Painted:
        made = await workspace.start_set(minutes=int(how_long))
        return {page.go: pieces.go("Open question 1", href("practise", q=made.questions[0].id))}

    async def meet(at: At, how_long: int) -> Painted:
        made = await workspace.start_interview(minutes=int(how_long))
        return {page.go: pieces.go("Open the interview", href("interview", i=made.id))}

    async def replan(at: At, how_long: int) -> Painted:
        return {plan: plan_words(int(how_long))}

    async def use_own(at: At, text: str) -> Painted:
        await workspace.add_posting(text)
        return {posting: "", page.go: pieces.go("Practise for it", href("today"))}

    page.opened("today", open_, state, head, [plan, foot, minutes], said)
    page.pressed(start.click, begin, [minutes], [], said)
    page.pressed(mock.click, meet, [minutes], [], said)
    page.pressed(minutes.input, replan, [minutes], [plan], said)
    page.pressed(use.click, use_own, [posting], [posting], said)


class Going:
    """Where a returning person left off: the set, and its first question without an answer."""

    def __init__(self, made: QuestionSet, number: int, question_id: str) -> None:
        self.set, self.number, self.question_id = made, number, question_id


async def _going(workspace: Workspace) -> Going | None:
    for made in (await workspace.sets())[:1]:
        for number, question in enumerate(made.questions, 1):
            if not (await workspace.question(question.id)).attempts:
                return Going(made, number, question.id)
    return None


def is_sample(posting: JobPosting) -> bool:
    """It is the posting that ships with the product."""
    return posting.text.strip() == sample_posting().strip()


def _shown(at: At, posting: JobPosting, going: Going | None, state: Any, head: Any) -> Painted:
    sample = is_sample(posting)
    title = f"Practise for {posting_name(posting)}"
    own = el(
        "p",
        "Sample posting. " if sample else "Your posting. ",
        link("Use my own posting" if sample else "Use another posting", href("today", own="1")) if not at["own"] else None,
        cls="small",
    )
    continuing = (
        el(
            "div",
            el("p", el("b", f"You are at question {going.number} of {max(going.set.planned, len(going.set.questions))}")),
            small(f"{going.set.name}, begun on {pieces.day(going.set.created_at)}."),
            el(
                "div",
                link("Continue", href("practise", q=going.question_id), cls="btn primary"),
                link("Your set", href("practise", set=going.set.id), cls="btn"),
                cls="row actions",
            ),
            cls="box",
        )
        if going
        else None
    )
    can = [*(["own"] if at["own"] else ["start"]), *(["continue"] if going else [])]
    return {
        state: pieces.state(at.key, "Today", can),
        head: el("div", heading(title), own, continuing if not at["own"] else None),
    }


def plan_words(minutes: int) -> Html:
    return el(
        "div",
        el("p", el("b", f"{pieces.count(minutes, 'minute', capital=True)}, {pieces.count(minutes // MINUTES_A_QUESTION, 'question')}")),
        small("Each question comes from a line of the posting, lines you have not practised yet first."),
    )


def _foot(page: Page) -> Html:
    if page.workspace.settings.has_model:
        return el(
            "div", small("Questions and feedback are written by ", page.workspace.engine_name(), ". ", link("Change", href("settings")))
        )
    return el(
        "div",
        small(
            "Works without an account or key. Your answers stay on this computer. ",
            link("Add a model", href("settings")),
            " for questions and feedback written for you.",
        ),
    )


def posting_name(posting: JobPosting) -> str:
    """A posting as people call it: its title and who is hiring.

    >>> posting_name(JobPosting(id="1", text="", title="Data Engineer", hiring_organization="Acme"))
    'Data Engineer, Acme'
    """
    return ", ".join(p for p in (posting.title, posting.hiring_organization) if p) or "your posting"
