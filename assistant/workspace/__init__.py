"""The workspace: every thing a candidate can do, one method each, over the doors that `Settings` asks for.

Faces call only this. Each noun has its file; they stand on one another in the order of the way of the data:
postings, sources, sets, reviews, interviews, coach, history, costs, setup.
"""

from __future__ import annotations

import asyncio

from assistant.errors import ModelError
from assistant.settings import Settings
from assistant.workspace.coach import Talk
from assistant.workspace.costs import Costs, Prices, Session, SessionCost
from assistant.workspace.doors import Waiting, open_parts, posting_name
from assistant.workspace.sets import QuestionView
from assistant.workspace.setup import FolderState, LocalServers, ModelState, Setup
from assistant.workspace.sources import SectionView

__all__ = [
    "Costs", "FolderState", "LocalServers", "ModelState", "Prices", "QuestionView", "SectionView", "Session", "SessionCost", "Talk", "Waiting",
    "Workspace", "posting_name",
]  # fmt: skip


class Workspace(Setup):
    """One data folder, opened. `await Workspace.open(settings)`, and `await workspace.close()` at the end."""

    @classmethod
    async def open(cls, settings: Settings) -> Workspace:
        """Takes the folder's lock, opens the record, marks what a crash cut off.

        Raises `FolderError` or `FolderInUse`.
        """
        workspace = cls(settings, *await asyncio.to_thread(open_parts, settings))
        try:
            await workspace.run(workspace._mark_cut_off)
            await workspace.resume_checks()
            await workspace.posting()
        except BaseException:
            await workspace.close()
            raise
        return workspace

    def _mark_cut_off(self) -> None:
        for _, turn in self.store.unfinished():
            words = "The reply was cut off. What arrived is kept above." if turn.text else "The reply was interrupted before it began."
            self.store.put_turn(
                turn.model_copy(update={"status": "cut off", "error": words, "error_buttons": ("Try again", *ModelError.buttons[1:])})
            )
        for made in self.store.sets():
            if made.status == "writing":
                self._mark_now(made.id, status="stopped")
        for interview in self.store.interviews():
            if interview.status == "reporting":
                words = "The report was interrupted. Your answers are saved."
                self.store.put_interview(interview.model_copy(update={"error": words, "error_buttons": ModelError.buttons}))
