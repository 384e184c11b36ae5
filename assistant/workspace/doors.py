"""The doors `Settings` asks for: opened together, closed together, reached from async code through one small thread pool.

The folder's lock is taken first: one process owns a data folder, since two on one Chroma path lose vectors without an error.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from pydantic import SecretStr

from assistant.embedded.engine import EmbeddedEngine
from assistant.embedding import LocalEmbedder, PreparedEmbedder, local_embedder
from assistant.engine import Engine, Event, Generation, WaitEvent, last
from assistant.errors import FolderError, FolderInUse, NotFound
from assistant.jobs import Job, Jobs
from assistant.knowledge import Knowledge, data_folder, shipped
from assistant.questions import BankMap
from assistant.retrieval import READ_BY_DEFAULT, Asked, Retriever, Sentences
from assistant.schema import Document, Frozen, Hit, JobPosting
from assistant.schema.knowledge import SourceKind
from assistant.settings import Settings
from assistant.store import Store
from assistant.tasks import Output, Task

if TYPE_CHECKING:
    from filelock import FileLock

    from assistant.index import Index
    from assistant.provider import ProviderEngine

P = ParamSpec("P")
R = TypeVar("R")
Which = Literal["model", "embedded"]
THREADS = 6


class Waiting(Frozen):
    """Work that runs: since when, and what it does, in words."""

    seconds: float
    doing: str


class Doors:
    """What every noun of the workspace stands on."""

    def __init__(self, settings: Settings, lock: FileLock, store: Store, embedder: LocalEmbedder) -> None:
        self.settings = settings
        self.store = store
        self.embedder = embedder
        self.bank_embedder = PreparedEmbedder(embedder, data_folder("knowledge") / "bank_vectors.npz")
        self.jobs = Jobs()
        self._maps: dict[str, BankMap] = {}
        self._lock = lock
        self._index: Index | None = None
        self._asked: Asked | None = None
        self._sentences: Sentences | None = None
        self._index_turn = threading.RLock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="workspace")
        self._embedded = EmbeddedEngine(embedder)
        self._model: ProviderEngine | None = None

    @property
    def knowledge(self) -> Knowledge:
        return shipped()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """A plain function of a door, in the thread pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))

    def index(self) -> Index:
        """What can be searched, opened and filled from the record by whoever asks first; others wait for it. Call it in a thread.

        It is not opened with the rest: Chroma takes a second to import, and a page can be used before.
        """
        with self._index_turn:
            if self._index is None:
                from assistant.index import Index

                opened = Index(self.settings.home / "index", self.embedder, self.store.database, asked=self.knowledge.asked)
                own = [*self.store.documents(), *(posting_document(p) for p in self.store.postings())]
                opened.rebuild_missing(self.knowledge.documents, own)
                self._asked = Asked(self.knowledge.asked, self.bank_embedder)
                prepared = PreparedEmbedder(self.embedder, data_folder("knowledge") / "sentence_vectors.npz")
                self._sentences = Sentences(self.knowledge.sections.values(), prepared)
                self._index = opened
            return self._index

    def index_now(self, document: Document) -> None:
        """Makes a document findable that the record already holds. An index that is not open yet takes it from there."""
        with self._index_turn:
            if self._index is not None:
                self._index.ingest(document)

    def index_no_more(self, document_id: str, source: SourceKind) -> None:
        with self._index_turn:
            if self._index is not None:
                self._index.remove(document_id, source)

    def find(self, query: str, k: int, sources: Sequence[SourceKind] = READ_BY_DEFAULT) -> tuple[Hit, ...]:
        """The `k` sections nearest to a query, nearest first."""
        return Retriever(self.index(), self._asked, self._sentences).search(query, k, sources)

    def engine(self, which: Which | None = None, session_id: str = "") -> Engine:
        """The engine asked for; None: the model where one is set up, else the embedded one.

        What a model's calls cost is written down for `session_id`: a set, an interview or a conversation.
        """
        if which == "embedded" or (which is None and not self.settings.has_model):
            return self._embedded
        if not self.settings.has_model:
            raise NotFound("No model is set up. Add one in Settings, or use the built-in feedback.")
        if self._model is None:
            self._model = self._open_model()
        return self._model.working_for(session_id)

    def heard(self, engine: Engine, job: Job) -> Engine:
        """The same engine; the job says what it waits for."""
        return _Heard(engine, job)

    def _open_model(self) -> ProviderEngine:
        from assistant.provider import ProviderEngine

        return ProviderEngine(self.settings, secret=self.secret(), memory=self.store)

    def secret(self) -> bytes:
        """The installation's secret, drawn once: what the fences of stored texts are made with."""
        kept = self.store.get("secret")
        if kept is None:
            kept = secrets.token_hex(32)
            self.store.put("secret", kept)
        return bytes.fromhex(kept)

    def engine_name(self) -> str:
        """What answers, in plain words: "built-in", or the model's name."""
        return (self.settings.model or "model") if self.settings.has_model else "built-in"

    def running(self, resource_id: str) -> bool:
        return self.jobs.running(resource_id) is not None

    def waited(self, resource_id: str) -> Waiting | None:
        job = self.jobs.running(resource_id)
        return None if job is None else Waiting(seconds=job.seconds, doing=job.doing)

    def follow(self, resource_id: str) -> AsyncIterator[None]:
        """A tick at once, then one a change (at most eight a second), and a last one when no job runs on the resource."""
        return self.jobs.follow(resource_id)

    async def change_settings(self, changes: dict[str, Any]) -> None:
        """Keeps changed settings; the model is opened anew by whoever asks next."""
        settings = await self.run(lambda: self.settings.save(**changes))
        secret = settings.openai_api_key
        self.settings = settings.model_copy(
            update={"openai_api_key": secret if secret is None or isinstance(secret, SecretStr) else SecretStr(secret)}
        )
        self._model = None

    async def close(self) -> None:
        """Stops the jobs, which keep what they have, and gives the folder back."""
        await self.jobs.close()
        self._pool.shutdown(wait=True)
        if self._index is not None:
            self._index.close()
        self.store.close()
        self._lock.release()


