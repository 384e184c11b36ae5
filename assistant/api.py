"""The JSON routes under `/api/v1`: drafts while a person types, files they bring, and what they take away.

Comes in: the `Workspace`.  Goes out: a FastAPI router. Every refusal is `{"words": ...}` with the status its error names.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from assistant.errors import AssistantError, UnreadableFile
from assistant.workspace import Workspace

Id = Annotated[str, Path(max_length=100)]
Name = Annotated[str, Query(max_length=300)]


class Draft(BaseModel):
    """What is typed so far, and the revision it was typed over."""

    model_config = ConfigDict(extra="forbid")

    text: str
    revision: int


def router(workspace: Workspace) -> APIRouter:
    """The routes, for the server to include."""
    routes = APIRouter(prefix="/api/v1")

    async def told(work: Callable[[], Awaitable[Response]]) -> Response:
        try:
            return await work()
        except AssistantError as error:
            more = {k: getattr(error, k) for k in ("other", "revision") if hasattr(error, k)}
            return JSONResponse({"words": str(error), **more}, status_code=error.status)

    def taken(name: str, text: str, kind: str) -> Response:
        safe = quote(name, safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{safe}", "Cache-Control": "no-store"}
        return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)

    @routes.put("/drafts/{question_id}")
    async def put_draft(question_id: Id, draft: Draft) -> Response:
        async def work() -> Response:
            return JSONResponse({"revision": await workspace.save_draft(question_id, draft.text, draft.revision)})

        return await told(work)

    @routes.post("/notes")
    async def add_notes(request: Request, name: Name) -> Response:
        async def work() -> Response:
            document = await workspace.add_notes(name, _text(await request.body(), name))
            return JSONResponse({"id": document.id, "go": f"/?s=sources&doc={document.id}"})

        return await told(work)

    @routes.post("/postings")
    async def add_posting(request: Request, name: Name) -> Response:
        async def work() -> Response:
            posting = await workspace.add_posting(_text(await request.body(), name))
            return JSONResponse({"id": posting.id, "go": "/?s=today"})

        return await told(work)

    @routes.get("/sets/{set_id}/export")
    async def export_set(set_id: Id, format: Literal["markdown", "json"] = "markdown") -> Response:
        async def work() -> Response:
            ending, kind = ("json", "application/json") if format == "json" else ("md", "text/markdown")
            return taken(f"practice-set.{ending}", await workspace.export_set(set_id, format), kind)

        return await told(work)

    @routes.get("/attempts/{attempt_id}/export")
    async def export_attempt(attempt_id: Id) -> Response:
        async def work() -> Response:
            return taken("feedback.md", await workspace.export_attempt(attempt_id), "text/markdown")

        return await told(work)

    @routes.get("/interviews/{interview_id}/export")
    async def export_interview(interview_id: Id) -> Response:
        async def work() -> Response:
            return taken("interview.md", await workspace.export_interview(interview_id), "text/markdown")

        return await told(work)

    return routes


def _text(content: bytes, name: str) -> str:
    """The characters of a text file. Raises `UnreadableFile` for what is not one."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"“{name[:80]}” is not plain text (UTF-8). Save it as text, or paste the words instead.") from error
    if "\0" in text:
        raise UnreadableFile(f"“{name[:80]}” is not plain text. Save it as text, or paste the words instead.")
    return text
