"""Every screen for everybody: axe finds nothing, nothing scrolls sideways, and the path can be walked without a mouse.

`make test` looks at every screen at three sizes and both colours once; with SWEEP=1 each size is looked at in each colour.
"""

from __future__ import annotations

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from browser.pages import Noise, Opener, Server, interview, move, settled, until

SAMPLE = [(1280, False), (390, True), (320, False)]
REST = [(1280, True), (390, False), (320, True)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("width", "dark"), SAMPLE + (REST if os.environ.get("SWEEP") else []))
def test_every_screen_is_open_to_everybody(
    site: Server, places: dict[str, str], new_page: Opener, noise: Noise, width: int, dark: bool
) -> None:
    page = new_page(width, dark)
    faults = {}
    page.goto(site.url)
    settled(page)
    for name, address in places.items():
        move(page, address)
        if name == "coach":
            page.locator("#coach-chat .turn").first.wait_for()
        if name == "note":
            page.locator(".mermaid svg").first.wait_for()
        faults[name] = _faults(page)
        if name == "coach":
            page.get_by_role("button", name="Close").click()
    move(page, "/")
    page.keyboard.press("?")
    page.locator("#keys-sheet").wait_for()
    faults["keys"] = _faults(page)
    page.get_by_role("button", name="Close").click()
    move(page, "/?s=today&own=1")
    page.locator("#posting-text textarea").fill("https://jobs.example.com/1")
    page.locator("#use-posting").click()
    page.locator("#today-said .banner").wait_for()
    faults["error"] = _faults(page)
    assert {k: v for k, v in faults.items() if v} == {}
    assert noise.found == []
    assert noise.off_machine == []


def test_what_a_model_used_is_open_to_everybody(modelled: Server, new_page: Opener, noise: Noise) -> None:
    made = modelled.act("start_set", minutes=5, count=1)["questions"][0]["id"]
    attempt = modelled.act("submit", question_id=made, answer="I would log what was served.", key="1")["id"]
    until(lambda: modelled.act("attempt", attempt_id=attempt)["status"] == "complete")
    faults = {}
    for width, dark in ((1280, False), (320, True)):
        page = new_page(width, dark)
        page.goto(f"{modelled.url}/?s=settings")
        settled(page)
        page.locator("#daily-tokens textarea").fill("1,000,000")
        page.locator("#keep-costs").click()
        page.locator("#costs-words meter").wait_for()
        page.get_by_text("Call by call").click()
        page.get_by_text("An answer checked").first.wait_for()
        faults[f"settings {width}"] = _faults(page)
        page.goto(f"{modelled.url}/?s=practise&q={made}")
        settled(page)
        page.get_by_text("How it was made").click()
        page.get_by_text("This set so far: two calls").wait_for()
        faults[f"card {width}"] = _faults(page)
    assert {k: v for k, v in faults.items() if v} == {}
    assert noise.found == []


