"""Setting up: which model answers, whether words may go there, where everything lies, and deleting it all."""

from __future__ import annotations

import shutil
from typing import Any
from urllib.parse import urlsplit

from assistant.errors import InputError, NotFound
from assistant.schema import EndpointTest, Frozen, LocalServer
from assistant.settings import LOOPBACK, OPENAI_URL
from assistant.workspace.costs import Spending
from assistant.workspace.doors import folder_size


class ModelState(Frozen):
    configured: bool
    model: str
    base_url: str
    host: str
    local: bool
    """The endpoint is on this machine: nothing leaves it."""
    consented: bool
    has_key: bool
    traced_to: str = ""
    """The host that sees what is asked and answered too; empty where nothing is traced."""


class LocalServers(Frozen):
    found: tuple[LocalServer, ...]
    looked_at: tuple[str, ...]
    """Whose port, and which: “Ollama (11434)”."""


class FolderState(Frozen):
    path: str
    bytes: int


class Setup(Spending):
    async def model_state(self) -> ModelState:
        """What is set up. The key itself is never told."""
        s = self.settings
        return ModelState(
            configured=s.has_model, model=s.model or "", base_url=s.base_url if s.has_model else "", host=s.model_host if s.has_model else "", local=s.model_is_local,
            consented=s.remote_consent, has_key=s.openai_api_key is not None, traced_to=s.traced_to,
        )  # fmt: skip

    async def local_servers(self) -> LocalServers:
        """Model servers that answer on this computer now. Nothing is asked anywhere else."""
        from assistant.provider import local_servers

        s = self.settings
        found = await local_servers(s.local_servers, s.look_seconds, s.context_tokens)
        return LocalServers(found=found, looked_at=tuple(f"{name} ({port})" for port, name in s.local_servers.items()))

    async def set_model(self, base_url: str = "", key: str = "", model: str = "") -> ModelState:
        """Uses this endpoint from now on; an empty key keeps the one there is for the same host and port, and consent is asked anew for another."""
        address = base_url.strip().rstrip("/")
        try:
            parts, place = urlsplit(address), _place(address or OPENAI_URL)
        except ValueError as error:
            raise InputError("This is not an address. An example of one: http://127.0.0.1:11434/v1.") from error
        if address and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
            raise InputError("The address begins with http:// or https://, for example http://127.0.0.1:11434/v1.")
        if address and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise InputError("An address on another computer needs https://, or the key and your words could be read on the way.")
        if not address and not key.strip() and self.settings.openai_api_key is None:
            raise InputError("Give the address of a model server, or a key, or both.")
        same_host = self.settings.has_model and place == _place(self.settings.base_url)
        changes: dict[str, Any] = {"openai_base_url": address or None, "model": model.strip() or None}
        if key.strip():
            changes["openai_api_key"] = key.strip()
        elif not same_host:
            changes["openai_api_key"] = None
        if not same_host:
            changes["remote_consent"] = None
        await self.change_settings(changes)
        return await self.model_state()

    async def remove_model(self) -> ModelState:
        await self.change_settings({"openai_base_url": None, "openai_api_key": None, "model": None, "remote_consent": None})
        return await self.model_state()

    async def give_consent(self) -> ModelState:
        """The candidate agrees that words go to the endpoint that is set up."""
        await self.change_settings({"remote_consent": True})
        return await self.model_state()

    async def test_model(self) -> EndpointTest:
        """Asks the endpoint for one word: what was tried, what came back, what to do."""
        from assistant.provider import check_endpoint

        if not self.settings.has_model:
            raise NotFound("No model is set up. Give its address in Settings, or as OPENAI_BASE_URL.")
        return await check_endpoint(self.settings)

    async def folder(self) -> FolderState:
        return FolderState(path=str(self.settings.home), bytes=await self.run(folder_size, self.settings.home))

    async def delete_everything(self) -> None:
        """Removes postings, sets, answers, conversations, notes, backups, index, settings and temporary files. It cannot be undone."""
        await self.jobs.close()
        await self.run(self._delete_all)
        self._maps.clear()
        await self.change_settings({})

    # inside

    def _delete_all(self) -> None:
        self.store.erase()
        self.index().clear()
        for name in ("backups", "exports", "temporary"):
            shutil.rmtree(self.settings.home / name, ignore_errors=True)
        (self.settings.home / "settings.json").unlink(missing_ok=True)


def _place(url: str) -> tuple[str | None, int]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or {"https": 443}.get(parts.scheme, 80)
