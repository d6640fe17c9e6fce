"""Read a result with the rows and the command that are kept beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kansr.data.excerpt import read_excerpt
from kansr.result.result import Result
from kansr.runtime.files import is_file, is_folder
from kansr.store.folder import COMMAND, ROWS
from kansr.store.load import load, text_of


def read(run: Path) -> Result:
    """The result in a folder of `kansr discover --out`, with rows and command where the folder has them.

    Raises DataError for files that cannot be read or do not belong together.
    """
    discovery = load(run)
    folder = run if is_folder(run) else run.parent
    rows, command = folder / ROWS, folder / COMMAND
    return replace(
        discovery,
        excerpt=read_excerpt(rows, discovery.inputs, discovery.target) if is_file(rows) else None,
        command=text_of(command).strip() if is_file(command) else "",
    )
