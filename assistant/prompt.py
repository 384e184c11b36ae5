"""Prompt files: load one from `prompts/`, fill it in one strict pass, fence what a person pasted or said.

Comes in: a task and the installation's secret.  Goes out: a `Rendered` prompt, its stable part first and the candidate's newest words last.
`PromptFile.runnable` gives the same as a LangChain Runnable, to be joined with a chat model by `|`.

A fence is `[[name tag]]` ... `[[/name tag]]`. Whoever wrote the text cannot know its tag, so they cannot close the fence: the tag of posting, notes
and rubric is a keyed hash of the text itself (the same in every call: prefix caches hold), that of a candidate's words the nonce of their turn.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from assistant.schema import LEVEL_NAMES, Criterion, Frozen, Pitfall, Section
from assistant.tasks import Advise, CoachReply, JudgeAnswer, NextTurn, Output, Task, WriteQuestion
from assistant.text import strip_hidden

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable

_FILE = re.compile(r"\A---\n(?P<front>.*?)\n---\n\s*## system\n(?P<system>.*?)\n## user\n(?P<user>.*)\Z", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_BLANK_LINES = re.compile(r"\n{3,}")
_TAG_HEX = 12

NOTHING = "(none)"
_COACH = {"interviewer": "coach"}
"""Who speaks in a talk with the coach."""
NEIGHBOURS = 3
"""Bank questions shown for their depth; more would be copied from."""


class Rendered(Frozen):
    """A prompt as it is sent."""

    prompt: str
    """`name@version`."""
    system: str
    user: str


class PromptFile(Frozen):
    """One file of `prompts/`: what it is for, what it must be given, and its two texts."""

    name: str
    version: int
    purpose: str
    inputs: tuple[str, ...]
    system: str
    user: str

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"

    @classmethod
    def load(cls, name: str, folder: Path | None = None) -> PromptFile:
        """The prompt called `name`. Raises ValueError where declared and used inputs differ, or the file's form is not README.md's."""
        path = (folder or prompts_folder()) / f"{name}.md"
        found = _FILE.match(path.read_text(encoding="utf-8"))
        if found is None:
            raise ValueError(f"{path}: not front matter, ## system and ## user")
        about: dict[str, Any] = yaml.safe_load(found["front"])
        prompt = cls(**about, system=found["system"].strip(), user=found["user"].strip())
        if prompt.name != name:
            raise ValueError(f"{path}: calls itself {prompt.name}")
        if _PLACEHOLDER.search(prompt.system):
            raise ValueError(f"{path}: ## system has a placeholder; it must be the same in every call")
        used = _PLACEHOLDER.findall(prompt.user)
        if sorted(used) != sorted(prompt.inputs):
            raise ValueError(f"{path}: declares {sorted(prompt.inputs)}, uses {sorted(used)}, each must be used once")
        return prompt

    def fill(self, values: Mapping[str, str]) -> Rendered:
        """The prompt with every placeholder replaced, in one pass: what is put in is never read again. Raises ValueError on other inputs."""
        if set(values) != set(self.inputs):
            raise ValueError(f"{self.name} is given {sorted(values)}, wants {sorted(self.inputs)}")
        # The gap that an empty optional input leaves is closed before anything a person wrote is put in.
        empty = {name for name in self.inputs if not values[name]}
        template = _PLACEHOLDER.sub(lambda m: "" if m[1] in empty else m[0], self.user)
        template = _BLANK_LINES.sub("\n\n", template).strip()
        return Rendered(prompt=self.id, system=self.system, user=_PLACEHOLDER.sub(lambda m: values[m[1]], template))

    def runnable(self) -> Runnable[dict[str, str], list[BaseMessage]]:
        """This prompt as a LangChain Runnable: inputs in, messages out."""
        from langchain_core.runnables import RunnableLambda

        return RunnableLambda(lambda values: messages(self.fill(values)), name=self.id)


def render(task: Task[Output], secret: bytes) -> Rendered:
    """The prompt of `task`, filled; `secret` is the installation's and keys the tags."""
    return prompt_of(type(task)).fill(inputs_of(task, Fencer(secret, task.nonce)))


def messages(rendered: Rendered) -> list[BaseMessage]:
    """A rendered prompt as LangChain messages."""
    from langchain_core.messages import HumanMessage, SystemMessage

    return [SystemMessage(rendered.system), HumanMessage(rendered.user)]


@lru_cache(maxsize=32)
def prompt_of(task: type[Task[Any]]) -> PromptFile:
    """The shipped prompt file of a task."""
    return PromptFile.load(task.name)


def prompts_folder() -> Path:
    """Where the prompt files lie: in the installed package, else beside it in a checkout."""
    packed = Path(__file__).parent / "_data" / "prompts"
    return packed if packed.is_dir() else Path(__file__).parent.parent / "prompts"


class Fencer(NamedTuple):
    """Puts texts behind tags that their writers cannot know."""

    secret: bytes
    nonce: str = ""

    def known(self, name: str, text: str) -> str:
        """Posting, notes, rubric, earlier turns: the same text has the same tag in every call."""
        text = strip_hidden(text).strip()
        return _fence(name, self._tag(text), text) if text else NOTHING

    def newest(self, name: str, text: str) -> str:
        """The candidate's newest words, behind their turn's nonce; a task without one gets a tag of the same kind as `known`."""
        text = strip_hidden(text).strip()
        return _fence(name, self.nonce or self._tag(text), text)

    def _tag(self, text: str) -> str:
        return hmac.new(self.secret, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:_TAG_HEX]


