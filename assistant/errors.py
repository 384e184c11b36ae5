"""Every error a person may see: what happened, and what to do next.

AssistantError
├── UsageError            the command was not understood (exit code 2)
├── InputError            what the person brought cannot be used
│   ├── NotAPosting
│   ├── TooLong
│   └── UnreadableFile
├── NotFound              an id that nothing answers to
├── FolderError           the data folder cannot be used
│   └── FolderInUse
├── IndexRefused          vectors of another embedding model
├── Conflict              changed meanwhile, in another tab or by another submit
├── DiskFull
└── ModelError            the model endpoint; `buttons` say what the person can do
    ├── KeyRefused        401, 403
    ├── OutOfCredit       402, 429 with insufficient_quota
    ├── ModelBusy         429; `retry_after_seconds`
    ├── ModelServerError  5xx
    ├── ModelUnreachable  refused connection, unknown host
    ├── ModelNotFound     404
    ├── ModelTimeout      `seconds`
    ├── CutOff            the stream ended before its end; `partial` keeps what came
    ├── ContextTooLong
    ├── UnusableReply     malformed or wrong shape, twice; `raw` is for the log, never for the page
    ├── Refused           the model declined
    ├── CeilingReached    the day's ceiling; nothing was asked
    └── ConsentNeeded     the candidate has not yet been asked where the words go

Anything else that is raised is a bug and travels up. `str(error)` is the sentence shown, as it stands.
"""

from __future__ import annotations


class AssistantError(Exception):
    """Its text is shown as it stands; `buttons` name the ways on, most helpful first."""

    buttons: tuple[str, ...] = ()
    status = 400
    """The HTTP status its route answers with."""


class UsageError(AssistantError):
    """The command line was not understood; exit code 2."""


class InputError(AssistantError):
    """What the person brought cannot be used as it is."""


class NotAPosting(InputError):
    """A text in which no duties were found, or a link."""


class TooLong(InputError):
    status = 413


class UnreadableFile(InputError):
    buttons = ("Choose another",)


class NotFound(AssistantError):
    status = 404


class FolderError(AssistantError):
    status = 503


class FolderInUse(FolderError):
    """Another process holds the data folder."""


class IndexRefused(AssistantError):
    """Vectors of another embedding model were offered to an index."""


class Conflict(AssistantError):
    status = 409


class DiskFull(AssistantError):
    status = 507
    buttons = ("Copy", "Try again")

    def __init__(self) -> None:
        super().__init__("There is no space left to save. Your text is still on this page - copy it now.")


class ModelError(AssistantError):
    """Something between us and the model. Nothing switches by itself: the buttons leave the choice to the candidate."""

    status = 502
    buttons = ("Try again", "Use built-in feedback")


class KeyRefused(ModelError):
    buttons = ("Check key", "Use built-in feedback")

    def __init__(self) -> None:
        super().__init__("The model service did not accept the key. Your answer is saved.")


class OutOfCredit(ModelError):
    buttons = ("Use built-in feedback", "Try again")

    def __init__(self) -> None:
        super().__init__("The model account has no credit left. Your answer is saved.")


class ModelBusy(ModelError):
    buttons = ("Try now", "Stop")

    def __init__(self, retry_after_seconds: float) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__("The model service is busy. Your answer is saved.")


class ModelServerError(ModelError):
    def __init__(self) -> None:
        super().__init__("The model service had a problem. Your answer is saved.")


class ModelUnreachable(ModelError):
    buttons = ("Try again", "Settings")

    def __init__(self) -> None:
        super().__init__("I cannot reach the model at this address. Is it running?")


class ModelNotFound(ModelError):
    buttons = ("Settings", "Use built-in feedback")

    def __init__(self, model: str) -> None:
        super().__init__(f"The model service does not know the model “{model}”. Check its name in Settings.")


class ModelTimeout(ModelError):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"No reply for {seconds:.0f} seconds, so I stopped. Your answer is saved.")


class CutOff(ModelError):
    buttons = ("Continue", "Try again")

    def __init__(self, partial: str = "") -> None:
        self.partial = partial
        super().__init__("The reply was cut off. What arrived is kept above.")


class ContextTooLong(ModelError):
    def __init__(self) -> None:
        super().__init__("This is more text than the model can take at once. Your answer is saved. A model with a larger context would do.")


class UnusableReply(ModelError):
    def __init__(self, raw: str = "", reason: str = "") -> None:
        self.raw, self.reason = raw, reason
        super().__init__("The model's feedback did not make sense, so I did not show it.")


class Refused(ModelError):
    def __init__(self) -> None:
        super().__init__("The model would not answer this one. That is about the model, not your answer.")


class CeilingReached(ModelError):
    """`ceiling` in words, for example "100,000 tokens"."""

    status = 429
    buttons = ("Use built-in feedback", "Settings")

    def __init__(self, ceiling: str) -> None:
        super().__init__(
            f"Today's ceiling of {ceiling} is reached, so I did not ask the model. Nothing is lost. It is free again after midnight, or when you raise it in Settings."
        )


class ConsentNeeded(ModelError):
    status = 403
    buttons = ("Send it there", "Use built-in feedback")

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"Your words would go to {host}. They have not left this computer yet.")
