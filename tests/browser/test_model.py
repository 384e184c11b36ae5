"""The page on a model: words are there while they are written, a fault costs nothing, and nothing a model writes can act."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from payloads import PAYLOADS
from playwright.sync_api import Page
from provider_stub import HANG, ProviderStub, Script, Seen, answer_sensibly, give, say, status

from browser.pages import ANSWER, Noise, Opener, Server, interview, settled, until

WORDS = " ".join(f"word{n}" for n in range(1, 61))
SAID = "We would retrain daily on fresh labels, and watch the drift of every feature."


@pytest.fixture(autouse=True)
def _sensible(stub: ProviderStub) -> None:
    stub.answerer = answer_sensibly


def test_words_are_on_the_page_while_the_model_stalls_and_stop_keeps_them(
    modelled: Server, stub: ProviderStub, new_page: Opener, noise: Noise
) -> None:
    page = new_page()
    _quiet_interview(page, modelled, stub)
    # Six pieces of JSON, then twenty words of the question, then nothing.
    stub.queue(give({"quote": "We would retrain daily", "text": WORDS}, hold_after=26))
    page.locator("#say textarea").fill(SAID)
    page.keyboard.press("Enter")
    reply = page.locator("#chat .message.bot").last
    page.wait_for_function("() => document.querySelector('#chat')?.textContent.includes('word19')")
    assert "word21" not in page.locator("#chat").inner_text()
    assert page.locator("#status").text_content() == "Interviewer is writing"
    assert page.locator("#stop-turn").is_visible()
    assert not page.locator("#send").is_visible()

    page.reload()
    page.wait_for_function("() => document.querySelector('#chat')?.textContent.includes('word19')")
    other = new_page(context=page.context)
    other.goto(page.url)
    other.wait_for_function("() => document.querySelector('#chat')?.textContent.includes('word19')")
    assert other.locator("#chat .message.user").count() == 1

    page.locator("#say textarea").focus()
    page.keyboard.press("Escape")
    page.locator("#turn-again").wait_for()
    until(lambda: stub.under_way == 0)
    assert "word19" in reply.inner_text()
    other.locator("#turn-again").wait_for()
    page.locator("#turn-again").click()
    page.wait_for_function("() => !document.querySelector('#chat').textContent.includes('word19')")
    page.locator("#send").wait_for()
    page.locator("#turn-again").wait_for(state="hidden")
    assert page.locator("#chat .message.user").count() == 1
    noise.found = [n for n in noise.found if "heartbeat" not in n]
    assert noise.found == []
    assert noise.off_machine == []


def test_a_long_wait_says_what_happens_then_offers_the_ways_on(
    modelled: Server, stub: ProviderStub, new_page: Opener, noise: Noise
) -> None:
    page = new_page()
    _quiet_question(page, modelled, stub)
    stub.queue(HANG)
    page.locator("#answer textarea").fill(ANSWER)
    page.locator("#get-feedback").click()
    page.locator("#card .waiting p").wait_for(state="attached")
    assert page.locator("#card .tag.wait").count() >= 4
    page.locator("#card .waiting").get_by_text("Reading your answer…").wait_for()
    page.locator("#check-built-in-now").wait_for()
    page.get_by_role("button", name="Keep waiting").click()
    page.locator("#check-built-in-now").wait_for(state="hidden")
    page.locator("#check-built-in-now").wait_for()
    page.locator("#check-built-in-now").click()
    page.locator("#card .card .band").wait_for()
    assert "checked by built-in rules, not by an AI model" in page.locator("#card").inner_text()
    assert noise.found == []


FAULTS: list[tuple[list[Script], str, list[str]]] = [
    ([status(401, "bad key sk-canary")], "The model service did not accept the key. Your answer is saved.", ["Check key", "Use built-in feedback"]),
    ([status(429, code="insufficient_quota")], "The model account has no credit left. Your answer is saved.", ["Use built-in feedback", "Try again"]),
    ([status(500)] * 3, "The model service had a problem. Your answer is saved.", ["Try again", "Use built-in feedback"]),
    ([say("Well, it is fine."), say("Still fine.")], "The model's feedback did not make sense, so I did not show it.", ["Try again", "Use built-in feedback"]),
    ([say("", refusal="I can't")] * 2, "The model would not answer this one. That is about the model, not your answer.", ["Try again", "Use built-in feedback"]),
]  # fmt: skip


@pytest.mark.timeout(240)
def test_every_fault_is_told_where_it_happened_and_its_buttons_work(
    modelled: Server, stub: ProviderStub, new_page: Opener, noise: Noise
) -> None:
    page = new_page()
    _quiet_question(page, modelled, stub)
    for number, (scripts, words, buttons) in enumerate(FAULTS):
        if number:
            page.locator("#again").click()
            page.locator("#get-feedback").wait_for()
            settled(page)
        answer = f"{ANSWER} Take {number}."
        stub.queue(*scripts)
        page.locator("#answer textarea").fill(answer)
        page.locator("#get-feedback").click()
        page.get_by_role("alert").get_by_text(words).wait_for()
        shown = page.locator("#screen-practise .banner a.btn, #card-actions button").filter(visible=True).all_inner_texts()
        assert sorted(shown) == sorted(buttons)
        assert "canary" not in page.content()
        page.locator(".yours summary").click()
        assert page.locator(".yours .exact").text_content() == answer
        stub._queue.clear()
        page.get_by_role("button", name="Try again" if "Try again" in buttons else "Use built-in feedback").click()
        page.locator("#card .card .band").wait_for()
    assert noise.found == []


@pytest.mark.timeout(240)
def test_nothing_a_stranger_wrote_can_act(modelled: Server, stub: ProviderStub, new_page: Opener, noise: Noise) -> None:
    bad = "\n\n".join(PAYLOADS)
    stub.answerer = _obedient
    page = new_page()
    page.add_init_script("window.alert = () => { window.acted = true }")
    started = page.context.pages
    notes = modelled.act("add_notes", file_name="<img src=x onerror=alert(1)>.md", text=f"## {PAYLOADS[1]}\n\n{bad}\n")["id"]
    lines = "\n".join(f"- Build {p.splitlines()[0]} pipelines for people in Python." for p in PAYLOADS)
    posting = modelled.act("add_posting", text=f"Engineer <b>\nAcme\n\nResponsibilities\n{lines}\n")["id"]
    talk = modelled.act("ask", text=f"What is a mask? {bad}"[:15_000], key="bad")["id"]
    made = modelled.act("start_set", minutes=10)
    question = made["questions"][0]["id"]
    attempt = modelled.act("submit", question_id=question, answer=f"{ANSWER} {bad}"[:15_000], key="bad")["id"]
    meeting = modelled.act("start_interview", minutes=10)["id"]
    modelled.act("say", interview_id=meeting, text=f"{SAID} {bad}"[:15_000], key="bad")
    until(lambda: modelled.act("interview", interview_id=meeting)["turns"][-1]["status"] not in ("pending", "partial"))
    until(lambda: modelled.act("attempt", attempt_id=attempt)["status"] in ("complete", "failed"))
    until(lambda: modelled.act("conversation", conversation_id=talk)["turns"][-1]["status"] not in ("pending", "partial"))
    modelled.act("end_interview", interview_id=meeting)
    surfaces = [
        f"/?s=sources&doc={notes}", "/?s=sources", f"/?s=sources&posting={posting}", f"/?s=today&ask={talk}", f"/?s=practise&q={question}", f"/?s=practise&set={made['id']}",
        f"/?s=interview&i={meeting}", "/?s=progress", "/", f"/?s=practise&q={PAYLOADS[1]}",
    ]  # fmt: skip
    for address in surfaces:
        page.goto(modelled.url + address)
        settled(page)
        page.wait_for_timeout(400)
        assert page.url.startswith(modelled.url)
        assert page.evaluate("window.acted") is None
        assert (
            page.evaluate(
                "[...document.querySelectorAll('gradio-app :is(script, iframe, object, embed, video, audio, form, meta, base)')].length"
            )
            == 0
        )
        assert page.evaluate("[...document.querySelectorAll('gradio-app img, gradio-app a')].filter(e => /evil|javascript/.test(e.src ?? '') || e.tagName === 'A' && !e.href.startsWith(location.origin)).length") == 0  # fmt: skip
    assert page.context.pages == started
    assert noise.off_machine == []
    assert noise.found == []


def _obedient(seen: Seen) -> Script:
    """A model that writes whatever would do harm, wherever its answer's form leaves room."""
    made = answer_sensibly(seen)
    bad = " ".join(PAYLOADS[:4])
    if seen.task == "coach_reply":
        return replace(made, text=made.text + "\n\n" + "\n\n".join(PAYLOADS))
    if not made.text.startswith("{"):
        return made
    return give(_worse(json.loads(made.text), bad))


def _worse(value: Any, bad: str) -> Any:
    if isinstance(value, dict):
        return {
            k: v if k in ("id", "criterion", "quote", "probes", "source", "dimension", "verdict", "pitfall", "frame") else _worse(v, bad)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_worse(v, bad) for v in value]
    return f"{value} {bad}"[:200] if isinstance(value, str) and re.search(r"\s", value) else value


def _quiet_question(page: Page, server: Server, stub: ProviderStub) -> None:
    """An open question, nothing more being written behind it that would take what is scripted next."""
    made = server.act("start_set", minutes=10)
    until(lambda: server.act("question_set", set_id=made["id"])["status"] != "writing" and stub.under_way == 0)
    page.goto(f"{server.url}/?s=practise&q={made['questions'][0]['id']}")
    page.locator("#get-feedback").wait_for()
    settled(page)


def _quiet_interview(page: Page, server: Server, stub: ProviderStub) -> None:
    interview(page, server.url)
    made = server.act("interviews")[0]
    until(lambda: server.act("question_set", set_id=made["set_id"])["status"] != "writing" and stub.under_way == 0)
