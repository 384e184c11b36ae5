"""The host: what it lets in, what it refuses, and how it starts and stops. The guard is tried before a page exists, so nothing heavy is built."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from assistant import server
from assistant.errors import AssistantError, UsageError
from assistant.settings import Settings

RUN = "from assistant.settings import Settings, quiet; quiet(); from assistant.server import run; run(Settings.load())"


class Running:
    """The site on a loopback port, with a small echoing app in the place of the page."""

    def __init__(self, settings: Settings) -> None:
        self.site = server.create_app(settings)
        self.seen: list[bytes] = []
        self.site._inner = self._echo
        config = uvicorn.Config(self.site, port=0, lifespan="off", log_level="error", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    async def _echo(self, scope: object, receive: server.Receive, send: server.Send) -> None:
        message = await receive()
        self.seen.append(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"unsafe-url")]})
        await send({"type": "http.response.body", "body": b"inner"})

    def __enter__(self) -> Running:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer
        finally:
            connection.close()


@pytest.fixture
def site(home: Path) -> Iterator[Running]:
    with Running(Settings(home=home, body_bytes=1000, file_bytes=5000)) as running:
        yield running


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "10.0.0.5:7860", "[::2]", "", "[", "127.0.0.1@evil.example"],
)
def test_a_foreign_host_is_refused(site: Running, host: str) -> None:
    assert site.ask("GET", "/", Host=host)[:2] == (403, "This address is not served here.")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "LOCALHOST:80", "[::1]:7860"])
def test_this_computer_by_any_of_its_names_is_served(site: Running, host: str) -> None:
    assert site.ask("GET", "/", Host=host)[0] == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost", "http://127.0.0.1:1", "file://", "http://127.0.0.1.evil.example"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_foreign_origin_is_refused(site: Running, method: str, origin: str) -> None:
    assert site.ask(method, "/gradio_api/queue/join", b"{}", Origin=origin)[:2] == (403, "Another page may not use this one.")
    assert site.seen == []


def test_the_pages_own_origin_is_served(site: Running) -> None:
    status, body, _ = site.ask(
        "POST", "/gradio_api/queue/join", b"{}", Host=f"127.0.0.1:{site.port}", Origin=f"http://127.0.0.1:{site.port}"
    )
    assert (status, body) == (200, "inner")
    assert site.seen == [b"{}"]


@pytest.mark.parametrize(
    "path",
    [
        "/config", "/openapi.json", "/docs", "/gradio_api/info", "/gradio_api/upload", "/gradio_api/file=/etc/passwd", "/gradio_api/runs", "/monitoring",
        "/gradio_api/queue/status", "/gradio_api/call/x", "/gradio_api/run/predict", "/login", "/token", "/gradio_api/deep_link", "/svelte/x", "/robots.txt",
        "/gradio_api/proxy=http://evil.example", "/ui/loading.html", "/ui/../server.py", "/gradio_api/dev/reload", "/gradio_api/component_server",
    ],
)  # fmt: skip
def test_what_the_page_does_not_need_of_gradio_is_closed(site: Running, path: str) -> None:
    assert site.ask("GET", path)[0] == 404
    assert site.seen == []


def _answered(site: Running, path: str, size: int) -> int:
    """The status of a streamed body; a refusal may close the connection before its words are read, and is then asked for again."""
    for _ in range(5):
        try:
            return _streamed(site, path, size)
        except OSError:
            continue
    return _streamed(site, path, size)


def test_a_body_over_the_limit_is_refused_by_its_length_and_by_what_arrives(site: Running) -> None:
    assert site.ask("POST", "/gradio_api/queue/join", b"x" * 1001)[0] == 413
    assert _answered(site, "/gradio_api/queue/join", 2000) == 413
    assert _answered(site, "/gradio_api/queue/join", 900) == 200
    assert _answered(site, "/api/v1/notes", 4000) == 200
    assert _answered(site, "/api/v1/notes", 6000) == 413
    assert [len(b) for b in site.seen] == [900, 4000]


def test_every_answer_carries_the_policy_even_over_the_inner_apps_own(site: Running) -> None:
    for path in ("/", "/healthz", "/config", "/ui/page.js"):
        _, _, answer = site.ask("GET", path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'self'" in policy
        assert answer.headers.get_all("referrer-policy") == ["no-referrer"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["server"] is None or "uvicorn" in answer.headers["server"]


def test_a_websocket_is_refused(site: Running) -> None:
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "eHh4eHh4eHh4eHh4eHh4eA==",
    }
    assert site.ask("GET", "/", **handshake)[0] == 403


def test_before_the_page_stands_there_is_a_loading_page_and_a_health(home: Path) -> None:
    with Running(Settings(home=home)) as starting:
        starting.site._inner = None
        assert starting.ask("GET", "/healthz")[:2] == (200, "ok")
        assert starting.ask("GET", "/readyz")[:2] == (503, "starting")
        status, page, _ = starting.ask("GET", "/?s=practise&q=1")
        assert status == 200
        assert "One moment" in page
        assert starting.ask("POST", "/gradio_api/queue/join", b"{}")[0] == 503


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "example.com"])
def test_a_host_that_is_not_this_computer_is_refused_in_plain_words(home: Path, host: str) -> None:
    with pytest.raises(UsageError, match="I only answer on this computer"):
        server.create_app(Settings(home=home, host=host))


def test_a_taken_port_is_told_with_a_way_on(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AssistantError, match=f"Port {port} is taken.*PORT={port + 1}"):
            server.run(Settings(home=home, port=port))


def test_the_browser_of_the_settings_is_opened_and_a_missing_one_is_no_fault(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    server.open_browser("http://127.0.0.1:1", f"{sys.executable} -c \"import sys; open({str(noted)!r}, 'w').write(sys.argv[1])\"")
    deadline = time.monotonic() + 20
    while not (noted.exists() and noted.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert noted.read_text() == "http://127.0.0.1:1"
    server.open_browser("http://127.0.0.1:1", "/nowhere/no-such-browser")
    server.open_browser("http://127.0.0.1:1", "unbalanced 'quote")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_it_is_still_starting_is_clean_and_quick(home: Path, how: signal.Signals) -> None:
    environment = {**os.environ, "ASSISTANT_HOME": str(home), "PORT": "0", "BROWSER": "/nowhere/no-such-browser"}
    process = subprocess.Popen([sys.executable, "-c", RUN], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Interview Assistant is at http://127.0.0.1:")
    _wait_for_health(line.split()[-1])
    process.send_signal(how)
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 0
    assert errors == ""


def test_a_folder_in_use_ends_the_start_with_its_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_import_gradio", lambda: None)  # seconds that this start never gets to use
    from assistant.workspace.doors import take_lock

    settings = Settings(home=home, port=0, lock_wait_seconds=0, browser="/nowhere/no-such-browser")
    lock = take_lock(settings)
    try:
        with pytest.raises(AssistantError, match="Another Interview Assistant already uses the data folder"):
            server.run(settings)
    finally:
        lock.release()


def _streamed(site: Running, path: str, size: int) -> int:
    """The answer to a body sent in pieces, without a length."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for start in range(0, size, 500):
            piece = b"x" * min(500, size - start)
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        return int(connection.recv(100).split()[1])


def _wait_for_health(url: str) -> None:
    port = int(url.rpartition(":")[2])
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b"ok"
            connection.close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("no health")


def test_the_page_is_told_why_it_cannot_start(home: Path) -> None:
    with Running(Settings(home=home)) as failed:
        failed.site._inner = None
        failed.site.failure = AssistantError("The data folder cannot be written.")
        failed.site._settled.set()
        assert json.loads(failed.ask("GET", "/wait")[1]) == {"ready": False, "words": "The data folder cannot be written."}
        assert failed.ask("GET", "/readyz")[:2] == (503, "The data folder cannot be written.")
