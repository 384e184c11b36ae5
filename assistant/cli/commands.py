"""The commands. Each reads its arguments, calls the workspace (a running server's, or its own), and prints."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AssistantError, InputError, UnreadableFile, UsageError

if TYPE_CHECKING:
    from assistant.engine import Engine
    from assistant.evaluation.answers import AnswersReport
    from assistant.evaluation.knowledge import KnowledgeReport
    from assistant.evaluation.retrieval import RetrievalReport
    from assistant.provider import MemoryDict
    from assistant.remote import Caller
    from assistant.schema import Hit, Interview, JobPosting
    from assistant.settings import Settings

app = typer.Typer(
    name="interview-assistant", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Practise for a real job posting. Without a command's help you can also just open the page: interview-assistant serve.",
)  # fmt: skip

model = typer.Typer(no_args_is_help=True, help="Find a model on this computer; test yours.")
app.add_typer(model, name="model")

JSON = Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md) instead of words.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of the terminal.")]
POLL_SECONDS = 0.15


class SetFormat(StrEnum):
    markdown = "markdown"
    json = "json"


class IngestAs(StrEnum):
    posting = "posting"
    notes = "notes"


class Noun(StrEnum):
    set = "set"
    attempt = "attempt"
    interview = "interview"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="This computer only, until there is sign-in.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="7860 unless PORT says otherwise.")] = None,
) -> None:
    """Open the page in a browser."""
    from assistant.server import run

    run(_settings(host=host, port=port))


@app.command()
def posting(
    file: Annotated[Path | None, typer.Argument(help="A text file, or - for standard input. Without it: the sample.")] = None,
    as_json: JSON = False,
) -> None:
    """Read a posting: what it asks for, line by line."""
    from assistant.knowledge import sample_posting
    from assistant.posting import parse_posting

    read = parse_posting(sample_posting() if file is None else _read(file))
    if as_json:
        _print_json(posting_json(read))
        return
    print(f"{read.title or 'No title stated'}{', ' + read.hiring_organization if read.hiring_organization else ''}")
    facts = [read.place, "remote" if read.remote else "", read.employment_type]
    if read.pay is not None:
        facts.append(f"{read.pay.currency} {read.pay.low:,} - {read.pay.high:,}{' a ' + read.pay.period if read.pay.period else ''}")
    print(" · ".join(f for f in facts if f))
    for r in read.requirements:
        mark = " " if r.askable and not r.same_as else "·"
        print(f"{mark} {r.kind:14} {'' if r.essential else '(optional) '}{r.phrase}")


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(help="Text or Markdown files.")],
    kind: Annotated[IngestAs, typer.Option("--as", help="What the files are.")],
    as_json: JSON = False,
) -> None:
    """Bring postings or study notes of your own."""

    async def work(caller: Caller) -> list[dict[str, Any]]:
        made = []
        for file in files:
            text = _read(file)
            if kind is IngestAs.posting:
                kept = await caller.call("add_posting", text=text)
                made.append(
                    {"file": str(file), "as": "posting", "id": kept.id, "title": kept.title, "requirements": len(kept.requirements)}
                )
            else:
                document = await caller.call("add_notes", file_name=file.name, text=text)
                made.append({"file": str(file), "as": "notes", "id": document.id, "title": document.title})
        return made

    for file in files:
        if kind is IngestAs.notes and file.suffix.lower() not in (".txt", ".md", ".markdown"):
            raise UnreadableFile(f"I can read text and Markdown for now, and “{file.name}” is neither. Paste its text into a .txt file.")
    made = _with(work)
    if as_json:
        _print_json({"version": 1, "ingested": made})
        return
    for item in made:
        print(f"{item['file']}: kept as {item['as']}, {item['title'] or 'no title stated'} ({item['id']})")


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for; - reads one query a line and prints one JSON object a line.")],
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="How many passages.")] = 5,
    as_json: JSON = False,
) -> None:
    """Find passages in the notes and postings."""
    queries = [line.strip() for line in sys.stdin if line.strip()] if query == "-" else [query]

    async def work(caller: Caller) -> None:
        for each in queries:
            hits: tuple[Hit, ...] = await caller.call("search", query=each, k=k)
            if query == "-" or as_json:
                body = {"query": each, "hits": [_hit_json(h) for h in hits]}
                print(json.dumps(body, ensure_ascii=False, indent=None if query == "-" else 2), flush=True)
                continue
            if not hits:
                print("Nothing in your sources is near to this.")
            for h in hits:
                words = " ".join(h.section.text.split())
                print(f"{h.score:.4f}  {h.section.id}\n        {h.section.heading}\n        {words[:160]}{'…' if len(words) > 160 else ''}")

    _with(work)


@app.command()
def questions(
    posting_file: Annotated[Path | None, typer.Option("--posting", help="A posting's text file. Without it: the current posting.")] = None,
    count: Annotated[int, typer.Option(min=1, max=40, help="How many questions.")] = 8,
    mix: Annotated[str, typer.Option(help="KEY=N,...: so many of a topic, a kind or an alias; the rest is planned freely.")] = "",
    level: Annotated[int | None, typer.Option(min=1, max=5, help="1 junior to 5 senior staff. Without it: the posting's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same set.")] = 0,
    format: Annotated[SetFormat, typer.Option(help="How to print it.")] = SetFormat.markdown,
    out: Out = None,
) -> None:
    """Make a set of questions for a posting. It is printed, not kept."""
    wanted = _mix(mix)
    text = None if posting_file is None else _read(posting_file)

    async def work(caller: Caller) -> str:
        from assistant.export import set_as_json, set_as_markdown
        from assistant.posting import parse_posting

        made = await caller.call("draft_set", posting_text=text, count=count, mix=wanted or None, level=level, seed=seed)
        if format is SetFormat.json:
            return json.dumps(set_as_json(made), ensure_ascii=False, indent=2) + "\n"
        read: JobPosting = parse_posting(text) if text is not None else await caller.call("posting")
        return set_as_markdown(made, read)

    with _busy("Writing the questions"):
        written = _with(work)
    _emit(written, out)


@app.command()
def critique(
    source: Annotated[Path, typer.Option("--in", help="One JSON answer a line; - for standard input.")],
    target: Annotated[Path, typer.Option("--out", help="One JSON card a line; - for the terminal.")],
    save: Annotated[bool, typer.Option("--save", help="Keep the cards in your history too.")] = False,
) -> None:
    """Check answers from a file. One bad line fails alone."""
    from assistant.cli.lines import check_line
    from assistant.schema import Critique, Question

    lines = [line for line in _read(source, limit=None).splitlines() if line.strip()]
    settings = _settings()
    kept: list[tuple[Question, str, Critique]] = []

    async def check_all(write: Callable[[str], Any], step: Callable[[int, int], None], memory: MemoryDict | None) -> None:
        engine = _engine(settings, memory)
        for number, line in enumerate(lines, start=1):
            card, read, made = await check_line(line, engine)
            write(json.dumps(card, ensure_ascii=False) + "\n")
            if made is not None and read is not None:
                kept.append((read.as_question(), read.answer, made))
            step(number, len(lines))

    with _counted(settings) as memory, _sink(target) as write, _progress("Checking answers") as step:
        asyncio.run(check_all(write, step, memory))
    if save and kept:
        checked = [{"question": q, "answer": a, "critique": c} for q, a, c in kept]

        async def keep(caller: Caller) -> None:
            await caller.call("keep_checked", name=f"Checked from {source.name}", checked=checked)

        _with(keep)


@app.command()
def interview(
    minutes: Annotated[int, typer.Option(min=5, max=120, help="About how long.")] = 20,
    level: Annotated[int | None, typer.Option(min=1, max=5, help="1 junior to 5 senior staff. Without it: the posting's.")] = None,
    as_json: JSON = False,
) -> None:
    """A mock interview in the terminal. An empty line sends; /stuck nudges, /pause leaves, /end gives the report."""
    from assistant.cli.talk import run_interview

    settings = _settings()

    async def work(caller: Caller) -> Interview:
        return await run_interview(caller, minutes, level, quiet=as_json)

    ended = _with(work, settings)
    if as_json:
        _print_json({"version": 1, "interview": json.loads(ended.model_dump_json())})


@app.command()
def history(as_json: JSON = False) -> None:
    """Every answer and interview with its band, newest first."""
    progress = _with(lambda caller: caller.call("progress"))
    if as_json:
        _print_json({"version": 1, **json.loads(progress.model_dump_json())})
        return
    if not progress.rows:
        print("Nothing here yet. After your first answer you will see what to fix and how it changes.")
    for row in progress.rows:
        band = f"{row.band} of 4" if row.band else "no band"
        print(f"{row.at:%Y-%m-%d %H:%M}  {row.kind:9}  {band:8}  {row.title[:70]}  ({row.id})")


@app.command()
def export(
    noun: Annotated[Noun, typer.Argument(help="What to take away.")],
    item_id: Annotated[str, typer.Argument(metavar="ID", help="Its id (see history); latest: the newest one.")] = "latest",
    format: Annotated[SetFormat, typer.Option(help="JSON is for sets.")] = SetFormat.markdown,
    out: Out = None,
) -> None:
    """Take a set, an answer with its card, or an interview with you."""
    if format is SetFormat.json and noun is not Noun.set:
        raise UsageError("JSON is for sets. Leave --format out for an answer or an interview.")

    async def work(caller: Caller) -> str:
        found = item_id if item_id != "latest" else await _latest(caller, noun)
        if noun is Noun.set:
            return str(await caller.call("export_set", set_id=found, format=format.value))
        return str(await caller.call(f"export_{noun.value}", **{f"{noun.value}_id": found}))

    _emit(_with(work), out)


@app.command()
def evaluate(
    name: Annotated[
        str, typer.Argument(help="answers: the checker against people's grades. retrieval: what a search finds. knowledge: the bank.")
    ],
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="answers: the CSV. retrieval: a folder of questions. knowledge: further answers, if any."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Measure the checker or the search, by a command anyone can re-run."""
    report: AnswersReport | RetrievalReport | KnowledgeReport
    match name:
        case "answers":
            if path is None:
                raise UsageError("Which file? interview-assistant evaluate answers FILE.csv")
            from assistant.evaluation.answers import answers_report

            report = answers_report(path)
        case "retrieval":
            if path is None:
                raise UsageError("Which folder? interview-assistant evaluate retrieval tests/evals/retrieval")
            from assistant.evaluation.retrieval import retrieval_report

            report = retrieval_report(path)
        case "knowledge":
            from assistant.evaluation.knowledge import knowledge_report

            report = knowledge_report(path)
        case _:
            raise UsageError(f"There is no evaluation “{name}”. There are: answers, retrieval, knowledge.")
    if as_json:
        _print_json({"version": 1, **report.as_json()})
        return
    print(report)


