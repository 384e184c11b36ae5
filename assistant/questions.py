"""A balanced set with rubrics fixed before any answer, and what it says it covers.

Comes in: a posting with its requirements, the bank, what was asked before, a seed.  Goes out: a `QuestionPlan` (code alone: same inputs
and seed, same plan), then questions one by one, each checked in code before it is shown. A question the checks refuse is asked for once
more with the reason, then replaced from the bank by name.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.embedding import Embedder
from assistant.engine import Engine
from assistant.errors import InputError, NotFound, UnusableReply
from assistant.knowledge import Knowledge
from assistant.schema import (
    BankQuestion,
    Criterion,
    Drill,
    FollowUp,
    Frozen,
    Hints,
    JobPosting,
    Kind,
    Pitfall,
    PlanSlot,
    Provenance,
    Question,
    QuestionPlan,
    Requirement,
    Rubric,
    Section,
)
from assistant.tasks import WriteQuestion, WrittenQuestion
from assistant.text import normalise, shared_ngrams

MINUTES_A_QUESTION = 5
PRACTICE_MINUTES = 10
"""The longest question of a practice set; whole cases belong to an interview."""
READ = 900
"""Characters of a text that are measured: about as far as the model reads."""
NEAR = 0.40
"""Cosine of a posting's line and a bank question from which the question is on that line; measured, see docs/questions.md."""
TOPIC_BONUS = 0.14
DUPLICATE_COSINE = 0.90
DUPLICATE_NGRAMS = 4
NEIGHBOURS = 4
SERIES = 8
QUESTION_WORDS = 80
DEFAULT_LEVEL = 4

KINDS: tuple[Kind, ...] = ("concept", "depth", "debugging", "system-design", "coding", "behavioural", "leadership")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


class Finder(Protocol):
    """Finds note sections for a text, nearest first."""

    def __call__(self, query: str, k: int) -> Sequence[Section]: ...


@dataclass(frozen=True)
class Asked:
    """A question asked before: what a new one may not repeat."""

    requirement: str
    bank_id: str
    text: str


class Near(Frozen):
    """A bank question near a line: by which of the line's requirements, and how near (cosine; a shared topic adds a little)."""

    likeness: float
    requirement: str
    entry: BankQuestion


@dataclass(frozen=True)
class BankMap:
    """How near the bank is to each counted line of one posting."""

    posting: JobPosting
    near: dict[str, tuple[Near, ...]]
    """By line (the id of its first requirement): at or above `NEAR`, nearest first; what can't be filled from the posting is left out."""

    @property
    def covered(self) -> frozenset[str]:
        """The lines the bank has a question for."""
        return frozenset(line for line, found in self.near.items() if found)

    def line_of(self, requirement_id: str) -> str:
        """The line a requirement stands in; empty where it stands in none that counts."""
        asked = self.posting.requirement(requirement_id)
        return next((r.id for r in self.posting.lines if asked is not None and r.sentence_span == asked.sentence_span), "")

    def sentence(self) -> str:
        """What a set says about itself."""
        lines = len(self.posting.lines)
        if len(self.covered) == lines:
            return f"My bank covers all {lines} of this posting's lines."
        if not self.covered:
            return f"My bank covers none of this posting's {lines} lines, so these are general questions."
        return f"My bank covers {len(self.covered)} of this posting's {lines} lines; the rest are general questions."


@dataclass
class Written:
    """What writing a set has used up so far."""

    texts: list[str] = field(default_factory=list)
    bank_ids: set[str] = field(default_factory=set)


