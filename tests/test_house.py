"""The house holds: nothing heavy at import, one command name, no address in the lock, the texts of the house true."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = ("gradio", "chromadb", "langchain", "langchain_core", "langchain_openai", "openai", "onnxruntime", "pandas")


def loaded_by(code: str) -> set[str]:
    """The heavy packages in memory after running `code` in a fresh interpreter."""
    out = subprocess.run([sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in out.stdout.split()} & set(HEAVY)


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import assistant") == set()


def test_every_room_but_the_page_can_be_imported_without_anything_heavy():
    rooms = [
        "assistant.workspace",
        "assistant.provider",
        "assistant.index",
        "assistant.retrieval",
        "assistant.embedding",
        "assistant.cli.commands",
        "assistant.remote",
        "assistant.server",
    ]
    assert loaded_by("import " + ", ".join(rooms)) == set()


def test_the_lock_names_no_index_and_pins_every_package_by_hash():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links|file:", lock)
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==", lock, re.MULTILINE)
    assert len(pinned) > 50
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", lock)) >= len(pinned)


def test_what_the_project_depends_on_has_a_lower_bound_and_stands_in_the_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    for wanted in project["dependencies"] + project["optional-dependencies"]["dev"]:
        name = re.split(r"[<>=!~\[ ]", wanted)[0].lower()
        assert ">=" in wanted, wanted
        assert f"\n{name}==" in f"\n{lock}", wanted
    assert {"openai", "langchain", "chromadb", "gradio", "pydantic"} <= {re.split(r"[<>=]", d)[0] for d in project["dependencies"]}


def test_the_house_names_every_room():
    house = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")
    rooms = {p.stem for p in (ROOT / "assistant").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()} - {
        "__init__",
        "__main__",
    }
    named = {name.rstrip("/") for name in re.findall(r"^\| `([a-z_]+/?)`", house, re.MULTILINE)}
    assert rooms == named


def test_only_settings_reads_the_environment():
    for path in (ROOT / "assistant").rglob("*.py"):
        if path.name != "settings.py":
            assert "os.environ" not in path.read_text(encoding="utf-8"), path
            assert "getenv" not in path.read_text(encoding="utf-8"), path
