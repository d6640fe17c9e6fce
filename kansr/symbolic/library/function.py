"""The functions an edge can turn out to be: one row each, with all that any stage needs to know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from kansr.data.dataset import Array
from kansr.errors import UsageError

Unary = Callable[[Array], Any]


def by_differences(numeric: Unary) -> Unary:
    """The derivative of a function that comes without one, by central differences."""

    def slope(u: Array) -> Array:
        h = 6e-6 * (1 + np.abs(u))
        return (numeric(u + h) - numeric(u - h)) / (2 * h)

    return slope


@dataclass(frozen=True)
class Function:
    """y = c·f(a·x + b) + d, the shape an edge is matched with.

    symbolic, numeric, derivative: f as sympy and on arrays, and f' on arrays (by differences when not given).
    free: which of a and b are fitted besides c and d; where f absorbs one (exp turns b into a factor) it is left
    out, "" leaves x as it is, and "p" marks f(x) = x**a, whose only inner parameter is the exponent.
    domain: the open interval on which f is real and finite.  periodic: a is searched as a frequency.
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
        """f(a·x + b) on arrays, without c and d; not a number outside the domain."""
        with np.errstate(all="ignore"):
            u = x**a if self.free == "p" else a * x + b
            low, high = self.domain
            if np.isfinite(low) or np.isfinite(high):
                u = np.where((u > low) & (u < high), u, np.nan)
            return self.numeric(u)

    def slopes(self, x: Array, a: Any, b: Any) -> tuple[Array, Array]:
        """The derivatives of f(a·x + b) by a and by b."""
        with np.errstate(all="ignore"):
            if self.free == "p":
                return np.log(x) * x**a, np.zeros_like(x * b)
            slope = (self.derivative or by_differences(self.numeric))(a * x + b)
            return slope * x, slope

    def expr(self, x: sympy.Expr, a: float, b: float) -> sympy.Expr:
        """f(a·x + b) as sympy."""
        if self.free == "p":
            return x ** sympy.Float(a)
        if "a" in self.free or a != 1:
            x = x * (sympy.Float(a) if abs(a) != 1 else int(a))
        return self.symbolic(x + sympy.Float(b) if "b" in self.free and b != 0 else x)


@dataclass(frozen=True)
class Library:
    """A list of functions with distinct names; add to it with +."""

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
        """The library of just these functions."""
        return Library(tuple(self[name] for name in names))


POSITIVE = (0.0, np.inf)


def power(n: int, d: int = 1, complexity: int = 2) -> Function:
    """(x + b)**(n/d): a is absorbed by c, up to its sign where the power is not whole."""
    p = n / d
    name = f"x^{n}" if d == 1 else f"x^({n}/{d})"
    return Function(
        name,
        lambda u: u ** sympy.Rational(n, d),
        lambda u: u**p if d > 1 else u**n if n > 0 else 1 / u**-n,
        lambda u: p * u ** (p - 1) if d > 1 or n > 0 else n / u ** (1 - n),
        complexity,
        free="b",
        domain=(-np.inf, np.inf) if d == 1 else POSITIVE,
    )


def _sech2(u: Array) -> Array:
    return 1 / np.cosh(u) ** 2