@model.command("list")
def model_list(as_json: JSON = False) -> None:
    """Model servers on this computer, with their models. Nothing is asked elsewhere."""
    servers = _with(lambda caller: caller.call("local_servers"))
    if as_json:
        _print_json({"version": 1, **json.loads(servers.model_dump_json())})
        return
    for server in servers.found:
        print(f"{server.name}  {server.base_url}")
        print("\n".join(f"  {name}" for name in server.models) or "  no model yet")
        if server.note:
            print(f"  {server.note}")
    if servers.found:
        print("To use one: Settings on the page, or OPENAI_BASE_URL and ASSISTANT_MODEL.")
    else:
        print(f"No model server answers on this computer now. I looked at {', '.join(servers.looked_at) or 'no port'}.")


@model.command("test")
def model_test(as_json: JSON = False) -> None:
    """Ask your model for one word: what was tried, what came back, what to do."""
    with _busy("Asking the model"):
        test = _with(lambda caller: caller.call("test_model"))
    if as_json:
        _print_json({"version": 1, **json.loads(test.model_dump_json())})
    else:
        print("\n".join(line for line in (test.tried, test.came_back, test.to_do) if line))
    if not test.ok:
        raise typer.Exit(1)


# --- shared by the commands -----------------------------------------------------------------------------------------


