"""Shared by all tests: the quiet environment, no network off this machine, small values, and the shipped knowledge."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.settings import Settings, quiet

quiet()
for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ASSISTANT_MODEL", "ASSISTANT_HOME", "PORT"):
    os.environ.pop(name, None)

from assistant.schema import Criterion, FollowUp, Hints, Pitfall, Provenance, Question, Rubric  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--suite", default="", help="run this whole sweep instead of the sample (tools/check.py)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sweep(name): part of a whole sweep, left out of `make test`")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--suite")
    keep = [i for i in items if (i.get_closest_marker("sweep").args[0] if i.get_closest_marker("sweep") else "") == wanted]  # type: ignore[union-attr]
    config.hook.pytest_deselected(items=[i for i in items if i not in keep])
    items[:] = keep


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_connect = socket.socket.connect


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine fails the test that makes it."""

    def connect(self: socket.socket, address: object) -> object:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and not (str(host).startswith("127.") or host in ("::1", "localhost")):
            pytest.fail(f"a test reached for {address}")
        return _connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as the first start leaves it, made once."""
    from assistant.workspace import Workspace

    home = tmp_path_factory.mktemp("filled") / "home"

    async def first_start() -> None:
        await (await Workspace.open(Settings.load(home=home))).close()

    asyncio.run(first_start())
    return home


@pytest.fixture
def home(tmp_path: Path, filled_home: Path) -> Path:
    """A fresh copy of it."""
    shutil.copytree(filled_home, tmp_path / "home")
    return tmp_path / "home"


def provenance() -> Provenance:
    return Provenance(engine="embedded", at=NOW)


def question(**changes: object) -> Question:
    """A small question about skew, whole enough for a card."""
    criteria = (
        Criterion(id="log", text="Logs the feature values the service used beside each decision", points=3, essential=True, dimension="operations",
                  accept=("store what was served with the decision",), missing="Say what you would log at serving time.", why="Skew is invisible without it.", frame="I would log ____."),
        Criterion(id="replay", text="Replays the same events through both paths and compares the values per feature", points=2, dimension="evidence",
                  missing="Say how you would compare both paths.", why="A comparison finds the feature at fault.", frame="I would replay ____ and compare ____."),
        Criterion(id="owner", text="Names who owns the feature definition after the fix", points=2, dimension="leadership", missing="Name the owner.", why="Without an owner it returns.", frame="____ would own ____."),
        Criterion(id="stop", text="Stops the rollout when the difference passes a threshold", points=1, dimension="operations", missing="Name a threshold.", why="A number decides.", frame="I would stop at ____."),
    )  # fmt: skip
    made = Question(
        id="q1", text="Two teams compute the same credit feature in two ways and live losses drift. What do you do?", topic="feature-stores-and-feature-engineering",
        kind="debugging", level=4, minutes=5, origin="bank", origin_id="b1",
        rubric=Rubric(criteria=criteria, pitfalls=(Pitfall(id="retrain", text="Retraining the model more often fixes the skew", points=1),), staff_adds="Owns the contract."),
        hints=Hints(small="Look at both paths.", medium="Logging, comparing, owning.", outline="Log, compare, fix, own."),
        follow_ups=(FollowUp(text="Who owns that definition a year from now?", probes="owner"), FollowUp(text="How would you find the feature at fault?", probes="replay")),
        sources=("feature-stores-and-feature-engineering/training-serving-skew#x",), provenance=provenance(),
    )  # fmt: skip
    return made.model_copy(update=changes)