def map_bank(posting: JobPosting, knowledge: Knowledge, embedder: Embedder) -> BankMap:
    """Measures every bank question against every askable requirement, by the cosines of their sentence vectors: half the phrase with the
    question, a fifth the phrase in its sentence with the question, the rest the phrase with the points of a strong answer.

    A line's questions are those of its requirements, each under the requirement it is nearest to.
    """
    lines = posting.lines
    bank = [q for q in knowledge.bank if fill(q, posting) is not None]
    asked = [r for r in posting.requirements if r.askable and r.same_as is None]
    if not asked or not bank:
        return BankMap(posting, {r.id: () for r in lines})
    offered = embedder.embed([q.text for q in bank])
    points = embedder.embed([bank_points(q) for q in bank])
    phrases = embedder.embed([r.phrase for r in asked])
    lines_of = embedder.embed([f"{r.phrase}. {r.sentence}" for r in asked])
    likeness = 0.5 * (phrases @ offered.T) + 0.2 * (lines_of @ offered.T) + 0.3 * (phrases @ points.T)
    shares = np.array([[TOPIC_BONUS if q.topic in r.topics else 0.0 for q in bank] for r in asked], dtype=np.float32)
    scores = likeness + shares
    near: dict[str, tuple[Near, ...]] = {}
    for line in lines:
        rows = [i for i, r in enumerate(asked) if r.sentence_span == line.sentence_span]
        found = []
        for j, q in enumerate(bank):
            best = max(rows, key=lambda i: (scores[i, j], -i))
            if scores[best, j] >= NEAR:
                found.append(Near(likeness=round(float(scores[best, j]), 4), requirement=asked[best].id, entry=q))
        near[line.id] = tuple(sorted(found, key=lambda n: (-n.likeness, n.entry.id)))
    return BankMap(posting, near)


def bank_points(q: BankQuestion) -> str:
    """What a bank question is about, for its vector: the points of a strong answer, as far as the model reads."""
    return " ".join(c.text for c in q.criteria)[:READ]


# --- the plan -------------------------------------------------------------------------------------------------------


def plan_set(
    bank: BankMap, knowledge: Knowledge, *, minutes: int | None = None, count: int | None = None, mix: dict[str, int] | None = None,
    level: int | None = None, minutes_max: int = PRACTICE_MINUTES, history: Sequence[Asked] = (), seed: int = 0,
) -> QuestionPlan:  # fmt: skip
    """Spreads a set over the posting's lines: never asked before often asked, essential before optional, lines the bank knows before
    others, and within that one competency after the other. `mix` takes places first, by topic, kind or alias.

    `count` wins over `minutes` (about five minutes a question). Raises `InputError` for an unknown key of the mix, or more than `count` in it.
    """
    posting = bank.posting
    wanted = count if count is not None else max(1, round((minutes or 20) / MINUTES_A_QUESTION))
    reached = level or posting.level or DEFAULT_LEVEL
    times = Counter(bank.line_of(a.requirement) for a in history)
    slots: list[PlanSlot] = []
    for key, number in (mix or {}).items():
        topics, kinds = _mix_targets(key, knowledge)
        for _ in range(number):
            slots.append(_slot_for_key(key, topics, kinds, bank, times, history, slots, reached, seed))
    if mix and len(slots) > wanted:
        raise InputError(f"The mix asks for {len(slots)} questions, more than the {wanted} of the set. Raise --count or ask for fewer.")
    order = _line_order(bank, times, knowledge.first, seed * wanted)
    while len(slots) < wanted and order:
        taken = Counter(bank.line_of(s.requirement) for s in slots)
        fewest = min(taken[r.id] for r in order)
        chosen = next(r for r in order if taken[r.id] == fewest)
        slots.append(_slot(chosen, bank, times, history, reached, kind=None, topics=frozenset(), first=knowledge.first))
        order = [r for r in order if r.id != chosen.id] + [chosen]
    return QuestionPlan(posting_id=posting.id, seed=seed, level=reached, minutes_max=minutes_max, slots=tuple(slots))


def _line_order(bank: BankMap, times: Counter[str], first: Sequence[str], turn: int) -> list[Requirement]:
    """Lines by need: those asked least, essentials before others. Within equal need, the lines the bank knows stand first and the topics
    alternate, so that a short set is a balanced one; `turn` turns that circle, so that sets of seeds in a row go on where the last ended.
    """
    ordered: list[Requirement] = []
    lines = bank.posting.lines
    for group in sorted({(times[r.id], not r.essential) for r in lines}):
        circle: list[Requirement] = []
        for known in (True, False):
            circle += _alternating(
                [r for r in lines if (times[r.id], not r.essential) == group and (r.id in bank.covered) == known], bank, first
            )
        at = turn % len(circle)
        ordered += circle[at:] + circle[:at]
    return ordered


