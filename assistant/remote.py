"""The command line's way to a running server, from the same table of actions, so that one process owns the data.

The server writes `server.json` (0600: url, pid, token) into the data folder once it answers and removes it at its end.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from assistant import errors
from assistant.errors import AssistantError, FolderInUse
from assistant.settings import Settings
from assistant.workspace import Workspace
from assistant.workspace.actions import actions

ANSWER_SECONDS = 120


class LocalWorkspace:
    """The workspace in this process, called by action name."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def call(self, name: str, /, **arguments: Any) -> Any:
        action = actions()[name]
        return await action.call(self._workspace, action.arguments(**arguments))

    async def close(self) -> None:
        await self._workspace.close()


class RemoteWorkspace:
    """A running server's workspace, called by action name over its JSON routes."""

    def __init__(self, url: str, token: str) -> None:
        import httpx

        self._client = httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=ANSWER_SECONDS, trust_env=False
        )

    async def alive(self) -> bool:
        """Whether the server answers."""
        import httpx

        try:
            return (await self._client.get("/healthz", timeout=2)).status_code == 200
        except httpx.HTTPError:
            return False

    async def call(self, name: str, /, **arguments: Any) -> Any:
        """Raises the same errors as the method in this process, and `FolderInUse` where the server has gone."""
        import httpx

        action = actions()[name]
        body = action.arguments(**arguments).model_dump_json()
        try:
            answer = await self._client.post(f"/api/v1/actions/{name}", content=body, headers={"Content-Type": "application/json"})
        except httpx.HTTPError as error:
            raise FolderInUse("The Interview Assistant that uses this data folder stopped answering. Try again.") from error
        if answer.status_code != 200:
            raise _error(answer.text)
        return action.returns.validate_json(answer.content)

    async def close(self) -> None:
        await self._client.aclose()


Caller = LocalWorkspace | RemoteWorkspace


async def connect(settings: Settings) -> Caller:
    """The running server of the data folder where there is one, else the folder itself, waiting for its lock."""
    path = settings.home / "server.json"
    if path.is_file():
        about = json.loads(path.read_text(encoding="utf-8"))
        remote = RemoteWorkspace(about["url"], about.get("token", ""))
        if await remote.alive():
            return remote
        await remote.close()
    return LocalWorkspace(await Workspace.open(settings))


async def with_workspace(settings: Settings, work: Callable[[Caller], Awaitable[Any]]) -> Any:
    """Connects, does the work, lets go."""
    caller = await connect(settings)
    try:
        return await work(caller)
    finally:
        await caller.close()


def _error(text: str) -> AssistantError:
    try:
        said = json.loads(text)
        name, words = str(said.get("error", "")), str(said["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return AssistantError("The running Interview Assistant gave an answer I could not read. Restart it and try again.")
    kind = getattr(errors, name, AssistantError)
    made = AssistantError(words)
    if isinstance(kind, type) and issubclass(kind, AssistantError):
        made.__class__ = kind
    return made
