"""What a person types, brings and takes away: limits told before anything is sent, files read or refused in words, exports that open."""

from __future__ import annotations

from pathlib import Path

from provider_stub import ProviderStub

from browser.pages import Noise, Opener, Server, card, question, settled


def test_a_text_over_the_limit_is_told_at_once_and_not_sent(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    question(page, site.url)
    page.locator("#answer textarea").fill("word " * 4_001)
    page.get_by_role("alert").get_by_text("This text has 20,005 characters. The limit is 20,000.").wait_for()
    page.locator("#get-feedback").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(500)
    assert page.locator("#card .card").count() == 0
    page.locator("#answer textarea").fill("word " * 4_000)
    page.locator(".limit").wait_for(state="detached")
    page.goto(f"{site.url}/?s=today&own=1")
    settled(page)
    page.locator("#posting-text textarea").fill("duties " * 30_000)
    page.get_by_role("alert").get_by_text("This text has 210,000 characters. The limit is 200,000.").wait_for()
    assert noise.found == []


def test_files_are_read_or_refused_in_words(site: Server, new_page: Opener, noise: Noise, tmp_path: Path) -> None:
    page = new_page()
    page.goto(f"{site.url}/?s=sources")
    settled(page)
    for name, content, words in (
        ("cv.pdf", b"%PDF-1.7", "I can read text and Markdown for now, and “cv.pdf” is neither. Paste the text instead."),
        ("big.txt", b"x" * 10_000_001, "This file is 11 MB. The limit is 10 MB."),
        ("empty.md", b"  \n", "“empty.md” is empty. Choose another file."),
    ):
        (tmp_path / name).write_bytes(content)
        page.locator("#notes-chooser").set_input_files(tmp_path / name)
        page.locator("#notes-chooser-said").get_by_text(words).wait_for()
    noise.found.clear()  # the refusal of the empty file is an answer with a status of its own
    (tmp_path / "latin.txt").write_bytes("Größe".encode("latin-1"))
    page.locator("#notes-chooser").set_input_files(tmp_path / "latin.txt")
    page.locator("#notes-chooser-said").get_by_text("is not plain text (UTF-8)").wait_for()
    noise.found.clear()
    (tmp_path / "Mine & yours.md").write_text("## Skew\n\nLog what was served.\n", encoding="utf-8")
    page.locator("#notes-chooser").set_input_files(tmp_path / "Mine & yours.md")
    page.get_by_role("heading", name="Mine & yours.md").wait_for()
    settled(page)
    page.locator("#delete-notes").click()
    page.locator("#undo-source").wait_for()
    page.locator("#undo-source").click()
    page.locator("#sources-body").get_by_role("link", name="Mine & yours.md").wait_for()
    assert noise.found == []


def test_a_card_can_be_copied_and_saved(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card(page, site.url)
    asked = page.locator("#practise-head h1").inner_text()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert "How it was graded" in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as saving:
        page.locator("#card").get_by_role("link", name="Save as Markdown").click()
    text = Path(saving.value.path()).read_text(encoding="utf-8")
    assert saving.value.suggested_filename == "feedback.md"
    assert asked[:40] in text
    assert page.url.startswith(f"{site.url}/?s=practise")
    noise.found = [n for n in noise.found if "/export" not in n]  # a download leaves the page's own request unfinished
    assert noise.found == []


def test_a_model_is_set_tested_and_removed_and_its_key_never_comes_back(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page()
    page.goto(f"{site.url}/?s=settings")
    settled(page)
    page.locator("#model-address textarea").fill("ftp://nowhere")
    page.locator("#use-model").click()
    page.get_by_role("alert").get_by_text("The address begins with http:// or https://").wait_for()
    page.locator("#model-address textarea").fill("http://127.0.0.1:9/v1")
    page.locator("#model-name textarea").fill("tiny")
    page.locator("#model-key input").fill("sk-canary-1234")
    page.locator("#use-model").click()
    page.get_by_text("In use: tiny on this computer. Your words do not leave it.").wait_for()
    assert page.locator("#model-key input").input_value() == ""
    page.locator("#test-model").click()
    page.locator("#model-tried").get_by_text("Nobody answers at 127.0.0.1, port 9.").wait_for()
    page.reload()
    settled(page)
    assert "canary" not in page.content()
    page.locator("#remove-model").click()
    page.get_by_text("Removed, with its key.").wait_for()
    assert "canary" not in (site.home / "settings.json").read_text()
    assert noise.found == []


def test_a_model_on_this_computer_is_found_used_by_one_click_and_its_ceiling_kept(
    site: Server, stub: ProviderStub, new_page: Opener, noise: Noise
) -> None:
    page = new_page()
    asked = len(stub.listed)
    page.goto(f"{site.url}/?s=today")
    settled(page)
    assert len(stub.listed) == asked
    page.goto(f"{site.url}/?s=settings")
    settled(page)
    page.get_by_text("OLLAMA_CONTEXT_LENGTH=8192 ollama serve").wait_for()
    assert not page.locator("#costs").is_visible()
    page.get_by_role("button", name="Use stub-model").click()
    page.get_by_text("In use: stub-model on this computer. Your words do not leave it.").wait_for()
    assert page.locator("#model-address textarea").input_value() == stub.url
    page.locator("#test-model").click()
    page.locator("#model-tried").get_by_text("“stub-model” answered in").wait_for()
    page.get_by_text("Nothing has been used today.").wait_for()
    page.locator("#daily-tokens textarea").fill("many")
    page.locator("#keep-costs").click()
    page.get_by_role("alert").get_by_text("“many” is not a number. Write it like 100,000 or 0.40.").wait_for()
    page.locator("#daily-tokens textarea").fill("100,000")
    page.locator("#price-in textarea").fill("0.4")
    page.locator("#price-out textarea").fill("1.60")
    page.locator("#keep-costs").click()
    page.get_by_text("Today: no calls, 0 of 100,000 tokens.").wait_for()
    # Coming back from another tab with a copied key, what was typed is still there.
    page.locator("#model-name textarea").fill("half a na")
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(700)
    assert page.locator("#model-name textarea").input_value() == "half a na"
    page.reload()
    settled(page)
    assert page.locator("#daily-tokens textarea").input_value() == "100,000"
    assert (page.locator("#price-in textarea").input_value(), page.locator("#price-cached textarea").input_value()) == ("0.4", "")
    page.locator("#remove-model").click()
    page.get_by_text("Removed, with its key.").wait_for()
    assert noise.found == []