def _alternating(lines: Sequence[Requirement], bank: BankMap, first: Sequence[str]) -> list[Requirement]:
    """The topics in turn: those that stand first by the shipped order, then the one whose line the bank knows best."""
    groups: dict[str, list[Requirement]] = {}
    for r in sorted(lines, key=lambda r: (-_nearness(r, bank, first), r.id)):
        groups.setdefault(_topic_of(r, bank, first), []).append(r)
    ordered: list[Requirement] = []
    by_rank = sorted(groups, key=lambda name: first.index(name) if name in first else len(first))
    while groups:
        for name in [n for n in by_rank if n in groups]:
            ordered.append(groups[name].pop(0))
            if not groups[name]:
                del groups[name]
    return ordered


def _topic_of(line: Requirement, bank: BankMap, first: Sequence[str]) -> str:
    """What a line is asked about: a topic of the shipped order that its words name and the bank can ask, else that of the nearest question."""
    near = bank.near.get(line.id, ())
    named = {t for r in bank.posting.requirements if bank.line_of(r.id) == line.id for t in r.topics}
    known = named & {n.entry.topic for n in near}
    return next((t for t in first if t in known), near[0].entry.topic if near else line.topics[0] if line.topics else line.competency)


def _nearness(r: Requirement, bank: BankMap, first: Sequence[str]) -> float:
    """How near the bank's nearest question on the line's topic is."""
    about = _topic_of(r, bank, first)
    return max((n.likeness for n in bank.near.get(r.id, ()) if n.entry.topic == about), default=0.0)


def _slot(
    line: Requirement, bank: BankMap, times: Counter[str], history: Sequence[Asked], level: int, kind: Kind | None, topics: frozenset[str],
    first: Sequence[str] = (),
) -> PlanSlot:  # fmt: skip
    """A place for a line: of its requirements the one asked least, and among those the one the bank knows best, in what the line is asked about."""
    asked = Counter(a.requirement for a in history)
    used = {a.bank_id for a in history}
    found = [n for n in bank.near.get(line.id, ()) if (not topics or n.entry.topic in topics) and (kind is None or n.entry.kind == kind)]
    found = [n for n in found if n.entry.id not in used] or found
    about = _topic_of(line, bank, first)
    best = min(found, key=lambda n: (asked[n.requirement], n.entry.topic != about, -n.likeness, n.entry.id)) if found else None
    topic = best.entry.topic if best else sorted(topics)[0] if topics else line.topics[0] if line.topics else "general"
    before = (
        "not asked before" if times[line.id] == 0 else f"asked {times[line.id]} times before" if times[line.id] > 1 else "asked once before"
    )
    weight = "essential" if line.essential else "nice to have"
    requirement = best.requirement if best else line.id
    return PlanSlot(requirement=requirement, topic=topic, kind=kind, level=level, minutes=MINUTES_A_QUESTION, reason=f"{weight}, {before}")


def _slot_for_key(
    key: str, topics: frozenset[str], kinds: frozenset[str], bank: BankMap, times: Counter[str], history: Sequence[Asked], slots: list[PlanSlot],
    level: int, seed: int,
) -> PlanSlot:  # fmt: skip
    """The line nearest to what the mix asks for: by the bank's own questions of that topic or kind, then by the line's topics."""
    taken = Counter(bank.line_of(s.requirement) for s in slots)
    rng = random.Random(f"{seed}:{key}")

    def fit(r: Requirement) -> tuple[float, float, float]:
        best = max((n.likeness for n in bank.near.get(r.id, ()) if n.entry.topic in topics or n.entry.kind in kinds), default=0.0)
        named = 1.0 if topics & set(r.topics) else 0.0
        return -taken[r.id] - times[r.id] * 0.5 + 2 * named + (1.5 if best else 0.0), round(best, 1), rng.random()

    lines = bank.posting.lines
    if not lines:
        raise InputError("I could not find duties in this text. Paste the part that lists responsibilities.")
    chosen = max(lines, key=fit)
    kind = next((k for k in KINDS if k in kinds), None) if not topics else None
    return _slot(chosen, bank, times, history, level, kind=kind, topics=topics).model_copy(update={"reason": f"the mix asks for {key}"})


