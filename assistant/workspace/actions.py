"""The table of actions: every method that a face may call from outside this process, with its input and output models.

`api` makes its routes from it and `remote` its calls, so that no method is written out twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from assistant.workspace import Workspace

NAMES = (
    "postings", "posting", "add_posting", "use_posting", "delete_posting", "documents", "section", "add_notes", "delete_document", "search",
    "start_set", "draft_set", "ask_about", "sets", "question_set", "stop_set", "resume_set", "delete_set", "question", "hint", "skip", "submit", "attempt", "recheck", "stop_check",
    "delete_attempt", "keep_checked", "start_interview", "interviews", "interview", "say", "stop_turn", "retry_turn", "nudge", "pause", "resume",
    "end_interview", "delete_interview", "ask", "conversation", "conversations", "stop_reply", "retry_reply", "delete_conversation", "progress", "undo",
    "export_set", "export_attempt", "export_interview", "model_state", "test_model", "local_servers", "costs",
    "spent_today", "keep_calls", "folder",
)  # fmt: skip


@dataclass(frozen=True)
class Action:
    """One method of the workspace: its name, the model its arguments are read into, and the adapter of what it returns."""

    name: str
    summary: str
    arguments: type[BaseModel]
    returns: TypeAdapter[Any]

    async def call(self, workspace: Workspace, arguments: BaseModel) -> Any:
        return await getattr(workspace, self.name)(**{field: getattr(arguments, field) for field in type(arguments).model_fields})


@lru_cache(maxsize=1)
def actions() -> dict[str, Action]:
    """Every action by name, made from the methods' own signatures."""
    return {name: _action(name, getattr(Workspace, name)) for name in NAMES}


def _action(name: str, method: Callable[..., Any]) -> Action:
    hints = get_type_hints(method)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        required = parameter.default is inspect.Parameter.empty
        fields[parameter.name] = (hints[parameter.name], ... if required else parameter.default)
    arguments = create_model(f"{name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)
    return Action(name, (inspect.getdoc(method) or name).splitlines()[0], arguments, TypeAdapter(hints["return"]))
