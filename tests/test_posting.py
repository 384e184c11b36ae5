"""Postings: the sample against its gold file, other shapes against hand labels, and any text at all."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import AssistantError, NotAPosting, TooLong
from assistant.knowledge import sample_posting
from assistant.posting import as_read, parse_posting
from assistant.schema import JobPosting
from assistant.text import normalise

DATA = Path(__file__).parent / "data"
GOLD = json.loads((DATA / "posting_gold.json").read_text(encoding="utf-8"))
LABELS = yaml.safe_load((DATA / "postings" / "labels.yaml").read_text(encoding="utf-8"))
KINDS = {"r": "responsibility", "q": "qualification", "s": "skill"}


@pytest.fixture(scope="module")
def sample() -> JobPosting:
    return parse_posting(sample_posting())


def assert_exact(posting: JobPosting) -> None:
    for r in posting.requirements:
        assert r.span.of(posting.text) == r.phrase
        assert r.sentence_span.of(posting.text) == r.sentence
        assert r.sentence_span.start <= r.span.start < r.span.end <= r.sentence_span.end
        assert r.phrase.strip() == r.phrase


def test_the_sample_gives_every_requirement_of_its_gold_file_and_no_other(sample: JobPosting) -> None:
    assert_exact(sample)
    spans = {r.id: [r.span.start, r.span.end] for r in sample.requirements}
    found = [
        {
            "phrase": r.phrase, "start": r.span.start, "end": r.span.end, "sentence": r.sentence, "sentence_start": r.sentence_span.start,
            "sentence_end": r.sentence_span.end, "kind": r.kind, "essential": r.essential, "askable": r.askable,
            "same_as": spans[r.same_as] if r.same_as else None,
        }
        for r in sample.requirements
    ]  # fmt: skip
    assert found == GOLD["requirements"]


def test_the_sample_gives_its_facts(sample: JobPosting) -> None:
    for name in ("title", "hiring_organization", "place", "remote", "employment_type", "level", "domain", "product"):
        assert getattr(sample, name) == GOLD[name], name
    assert sample.pay is not None
    assert sample.pay.model_dump() == GOLD["pay"]


def test_twenty_of_the_sample_s_lines_count_and_each_has_a_topic(sample: JobPosting) -> None:
    assert len(sample.lines) == GOLD["countable_lines"]
    by_sentence: dict[int, set[str]] = {}
    for r in sample.requirements:
        if r.askable:
            by_sentence.setdefault(r.sentence_span.start, set()).update(r.topics)
    assert all(by_sentence.values())


@pytest.mark.parametrize(
    ("phrase", "topic"),
    [
        ("feature stores", "feature-stores-and-feature-engineering"),
        ("multi-task learning systems", "multi-task-learning"),
        ("XGBoost", "gradient-boosting-xgboost"),
        ("mentoring senior engineers", "mentoring-communication"),
        ("resolving cross-team tensions", "leadership-strategy"),
        ("Strong understanding of representation learning", "representation-learning-embeddings"),
        (
            "Use of distributed frameworks such as Spark, Ray, or similar large-scale data processing systems",
            "distributed-data-processing-spark-ray",
        ),
        ("owning the long-term health, availability, and evolution of critical ML systems", "reliability-operations"),
    ],
)
def test_a_requirement_of_the_sample_has_the_topic_a_reader_would_choose(sample: JobPosting, phrase: str, topic: str) -> None:
    assert next(r for r in sample.requirements if r.phrase == phrase).topics[0] == topic


def test_the_same_text_gives_the_same_ids_and_another_gives_others(sample: JobPosting) -> None:
    again = parse_posting(sample_posting().replace("\n", "\r\n"))
    other = parse_posting(sample_posting() + "\n")
    assert [r.id for r in again.requirements] == [r.id for r in sample.requirements]
    assert again.id == sample.id
    assert not {r.id for r in other.requirements} & {r.id for r in sample.requirements}
    assert len({r.id for r in sample.requirements}) == len(sample.requirements)


# --- other shapes, against labels -----------------------------------------------------------------------------------


def parsed(case: dict[str, Any]) -> JobPosting:
    return parse_posting((DATA / "postings" / case["file"]).read_bytes().decode())


def labels(case: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "sentence": normalise(line[kind]), "phrase": ask.lstrip("~"), "kind": KINDS[kind], "essential": not line.get("optional", False),
            "askable": not ask.startswith("~"), "same": line.get("same", False),
        }
        for line in case["lines"]
        for kind in KINDS
        if kind in line
        for ask in line["asks"]
    ]  # fmt: skip


def folded(text: str) -> str:
    return normalise(as_read(text))


def near(a: str, b: str) -> bool:
    """The phrases share half of the shorter's words."""
    one, other = set(folded(a).split()), set(folded(b).split())
    return 2 * len(one & other) >= min(len(one), len(other)) > 0


