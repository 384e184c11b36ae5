"""The host: one address on this computer that serves the page and the JSON routes, and lets nothing else in.

Comes in: `Settings`.  Goes out: an ASGI app (`create_app`) and a running server (`run`).
A loading page and `/healthz` answer at once; a thread imports Gradio and builds the page meanwhile; `/readyz` says yes when a click would work.
Every request passes the guard first: host, origin, path and size. What the guard refuses never reaches Gradio.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.errors import AssistantError, UsageError
from assistant.settings import LOOPBACK, Settings, quiet

if TYPE_CHECKING:
    import uvicorn

    from assistant.workspace import Workspace

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

STOP_SECONDS = 1
"""How long an open page may hold up a stop."""
BODY_SECONDS = 30
"""How long a request may take to send its body."""

# `unsafe-inline` is needed by Gradio's inline configuration; `unsafe-eval` stays out. `base-uri 'none'` would break Gradio's base tag.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
# What a tour of the page needs of Gradio; everything else it offers (config, info, upload, file, monitoring, runs) is closed.
_OPEN_PATHS = {
    "/",
    "/theme.css",
    "/gradio_api/queue/join",
    "/gradio_api/queue/data",
    "/gradio_api/app_id",
    "/gradio_api/cancel",
    "/manifest.json",
}
_OPEN_FOLDERS = ("/assets/", "/static/", "/gradio_api/heartbeat/", "/api/v1/")
_FILE_PATHS = ("/api/v1/notes", "/api/v1/postings", "/api/v1/actions/")

_OWN_FILES = {"/ui/page.js": "text/javascript", "/ui/style.css": "text/css"}
_ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#1f4e9e"/>'
    b'<path d="M4 5h8M4 8h8M4 11h5" stroke="#fff" stroke-width="1.5" stroke-linecap="round"/></svg>'
)

log = logging.getLogger("assistant.server")


def create_app(settings: Settings) -> Site:
    """The whole site as one ASGI app. Its lifespan opens the workspace and builds the page; until then the loading page answers.

    Raises `UsageError` for a host that is not this computer.
    """
    if settings.host not in LOOPBACK:
        raise UsageError(
            f"I only answer on this computer, so {settings.host} is not possible: there is no sign-in yet, and anyone who reaches "
            "that address could read your answers. Leave --host out."
        )
    return Site(settings)


def run(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM; prints the address, opens a browser. Raises `AssistantError` for a taken port or folder."""
    import uvicorn

    quiet()
    _log_plainly()
    site = create_app(settings)
    listener = _listen(settings)
    url = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        site,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = uvicorn.Server(config)
    asyncio.run(_serve(server, site, listener, url, settings))
    if site.failure is not None:
        raise site.failure


async def _serve(server: uvicorn.Server, site: Site, listener: socket.socket, url: str, settings: Settings) -> None:
    site.url = url
    print(f"Interview Assistant is at {url}", f"Your answers are kept in {settings.home}", "Stop it with Ctrl+C.", sep="\n", flush=True)
    with _signals(server):
        # `serve` would raise the signal again when it ends, and a clean stop would look like a crash.
        serving = asyncio.ensure_future(server._serve(sockets=[listener]))
        failing = asyncio.ensure_future(site.failed())
        opening = asyncio.ensure_future(_open_when_up(server, url, settings))
        await asyncio.wait({serving, failing}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        for task in (failing, opening):
            task.cancel()
        await serving
    if not site.settled:
        # Still starting: the threads that import and fill the index cannot be called back, and what they write survives a cut.
        sys.stdout.flush()
        os._exit(0)


@contextlib.contextmanager
def _signals(server: uvicorn.Server) -> Iterator[None]:
    """SIGINT and SIGTERM end the server in good order; a second one ends it at once."""

    def stop(*_: object) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)


async def _open_when_up(server: uvicorn.Server, url: str, settings: Settings) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    # A daemon thread: a browser that hangs must not hold up the stop.
    threading.Thread(target=open_browser, args=(url, settings.browser), daemon=True).start()


