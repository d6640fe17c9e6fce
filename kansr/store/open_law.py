"""Open the law that a command line names: a result folder, a file, or a formula."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kansr.errors import FormulaError, UsageError
from kansr.result.law import Law, law_of, law_of_formula
from kansr.runtime.files import exists
from kansr.store.load import load

SHOWN = 60  # characters of a formula that a message repeats


def read_law(
    source: str, index: int | None = None, complexity: int | None = None, columns: Sequence[str] | None = None
) -> Law:
    """The law in a result folder or file, or of a formula.

    index, complexity: which formula of the front, by its position or its complexity; the best one if both are None.
    columns: those of the table that a formula is about, None without a table.

    Raises DataError for a result that cannot be read, UsageError for a formula that is not on the front, and
    FormulaError for what is neither a file nor a formula.
    """
    if is_there(source):
        found = load(source)
        return law_of(found, found.front.pick(index, complexity))
    if index is not None or complexity is not None:
        raise UsageError(f"--index and --complexity choose among the formulas of a run, and there is no {source}")
    try:
        return law_of_formula(source, columns)
    except FormulaError as err:
        message = f"{source[:SHOWN]!r} is not a file or folder, and as a formula: {err}"
        raise FormulaError(message, err.text, err.position) from err


def is_there(source: str) -> bool:
    """Whether a file or folder of this name exists."""
    return exists(Path(source))  # a formula may be too long for the name of a file
