"""Mock interviews: a real chat, each of whose turns is committed before anything is asked, and the report at the end."""

from __future__ import annotations

from functools import partial
from typing import Literal

from assistant.critique import GradesSoFar, critique_answer
from assistant.engine import Engine
from assistant.errors import Conflict, CutOff, InputError, ModelError
from assistant.interview import (
    answered,
    asks_back,
    follow_up_task,
    next_move,
    opening,
    report,
    speak,
    thread_answer,
    thread_count,
    with_turns,
)
from assistant.jobs import Job
from assistant.schema import Critique, Interview, Question, Thread, Turn
from assistant.store.record import new_id
from assistant.workspace.reviews import Reviews

WRITING = "The interviewer is writing"
REPORTING = "Reading your answers"
_NUDGES = (
    "A nudge: {hint}", "Here is a little more to go on. {hint}", "One way to lay it out: {hint}", "Think of it from this side. {hint}",
    "Let me give you a handle. {hint}", "If I were stuck here, I would start so: {hint}",
)  # fmt: skip
_NO_MORE = "I have said all I can without answering it myself. Say what you would try first, however rough."


def _nudges(interview: Interview, thread: int) -> list[str]:
    """What helps with the interviewer's last words: after a follow-up, what its point asks for; then the question's own hints."""
    question = interview.threads[thread].question
    hints = [] if question.hints is None else [question.hints.small, question.hints.medium, question.hints.outline]
    asked = next((t for t in reversed(interview.turns) if t.role == "interviewer" and t.act in ("follow-up", "question")), None)
    point = next((c for c in question.rubric.criteria if asked is not None and c.id == asked.probes), None)
    return [point.missing, *hints] if point is not None and point.missing else hints


