"""LangChain's own means: our parts in its chains, its handlers on our runs, and tracing that is off until a person switches it on."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.exceptions import OutputParserException
from langchain_core.runnables import RunnableLambda
from provider_stub import ProviderStub, status

from assistant.errors import KeyRefused
from assistant.prompt import prompt_of
from assistant.provider import MemoryDict, ProviderEngine, parser_of
from assistant.schema import Criterion
from assistant.settings import Settings
from assistant.tasks import JudgeAnswer, Judgement

ROOT = Path(__file__).parent.parent
CANARY = "sk-canary-9d2e"
JUDGE = JudgeAnswer(
    question="How?",
    level=4,
    criteria=(Criterion(id="log", text="Logs the served features"),),
    pitfalls=(),
    answer="We log the served features.",
    nonce="ab" * 8,
)


@pytest.fixture
def stub() -> Iterator[ProviderStub]:
    with ProviderStub() as running:
        yield running


class Seen(BaseCallbackHandler):
    """A handler as anybody may write one: keeps what it is told."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, Any]] = []
        self.all = ""

    def on_chain_start(self, serialized: Any, inputs: Any, **more: Any) -> None:
        self.runs.append((more["name"], more["metadata"].get("prompt")))
        self.all += f"{serialized}{inputs}{more}"

    def on_chat_model_start(self, serialized: Any, messages: Any, **more: Any) -> None:
        self.runs.append(("asked", len(messages[0])))
        self.all += f"{serialized}{messages}{more}"

    def on_llm_end(self, response: Any, **more: Any) -> None:
        self.runs.append(("answered", response.generations[0][0].message.usage_metadata["output_tokens"]))


def engine(stub: ProviderStub, tmp_path: Path, **more: Any) -> ProviderEngine:
    settings = Settings(home=tmp_path, openai_base_url=stub.url, model="m", openai_api_key=CANARY, retries=0)  # type: ignore[arg-type]
    return ProviderEngine(settings, b"secret", MemoryDict(), **more)


async def test_a_handler_that_is_given_sees_every_request_and_never_the_key(stub: ProviderStub, tmp_path: Path):
    seen = Seen()
    asked = engine(stub, tmp_path, callbacks=[seen])
    stub.queue("This is prose.")
    await asked.generate(JUDGE)
    prompt = prompt_of(JudgeAnswer).id
    one = [("judge_answer", prompt), (prompt, prompt)]
    assert seen.runs == [*one, ("asked", 2), ("answered", 30), *one, ("asked", 4), ("answered", 30)]
    assert "We log the served features." in seen.all
    assert CANARY not in seen.all
    assert stub.chats[0].headers["authorization"] == f"Bearer {CANARY}"


async def test_without_one_of_its_own_an_engine_is_seen_by_the_run_it_is_part_of(stub: ProviderStub, tmp_path: Path):
    seen, asked = Seen(), engine(stub, tmp_path)
    await RunnableLambda(asked.generate, name="mine").ainvoke(JUDGE, {"callbacks": [seen]})
    assert [name for name, _ in seen.runs] == ["mine", "judge_answer", prompt_of(JudgeAnswer).id, "asked", "answered"]
    with get_usage_metadata_callback() as counted:
        await asked.generate(JUDGE)
    assert counted.usage_metadata["m"]["input_tokens"] == 120
    assert len(seen.runs) == 5


async def test_a_handler_that_fails_costs_no_answer(stub: ProviderStub, tmp_path: Path):
    class Broken(BaseCallbackHandler):
        def on_chat_model_start(self, *_: Any, **__: Any) -> None:
            raise ZeroDivisionError

    asked = engine(stub, tmp_path, callbacks=[Broken()])
    assert (await asked.generate(JUDGE)).value.grades[0].verdict == "met"
    stub.queue(status(401))
    with pytest.raises(KeyRefused):
        await asked.generate(JUDGE)


