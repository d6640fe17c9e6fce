"""`kansr library`: the functions that formulas are made of, and .library files held against their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import sympy
import typer

from kansr.expression.render import readable
from kansr.runtime.terminal import emit, say
from kansr.symbolic.library.inspection import inspect
from kansr.symbolic.library.library_file import read_library
from kansr.symbolic.library.standard import STANDARD

library = typer.Typer(add_completion=False, rich_markup_mode=None)


@library.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """The functions that formulas are made of.

    \b
    Example:
      kansr library list
    """
    if context.invoked_subcommand is None:
        emit(context.get_help() + "\n")


@library.command("list")
def list_functions() -> None:
    """The functions that a curve is matched with: name, formula, weight, domain.

    \b
    Example:
      kansr library list
    """
    x = sympy.Symbol("x")
    rows = [("name", "weight", "domain", "formula")]
    for f in STANDARD:
        formula = "x**a" if f.free == "p" else readable(f.symbolic(x))
        rows.append((f.name, str(f.complexity), _interval(f.domain), formula))
    _print(rows)


@library.command()
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The .library file.", show_default=False)],
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Print the functions of a .library file as they were read, and hold what it says of them against their numbers.

    Exit code 2 where the file is not understood, or a function has no value inside its domain.

    \b
    Example:
      kansr library check mine.library

    \b
    A line of such a file:
      softplus(u) = log(1 + exp(u)); complexity 4; domain (-inf, inf); free a b
    """
    reports = [inspect(entry, file) for entry in read_library(file)]
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