@pytest.mark.parametrize("case", LABELS, ids=lambda c: c["file"])
def test_a_posting_in_another_shape_gives_what_its_labels_say(case: dict[str, Any]) -> None:
    posting = parsed(case)
    assert_exact(posting)
    wanted = labels(case)
    missed = [
        w["phrase"]
        for w in wanted
        if not any(folded(r.sentence) == w["sentence"] and near(r.phrase, w["phrase"]) for r in posting.requirements)
    ]
    extra = [
        r.phrase
        for r in posting.requirements
        if not any(folded(r.sentence) == w["sentence"] and near(r.phrase, w["phrase"]) for w in wanted)
    ]
    assert (missed, extra) == ([], [])
    for w in wanted:
        fits = [r for r in posting.requirements if folded(r.sentence) == w["sentence"] and near(r.phrase, w["phrase"])]
        best = next((r for r in fits if folded(r.phrase) == folded(w["phrase"])), fits[0])
        assert (best.kind, best.essential, best.askable, best.same_as is not None) == (
            w["kind"],
            w["essential"],
            w["askable"],
            w["same"],
        ), w["phrase"]


@pytest.mark.parametrize("case", LABELS, ids=lambda c: c["file"])
def test_a_posting_in_another_shape_gives_its_facts_and_leaves_the_rest_empty(case: dict[str, Any]) -> None:
    posting = parsed(case)
    pay = [posting.pay.low, posting.pay.high, posting.pay.currency, posting.pay.period] if posting.pay else None
    found = {name: getattr(posting, name) for name in case["facts"]} | {"pay": pay}
    assert found == case["facts"]


def test_instructions_hidden_in_a_posting_ask_for_nothing() -> None:
    posting = parsed(next(c for c in LABELS if c["file"] == "hidden-instructions.txt"))
    assert not [r for r in posting.requirements if "ignore" in r.sentence.lower() or "output" in r.sentence.lower()]
    assert "Ignore all previous instructions" in posting.text


def test_a_nurse_s_posting_has_no_topic_of_machine_learning() -> None:
    posting = parsed(next(c for c in LABELS if c["file"] == "nurse-checkmarks.txt"))
    technical = {t for r in posting.requirements for t in r.topics} - {"mentoring-communication", "leadership-strategy"}
    assert not technical


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("PythonXGBoostMLflow", ["Python", "XGBoost", "MLflow"]),
        ("PyTorchTensorFlowJavaScript", ["PyTorch", "TensorFlow", "JavaScript"]),
        ("SQLPythonAWS", ["SQL", "Python", "AWS"]),
        ("Python, SQL, Spark", ["Python", "SQL", "Spark"]),
        ("Python | SQL | A/B testing", ["Python", "SQL", "A/B testing"]),
        ("Data AnalysisMachine LearningExcel", ["Data Analysis", "Machine Learning", "Excel"]),
    ],
)
def test_a_line_of_skills_is_cut_into_its_names(line: str, wanted: list[str]) -> None:
    posting = parse_posting(f"Responsibilities\n- Build reports\n\nRequired Skills\n{line}\n")
    assert [r.phrase for r in posting.requirements if r.kind == "skill"] == wanted


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("5+ years of experience", ["~5+ years of experience"]),
        ("5+ years of experience in a similar role", ["~5+ years of experience in a similar role"]),
        ("At least three years working with relational databases", ["~At least three years", "relational databases"]),
        (
            "Bachelor's degree in computer science and 4+ years of experience in data modelling",
            ["~Bachelor's degree in computer science", "~4+ years of experience", "data modelling"],
        ),
        ("Must be authorized to work in the US", ["~authorized to work in the US"]),
        (
            "Knowledge of regression, classification and clustering methods",
            ["Knowledge of regression, classification and clustering methods"],
        ),
        ("Understanding of supervised and unsupervised learning", ["Understanding of supervised and unsupervised learning"]),
        ("Experience with Docker, Kubernetes and Terraform", ["Experience with Docker", "Kubernetes", "Terraform"]),
        ("Experience with a cloud such as AWS, GCP or Azure", ["Experience with a cloud such as AWS, GCP or Azure"]),
    ],
)
def test_a_qualification_is_split_into_what_can_be_asked_and_what_cannot(sentence: str, wanted: list[str]) -> None:
    posting = parse_posting(f"Duties\n- Build reports\n\nRequirements\n- {sentence}\n")
    found = [("" if r.askable else "~") + r.phrase for r in posting.requirements if r.kind == "qualification"]
    assert found == wanted


@pytest.mark.parametrize(
    ("line", "low", "high", "currency", "period"),
    [
        ("Salary: £45,000 - £55,000 per annum", 45_000, 55_000, "GBP", "year"),
        ("Pay range: $120k–$150k", 120_000, 150_000, "USD", None),
        ("Compensation CAD 90,000 to 110,000 a year", 90_000, 110_000, "CAD", "year"),
        ("Gehalt: 55.000 € - 65.000 € / year", 55_000, 65_000, "EUR", "year"),
        ("$25 - $31 per hour", 25, 31, "USD", "hour"),
    ],
)
def test_pay_is_read_with_its_currency(line: str, low: int, high: int, currency: str, period: str | None) -> None:
    pay = parse_posting(f"{line}\n\nDuties\n- Build reports\n").pay
    assert pay is not None
    assert (pay.low, pay.high, pay.currency, pay.period) == (low, high, currency, period)


