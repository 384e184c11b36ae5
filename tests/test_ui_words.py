"""What the page says: every screen's words without those that are ours alone, text of strangers as its characters, and a card by its rules.

The screens are painted from real values through the same functions the page uses; nothing of Gradio is imported.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path

import nh3
import pytest
from conftest import NOW, provenance, question
from payloads import PAYLOADS

from assistant.knowledge import sample_posting, shipped
from assistant.posting import parse_posting
from assistant.schema import (
    Advice,
    Attempt,
    Call,
    Citation,
    CriterionGrade,
    Critique,
    DimensionScore,
    Document,
    EndpointTest,
    Fix,
    Gap,
    HistoryRow,
    Interview,
    LocalServer,
    PitfallGrade,
    Price,
    Progress,
    Provenance,
    QuestionSet,
    Quote,
    Report,
    Span,
    Spent,
    Strength,
    Thread,
    Turn,
    Usage,
)
from assistant.ui import interview as meeting
from assistant.ui import pieces, practise, progress, settings, sources, today
from assistant.ui.card import card, grading, waiting_card
from assistant.ui.costs import costs_words, money_words, usage_words
from assistant.ui.markdown import ALONE, INLINE, exact, rendered
from assistant.ui.page import At
from assistant.workspace import Costs, FolderState, LocalServers, ModelState, Prices, QuestionView, Session, SessionCost

FORBIDDEN = (
    "rubric",
    "criterion",
    "criteria",
    "requirement",
    "coverage",
    "chunk",
    "index",
    "embedding",
    "engine",
    "retrieval",
    "provenance",
    "ungraded",
)
ANSWER = "I would log the features the service used beside each decision. We would monitor the model after launch. I'd retrain weekly."
WORKED = "```python worked\nbase = 7_000     # rows\ntotal = base * 2  # = 14000\nshare = 1 / 3   # = 0.33\n```\n"


def visible(markup: str) -> str:
    """The words a person meets: text, and what attributes say aloud."""
    spoken = " ".join(re.findall(r'(?:aria-label|data-title|data-says|placeholder|alt|title)="([^"]*)"', markup))
    return html.unescape(re.sub(r"<[^>]+>", " ", markup) + " " + spoken)


def graded(**changes: object) -> Attempt:
    def quote(words: str) -> Quote:
        at = ANSWER.index(words)
        return Quote(text=words, start=at, end=at + len(words))

    grades = (
        CriterionGrade(criterion="log", verdict="met", quote=quote("log the features the service used")),
        CriterionGrade(criterion="replay", verdict="partial", quote=quote("We would monitor the model after launch")),
        CriterionGrade(criterion="owner", verdict="missed"),
        CriterionGrade(criterion="stop", verdict="ungraded", reason="The model gave no verdict on this."),
    )
    advice = Advice(
        fix=Fix(criterion="replay", text="Say how you would compare both paths.", quote=quote("We would monitor the model after launch"), why="A comparison finds it.", frame="I would replay ____.", sources=("known#a", "gone#b")),
        also=(Gap(criterion="owner", text="Name the owner."), Gap(criterion="stop", text="Name a threshold.")),
        strengths=(Strength(quote=quote("log the features the service used"), text="You made the skew visible."),),
    )  # fmt: skip
    pitfalls = (PitfallGrade(pitfall="retrain", committed=True, quote=quote("I'd retrain weekly")),)
    critique = Critique(grades=grades, pitfalls=pitfalls, score=0.5, band=2, advice=advice, provenance=provenance())
    made = Attempt(id="a1", question_id="q1", answer=ANSWER, at=NOW, status="complete", critique=critique, hints_used=1)
    return made.model_copy(update=changes)


def with_critique(**changes: object) -> Attempt:
    critique = graded().critique
    assert critique is not None
    return graded(critique=critique.model_copy(update=changes))


def view(**changes: object) -> QuestionView:
    made = QuestionView(question=question(), set_id="s1", set_name="Practice for Engineer", number=1, count=4, posting_id="p1", posting_line=None, attempts=(), draft="", draft_revision=0, hints_used=0, next_id="q2")  # fmt: skip
    return made.model_copy(update=changes)


def talk() -> tuple[Turn, ...]:
    said = Turn(id="t2", ordinal=1, role="candidate", text="We'd retrain\n<b>daily</b> for $5.", at=NOW)
    cited = Citation(section_id="known#a", heading="Why a mask?", passage="A mask.")
    reply = Turn(id="t3", ordinal=2, role="coach", act="reply", text="It *hides*.", citations=(cited,), at=NOW)
    cut = Turn(id="t4", ordinal=3, role="interviewer", text="What", status="cut off", error="The reply was cut off. What arrived is kept above.", error_buttons=("Continue", "Try again"), at=NOW)  # fmt: skip
    return (Turn(id="t1", ordinal=0, role="interviewer", act="opening", text="Welcome.", at=NOW), said, reply, cut)


def held(**changes: object) -> Interview:
    report = Report(score=0.5, band=2, dimensions=(DimensionScore(dimension="depth", score=0.5, points=4, band=2), DimensionScore(dimension="evidence", score=None, points=1)), nudges=1, coach_asked=2)  # fmt: skip
    made = Interview(id="i1", posting_id="p1", set_id="s1", title="Mock interview for Engineer", minutes=20, level=4, threads=(Thread(question=question(), critique=graded().critique), Thread(question=question())), turns=talk(), report=report, created_at=NOW)  # fmt: skip
    return made.model_copy(update=changes)


def state(**changes: object) -> ModelState:
    made = ModelState(configured=True, model="gpt-x", base_url="https://api.openai.com/v1", host="api.openai.com", local=False, consented=False, has_key=True)  # fmt: skip
    return made.model_copy(update=changes)


PRICES = Prices(by_model={"gpt-x": Price(tokens_in=2, tokens_cached=0.5, tokens_out=8)}, currency="USD")
USED = Usage(tokens_in=1_000, tokens_out=100, tokens_cached=400, seconds=1.5)


def cost(**changes: object) -> SessionCost:
    made = Spent(calls=5, silent=1, usage=USED, money=0.0022)
    return SessionCost(spent=made.model_copy(update=changes), prices=PRICES)


def costs(**changes: object) -> Costs:
    spent = cost().spent
    call = Call(task="judge_answer", resource_id="s1", model="gpt-x", usage=USED, at=NOW)
    stopped = Call(task="coach_reply", resource_id="t1", model="other", usage=Usage(seconds=2), at=NOW)
    sessions = tuple(Session(kind=kind, id=f"{kind}1", name=name, at=NOW, spent=spent) for kind, name in (("set", "Practice for Engineer"), ("interview", "Mock interview"), ("coach", "What is a <mask>?"), ("other", "")))  # type: ignore[arg-type]  # fmt: skip
    made = Costs(today=spent, ever=spent.model_copy(update={"unpriced": 1}), sessions=sessions, calls=(call, stopped), prices=PRICES, model="gpt-x", daily_tokens=10_000, daily_money=None)  # fmt: skip
    return made.model_copy(update=changes)


def screens() -> dict[str, str]:
    """Every screen and state, as it is painted."""
    history = Progress(
        rows=tuple(HistoryRow(id=f"a{i}", kind="attempt" if i else "interview", title="Why does skew hide?", at=NOW - timedelta(days=i), band=3 if i else None, score=0.6, level=4, topic="sequence-models", question_id="q1") for i in range(8)),
        first=(DimensionScore(dimension="depth", score=0.2, points=4, band=1),), last=(DimensionScore(dimension="depth", score=0.7, points=4, band=3),), practised_days=("2026-11-24",),
    )  # fmt: skip
    made = QuestionSet(id="s1", name="Practice for Engineer", posting_id="p1", status="failed", questions=(question(), question(id="q2", origin="template")), planned=4, minutes=20, note="My bank covers 14 of this posting's 20 lines; the rest are general questions.", error="The model service had a problem.", error_buttons=("Try again",), created_at=NOW)  # fmt: skip
    at = At()
    shown = graded()
    return {
        "today plan": today.plan_words(20),
        "question": practise.QuestionState(at, view(), ["answer"]).head + practise.under_answer(question()) + practise.hints_given(question(), 3),
        "general question": practise.QuestionState(at, view(question=question(origin="template")), ["answer"], shown).head,
        "card": card(question(), shown, (shown, shown.model_copy(update={"ordinal": 2})), {"known#a": "Training and serving skew"}, practise.card_foot(view(), shown), cost()),
        "card, checking": waiting_card(question(), shown.model_copy(update={"critique": None}), "Reading your answer", 1.0, model=True),
        "card, not answered": card(question(), with_critique(grades=tuple(CriterionGrade(criterion=c.id, verdict="missed") for c in question().rubric.criteria), band=1, standing="not answered", remark="This is not an answer yet.", advice=Advice(outline="Log, compare, own.", read="known#a")), (), {"known#a": "Skew"}, practise.card_foot(view(next_id=None), shown), cost()),
        "card, another language": card(question(), with_critique(band=None, score=None, standing="another language", remark="I can only check answers in English.", advice=None), (), {}, practise.card_foot(view(), shown), cost()),
        "card, advice failed": card(question(), with_critique(advice=None, advice_error="The model's feedback did not make sense, so I did not show it."), (), {}, practise.card_foot(view(), shown), cost()),
        "card, nothing to fix": card(question(), with_critique(advice=Advice(next_level="Own the contract."), band=4), (), {}, practise.card_foot(view(), shown), cost()),
        "set": practise.set_head(made, running=False, doing="") + practise.set_head(None, running=False, doing="") + practise.set_head(made, running=True, doing=""),
        "interview": "".join(m["content"] for m in meeting.messages(talk(), "t")) + meeting.head_of(held(status="running")) + meeting.status_of(held(status="running"), False, "", 0, model=True) + meeting.status_of(held(status="paused"), False, "", 0, model=False) + meeting.status_of(held(status="running"), True, "Reading your answer", 4, model=True) + meeting.status_of(held(status="reporting"), True, "Reading your answers: 1 of 2", 1, model=True),
        "report": meeting.report_of(held(), cost()) + meeting.report_of(held(report=None), cost()),
        "progress": progress.head_of(at, history) + progress.history_of(history),
        "progress, empty": progress.head_of(at, Progress()),
        "question, while reading": practise.question_head(view(about=next(s for s in shipped().sections.values() if "mask" in s.heading)), None),
        "note": "".join(sources.document_page(At(), Document(id="sequence-models/a", source="notes", title="A note", topic="sequence-models", text="## One?\n\nA.\n\n## Two?\n\n" + WORKED), ())),
        "settings": "".join(settings.model_words(s) for s in (state(), state(consented=True), state(local=True), state(local=True, traced_to="api.smith.langchain.com"), state(configured=False))) + settings.more_of(At(sure="1"), FolderState(path="/home/me/data", bytes=5_000_000)) + settings.more_of(at, FolderState(path="/home/me", bytes=0)),
        "settings, costs": costs_words(costs()) + costs_words(costs(daily_tokens=1_000)) + costs_words(costs(daily_tokens=None, sessions=(), calls=(), today=Spent(), ever=Spent())),
        "settings, found": settings.LOOKING + settings.nearby_words(LocalServers(found=(LocalServer(name="Ollama", base_url="http://127.0.0.1:1/v1", models=("a", "nomic-embed-text"), note="Note."), LocalServer(name="vLLM", base_url="http://127.0.0.1:2/v1", models=())), looked_at=())) + settings.nearby_words(LocalServers(found=(), looked_at=("Ollama (11434)",))),
        "settings, tested": settings.tested_words(EndpointTest(ok=False, tried="I asked.", came_back="Nobody answers.", to_do="Start it.")),
        "sources": sources.READING + sources.references_of(Document(id="d", source="notes", title="t", text="", references=("Vaswani et al. 2017",))),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(screens()))
def test_no_screen_says_a_word_that_is_ours_alone(name: str) -> None:
    words = visible(screens()[name]).lower()
    assert words.strip()
    for word in FORBIDDEN:
        assert not re.search(rf"\b{word}(e?s)?\b", words), f"{name} says “{word}”"


def test_no_fixed_word_of_page_script_or_style_is_ours_alone() -> None:
    folder = Path(practise.__file__).parent
    texts = re.findall(r'"([^"\n]*)"', "\n".join(p.read_text() for p in folder.glob("*.py")))
    texts += re.findall(r'["`]([A-Z][^"`\n]* [^"`\n]*)["`]', (folder / "page.js").read_text())
    texts.append(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", (folder / "loading.html").read_text(), flags=re.DOTALL))
    sentences = [t for t in texts if re.match(r"[A-Z].* ", t) and "{" not in t]
    assert len(sentences) > 60
    found = [(w, t) for t in sentences for w in FORBIDDEN if re.search(rf"\b{w}(e?s)?\b", t.lower())]
    assert found == []


def test_a_card_by_its_rules() -> None:
    made = screens()["card"]
    text = visible(made)
    order = [
        text.index(part)
        for part in (
            "Below the staff bar",
            "You made the skew visible.",
            "Fix this first",
            "Also missing",
            "How it was graded",
            "Next question",
            "Try again",
        )
    ]
    assert order == sorted(order)
    assert text.count("Fix this first") == 1
    assert len(re.findall(r'class="miss"', made)) == 2
    for quote in re.findall(r"“([^”]+)”", html.unescape(re.sub(r"<[^>]+>", "", made))):
        assert quote.rstrip("…") in ANSWER or "____" in quote
    assert text.count("Nothing in your answer on this.") == 2
    assert "Training and serving skew" in text
    assert "gone#b" not in text
    assert "2 of 4" in text
    rows = re.findall(r'<td class="tag (\w+)">', made)
    assert rows == ["met", "part", "miss", "part", "miss"]
    assert "Checked by built-in rules, not by an AI model." in text
    before, _, _ = made.partition("<details")
    assert len(visible(before).split()) <= 220


def test_where_nothing_earns_credit_no_strength_is_made_up() -> None:
    made = visible(screens()["card, not answered"])
    assert "Nothing here earns credit yet." in made
    assert "Log, compare, own." in made
    assert "Read this first: " in made
    assert "Fix this first" not in made
    assert "Nothing to fix" not in made


def test_a_card_that_could_not_be_checked_shows_no_band_and_no_fix() -> None:
    made = screens()["card, another language"]
    assert "I can only check answers in English." in visible(made)
    assert "of 4" not in visible(made.partition("<details")[0])
    assert "Fix this first" not in made


def test_a_fault_of_the_advice_stands_beside_the_verdicts() -> None:
    made = visible(screens()["card, advice failed"])
    assert "The model's feedback did not make sense, so I did not show it." in made
    assert "Below the staff bar" in made
    assert "Nothing to fix" not in made


def test_where_all_is_met_the_next_level_is_told() -> None:
    made = visible(screens()["card, nothing to fix"])
    assert "Nothing to fix at this level." in made
    assert "Own the contract." in made


def test_how_a_card_was_made_is_told_call_by_call_with_what_it_took() -> None:
    by = Provenance(engine="model", model="gpt-x", prompt="judge_answer@2", at=NOW, usage=USED)
    advice = Advice(provenance=by.model_copy(update={"prompt": "advise@1", "model": "unpriced", "usage": Usage(seconds=2)}))
    made = visible(card(question(), with_critique(provenance=by, advice=advice), (), {}, practise.card_foot(view(), graded()), cost()))
    assert "Checked by gpt-x · judge_answer@2 · 1.5 seconds · 1,000 tokens in, 400 of them cached · 100 out · USD 0.0022" in made
    assert "Advice by unpriced · advise@1 · 2.0 seconds · the service did not say how many tokens" in made
    assert "This set so far: five calls · 1.5 seconds · 1,000 tokens in, 400 of them cached · 100 out · USD 0.0022" in made
    built_in = visible(card(question(), graded(), (), {}, practise.card_foot(view(), graded()), cost(calls=0)))
    assert "By built-in rules on this computer." in built_in
    assert "so far" not in built_in
    report = visible(
        meeting.report_of(held(threads=(Thread(question=question(), critique=with_critique(provenance=by).critique),)), cost())
    )
    assert "Checked by gpt-x" in report
    assert "This interview so far: five calls" in report


def test_what_the_model_has_used_is_told_by_day_session_and_call() -> None:
    made = screens()["settings, costs"]
    words = visible(made)
    assert "Today: five calls, 1,100 of 10,000 tokens, USD 0.0022." in words
    assert 'value="0.110"' in made
    assert "1,100 of 1,000 tokens, USD 0.0022. The ceiling is reached: the model is not asked again before midnight." in words
    assert 'value="1.000"' in made
    assert "Nothing has been used today." in words
    assert "One call ended before the service said what was used" in words
    assert "One call of models without a price" in words
    assert "/?s=practise&amp;set=set1" in made
    assert "/?s=interview&amp;i=interview1" in made
    assert "ask=coach1" in made
    assert "&lt;mask&gt;" in made
    assert "No longer here" in words
    assert words.count("An answer checked") == 2
    assert "USD 0.0022" in usage_words(USED, money_words(PRICES.by_model["gpt-x"].of(USED), "USD"))


def test_only_models_that_write_get_a_button_and_a_server_without_one_is_shown_too() -> None:
    made = screens()["settings, found"]
    assert made.count("<button") == 1
    assert 'data-uses="http://127.0.0.1:1/v1" data-model="a"' in made
    assert "It answers, and has no model yet that writes." in visible(made)
    assert "I looked at Ollama (11434)." in visible(made)


def test_rows_stand_in_their_order_while_they_are_checked() -> None:
    partly = grading(question(), (CriterionGrade(criterion="replay", verdict="missed"),), None, open_=True)
    assert re.findall(r'<td class="tag (\w+)">([^<]+)', partly) == [("wait", "…"), ("miss", "missed"), ("wait", "…"), ("wait", "…")]


HOSTILE = [
    "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "</div></textarea><svg onload=alert(1)>", "$x$ and $$y$$ \\(z\\)", "a\n\nb\n\n    code\n", "# not a heading",
    "![a](http://evil.example/x.png)", "[click](javascript:alert(1))", "&lt;b&gt; &amp;", '" onmouseover="x', "' `", "\r\n-\t*", "{{7*7}} ${x}", "<!-- -->", "]]>", "\u202eabc\u200b",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_strangers_text_is_shown_as_its_characters(text: str) -> None:
    made = exact(text)
    assert made.count("<") == 2
    assert "\n" not in made
    assert "$" not in made
    assert html.unescape(re.fullmatch(r'<div class="exact">(.*)</div>', made)[1]) == text.replace("\r", "")  # type: ignore[index]


@pytest.mark.parametrize("shipped_text", [False, True])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_a_documents_text_can_act(payload: str, shipped_text: bool) -> None:
    made = rendered(f"Before. {payload}\n\n{payload}\n\nAfter **all**.", shipped=shipped_text)
    assert "<strong>all</strong>" in made
    names = set(re.findall(r"<(\w+)", made))
    assert names <= {"div", "p", "span", "strong", "em", "pre", "code", "br"}, names
    attributes = {a for tag in re.findall(r"<\w+([^>]*)>", made) for a in re.findall(r"([\w-]+)=", re.sub(r'"[^"]*"', '""', tag))}
    assert attributes <= {"class", "tabindex", "role", "aria-label"}, attributes
    assert "\n" not in made


def test_markdown_keeps_what_notes_are_written_in() -> None:
    made = rendered("# Big\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- *x*\n\n```python\nif a < b:\n\n    c = \"$5\"\n```\n\nCosts $5 or $6. \\\\(o_i = a_j\\\\)\n\n$$\\sum_{j \\le i} x_j$$\n")  # fmt: skip
    assert "<h3>Big</h3>" in made
    assert "<td>2</td>" in made
    assert "if a &lt; b:&#10;&#10;    c = " in made
    assert "o_i = a_j".join(INLINE) in made
    assert r"\sum_{j \le i} x_j".join(ALONE) in html.unescape(made)
    assert "<em>" in made


def test_worked_numbers_stand_beside_their_arithmetic_where_the_text_is_ours() -> None:
    lines = re.findall(r"<div><code>(.*?)</code>(?: <strong>(.*?)</strong>)?</div>", rendered(WORKED, shipped=True))
    assert lines == [("base = 7_000  # rows", ""), ("total = base * 2", "= 14,000"), ("share = 1 / 3", "= 0.33")]
    theirs = rendered(WORKED)
    assert "<strong>" not in theirs
    assert "total = base * 2  # = 14000" in theirs


def test_a_highlight_that_begins_at_a_fence_begins_at_its_first_line() -> None:
    for start in (0, 5, len("```python worked")):
        made = rendered(WORKED, Span(start=start, end=WORKED.index("# = 0.33") + 4), shipped=True)
        assert re.findall(r"<mark[^>]*>(.*?)</mark>", made) == ["base = 7_000  # rows", "total = base * 2", "= 14,000", "share = 1 / 3"]
        assert not re.search("[\ue000\ue001]", made)


def test_a_note_is_a_page_with_contents_parts_a_button_each_and_its_neighbours() -> None:
    notes = [Document(id=f"sequence-models/{n}", source="notes", title=f"Note {n}", topic="sequence-models", text="## One?\n\nA.\n\n## Two?\n\nB.") for n in range(3)]  # fmt: skip
    _, head, body = sources.document_page(At(), notes[1], notes)
    assert "Sequence models over event data" in head
    contents = re.search(r"<nav[^>]*contents.*?</nav>", body)
    assert contents is not None
    parts = [html.unescape(a).partition("part=")[2] for a in re.findall(r'href="([^"]*)"', contents[0])]
    assert parts == re.findall(r'id="part-([^"]*)"', body) == re.findall(r'data-asks="([^"]*)"', body) == ["one", "two"]
    assert visible(body).index("Note 0") < visible(body).index("Next in this topic") < visible(body).index("Note 2")
    assert "Before this" not in sources.document_page(At(), notes[0], notes)[2]
    own = sources.document_page(At(), notes[1].model_copy(update={"source": "file", "topic": ""}), ())[2]
    assert "data-asks" not in own
    assert "part-two" in own
    assert "Next" not in own


def test_a_topic_is_listed_with_its_line_and_its_count() -> None:
    row = visible(sources.topic_row("multi-task-learning", [Document(id="multi-task-learning/a", source="notes", title="A note", topic="multi-task-learning", text="x")]))  # fmt: skip
    assert row.split()[:3] == ["Multi-task", "learning", "1"]
    assert "One model for several targets, sharing, gradient conflict and task weighting." in row


def test_a_question_asked_while_reading_says_from_where_and_whether_the_posting_asks_for_it() -> None:
    section = next(iter(shipped().sections.values()))
    line = parse_posting(sample_posting()).lines[0]
    for found, words in ((None, "No line of your posting asks about this."), (line, f"The posting says {line.phrase}")):
        read = view(about=section, next_id=None, count=1, posting_line=found)
        head = practise.question_head(read, None)
        said = html.unescape(re.sub(r"<[^>]+>", "", head))
        assert f"Asked while you read {section.heading}. " in said
        assert words in said
        assert "Back to the note" in practise.card_foot(read, graded())
        assert f"doc={section.document_id.replace('/', '%2F')}&amp;part={section.part}" in head


def test_a_link_in_a_note_shows_where_it_leads_and_cannot_be_clicked() -> None:
    assert (
        rendered("See [the paper](https://arxiv.org/abs/1).")
        == '<div class="text"><p>See the paper<span class="address"> (https://arxiv.org/abs/1)</span>.</p> </div>'
    )


@pytest.mark.parametrize("section", sorted(shipped().sections)[::9])
def test_every_passage_is_highlighted_whole_and_the_text_stays_what_it_was(section: str) -> None:
    text = shipped().sections[section].text
    start = len(text) // 3
    span = Span(start=start, end=min(start + 400, len(text)))
    made = rendered(text, span, shipped=True)
    plain = nh3.clean(made, tags=set())
    assert plain == nh3.clean(rendered(text, shipped=True), tags=set())
    marked = " ".join(re.findall(r"<mark[^>]*>(.*?)</mark>", made, re.DOTALL))
    assert made.count('id="passage"') == 1
    wanted = [
        w for w in re.findall(r"[A-Za-z]{6,}", span.of(text)) if w.lower() not in ("mathrm", "softmax", "python", "worked", "mermaid")
    ][1:-1]
    missing = [w for w in wanted if w not in marked]
    # What stands in a formula or a diagram is drawn, not marked.
    assert len(missing) <= len(wanted) // 2


def test_addresses_and_small_words() -> None:
    assert pieces.href("practise", q="a&b", a=None) == "/?s=practise&q=a%26b"
    assert pieces.el("input", type="file", checked=True, hidden=False) == '<input type="file" checked/>'
    assert pieces.banner("No.", ("Check key", "Try again")) == '<div class="banner can-try-again" role="alert"><p>No.</p><p class="row"><a href="/?s=settings" class="btn">Check key</a></p></div>'  # fmt: skip


def test_nothing_of_the_page_needs_what_the_policy_forbids() -> None:
    folder = Path(practise.__file__).parent
    code = "\n".join(p.read_text() for p in folder.glob("*.py"))
    for name in ("gr.HTML", "js=", "LinePlot", "BarPlot", "ScatterPlot", "gr.Timer", "gr.State", "BrowserState", ".demo.load("):
        assert name not in code, name
    script = (folder / "page.js").read_text()
    for name in ("eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"):
        assert name not in script, name
    assert "http://" not in script + (folder / "style.css").read_text() + (folder / "loading.html").read_text()
    assert "https://" not in script + (folder / "style.css").read_text()


def test_every_button_that_a_state_can_show_has_its_rule() -> None:
    folder = Path(practise.__file__).parent
    code = "\n".join(p.read_text() for p in folder.glob("*.py"))
    style = (folder / "style.css").read_text()
    names = set(re.findall(r'shown_by="([\w-]+)"', code))
    assert len(names) > 15
    for name in names:
        assert f".by-{name}" in style, name
