"""Answers and their cards: committed first, then checked by a job."""

from __future__ import annotations

from functools import partial
from typing import Literal

from assistant.critique import GradesSoFar, critique_answer
from assistant.errors import ModelError
from assistant.jobs import Job
from assistant.questions import DEFAULT_LEVEL
from assistant.schema import Attempt, Critique, Frozen, Question, QuestionPlan, QuestionSet, Section
from assistant.store.record import new_id
from assistant.workspace.sets import Sets


class Checked(Frozen):
    """A question with its rubric, an answer, and the card it got."""

    question: Question
    answer: str
    critique: Critique


class Reviews(Sets):
    async def submit(self, question_id: str, answer: str, key: str) -> Attempt:
        """Commits the answer and starts its check; the same key twice is one attempt. A check that still runs on an older attempt goes on."""
        self._check_length(answer)
        attempt, new = await self.run(self.store.add_attempt, question_id, answer, key, self.now())
        if new:
            self._start_check(attempt.id, None)
        return attempt

    async def attempt(self, attempt_id: str) -> Attempt:
        return await self.run(self.store.attempt, attempt_id)

    async def recheck(self, attempt_id: str, engine: Literal["model", "embedded"] | None = None) -> Attempt:
        """Checks an answer whose check failed or was stopped, by the engine the candidate chose. A card that stands is left as it is."""
        attempt = await self.attempt(attempt_id)
        if attempt.status != "complete" and not self.running(attempt_id):
            await self.run(
                self.store.put_attempt, attempt.model_copy(update={"status": "pending", "error": "", "error_buttons": (), "so_far": ()})
            )
            self._start_check(attempt_id, engine)
        return await self.attempt(attempt_id)

    async def stop_check(self, attempt_id: str) -> Attempt:
        await self.jobs.stop(attempt_id)
        return await self.attempt(attempt_id)

    async def delete_attempt(self, attempt_id: str) -> str:
        await self.jobs.stop(attempt_id)
        await self.run(self.store.delete, "attempt", attempt_id, self.now())
        return f"attempt:{attempt_id}"

    async def keep_checked(self, name: str, checked: tuple[Checked, ...]) -> QuestionSet:
        """Keeps answers that were checked elsewhere, from a file: one set of own questions, each with its answer and card."""
        posting = await self.posting()
        now = self.now()
        made = QuestionSet(
            id=new_id(),
            name=name[:200],
            posting_id=posting.id,
            planned=len(checked),
            minutes=sum(c.question.minutes for c in checked),
            created_at=now,
        )
        await self.run(self.store.put_set, made, QuestionPlan(posting_id=posting.id, seed=0, level=DEFAULT_LEVEL, slots=()))
        for place, item in enumerate(checked):
            question = item.question.model_copy(update={"id": new_id()})
            await self.run(self.store.put_question, made.id, place, question)
            attempt, _ = await self.run(self.store.add_attempt, question.id, item.answer, new_id(), now)
            await self.run(self.store.put_attempt, attempt.model_copy(update={"status": "complete", "critique": item.critique}))
        return await self.question_set(made.id)

    async def resume_checks(self) -> None:
        """After a restart: the built-in checker takes up what it left; for a model the candidate is asked first."""
        for attempt in await self.run(self.store.attempts):
            if attempt.status not in ("pending", "checking"):
                continue
            if self.settings.has_model:
                words = "The check was interrupted. Your answer is saved."
                await self.run(
                    self.store.put_attempt,
                    attempt.model_copy(update={"status": "failed", "error": words, "error_buttons": ModelError.buttons}),
                )
            else:
                self._start_check(attempt.id, "embedded")

    # inside

    def _start_check(self, attempt_id: str, which: Literal["model", "embedded"] | None) -> None:
        self.jobs.start(attempt_id, "Reading your answer", partial(self._check, attempt_id=attempt_id, which=which))

    async def _check(self, job: Job, attempt_id: str, which: Literal["model", "embedded"] | None) -> None:
        attempt = await self.run(self.store.attempt, attempt_id)
        question, set_id, *_ = await self.run(self.store.question, attempt.question_id)
        try:
            engine = self.heard(self.engine(which, set_id), job)
            same = await self.run(self._same_answer, attempt, engine.label)
            if same is not None:
                attempt = attempt.model_copy(update={"status": "complete", "critique": same})
                return
            attempt = attempt.model_copy(update={"status": "checking"})
            sections, line = await self.run(self._excerpts, question, set_id)
            nonce = attempt.id[:16]
            async for step in critique_answer(question, attempt.answer, engine, sections=sections, posting_sentence=line, nonce=nonce):
                if isinstance(step, GradesSoFar):
                    attempt = attempt.model_copy(update={"so_far": step.grades})
                    await self.run(self.store.put_attempt, attempt)
                    job.tick("Checking your answer point by point")
                else:
                    attempt = attempt.model_copy(update={"status": "complete", "critique": step, "so_far": ()})
        except ModelError as error:
            attempt = attempt.model_copy(update={"status": "failed", "error": str(error), "error_buttons": error.buttons, "so_far": ()})
        finally:
            if attempt.status not in ("complete", "failed"):
                words = "You stopped the check. Your answer is saved."
                attempt = attempt.model_copy(update={"status": "failed", "error": words, "error_buttons": ModelError.buttons, "so_far": ()})
            self.store.put_attempt(attempt)

    def _same_answer(self, attempt: Attempt, label: str) -> Critique | None:
        """The card of an identical earlier answer to the question by the same engine: stored, not rolled again."""
        for earlier in self.store.attempts(attempt.question_id):
            c = earlier.critique
            if earlier.id != attempt.id and c is not None and earlier.answer == attempt.answer and not c.advice_error:
                made = "embedded" if c.provenance.engine == "embedded" else f"model:{c.provenance.model}"
                if made == label:
                    return c
        return None

    def _excerpts(self, question: Question, set_id: str) -> tuple[list[Section], str]:
        """The sections a question rests on, as far as they still stand, and its line's sentence."""
        posting = self.store.posting(self.store.question_set(set_id).posting_id)
        requirement = posting.requirement(question.requirement)
        found = [s for s in (self.find_section(i) for i in question.sources) if s is not None]
        return found, requirement.sentence if requirement else ""
