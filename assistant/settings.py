"""Arguments, environment and the data folder's `settings.json` become one frozen value; nothing else reads the environment.

Order: what is passed, then the environment, then the file, then the default. `quiet()` is called first at every entry point:
onnxruntime, Gradio, Chroma, LangSmith and the Hugging Face libraries call out unless told not to before they are imported, and numpy's own
threads make its small products several times slower on a busy machine.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from assistant.schema import Price

_QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "LANGSMITH_TRACING": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "OPENBLAS_NUM_THREADS": "1",
}

_ENVIRONMENT = {
    "home": "ASSISTANT_HOME",
    "port": "PORT",
    "browser": "BROWSER",
    "openai_api_key": "OPENAI_API_KEY",
    "openai_base_url": "OPENAI_BASE_URL",
    "model": "ASSISTANT_MODEL",
    "connect_seconds": "ASSISTANT_CONNECT_SECONDS",
    "first_token_seconds": "ASSISTANT_FIRST_TOKEN_SECONDS",
    "idle_seconds": "ASSISTANT_IDLE_SECONDS",
    "total_seconds": "ASSISTANT_TOTAL_SECONDS",
    "calls_at_once": "ASSISTANT_CALLS_AT_ONCE",
    "context_tokens": "ASSISTANT_CONTEXT_TOKENS",
    "output_tokens": "ASSISTANT_OUTPUT_TOKENS",
    "remote_consent": "ASSISTANT_REMOTE_CONSENT",
    "local_servers": "ASSISTANT_LOCAL_SERVERS",
    "daily_tokens": "ASSISTANT_DAILY_TOKENS",
    "daily_money": "ASSISTANT_DAILY_MONEY",
    "lock_wait_seconds": "ASSISTANT_LOCK_WAIT_SECONDS",
    "patience_scale": "ASSISTANT_PATIENCE_SCALE",
}

_TRACING = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
"""Where LangChain looks, in its order: the first that is not empty counts."""

PORT = 7860
OPENAI_URL = "https://api.openai.com/v1"
LANGSMITH_URL = "https://api.smith.langchain.com"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def quiet() -> None:
    """Keeps the libraries from calling out. A value the person set stays."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


class Settings(BaseModel):
    """Everything that can be set. Times in seconds, sizes in bytes unless the name says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    """The data folder: `ASSISTANT_HOME`, else the platform's place for user data."""
    host: str = "127.0.0.1"
    port: int = Field(default=PORT, ge=0, le=65535)
    browser: str | None = None
    """The command that opens a page; None: the system's own."""

    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    model: str | None = None

    connect_seconds: float = 5
    first_token_seconds: float | None = None
    """None: 30 for a remote endpoint, 180 on loopback."""
    idle_seconds: float | None = None
    """None: 20 remote, 60 loopback."""
    total_seconds: float | None = None
    """None: 120 remote, 900 loopback."""
    retries: int = 2
    """Before the first token only."""
    retry_after_max_seconds: float = 30
    calls_at_once: int | None = Field(default=None, ge=1)
    """To one endpoint. None: 8 for a remote endpoint, 1 on loopback, where a small machine gains nothing from more."""
    context_tokens: int = 8192
    output_tokens: int = 2048
    remote_consent: bool = False
    """The candidate was asked, and agreed, that words go to a model that is not on this machine."""

    traced_to: str = ""
    """The host to which LangChain's own tracing sends what a model is asked and answers, where the environment switches it on."""
    local_servers: dict[Annotated[int, Field(ge=1, le=65535)], str] = {11434: "Ollama", 1234: "LM Studio", 8080: "llama.cpp", 8000: "vLLM"}
    """Ports of this computer at which model servers are looked for, and whose they usually are; in the environment `11434=Ollama,9000=mine`."""
    look_seconds: float = 0.3
    """How long each of them has to answer."""

    prices: dict[str, Price] = {}
    """By the model's name."""
    currency: str = Field(default="USD", min_length=1, max_length=8)
    daily_tokens: int | None = Field(default=None, ge=1)
    """In and out, all models, from midnight to midnight: a call after it is reached is not made. None: no ceiling."""
    daily_money: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """The same in the currency, over the models that have a price."""

    answer_characters: int = 20_000
    posting_characters: int = 200_000
    file_bytes: int = 10_000_000
    body_bytes: int = 1_000_000
    lock_wait_seconds: float = 10
    patience_scale: float = 1.0
    """Tests scale the page's waits (3 s, 10 s) down by it."""
    backups: int = 7

    @field_validator("local_servers", mode="before")
    @classmethod
    def _by_port(cls, value: Any) -> Any:
        """The environment's words, as a table."""
        return dict(part.split("=", 1) for part in value.split(",") if "=" in part) if isinstance(value, str) else value

    @property
    def has_model(self) -> bool:
        """A key, or the address of a server, was given."""
        return self.openai_api_key is not None or self.openai_base_url is not None

    @property
    def base_url(self) -> str:
        return (self.openai_base_url or OPENAI_URL).rstrip("/")

    @property
    def model_host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def model_is_local(self) -> bool:
        """The endpoint is on this machine: nothing leaves it."""
        return self.model_host in LOOPBACK

    def limit(self, which: str) -> float:
        """`first_token`, `idle` or `total` in seconds, by where the endpoint is."""
        remote, local = {"first_token": (30, 180), "idle": (20, 60), "total": (120, 900)}[which]
        chosen = getattr(self, f"{which}_seconds")
        return float(chosen if chosen is not None else local if self.model_is_local else remote)

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """The settings in force. `given` holds arguments; None counts as not given. Raises pydantic's ValidationError on nonsense."""
        environment = {field: os.environ[name] for field, name in _ENVIRONMENT.items() if os.environ.get(name)}
        passed = {k: v for k, v in given.items() if v is not None}
        home = Path(passed.get("home") or environment.get("home") or _default_home()).expanduser().absolute()
        return cls.model_validate({**_saved(home), **environment, "traced_to": _traced_to(), **passed, "home": home})

    def save(self, **changes: Any) -> Settings:
        """These settings with `changes`, which are kept in the data folder's `settings.json` (0600). None removes one."""
        kept = {**_saved(self.home), **changes}
        kept = {k: v for k, v in kept.items() if v is not None}
        path = self.home / "settings.json"
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(kept, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        os.replace(fresh, path)
        changed = {**self.model_dump(), **changes, "home": self.home}
        return Settings.model_validate({k: v for k, v in changed.items() if v is not None})


def _saved(home: Path) -> dict[str, Any]:
    path = home / "settings.json"
    if not path.is_file():
        return {}
    loaded = json.loads(path.read_text(encoding="utf-8"))
    return {k: v for k, v in loaded.items() if k in Settings.model_fields and k != "home"}


def _traced_to() -> str:
    tracing = next((value for name in _TRACING if (value := os.environ.get(name, "").strip())), "")
    endpoint = os.environ.get("LANGSMITH_ENDPOINT") or os.environ.get("LANGCHAIN_ENDPOINT") or LANGSMITH_URL
    return urlsplit(endpoint).hostname or "" if tracing == "true" else ""


def _default_home() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("interview-assistant", appauthor=False))
