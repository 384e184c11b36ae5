"""A real browser before a real server in its own process: three server starts serve every test here.

The main path comes first, on a fresh data folder: it starts the server, and starts it again half-way. The others share what it leaves.
"""

from __future__ import annotations

import importlib.util
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from provider_stub import ProviderStub

from browser.pages import ANSWER, ROOT, Noise, Opener, Server, until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Last of all, since Playwright keeps an event loop running in this thread; the main path first among them, on a fresh folder.
    items.sort(key=lambda item: ("/browser/" in item.path.as_posix(), item.path.name != "test_main_path.py"))


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory, stub: ProviderStub) -> Iterator[Server]:
    """The server without a model, not started yet. The scripted one can be found on this computer."""
    port = stub.url.removesuffix("/v1").rpartition(":")[2]
    found = {"ASSISTANT_LOCAL_SERVERS": f"{port}=Ollama"}
    server = Server(tmp_path_factory.mktemp("built-in") / "home", **found)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def site(fresh: Server) -> Server:
    """The same server, answering."""
    if fresh.process is None:
        fresh.start()
    fresh.wait()
    return fresh


@pytest.fixture(scope="session")
def stub() -> Iterator[ProviderStub]:
    with ProviderStub() as running:
        yield running


@pytest.fixture(scope="session")
def modelled(tmp_path_factory: pytest.TempPathFactory, stub: ProviderStub) -> Iterator[Server]:
    """A server whose model is the scripted one."""
    limits = {"ASSISTANT_FIRST_TOKEN_SECONDS": "30", "ASSISTANT_IDLE_SECONDS": "30", "ASSISTANT_TOTAL_SECONDS": "60"}
    server = Server(tmp_path_factory.mktemp("modelled") / "home", OPENAI_BASE_URL=stub.url, ASSISTANT_MODEL="scripted", **limits)
    server.start()
    server.wait()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of an installed Chrome or Chromium."""
    spec = importlib.util.spec_from_file_location("tools_browser", ROOT / "tools" / "browser.py")
    assert spec is not None
    assert spec.loader is not None
    finder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(finder)
    path = finder.installed()
    if path is None:
        pytest.fail(finder.HOW)
    return str(path)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    yield launched
    launched.close()


@pytest.fixture
def noise() -> Noise:
    return Noise()


@pytest.fixture
def new_page(browser: Browser, noise: Noise) -> Iterator[Opener]:
    """Opens a page in a profile of its own, watched."""
    contexts: list[BrowserContext] = []

    def opened(width: int = 1280, dark: bool = False, context: BrowserContext | None = None) -> Page:
        if context is None:
            height = 900 if width > 800 else 844 if width == 390 else 640
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", has_touch=width < 800
            )
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        noise.watch(page)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def places(site: Server) -> dict[str, str]:
    """Addresses of everything a person may have made, made without a browser."""
    made = site.act("start_set", minutes=20)
    asked = [q["id"] for q in made["questions"]]
    attempt = site.act("submit", question_id=asked[0], answer=ANSWER, key="1")["id"]
    site.act("submit", question_id=asked[1], answer="I don't know", key="1")
    ended, running = (site.act("start_interview", minutes=10)["id"] for _ in range(2))
    for meeting in (ended, running):
        site.act("say", interview_id=meeting, text=ANSWER, key="1")
    until(lambda: site.act("interview", interview_id=ended)["turns"][-1]["status"] == "complete")
    site.act("end_interview", interview_id=ended)
    talk = site.act("ask", text="What is point-in-time correctness?", key="1")["id"]
    notes = site.act(
        "add_notes", file_name="mine.md", text="# Mine\n\n## A heading\n\nSome <b>words</b> and ![x](http://evil.example/x.png).\n"
    )["id"]
    posting = site.act("posting")
    line = next(r["id"] for r in posting["requirements"] if r["askable"])
    until(lambda: site.act("interview", interview_id=ended)["status"] == "ended")
    until(lambda: site.act("attempt", attempt_id=attempt)["status"] == "complete")
    until(lambda: site.act("conversation", conversation_id=talk)["turns"][-1]["status"] == "complete")
    section = "sequence-models/attention-over-events#how-does-self-attention-turn-a-payment-history-into-one-vector"
    return {
        "today": "/", "own posting": "/?s=today&own=1", "set": f"/?s=practise&set={made['id']}", "question": f"/?s=practise&q={asked[2]}",
        "card": f"/?s=practise&q={asked[0]}", "card of no answer": f"/?s=practise&q={asked[1]}", "old card": f"/?s=practise&q={asked[0]}&a={attempt}",
        "begin": "/?s=interview", "interview": f"/?s=interview&i={running}", "report": f"/?s=interview&i={ended}", "progress": "/?s=progress",
        "sources": "/?s=sources", "posting": f"/?s=sources&posting={posting['id']}", "posting line": f"/?s=sources&posting={posting['id']}&line={line}",
        "passage": f"/?s=sources&sec={urllib.parse.quote(section)}", "note": "/?s=sources&doc=ml-system-design/checkout-decision-200ms", "own notes": f"/?s=sources&doc={notes}",
        "settings": "/?s=settings", "delete everything": "/?s=settings&sure=1", "coach": f"/?s=today&ask={talk}", "nothing here": "/?s=practise&q=nothing",
    }  # fmt: skip
