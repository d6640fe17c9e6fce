"""`kansr report`, and where reports go."""

from __future__ import annotations

import os
from pathlib import Path

from kansr.cli.signature.results.report import Report
from kansr.errors import UsageError
from kansr.runtime.files import is_folder, write
from kansr.runtime.terminal import say
from kansr.show.report.page import page
from kansr.store.with_rows import read

PAGE = "report.html"
LONGEST = 255  # bytes of the name of a file, on all common systems
SUFFIXES = (".html", ".htm")


def report(given: Report) -> None:
    """Writes the page, and says where it is."""
    folder = given.run if is_folder(given.run) else given.run.parent
    path = folder / PAGE if given.out is None else page_path(given.out)
    write(path, page(read(given.run)))
    if not given.quiet:
        say([f"report: {path}"])


def page_path(path: Path) -> Path:
    """The path, if a page may be written there. Raises UsageError otherwise, before anything has been computed."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a report is an HTML page: name it {path.with_suffix('.html')} rather than {path}")
    if is_folder(path) or not is_folder(path.parent):
        raise UsageError(
            f"cannot write {path}: {'it is a folder' if is_folder(path) else f'there is no {path.parent}'}"
        )
    if len(os.fsencode(path.name)) > LONGEST:
        raise UsageError(f"cannot write {path}: names of files have at most {LONGEST} bytes")
    return path
