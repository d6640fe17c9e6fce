"""`kansr library check`: what a .library file says, as it was read, and whether it is true."""

from __future__ import annotations

from typing import Annotated

import typer

from kansr.runtime.terminal import emit, say


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
    from kansr.expression.render import readable
    from kansr.symbolic.library.inspection import inspect
    from kansr.symbolic.library.library_file import read_library

    reports = [inspect(entry, file) for entry in read_library(file)]
    rows = [("name", "weight", "domain", "free", "monotone", "derivative", "formula")]
    for report in reports:
        f = report.entry.function
        low, high = f.domain
        interval = "all" if (low, high) == (float("-inf"), float("inf")) else f"{low:.4g} … {high:.4g}"
        free = " ".join(f.free) or "none"
        formula = readable(report.entry.formula.expr)
        rows.append((f.name, str(f.complexity), interval, free, report.monotone, report.slope, formula))
    width = [max(len(row[i]) for row in rows) for i in range(6)]
    emit("".join("  ".join([*(c.ljust(w) for c, w in zip(row, width)), row[6]]) + "\n" for row in rows))
    say(remark for report in reports for remark in report.remarks)
