"""The notes and the bank hold to their form, their numbers are right, and the embedded judge grades them as it should."""

import ast
import json
import math
import re
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from assistant.embedding import PreparedEmbedder, local_embedder
from assistant.evaluation.knowledge import BESIDE, reached
from assistant.knowledge import data_folder, load_bank, sample_posting, shipped, slug, split, split_sections
from assistant.posting import parse_posting
from assistant.schema import BankQuestion, Section

WHOLE = tuple(t.id for t in shipped().topics)
WORKED = re.compile(r"^```python worked\n(.*?)^```", re.MULTILINE | re.DOTALL)


@lru_cache(maxsize=1)
def entries() -> tuple[BankQuestion, ...]:
    return load_bank(data_folder("knowledge") / "bank")


def by_topic() -> dict[str, list[BankQuestion]]:
    found: dict[str, list[BankQuestion]] = defaultdict(list)
    for q in entries():
        found[q.topic].append(q)
    return found


def sections() -> list[Section]:
    return list(shipped().sections.values())


def test_every_section_stands_alone_in_150_to_400_words():
    wrong = [(s.id, len(s.text.split())) for s in sections() if not 150 <= len(s.text.split()) <= 400]
    assert wrong == []


@pytest.mark.parametrize("topic", WHOLE)
def test_a_topic_in_full_form(topic: str):
    notes = [d for d in shipped().documents if d.topic == topic]
    words = sum(len(s.text.split()) for s in sections() if s.topic == topic)
    text = "\n".join(d.text for d in notes)
    assert 6 <= len(notes) <= 15
    assert 4_000 <= words <= 8_000
    assert len(WORKED.findall(text)) >= 2
    assert "```mermaid" in text
    assert re.search(r"^\|.*\|$", text, re.MULTILINE)
    assert all(d.references and d.updated and d.level for d in notes)
    questions = by_topic()[topic]
    assert len(questions) >= 15
    assert len({q.kind for q in questions}) >= 4


def test_the_bank_is_as_large_as_promised():
    found = by_topic()
    assert sum(len(qs) for qs in found.values()) >= 350
    assert sum(q.kind == "system-design" and q.case is not None for q in entries()) >= 40
    assert sum(q.kind in ("leadership", "behavioural") and bool(q.anchors) for q in entries()) >= 40
    assert len(found["general"]) >= 12
    assert all("{{requirement}}" in q.text and not q.sources for q in found["general"])


def test_every_worked_number_is_what_it_says():
    checked = 0
    for section in sections():
        for block in WORKED.findall(section.text):
            names: dict[str, object] = {}
            lines = block.splitlines()
            for node in ast.parse(block).body:
                exec(compile(ast.Module([node], []), section.id, "exec"), names)
                stated = re.search(r"#\s*=\s*(\S+)\s*$", lines[(node.end_lineno or 1) - 1])
                if stated is None:
                    continue
                if isinstance(node, ast.Assign):
                    assert isinstance(node.targets[0], ast.Name)
                    value = names[node.targets[0].id]
                else:
                    assert isinstance(node, ast.Expr)
                    value = eval(compile(ast.Expression(node.value), section.id, "eval"), names)
                assert same(float(value), stated.group(1)), (section.id, lines[(node.end_lineno or 1) - 1], value)  # type: ignore[arg-type]
                checked += 1
    assert checked >= 60


def same(value: float, stated: str) -> bool:
    """Equal to the digits that are stated."""
    plain = stated.replace(",", "").replace("_", "")
    if "e" in plain:
        return math.isclose(value, float(plain), rel_tol=1e-3)
    return round(value, len(plain.partition(".")[2])) == float(plain)


def test_sources_resolve_and_hints_give_no_accepted_wording_away():
    for q in entries():
        assert q.topic == "general" or q.sources, q.id
        assert all(s in shipped().sections for s in q.sources), (q.id, q.sources)
        hints = " ".join([q.hints.small, q.hints.medium, q.hints.outline]).lower()
        assert not any(a.lower() in hints for c in q.criteria for a in c.accept), q.id
    assert len({q.id for q in entries()}) == len(entries())


def test_no_two_questions_are_near_duplicates():
    embedder = PreparedEmbedder(local_embedder(), data_folder("knowledge") / "bank_vectors.npz")
    questions = [q for q in entries() if q.topic != "general"]
    vectors = embedder.embed([q.text for q in questions])
    likeness = vectors @ vectors.T - np.eye(len(questions))
    near = [(questions[i].id, questions[j].id) for i, j in np.argwhere(likeness > 0.85) if i < j]
    assert near == []


def test_every_line_of_the_sample_has_a_topic():
    known = {t.id for t in shipped().topics}
    for line in parse_posting(sample_posting()).lines:
        assert line.topics, line.phrase
        assert set(line.topics) <= known


