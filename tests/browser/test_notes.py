"""The study notes as pages: what is drawn is drawn, what is worked out stands there, the contents lead to their parts, and a part can be asked about.

`make test` opens every tenth note; `make check SUITE=notes` opens them all.
"""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

import pytest
from playwright.sync_api import Page

from assistant.knowledge import sample_posting, shipped, split_sections
from assistant.schema import Document
from browser.pages import Noise, Opener, Server, move, settled

NOTES = shipped().documents
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_SEEN = """() => {
  const body = document.querySelector('#sources-body'), count = (what, within = body) => within.querySelectorAll(what).length;
  const text = document.createElement('div');
  text.append(...[...body.querySelectorAll('.text')].map(t => t.cloneNode(true)));
  text.querySelectorAll('code, pre, .formula, .mermaid').forEach(e => e.remove());
  return {
    diagrams: [...body.querySelectorAll('.mermaid')].map(d => d.querySelectorAll('svg[aria-roledescription^=flowchart] .nodes > g').length),
    broken: count('[aria-roledescription=error], .error-icon, .katex-error, .katex [style*="#cc0000"], .katex [mathcolor="#cc0000"]') + count('[id^=dmermaid]', document),
    formulas: [...body.querySelectorAll('.formula')].map(f => f.querySelectorAll('.katex').length),
    alone: [...body.querySelectorAll('.formula.alone')].map(f => f.querySelectorAll('.katex-display').length),
    results: [...body.querySelectorAll('.worked strong')].map(s => s.textContent.replace(/^= |,/g, '')),
    left: text.textContent.match(/\\$\\$|\\\\[([]|# *=|[\\ue000-\\uf8ff]/g) ?? [],
    wide: document.documentElement.scrollWidth > innerWidth,
  };
}"""


def expected(note: Document) -> dict[str, Any]:
    """What a note's page must show, read from the note's own text."""
    fences = _FENCE.findall(note.text)
    prose = re.sub(r"`[^`\n]+`", "", _FENCE.sub("", note.text))
    alone = len(re.findall(r"\$\$.+?\$\$", prose, re.DOTALL))
    stated = [v for kind, code in fences if kind == "python worked" for v in re.findall(r"#\s*=\s*(\S+)\s*$", code, re.MULTILINE)]
    return {
        "diagrams": sum(kind == "mermaid" for kind, _ in fences),
        "formulas": [1] * (alone + len(re.findall(r"\\\\\(.+?\\\\\)", prose))),
        "alone": [1] * alone,
        "results": [v.replace("_", "").replace(",", "") for v in stated],
    }


def opened(page: Page, note: Document) -> None:
    """The note's page, what is on it drawn."""
    move(page, f"/?s=sources&doc={urllib.parse.quote(note.id)}")
    page.wait_for_function(
        "id => document.querySelector('#sources-body [data-parts]')?.dataset.parts === `doc=${id}&s=sources`"
        " && [...document.querySelectorAll('#sources-body .mermaid')].every(d => d.querySelector(':scope > svg'))"
        " && [...document.querySelectorAll('#sources-body .formula')].every(f => f.querySelector('.katex'))",
        arg=note.id,
    )


def all_drawn(page: Page, notes: list[Document]) -> None:
    for note in notes:
        opened(page, note)
        seen, wanted = page.evaluate(_SEEN), expected(note)
        assert len(seen["diagrams"]) == wanted["diagrams"], note.id
        assert all(nodes >= 2 for nodes in seen["diagrams"]), note.id
        assert {k: seen[k] for k in ("formulas", "alone", "results")} == {k: wanted[k] for k in ("formulas", "alone", "results")}, note.id
        assert (seen["broken"], seen["left"], seen["wide"]) == (0, [], False), note.id


def test_every_tenth_note_is_drawn_on_the_narrowest_phone(site: Server, new_page: Opener, noise: Noise) -> None:
    page = new_page(320, dark=True)
    page.goto(site.url)
    settled(page)
    sample = list(NOTES[::10])
    assert sum(expected(n)["diagrams"] for n in sample) >= 2
    assert sum(len(expected(n)["formulas"]) for n in sample) >= 5
    assert sum(len(expected(n)["results"]) for n in sample) >= 50
    all_drawn(page, sample)
    assert noise.found == []
    assert noise.off_machine == []


