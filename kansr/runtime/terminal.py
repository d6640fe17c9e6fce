"""Print: results to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from kansr.errors import UsageError, shortened

STANDARD = (0, 1, 2)  # descriptors of input, output and errors


def open_streams() -> None:
    """Makes standard streams that were closed such that nothing else takes their place, nor is written to in theirs.

    What is written to a closed stderr is lost, as the user wants it; to write to a closed stdout raises OSError.
    """
    for number in STANDARD:
        with contextlib.suppress(OSError):
            os.fstat(number)
            continue
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  until the process ends
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shall show the rest


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """What libraries warn of says nothing to a user, and stays unsaid; but where it is an error, it stays one."""
    if any(action == "error" for action, *_ in warnings.filters):
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def close_streams() -> None:
    """Writes what is left to be written, and lets go what cannot be: Python would end with a code of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _give_up(stream)


def _give_up(stream: TextIO) -> None:
    """Sends what is left to be written to a stream, and all that follows, nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        stream.flush()


def emit(text: str) -> None:
    """Writes to stdout, and does nothing where the reader has gone, as after `| head`.

    Raises UsageError where stdout cannot be written.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up(sys.stdout)
    except OSError as err:
        _give_up(sys.stdout)
        raise UsageError(f"cannot write to standard output: {err.strerror}") from err


def say(notes: Iterable[str]) -> None:
    """Prints one line each to stderr, without control characters; does nothing where stderr cannot be written."""
    for note in notes:
        text = "".join(letter if letter.isprintable() else " " for letter in shortened(note))
        try:
            print(f"kansr: {text}", file=sys.stderr)
        except (OSError, ValueError):
            _give_up(sys.stderr)


def say_internal(error: Exception, debug: bool) -> None:
    """One line on stderr about an error that is none of the user's, after its traceback where that is wanted."""
    if debug:
        with contextlib.suppress(OSError):
            traceback.print_exception(error)
    say([f"internal error: {type(error).__name__}: {error}{'' if debug else '; --debug shows where'}"])
