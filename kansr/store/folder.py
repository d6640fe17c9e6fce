"""Results as files: each one is replaced whole or stays as it was, whatever happens in between."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kansr.data.excerpt import csv_text
from kansr.errors import UsageError
from kansr.result.result import Discovery

RESULT, FRONT, ROWS, COMMAND = "discovery.json", "front.csv", "rows.csv", "command.txt"
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


def take(lock: int, folder: Path, patience: float = 0.0) -> None:
    """Takes the lock, which the system gives back whatever way this process ends."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows: there, two runs in one folder are the user's to avoid
        return
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as err:
            if time.monotonic() > deadline:
                raise UsageError(f"another run is writing to {folder}: wait for it, or name another folder") from err
            time.sleep(0.05)
        except OSError as err:
            raise UsageError(f"cannot lock {folder}: {err.strerror}") from err


def append(path: Path, line: str) -> None:
    """Adds a line to the file; it is on the disk when this returns. Raises OSError where it cannot be."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    try:
        write_all(file, f"{line}\n".encode())
    finally:
        os.close(file)


def write_all(file: int, raw: bytes) -> None:
    """Writes all the bytes and waits for the disk."""
    while raw:
        raw = raw[os.write(file, raw) :]
    os.fsync(file)


def drop_torn_line(path: Path) -> None:
    """Cuts off what a killed run has left of its last line."""
    whole = path.read_bytes().rfind(b"\n") + 1
    if whole < path.stat().st_size:
        os.truncate(path, whole)


def save(folder: Path, discovery: Discovery) -> None:
    """Writes the JSON object and the front of a discovery, the rows to show it with and the command into the folder."""
    write(folder / RESULT, json_text(discovery))
    write(folder / FRONT, discovery.front.to_frame().drop(columns="sympy_format").to_csv(index=False))
    if discovery.excerpt is not None:
        write(folder / ROWS, csv_text(discovery.excerpt, discovery.inputs, discovery.target))
    if discovery.command:
        write(folder / COMMAND, discovery.command + "\n")


def save_as(path: Path, discovery: Discovery) -> None:
    """Writes one file where the name ends in .json, and else a folder; replaces what is there."""
    if path.suffix == ".json":
        write(path, json_text(discovery))
    else:
        claim(path, force=True)
        save(path, discovery)


def json_text(discovery: Discovery) -> str:
    return json.dumps(discovery.to_dict(), indent=2, allow_nan=False) + "\n"


def write(path: Path, text: str) -> None:
    """Makes `path` a file with this text, in one step."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}") from err
