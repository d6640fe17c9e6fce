"""Library functions by the names that pykan gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy

from kansr.errors import UsageError
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.standard import STANDARD, power

ALIASES = {
    "1/x": "x^-1",
    "1/x^2": "x^-2",
    "1/x^3": "x^-3",
    "1/x^4": "x^-4",
    "1/x^5": "x^-5",
    "sqrt": "x^(1/2)",
    "x^0.5": "x^(1/2)",
    "x^1.5": "x^(3/2)",
    "1/sqrt(x)": "x^(-1/2)",
    "1/x^0.5": "x^(-1/2)",
    "arcsin": "asin",
    "arctan": "atan",
}

# Only found by name. Matching leaves them out: other functions of the library have the same curves.
ONLY_BY_NAME = Library(
    (
        Function("0", lambda u: 0 * u, np.zeros_like, np.zeros_like, 0, free=""),
        Function("cos", sympy.cos, np.cos, lambda u: -np.sin(u), 2, periodic=True),
        Function("arccos", sympy.acos, np.arccos, lambda u: -1 / np.sqrt(1 - u * u), 4, domain=(-1, 1)),
        Function("arctanh", sympy.atanh, np.arctanh, lambda u: 1 / (1 - u * u), 4, domain=(-1, 1)),
        power(-5, complexity=5),
        Function("sgn", sympy.sign, np.sign, np.zeros_like, 3, free="b"),
    )
)


def function(name: str | Function, library: Library = STANDARD) -> Function:
    """The function of this name, ours or pykan's, or a Function as it is. Raises UsageError if there is none."""
    if isinstance(name, Function):
        return name
    known = {f.name: f for f in (*ONLY_BY_NAME, *STANDARD, *library)}
    found = known.get(name) or known.get(ALIASES.get(name, name))
    if found is None:
        raise UsageError(f"no function {name!r} in the library ({', '.join([*known, *ALIASES])}); hand in a Function")
    return found


def is_known(f: Function) -> bool:
    """Whether the name of a function alone leads back to it."""
    return any(f is known for known in (*ONLY_BY_NAME, *STANDARD))


def library_of(lib: Library | Sequence[str | Function]) -> Library:
    """A Library as it is, or one of the functions named."""
    return lib if isinstance(lib, Library) else Library(tuple(dict.fromkeys(function(name) for name in lib)))
