"""How the options of a command say that a table is written."""

from __future__ import annotations

from kansr.cli.signature.discover import Discover
from kansr.cli.signature.predict import Predict
from kansr.cli.signature.refine import Refine
from kansr.data.read.file import MEMORY
from kansr.data.read.layout import header_lines
from kansr.errors import UsageError
from kansr.pipeline.read import Reading


def reading(given: Discover | Refine | Predict, memory: int = MEMORY) -> Reading:
    """How the file is read. memory: bytes. Raises UsageError for options that do not fit together."""
    names = header_lines(given.header)
    if names is not None and given.no_header:
        raise UsageError("--header says where the names of the columns are: leave out either it or --no-header")
    return Reading(
        sep=given.sep,
        decimal=given.decimal,
        thousands=given.thousands,
        header=not given.no_header,
        names=names,
        encoding=given.encoding,
        na_values=tuple(cell.strip() for cell in given.na_values.split(",") if cell.strip()),
        sheet=given.sheet,
        memory=memory,
    )
