"""The README is true: its commands run, in order, offline; its help text and its examples are the product's own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("name", ["help", "set", "card"])
def test_what_it_shows_is_what_the_product_prints(name: str):
    import readme

    shown = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert shown is not None
    assert shown.group(1) == readme.PARTS[name](), "run: python tools/readme.py"
