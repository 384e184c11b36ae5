"""The report on human-graded answers: its formulas against published values, and the product's own way of judging."""

import csv
import doctest
from pathlib import Path

import numpy as np
import pytest

import assistant.evaluation
from assistant.errors import InputError, UsageError
from assistant.evaluation import answers_report, pearson, ranks, weighted_kappa


def test_the_formulas_hold_to_their_examples():
    assert doctest.testmod(assistant.evaluation).failed == 0


def test_kappa_of_a_published_table():
    """Two raters, 50 items, three categories (the table of Cohen 1960 is 3 x 3); checked by hand: 1 - 17 / 40.72."""
    a = [1] * 20 + [2] * 20 + [3] * 10
    b = [1] * 16 + [2] * 3 + [3] * 1 + [2] * 16 + [1] * 2 + [3] * 2 + [3] * 8 + [2] * 2
    observed = 3 * 1 + 1 * 4 + 2 * 1 + 2 * 1 + 2 * 1
    chance = sum((i - j) ** 2 * a.count(i) * b.count(j) / 50 for i in (1, 2, 3) for j in (1, 2, 3))
    assert weighted_kappa(a, b, categories=3) == pytest.approx(1 - observed / chance)


def test_rank_correlation_is_one_for_any_rising_relation():
    x = np.array([1.0, 2, 3, 4, 5])
    assert pearson(ranks(x), ranks(np.exp(x))) == pytest.approx(1)


def write(
    path: Path,
    rows: list[tuple[str, ...]],
    header: tuple[str, ...] = ("question", "desired_answer", "student_answer", "score_avg", "label"),
) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([header, *rows])
    return path


def test_right_answers_above_wrong_ones_and_blanks_are_dropped_in_one_report(tmp_path: Path):
    asked = ("Why is the sky blue?", "What does a fuse do in a circuit?")
    right = (
        "Air scatters short wavelengths of sunlight more strongly than long ones.",
        "It melts when the current is too large and so opens the circuit.",
    )
    rows = []
    for question, reference in zip(asked, right, strict=True):
        rows += [
            (question, reference, reference, "1", "correct"),
            (question, reference, "Because of the colour of the sea and the birds in it.", "0", "contradictory"),
            (question, reference, "no", "0", "incorrect"),
        ]
    dropped, kept = answers_report(write(tmp_path / "answers.csv", rows))
    assert (dropped.answers, kept.answers, kept.questions) == (4, 6, 2)
    figures = {f.name: f.value for f in dropped.figures}
    assert figures["r of the mean credit"] > 0.9
    assert figures["AUC, correct against contradictory"] == 1.0
    assert "r of the score" in str(dropped)


def test_a_file_of_another_form_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match="no column student_answer"):
        answers_report(write(tmp_path / "a.csv", [("q", "d", "1")], ("question", "desired_answer", "score_avg")))
    with pytest.raises(InputError, match="line 2: score_avg “good” is no number"):
        answers_report(write(tmp_path / "b.csv", [("q", "d", "s", "good", "")]))
    with pytest.raises(InputError, match="I cannot read"):
        answers_report(tmp_path / "gone.csv")
