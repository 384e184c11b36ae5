"""The JSON routes under `/api/v1`: drafts while a person types, files they bring, what they take away, and the table of actions.

Comes in: the `Workspace`, and the token that commands on this machine read from `server.json`.  Goes out: a FastAPI router.
Every refusal is `{"error": name, "message": words}` with the status its error names. The actions are for commands only: they want the token,
which no page has.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import AssistantError, NotFound, UnreadableFile, UsageError
from assistant.workspace import Workspace
from assistant.workspace.actions import actions

Id = Annotated[str, Path(max_length=100)]
Name = Annotated[str, Query(max_length=300)]


class Draft(BaseModel):
    """What is typed so far, and the revision it was typed over."""

    model_config = ConfigDict(extra="forbid")

    text: str
    revision: int


def router(workspace: Workspace, token: str) -> APIRouter:
    """The routes, for the server to include."""
    routes = APIRouter(prefix="/api/v1")

    @routes.put("/drafts/{question_id}")
    async def put_draft(question_id: Id, draft: Draft) -> Response:
        async def work() -> Response:
            return JSONResponse({"revision": await workspace.save_draft(question_id, draft.text, draft.revision)})

        return await _told(work)

    @routes.post("/notes")
    async def add_notes(request: Request, name: Name) -> Response:
        async def work() -> Response:
            document = await workspace.add_notes(name, _text(await request.body(), name))
            return JSONResponse({"id": document.id, "go": f"/?s=sources&doc={document.id}"})

        return await _told(work)

    @routes.post("/postings")
    async def add_posting(request: Request, name: Name) -> Response:
        async def work() -> Response:
            posting = await workspace.add_posting(_text(await request.body(), name))
            return JSONResponse({"id": posting.id, "go": "/?s=today"})

        return await _told(work)

    @routes.get("/sets/{set_id}/export")
    async def export_set(set_id: Id, format: Literal["markdown", "json"] = "markdown") -> Response:
        async def work() -> Response:
            ending, kind = ("json", "application/json") if format == "json" else ("md", "text/markdown")
            return _taken(f"practice-set.{ending}", await workspace.export_set(set_id, format), kind)

        return await _told(work)

    @routes.get("/attempts/{attempt_id}/export")
    async def export_attempt(attempt_id: Id) -> Response:
        async def work() -> Response:
            return _taken("feedback.md", await workspace.export_attempt(attempt_id), "text/markdown")

        return await _told(work)

    @routes.get("/interviews/{interview_id}/export")
    async def export_interview(interview_id: Id) -> Response:
        async def work() -> Response:
            return _taken("interview.md", await workspace.export_interview(interview_id), "text/markdown")

        return await _told(work)

    @routes.post("/actions/{name}")
    async def act(request: Request, name: Id, authorization: Annotated[str, Header()] = "") -> Response:
        async def work() -> Response:
            action = actions().get(name)
            if action is None:
                raise NotFound(f"This Interview Assistant has no action “{name}”. Is the command of another version?")
            try:
                given = action.arguments.model_validate_json(await request.body())
            except ValidationError as error:
                first = error.errors()[0]
                raise UsageError(f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}") from error
            return Response(action.returns.dump_json(await action.call(workspace, given)), media_type="application/json")

        if not secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            return JSONResponse({"error": "AssistantError", "message": "This address is for commands on this computer."}, status_code=401)
        return await _told(work)

    return routes


async def _told(work: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await work()
    except AssistantError as error:
        more = {k: getattr(error, k) for k in ("other", "revision") if hasattr(error, k)}
        return JSONResponse({"error": type(error).__name__, "message": str(error), **more}, status_code=error.status)


def _taken(name: str, text: str, kind: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}", "Cache-Control": "no-store"}
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


def _text(content: bytes, name: str) -> str:
    """The characters of a text file. Raises `UnreadableFile` for what is not one."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"“{name[:80]}” is not plain text (UTF-8). Save it as text, or paste the words instead.") from error
    if "\0" in text:
        raise UnreadableFile(f"“{name[:80]}” is not plain text. Save it as text, or paste the words instead.")
    return text