class _Heard:
    """An engine whose waits are told by a job, in words."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine, self._job = engine, job

    @property
    def kind(self) -> Literal["embedded", "model", "replay"]:
        return self._engine.kind

    @property
    def label(self) -> str:
        return self._engine.label

    async def generate(self, task: Task[Output]) -> Generation[Output]:
        return await last(self.stream(task))

    async def stream(self, task: Task[Output]) -> AsyncGenerator[Event[Output], None]:
        doing = self._job.doing
        async with aclosing(self._engine.stream(task)) as events:
            async for event in events:
                if isinstance(event, WaitEvent):
                    self._job.tick(_waits(event) or doing)
                else:
                    yield event


def _waits(event: WaitEvent) -> str:
    match event.reason:
        case "ahead":
            return "The model is writing something else; yours is next"
        case "busy":
            return "The model service asked for a pause" + (
                f" of {event.seconds:.0f} seconds" if event.seconds and event.seconds >= 1 else ""
            )
    return ""


def take_lock(settings: Settings) -> FileLock:
    """The lock of the data folder. Raises `FolderInUse` after the settings' wait, `FolderError` where the folder can't be written."""
    from filelock import FileLock, Timeout

    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".write-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FolderError(
            f"The data folder {home} cannot be written ({_reason(error)}). Make it writable, or set ASSISTANT_HOME to another folder."
        ) from error
    lock = FileLock(home / "lock", thread_local=False)
    try:
        lock.acquire(timeout=settings.lock_wait_seconds)
    except Timeout as error:
        raise FolderInUse(
            f"Another Interview Assistant already uses the data folder {home}. Use that one, stop it, or set ASSISTANT_HOME to another folder."
        ) from error
    return lock


def open_parts(settings: Settings) -> tuple[FileLock, Store, LocalEmbedder]:
    """Takes the lock and opens record and embedder. What was deleted long enough ago goes; a backup is made."""
    lock = take_lock(settings)
    try:
        store = Store(settings.home / "record.db")
        now = datetime.now(UTC)
        store.purge(now)
        store.backup(settings.home / "backups", settings.backups, now)
        embedder = local_embedder()
    except BaseException:
        lock.release()
        raise
    return lock, store, embedder


def posting_document(posting: JobPosting) -> Document:
    """The posting as a document that can be found and cited."""
    return Document(id=posting.id, source="posting", title=posting_name(posting), text=posting.text)


def posting_name(posting: JobPosting) -> str:
    """Title and organisation, as far as they are stated."""
    return ", ".join(p for p in (posting.title, posting.hiring_organization) if p) or "Job posting"


def folder_size(home: Path) -> int:
    """Bytes in the data folder."""
    return sum(f.stat().st_size for f in home.rglob("*") if f.is_file())


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
