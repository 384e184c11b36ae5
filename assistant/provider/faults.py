"""Everything that can go wrong between us and a model, told as one of the errors of `errors`.

No text of an exception or of a response is ever put into an error: services echo keys.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from assistant.errors import (
    ContextTooLong,
    CutOff,
    KeyRefused,
    ModelBusy,
    ModelError,
    ModelNotFound,
    ModelServerError,
    ModelUnreachable,
    OutOfCredit,
    Refused,
    UnusableReply,
)

BUSY_SECONDS = 8.0
"""What the page counts down where a busy service names no time."""

_CONTEXT = re.compile(
    r"context.{0,12}(length|window|size)|exceed_context_size|context_length_exceeded|prompt is too long|too many tokens", re.IGNORECASE
)
_QUOTA = re.compile(r"insufficient_quota|insufficient.{0,10}(credit|balance|fund)|billing|exceeded your current quota", re.IGNORECASE)
_SIZE = re.compile(r"(?:n_ctx\D{1,6}|context (?:length|window|size)\D{1,20})(\d{3,8})", re.IGNORECASE)


class Told(NamedTuple):
    """What an endpoint said in refusing: for deciding what to leave out next, never for showing."""

    status: int
    text: str
    retry_after: float | None = None
    """Seconds, where the endpoint named them."""

    @property
    def context_tokens(self) -> int | None:
        """The context size, where the refusal names it."""
        found = _SIZE.search(self.text)
        return int(found[1]) if found else None


class ErrorReply(Exception):
    """An error object in a response that called itself a success."""

    def __init__(self, body: Any) -> None:
        self.body = body
        super().__init__("error in a successful response")


class NotFollowed(Exception):
    """A response that cannot be used unread: a redirect, a compressed body, one without end."""


def fault_of(error: BaseException, model: str, text: str) -> ModelError:
    """Our error for `error`; `text` is what had arrived of the reply."""
    import openai

    if isinstance(error, ModelError):
        return error
    if isinstance(error, openai.LengthFinishReasonError):
        return CutOff(text)
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return Refused()
    if isinstance(error, NotFollowed | openai.APIConnectionError) and _not_followed(error):
        return ModelUnreachable()
    if text and isinstance(error, openai.APIError | ErrorReply):
        return CutOff(text)
    if isinstance(error, openai.APIConnectionError):
        return ModelUnreachable()
    told = told_by(error)
    if told is not None:
        return _by_status(told, model)
    return UnusableReply(text, f"malformed response: {type(error).__name__}")


def told_by(error: BaseException) -> Told | None:
    """Status and words of a refusal; None where the endpoint did not refuse. An error object in a stream counts with its own code, or 500."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return Told(error.status_code, f"{error.message} {error.body}", _retry_after(error.response.headers))
    if isinstance(error, openai.APIError | ErrorReply) and not isinstance(error, openai.APIConnectionError):
        code = str(error.body.get("code")) if isinstance(error.body, dict) else ""
        return Told(int(code) if re.fullmatch("[45][0-9][0-9]", code) else 500, str(error.body))
    return None


def may_pass(error: BaseException) -> bool:
    """Asking again a moment later may help."""
    import openai

    if told := told_by(error):
        return told.status in (408, 429) or (told.status >= 500 and told.status != 501)
    return isinstance(error, openai.APIConnectionError) and not _not_followed(error)


def _by_status(told: Told, model: str) -> ModelError:
    if told.status in (401, 403):
        return KeyRefused()
    if told.status == 402 or _QUOTA.search(told.text):
        return OutOfCredit()
    if told.status == 413 or _CONTEXT.search(told.text):
        return ContextTooLong()
    if told.status == 429:
        return ModelBusy(BUSY_SECONDS if told.retry_after is None else told.retry_after)
    if told.status == 404:
        return ModelNotFound(model) if "model" in told.text.lower() else ModelUnreachable()
    if 300 <= told.status < 400:
        return ModelUnreachable()
    return ModelServerError()


def _retry_after(headers: Mapping[str, str]) -> float | None:
    if (milliseconds := headers.get("retry-after-ms", "")).isdigit():
        return int(milliseconds) / 1000
    said = headers.get("retry-after", "")
    if said.isdigit():
        return float(said)
    when = email.utils.parsedate_tz(said)
    return max(0.0, email.utils.mktime_tz(when) - time.time()) if when else None


def _not_followed(error: BaseException) -> bool:
    return any(isinstance(e, NotFollowed) for e in causes(error))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
