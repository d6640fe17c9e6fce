"""`kansr report`, and where reports go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kansr.errors import UsageError
from kansr.runtime.files import write
from kansr.runtime.terminal import say
from kansr.show.report.page import page
from kansr.store.with_rows import read

PAGE = "report.html"
SUFFIXES = (".html", ".htm")


def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder that discover --out named.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write there; RUN/report.html otherwise.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not say where the page is.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write a result as one HTML page, with plots and all that speaks for the formula.

    \b
    Examples:
      kansr discover data.csv --out results && kansr report results
      kansr report results --out law.html
    """
    folder = run if run.is_dir() else run.parent
    path = folder / PAGE if out is None else page_path(out)
    write(path, page(read(run)))
    if not quiet:
        say([f"report: {path}"])


def page_path(path: Path) -> Path:
    """The path, if a page may be written there. Raises UsageError otherwise, before anything has been computed."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a report is an HTML page: name it {path.with_suffix('.html')} rather than {path}")
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: {'it is a folder' if path.is_dir() else f'there is no {path.parent}'}")
    return path
