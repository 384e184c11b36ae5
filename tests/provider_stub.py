"""A scripted OpenAI-compatible server on loopback: real HTTP, every fault on demand, and by default a sensible answer to each of our prompts.

    with ProviderStub() as stub:
        stub.queue(status(500), say("Hello."))     # one script a request, in order; then the default responder
        Settings(openai_base_url=stub.url, ...)
        stub.requests[0].json["messages"]

The default responder reads the request as a model would: it builds its answer from the rubric, the sources and the candidate's own words
that stand in it, so that the whole product can be walked on it. `stub.pace` slows every default answer down (seconds a piece).
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from assistant.prompt import prompt_of
from assistant.tasks import ALL
from assistant.text import find_quote, sentences

USAGE = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150, "prompt_tokens_details": {"cached_tokens": 64}}


@dataclass(frozen=True)
class Script:
    """What one request gets. Times in seconds."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    """Sent as it is instead of a stream."""
    text: str = ""
    pieces: tuple[str, ...] | None = None
    """How `text` is cut for the stream; None: words."""
    before: float = 0.0
    """Before the status line."""
    after_headers: float = 0.0
    delay: float = 0.0
    """Between two pieces."""
    hold_after: int | None = None
    """After so many pieces nothing more is sent and the connection is held; 0: right after the headers, -1: not even those."""
    drop_after: int | None = None
    """After so many pieces the connection is closed in the middle of the response."""
    error_after: int | None = None
    """After so many pieces an error object is sent in the stream."""
    error: dict[str, Any] = field(default_factory=lambda: {"message": "upstream failed", "code": 502})
    finish: str | None = "stop"
    done: bool = True
    usage: dict[str, Any] | None = field(default_factory=lambda: dict(USAGE))
    refusal: str = ""
    line_end: bytes = b"\n"
    split_bytes: int = 0
    """The stream is written in blocks of so many bytes, wherever they cut a character; 0: an event a block."""


def say(text: str, **changes: Any) -> Script:
    """`text`, streamed word by word."""
    return replace(Script(text=text), **changes)


def give(value: Any, **changes: Any) -> Script:
    """A value as JSON, streamed."""
    return say(json.dumps(value, ensure_ascii=False), **changes)


def status(code: int, message: str = "no", /, *, headers: Sequence[tuple[str, str]] = (), **error: Any) -> Script:
    """A refusal with OpenAI's error object; further words go into the object (`code`, `type`)."""
    body = json.dumps({"error": {"message": message, **error}}).encode()
    return Script(status=code, headers=(("Content-Type", "application/json"), *headers), body=body)


def raw(body: bytes, content_type: str = "text/event-stream", **changes: Any) -> Script:
    """Bytes as they are, called a success."""
    return replace(Script(body=body, headers=(("Content-Type", content_type),)), **changes)


def redirect(to: str) -> Script:
    return Script(status=307, headers=(("Location", to),), body=b"")


def gzip_bomb(megabytes: int = 200) -> Script:
    """A small compressed body that would unfold to `megabytes`."""
    block = gzip.compress(b"data: " + b"a" * 1_000_000, 9)
    return raw(block * megabytes, headers=(("Content-Type", "text/event-stream"), ("Content-Encoding", "gzip")))


HANG = Script(hold_after=-1)
"""Takes the request and never answers."""
SILENCE = Script(hold_after=0)
"""Headers, then nothing."""
STALL = Script(text=" ".join(f"word{n}" for n in range(1, 61)), hold_after=20)
"""Twenty tokens, then nothing."""


@dataclass
class Seen:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    json: dict[str, Any]
    at: float
    task: str
    closed_at: float | None = None
    """When the client was found gone before the response had ended."""
    ended_at: float | None = None

    @property
    def text(self) -> str:
        """Every message of it."""
        return "\n".join(str(m.get("content")) for m in self.json.get("messages", ()))


Answerer = Callable[[Seen], Script]


