"""What a search finds of the shipped notes, on questions in a candidate's words: a fixed part here, all in `make check SUITE=retrieval`."""

import json
import re
from pathlib import Path

import pytest

from assistant.errors import InputError
from assistant.evaluation.retrieval import Case, read_cases, retrieval_report
from assistant.knowledge import shipped

CASES = Path(__file__).parent / "evals" / "retrieval"


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower())


def fours(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[i : i + 4]) for i in range(len(words) - 3)}


def test_the_cases_are_in_other_words_than_the_notes_and_a_third_are_scenarios():
    answered = [c for c in read_cases(CASES) if c.sections]
    assert len(answered) >= 200
    assert sum(c.kind == "scenario" for c in answered) >= len(answered) / 3
    assert len({c.question for c in answered}) == len(answered)
    assert {s.split("/")[0] for c in answered for s in c.sections} == {t.id for t in shipped().topics}
    assert [c.question for c in answered if any(fours(c.question) & fours(shipped().sections[s].text) for s in c.sections)] == []
    assert sum(not c.sections for c in read_cases(CASES)) >= 40


def test_a_part_of_the_questions_finds_its_sections(tmp_path: Path):
    cases = read_cases(CASES)
    some = [*[c for c in cases if c.sections][::5], *[c for c in cases if not c.sections][::5]]
    (tmp_path / "cases.jsonl").write_text("\n".join(line(c) for c in some))
    report = retrieval_report(tmp_path)
    ways = {f.way: f for f in report.ways}
    assert ways["hybrid"].recall_5[0] >= 0.8
    assert ways["hybrid"].recall_5[0] > ways["lexical"].recall_5[0]
    assert report.refused >= 0.5
    assert report.refused_wrongly <= 0.2
    assert f"{report.questions} questions" in str(report)
    json.dumps(report.as_json())


@pytest.mark.sweep("retrieval")
def test_all_questions_find_their_sections():
    report = retrieval_report(CASES)
    print(report)
    ways = {f.way: f for f in report.ways}
    assert ways["hybrid"].recall_5[0] >= 0.88
    assert ways["hybrid"].ndcg_10[0] >= 0.73
    assert report.gain_over_lexical[0] >= 0.10
    assert report.refused >= 0.7
    assert report.refused_wrongly <= 0.12


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no questions"),
        ("{}", "line 1"),
        ('{"question": "why?", "sections": ["there/is#none"]}', "no section there/is#none"),
    ],
)
def test_cases_that_cannot_be_read_are_told(tmp_path: Path, text: str, told: str):
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(InputError, match=told):
        retrieval_report(tmp_path)


def line(case: Case) -> str:
    return json.dumps({"question": case.question, "kind": case.kind, "sections": case.sections})
