"""Write files whole or not at all, append lines durably, and lock folders."""

from __future__ import annotations

import os
import time
from pathlib import Path

from kansr.errors import UsageError

RETRY_SECONDS = 0.05  # between attempts to take a lock


def take(lock: int, folder: Path, patience: float = 0.0) -> None:
    """Takes the lock of a folder, which the system releases when this process ends, however it ends.

    lock: an open file descriptor; patience: seconds to wait for it. Raises UsageError where another run holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no such locks: there, the user has to keep two runs out of one folder
        return
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as err:
            if time.monotonic() > deadline:
                raise UsageError(f"another run is writing to {folder}: wait for it, or name another folder") from err
            time.sleep(RETRY_SECONDS)
        except OSError as err:
            raise UsageError(f"cannot lock {folder}: {err.strerror}") from err


def append(path: Path, line: str) -> None:
    """Appends a line, which is on the disk when this returns. Raises OSError where it cannot be written."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    try:
        write_all(file, f"{line}\n".encode())
    finally:
        os.close(file)


def write_all(file: int, raw: bytes) -> None:
    """Writes all bytes to an open file descriptor and waits until they are on the disk."""
    while raw:
        raw = raw[os.write(file, raw) :]
    os.fsync(file)


def drop_torn_line(path: Path) -> None:
    """Removes an incomplete last line, which a killed run leaves."""
    whole = path.read_bytes().rfind(b"\n") + 1
    if whole < path.stat().st_size:
        os.truncate(path, whole)


def write(path: Path, text: str) -> None:
    """Replaces the file in one step: it has either the old text or the new one. Raises UsageError on failure."""
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