class ProviderStub:
    """The server; start and stop it by `with`."""

    def __init__(self, models: Sequence[str] = ("stub-model",)) -> None:
        self.models = tuple(models)
        self.pace = 0.0
        self.requests: list[Seen] = []
        self.listed: list[str] = []
        """Paths at which the models were asked for."""
        self.answerer: Answerer = answer_sensibly
        self._queue: deque[Script] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def chats(self) -> list[Seen]:
        """The requests for a generation, in order."""
        return [r for r in self.requests if r.path.endswith("/chat/completions")]

    @property
    def under_way(self) -> int:
        """Generations begun and not yet ended or left."""
        return sum(r.ended_at is None and r.closed_at is None for r in self.chats)

    def queue(self, *scripts: Script | str | dict[str, Any], times: int = 1) -> None:
        """What the next requests get, one each; a text is said, a value is given as JSON."""
        made = [s if isinstance(s, Script) else say(s) if isinstance(s, str) else give(s) for s in scripts]
        with self._lock:
            self._queue.extend(made * times)

    def __enter__(self) -> ProviderStub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    # --- used by the handler ---

    def script_for(self, seen: Seen) -> Script:
        with self._lock:
            self.requests.append(seen)
            if self._queue:
                return self._queue.popleft()
        script = self.answerer(seen)
        return replace(script, delay=self.pace) if self.pace and not script.delay else script

    def sleep(self, seconds: float) -> bool:
        """True when the server is being stopped."""
        return self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is no error here."""


class _Gone(Exception):
    """The client left, or the server is stopping."""


def _handler(stub: ProviderStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            stub.listed.append(self.path)
            body = json.dumps({"object": "list", "data": [{"id": m, "object": "model"} for m in stub.models]}).encode()
            self._whole(200, (("Content-Type", "application/json"),), body)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = json.loads(content or b"{}")
            seen = Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, asked, time.monotonic(), _task_of(asked))
            script = stub.script_for(seen)
            self.close_connection = True
            try:
                self._play(script, asked)
                seen.ended_at = time.monotonic()
            except (_Gone, OSError):
                seen.closed_at = time.monotonic()

        def _play(self, script: Script, asked: dict[str, Any]) -> None:
            self._pause(script.before)
            if script.hold_after == -1:
                self._hold()
            if script.body is not None:
                self._whole(script.status, script.headers, script.body)
            elif not asked.get("stream"):
                self._whole(200, (("Content-Type", "application/json"),), _completion(script, asked))
            else:
                self._stream(script, asked)

        def _stream(self, script: Script, asked: dict[str, Any]) -> None:
            self.send_response(script.status)
            for name, value in script.headers or (("Content-Type", "text/event-stream; charset=utf-8"),):
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            self._pause(script.after_headers)
            if script.split_bytes:
                whole = b"".join(event for _, event in _events(script, asked))
                for at in range(0, len(whole), script.split_bytes):
                    self._chunk(whole[at : at + script.split_bytes])
                    self._pause(script.delay)
            else:
                self._pieces(script, asked)
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()

        def _pieces(self, script: Script, asked: dict[str, Any]) -> None:
            for sent, event in _events(script, asked):
                if sent == script.hold_after:
                    self._hold()
                if sent == script.drop_after:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    raise _Gone
                self._chunk(event)
                self._pause(script.delay)

        def _chunk(self, block: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
            self.wfile.flush()

        def _whole(self, code: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
            self.send_response(code)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _pause(self, seconds: float) -> None:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                if stub.sleep(min(left, 0.02)) or self._left():
                    raise _Gone

        def _hold(self) -> None:
            while not stub.sleep(0.02):
                if self._left():
                    raise _Gone
            raise _Gone

        def _left(self) -> bool:
            self.connection.setblocking(False)
            try:
                return self.connection.recv(1, socket.MSG_PEEK) == b""
            except BlockingIOError:
                return False
            except OSError:
                return True
            finally:
                self.connection.setblocking(True)

    return Handler


def _events(script: Script, asked: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The stream's events, each with how many pieces of the text stood before it; those after the last piece come with -1 when it is whole."""

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def data(value: Any) -> bytes:
        return f"data: {json.dumps(value, ensure_ascii=False)}".encode() + script.line_end * 2

    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked.get("model", "")}
    pieces = script.pieces if script.pieces is not None else tuple(re.findall(r"\S+\s*|\s+", script.text))
    yield -2, event({"role": "assistant", "content": ""})
    if script.refusal:
        yield -2, event({"refusal": script.refusal})
    for sent, piece in enumerate(pieces):
        if sent == script.error_after:
            yield sent, data({"error": script.error})
            return
        yield sent, event(_delta(piece, sent, asked))
    for limit in (script.hold_after, script.drop_after):
        if limit is not None and limit >= len(pieces):
            yield limit, b""
    if script.finish is not None:
        finish = "tool_calls" if asked.get("tools") and script.finish == "stop" else script.finish
        yield -1, event({}, finish)
    if script.usage and (asked.get("stream_options") or {}).get("include_usage"):
        yield -1, data({**head, "choices": [], "usage": script.usage})
    if script.done:
        yield -1, b"data: [DONE]" + script.line_end * 2


