"""The command line as a script uses it: documented JSON, plain words on stderr, exit codes, a running server used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.knowledge import sample_posting

ANSWER = {
    "id": "a1",
    "question": "Two teams compute one credit feature in two ways. What do you do?",
    "criteria": [
        {"id": "log", "text": "Logs the feature values the service used beside each decision", "points": 3, "essential": True},
        {
            "id": "owner",
            "text": "Names who owns the feature definition after the fix",
            "points": 1,
            "accept": ["one team is accountable for the definition"],
        },
    ],
    "pitfalls": [{"id": "retrain", "text": "Retraining more often fixes the skew"}],
    "answer": "I would log the feature values that the service used beside each decision. One team is accountable for the definition.",
}


def run(*arguments: str, home: Path, given: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    environment = {**kept, "ASSISTANT_HOME": str(home), "ASSISTANT_LOCK_WAIT_SECONDS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "assistant", *arguments], input=given, capture_output=True, text=True, env=environment, timeout=110
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_posting_as_json(tmp_path: Path):
    read = json.loads(run("posting", "--json", home=tmp_path).stdout)
    assert (read["title"], read["organisation"], read["remote"]) == ("Senior Staff Machine Learning Engineer", "Affirm", True)
    assert read["pay"] == {"low": 236000, "high": 296000, "currency": "USD", "period": "year"}
    text = sample_posting()
    for r in read["requirements"]:
        assert text[r["start"] : r["end"]] == r["text"]
        assert {"id", "text", "start", "end", "sentence", "kind", "essential", "askable", "same_as", "topics"} <= set(r)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "I could not find duties in this text. Paste the part that lists responsibilities."),
        ("https://jobs.example.com/123", "I cannot open links. Paste the text of the posting."),
    ],
)
def test_not_a_posting_is_told_on_stderr_with_exit_one(tmp_path: Path, text: str, words: str):
    done = run("posting", "-", home=tmp_path, given=text, code=1)
    assert done.stderr.strip() == words
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["search"],
        ["questions", "--count", "0"],
        ["questions", "--mix", "leadership"],
        ["evaluate", "luck"],
        ["export", "attempt", "x", "--format", "json"],
    ],
)
def test_misuse_is_exit_two(tmp_path: Path, arguments: list[str]):
    assert run(*arguments, home=tmp_path, code=2).stderr


def test_critique_line_by_line_and_one_bad_line_fails_alone(tmp_path: Path):
    lines = [
        json.dumps(ANSWER),
        "not json",
        json.dumps({"id": 7, "answer": "x"}),
        json.dumps({"id": "r", "reference": "Log what was served.", "answer": ""}),
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run("critique", "--in", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out.jsonl"), home=tmp_path / "home")
    cards = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    good, broken, empty, blank = cards
    assert (good["id"], good["engine"], good["error"], good["band"]) == ("a1", "embedded", None, 4)
    assert [g["criterion"] for g in good["grades"]] == ["log", "owner"]
    for g in good["grades"]:
        assert ANSWER["answer"][g["start"] : g["end"]] == g["quote"]  # type: ignore[index]
        assert 0 <= g["credit"] <= 1
    assert good["pitfalls"] == [{"pitfall": "retrain", "committed": False, "quote": None, "start": None, "end": None}]
    assert set(good["advice"]) == {"fix", "also", "strengths", "frame"}
    assert "not JSON" in broken["error"]
    assert (empty["id"], empty["score"]) == ("7", None)
    assert "reference" in empty["error"]
    assert (blank["band"], blank["score"]) == (1, 0.0)
    assert not (tmp_path / "home").exists()


def test_a_line_has_the_same_credit_alone_and_in_a_file(tmp_path: Path):
    other = {**ANSWER, "id": "a2", "answer": "We retrain the model each night and watch the dashboards, which is what everybody does."}
    (tmp_path / "one.jsonl").write_text(json.dumps(ANSWER) + "\n", encoding="utf-8")
    (tmp_path / "many.jsonl").write_text("".join(json.dumps(x) + "\n" for x in (other, ANSWER, other)), encoding="utf-8")
    credits = []
    for name, row in (("one", 0), ("many", 1)):
        run("critique", "--in", str(tmp_path / f"{name}.jsonl"), "--out", str(tmp_path / f"{name}.out"), home=tmp_path / "home")
        line = (tmp_path / f"{name}.out").read_text(encoding="utf-8").splitlines()[row]
        credits.append([g["credit"] for g in json.loads(line)["grades"]])
    assert credits[0] == credits[1]


def test_search_and_questions_and_history(home: Path, tmp_path: Path):
    many = run(
        "search", "-", "-k", "2", home=home, given="what is point-in-time correctness\nhow do transformers see time gaps\n"
    ).stdout.splitlines()
    assert [json.loads(line)["query"] for line in many] == ["what is point-in-time correctness", "how do transformers see time gaps"]
    assert all(len(json.loads(line)["hits"]) == 2 for line in many)
    assert {"id", "source", "heading", "topic", "text", "score"} <= set(json.loads(many[0])["hits"][0])
    sets = [run("questions", "--count", "3", "--seed", "5", "--format", "json", home=home).stdout for _ in range(2)]
    assert sets[0] == sets[1]
    made = json.loads(sets[0])
    assert len(made["questions"]) == 3
    assert {
        "id",
        "text",
        "topic",
        "kind",
        "level",
        "minutes",
        "why",
        "requirement",
        "also",
        "origin",
        "rubric",
        "hints",
        "follow_ups",
        "sources",
    } <= set(made["questions"][0])
    assert json.loads(run("history", "--json", home=home).stdout)["rows"] == []
    assert "Nothing here yet" in run("history", home=home).stdout


def test_ingest_takes_text_and_markdown_and_says_what_it_does_not_take(home: Path, tmp_path: Path):
    (tmp_path / "notes.md").write_text(
        "## What is the purple ledger?\n\nThe purple ledger rotates among three auditors each quarter.\n", encoding="utf-8"
    )
    (tmp_path / "cv.pdf").write_bytes(b"%PDF-1.7")
    kept = json.loads(run("ingest", str(tmp_path / "notes.md"), "--as", "notes", "--json", home=home).stdout)
    assert kept["ingested"][0]["as"] == "notes"
    assert "purple ledger" in run("search", "purple ledger auditors", "-k", "1", "--json", home=home).stdout
    assert "neither" in run("ingest", str(tmp_path / "cv.pdf"), "--as", "notes", home=home, code=1).stderr
    assert "There is no file" in run("ingest", str(tmp_path / "gone.txt"), "--as", "posting", home=home, code=1).stderr


def test_help_comes_at_once_and_loads_nothing_heavy():
    code = "import sys; sys.argv = ['x', '--help']\ntry:\n    from assistant.cli import main; main()\nexcept SystemExit: pass\nprint('LOADED', *sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(out.partition("LOADED")[2].split())
    assert not {"gradio", "chromadb", "langchain_core", "openai", "onnxruntime", "numpy"} & loaded
