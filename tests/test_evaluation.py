"""The report on human-graded answers: its formulas against published values, and the product's own way of judging."""

import csv
import doctest
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import InputError
from assistant.evaluation import answers
from assistant.evaluation.answers import answers_report, pearson, ranks


def test_the_formulas_hold_to_their_examples():
    assert doctest.testmod(answers).failed == 0


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
    report = answers_report(write(tmp_path / "answers.csv", rows), progress=False)
    assert report.rows == 6
    found = {(a.number, a.answers): a for a in report.agreements}
    assert (found["credit", "all"].count, found["credit", "non-blank"].count) == (6, 4)
    assert found["credit", "non-blank"].r > 0.9
    assert found["credit", "all"].auc_contradictory == 1.0
    assert "score" in str(report)


def test_a_file_of_another_form_is_told(tmp_path: Path):
    with pytest.raises(InputError, match="no column student_answer"):
        answers_report(write(tmp_path / "a.csv", [("q", "d", "1")], ("question", "desired_answer", "score_avg")))
    with pytest.raises(InputError, match="There is no file"):
        answers_report(tmp_path / "gone.csv")