STANDARD = Library(
    (
        Function("x", lambda u: u, lambda u: u, np.ones_like, 0, free=""),
        Function("power", lambda u: u, lambda u: u, np.ones_like, 4, free="p"),  # x**a with a fitted exponent
        power(2),
        power(3),
        power(4, complexity=3),
        power(5, complexity=4),
        power(6, complexity=5),
        power(-1),
        power(-2),
        power(-3, complexity=3),
        power(-4, complexity=4),
        power(1, 2),
        power(-1, 2, complexity=3),
        power(3, 2, complexity=3),
        power(-3, 2, complexity=4),
        power(1, 3, complexity=4),
        power(2, 3, complexity=4),
        Function("exp", sympy.exp, np.exp, np.exp, 2, free="a"),
        Function("log", sympy.log, np.log, np.reciprocal, 2, free="b", domain=POSITIVE),
        Function("sin", sympy.sin, np.sin, np.cos, 2, periodic=True),  # cos is sin with b moved by pi/2
        Function(
            "sin^2",
            lambda u: sympy.sin(u) ** 2,
            lambda u: np.sin(u) ** 2,
            lambda u: np.sin(2 * u),
            4,
            free="a",
            periodic=True,
        ),
        Function("tan", sympy.tan, np.tan, lambda u: 1 + np.tan(u) ** 2, 4, domain=(-np.pi / 2, np.pi / 2)),
        Function("1/sin", lambda u: 1 / sympy.sin(u), lambda u: 1 / np.sin(u), None, 5, domain=(0, np.pi)),
        Function("1/sin^2", lambda u: sympy.sin(u) ** -2, lambda u: np.sin(u) ** -2, None, 6, domain=(0, np.pi)),
        Function("tanh", sympy.tanh, np.tanh, _sech2, 4),
        Function("cosh", sympy.cosh, np.cosh, np.sinh, 4),
        Function(  # a pulse; two states in equilibrium
            "1/cosh", lambda u: 1 / sympy.cosh(u), lambda u: 1 / np.cosh(u), lambda u: -np.tanh(u) / np.cosh(u), 5
        ),
        Function(  # a solitary wave
            "1/cosh^2",
            lambda u: sympy.cosh(u) ** -2,
            _sech2,
            lambda u: -2 * np.tanh(u) * _sech2(u),
            6,
        ),
        Function("sinh", sympy.sinh, np.sinh, np.cosh, 5),
        Function("asin", sympy.asin, np.arcsin, lambda u: 1 / np.sqrt(1 - u * u), 4, domain=(-1, 1)),
        Function("atan", sympy.atan, np.arctan, lambda u: 1 / (1 + u * u), 4),
        Function(
            "gaussian", lambda u: sympy.exp(-(u**2)), lambda u: np.exp(-u * u), lambda u: -2 * u * np.exp(-u * u), 4
        ),
        Function(
            "1/(1+x^2)", lambda u: 1 / (1 + u**2), lambda u: 1 / (1 + u * u), lambda u: -2 * u / (1 + u * u) ** 2, 5
        ),
        Function(
            "sqrt(1+x^2)",
            lambda u: sympy.sqrt(1 + u**2),
            lambda u: np.sqrt(1 + u * u),
            lambda u: u / np.sqrt(1 + u * u),
            5,
        ),
        Function(
            "1/sqrt(1+x^2)",
            lambda u: 1 / sympy.sqrt(1 + u**2),
            lambda u: 1 / np.sqrt(1 + u * u),
            lambda u: -u / (1 + u * u) ** 1.5,
            6,
        ),
        Function(  # a circle
            "sqrt(1-x^2)",
            lambda u: sympy.sqrt(1 - u**2),
            lambda u: np.sqrt(1 - u * u),
            lambda u: -u / np.sqrt(1 - u * u),
            5,
            free="a",
            domain=(-1, 1),
        ),
        Function(  # Lorentz' factor
            "1/sqrt(1-x^2)",
            lambda u: 1 / sympy.sqrt(1 - u**2),
            lambda u: 1 / np.sqrt(1 - u * u),
            lambda u: u / (1 - u * u) ** 1.5,
            6,
            free="a",
            domain=(-1, 1),
        ),
        Function(
            "log(1+x^2)",
            lambda u: sympy.log(1 + u**2),
            lambda u: np.log1p(u * u),
            lambda u: 2 * u / (1 + u * u),
            5,
        ),
        Function(
            "exp(1/x)",  # Arrhenius' form; a is the activation temperature
            lambda u: sympy.exp(1 / u),
            lambda u: np.exp(1 / u),
            lambda u: -np.exp(1 / u) / (u * u),
            4,
            free="a",
        ),
        Function(
            "sigmoid",
            lambda u: 1 / (1 + sympy.exp(-u)),
            lambda u: 1 / (1 + np.exp(-u)),
            lambda u: 0.25 / np.cosh(u / 2) ** 2,
            5,
        ),
        Function(
            "1/(exp(x)-1)",
            lambda u: 1 / (sympy.exp(u) - 1),
            lambda u: 1 / np.expm1(u),
            lambda u: -np.exp(u) / np.expm1(u) ** 2,
            5,
            domain=POSITIVE,
        ),
        Function(
            "x/(exp(x)-1)",  # the mean energy of an oscillator
            lambda u: u / (sympy.exp(u) - 1),
            lambda u: u / np.expm1(u),
            lambda u: (np.expm1(u) - u * np.exp(u)) / np.expm1(u) ** 2,
            6,
            free="a",
            domain=POSITIVE,
        ),
        Function(
            "x*exp(x)", lambda u: u * sympy.exp(u), lambda u: u * np.exp(u), lambda u: (1 + u) * np.exp(u), 5, free="a"
        ),
        Function(
            "x*log(x)",
            lambda u: u * sympy.log(u),
            lambda u: u * np.log(u),
            lambda u: 1 + np.log(u),
            5,
            free="a",
            domain=POSITIVE,
        ),
        Function(
            "sin(x)/x",
            lambda u: sympy.sin(u) / u,
            lambda u: np.sinc(u / np.pi),
            None,
            5,
            free="a",
            periodic=True,
        ),
        Function("abs", sympy.Abs, np.abs, np.sign, 4, free="b"),
    )
)