@pytest.mark.parametrize("line", ["We lend $5 billion a year", "You own a budget of $200,000", "We raised $30 million in funding"])
def test_other_money_is_no_pay(line: str) -> None:
    assert parse_posting(f"{line}\n\nDuties\n- Build reports\n").pay is None


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Junior Data Analyst", 1), ("Software Engineer II", 2), ("Senior Nurse", 3), ("Staff Engineer", 4), ("Senior Staff Machine Learning Engineer", 5),
        ("Director of Data Science", 5), ("Data Scientist", None),
    ],
)  # fmt: skip
def test_level_comes_from_the_title_s_own_words(title: str, level: int | None) -> None:
    posting = parse_posting(f"{title}\n\nDuties\n- Build reports\n")
    assert (posting.title, posting.level) == (title, level)


# --- what is no posting -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n",
        "hello",
        "The cat sat on the mat. It was a good mat.",
        "Roses are red\nViolets are blue",
        "Ingredients\n- 200 g flour\n- 2 eggs\n",
    ],
)
def test_a_text_without_duties_is_told_plainly(text: str) -> None:
    with pytest.raises(NotAPosting) as told:
        parse_posting(text)
    assert str(told.value) == "I could not find duties in this text. Paste the part that lists responsibilities."


@pytest.mark.parametrize(
    "text",
    [
        "https://jobs.example.com/123",
        "  www.example.com/jobs?id=1\n",
        "linkedin.com/jobs/view/123",
        "https://a.example/1\nhttps://b.example/2",
    ],
)
def test_a_link_is_told_plainly(text: str) -> None:
    with pytest.raises(NotAPosting) as told:
        parse_posting(text)
    assert str(told.value) == "I cannot open links. Paste the text of the posting."


def test_more_than_200_000_characters_are_refused_and_as_many_are_not() -> None:
    posting = "Duties\n- Build reports\n"
    with pytest.raises(TooLong, match="200,001 characters"):
        parse_posting(posting + "x" * (200_001 - len(posting)))
    assert parse_posting(posting + "x" * (200_000 - len(posting))).requirements


def test_a_text_of_more_lines_than_any_posting_is_refused() -> None:
    with pytest.raises(TooLong, match="more lines"):
        parse_posting("Duties\n" + "- Build it\n" * 10_000)


def test_nothing_of_the_text_is_altered_but_line_ends_and_a_mark_in_front() -> None:
    posting = parse_posting("\ufeffDuties\r\n- Build\u200b reports \t\r- Ship\u00a0them daily\n")
    assert posting.text == "Duties\n- Build\u200b reports \t\n- Ship\u00a0them daily\n"
    assert [r.phrase for r in posting.requirements] == ["Build\u200b reports", "Ship\u00a0them daily"]


# --- any text at all ----------------------------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    ["Requirements", "RESPONSIBILITIES:", "## Nice to have", "Skills", "- ", "• ", "* ", "1. ", "1) ", "o\t", "<li>", "</li>", "<p>", "<!--", "-->", "&amp;", "&#8226;", "&nbsp", "**", "__", "`", "[a](https://b.example)", "\\", "You will build", "5+ years of experience in",
     "Python", "SQL", ", ", " and ", " or ", "; ", ": ", " including ", " such as ", "(", ")", "Bachelor's degree", "a plus", "preferred", "$100k - $120k", "€", "per year", "Remote", "Senior Staff Engineer", "at Acme", "\n", "\n\n", "\r\n", "\t", "\u200b", "\u202e", "\u00a0", "\ufeff",
     "\U000e0041", "🙂", "e\u0301", "ﬁ", "İ", "ß", "\x00", "\ud800", ".", "…", "—", "PythonXGBoost"]
)  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(_PIECES, st.text(max_size=12)), max_size=40).map("".join), st.booleans())
def test_any_text_gives_exact_spans_or_a_plain_sentence(text: str, headed: bool) -> None:
    try:
        posting = parse_posting(f"Requirements\n- {text}\n- Write reports" if headed else text)
    except AssistantError:
        return
    assert_exact(posting)
    assert len({r.id for r in posting.requirements}) == len(posting.requirements)
    assert {r.same_as for r in posting.requirements} <= {None, *(r.id for r in posting.requirements)}


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "[",
        "(",
        "a. ",
        "**",
        "<a ",
        "\n \n",
        "Aa ",
        "5+ years of experience ",
        "including a, b and c, ",
        "$1 - ",
        "Ab",
        " \t",
        "&#8226; x ",
    ],
)
def test_a_hostile_text_of_full_length_is_read_in_time(piece: str) -> None:
    text = ("Requirements\n- Know SQL\n" + piece * 200_000)[:200_000]
    began = time.process_time()
    with contextlib.suppress(TooLong):
        assert_exact(parse_posting(text))
    assert time.process_time() - began < 12
