"""The main path, cold and without a key: one click to a question, a card whose quotes are in the answer, and nothing lost."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page

from assistant.knowledge import shipped
from assistant.text import shared_ngrams
from browser.pages import ANSWER, Noise, Opener, Server, settled


def test_one_click_from_a_cold_start_to_a_question_then_a_card_and_a_restart_keeps_all(
    fresh: Server, new_page: Opener, noise: Noise
) -> None:
    fresh.start()
    page = new_page()
    _open_at_once(page, fresh)
    page.locator("#start-practising").click()
    heading = page.locator("#practise-head h1")
    heading.wait_for()
    settled(page)
    first_question = time.monotonic() - fresh.began
    asked = heading.inner_text()
    assert page.evaluate("document.activeElement.textContent") == asked
    assert page.title() == "Question 1 of 4 - Interview Assistant"
    assert "Asked because the posting says" in page.locator("#practise-head .from").inner_text()

    answer = _good_answer(asked)
    page.locator("#answer textarea").fill(answer)
    page.wait_for_function("() => document.querySelector('#saved').textContent.startsWith('saved ')")
    page.reload()
    page.wait_for_function("words => document.querySelector('#answer textarea')?.value === words", arg=answer)

    page.locator("#get-feedback").click()
    sent = time.monotonic()
    page.locator("#card .card .band").wait_for()
    first_card = time.monotonic() - sent
    seen = page.locator("#card").inner_text()
    for quote in _quotes(page):
        assert quote in answer
    address = page.url
    print(f"first question {first_question:.1f} s after process start, card {first_card:.1f} s after submit")
    # Three times what is promised: 20 s to the question, 2 s to the card. The machine that tests may be slow.
    assert first_question < 60
    assert first_card < 6

    page.reload()
    page.locator("#card .card .band").wait_for()
    assert page.locator("#card").inner_text() == seen
    typing = page.context.new_page()  # what a page says while the server is away is no noise
    typing.goto(fresh.url)
    typing.get_by_role("link", name="Continue").click()
    typing.locator("#get-feedback").wait_for()
    settled(typing)
    code, printed = fresh.stop(signal.SIGTERM)
    assert code == 0
    assert fresh.url in printed
    assert str(fresh.home) in printed
    assert not (fresh.home / "server.json").exists()
    assert fresh.opened.read_text().split() == [fresh.url]
    noise_before_the_stop = list(noise.found)

    typing.locator("#answer textarea").fill("Typed while the server was away.")
    typing.get_by_text("Reconnecting. What you typed is kept on this page.").wait_for()
    fresh.start()
    fresh.wait()
    typing.get_by_text("Reconnecting.").wait_for(state="detached")
    typing.wait_for_function("() => document.querySelector('#answer textarea')?.value === 'Typed while the server was away.'")
    again = new_page()
    again.goto(address)
    again.locator("#card .card .band").wait_for()
    assert again.locator("#card").inner_text() == seen
    again.goto(fresh.url)
    again.get_by_text("You are at question 2 of 4").wait_for()
    assert noise_before_the_stop == []
    assert noise.off_machine == []


def test_the_running_server_tells_commands_where_it_is(site: Server) -> None:
    about = json.loads((site.home / "server.json").read_text())
    assert about["url"] == site.url
    assert (Path(site.home) / "server.json").stat().st_mode & 0o077 == 0
    request = urllib.request.Request(f"{site.url}/api/v1/actions/sets", data=b"{}", headers={"Authorization": f"Bearer {about['token']}"})
    with urllib.request.urlopen(request) as answer:
        assert [s["status"] for s in json.load(answer)][-1] == "complete"


def test_skip_next_and_try_again_lead_where_they_say(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    page.goto(site.url)
    page.locator("#start-practising").click()
    page.locator("#answer textarea").wait_for()
    settled(page)
    page.locator("#skip").click()
    page.wait_for_function("() => document.title.startsWith('Question 2 of 4')")
    page.locator("#hint").click()
    page.locator("#hints p").wait_for()
    page.locator("#answer textarea").fill(ANSWER)
    page.keyboard.press("Control+Enter")
    page.locator("#card .card .band").wait_for()
    assert "with one hint" in page.locator("#card").inner_text()
    assert page.locator(".primary:visible").all_inner_texts() == ["Next question"]
    page.locator("#again").click()
    page.locator("#get-feedback").wait_for()
    page.wait_for_function(
        "words => document.querySelector('#answer textarea')?.value === words && location.search.includes('again=1')", arg=ANSWER
    )
    page.locator("#answer textarea").fill(ANSWER + " I would name one owner.")
    page.locator("#get-feedback").click()
    page.get_by_text("Attempt 2 ·").wait_for()
    page.locator("#next").click()
    page.wait_for_function("() => document.title.startsWith('Question 3 of 4')")
    page.go_back()
    page.get_by_text("Attempt 2 ·").wait_for()
    assert noise.found == []
    assert noise.off_machine == []


def test_a_deleted_answer_comes_back_by_undo(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    page.goto(f"{site.url}/?s=progress")
    rows = page.locator("#history-rows tr")
    rows.first.wait_for()
    before = rows.count()
    rows.first.locator("a").click()
    page.locator("#card .card .band").wait_for()
    page.locator("#delete-answer").click()
    page.locator("#undo").wait_for()
    settled(page)
    assert rows.count() == before - 1
    page.locator("#undo").click()
    page.wait_for_function(
        "n => document.querySelectorAll('#history-rows tr').length === n && !location.search.includes('undo')", arg=before
    )
    assert noise.found == []


def test_two_tabs_on_one_answer_are_told_and_neither_text_is_lost(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    page.goto(site.url)
    page.locator("#start-practising").click()
    page.locator("#answer textarea").wait_for()
    settled(page)
    other = new_page(context=page.context)
    other.goto(page.url)
    other.locator("#answer textarea").wait_for()
    settled(other)
    other.locator("#answer textarea").fill("Written in the other tab.")
    other.wait_for_function("() => document.querySelector('#saved').textContent.startsWith('saved ')")
    page.locator("#answer textarea").fill("Written in this tab.")
    page.locator("#draft-conflict").get_by_text("This answer was changed in another tab.").wait_for()
    page.get_by_role("button", name="See both").click()
    assert page.locator("#draft-conflict .exact").inner_text() == "Written in the other tab."
    page.get_by_role("button", name="Keep mine").click()
    page.locator("#draft-conflict p").first.wait_for(state="detached")
    page.reload()
    page.wait_for_function("() => document.querySelector('#answer textarea')?.value === 'Written in this tab.'")
    noise.found = [n for n in noise.found if "409" not in n]
    assert noise.found == []


def test_an_own_posting_is_pasted_and_practised(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    page.goto(f"{site.url}/?s=today&own=1")
    settled(page)
    page.locator("#posting-text textarea").fill("https://jobs.example.com/123")
    page.locator("#use-posting").click()
    page.get_by_role("alert").get_by_text("I cannot open links. Paste the text of the posting.").wait_for()
    text = "Data Engineer\nAcme Bikes\n\nResponsibilities\n- Build batch pipelines for rental data in Python.\n- Keep the feature store fresh and monitored.\n\nRequirements\n- Strong SQL and data modelling skills.\n- Experience with Spark.\n"
    page.locator("#posting-text textarea").fill(text)
    page.locator("#use-posting").click()
    page.get_by_role("heading", name="Practise for Data Engineer").wait_for()
    page.goto(f"{site.url}/?s=sources")
    page.locator("#sources-body").get_by_role("link", name="Senior Staff").click()
    page.locator("#use-this-posting").click()
    page.get_by_text("Sample posting.").wait_for()
    assert noise.found == []


def _open_at_once(page: Page, server: Server) -> None:
    """The loading page answers before anything heavy is imported; it gives way to the page by itself."""
    while True:
        try:
            urllib.request.urlopen(f"{server.url}/healthz", timeout=5).close()
            break
        except OSError:
            assert time.monotonic() - server.began < 30
            time.sleep(0.02)
    page.goto(server.url)
    page.locator("#start-practising").wait_for(timeout=90_000)
    settled(page)


def _good_answer(asked: str) -> str:
    """The bank's own answer to the question on the screen, which earns credit that a card must quote."""
    return max(shipped().bank, key=lambda q: shared_ngrams(q.text, asked, 2)).strong_answer


def _quotes(page: Page) -> list[str]:
    """What the card says the candidate wrote, cut quotes without their ellipsis."""
    found = page.locator("#card .strengths li, #card blockquote, #card .grading td:nth-child(3)").evaluate_all(
        "es => es.map(e => e.firstChild?.textContent ?? '')"
    )
    quotes = [t.strip().removeprefix("“").removesuffix("”").removesuffix("…") for t in found if t.strip().startswith("“")]
    assert quotes
    return quotes
