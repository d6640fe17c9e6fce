"""`kansr library`: the functions that formulas are made of, and .library files held against their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import sympy

from kansr.cli.signature.library import Check, ListFunctions
from kansr.expression.render import readable
from kansr.runtime.terminal import emit, say
from kansr.symbolic.library.inspection import inspect
from kansr.symbolic.library.library_file import read_library
from kansr.symbolic.library.standard import STANDARD


def list_functions(given: ListFunctions) -> None:
    """Prints the table of them."""
    x = sympy.Symbol("x")
    rows = [("name", "weight", "domain", "formula")]
    for f in STANDARD:
        formula = "x**a" if f.free == "p" else readable(f.symbolic(x))
        rows.append((f.name, str(f.complexity), _interval(f.domain), formula))
    _print(rows)


def check(given: Check) -> None:
    """Prints the functions of a file, and what their numbers say against it."""
    reports = [inspect(entry, given.file) for entry in read_library(given.file)]
    rows = [("name", "weight", "domain", "free", "monotone", "derivative", "formula")]
    for report in reports:
        f = report.entry.function
        free, formula = " ".join(f.free) or "none", readable(report.entry.formula.expr)
        rows.append((f.name, str(f.complexity), _interval(f.domain), free, report.monotone, report.slope, formula))
    _print(rows)
    say(remark for report in reports for remark in report.remarks)


def _interval(domain: tuple[float, float]) -> str:
    low, high = domain
    return "all" if (low, high) == (-math.inf, math.inf) else f"{low:.4g} … {high:.4g}"


def _print(rows: Sequence[Sequence[str]]) -> None:
    """The rows in columns as wide as they need to be, the last one as it is."""
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    emit("".join("  ".join([*(c.ljust(w) for c, w in zip(row, width)), row[-1]]) + "\n" for row in rows))
