"""`kansr export`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


class Format(str, enum.Enum):
    """The languages a formula can be written in."""

    SYMPY = "sympy"
    LATEX = "latex"
    PYTHON = "python"
    NUMPY = "numpy"
    TORCH = "torch"
    C = "c"


@dataclass(frozen=True, kw_only=True)
class Export(Signature):
    """Write a formula as code: a function of the inputs that it uses, or as LaTeX.
    A formula that begins with a minus comes last, after --.

    \b
    Examples:
      kansr export runs/kepler --to c > kepler.c
      kansr export runs/kepler --to torch --out law.py
      kansr export "exp(-x**2/2)/sqrt(2*pi)" --to latex
    """

    done_by = "kansr.cli.export.export"

    source: options.Law
    to: Annotated[Format, typer.Option(help="The language to write it in.", show_default=False)]
    index: options.Index = None
    complexity: options.Complexity = None
    out: options.OutFile = None
    force: options.Replace = False
    debug: options.Debug = False
