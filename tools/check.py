"""One whole sweep: `make check SUITE=name`. What passed on the same tree is not run again, so a sweep that was stopped goes on.

    python tools/check.py             the suites there are
    python tools/check.py NAME        runs one; exit code 1 when anything failed
    python tools/check.py NAME anew   from the beginning

A test belongs to a suite by `@pytest.mark.sweep("name")`; `make test` leaves those out and runs a fixed sample of each instead.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KEPT = ROOT / ".check"


class Resume:
    """Leaves out what has passed, and keeps what passes now."""

    def __init__(self, suite: str, path: Path) -> None:
        self.suite, self.path = suite, path
        self.passed: set[str] = set(json.loads(path.read_text())) if path.is_file() else set()

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        done = [i for i in items if i.nodeid in self.passed]
        items[:] = [i for i in items if i.nodeid not in self.passed]
        config.hook.pytest_deselected(items=done)
        if done:
            print(f"{len(done)} passed before on this tree; {len(items)} to go")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
            self.path.write_text(json.dumps(sorted(self.passed)))


def suites() -> list[str]:
    found = {
        n for p in (ROOT / "tests").rglob("test_*.py") for n in re.findall(r'mark\.sweep\("([a-z-]+)"\)', p.read_text(encoding="utf-8"))
    }
    return sorted(found)


def tree() -> str:
    """A name for the tree as it stands: the commit, and what is changed on top of it."""
    told = [
        subprocess.run(["git", *c], cwd=ROOT, capture_output=True, text=True).stdout
        for c in (["rev-parse", "HEAD"], ["diff", "HEAD"], ["status", "--short"])
    ]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in suites():
        sys.exit(f"Which suite? make check SUITE=name. There are: {', '.join(suites())}.")
    suite = sys.argv[1]
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"{suite}-{tree()}.json"
    if sys.argv[2:] == ["anew"]:
        path.unlink(missing_ok=True)
    code = pytest.main(["--suite", suite, str(ROOT / "tests")], plugins=[Resume(suite, path)])
    # 5: nothing left to run, everything passed before.
    sys.exit(0 if code in (0, 5) else int(code))


if __name__ == "__main__":
    main()
