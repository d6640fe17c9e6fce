"""Print: results to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable

from kansr.errors import UsageError


def emit(text: str) -> None:
    """Writes to stdout, and does nothing where the reader has gone, as after `| head`.

    Raises UsageError where stdout cannot be written.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as err:
        raise UsageError(f"cannot write to standard output: {err.strerror}") from err


def say(notes: Iterable[str]) -> None:
    """Prints one line each to stderr, without control characters."""
    for note in notes:
        text = "".join(letter if letter.isprintable() else " " for letter in note)
        print(f"kansr: {text}", file=sys.stderr)


def say_internal(error: Exception, debug: bool) -> None:
    """One line on stderr about an error that is none of the user's, after its traceback where that is wanted."""
    if debug:
        traceback.print_exception(error)
    say([f"internal error: {type(error).__name__}: {error}{'' if debug else '; --debug shows where'}"])