def _mix_targets(key: str, knowledge: Knowledge) -> tuple[frozenset[str], frozenset[str]]:
    names = knowledge.aliases.get(key, (key,)) if key not in KINDS else (key,)
    topics = {t.id for t in knowledge.topics}
    unknown = [n for n in names if n not in topics and n not in KINDS]
    if unknown:
        known = ", ".join(sorted({*topics, *KINDS, *knowledge.aliases}))
        raise InputError(f"The mix has no “{key}”. It takes a topic, a kind or an alias: {known}.")
    return frozenset(n for n in names if n in topics), frozenset(n for n in names if n in KINDS)


# --- the writing ----------------------------------------------------------------------------------------------------


async def write_set(
    plan: QuestionPlan, bank: BankMap, knowledge: Knowledge, *, engine: Engine, bank_engine: Engine, embedder: Embedder, find: Finder,
    now: Callable[[], datetime], history: Sequence[Asked] = (), have: dict[int, Question] | None = None, side_by_side: int = 1,
) -> AsyncIterator[tuple[int, Question]]:  # fmt: skip
    """Each question with its place, as soon as it is written and checked; places in `have` are left as they are.

    The first place is the bank's on every engine: it opens at once. With `side_by_side` > 1 the others are asked for together, and may
    come out of order. Raises `ModelError` where the model fails; what was yielded stands.
    """
    used = Written([a.text for a in history], {a.bank_id for a in history if a.bank_id})
    for q in (have or {}).values():
        used.texts.append(q.text)
        used.bank_ids.add(q.origin_id)
    places = [i for i in range(len(plan.slots)) if i not in (have or {})]
    writer = _Writer(plan, bank, knowledge, engine, bank_engine, embedder, find, now, used)
    if places and places[0] == 0:
        yield 0, await writer.write(0, bank_engine)
        places = places[1:]
    if engine.kind == "embedded" or side_by_side == 1:
        for i in places:
            yield i, await writer.write(i, engine)
        return
    gate = asyncio.Semaphore(side_by_side)

    async def one(i: int) -> tuple[int, Question]:
        async with gate:
            return i, await writer.write(i, engine)

    running = [asyncio.create_task(one(i)) for i in places]
    try:
        for done in asyncio.as_completed(running):
            yield await done
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def series_history(
    bank: BankMap, knowledge: Knowledge, *, count: int, mix: dict[str, int] | None, level: int | None, seed: int, bank_engine: Engine, embedder: Embedder,
    now: Callable[[], datetime],
) -> tuple[Asked, ...]:  # fmt: skip
    """What the sets of the seeds before this one would have asked, in its series of eight: seeds 0 to 7 are one series, 8 to 15 the next.

    It lets a set that nobody keeps go on where the last ended: sets of seeds in a row repeat nothing until the bank runs out.
    """
    asked: list[Asked] = []
    for earlier in range(seed - seed % SERIES, seed):
        plan = plan_set(bank, knowledge, count=count, mix=mix, level=level, history=asked, seed=earlier)
        written = write_set(
            plan,
            bank,
            knowledge,
            engine=bank_engine,
            bank_engine=bank_engine,
            embedder=embedder,
            find=lambda query, k: (),
            now=now,
            history=asked,
        )
        asked += [Asked(q.requirement, q.origin_id, q.text) async for _, q in written]
    return tuple(asked)


