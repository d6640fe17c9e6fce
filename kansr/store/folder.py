"""Write results into folders and files; each file is replaced whole or stays as it was."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kansr.data.excerpt import csv_text
from kansr.errors import UsageError
from kansr.pipeline.journal import JOURNAL
from kansr.result.result import Result
from kansr.runtime.files import open_lock, read, take, write

RESULT, FRONT, ROWS, COMMAND = "discovery.json", "front.csv", "rows.csv", "command.txt"


def save(folder: Path, discovery: Result) -> None:
    """Writes discovery.json, front.csv and, where they are known, rows.csv and command.txt into the folder."""
    write(folder / RESULT, json_text(discovery))
    write(folder / FRONT, discovery.front.to_frame().drop(columns="sympy_format").to_csv(index=False))
    if discovery.excerpt is not None:
        write(folder / ROWS, csv_text(discovery.excerpt, discovery.inputs, discovery.target))
    if discovery.command:
        write(folder / COMMAND, discovery.command + "\n")


def save_as(path: Path, discovery: Result) -> None:
    """Writes a JSON file where the name ends in .json, else a folder; replaces what is there."""
    if path.suffix == ".json":
        write(path, json_text(discovery))
    else:
        claim(path, force=True)
        save(path, discovery)


def json_text(discovery: Result) -> str:
    """The JSON object of a result, as text."""
    return json.dumps(discovery.to_dict(), indent=2, allow_nan=False) + "\n"


LOCK = ".lock"
MOST_COMMAND = 1 << 22  # bytes of a command line: systems allow two million
PATIENCE = 2.0  # seconds to wait for a lock, in which the processes of a killed run end
REPLACE = "use --force to replace it"


def claim(folder: Path, *, force: bool = False, hint: str = REPLACE) -> None:
    """Makes the folder and checks that it can be written; `force` allows to replace an earlier result.

    hint: what to do about one. Raises UsageError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as err:
        raise UsageError(f"{folder} is a file, and results need a folder: name another with --out") from err
    except OSError as err:
        raise UsageError(f"cannot write to {folder}: {err.strerror}") from err
    earlier = [name for name in (RESULT, FRONT, ROWS, COMMAND) if (folder / name).exists()]
    if earlier == [COMMAND] and _is_command(folder / COMMAND):  # of a run that was ended before it had a result
        return
    if earlier and not force:
        raise UsageError(f"{folder} holds an earlier result ({earlier[0]}); {hint}")


def _is_command(path: Path) -> bool:
    """Whether a file holds a command line of ours."""
    try:
        return read(path, MOST_COMMAND).startswith(b"kansr ")
    except OSError:
        return False


@contextlib.contextmanager
def claimed(folder: Path, *, force: bool = False, resume: bool = False) -> Iterator[None]:
    """Claims the folder and holds its lock during the body of the with statement.

    force: whether to replace an earlier result; resume: whether to go on with it. Raises UsageError where another run
    holds the lock.
    """
    goes_on = resume and os.path.lexists(folder / JOURNAL)
    hint = "and no journal to go on with" if resume else "use --resume to go on with it"
    claim(folder, force=force or goes_on, hint=f"{hint}, or {REPLACE.removeprefix('use ')}")
    try:
        lock = open_lock(folder / LOCK)
    except OSError as err:
        raise UsageError(f"cannot write to {folder}: {err.strerror}") from err
    try:
        take(lock, folder, PATIENCE)
        yield
    finally:
        os.close(lock)
