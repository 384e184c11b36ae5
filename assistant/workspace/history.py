"""What happened: progress, exports, and undo of what was deleted."""

from __future__ import annotations

import json
from typing import Literal

from assistant.errors import NotFound
from assistant.export import attempt_as_markdown, interview_as_markdown, set_as_json, set_as_markdown
from assistant.progress import summarise
from assistant.schema import Attempt, Progress, Question
from assistant.workspace.coach import Coach
from assistant.workspace.doors import posting_document


class History(Coach):
    async def progress(self) -> Progress:
        return await self.run(self._progress)

    async def undo(self, token: str) -> None:
        """Brings back what a delete returned this token for. Raises `NotFound` once it is gone for good."""
        noun, _, item_id = token.partition(":")
        if noun not in ("posting", "document", "set", "attempt", "conversation"):
            raise NotFound("There is nothing to bring back.")
        await self.run(self.store.undelete, noun, item_id)
        if noun == "document":
            await self.run(self.index_now, await self.run(self.store.document, item_id))
        if noun == "posting":
            await self.run(self.index_now, posting_document(await self.run(self.store.posting, item_id)))

    async def export_set(self, set_id: str, format: Literal["markdown", "json"] = "markdown") -> str:
        made = await self.question_set(set_id)
        if format == "json":
            return json.dumps(set_as_json(made), ensure_ascii=False, indent=2) + "\n"
        return set_as_markdown(made, await self.posting(made.posting_id))

    async def export_attempt(self, attempt_id: str) -> str:
        """One answer and its card, Markdown."""
        attempt = await self.attempt(attempt_id)
        question, *_ = await self.run(self.store.question, attempt.question_id)
        return attempt_as_markdown(attempt, question)

    async def export_interview(self, interview_id: str) -> str:
        """Transcript and report, Markdown."""
        return interview_as_markdown(await self.interview(interview_id))

    # inside

    def _progress(self) -> Progress:
        questions: dict[str, Question] = {}
        pairs: list[tuple[Attempt, Question]] = []
        for attempt in self.store.attempts():
            if attempt.question_id not in questions:
                questions[attempt.question_id] = self.store.question(attempt.question_id)[0]
            pairs.append((attempt, questions[attempt.question_id]))
        return summarise(pairs, self.store.interviews())
