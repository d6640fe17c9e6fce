"""Read files of limited size, write files whole or not at all, append lines durably, and lock folders.

What is written is never written through a link that somebody has put there, nor into a pipe or a device.
"""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import stat
import time
from pathlib import Path

from kansr.errors import UsageError

RETRY_SECONDS = 0.05  # between attempts to take a lock
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # nor to wait for who reads a pipe
DAMAGED = ".damaged"  # ends the name under which a file is kept that could not be read to its end


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


def is_file(path: Path) -> bool:
    """Whether there is such a file; not where the name is none, as one that is too long."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; not where the name is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether there is anything of this name; not where it is none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def open_lock(path: Path) -> int:
    """The descriptor of a lock file, which is made where there is none. Raises OSError where it cannot be."""
    return os.open(path, os.O_CREAT | os.O_RDWR | NO_LINK, 0o644)


def read(path: Path, most: int) -> bytes:
    """All bytes of a file or pipe. Raises OSError where it cannot be read or has more than `most` bytes."""
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes")
    return raw


def read_own(path: Path, most: int) -> bytes:
    """The bytes of a file that is to be written on. Raises OSError unless it is a regular file of one name, no link.

    most: bytes that it may have.
    """
    try:
        file = os.open(path, os.O_RDONLY | NO_LINK)
    except OSError as err:
        if err.errno != errno.ELOOP:
            raise
        raise OSError(errno.ELOOP, "it is a link") from err
    with os.fdopen(file, "rb") as stream:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "it has a second hard link: remove one of them")
        if found.st_size > most:
            raise OSError(errno.EFBIG, f"it has more than {most} bytes")
        return stream.read(most)


def create(path: Path, raw: bytes) -> None:
    """Writes a file that is not there yet; it is on the disk when this returns. Raises OSError where it cannot be."""
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | NO_LINK, 0o666)
    try:
        write_all(file, raw)
    finally:
        os.close(file)


def append(path: Path, line: str) -> None:
    """Appends a line, which is on the disk when this returns. Raises OSError where it cannot be written."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | NO_LINK)
    try:
        write_all(file, f"{line}\n".encode())
    finally:
        os.close(file)


def write_all(file: int, raw: bytes) -> None:
    """Writes all bytes to an open file descriptor and waits until they are on the disk."""
    while raw:
        raw = raw[os.write(file, raw) :]
    os.fsync(file)


def keep_damaged(path: Path, raw: bytes) -> Path:
    """Writes what a file holds beside it, under a name that is not taken, which is returned. Raises OSError."""
    for number in itertools.count(1):
        beside = path.with_name(f"{path.name}{DAMAGED}{number if number > 1 else ''}")
        try:
            create(beside, raw)
        except FileExistsError:
            continue
        return beside
    raise AssertionError


def write(path: Path, text: str) -> None:
    """Replaces the file in one step: it has either the old text or the new one. Raises UsageError on failure.

    What is no file, such as a pipe or a device, is not replaced.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")  # a name that nobody can have taken
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is not a regular file")
        try:
            create(part, text.encode(errors="backslashreplace"))  # names of files may hold bytes that are no text
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}") from err