def _settings(**given: Any) -> Settings:
    from pydantic import ValidationError

    from assistant.settings import Settings

    try:
        return Settings.load(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"The setting “{'.'.join(map(str, first['loc']))}” cannot be used: {first['msg'].lower()}.") from error


def _with(work: Callable[[Caller], Awaitable[Any]], settings: Settings | None = None) -> Any:
    from assistant.remote import with_workspace

    return asyncio.run(with_workspace(settings or _settings(), work))


@contextmanager
def _counted(settings: Settings) -> Iterator[MemoryDict | None]:
    """The memory of a model asked by a command itself; None without a model.

    Today's calls count under the ceiling from its start, and its own are written down with the others at its end, however it ends.
    """
    if not settings.has_model:
        yield None
        return
    from assistant.provider import MemoryDict

    memory = MemoryDict(before=_with(lambda caller: caller.call("spent_today"), settings))
    try:
        yield memory
    finally:
        if memory.calls:
            _with(lambda caller: caller.call("keep_calls", calls=tuple(memory.calls)), settings)


def _engine(settings: Settings, memory: MemoryDict | None) -> Engine:
    """The model where there is a memory for it, else the built-in checker, which needs no data folder."""
    if memory is None:
        from assistant.embedded.engine import EmbeddedEngine
        from assistant.embedding import local_embedder

        return EmbeddedEngine(local_embedder())
    import secrets

    from assistant.provider import ProviderEngine

    return ProviderEngine(settings, secret=secrets.token_bytes(32), memory=memory)


