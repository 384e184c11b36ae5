"""Practice sets and their questions: the first opens at once, the rest is written by a job."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Literal

from assistant.errors import InputError, ModelError, NotFound
from assistant.jobs import Job
from assistant.posting import parse_posting
from assistant.questions import PRACTICE_MINUTES, Asked, BankMap, map_bank, plan_set, question_about, series_history, write_set
from assistant.schema import Attempt, Frozen, JobPosting, Question, QuestionPlan, QuestionSet, Requirement, Section
from assistant.store.record import new_id
from assistant.workspace.doors import posting_name
from assistant.workspace.sources import Sources

SOURCE_NEAR = 0.25
"""The cosine below which a passage is about something else than the line a question is written for."""

HintSize = Literal["small", "medium", "outline"]


class QuestionView(Frozen):
    """A question with all its screen shows."""

    question: Question
    set_id: str
    set_name: str
    number: int
    """From 1."""
    count: int
    posting_id: str
    posting_line: Requirement | None
    attempts: tuple[Attempt, ...]
    draft: str
    draft_revision: int
    hints_used: int
    next_id: str | None
    about: Section | None = None
    """The section of the notes it was asked about, where one was."""


class Sets(Sources):
    async def start_set(
        self,
        posting_id: str | None = None,
        minutes: int = 20,
        count: int | None = None,
        mix: dict[str, int] | None = None,
        level: int | None = None,
        seed: int | None = None,
    ) -> QuestionSet:
        """Plans a set and returns when its first question stands; a job writes the others. Without a seed the next number is used."""
        if not 5 <= minutes <= 240:
            raise InputError("A set takes between 5 and 240 minutes. Choose a time in between.")
        posting = await self.posting(posting_id)
        return await self._new_set(posting, "practice", minutes=minutes, count=count, mix=mix, level=level, seed=seed)

    async def draft_set(
        self, posting_text: str | None = None, count: int = 8, mix: dict[str, int] | None = None, level: int | None = None, seed: int = 0
    ) -> QuestionSet:
        """A whole set that is given back and not kept: same inputs and seed, same set, whatever was asked before.

        Sets of one count and of seeds in a row take the posting's lines in turn, so that together they cover it.
        """
        posting = await self.posting() if posting_text is None else await self.run(parse_posting, posting_text)
        bank = await self.bank_map(posting)
        history = await series_history(
            bank,
            self.knowledge,
            count=count,
            mix=mix,
            level=level,
            seed=seed,
            bank_engine=self.engine("embedded"),
            embedder=self.embedder,
            now=self.now,
        )
        plan = await self.run(partial(plan_set, bank, self.knowledge, count=count, mix=mix, level=level, history=history, seed=seed))
        written: dict[int, Question] = {}
        async for place, question in self._writing(plan, bank, history, {}, None):
            written[place] = question
        questions = tuple(written[i].model_copy(update={"id": f"q{i + 1}"}) for i in sorted(written))
        return QuestionSet(
            id="draft", name=f"Practice for {posting_name(posting)}", posting_id=posting.id, questions=questions, planned=len(questions),
            minutes=sum(q.minutes for q in questions), seed=seed, note=bank.sentence(), created_at=self.now(),
        )  # fmt: skip

    async def ask_about(self, section_id: str) -> QuestionSet:
        """A set of one question of the bank on a section of the study notes; while that question stands unanswered, the same again."""
        section = self.knowledge.sections.get(section_id)
        if section is None:
            raise NotFound("This passage is not here any more. The notes may have changed since.")
        posting = await self.posting()
        standing = await self.run(self._unanswered, section_id, posting.id)
        if standing is not None:
            return standing
        bank, history = await self.bank_map(posting), await self._history()
        question = await self.run(question_about, section, bank, self.knowledge, self.bank_embedder, history, self.now())
        made = QuestionSet(
            id=new_id(), name=f"From the notes: {section.heading}", posting_id=posting.id, planned=1, minutes=question.minutes, about=section_id,
            created_at=self.now(),
        )  # fmt: skip
        await self.run(self.store.put_set, made, QuestionPlan(posting_id=posting.id, seed=0, level=question.level, slots=()))
        await self.run(self.store.put_question, made.id, 0, question)
        return await self.question_set(made.id)

    async def sets(self) -> tuple[QuestionSet, ...]:
        """Practice sets, newest first; without the single questions that were asked while reading."""
        return tuple(s for s in await self.run(self.store.sets) if s.purpose == "practice" and not s.about)

    async def question_set(self, set_id: str) -> QuestionSet:
        return await self.run(self.store.question_set, set_id)

    async def stop_set(self, set_id: str) -> QuestionSet:
        """Stops the writing; what is there stays."""
        await self.jobs.stop(set_id)
        return await self.question_set(set_id)

    async def resume_set(self, set_id: str, engine: Literal["model", "embedded"] | None = None) -> QuestionSet:
        """Writes the places that are still empty."""
        made = await self.question_set(set_id)
        plan = await self.run(self.store.plan, set_id)
        if len(made.questions) < len(plan.slots) and not self.running(set_id):
            await self._mark(set_id, status="writing", error="", error_buttons=())
            self.jobs.start(set_id, _writing(len(made.questions), len(plan.slots)), partial(self._write_rest, set_id=set_id, which=engine))
        return await self.question_set(set_id)

    async def delete_set(self, set_id: str) -> str:
        await self.jobs.stop(set_id)
        await self.run(self.store.delete, "set", set_id, self.now())
        return f"set:{set_id}"

    async def question(self, question_id: str) -> QuestionView:
        question, set_id, place, hints = await self.run(self.store.question, question_id)
        made = await self.run(self.store.question_set, set_id)
        posting = await self.run(self.store.posting, made.posting_id)
        draft, revision = await self.run(self.store.draft, question_id)
        places = await self.run(self.store.places, set_id)
        attempts = await self.run(self.store.attempts, question_id)
        return QuestionView(
            question=question, set_id=set_id, set_name=made.name, number=place + 1, count=max(made.planned, len(made.questions)), posting_id=posting.id,
            posting_line=posting.requirement(question.requirement), attempts=attempts, draft=draft, draft_revision=revision, hints_used=hints,
            next_id=next((i for at, i, skipped in places if at > place and not skipped), None),
            about=self.knowledge.sections.get(made.about),
        )  # fmt: skip

    async def hint(self, question_id: str, size: HintSize) -> str:
        """A hint, counted once a size asked for."""
        question, *_ = await self.run(self.store.question, question_id)
        if question.hints is None:
            raise InputError("This question has no hints.")
        await self.run(self.store.count_hint, question_id)
        return str(getattr(question.hints, size))

    async def skip(self, question_id: str) -> str | None:
        """Leaves a question out; the next one's id, None after the last."""
        await self.run(self.store.skip, question_id, self.now())
        return (await self.question(question_id)).next_id

    async def save_draft(self, question_id: str, text: str, revision: int) -> int:
        """Keeps what is typed; the new revision. Raises `DraftConflict` where another tab was first."""
        self._check_length(text)
        return await self.run(self.store.put_draft, question_id, text, revision, self.now())

    # inside

    def _unanswered(self, section_id: str, posting_id: str) -> QuestionSet | None:
        """The newest question asked about a section that was neither answered nor skipped."""
        for made in self.store.sets():
            if made.about == section_id and made.posting_id == posting_id:
                return next((made for _, i, skipped in self.store.places(made.id) if not skipped and not self.store.attempts(i)), None)
        return None

    async def _new_set(
        self,
        posting: JobPosting,
        purpose: Literal["practice", "interview"],
        *,
        minutes: int,
        count: int | None,
        mix: dict[str, int] | None,
        level: int | None,
        seed: int | None,
    ) -> QuestionSet:
        history = await self._history()
        bank = await self.bank_map(posting)
        number = len(await self.run(self.store.sets)) if seed is None else seed
        longest = max(PRACTICE_MINUTES, minutes // 2) if purpose == "interview" else PRACTICE_MINUTES
        plan = await self.run(
            partial(
                plan_set,
                bank,
                self.knowledge,
                minutes=minutes,
                count=count,
                mix=mix,
                level=level,
                minutes_max=longest,
                history=history,
                seed=number,
            )
        )
        made = QuestionSet(
            id=new_id(), name=f"{'Mock interview' if purpose == 'interview' else 'Practice'} for {posting_name(posting)}", posting_id=posting.id, purpose=purpose,
            status="writing", planned=len(plan.slots), minutes=sum(s.minutes for s in plan.slots), seed=number, note=bank.sentence(), created_at=self.now(),
        )  # fmt: skip
        await self.run(self.store.put_set, made, plan)
        first = plan.model_copy(update={"slots": plan.slots[:1]})
        async for place, question in self._writing(first, bank, history, {}, None, made.id):
            await self.run(self.store.put_question, made.id, place, question)
        if len(plan.slots) == 1:
            await self._mark(made.id, status="complete")
        elif not self.settings.has_model:
            # Nothing waits for a network: the rest is there before the page has drawn the first.
            await self._write_rest(Job(made.id, ""), made.id, "embedded")
        else:
            self.jobs.start(made.id, _writing(1, len(plan.slots)), partial(self._write_rest, set_id=made.id, which=None))
        return await self.question_set(made.id)

    async def _write_rest(self, job: Job, set_id: str, which: Literal["model", "embedded"] | None) -> None:
        made = await self.run(self.store.question_set, set_id)
        plan = await self.run(self.store.plan, set_id)
        have = {place: q for (place, *_), q in zip(await self.run(self.store.places, set_id), made.questions, strict=True)}
        posting = await self.run(self.store.posting, made.posting_id)
        bank = await self.bank_map(posting)
        count = len(have)
        status = "stopped"
        changes: dict[str, object] = {}
        try:
            async for place, question in self._writing(plan, bank, await self._history(), have, which, set_id):
                await self.run(self.store.put_question, set_id, place, question)
                count += 1
                job.tick(_writing(count, len(plan.slots)))
            status = "complete"
        except ModelError as error:
            status, changes = "failed", {"error": str(error), "error_buttons": error.buttons}
        finally:
            # Also when it is stopped: what was written stays, and the set says so.
            full = self.store.question_set(set_id)
            minutes = sum(q.minutes for q in full.questions)
            self._mark_now(set_id, status=status, minutes=minutes, **changes)

    def _writing(
        self,
        plan: QuestionPlan,
        bank: BankMap,
        history: Sequence[Asked],
        have: dict[int, Question],
        which: Literal["model", "embedded"] | None,
        set_id: str = "",
    ) -> AsyncIterator[tuple[int, Question]]:
        engine = self.engine(which, set_id) if plan.slots[1:] else self.engine("embedded")
        at_once = 1 if engine.kind == "embedded" else self.settings.calls_at_once or (1 if self.settings.model_is_local else 8)
        return write_set(
            plan, bank, self.knowledge, engine=engine, bank_engine=self.engine("embedded"), embedder=self.embedder, find=self._studied, now=self.now,
            history=history, have=have, side_by_side=at_once,
        )  # fmt: skip

    def _studied(self, query: str, k: int) -> list[Section]:
        return [h.section for h in self.find(query, k, ("notes", "file")) if h.similarity is None or h.similarity >= SOURCE_NEAR]

    async def bank_map(self, posting: JobPosting) -> BankMap:
        """How near the bank is to the posting's lines; kept while the posting is in use."""
        if posting.id not in self._maps:
            self._maps[posting.id] = await self.run(map_bank, posting, self.knowledge, self.bank_embedder)
        return self._maps[posting.id]

    async def _history(self) -> tuple[Asked, ...]:
        return tuple(Asked(*row) for row in await self.run(self.store.asked))

    async def _mark(self, set_id: str, **changes: object) -> None:
        await self.run(partial(self._mark_now, set_id, **changes))

    def _mark_now(self, set_id: str, **changes: object) -> None:
        made, plan = self.store.question_set(set_id), self.store.plan(set_id)
        self.store.put_set(made.model_copy(update=changes), plan)

    def _check_length(self, text: str) -> None:
        limit = self.settings.answer_characters
        if len(text) > limit:
            raise InputError(f"This answer has {len(text):,} characters. The limit is {limit:,}. Shorten it, and it can be checked.")


def _writing(done: int, planned: int) -> str:
    return f"Writing question {min(done + 1, planned)} of {planned}"