def open_browser(url: str, command: str | None) -> None:
    """Shows `url` in the browser of `command`, or in the system's own. Where there is none, nothing happens: the address is printed."""
    with contextlib.suppress(OSError, ValueError, webbrowser.Error):
        if command:
            words = [w.replace("%s", url) for w in shlex.split(command)]
            subprocess.run(
                words if any(url in w for w in words) else [*words, url],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                check=False,
            )
            return
        browser = webbrowser.get()
        # A text browser would take over the terminal that shows the address.
        if type(browser) is not webbrowser.GenericBrowser:
            browser.open(url)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise AssistantError(
            f"Port {settings.port} is taken, perhaps by an Interview Assistant that is already running: look at "
            f"http://{_shown(settings.host)}:{settings.port}. Or choose another port: PORT={settings.port + 1}."
        ) from error
    listener.setblocking(False)
    return listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class Site:
    """The outer app: the guard, what is served before the page is ready, and the page once it is."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = ""
        self.token = secrets.token_urlsafe(32)
        self.workspace: Workspace | None = None
        self.failure: AssistantError | None = None
        self._inner: App | None = None
        self._building: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()

    @property
    def ready(self) -> bool:
        """A click made now would be answered."""
        return self._inner is not None

    @property
    def settled(self) -> bool:
        """The start is over, well or ill."""
        return self._settled.is_set()

    async def failed(self) -> None:
        """Returns when the page turned out not to be possible; never where it is."""
        await self._settled.wait()
        if self.failure is None:
            await asyncio.Event().wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._request(scope, receive, _with_headers(send))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._building = asyncio.create_task(self._build())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self.settled and self.workspace is not None:
            await self.workspace.close()
            (self.settings.home / "server.json").unlink(missing_ok=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _build(self) -> None:
        importing = asyncio.create_task(asyncio.to_thread(_import_gradio))
        try:
            workspace = await asyncio.to_thread(_import_workspace)
            self.workspace = await workspace.open(self.settings)
            await importing
            inner, demo = await asyncio.to_thread(_mounted, self.workspace, self.token)
            # A page mounted after the start gets no lifespan of its own: without these two every click waits for ever.
            demo.run_startup_events()
            await demo.run_extra_startup_events()
            self._announce()
            self._inner = inner
            # The page can be used from here on; whoever searches before the index is open waits for it.
            self._filling = asyncio.create_task(self.workspace.run(self.workspace.index))
        except AssistantError as error:
            self.failure = error
        except Exception as error:
            log.exception("the page could not be built")
            self.failure = AssistantError(f"The page could not be built ({type(error).__name__}). The lines above say why.")
        finally:
            importing.cancel()
            self._settled.set()

    def _announce(self) -> None:
        """Tells commands where the server is, so that one process owns the data."""
        path = self.settings.home / "server.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump({"url": self.url, "pid": os.getpid(), "token": self.token}, out)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        limit = self.settings.file_bytes if scope["path"].startswith(_FILE_PATHS) else self.settings.body_bytes
        body = b""
        if scope["method"] not in ("GET", "HEAD"):
            try:
                body = await asyncio.wait_for(_body(scope, receive, limit), BODY_SECONDS)
            except _TooLarge:
                await _answer(send, 413, f"This is too much at once. The limit is {limit / 1e6:.0f} MB.")
                return
            except (TimeoutError, _Gone):
                await _answer(send, 408, "The request did not arrive whole.")
                return
        own = await self._own(scope["path"])
        if own is not None:
            await _answer(send, *own)
        elif self._inner is not None:
            await self._inner(scope, _replayed(body, receive), send)
        else:
            await _answer(send, 503, "Starting. Try again in a few seconds.")

    async def _own(self, path: str) -> tuple[int, str | bytes, str] | None:
        """What is answered without Gradio; None for the rest."""
        plain = "text/plain; charset=utf-8"
        match path:
            case "/healthz":
                return 200, "ok", plain
            case "/readyz":
                return (200, "ready", plain) if self.ready else (503, str(self.failure or "starting"), plain)
            case "/favicon.ico":
                return 200, _ICON, "image/svg+xml"
            case "/wait":
                # Held until there is something to say: asking again and again would be an error a second on the browser's console.
                await self._settled.wait()
                return 200, json.dumps({"ready": self.ready, "words": str(self.failure or "")}), "application/json"
            case "/ui/page.js" | "/ui/style.css":
                return 200, own_file(path.removeprefix("/ui/")), f"{_OWN_FILES[path]}; charset=utf-8"
            case "/" if not self.ready:
                return 200, own_file("loading.html"), "text/html; charset=utf-8"
        return None


def own_file(name: str) -> str:
    """The text of one of the page's own files."""
    return files("assistant.ui").joinpath(name).read_text(encoding="utf-8")


# Both imports take seconds: in a thread, or the loading page would not answer meanwhile.
def _import_gradio() -> None:
    import gradio  # noqa: F401


def _import_workspace() -> type[Workspace]:
    from assistant.workspace import Workspace

    return Workspace


def _mounted(workspace: Workspace, token: str) -> tuple[App, Any]:
    """The page and the routes as one app, and Gradio's part of it. Imports and builds: call it in a thread."""
    import gradio
    from fastapi import FastAPI

    from assistant import api, ui

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(api.router(workspace, token))
    demo = ui.build_ui(workspace)
    # Before queue(): it holds 40 events otherwise, whatever the concurrency limit says.
    demo.max_threads = 200
    demo.queue(default_concurrency_limit=200, max_size=400)
    gradio.mount_gradio_app(
        app,
        demo,
        path="/",
        theme=ui.theme(),
        head=ui.head(workspace.settings),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        allowed_paths=[],
        max_file_size=workspace.settings.file_bytes,
        mcp_server=False,
    )
    return app, demo


def _refusal(scope: Scope) -> tuple[int, str] | None:
    """Why this request is not for us; None where it is."""
    headers = {k: v.decode("latin-1") for k, v in scope["headers"]}
    host = headers.get(b"host", "")
    if _name(host) not in LOOPBACK:
        return 403, "This address is not served here."
    origin = headers.get(b"origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return 403, "Another page may not use this one."
    path = scope["path"]
    known = path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS) or path in _OWN_FILES
    if not known and path not in ("/healthz", "/readyz", "/favicon.ico", "/wait"):
        return 404, "There is nothing at this address."
    return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class _TooLarge(Exception):
    pass


class _Gone(Exception):
    pass


async def _body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body, counted as it arrives: a length that is not declared, or a false one, does not get round the limit."""
    declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
    if not declared.isdigit() or int(declared) > limit:
        raise _TooLarge
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            raise _TooLarge
        if not message.get("more_body", False):
            return b"".join(pieces)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = {name for name, _ in _HEADERS}
            message = {**message, "headers": [h for h in message.get("headers", []) if h[0].lower() not in ours] + _HEADERS}
        await send(message)

    return wrapped


async def _answer(send: Send, status: int, body: str | bytes, kind: str = "text/plain; charset=utf-8") -> None:
    content = body.encode() if isinstance(body, str) else body
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode()), (b"cache-control", b"no-cache")]
    if status in (408, 413):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _log_plainly() -> None:
    """Warnings and faults to stderr, one line each way: what a stranger put into a name cannot colour or forge a line."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    # An open page that is told to go is what a stop looks like, not a fault.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "timeout graceful shutdown" not in record.getMessage())


class _OneLine(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in super().formatMessage(record))
