"""`kansr export`: a formula in another language."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from kansr.cli import options
from kansr.errors import UsageError
from kansr.runtime.files import write
from kansr.runtime.terminal import emit
from kansr.show.export.formats import export as exported
from kansr.store.open_law import read_law


class Format(str, enum.Enum):
    """The languages a formula can be written in."""

    SYMPY = "sympy"
    LATEX = "latex"
    PYTHON = "python"
    NUMPY = "numpy"
    TORCH = "torch"
    C = "c"


def export(
    source: options.Law,
    to: Annotated[Format, typer.Option(help="The language to write it in.", show_default=False)],
    index: options.Index = None,
    complexity: options.Complexity = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there; standard output otherwise.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write a formula as code: a function of the inputs that it uses, or as LaTeX.
    A formula that begins with a minus comes last, after --.

    \b
    Examples:
      kansr export runs/kepler --to c > kepler.c
      kansr export runs/kepler --to torch --out law.py
      kansr export "exp(-x**2/2)/sqrt(2*pi)" --to latex
    """
    if out is not None and out.exists() and not force:
        raise UsageError(f"{out} is there already; use --force to replace it")
    text = exported(read_law(source, index, complexity), to.value)
    if out is None:
        emit(text)
    else:
        write(out, text)