@dataclass
class _Writer:
    plan: QuestionPlan
    bank: BankMap
    knowledge: Knowledge
    engine: Engine
    bank_engine: Engine
    embedder: Embedder
    find: Finder
    now: Callable[[], datetime]
    used: Written

    async def write(self, place: int, engine: Engine) -> Question:
        slot = self.plan.slots[place]
        requirement = self.bank.posting.requirement(slot.requirement)
        if requirement is None:
            raise InputError("The posting has changed since this set was planned. Make a new set.")
        if engine.kind == "embedded":
            return self._keep(await self._from_bank(self._task(place, slot, requirement, ()), requirement, slot, note=""))
        sections = await asyncio.to_thread(self.find, f"{requirement.phrase} {slot.topic.replace('-', ' ')}", 4)
        task = self._task(place, slot, requirement, sections)
        complaint = ""
        for _ in range(2):
            asked = task.model_copy(update={"complaint": complaint, "avoid": tuple(self.used.texts[-20:])})
            try:
                made = await engine.generate(asked)
            except UnusableReply as error:
                # The engine has asked again already; what it writes can't be read as a question.
                complaint = error.reason or "it could not be read"
                break
            question = self._from_model(made.value, made.provenance, requirement, slot, sections)
            complaint = await asyncio.to_thread(self.complaint, question)
            if not complaint:
                return self._keep(question)
        note = f"The model's question was refused ({complaint}), so this one is from the question bank."
        return self._keep(await self._from_bank(task, requirement, slot, note=note))

    def _keep(self, question: Question) -> Question:
        self.used.texts.append(question.text)
        self.used.bank_ids.add(question.origin_id)
        return question

    def _task(self, place: int, slot: PlanSlot, r: Requirement, sections: Sequence[Section]) -> WriteQuestion:
        posting = self.bank.posting
        return WriteQuestion(
            company=posting.hiring_organization or "your company", title=posting.title, domain=posting.domain, product=posting.product,
            requirement_id=r.id, phrase=r.phrase, sentence=r.sentence, topics=tuple(dict.fromkeys((slot.topic, *r.topics))), kind=slot.kind, level=slot.level,
            minutes=slot.minutes, sections=tuple(sections), avoid=tuple(self.used.texts[-20:]), neighbours=self._neighbours(slot, r),
            seed=self.plan.seed * 1000 + place,
        )  # fmt: skip

    def _neighbours(self, slot: PlanSlot, r: Requirement) -> tuple[BankQuestion, ...]:
        """Bank questions for the slot, best first; templates where the bank has none on this line. Used ones come last, never first."""
        line = self.bank.line_of(r.id)
        from_bank = [
            (
                n.likeness + (0.15 if n.requirement == r.id else 0) + (0.15 if n.entry.topic == slot.topic else 0) + (0.3 if n.entry.kind == slot.kind else 0)
                - 0.04 * abs(n.entry.level - slot.level),
                n.entry,
            )
            for n in self.bank.near.get(line, ())
            if n.entry.minutes <= self.plan.minutes_max and (slot.kind is None or n.entry.kind == slot.kind or n.entry.topic == slot.topic)
        ]  # fmt: skip
        fresh = [(v, q) for v, q in from_bank if q.id not in self.used.bank_ids]
        if fresh:
            filled = [fill(q, self.bank.posting) for _, q in sorted(fresh, key=lambda s: (-s[0], s[1].id))]
            return tuple(q for q in filled if q is not None)[:NEIGHBOURS]
        return self._templates(slot, r)

    def _templates(self, slot: PlanSlot, r: Requirement) -> tuple[BankQuestion, ...]:
        rng = random.Random(f"{self.plan.seed}:{r.id}")
        counts = Counter(self.used.bank_ids)
        wanted: set[str] = {slot.kind} if slot.kind else _kinds_for(r)
        offered = [q for q in self.knowledge.templates if q.minutes <= self.plan.minutes_max]
        rng.shuffle(offered)
        offered.sort(key=lambda q: (counts[q.id], q.kind not in wanted, abs(q.level - slot.level)))
        filled = [fill(q, self.bank.posting, r) for q in offered]
        return tuple(q for q in filled if q is not None)[:NEIGHBOURS]

    async def _from_bank(self, task: WriteQuestion, r: Requirement, slot: PlanSlot, note: str) -> Question:
        made = await self.bank_engine.generate(task)
        entry = next(q for q in task.neighbours if q.id == made.value.bank_id)
        return from_entry(entry, r, self.bank.posting, made.provenance.model_copy(update={"note": note}))

    def _from_model(
        self, w: WrittenQuestion, provenance: Provenance, r: Requirement, slot: PlanSlot, sections: Sequence[Section]
    ) -> Question:
        ids = {s.id for s in sections}
        criteria = tuple(
            Criterion(
                id=c.id, text=c.text, points=c.points, dimension=c.dimension, essential=c.essential, accept=tuple(c.accept), missing=c.missing,
                why=c.why, frame=c.frame, in_notes=c.source in ids,
            )
            for c in w.criteria
        )  # fmt: skip
        cited = dict.fromkeys(c.source for c in w.criteria if c.source in ids)
        return Question(
            id=secrets.token_hex(16), text=w.text.strip(), topic=slot.topic, kind=slot.kind or "depth", level=slot.level, minutes=slot.minutes,
            why=w.why, requirement=r.id, also=_also(self.bank.posting, r, [c.text for c in w.criteria]), origin="model",
            rubric=Rubric(criteria=criteria, pitfalls=tuple(Pitfall(id=p.id, text=p.text, points=p.points, why=p.why) for p in w.pitfalls), staff_adds=w.staff_adds),
            hints=Hints(small=w.hints.small, medium=w.hints.medium, outline=w.hints.outline),
            follow_ups=tuple(FollowUp(text=f.text, probes=f.probes) for f in w.follow_ups), sources=tuple(cited),
            drill=Drill(text=w.drill.text, minutes=w.drill.minutes, criterion=w.drill.criterion), provenance=provenance,
        )  # fmt: skip

    def complaint(self, q: Question) -> str:
        """Why a written question may not be shown; empty where it may."""
        ids = [c.id for c in q.rubric.criteria]
        if len(q.text.split()) > QUESTION_WORDS:
            return f"it has {len(q.text.split())} words, more than {QUESTION_WORDS}"
        if q.text.count("?") > 2 or len(q.text.split()) < 6:
            return "it is not one question"
        if len(set(ids)) != len(ids) or not any(c.essential for c in q.rubric.criteria) or all(c.essential for c in q.rubric.criteria):
            return "its points of a strong answer are not whole"
        if {f.probes for f in q.follow_ups} - set(ids):
            return "a follow-up probes a point that is not there"
        if any("____" not in c.frame for c in q.rubric.criteria):
            return "a sentence frame has no blank"
        given = next((c for c in q.rubric.criteria if gives_away(q.text, c)), None)
        if given is not None:
            return "it gives its own answer away"
        return "it repeats an earlier question" if is_duplicate(q.text, self.used.texts, self.embedder) else ""