def _fence(name: str, tag: str, text: str) -> str:
    return f"[[{name} {tag}]]\n{text}\n[[/{name} {tag}]]"


# --- what each prompt is given: one function per task ------------------------------------------------------------------


@singledispatch
def inputs_of(task: Task[Any], fence: Fencer) -> dict[str, str]:
    """The texts that fill the prompt of `task`, by input name."""
    raise TypeError(f"no prompt inputs for {type(task).__name__}")


@inputs_of.register
def _(task: WriteQuestion, fence: Fencer) -> dict[str, str]:
    posting = _lines(("Company", task.company), ("Title", task.title), ("Trade", task.domain), ("Product", task.product))
    line = _lines(("Sentence", task.sentence), ("What to test in it", task.phrase), ("Topics", ", ".join(task.topics)))
    return {
        "posting": fence.known("posting", posting),
        "level": LEVEL_NAMES[task.level],
        "kind": task.kind or "whichever suits the line",
        "minutes": str(task.minutes),
        "sources": _sources(task.sections, fence),
        "line": fence.known("line", line),
        "neighbours": fence.known("bank", _list(_named(q.text, task) for q in task.neighbours[:NEIGHBOURS])),
        "avoid": fence.known("asked", _list(task.avoid)),
        "complaint": _complaint(task.complaint),
    }


@inputs_of.register
def _(task: JudgeAnswer, fence: Fencer) -> dict[str, str]:
    return {
        "question": fence.known("question", task.question),
        "level": LEVEL_NAMES[task.level],
        "criteria": fence.known("points", _list(_judged(c) for c in task.criteria)),
        "pitfalls": fence.known("pitfalls", _list(_wrong(p) for p in task.pitfalls)),
        "sources": _sources(task.sections, fence),
        "answer": fence.newest("answer", task.answer),
    }


@inputs_of.register
def _(task: Advise, fence: Fencer) -> dict[str, str]:
    verdicts = _list(
        f"{g.criterion}: {g.verdict}" + (f' - "{g.quote}"' if g.quote else "") + (f" - {g.reason}" if g.reason else "") for g in task.grades
    )
    return {
        "question": fence.known("question", task.question),
        "level": LEVEL_NAMES[task.level],
        "line": fence.known("line", task.posting_sentence),
        "sources": _sources(task.sections, fence),
        "criteria": fence.known("points", _list(_advised(c) for c in task.criteria)),
        "verdicts": fence.known("verdicts", verdicts),
        "answer": fence.newest("answer", task.answer),
    }


@inputs_of.register
def _(task: NextTurn, fence: Fencer) -> dict[str, str]:
    *earlier, newest = task.said
    asked = "The candidate's newest words are a question to you." if task.asked_back else ""
    return {
        "question": fence.known("question", task.question),
        "level": LEVEL_NAMES[task.level],
        "kind": task.kind,
        "earlier": "\n".join(fence.known(turn.role, turn.text) for turn in earlier if not turn.text.endswith(task.question)) or NOTHING,
        "points": fence.known("points", _list(_advised(c) for c in _by_weight(task.criteria))),
        "follow_ups": fence.known("prepared", _list(f"{f.probes}: {f.text}" for f in task.follow_ups)),
        "used_frames": fence.known("used", _list(task.used_frames)),
        "situation": "\n".join(filter(None, (asked, _complaint(task.complaint)))),
        "newest": fence.newest(newest.role, newest.text),
    }


@inputs_of.register
def _(task: CoachReply, fence: Fencer) -> dict[str, str]:
    numbered = [f"[{n}] {fence.known('source', _section(s))}" for n, s in enumerate(task.sections, 1)]
    return {
        "sources": "\n".join(numbered) or NOTHING,
        "earlier": "\n".join(fence.known(_COACH.get(turn.role, turn.role), turn.text) for turn in task.earlier) or NOTHING,
        "question": fence.newest("candidate", task.question),
    }


def _named(text: str, task: WriteQuestion) -> str:
    """A bank text with its own placeholders filled, or a model would write them out as they stand."""
    names = {
        "company": task.company or "your company",
        "domain": task.domain or "your trade",
        "product": task.product or "your product",
        "requirement": task.phrase,
    }
    return _PLACEHOLDER.sub(lambda m: names.get(m[1], m[1]), text)


def _judged(criterion: Criterion) -> str:
    return "\n".join([f"{criterion.id}: {criterion.text}", *(f"  or: {accept}" for accept in criterion.accept)])


def _wrong(pitfall: Pitfall) -> str:
    return "\n".join([f"{pitfall.id}: {pitfall.text}", *(f"  or: {said}" for said in pitfall.says)])


def _advised(criterion: Criterion) -> str:
    essential = ", essential" if criterion.essential else ""
    return f"{criterion.id} ({criterion.points} points{essential}): {criterion.text}"


def _by_weight(criteria: Iterable[Criterion]) -> list[Criterion]:
    return sorted(criteria, key=lambda c: (not c.essential, -c.points))


def _sources(sections: Sequence[Section], fence: Fencer) -> str:
    return "\n".join(fence.known("source", f"id: {s.id}\n{_section(s)}") for s in sections) or NOTHING


def _section(section: Section) -> str:
    return f"{section.title}: {section.heading}\n{section.text}"


def _complaint(complaint: str) -> str:
    return f"Your last try was refused: {complaint} Write another." if complaint else ""


def _list(items: Iterable[str]) -> str:
    return "\n".join(
        "- " + "\n".join(" ".join(line.split()) if not n else f"  {' '.join(line.split())}" for n, line in enumerate(item.splitlines()))
        for item in items
    )


def _lines(*named: tuple[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in named if value)