def _read(file: Path, limit: int | None = 4_000_000) -> str:
    """The text of a file, UTF-8. Raises `InputError` in plain words."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"There is no file {file}.") from error
    except OSError as error:
        raise InputError(f"I cannot read {file}: {(error.strerror or 'unknown reason').lower()}.") from error
    if limit is not None and len(raw) > limit:
        raise InputError(f"{file} has {len(raw):,} bytes. The limit is {limit:,}. Bring the part you need.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"I can read text and Markdown for now, and {file} is neither. Save it as plain text (UTF-8).") from error


def _mix(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        key, _, number = part.partition("=")
        if not number.strip().isdigit() or int(number) < 1:
            raise UsageError(f"--mix takes KEY=N, for example sequence-models=3,leadership=2; “{part}” is not one.")
        found[key.strip()] = found.get(key.strip(), 0) + int(number)
    return found


async def _latest(caller: Caller, noun: Noun) -> str:
    if noun is Noun.set:
        found = [s.id for s in await caller.call("sets")]
    else:
        found = [r.id for r in (await caller.call("progress")).rows if r.kind == noun.value]
    if not found:
        raise InputError(f"There is no {'answer' if noun is Noun.attempt else noun.value} yet.")
    return str(found[0])


def _emit(text: str, out: Path | None) -> None:
    if out is None or str(out) == "-":
        sys.stdout.write(text)
        return
    with _sink(out) as write:
        write(text)
    print(f"Written to {out}", file=sys.stderr)


@contextmanager
def _sink(target: Path) -> Iterator[Callable[[str], Any]]:
    """Writes beside the target and renames at the end: a file that is there is whole."""
    import os

    if str(target) == "-":
        yield sys.stdout.write
        return
    fresh = target.with_name(f".{target.name}.part")
    try:
        with fresh.open("w", encoding="utf-8", newline="\n") as out:
            yield out.write
            out.flush()
            os.fsync(out.fileno())
        os.replace(fresh, target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise AssistantError(f"I cannot write {target}: {(error.strerror or 'unknown reason').lower()}.") from error
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@contextmanager
def _busy(words: str) -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield


@contextmanager
def _progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; what it yields is told how many of how many are done."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(words)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def posting_json(read: JobPosting) -> dict[str, Any]:
    """The documented form of a posting; offsets count characters of the text as stored."""
    return {
        "version": 1,
        "id": read.id,
        "title": read.title,
        "organisation": read.hiring_organization,
        "place": read.place,
        "remote": read.remote,
        "pay": None if read.pay is None else read.pay.model_dump(),
        "employment_type": read.employment_type,
        "level": read.level,
        "domain": read.domain,
        "product": read.product,
        "requirements": [
            {
                "id": r.id, "text": r.phrase, "start": r.span.start, "end": r.span.end, "sentence": r.sentence, "sentence_start": r.sentence_span.start,
                "sentence_end": r.sentence_span.end, "kind": r.kind, "essential": r.essential, "askable": r.askable, "same_as": r.same_as,
                "topics": list(r.topics), "competency": r.competency, "confidence": r.confidence,
            }
            for r in read.requirements
        ],
    }  # fmt: skip


def _hit_json(h: Hit) -> dict[str, Any]:
    s = h.section
    return {
        "id": s.id, "source": s.source, "document": s.document_id, "heading": s.heading, "topic": s.topic, "text": s.text, "score": round(h.score, 6),
        "start": s.span.start, "end": s.span.end,
    }  # fmt: skip


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
