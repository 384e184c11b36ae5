"""`interview` in the terminal: the same interview as the page's, polled while the interviewer writes."""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import TYPE_CHECKING, Any

from assistant.schema import BAND_NAMES, LEVEL_NAMES, Interview

if TYPE_CHECKING:
    from assistant.remote import Caller

POLL_SECONDS = 0.15
HELP = "An empty line sends. /stuck gives a nudge, /pause leaves (come back on the page), /end gives the report."


async def run_interview(caller: Caller, minutes: int, level: int | None, quiet: bool) -> Interview:
    """Runs one to its end, its pause, or the end of the input; returns it as it stands."""
    shown = sys.stderr if quiet else sys.stdout
    interview: Interview = await caller.call("start_interview", minutes=minutes, level=level)
    print(HELP, file=shown)
    seen = _print_new(interview, 0, shown)
    while True:
        text = await asyncio.to_thread(_answer, shown)
        if text is None or text.strip() == "/end":
            break
        if text.strip() == "/pause":
            return await _call(caller, "pause", interview)
        if text.strip() == "/stuck":
            interview = await _call(caller, "nudge", interview)
        else:
            await caller.call("say", interview_id=interview.id, text=text, key=secrets.token_hex(8))
            interview = await _writing(caller, interview, shown)
        seen = _print_new(interview, seen, shown)
        if interview.turns[-1].act == "closing":
            break
    await _call(caller, "end_interview", interview)
    interview = await _until(caller, interview)
    _print_report(interview, shown)
    return interview


async def _call(caller: Caller, name: str, interview: Interview) -> Interview:
    made: Interview = await caller.call(name, interview_id=interview.id)
    return made


def _answer(shown: Any) -> str | None:
    """Lines up to an empty one; None at the end of the input."""
    print("\nYou: ", end="", file=shown, flush=True)
    lines: list[str] = []
    for line in sys.stdin:
        bare = line.rstrip("\n")
        if bare.startswith("/") and not lines:
            return bare
        if not bare.strip() and lines:
            return "\n".join(lines)
        if bare.strip():
            lines.append(bare)
    return "\n".join(lines) if lines else None


async def _writing(caller: Caller, interview: Interview, shown: Any) -> Interview:
    """Prints the interviewer's words as they come, until the turn is whole."""
    written = 0
    while True:
        interview = await _call(caller, "interview", interview)
        last = interview.turns[-1]
        if last.role == "interviewer":
            if last.status == "partial" and len(last.text) > written:
                print(last.text[written:], end="", file=shown, flush=True)
                written = len(last.text)
            if last.status not in ("pending", "partial"):
                if written:
                    print("\r", end="", file=shown)
                return interview
        await asyncio.sleep(POLL_SECONDS)


async def _until(caller: Caller, interview: Interview) -> Interview:
    while True:
        interview = await _call(caller, "interview", interview)
        if interview.status == "ended" or interview.error:
            return interview
        await asyncio.sleep(POLL_SECONDS)


def _print_new(interview: Interview, seen: int, shown: Any) -> int:
    for turn in interview.turns[seen:]:
        if turn.role == "interviewer":
            print(f"\nInterviewer: {turn.text}", file=shown)
            if turn.error:
                print(turn.error, file=shown)
    return len(interview.turns)


def _print_report(interview: Interview, shown: Any) -> None:
    r = interview.report
    if r is None:
        print(f"\n{interview.error}", file=shown)
        return
    print(f"\n{BAND_NAMES[r.band]} the {LEVEL_NAMES[interview.level]} bar ({r.band} of 4)" if r.band else f"\n{r.note}", file=shown)
    for d in r.dimensions:
        print(f"  {d.dimension}: {'not tested' if d.band is None else f'{d.band} of 4'}", file=shown)
    print(f"Take it with you: interview-assistant export interview {interview.id}", file=shown)
