"""The law that a command line names: a folder, a file, or a formula."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kansr.errors import FormulaError, UsageError
from kansr.result.law import Law, law_of, law_of_formula
from kansr.store.load import load


def read_law(
    source: str, index: int | None = None, complexity: int | None = None, columns: Sequence[str] | None = None
) -> Law:
    """The law that a command line names: by the folder or file of a run, or by a formula.

    index, complexity: which formula of the run's front, as its place or its complexity; the best one unless given.
    columns: of the table that a formula is about, where there is one.
    """
    if is_there(source):
        found = load(source)
        return law_of(found, found.front.pick(index, complexity))
    if index is not None or complexity is not None:
        raise UsageError(f"--index and --complexity choose among the formulas of a run, and there is no {source}")
    try:
        return law_of_formula(source, columns)
    except FormulaError as err:
        raise UsageError(f"{source[:60]!r} is no file or folder, and as a formula: {err}") from err


def is_there(source: str) -> bool:
    """Whether there is a file or folder of this name."""
    try:
        return Path(source).exists()
    except (OSError, ValueError):  # too long for a name, as formulas can be
        return False
