"""A library function, with all that any stage needs to know of it, and the library as a list of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from kansr.errors import UsageError
from kansr.numeric.arrays import Array

Unary = Callable[[Array], Any]
RELATIVE_STEP = 6e-6  # of central differences: the cube root of the rounding of float64


def by_differences(numeric: Unary) -> Unary:
    """The derivative of a function on arrays by central differences."""

    def slope(u: Array) -> Array:
        h = RELATIVE_STEP * (1 + np.abs(u))
        return (numeric(u + h) - numeric(u - h)) / (2 * h)

    return slope


@dataclass(frozen=True)
class Function:
    """A function f, matched with a curve as y = c·f(a·x + b) + d.

    symbolic, numeric, derivative: f on sympy expressions, f on arrays, and f' on arrays (by differences if None).
    complexity: nodes that it counts for in matching; less is simpler.
    free: the inner parameters that are fitted, of "ab". One that c and d make redundant is left out, as b for exp; ""
    leaves x as it is; "p" stands for f(x) = x**a, whose only parameter is the exponent.
    domain: the open interval in which f is real and finite; periodic: whether a is searched as a frequency.
    """

    name: str
    symbolic: Callable[[Any], Any]
    numeric: Unary
    derivative: Unary | None = None
    complexity: int = 2
    free: str = "ab"
    domain: tuple[float, float] = (-np.inf, np.inf)
    periodic: bool = False

    def inner(self, x: Array, a: Any, b: Any) -> Array:
        """f(a·x + b) on arrays that broadcast; nan outside the domain."""
        with np.errstate(all="ignore"):
            u = x**a if self.free == "p" else a * x + b
            low, high = self.domain
            if np.isfinite(low) or np.isfinite(high):
                u = np.where((u > low) & (u < high), u, np.nan)
            return self.numeric(u)

    def slopes(self, x: Array, a: Any, b: Any) -> tuple[Array, Array]:
        """The derivatives of f(a·x + b) by a and by b, on arrays that broadcast."""
        with np.errstate(all="ignore"):
            if self.free == "p":
                return np.log(x) * x**a, np.zeros_like(x * b)
            slope = (self.derivative or by_differences(self.numeric))(a * x + b)
            return slope * x, slope

    def expr(self, x: sympy.Expr, a: float, b: float) -> sympy.Expr:
        """f(a·x + b) as a sympy expression."""
        if self.free == "p":
            return x ** sympy.Float(a)
        if "a" in self.free or a != 1:
            x = x * (sympy.Float(a) if abs(a) != 1 else int(a))
        return self.symbolic(x + sympy.Float(b) if "b" in self.free and b != 0 else x)


@dataclass(frozen=True)
class Library:
    """A list of functions with different names; `+` adds one or several.

    Raises UsageError where two have the same name, and for a name that is not there.
    """

    functions: tuple[Function, ...]

    def __post_init__(self) -> None:
        names = [f.name for f in self.functions]
        if twice := {name for name in names if names.count(name) > 1}:
            raise UsageError(f"the library has more than one function called {', '.join(sorted(twice))}")

    def __iter__(self) -> Iterator[Function]:
        return iter(self.functions)

    def __len__(self) -> int:
        return len(self.functions)

    def __add__(self, other: Library | Function) -> Library:
        return Library(self.functions + ((other,) if isinstance(other, Function) else other.functions))

    def __getitem__(self, name: str) -> Function:
        for function in self.functions:
            if function.name == name:
                return function
        raise UsageError(f"no function {name!r} in the library ({', '.join(self.names)})")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.functions)

    def only(self, *names: str) -> Library:
        """The library of these functions alone."""
        return Library(tuple(self[name] for name in names))
