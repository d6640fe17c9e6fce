"""Results as files: each one is replaced whole or stays as it was, whatever happens in between."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kansr.data.excerpt import csv_text
from kansr.errors import UsageError
from kansr.result.result import Result
from kansr.runtime.files import take, write

RESULT, FRONT, ROWS, COMMAND = "discovery.json", "front.csv", "rows.csv", "command.txt"


def save(folder: Path, discovery: Result) -> None:
    """Writes the JSON object and the front of a discovery, the rows to show it with and the command into the folder."""
    write(folder / RESULT, json_text(discovery))
    write(folder / FRONT, discovery.front.to_frame().drop(columns="sympy_format").to_csv(index=False))
    if discovery.excerpt is not None:
        write(folder / ROWS, csv_text(discovery.excerpt, discovery.inputs, discovery.target))
    if discovery.command:
        write(folder / COMMAND, discovery.command + "\n")


def save_as(path: Path, discovery: Result) -> None:
    """Writes one file where the name ends in .json, and else a folder; replaces what is there."""
    if path.suffix == ".json":
        write(path, json_text(discovery))
    else:
        claim(path, force=True)
        save(path, discovery)


def json_text(discovery: Result) -> str:
    return json.dumps(discovery.to_dict(), indent=2, allow_nan=False) + "\n"


LOCK = ".lock"


PATIENCE = 2.0  # seconds for the processes of a run that was killed to be gone


REPLACE = "use --force to replace it"


def claim(folder: Path, *, force: bool = False, hint: str = REPLACE) -> None:
    """Makes the folder and sees that results can be written there; an earlier result is only replaced by `force`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as err:
        raise UsageError(f"{folder} is a file, and results need a folder: name another with --out") from err
    except OSError as err:
        raise UsageError(f"cannot write to {folder}: {err.strerror}") from err
    earlier = [name for name in (RESULT, FRONT) if (folder / name).exists()]
    if earlier and not force:
        raise UsageError(f"{folder} holds an earlier result ({earlier[0]}); {hint}")


@contextlib.contextmanager
def claimed(folder: Path, *, force: bool = False, resume: bool = False) -> Iterator[None]:
    """Claims the folder, to go on with an earlier result if it is to `resume`, and keeps it for this run.

    Raises UsageError where another run is writing there.
    """
    claim(folder, force=force or resume, hint=f"use --resume to go on with it, or {REPLACE.removeprefix('use ')}")
    try:
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as err:
        raise UsageError(f"cannot write to {folder}: {err.strerror}") from err
    try:
        take(lock, folder, PATIENCE)
        yield
    finally:
        os.close(lock)
