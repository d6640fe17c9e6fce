"""The one folder that a client of `kansr mcp` may name files in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from kansr.errors import UsageError
from kansr.runtime.files import is_file, is_folder

MOST_IN_A_NAME = 255  # bytes: NAME_MAX of the usual file systems
MOST_BYTES = 1024  # of a whole path, well below PATH_MAX, to which the folder's own adds


@dataclass(frozen=True)
class Folder:
    """root: an absolute path without symbolic links.

    Names are relative to it, without `..`; links are followed, and what they lead to has to be inside, too. Links that
    another program changes between the check and the use are not guarded against.
    """

    root: Path

    @classmethod
    def at(cls, path: Path) -> Folder:
        """Raises UsageError where there is no such folder."""
        if not is_folder(path):
            raise UsageError(f"--folder {path}: there is no such folder")
        return cls(path.resolve())

    def file(self, name: str) -> Path:
        """A file that is there. Raises UsageError."""
        path = self._inside(name)
        if not is_file(path):  # neither a folder, nor a pipe or a device that would never end
            raise UsageError(f"there is no file {name!r} in the folder; names are relative to it")
        return path

    def run(self, name: str) -> Path:
        """The folder or the discovery.json of a result, with all files beside it inside, too. Raises UsageError."""
        path = self._inside(name)
        if not (is_folder(path) or is_file(path)):
            raise UsageError(f"there is no result {name!r} in the folder; discover leaves one where save_as names it")
        try:
            for beside in (path if is_folder(path) else path.parent).iterdir():
                self._check(beside, f"{name}: {beside.name}")
        except OSError as err:
            raise UsageError(f"{name!r} cannot be read: {err.strerror}") from err
        return path

    def new(self, name: str) -> Path:
        """Where something new may be written: a folder that is there, a name that is not. Raises UsageError."""
        parent = self._inside(str(_relative(name).parent))
        path = parent / _relative(name).name
        if not is_folder(parent):
            raise UsageError(f"cannot write {name!r}: there is no such folder to write it in")
        if os.path.lexists(path):
            raise UsageError(f"{name!r} is there already: name another")
        return path

    def named(self, path: Path) -> str:
        """How a client calls a path inside."""
        return path.relative_to(self.root).as_posix()

    def _inside(self, name: str) -> Path:
        return self._check(self.root / _relative(name), repr(name))

    def _check(self, path: Path, called: str) -> Path:
        try:
            real = path.resolve()
        except (OSError, RuntimeError) as err:  # a circle of links, or a name that is too long
            raise UsageError(
                f"{called} cannot be read: {getattr(err, 'strerror', None) or 'its symbolic links form a loop'}"
            ) from err
        if not real.is_relative_to(self.root):
            raise UsageError(f"{called} leads out of the folder")
        return real


def _relative(name: str) -> PurePosixPath:
    """The name as a path. Raises UsageError unless it is relative, goes nowhere up, and can be the name of a file."""
    path = PurePosixPath(name)
    windows = PureWindowsPath(name)
    if not name or not name.isprintable() or _too_long(path):  # half a surrogate pair is not printable
        raise UsageError(f"{name[:40]!r} is not a file name")
    if path.is_absolute() or windows.drive or windows.root:
        raise UsageError(f"{name!r} is an absolute path: names are relative to the folder")
    if ".." in (*path.parts, *windows.parts):
        raise UsageError(f"{name!r} leads out of the folder: no .. in names")
    return path


def _too_long(path: PurePosixPath) -> bool:
    return len(bytes(path)) > MOST_BYTES or any(len(part.encode()) > MOST_IN_A_NAME for part in path.parts)
