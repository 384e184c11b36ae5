"""Type the same things: the command line, for people and scripts.

Errors go to stderr in plain words with exit code 1, 2 for misuse. `--json` prints the documented form (docs/json.md).
Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import sys

from assistant.errors import AssistantError, UsageError
from assistant.settings import quiet


def main() -> None:
    """The command `interview-assistant`, and `python -m assistant`."""
    quiet()
    from assistant.cli.commands import app

    try:
        app()
    except UsageError as error:
        _say(str(error))
        sys.exit(2)
    except AssistantError as error:
        _say(str(error))
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody to tell.
        sys.stderr.close()
        sys.exit(1)


def _say(words: str) -> None:
    print("".join(c if c.isprintable() or c == "\n" else "�" for c in words), file=sys.stderr)
