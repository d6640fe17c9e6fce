"""The standard library: the functions that curves are matched with. Users may add to it."""

from __future__ import annotations

import numpy as np
import sympy

from kansr.formula.judge.vocabulary import Vocabulary
from kansr.numeric.arrays import Array
from kansr.symbolic.library.function import Function, Library

POSITIVE = (0.0, np.inf)
ANY_CONSTANTS = (0.37, 0.43)  # inner constants that stand for all others


def power(n: int, d: int = 1, complexity: int = 2) -> Function:
    """The library function (x + b)**(n/d). a is redundant beside c, up to its sign where the power is not whole."""
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


# Name, f on sympy expressions, f on arrays, its derivative, complexity.
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
        Function("sin", sympy.sin, np.sin, np.cos, 2, periodic=True),  # cos(u) is sin(u + pi/2)
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
        Function(  # a pulse
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
        Function(  # an ellipse
            "sqrt(1-x^2)",
            lambda u: sympy.sqrt(1 - u**2),
            lambda u: np.sqrt(1 - u * u),
            lambda u: -u / np.sqrt(1 - u * u),
            5,
            free="a",
            domain=(-1, 1),
        ),
        Function(  # the Lorentz factor
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
            "exp(1/x)",  # the Arrhenius law
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
            "x/(exp(x)-1)",  # the mean energy of a quantum oscillator
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


def permitted(library: Library, vocabulary: Vocabulary) -> Library:
    """The functions of the library that a vocabulary has; of the standard one, where there are none."""
    x = sympy.Symbol("x")
    kept = tuple(f for f in library if vocabulary.may_become(f.expr(x, *ANY_CONSTANTS)))
    return Library(kept) if kept else permitted(STANDARD, vocabulary)
