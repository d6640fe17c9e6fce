"""`kansr demo`: a search in a table that comes with the package."""

from __future__ import annotations

from pathlib import Path

from kansr.cli.search import discover
from kansr.cli.signature.demo import Demo
from kansr.cli.signature.discover import Discover
from kansr.errors import UsageError
from kansr.runtime.resources import shipped
from kansr.runtime.terminal import emit, say

TABLES = "datasets"
SUFFIX = ".csv"


def demo(given: Demo) -> int | None:
    """Prints the table, or says which one it is and looks for its law as `kansr discover` does."""
    file = table_of(given.name)
    if given.table:
        emit(file.read_text(encoding="utf-8"))
        return None
    if not given.quiet:
        say([f"kansr discover {file}"])
    return discover(
        Discover(
            context=given.context,
            file=str(file),
            report=given.report,
            time_limit=given.time_limit,
            jobs=given.jobs,
            as_json=given.as_json,
            quiet=given.quiet,
            debug=given.debug,
        )
    )


def table_of(name: str) -> Path:
    """The shipped table of this name, with or without its suffix. Raises UsageError where there is none."""
    files = {file.stem: file for file in sorted(shipped(TABLES).glob(f"*{SUFFIX}"))}
    wanted = name.removesuffix(SUFFIX)
    if wanted not in files:
        raise UsageError(f"kansr comes with no table {name!r}, but with {', '.join(files)}")
    return files[wanted]