def gives_away(question: str, criterion: Criterion) -> bool:
    """The question already says a point: four folded words in a row of the point or of a way to say it, content among them."""
    return any(shared_ngrams(question, said, 5) > 0 for said in (criterion.text, *criterion.accept))


def is_duplicate(text: str, others: Sequence[str], embedder: Embedder) -> bool:
    """Near another question: by the cosine of their sentence vectors, or by runs of four words they share."""
    if not others:
        return False
    own: NDArray[np.float32] = embedder.embed([text])[0]
    if float(np.max(embedder.embed(list(others)) @ own)) >= DUPLICATE_COSINE:
        return True
    words = max(1, len(normalise(text).split()) - 3)
    return any(shared_ngrams(text, o) >= max(DUPLICATE_NGRAMS, math.ceil(words * 0.4)) for o in others)


# --- one question on a section that is read --------------------------------------------------------------------------


def question_about(
    section: Section, bank: BankMap, knowledge: Knowledge, embedder: Embedder, history: Sequence[Asked], now: datetime
) -> Question:
    """The bank's question on a section of the notes: one that names the section, else the nearest of its topic; those never asked first.

    It is tied to the posting's line that it is on, else to the nearest of the lines on its topic. With neither it says so. Raises `NotFound`.
    """
    posting, used = bank.posting, {a.bank_id for a in history}
    offered = [q for q in knowledge.bank if section.id in q.sources or q.topic == section.topic]
    filled = {q.id: made for q in offered if (made := fill(q, posting)) is not None}
    offered = [q for q in offered if q.id in filled]
    if not offered:
        raise NotFound("My bank has no question on this yet.")
    read = embedder.embed([f"{section.title}. {section.heading}", section.text[:READ]]).mean(axis=0)
    nearness = (embedder.embed([q.text for q in offered]) + embedder.embed([bank_points(q) for q in offered])) @ read

    def rank(i: int) -> tuple[bool, bool, bool, float]:
        q = offered[i]
        return q.id in used, section.id not in q.sources, q.minutes > PRACTICE_MINUTES, -float(nearness[i])

    chosen = offered[min(range(len(offered)), key=rank)]
    line = _line_for(chosen, bank, embedder)
    says = f"the posting says “{shorten(line.phrase)}”" if line else "no line of the posting asks about it"
    note = ""
    if section.id not in chosen.sources:
        left = "left " if any(section.id in q.sources for q in offered) else ""
        note = f"My bank has no question {left}on this very section, so this is the nearest of its topic."
    question = from_entry(filled[chosen.id], line, posting, Provenance(engine="embedded", at=now, note=note))
    return question.model_copy(update={"why": f"Asked while reading “{section.heading}”; {says}."})


