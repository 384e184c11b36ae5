"""What the browser tests share: a server in its own process, what a page must not make, and the short ways to a screen."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, Response

ROOT = Path(__file__).parents[2]
RUN = "from assistant.settings import Settings, quiet; quiet(); from assistant.server import run; run(Settings.load())"
START_SECONDS = 90
PATIENCE = "0.2"
ANSWER = (
    "First I would log the feature values the service used beside every decision, because without them nobody can see the skew. "
    "Then I would replay the same events through both paths and compare the values per feature, daily, on one percent of traffic. "
    "I would stop the rollout when more than two percent of the values differ, and the feature's owner decides what happens next. "
    "This year one team owns the definition, and both paths are generated from it. "
    "We would monitor the model after launch."
)


Opener = Callable[..., Page]


class Server:
    """One server process on its own data folder; it can be stopped and started again on the same one."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.opened = home.parent / f"{home.name}-opened.txt"
        self.environment = environment
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.began = 0.0
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
        told = {
            "ASSISTANT_HOME": str(self.home),
            "PORT": self.url.rpartition(":")[2],
            "ASSISTANT_PATIENCE_SCALE": PATIENCE,
            "BROWSER": self._browser(),
            # What else listens on this machine is not a test's business.
            "ASSISTANT_LOCAL_SERVERS": "none",
        }
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN],
            env={**kept, **told, **self.environment},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait(self) -> None:
        """Until a click would be answered."""
        while time.monotonic() - self.began < START_SECONDS:
            assert self.process is not None
            if self.process.poll() is not None:
                pytest.fail(f"the server ended: {self.process.stdout and self.process.stdout.read()}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"not ready after {START_SECONDS} seconds")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code and everything it printed."""
        if self.process is None:
            return 0, ""
        self.process.send_signal(how)
        printed, _ = self.process.communicate(timeout=15)
        code, self.process = self.process.returncode, None
        return code, printed

    def act(self, name: str, **arguments: Any) -> Any:
        """One action of the workspace, as a command calls it."""
        token = json.loads((self.home / "server.json").read_text())["token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1/actions/{name}", json.dumps(arguments).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _browser(self) -> str:
        """A command that only notes the address it is given."""
        return f"{sys.executable} -c \"import sys; open({str(self.opened)!r}, 'a').write(sys.argv[1] + chr(10))\""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Noise:
    """What a page must not make: console errors and warnings, failed requests, requests off this machine."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.off_machine: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"page error: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # A page that is left in the middle of a stream says so as it goes.
        if message.type in ("error", "warning") and not re.search("AbortError|Connection errored out", message.text):
            self.found.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not re.match(r"(data:|blob:|http://(127\.0\.0\.1|localhost)[:/])", request.url):
            self.off_machine.append(request.url)

    def _failed(self, request: Request) -> None:
        # Gradio closes its own stream after an event.
        if not ("/queue/data" in request.url and "ERR_ABORTED" in str(request.failure)):
            self.found.append(f"failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.found.append(f"{response.status}: {response.url}")


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def settled(page: Page) -> None:
    """Until the screen shows what its address names."""
    page.wait_for_function(
        """() => { const s = document.documentElement.dataset.screen, at = document.querySelector(`#screen-${s} .at`);
        return at && !document.documentElement.hasAttribute('data-stale') && document.title.length > 20 }"""
    )


def move(page: Page, address: str) -> None:
    """To another address as a link of the page goes there, without loading the page anew."""
    page.evaluate("to => { const a = document.createElement('a'); a.href = to; document.body.append(a); a.click(); a.remove(); }", address)
    settled(page)


def question(page: Page, url: str) -> None:
    """From Today to an open question of a new set."""
    page.goto(url)
    page.locator("#start-practising").click()
    page.locator("#answer textarea").wait_for()
    settled(page)


def card(page: Page, url: str, answer: str = ANSWER) -> None:
    """From Today to a card."""
    question(page, url)
    page.locator("#answer textarea").fill(answer)
    page.locator("#get-feedback").click()
    page.locator("#card .card .band").wait_for()


def interview(page: Page, url: str) -> None:
    """From Today to an open interview."""
    page.goto(url)
    page.locator("#start-interview").click()
    page.locator("#say textarea").wait_for()
    settled(page)
