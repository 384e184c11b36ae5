"""Setting up: which model answers, whether words may go there, where everything lies, and deleting it all."""

from __future__ import annotations

import shutil
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from assistant.errors import AssistantError, InputError
from assistant.schema import Frozen, Usage
from assistant.settings import LOOPBACK
from assistant.workspace.doors import folder_size
from assistant.workspace.history import History


class ModelState(Frozen):
    configured: bool
    model: str
    base_url: str
    host: str
    local: bool
    """The endpoint is on this machine: nothing leaves it."""
    consented: bool
    has_key: bool
    calls: int
    usage: Usage
    traced_to: str = ""
    """The host that sees what is asked and answered too; empty where nothing is traced."""


class FolderState(Frozen):
    path: str
    bytes: int


class Setup(History):
    async def model_state(self) -> ModelState:
        """What is set up. The key itself is never told."""
        calls, usage = await self.run(self.store.usage)
        s = self.settings
        return ModelState(
            configured=s.has_model, model=s.model or "", base_url=s.base_url if s.has_model else "", host=s.model_host if s.has_model else "", local=s.model_is_local,
            consented=s.remote_consent, has_key=s.openai_api_key is not None, traced_to=s.traced_to, calls=calls, usage=usage,
        )  # fmt: skip

    async def set_model(self, base_url: str = "", key: str = "", model: str = "") -> ModelState:
        """Uses this endpoint from now on; an empty key keeps the one there is for the same host, and consent is asked anew for another host."""
        address = base_url.strip().rstrip("/")
        parts = urlsplit(address)
        if address and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
            raise InputError("The address begins with http:// or https://, for example http://127.0.0.1:11434/v1.")
        if address and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise InputError("An address on another computer needs https://, or the key and your words could be read on the way.")
        if not address and not key.strip() and self.settings.openai_api_key is None:
            raise InputError("Give the address of a model server, or a key, or both.")
        same_host = self.settings.has_model and (parts.hostname or "api.openai.com") == self.settings.model_host
        changes: dict[str, Any] = {"openai_base_url": address or None, "model": model.strip() or None}
        if key.strip():
            changes["openai_api_key"] = key.strip()
        elif not same_host:
            changes["openai_api_key"] = None
        if not same_host:
            changes["remote_consent"] = None
        await self._change(changes)
        return await self.model_state()

    async def remove_model(self) -> ModelState:
        await self._change({"openai_base_url": None, "openai_api_key": None, "model": None, "remote_consent": None})
        return await self.model_state()

    async def give_consent(self) -> ModelState:
        """The candidate agrees that words go to the endpoint that is set up."""
        await self._change({"remote_consent": True})
        return await self.model_state()

    async def test_model(self) -> str:
        """Asks the endpoint for one word: what was tried and what came back, in plain words."""
        from assistant.provider import check_endpoint

        try:
            return await check_endpoint(self.settings)
        except AssistantError as error:
            return f"I asked {self.settings.base_url} for one word from “{self.settings.model or 'its model'}”. {error}"

    async def folder(self) -> FolderState:
        return FolderState(path=str(self.settings.home), bytes=await self.run(folder_size, self.settings.home))

    async def delete_everything(self) -> None:
        """Removes postings, sets, answers, conversations, notes, backups, index, settings and temporary files. It cannot be undone."""
        await self.jobs.close()
        await self.run(self._delete_all)
        self._maps.clear()
        await self._change({})

    # inside

    def _delete_all(self) -> None:
        self.store.erase()
        self.index().clear()
        for name in ("backups", "exports", "temporary"):
            shutil.rmtree(self.settings.home / name, ignore_errors=True)
        (self.settings.home / "settings.json").unlink(missing_ok=True)

    async def _change(self, changes: dict[str, Any]) -> None:
        settings = await self.run(lambda: self.settings.save(**changes))
        secret = settings.openai_api_key
        self.settings = settings.model_copy(
            update={"openai_api_key": secret if secret is None or isinstance(secret, SecretStr) else SecretStr(secret)}
        )
        self._model = None
