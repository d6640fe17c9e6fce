"""Files that are replaced whole or stay as they were, and lines that are on the disk when they are written."""

from __future__ import annotations

import os
import time
from pathlib import Path

from kansr.errors import UsageError


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
