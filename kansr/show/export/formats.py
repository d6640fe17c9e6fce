"""The table of export formats: name and function from a law to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kansr.errors import UsageError
from kansr.expression.parse import did_you_mean
from kansr.result.law import Law
from kansr.show.export.c import to_c
from kansr.show.export.latex import to_latex
from kansr.show.export.numpy import to_numpy
from kansr.show.export.python import to_python
from kansr.show.export.sympy import to_sympy
from kansr.show.export.torch import to_torch

FORMATS: Mapping[str, Callable[[Law], str]] = {
    "sympy": to_sympy,
    "latex": to_latex,
    "python": to_python,
    "numpy": to_numpy,
    "torch": to_torch,
    "c": to_c,
}


def export(law: Law, to: str, formats: Mapping[str, Callable[[Law], str]] = FORMATS) -> str:
    """The law in one of the formats, as text. Raises UsageError where there is no such format."""
    if to not in formats:
        raise UsageError(f"no format {to!r} ({', '.join(formats)}).{did_you_mean(to, formats)}")
    return formats[to](law)
