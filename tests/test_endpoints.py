"""Found, not configured; and a wrong address, key or name told at once: against real servers on free ports of this computer."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from provider_stub import HANG, ProviderStub, Script, gzip_bomb, raw, redirect, say, status
from pydantic import SecretStr

from assistant.provider import check_endpoint, local_servers
from assistant.schema import EndpointTest
from assistant.settings import Settings
from assistant.workspace import Workspace

CANARY = "sk-canary-77aa"


class Site:
    """A server that is not ours to shape: a body for each path, 404 for every other."""

    def __init__(self, pages: dict[str, Any], headers: dict[str, str] | None = None, code: int = 200) -> None:
        site = self
        self.seen: list[tuple[str, dict[str, str]]] = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                site.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                found = pages.get(self.path)
                self.send_response(code if found is not None else 404)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(
                    b"404 page not found" if found is None else found if isinstance(found, bytes) else json.dumps(found).encode()
                )

            do_POST = do_GET

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def models(*names: str, owner: str = "me") -> dict[str, Any]:
    return {"object": "list", "data": [{"id": n, "object": "model", "owned_by": owner} for n in names]}


@pytest.fixture
def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# --- found ---------------------------------------------------------------------------------------------------------------


async def test_servers_that_answer_are_found_with_their_models_and_the_others_are_left_out(free_port: int) -> None:
    listed = "/v1/models"
    with (
        Site({listed: models("llama3.2:3b", "nomic-embed-text", owner="library")}) as ollama,
        Site({listed: models("a", owner="organization_owner")}) as studio,
        Site({listed: models("own", owner="somebody")}) as other,
        Site({listed: {"object": "list", "data": None}}) as empty,
        Site({}) as no_models,
        Site({listed: b"<html>"}) as page,
        Site({listed: [1, 2]}) as array,
        Site({listed: {"data": ["a"]}}) as texts,
        Site({listed: models("x")}, code=500) as broken,
        Site({listed: models("x")}, code=302, headers={"Location": f"http://127.0.0.1:{ollama.port}/v1/models"}) as elsewhere,
        Site({listed: models("y" * 1_100_000)}) as endless,
        Site({listed: b"[" * 200_000}) as deep,
    ):
        wrong = (no_models, page, array, texts, broken, elsewhere, endless, deep)
        ports = {
            ollama.port: "A",
            free_port: "B",
            studio.port: "C",
            other.port: "Mine",
            empty.port: "Empty",
            **{s.port: "X" for s in wrong},
        }
        found = await local_servers(ports, 10, 8192)
        assert [(s.name, s.models) for s in found] == [
            ("Ollama", ("llama3.2:3b", "nomic-embed-text")), ("LM Studio", ("a",)), ("Mine", ("own",)), ("Empty", ()),
        ]  # fmt: skip
        assert found[0].base_url == f"http://127.0.0.1:{ollama.port}/v1"
        assert [path for path, _ in ollama.seen] == [listed]


async def test_ollamas_default_context_is_told_with_the_way_to_raise_it() -> None:
    with Site({"/v1/models": models("a", owner="library")}) as ollama, Site({"/v1/models": models("a", owner="vllm")}) as vllm:
        one, two = await local_servers({ollama.port: "", vllm.port: "Ollama"}, 10, 16384)
    assert "4,096 tokens" in one.note
    assert "OLLAMA_CONTEXT_LENGTH=16384 ollama serve" in one.note
    assert (two.name, two.note) == ("vLLM", "")


async def test_slow_servers_are_asked_side_by_side_and_not_waited_for() -> None:
    with ExitStack() as opened:
        # They take the connection and say nothing: one after the other they would cost 3 seconds.
        silent = [opened.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(10)]
        began = time.monotonic()
        assert await local_servers({s.getsockname()[1]: "Silent" for s in silent}, 0.3, 8192) == ()
        assert 0.3 <= time.monotonic() - began < 2.4


async def test_what_is_asked_of_them_names_neither_key_nor_candidate_and_no_proxy_is_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site({}) as proxy, Site({"/v1/models": models("a")}) as site:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        settings = Settings.load(home=home, openai_api_key=CANARY, local_servers={site.port: "Mine"}, look_seconds=10)
        ws = await Workspace.open(settings)
        found = await ws.local_servers()
        assert [s.models for s in found.found] == [("a",)]
        assert found.looked_at == (f"Mine ({site.port})",)
        assert CANARY not in json.dumps(site.seen)
        assert "authorization" not in site.seen[0][1]
        assert proxy.seen == []
        await ws.close()


def test_the_ports_come_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load(home=tmp_path).local_servers == {11434: "Ollama", 1234: "LM Studio", 8080: "llama.cpp", 8000: "vLLM"}
    Settings.load(home=tmp_path).save(local_servers={9000: "mine"})
    assert Settings.load(home=tmp_path).local_servers == {9000: "mine"}
    monkeypatch.setenv("ASSISTANT_LOCAL_SERVERS", "11434=Ollama,9001=other")
    assert Settings.load(home=tmp_path).local_servers == {11434: "Ollama", 9001: "other"}
    monkeypatch.setenv("ASSISTANT_LOCAL_SERVERS", "none")
    assert Settings.load(home=tmp_path).local_servers == {}


# --- tested --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def stub() -> Iterator[ProviderStub]:
    with ProviderStub(models=("qwen2.5:7b", "llama3.2:3b")) as running:
        yield running


def settings(home: Path, url: str, **more: Any) -> Settings:
    given = {"openai_base_url": url, "model": "m", "openai_api_key": SecretStr(CANARY), "connect_seconds": 2, "first_token_seconds": 20}
    return Settings(home=home, **{**given, **more})


async def checked(settings: Settings) -> EndpointTest:
    test = await check_endpoint(settings)
    assert CANARY not in test.model_dump_json()
    assert test.ok is (test.to_do == "")
    return test


async def test_a_good_endpoint_says_which_model_answered_and_how_fast(tmp_path: Path, stub: ProviderStub) -> None:
    test = await checked(settings(tmp_path, stub.url))
    assert test.ok
    assert test.tried == f"I asked “m” at {stub.url} for one word."
    assert re.fullmatch(r"“m” answered in \d+\.\d seconds\.", test.came_back)
    first = await checked(settings(tmp_path, stub.url, model=None))
    assert first.came_back.startswith("“qwen2.5:7b” answered")
    assert "candidate" not in stub.chats[0].text


async def test_the_first_word_is_enough_and_the_rest_is_not_waited_for(tmp_path: Path, stub: ProviderStub) -> None:
    stub.queue(say("ready " * 500, delay=0.05))
    assert (await checked(settings(tmp_path, stub.url))).ok
    for _ in range(300):
        if not stub.under_way:
            break
        await asyncio.sleep(0.01)
    assert not stub.under_way


@pytest.mark.parametrize(
    ("script", "came_back", "to_do"),
    [
        (status(401, f"bad {CANARY}"), "It did not accept the key (401).", "Copy the key anew"),
        (status(403, f"bad {CANARY}"), "It did not accept the key (403).", "Copy the key anew"),
        (status(404, 'model "m" not found, try pulling it first'), "It does not know the model “m” (404).", "It has “qwen2.5:7b”, “llama3.2:3b”. Type one"),
        (status(400, "m is not a valid model ID"), "It does not know the model “m” (400).", "It has “qwen2.5:7b”, “llama3.2:3b”. Type one"),
        (status(402), "The model account has no credit left (402).", "Address and key are right."),
        (status(429, code="insufficient_quota"), "The model account has no credit left (429).", "Address and key are right."),
        (status(429), "The model service is busy (429).", "Address and key are right."),
        (status(500, f"oops {CANARY}"), "The model service had a problem (500).", "Test again in a minute."),
        (redirect("http://127.0.0.1:1/v1/chat/completions"), "It sent me on to another address, and I do not follow.", "most end in /v1"),
        (gzip_bomb(1), "It sent me on", ""),
        (raw(b"<html>hello</html>", "text/html"), "It answers, but not as a model does.", "Copy the address from the service's own page"),
        (raw(b'{"hello": 1}', "application/json"), "It answers, but not as a model does.", "Copy the address"),
        (raw(b""), "It answers, but not as a model does.", "Copy the address"),
        (say("", finish=None, done=False), "It answers, but not as a model does.", "Copy the address"),
    ],
    ids=["401", "403", "404 model", "400 model", "402", "429 quota", "429", "500", "redirect", "compressed", "html", "json", "nothing", "empty stream"],
)  # fmt: skip
async def test_what_came_back_and_what_to_do(tmp_path: Path, stub: ProviderStub, script: Script, came_back: str, to_do: str) -> None:
    stub.queue(script)
    test = await checked(settings(tmp_path, stub.url))
    assert not test.ok
    assert test.came_back.startswith(came_back)
    assert to_do in test.to_do
    assert len(stub.chats) == 1


async def test_a_slip_in_a_models_name_is_answered_with_the_nearest_names(tmp_path: Path, stub: ProviderStub) -> None:
    stub.queue(status(404, "model not found"))
    test = await checked(settings(tmp_path, stub.url, model="llama3.2-3b"))
    assert test.to_do == "It has “llama3.2:3b” and 1 more. Type one of these names."


async def test_a_missing_key_is_not_called_a_wrong_one(tmp_path: Path, stub: ProviderStub) -> None:
    stub.queue(status(401, "Unauthorized"))
    test = await checked(settings(tmp_path, stub.url, openai_api_key=None))
    assert test.came_back == "It wants a key, and none is set (401)."


async def test_a_wrong_address_is_told_and_the_right_one_where_it_can_be_found(tmp_path: Path, free_port: int) -> None:
    nobody = await checked(settings(tmp_path, f"http://127.0.0.1:{free_port}/v1"))
    assert nobody.came_back == f"Nobody answers at 127.0.0.1, port {free_port}."
    assert "Start the model server" in nobody.to_do
    unknown = await checked(settings(tmp_path, "https://nobody.invalid/v1"))
    assert unknown.came_back == "There is no computer called nobody.invalid."
    with Site({"/v1/models": models("a")}) as site:
        root = await checked(settings(tmp_path, f"http://127.0.0.1:{site.port}"))
        assert root.came_back == "There is no model at this address (404)."
        assert root.to_do == f"The address that works is http://127.0.0.1:{site.port}/v1"
        for path in ("/api", "/v1/chat/completions"):
            assert (await checked(settings(tmp_path, f"http://127.0.0.1:{site.port}{path}"))).to_do == root.to_do
        unnamed = await checked(settings(tmp_path, f"http://127.0.0.1:{site.port}", model=None))
        assert unnamed.to_do == root.to_do
        safe = await checked(settings(tmp_path, f"https://127.0.0.1:{site.port}/v1"))
        assert "an address on this computer begins with http://" in safe.to_do
    with Site({}) as site:
        other = await checked(settings(tmp_path, f"http://127.0.0.1:{site.port}/api"))
        assert other.to_do == "Most addresses end in /v1: does this one?"
    with Site({"/v1/models": models()}) as site:
        bare = await checked(settings(tmp_path, f"http://127.0.0.1:{site.port}/v1", model=None))
        assert bare.came_back == "It answers, but it has no model to offer."


async def test_a_server_that_never_answers_is_given_up_in_time(tmp_path: Path, stub: ProviderStub) -> None:
    stub.queue(HANG)
    began = time.monotonic()
    test = await checked(settings(tmp_path, stub.url, first_token_seconds=0.4))
    assert time.monotonic() - began < 8
    assert test.came_back == "Nothing came back within 0.4 seconds."
    assert "may still be loading" in test.to_do


async def test_without_a_model_there_is_nothing_to_test_and_a_key_stays_with_its_port(home: Path, stub: ProviderStub) -> None:
    from assistant.errors import InputError, NotFound

    ws = await Workspace.open(Settings.load(home=home))
    with pytest.raises(NotFound, match="No model is set up"):
        await ws.test_model()
    for address in ("http://[nonsense", "http://127.0.0.1:99999/v1"):
        with pytest.raises(InputError, match="This is not an address"):
            await ws.set_model(address)
    assert (await ws.set_model(stub.url, CANARY, "m")).has_key
    assert (await ws.test_model()).ok
    assert (await ws.set_model(f"{stub.url}/", "", "other")).has_key
    # Another server on the same computer is another service.
    assert not (await ws.set_model("http://127.0.0.1:9/v1", "", "m")).has_key
    await ws.close()
