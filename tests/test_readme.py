"""The README is true: its commands run, in order, offline; its help text and its examples are the product's own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from provider_stub import ProviderStub, Script, Seen, answer_sensibly, raw

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_of_the_walk_runs(home: Path, tmp_path: Path):
    commands = [
        line[2:] for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL) for line in block.splitlines() if line.startswith("$ ")
    ]
    assert len(commands) >= 10
    folder = tmp_path / "walk"
    folder.mkdir()
    bin_folder = Path(sys.executable).parent
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    environment = {**kept, "ASSISTANT_HOME": str(home), "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    assert shutil.which("interview-assistant", path=environment["PATH"])
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout or done.stderr or ">" in command or "--out" in command, command
    card = json.loads((folder / "card.jsonl").read_text(encoding="utf-8"))
    assert f'"band": {card["band"]}' in README


def as_ollama(seen: Seen) -> Script:
    """A sensible answer in Ollama's form: thoughts in a field of their own, the role in every chunk, bare counts, tools and `max_completion_tokens` not read."""

    def event(**fields: object) -> str:
        head = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": seen.json["model"],
            "system_fingerprint": "fp_ollama",
        }
        return f"data: {json.dumps({**head, **fields})}\n\n"

    def chunk(delta: dict[str, str], finish: str | None = None) -> str:
        return event(choices=[{"index": 0, "delta": {"role": "assistant", "content": "", **delta}, "finish_reason": finish}])

    words = re.findall(r"\S+\s*", answer_sensibly(seen).text)
    usage = {"prompt_tokens": 900, "completion_tokens": len(words), "total_tokens": 900 + len(words)}
    chunks = [chunk({"reasoning": "Let me see."}), *(chunk({"content": word}) for word in words), chunk({}, "stop")]
    return raw("".join([*chunks, event(choices=[], usage=usage), "data: [DONE]\n\n"]).encode())


def test_the_recipe_for_ollama_works_on_our_side(tmp_path: Path):
    recipe = re.search(r"### With Ollama.*?```sh\n(.*?)```", README, re.DOTALL)
    walk = re.search(r"^\$ (echo '.*' > answer.jsonl)$", README, re.MULTILINE)
    assert recipe is not None
    assert walk is not None
    lines = recipe[1].splitlines()
    theirs, ours = lines[:2], lines[2:]
    model = theirs[1].split()[2]
    assert "OLLAMA_CONTEXT_LENGTH=8192 ollama serve" in theirs[0]
    assert f"ASSISTANT_MODEL={model}" in ours[0]
    assert ours[-1].startswith("interview-assistant serve")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    environment = {**kept, "ASSISTANT_HOME": str(tmp_path / "home"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with ProviderStub(models=(model,)) as ollama:
        ollama.answerer = as_ollama
        script = "\n".join(["set -e", walk[1], *ours[:-1]]).replace("http://127.0.0.1:11434/v1", ollama.url)
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "ollama.jsonl").read_text(encoding="utf-8"))
    assert (card["engine"], card["standing"], card["error"]) == (f"model:{model}", "graded", None)
    judged, advised = (request.json for request in ollama.chats)
    assert {judged["model"], advised["model"]} == {model}
    assert judged["response_format"]["type"] == "json_schema"
    assert judged["max_tokens"] > 0
    assert "tool_choice" not in judged
    assert ollama.chats[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize("name", ["help", "set", "card"])
def test_what_it_shows_is_what_the_product_prints(name: str):
    import readme

    shown = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert shown is not None
    assert shown.group(1) == readme.PARTS[name](), "run: python tools/readme.py"