def test_the_ready_made_vectors_are_those_of_the_notes_and_the_bank():
    import build_bank_vectors
    import build_notes_vectors

    from assistant.embedding import text_key
    from assistant.index import read_vectors

    kept = read_vectors(data_folder("knowledge") / "vectors.npz", local_embedder())
    assert {c.id for c in build_notes_vectors.chunks()} == set(kept), "run: python tools/build_notes_vectors.py"
    for name, texts in (("bank_vectors", build_bank_vectors.texts()), ("sentence_vectors", build_bank_vectors.sentences())):
        with np.load(data_folder("knowledge") / f"{name}.npz") as made:
            assert {text_key(t) for t in texts} == {bytes(k) for k in made["keys"]}, "run: python tools/build_bank_vectors.py"


def test_a_section_is_cut_into_chunks_that_the_model_can_read_with_spans_that_hold():
    count = local_embedder().count_pieces
    for section in sections()[::7]:
        document = next(d for d in shipped().documents if d.id == section.document_id)
        for chunk in split(section, count):
            assert count(chunk.text) <= 180
            assert chunk.text.endswith(document.text[chunk.span.start : chunk.span.end])


def test_headings_make_ids_and_a_hash_in_a_fence_is_no_heading():
    from assistant.schema import Document

    text = "## Why?\n\nText.\n\n```python\n## not a heading\n```\n\n## Why?\n\nMore."
    found = split_sections(Document(id="t/s", source="notes", title="T", text=text))
    assert [s.id for s in found] == ["t/s#why", "t/s#why-2"]
    assert all(text[s.span.start : s.span.end] == s.text for s in found)
    assert slug("What does p99 ≤ 50 ms cost?") == "what-does-p99-50-ms-cost"


# --- graded by the embedded judge ------------------------------------------------------------------------------------


def graded_as_it_should(q: BankQuestion) -> None:
    assert reached(q, q.strong_answer) == 4, q.id
    assert reached(q, "") == 1, q.id
    assert reached(q, BESIDE) == 1, q.id


def sample(questions: list[BankQuestion]) -> list[int]:
    return [0, len(questions) // 2, len(questions) - 1]


@pytest.mark.parametrize("topic", sorted(by_topic()))
def test_three_questions_a_topic_are_graded_as_they_should_be(topic: str):
    for i in sample(by_topic()[topic]):
        graded_as_it_should(by_topic()[topic][i])


def others_too_high(pairs: list[tuple[BankQuestion, BankQuestion]]) -> list[tuple[str, str]]:
    """Pairs in which the strong answer to another question of the topic lands above band 2."""
    return [(q.id, other.id) for q, other in pairs if reached(q, other.strong_answer) not in (1, 2)]


def neighbours(questions: list[BankQuestion], places: list[int]) -> list[tuple[BankQuestion, BankQuestion]]:
    return [(questions[i], questions[(i + 1) % len(questions)]) for i in places]


def test_the_strong_answer_to_another_question_of_the_topic_stays_in_the_lower_bands_nine_times_in_ten():
    pairs = [p for qs in by_topic().values() for p in neighbours(qs, sample(qs))]
    high = others_too_high(pairs)
    assert len(high) <= 0.1 * len(pairs), high


def second_answers() -> list[tuple[BankQuestion, str]]:
    """Strong answers written from the question alone, by someone who had not seen the rubric: three questions a topic."""
    bank = {q.id: q for q in entries()}
    lines = (Path(__file__).parent / "evals" / "strong" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    return [(bank[answer["question_id"]], answer["answer"]) for answer in map(json.loads, lines)]


def near_the_bar(answers: list[tuple[BankQuestion, str]]) -> float:
    return sum(reached(q, answer) in (3, 4) for q, answer in answers) / len(answers)


def test_strong_answers_in_other_words_come_near_the_bar():
    answers = second_answers()
    assert len(answers) >= 60
    assert {q.topic for q, _ in answers} == {t.id for t in shipped().topics}
    assert near_the_bar(answers[::6]) >= 0.8


@pytest.mark.sweep("knowledge")
def test_six_in_seven_of_them_do():
    assert near_the_bar(second_answers()) >= 0.85


@pytest.mark.sweep("knowledge")
@pytest.mark.parametrize("q", entries(), ids=lambda q: q.id)
def test_every_question_is_graded_as_it_should_be(q: BankQuestion):
    graded_as_it_should(q)


@pytest.mark.sweep("knowledge")
@pytest.mark.parametrize("topic", sorted(by_topic()))
def test_no_strong_answer_to_another_question_reaches_the_upper_bands(topic: str):
    questions = by_topic()[topic]
    assert others_too_high(neighbours(questions, list(range(len(questions))))) == []