def _line_for(entry: BankQuestion, bank: BankMap, embedder: Embedder) -> Requirement | None:
    """The requirement a bank question is on; else, of those on its topic, the one whose words are nearest to it."""
    near = [n for found in bank.near.values() for n in found if n.entry.id == entry.id]
    if near:
        return bank.posting.requirement(max(near, key=lambda n: n.likeness).requirement)
    same = [r for r in bank.posting.requirements if r.askable and r.same_as is None and entry.topic in r.topics]
    if not same:
        return None
    return same[int(np.argmax(embedder.embed([r.phrase for r in same]) @ embedder.embed([entry.text])[0]))]


def from_entry(entry: BankQuestion, r: Requirement | None, posting: JobPosting, provenance: Provenance) -> Question:
    """A bank entry, already filled, as this posting's question; without a requirement where no line asks for it."""
    general = entry.topic == "general"
    return Question(
        id=secrets.token_hex(16), text=entry.text, topic=(r.topics[0] if general and r and r.topics else entry.topic), kind=entry.kind, level=entry.level, minutes=entry.minutes,
        why=f"Asked because the posting says “{shorten(r.phrase)}”." if r else "", requirement=r.id if r else "",
        also=_also(posting, r, [c.text for c in entry.criteria]) if r else (),
        origin="template" if general else "bank", origin_id=entry.id,
        rubric=Rubric(criteria=tuple(Criterion.model_validate(c.model_dump()) for c in entry.criteria), pitfalls=entry.pitfalls, staff_adds=entry.staff_adds),
        hints=entry.hints, follow_ups=entry.follow_ups, sources=entry.sources, drill=entry.drill, strong_answer=entry.strong_answer, case=entry.case,
        anchors=None if entry.anchors is None else {str(k): v for k, v in entry.anchors.items()}, provenance=provenance,
    )  # fmt: skip


def fill(entry: BankQuestion, posting: JobPosting, r: Requirement | None = None) -> BankQuestion | None:
    """The entry with its placeholders filled from the posting; None where one can't be. An unknown company reads "your company"."""
    values = {"company": posting.hiring_organization or "your company", "domain": posting.domain, "product": posting.product}
    if r is not None:
        values["requirement"] = shorten(r.phrase)
    text = entry.model_dump_json()
    names = set(_PLACEHOLDER.findall(text))
    if any(not values.get(name) for name in names):
        return None
    filled = _PLACEHOLDER.sub(lambda m: json.dumps(values[m.group(1)])[1:-1], text)
    return BankQuestion.model_validate_json(filled) if names else entry


def shorten(phrase: str, words: int = 18) -> str:
    """At most `words` words of a phrase, its end marked where it was cut."""
    parts = phrase.strip().rstrip(".;,").split()
    return " ".join(parts) if len(parts) <= words else " ".join(parts[:words]).rstrip(",;") + " …"


def _kinds_for(r: Requirement) -> set[str]:
    if r.competency.lower() in ("leadership", "communication"):
        return {"behavioural", "leadership"}
    return {"depth", "behavioural"} if r.kind == "responsibility" else {"depth", "concept", "debugging"}


def _also(posting: JobPosting, r: Requirement, criteria: Sequence[str]) -> tuple[str, ...]:
    """Other lines that a criterion names: at least half of the phrase's longer words stand in one criterion."""
    found = []
    for other in posting.requirements:
        if other.id == r.id or not other.askable or other.same_as or other.sentence_span == r.sentence_span:
            continue
        words = {w for w in normalise(other.phrase).split() if len(w) > 3}
        if words and any(len(words & set(normalise(c).split())) * 2 >= len(words) for c in criteria):
            found.append(other.id)
    return tuple(found[:4])