def _delta(piece: str, sent: int, asked: dict[str, Any]) -> dict[str, Any]:
    if not asked.get("tools"):
        return {"content": piece}
    function = {"arguments": piece} | ({"name": asked["tools"][0]["function"]["name"]} if sent == 0 else {})
    return {"tool_calls": [{"index": 0, "function": function} | ({"id": "call-1", "type": "function"} if sent == 0 else {})]}


def _completion(script: Script, asked: dict[str, Any]) -> bytes:
    message = {"role": "assistant", "content": script.text} | ({"refusal": script.refusal} if script.refusal else {})
    choice = {"index": 0, "message": message, "finish_reason": script.finish}
    return json.dumps(
        {"id": "1", "object": "chat.completion", "created": 1, "model": asked.get("model"), "choices": [choice], "usage": script.usage}
    ).encode()


def _task_of(asked: dict[str, Any]) -> str:
    """Which of our prompts a request is made from."""
    if schema := asked.get("response_format", {}).get("json_schema"):
        return str(schema["name"])
    if tools := asked.get("tools"):
        return str(tools[0]["function"]["name"])
    system = str((asked.get("messages") or [{}])[0].get("content", ""))
    return next((t.name for t in ALL if system.startswith(prompt_of(t).system)), "")


# --- the default responder ----------------------------------------------------------------------------------------------

_FENCE = re.compile(r"\[\[(?P<name>\w+) (?P<tag>\w+)\]\]\n(?P<text>.*?)\n\[\[/(?P=name) (?P=tag)\]\]", re.DOTALL)
_POINT = re.compile(r"^- (?P<id>[\w-]+)(?: \((?P<points>\d) points(?P<essential>, essential)?\))?: (?P<text>.*)$", re.MULTILINE)
_TURNS = (
    "How would you have noticed if {} had been wrong?",
    "Put a number on {} for me, and tell me where it comes from?",
    "What did you give up by choosing {}, compared with the simplest thing that could work?",
    "Suppose {} fails on a Friday night: who finds out, and through what?",
    "Which part of {} would you defend in front of a sceptical colleague, and with what evidence?",
    "I am curious about {}: what would have to change for you to do the opposite?",
    "Walk me one step further into {}, down to the data you would look at?",
    "Who had to agree before {} could happen, and what did it take?",
)


def answer_sensibly(seen: Seen) -> Script:
    """A valid answer to any of our prompts, made from what the request itself holds."""
    user = next((str(m["content"]) for m in seen.json.get("messages", ()) if m["role"] == "user"), "")
    texts: dict[str, list[str]] = {}
    for fence in _FENCE.finditer(user):
        texts.setdefault(fence["name"], []).append(fence["text"])
    match seen.task:
        case "write_question":
            return give(_written(texts))
        case "judge_answer":
            return give(_judged(texts))
        case "advise":
            return give(_advised(texts))
        case "next_turn":
            return give(_asked(user, texts))
        case "coach_reply":
            return say(_coached(texts))
    return say("ok")