@pytest.mark.sweep("notes")
@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("topic", sorted({n.topic for n in NOTES}))
def test_every_note_is_drawn(site: Server, new_page: Opener, noise: Noise, topic: str, width: int) -> None:
    page = new_page(width)
    page.goto(site.url)
    settled(page)
    all_drawn(page, [n for n in NOTES if n.topic == topic])
    assert noise.found == []


def test_the_contents_lead_to_their_parts_with_the_keyboard_and_the_topic_leads_on(site: Server, new_page: Opener, noise: Noise) -> None:
    note = next(n for n in NOTES if n.id == "sequence-models/attention-over-events")
    parts = split_sections(note)
    page = new_page()
    page.goto(f"{site.url}/?s=sources&part=sequence-models")
    settled(page)
    row = page.locator("#part-sequence-models")
    row.get_by_role("link", name=note.title).wait_for()
    assert shipped().topic("sequence-models").line in row.locator("summary").inner_text()  # type: ignore[union-attr]
    row.get_by_role("link", name=note.title).click()
    opened(page, note)
    contents = page.get_by_role("navigation", name="Contents").get_by_role("link")
    assert contents.all_inner_texts() == [s.heading for s in parts]
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == parts[-1].heading:
            break
    page.keyboard.press("Enter")
    assert at_part(page) == parts[-1].heading
    contents.first.click()
    assert at_part(page) == parts[0].heading
    page.go_back()
    page.wait_for_function("part => location.search.includes(part)", arg=parts[-1].part)
    page.reload()
    settled(page)
    page.wait_for_function("words => document.activeElement.textContent === words", arg=parts[-1].heading)
    assert at_part(page) == parts[-1].heading
    assert page.title() == f"{note.title} - Interview Assistant"
    page.get_by_role("navigation", name="More of this topic").get_by_role("link").last.click()
    page.wait_for_function("words => document.querySelector('#sources-head h1')?.textContent !== words", arg=note.title)
    settled(page)
    assert page.evaluate("[scrollY, document.activeElement.tagName]") == [0, "H1"]
    assert noise.found == []


def at_part(page: Page) -> Any:
    """The heading that has the focus, where it stands at the top of the window."""
    return page.evaluate(
        "(() => { const e = document.activeElement, top = e.getBoundingClientRect().top, end = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;"
        " return e.tagName === 'H2' && top >= 0 && (top < 80 || (end && top < innerHeight)) ? e.textContent : `${e.tagName} at ${top}`; })()"
    )


def test_a_part_is_asked_about_and_the_way_leads_back_to_it(site: Server, new_page: Opener, noise: Noise) -> None:
    note = next(n for n in NOTES if n.id == "multi-task-learning/serving-and-ownership")
    part = split_sections(note)[1]
    page = new_page(390)
    page.goto(site.url)
    settled(page)
    opened(page, note)
    page.get_by_role("button", name=f"Ask me about this: {part.heading}").click()
    page.locator("#answer textarea").wait_for()
    settled(page)
    asked = site.act("question", question_id=urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)["q"][0])
    assert part.id in asked["question"]["sources"]
    assert page.locator("#practise-head h1").inner_text() == asked["question"]["text"]
    assert page.evaluate("document.activeElement.tagName") == "H1"
    why = page.locator("#practise-head .from")
    assert part.heading in why.inner_text()
    assert asked["posting_line"]["phrase"] in sample_posting()
    assert asked["posting_line"]["phrase"] in why.inner_text()
    page.locator("#answer textarea").fill("We agree who may change the trunk.")
    page.wait_for_function("() => document.querySelector('#saved').textContent.startsWith('saved ')")
    page.go_back()
    page.wait_for_function("words => document.activeElement.textContent === words", arg=part.heading)
    settled(page)
    page.get_by_role("button", name=f"Ask me about this: {part.heading}").click()
    page.wait_for_function("() => document.querySelector('#answer textarea')?.value === 'We agree who may change the trunk.'")
    settled(page)
    page.locator("#get-feedback").click()
    page.locator("#card .card .band").wait_for()
    page.locator("#next", has_text="Back to the note").click()
    page.wait_for_function("words => document.activeElement.textContent === words", arg=part.heading)
    assert noise.found == []
    assert noise.off_machine == []