def test_the_parser_reads_what_is_certain_and_refuses_the_rest_by_langchains_own_exception():
    parser = parser_of(Judgement)
    grade = {"criterion": "log", "quote": "We log", "verdict": "met", "reason": "It says so."}
    read = parser.invoke(f"Here it is:\n```json\n{json.dumps({'grades': [grade], 'pitfalls': []})}\n```")
    assert read.grades[0].quote == "We log"
    with pytest.raises(OutputParserException, match="no complete JSON object"):
        parser.invoke("It is fine.")
    assert '"grades"' in parser.get_format_instructions()


def test_the_example_of_the_docs_runs(stub: ProviderStub, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "langchain.md").read_text(encoding="utf-8"), re.DOTALL)
    assert "http://127.0.0.1:11434/v1" in code
    monkeypatch.setenv("ASSISTANT_HOME", str(home))
    exec(compile(code.replace("http://127.0.0.1:11434/v1", stub.url), "docs/langchain.md", "exec"), {"__name__": "example"})
    *grades, tokens_in, coach, engine_line = capsys.readouterr().out.splitlines()
    assert grades == ["log met I log the feature values served with each decision and compare both paths.", "owner missed "]
    assert tokens_in == "120 tokens in"
    assert coach == "ok"
    assert engine_line == f"{prompt_of(JudgeAnswer).id} ['met', 'missed'] 30 tokens out"
    judged, coached, asked = (r.json for r in stub.chats)
    assert judged["messages"][0] == asked["messages"][0]
    assert judged["response_format"]["json_schema"]["strict"] is True
    assert "point-in-time" in coached["messages"][0]["content"].split("Answer in two sentences")[0].lower()


@pytest.fixture
def tracer() -> Iterator[tuple[str, list[bytes]]]:
    """A stand-in for LangSmith: its address, and what was sent there."""
    sent: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.answer(b"{}")

        def do_POST(self) -> None:
            sent.append(self.path.encode() + self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.answer(b"{}")

        def answer(self, body: bytes) -> None:
            self.send_response(202 if self.command == "POST" else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
        server.shutdown()


@pytest.mark.parametrize("switched_on", [False, True])
def test_nothing_is_traced_until_a_person_switches_it_on(
    stub: ProviderStub, tmp_path: Path, tracer: tuple[str, list[bytes]], switched_on: bool
):
    address, sent = tracer
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_"))}
    tracing = {"LANGSMITH_ENDPOINT": address, "LANGSMITH_API_KEY": "k"} | ({"LANGSMITH_TRACING": "true"} if switched_on else {})
    environment = {**kept, **tracing, "ASSISTANT_HOME": str(tmp_path), "OPENAI_BASE_URL": stub.url, "ASSISTANT_MODEL": "m"}
    line = json.dumps({"question": "How?", "criteria": ["Logs the served features"], "answer": "We log the served features."})
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "critique", "--in", "-", "--out", "-"],
        input=line, capture_output=True, text=True, env=environment, timeout=100,
    )  # fmt: skip
    assert json.loads(done.stdout)["engine"] == "model:m", done.stderr
    assert len(stub.chats) == 2
    if switched_on:
        assert b"judge_answer" in b"".join(sent)
        assert b"We log the served features." in b"".join(sent)
    else:
        assert sent == []


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        ({}, ""),
        ({"LANGSMITH_TRACING": "false"}, ""),
        ({"LANGSMITH_TRACING": "true"}, "api.smith.langchain.com"),
        ({"LANGCHAIN_TRACING_V2": "true", "LANGSMITH_TRACING": "false"}, "api.smith.langchain.com"),
        ({"LANGSMITH_TRACING_V2": "false", "LANGCHAIN_TRACING_V2": "true"}, ""),
        ({"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": "https://traces.example.com/api"}, "traces.example.com"),
    ],
)
def test_settings_know_where_traces_go(environment: dict[str, str], host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from langsmith.utils import get_env_var, tracing_is_enabled

    for name in [n for n in os.environ if n.startswith(("LANGSMITH_", "LANGCHAIN_"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings.load(home=tmp_path).traced_to == host
    get_env_var.cache_clear()
    assert bool(tracing_is_enabled()) is bool(host)
    get_env_var.cache_clear()
