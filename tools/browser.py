"""Makes sure there is a browser for the tests: an installed Chrome or Chromium, else one is installed by the ordinary means.

Exit code 1, saying how, where neither works. Prints the browser's path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("google-chrome-stable", "google-chrome", "chromium", "chromium-browser", "chrome")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")
HOW = "The browser tests need Chrome or Chromium, and I could not install one. Install it (Debian: apt-get install chromium), or set CHROME to its path."


def installed() -> str | None:
    """The path of a browser that is there: CHROME, then the usual names and places, then Playwright's own."""
    named = os.environ.get("CHROME")
    if named and Path(named).is_file():
        return named
    found = next((p for n in NAMES if (p := shutil.which(n))), None) or next((p for p in PLACES if Path(p).is_file()), None)
    return found or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def install() -> None:
    """By the system's package manager where we may use it, else by Playwright."""
    attempts = []
    if shutil.which("apt-get"):
        apt = ["apt-get"] if os.geteuid() == 0 else ["sudo", "-n", "apt-get"]
        attempts.append(
            [[*apt, "update", "-qq"], [*apt, "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"]]
        )
    if shutil.which("dnf"):
        attempts.append([["dnf", "install", "-y", "-q", "chromium"]])
    attempts.append([[sys.executable, "-m", "playwright", "install", "chromium"]])
    for commands in attempts:
        if all(_run(c) for c in commands) and installed():
            return


def _run(command: list[str]) -> bool:
    print("Installing a browser:", " ".join(command), file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> None:
    if installed() is None:
        install()
    path = installed()
    if path is None:
        sys.exit(HOW)
    print(path)


if __name__ == "__main__":
    main()