class Interviews(Reviews):
    async def start_interview(
        self, posting_id: str | None = None, minutes: int = 20, level: int | None = None, seed: int | None = None
    ) -> Interview:
        """Plans the interview's questions, opens with how long it takes, and asks the first."""
        if not 5 <= minutes <= 120:
            raise InputError("An interview takes between 5 and 120 minutes. Choose a time in between.")
        posting = await self.posting(posting_id)
        asked = await self._new_set(posting, "interview", minutes=minutes, count=thread_count(minutes), mix=None, level=level, seed=seed)
        first = asked.questions[0]
        interview = Interview(
            id=new_id(), posting_id=posting.id, set_id=asked.id, title=asked.name, minutes=minutes, level=first.level, threads=(Thread(question=first),),
            created_at=self.now(), engine="model" if self.settings.has_model else "embedded",
        )  # fmt: skip
        await self.run(self.store.put_interview, interview)
        await self._speak(interview, "opening", 0, opening(minutes, asked.planned, asked.seed))
        await self._speak(interview, "question", 0, first.text)
        return await self.interview(interview.id)

    async def interviews(self) -> tuple[Interview, ...]:
        return await self.run(self.store.interviews)

    async def interview(self, interview_id: str) -> Interview:
        return await self.run(self.store.interview, interview_id)

    async def say(self, interview_id: str, text: str, key: str) -> Interview:
        """Commits the candidate's turn, then a job writes the interviewer's. The same key twice is one turn."""
        self._check_length(text)
        if not text.strip():
            raise InputError("Type an answer first. “I am stuck” gives you a nudge.")
        interview = await self._open(interview_id)
        if self.running(interview_id):
            raise Conflict("The interviewer is still writing. Wait for it, or stop it first.")
        act: Literal["asked", "answer"] = "asked" if asks_back(text) else "answer"
        turn = Turn(id=new_id(), ordinal=0, role="candidate", act=act, text=text, thread=len(interview.threads) - 1, at=self.now())
        _, _, new = await self.run(self.store.add_turn, interview_id, turn, key)
        if new:
            self._start_turn(interview_id, None)
        return await self.interview(interview_id)

    async def stop_turn(self, interview_id: str) -> Interview:
        """Stops the interviewer's writing; the words that came stay."""
        await self.jobs.stop(interview_id)
        return await self.interview(interview_id)

    async def retry_turn(self, interview_id: str, engine: Literal["model", "embedded"] | None = None) -> Interview:
        """Asks again for an interviewer's turn that was cut off, stopped or failed."""
        interview = await self._open(interview_id)
        last = interview.turns[-1]
        if not self.running(interview_id) and last.role == "interviewer" and last.status in ("cut off", "stopped", "failed"):
            self._start_turn(interview_id, engine)
        return await self.interview(interview_id)

    async def nudge(self, interview_id: str) -> Interview:
        """A hint in the interviewer's voice, larger each time; the report notes it."""
        interview = await self._open(interview_id)
        if self.running(interview_id):
            raise Conflict("The interviewer is still writing. Wait for it, or stop it first.")
        thread = len(interview.threads) - 1
        given = sum(t.act == "nudge" and t.thread == thread for t in interview.turns)
        sizes = _nudges(interview, thread)
        lead = _NUDGES[sum(t.act == "nudge" for t in interview.turns) % len(_NUDGES)]
        await self._speak(interview, "nudge", thread, lead.format(hint=sizes[given]) if given < len(sizes) else _NO_MORE)
        return await self.interview(interview_id)

    async def pause(self, interview_id: str) -> Interview:
        return await self._set_status(interview_id, "paused")

    async def resume(self, interview_id: str) -> Interview:
        return await self._set_status(interview_id, "running")

    async def end_interview(self, interview_id: str, engine: Literal["model", "embedded"] | None = None) -> Interview:
        """Ends it and starts the report; asked again after a fault, it goes on with the threads that have no critique yet."""
        await self.jobs.stop(interview_id)
        interview = await self.interview(interview_id)
        if interview.status != "ended":
            await self._save(interview.model_copy(update={"status": "reporting", "error": "", "error_buttons": ()}))
            self.jobs.start(interview_id, REPORTING, partial(self._report, interview_id=interview_id, which=engine))
        return await self.interview(interview_id)

    async def delete_interview(self, interview_id: str) -> str:
        await self.jobs.stop(interview_id)
        await self.run(self.store.delete, "conversation", interview_id, self.now())
        return f"conversation:{interview_id}"

    # inside

    async def _open(self, interview_id: str) -> Interview:
        interview = await self.interview(interview_id)
        if interview.status in ("reporting", "ended"):
            raise Conflict("This interview has ended. Its report is below; start a new one to go on.")
        return interview if interview.status == "running" else await self.resume(interview_id)

    async def _set_status(self, interview_id: str, status: Literal["running", "paused"]) -> Interview:
        interview = await self.interview(interview_id)
        if interview.status in ("running", "paused"):
            await self._save(interview.model_copy(update={"status": status}))
        return await self.interview(interview_id)

    async def _save(self, interview: Interview) -> None:
        await self.run(self.store.put_interview, interview)

    async def _speak(self, interview: Interview, act: Literal["opening", "question", "nudge", "closing"], thread: int, text: str) -> None:
        turn = Turn(id=new_id(), ordinal=0, role="interviewer", act=act, text=text, thread=thread, at=self.now())
        await self.run(self.store.add_turn, interview.id, turn, None)

    def _start_turn(self, interview_id: str, which: Literal["model", "embedded"] | None) -> None:
        self.jobs.start(interview_id, WRITING, partial(self._turn, interview_id=interview_id, which=which))

    async def _turn(self, job: Job, interview_id: str, which: Literal["model", "embedded"] | None) -> None:
        interview = await self.interview(interview_id)
        failed = interview.turns[-1] if interview.turns[-1].role == "interviewer" else None
        if failed is not None:
            interview = interview.model_copy(update={"turns": interview.turns[:-1]})
        move = next_move(interview, await self._upcoming(interview), self.now())
        turn = Turn(id=new_id(), ordinal=0, role="interviewer", act=move.act, thread=move.thread, status="pending", at=self.now())
        if failed is not None:
            turn = turn.model_copy(update={"id": failed.id, "ordinal": failed.ordinal})
            await self.run(self.store.put_turn, turn)
        else:
            turn, *_ = await self.run(self.store.add_turn, interview_id, turn, None)
        job.tick()
        if move.text:
            await self._advance(interview, move.thread)
            await self.run(self.store.put_turn, turn.model_copy(update={"text": move.text, "status": "complete"}))
            return
        await self._follow_up(job, interview, turn, which)

    async def _upcoming(self, interview: Interview) -> Question | None:
        """The next thread's question; where the model has not written it yet, the bank's takes its place."""
        number = len(interview.threads)
        made = await self.question_set(interview.set_id)
        if number >= made.planned:
            return None
        if number >= len(made.questions):
            await self.jobs.stop(interview.set_id)
            await self._write_rest(Job(interview.set_id, ""), interview.set_id, "embedded")
            made = await self.question_set(interview.set_id)
        return made.questions[number] if number < len(made.questions) else None

    async def _advance(self, interview: Interview, thread: int) -> None:
        if thread == len(interview.threads):
            made = await self.question_set(interview.set_id)
            kept = await self.interview(interview.id)
            await self._save(kept.model_copy(update={"threads": (*kept.threads, Thread(question=made.questions[thread]))}))

    async def _follow_up(self, job: Job, interview: Interview, turn: Turn, which: Literal["model", "embedded"] | None) -> None:
        said = next(t for t in reversed(interview.turns) if t.role == "candidate")
        nonce = await self.run(self.store.nonce, said.id)
        task = follow_up_task(interview, turn.act == "reply", nonce)
        try:
            async for spoken in speak(task, self.heard(self.engine(which, interview.id), job), self.engine("embedded")):
                turn = turn.model_copy(update={"text": spoken.text, "status": "complete" if spoken.final else "partial"})
                if spoken.final:
                    turn = turn.model_copy(
                        update={"quote": spoken.quote, "probes": spoken.probes, "note": spoken.note, "provenance": spoken.provenance}
                    )
                await self.run(self.store.put_turn, turn)
                job.tick()
        except ModelError as error:
            status = "cut off" if turn.text or isinstance(error, CutOff) else "failed"
            turn = turn.model_copy(update={"status": status, "error": str(error), "error_buttons": error.buttons})
        finally:
            if turn.status in ("pending", "partial"):
                turn = turn.model_copy(
                    update={"status": "stopped", "error": "You stopped the interviewer.", "error_buttons": ("Try again",)}
                )
            self.store.put_turn(turn)

    async def _report(self, job: Job, interview_id: str, which: Literal["model", "embedded"] | None) -> None:
        interview = await self.interview(interview_id)
        status = "reporting"
        changes: dict[str, object] = {"error": "The report was interrupted. Your answers are saved.", "error_buttons": ModelError.buttons}
        try:
            engine = self.heard(self.engine(which, interview_id), job)
            todo = answered(interview)
            for done, number in enumerate(todo):
                job.tick(f"{REPORTING}: {done + 1} of {len(todo)}")
                if interview.threads[number].critique is not None:
                    continue
                critique = await self._judge_thread(interview, number, engine)
                threads = list(interview.threads)
                threads[number] = threads[number].model_copy(update={"critique": with_turns(critique, interview, number)})
                interview = interview.model_copy(update={"threads": tuple(threads)})
                await self._save(interview)
            beside = await self.run(self.store.talks, interview_id)
            asked = 0
            for talk in beside:
                asked += sum(t.role == "candidate" for t in await self.run(self.store.turns, talk))
            status, changes = "ended", {"report": report(interview, asked), "error": "", "error_buttons": ()}
        except ModelError as error:
            changes = {"error": str(error), "error_buttons": error.buttons}
        finally:
            self.store.put_interview(interview.model_copy(update={"status": status, **changes}))

    async def _judge_thread(self, interview: Interview, number: int, engine: Engine) -> Critique:
        question = interview.threads[number].question
        sections, line = await self.run(self._excerpts, question, interview.set_id)
        critique: Critique | None = None
        first = next(t for t in interview.turns if t.thread == number and t.role == "candidate")
        nonce = await self.run(self.store.nonce, first.id)
        async for step in critique_answer(
            question, thread_answer(interview, number), engine, sections=sections, posting_sentence=line, nonce=nonce
        ):
            if not isinstance(step, GradesSoFar):
                critique = step
        assert critique is not None
        return critique