def test_the_path_is_walked_with_the_keyboard_alone(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    page.goto(site.url)
    settled(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    _tab_to(page, "start-practising")
    page.keyboard.press("Enter")
    page.locator("#answer textarea").wait_for()
    settled(page)
    assert page.evaluate("document.activeElement.tagName") == "H1"
    _tab_to(page, "answer")
    page.keyboard.type("Too short.\nOn two lines.")
    _tab_to(page, "hint")
    page.keyboard.press("Enter")
    page.locator("#hints p").wait_for()
    page.wait_for_function("() => document.activeElement.classList.contains('hints')")
    page.keyboard.press("Control+Alt+h")
    page.locator("#hints p").nth(1).wait_for()
    page.locator("#answer textarea").focus()
    page.keyboard.press("Control+Enter")
    page.locator("#card .card .band").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Feedback"
    assert page.locator(".yours .exact").text_content() == "Too short.\nOn two lines."
    page.keyboard.press("Control+Alt+r")
    page.locator("#get-feedback").wait_for()
    settled(page)
    page.go_back()
    page.locator("#card .card .band").wait_for()
    settled(page)
    _tab_to(page, "next")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.title.startsWith('Question 2')")
    settled(page)
    _tab_to(page, "rail-progress", forward=False)
    page.keyboard.press("Enter")
    page.locator("#history-rows").wait_for()
    settled(page)
    page.keyboard.press("?")
    page.locator("#keys-sheet").wait_for()
    page.keyboard.press("Escape")
    page.locator("#keys-sheet").wait_for(state="hidden")
    _tab_to(page, "history-rows")
    page.keyboard.press("Enter")
    page.locator("#card .card .band").wait_for()
    assert noise.found == []


def test_enter_sends_shift_enter_breaks_the_line_and_the_composer_stays_in_view(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page(390)
    interview(page, site.url)
    page.locator("#say textarea").focus()
    page.keyboard.type("We would retrain daily")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and watch drift.")
    page.keyboard.press("Enter")
    said = page.locator("#chat .message.user .exact")
    said.wait_for()
    assert said.text_content() == "We would retrain daily\nand watch drift."
    page.locator("#send").wait_for()
    page.wait_for_function("() => document.querySelectorAll('#chat .message.bot').length >= 3")
    assert _composer_in_view(page)
    assert page.locator("#say textarea").input_value() == ""
    page.reload()
    # Come back to, a conversation opens at its newest words.
    until(lambda: page.locator("#chat .message.bot").count() >= 3 and _composer_in_view(page))
    assert page.evaluate("scrollY") > 0
    assert noise.found == []


def _composer_in_view(page: Page) -> bool:
    box, bar = page.locator("#say textarea").bounding_box(), page.locator("#rail").bounding_box()
    return box is not None and bar is not None and box["y"] + box["height"] <= bar["y"]


def test_the_coach_is_asked_from_another_screen_and_gives_the_focus_back(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    page.goto(f"{site.url}/?s=progress")
    settled(page)
    page.get_by_role("link", name="Ask the coach").click()
    page.locator("#ask-coach").wait_for()
    page.wait_for_function("() => document.activeElement.closest('#ask')")
    page.keyboard.type("What is point-in-time correctness?")
    page.keyboard.press("Enter")
    chip = page.locator("#coach-chat .chip").first
    chip.wait_for()
    words = chip.inner_text()
    assert page.evaluate("document.documentElement.dataset.screen") == "progress"
    chip.click()
    page.locator("#passage").wait_for()
    settled(page)
    assert page.locator("h1:visible").inner_text() == words
    assert page.evaluate(
        "(() => { const r = document.querySelector('#passage').getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight })()"
    )
    page.locator("#ask textarea").focus()
    page.keyboard.press("Escape")
    page.locator("#coach").wait_for(state="hidden")
    assert "ask=" not in page.url
    assert page.evaluate("document.activeElement.textContent") == "Ask the coach"
    assert noise.found == []


def _faults(page: Page) -> list[str]:
    found = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in Axe().run(page, options=RULES).response["violations"]]
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if width[0] > width[1]:
        found.append(f"scrolls sideways: {width}")
    found += page.evaluate(
        """() => [...document.querySelectorAll('gradio-app main :is(p, pre, h1, h2, td, li, a, button, textarea, .box)')].filter(e => e.checkVisibility() && !e.closest('.scrolls')
          && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 2).map(e => `cut off at the right: ${e.outerHTML.slice(0, 80)}`)"""
    )
    headings = page.locator("h1:visible").count()
    if headings != 1:
        found.append(f"{headings} h1")
    return found + page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, textarea, summary')].filter(e => e.checkVisibility() && !e.closest('.sr') && !e.classList.contains('sr')
          && !e.classList.contains('skip')).filter(e => { const box = (e.closest('label') ?? e).getBoundingClientRect(); const inText = getComputedStyle(e).display === 'inline';
          return !inText && box.width && (box.width < 24 || box.height < 24) }).map(e => `small target: ${e.outerHTML.slice(0, 120)}`)"""
    )


def _tab_to(page: Page, target: str, forward: bool = True) -> None:
    """Tab until the element (or what holds it) has that id; the focus must be seen all the way."""
    for _ in range(60):
        page.keyboard.press("Tab" if forward else "Shift+Tab")
        at = page.evaluate(
            """() => { const e = document.activeElement; const box = e.getBoundingClientRect(); const over = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
            return { ids: [e.id, e.closest('[id]')?.id, e.dataset?.place ? `rail-${e.dataset.place}` : ''], seen: box.height > 0 && (e.contains(over) || over?.contains(e) || e.closest('label')?.contains(over)) } }"""
        )
        assert at["seen"], at
        if target in at["ids"]:
            return
    raise AssertionError(f"{target} is not reached with Tab")