def _points(texts: dict[str, list[str]]) -> list[re.Match[str]]:
    return list(_POINT.finditer("\n".join(texts.get("points", ()))))


def _words(text: str) -> set[str]:
    return {
        w for w in re.findall(r"[a-z]{4,}", text.lower()) if w not in {"with", "that", "this", "from", "would", "have", "what", "which"}
    }


def _bearing(point: str, answer: str) -> tuple[str, float]:
    """The sentence of the answer that shares most words with a point, at most 40 words of it, and the share."""
    wanted = _words(point.split(" Also said as:")[0])
    best, most = "", 0.0
    for span in sentences(answer):
        said = " ".join(span.of(answer).split()[:40])
        share = len(wanted & _words(said)) / max(1, len(wanted))
        if share > most:
            best, most = said, share
    return best, most


def _judged(texts: dict[str, list[str]]) -> dict[str, Any]:
    answer = texts.get("answer", [""])[-1]
    grades = []
    for point in _points(texts):
        quote, share = _bearing(point["text"], answer)
        verdict = "met" if share >= 0.4 else "partial" if share >= 0.15 else "missed"
        quote = quote if verdict != "missed" else ""
        reason = "The quoted words speak to this point." if quote else "Nothing in the answer speaks to this point."
        grades.append({"criterion": point["id"], "quote": quote, "verdict": verdict, "reason": reason})
    wrong = [{"pitfall": p["id"], "quote": "", "committed": False} for p in _POINT.finditer("\n".join(texts.get("pitfalls", ())))]
    return {"grades": grades, "pitfalls": wrong}


def _advised(texts: dict[str, list[str]]) -> dict[str, Any]:
    answer = texts.get("answer", [""])[-1]
    stands = re.compile(r'^- (?P<id>[\w-]+): (?P<verdict>\w+)(?: - "(?P<quote>.*)")?$', re.MULTILINE)
    verdicts = {m["id"]: m for m in stands.finditer("\n".join(texts.get("verdicts", ())))}
    points = [p for p in _points(texts) if p["id"] in verdicts]
    open_points = [p for p in points if verdicts[p["id"]]["verdict"] in ("partial", "missed")]
    open_points.sort(key=lambda p: (p["essential"] is None, -int(p["points"] or 1)))
    sources = [source.split("\n", 1)[0].removeprefix("id: ") for source in texts.get("source", ())]

    def gap(point: re.Match[str]) -> dict[str, Any]:
        quote = verdicts[point["id"]]["quote"] or ""
        quote = quote if find_quote(quote, answer) else ""
        return {"criterion": point["id"], "text": "Say it: " + " ".join(point["text"].rstrip(".").split()[:16]) + ".", "quote": quote}

    fix = None
    if open_points:
        why = "An interviewer at this level listens for it and cannot supply it for you."
        fix = gap(open_points[0]) | {"why": why, "frame": "I would look at ____ and act when it passes ____.", "sources": sources[:1]}
    strengths = [
        {"quote": verdicts[p["id"]]["quote"], "text": "These words settle the point."}
        for p in points
        if verdicts[p["id"]]["verdict"] == "met" and find_quote(verdicts[p["id"]]["quote"] or "", answer)
    ]
    return {"fix": fix, "also": [gap(p) for p in open_points[1:3]], "strengths": strengths[:3]}


