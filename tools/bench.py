"""Speeds as ratios measured in one run, on this machine: `make bench`.

Each line: what, the figure, its bar. Exit code 1 where a bar is missed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from assistant.settings import quiet

quiet()
sys.path.insert(0, str(Path(__file__).parent))
PORT = 7953
missed: list[str] = []


def told(what: str, value: float, bar: float, unit: str = "") -> None:
    print(f"{what:64} {value:8.2f}{unit}  (at most {bar:g}{unit}) {'' if value <= bar else ' MISSED'}", flush=True)
    if value > bar:
        missed.append(what)


def best(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs, in seconds: what the work takes when nothing else wants the machine."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def process(code: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env={**os.environ})


def start() -> None:
    """The loading page and readiness against `import gradio` alone; the memory of the server after a tour."""
    alone = best(process("from assistant.settings import quiet; quiet(); import gradio"), 3)
    print(f"{'import gradio alone':64} {alone:8.2f} s")
    painted, ready, peak = [], [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for n in range(3):
            environment = {**os.environ, "ASSISTANT_HOME": f"{folder}/home", "PORT": str(PORT + n), "BROWSER": "/bin/true"}
            began = time.perf_counter()
            server = subprocess.Popen([sys.executable, "-m", "assistant", "serve"], env=environment, stdout=subprocess.DEVNULL)
            try:
                page, usable = _wait(server, f"http://127.0.0.1:{PORT + n}", began)
                if n:
                    # The first start also fills the index; it is not what a candidate meets every day.
                    painted.append(page)
                    ready.append(usable)
                else:
                    print(f"{'first start of all, index filled':64} {usable:8.2f} s")
                if n == 2:
                    peak = tour(f"http://127.0.0.1:{PORT + n}", server.pid)
            finally:
                server.terminate()
                server.wait(20)
    told("loading page over import gradio", min(painted) / alone, 0.2)
    told("page ready over import gradio", min(ready) / alone, 1.4)
    told("peak memory of the server after the tour", peak, 700, " MB")


def _wait(server: subprocess.Popen[bytes], url: str, began: float) -> tuple[float, float]:
    page = 0.0
    while server.poll() is None and time.perf_counter() - began < 120:
        try:
            if not page and urllib.request.urlopen(f"{url}/", timeout=2).status == 200:
                page = time.perf_counter() - began
            if urllib.request.urlopen(f"{url}/readyz", timeout=5).status == 200:
                return page, time.perf_counter() - began
        except OSError:
            time.sleep(0.01)
    sys.exit("the server did not become ready")


def tour(url: str, pid: int) -> float:
    """Walks the main path in a browser; the server's peak resident memory in MB."""
    from browser import installed
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=installed(), args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto(url)
        page.get_by_role("button", name="Start practising").click()
        page.locator("textarea:visible").first.fill(_answer())
        page.get_by_role("button", name="Get feedback").click()
        page.get_by_text("How it was graded").wait_for()
        for screen in ("interview", "progress", "sources", "settings"):
            page.goto(f"{url}/?s={screen}")
            page.wait_for_timeout(400)
        chromium.close()
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        return 0.0
    return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def _answer() -> str:
    from assistant.knowledge import shipped

    words = " ".join(q.strong_answer for q in shipped().bank[:3]).split()
    return " ".join(words[:300])


def judge() -> None:
    """The embedded critique of 300 words against one pass of the model over them."""
    from assistant.embedded.judge_answer import judge as judged
    from assistant.embedding import local_embedder
    from assistant.knowledge import shipped
    from assistant.tasks import JudgeAnswer

    embedder, answer = local_embedder(), _answer()
    words = answer.split()
    windows = [" ".join(words[i : i + 100]) for i in range(0, 300, 100)]
    entry = max(shipped().bank[:30], key=lambda q: len(q.criteria))
    task = JudgeAnswer(question=entry.text, level=entry.level, criteria=entry.criteria, pitfalls=entry.pitfalls, answer=answer)
    judged(task, embedder)
    embedder.tokens(windows)
    whole, one_pass = best(lambda: judged(task, embedder), 9), best(lambda: embedder.tokens(windows), 9)
    told("embedded critique of 300 words over one pass of the model", whole / one_pass, 4)
    told("embedded critique of 300 words", whole, 1, " s")


def search() -> None:
    """A hybrid search against embedding the query and asking Chroma for its neighbours, nothing else."""
    import asyncio

    from assistant.settings import Settings
    from assistant.workspace import Workspace

    async def measure() -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as folder:
            ws = await Workspace.open(Settings.load(home=folder))
            queries = [
                "how do I stop training serving skew",
                "what breaks when labels arrive late",
                "who owns a feature after the migration",
            ]
            notes = ws.index()._collection("notes")  # a bench may look under the floor

            def raw() -> None:
                for q in queries:
                    notes.query(query_embeddings=ws.embedder.embed([q]), n_results=20)

            def whole() -> None:
                for q in queries:
                    ws.find(q, 5)

            raw(), whole()
            ratio = statistics.median([best(whole, 3) / best(raw, 3) for _ in range(5)])
            seconds = best(whole, 3) / len(queries)
            await ws.close()
            return ratio, seconds

    ratio, seconds = asyncio.run(measure())
    told("search over embedding plus a raw Chroma query", ratio, 2)
    print(f"{'one search':64} {seconds * 1000:8.1f} ms")


def command() -> None:
    told("--help", best(lambda: subprocess.run([sys.executable, "-m", "assistant", "--help"], check=True, capture_output=True)), 0.6, " s")


def main() -> None:
    for bench in (command, judge, search, start):
        bench()
    sys.exit(f"{len(missed)} bars missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
