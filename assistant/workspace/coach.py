"""The coach: a candidate's own question, answered from the sources with citations that open."""

from __future__ import annotations

from functools import partial
from typing import Literal

from assistant.conversation import Reply, query_for, reply
from assistant.engine import Engine
from assistant.errors import Conflict, InputError, ModelError
from assistant.jobs import Job
from assistant.schema import Frozen, Turn
from assistant.store.record import new_id
from assistant.tasks import SaidTurn
from assistant.workspace.interviews import Interviews

LOOKING = "Reading your sources"
SECTIONS = 4
EARLIER = 6


class Talk(Frozen):
    """A conversation with the coach."""

    id: str
    turns: tuple[Turn, ...]


class Coach(Interviews):
    async def ask(self, text: str, key: str, conversation_id: str | None = None, interview_id: str | None = None) -> Talk:
        """Commits the question and starts the answer; without a conversation a new one begins."""
        self._check_length(text)
        if not text.strip():
            raise InputError("Type your question first, for example: what is point-in-time correctness?")
        talk_id = conversation_id or new_id()
        if self.running(talk_id):
            raise Conflict("The coach is still writing. Wait for it, or stop it first.")
        if conversation_id is None:
            await self.run(self.store.put_talk, talk_id, self.now(), interview_id or "")
        turn = Turn(id=new_id(), ordinal=0, role="candidate", act="asked", text=text, at=self.now())
        asked, nonce, new = await self.run(self.store.add_turn, talk_id, turn, key)
        if new:
            answer = Turn(id=new_id(), ordinal=0, role="coach", act="reply", status="pending", at=self.now())
            answer, *_ = await self.run(self.store.add_turn, talk_id, answer, None)
            self.jobs.start(talk_id, LOOKING, partial(self._reply, asked=asked, answer=answer, nonce=nonce, talk_id=talk_id, which=None))
        return await self.conversation(talk_id)

    async def conversation(self, conversation_id: str) -> Talk:
        return Talk(id=conversation_id, turns=await self.run(self.store.turns, conversation_id))

    async def conversations(self) -> tuple[Talk, ...]:
        """Newest first."""
        return tuple([await self.conversation(i) for i in await self.run(self.store.talks)])

    async def stop_reply(self, conversation_id: str) -> Talk:
        await self.jobs.stop(conversation_id)
        return await self.conversation(conversation_id)

    async def retry_reply(self, conversation_id: str, engine: Literal["model", "embedded"] | None = None) -> Talk:
        """Asks again for a reply that was cut off, stopped or failed."""
        turns = (await self.conversation(conversation_id)).turns
        last = turns[-1] if turns else None
        if (
            last is not None
            and last.role == "coach"
            and last.status in ("cut off", "stopped", "failed")
            and not self.running(conversation_id)
        ):
            asked = next(t for t in reversed(turns) if t.role == "candidate")
            nonce = await self.run(self.store.nonce, asked.id)
            again = last.model_copy(update={"text": "", "status": "pending", "error": "", "error_buttons": (), "citations": ()})
            await self.run(self.store.put_turn, again)
            self.jobs.start(
                conversation_id,
                LOOKING,
                partial(self._reply, asked=asked, answer=again, nonce=nonce, talk_id=conversation_id, which=engine),
            )
        return await self.conversation(conversation_id)

    async def delete_conversation(self, conversation_id: str) -> str:
        await self.jobs.stop(conversation_id)
        await self.run(self.store.delete, "conversation", conversation_id, self.now())
        return f"conversation:{conversation_id}"

    # inside

    async def _reply(
        self, job: Job, asked: Turn, answer: Turn, nonce: str, talk_id: str, which: Literal["model", "embedded"] | None
    ) -> None:
        turns = await self.run(self.store.turns, talk_id)
        earlier = tuple(
            SaidTurn(role="candidate" if t.role == "candidate" else "interviewer", text=t.text)
            for t in turns
            if t.ordinal < asked.ordinal and t.text and t.status == "complete"
        )[-EARLIER:]  # fmt: skip
        turn = answer
        try:
            engine: Engine = self.heard(self.engine(which, talk_id), job)
            hits = await self.run(self.find, query_for(asked.text, earlier), SECTIONS)
            async for said in reply(asked.text, earlier, hits, engine, nonce):
                turn = _with(turn, said)
                await self.run(self.store.put_turn, turn)
                job.tick("The coach is writing")
        except ModelError as error:
            status = "cut off" if turn.text else "failed"
            turn = turn.model_copy(update={"status": status, "error": str(error), "error_buttons": error.buttons})
        finally:
            if turn.status in ("pending", "partial"):
                turn = turn.model_copy(update={"status": "stopped", "error": "You stopped the coach.", "error_buttons": ("Try again",)})
            self.store.put_turn(turn)


def _with(turn: Turn, said: Reply) -> Turn:
    changes = {"text": said.text, "status": "complete" if said.final else "partial", "citations": said.citations}
    return turn.model_copy(update=changes if not said.final else {**changes, "provenance": said.provenance, "note": said.note})