def _asked(user: str, texts: dict[str, list[str]]) -> dict[str, Any]:
    newest = texts.get("candidate", [""])[-1]
    words = max((s.of(newest) for s in sentences(newest)), key=len, default=newest).split()[:9]
    quote = " ".join(words).strip(".,;:!?\"'“”")
    turn = _TURNS[len(texts.get("interviewer", ())) % len(_TURNS)]
    used = "\n".join(texts.get("used", ()))
    turn = next((t for t in (turn, *_TURNS) if t.split("{}")[0].strip() not in used and t.split("{}")[1].strip() not in used), turn)
    answer_first = "Good to clarify: take whichever reading you know best. " if "are a question to you" in user else ""
    points = _points(texts)
    return {"quote": quote, "probes": points[0]["id"] if points else "", "text": answer_first + turn.format(f'"{quote}"')}


def _coached(texts: dict[str, list[str]]) -> str:
    said = []
    question = _words(texts.get("candidate", [""])[-1])
    for number, source in enumerate(texts.get("source", ()), 1):
        body = source.split("\n", 1)[-1]
        plain = [s.of(body) for s in sentences(body) if 6 <= len(s.of(body).split()) <= 45 and "\n" not in s.of(body)]
        best = max(plain, key=lambda s: len(question & _words(s)), default="")
        if best and question & _words(best):
            said.append(f"{best.rstrip('.')} [{number}].")
    return " ".join(said[:3]) or "Your notes do not cover this."


def _written(texts: dict[str, list[str]]) -> dict[str, Any]:
    posting, line = texts.get("posting", [""])[0], texts.get("line", [""])[0]
    company = (re.search(r"^Company: (.+)$", posting, re.MULTILINE) or ["", "the company"])[1]
    phrase = (re.search(r"^What to test in it: (.+)$", line, re.MULTILINE) or ["", "this line"])[1].rstrip(".")
    sources = [(s.split("\n", 1)[0].removeprefix("id: "), s.split("\n", 2)[-1]) for s in texts.get("source", ())]
    facts = [
        (source, " ".join(span.of(body).split()[:28]))
        for source, body in sources
        for span in sentences(body)
        if 9 <= len(span.of(body).split()) <= 40 and "\n" not in span.of(body)
    ][:4]
    while len(facts) < 4:
        general = ("Names the decision that the work serves and what a wrong result costs", "Compares the choice with the simplest alternative and its price",
                   "States a number with its unit for the load, the delay or the gain", "Says how a failure would be noticed and who acts on it")  # fmt: skip
        facts.append(("not in your notes", general[len(facts)]))
    criteria = [
        {
            "id": f"point-{n}", "text": fact[:250], "points": 4 - n if n < 3 else 1, "dimension": ("framing", "depth", "trade-offs", "operations")[n],
            "essential": n < 2, "accept": [f"I would say that {fact[0].lower()}{fact[1:150]}", f"What I saw in practice: {fact[:140]}"],
            "missing": f"Say plainly what point {n + 1} claims, with a number.", "why": "It shows that you have carried this and not only read about it.",
            "frame": "In my last system ____ did this, and ____ told us that it held.", "source": source[:190],
        }
        for n, (source, fact) in enumerate(facts)
    ]  # fmt: skip
    return {
        "text": f"At {company} your team takes over {phrase[:160]}. Two quarters in, the result looks right offline and wrong to its users. "
        "How do you find out what is happening, and what do you change first?",
        "why": f"The posting asks for {phrase[:200]}, and this is where it goes wrong in practice.",
        "criteria": criteria,
        "pitfalls": [{"id": "offline-is-enough", "text": "The offline metric went up, so it will be better online.", "points": 2,
                      "why": "Offline gain says nothing about what the users then do."}],
        "staff_adds": "Names who decides, what it costs to be wrong, and when to stop.",
        "hints": {"small": "Start from who acts on the result.", "medium": "Cover the decision, the evidence, the alternative and the failure.",
                  "outline": "Decision, evidence, change, how you would know."},
        "follow_ups": [{"text": "How would you know within a day that it had gone wrong?", "probes": "point-0"},
                       {"text": "What would you have done with half the time?", "probes": "point-1"}],
        "drill": {"text": "Say in three sentences which number you would watch and who acts on it.", "minutes": 5, "criterion": "point-0"},
    }  # fmt: skip
