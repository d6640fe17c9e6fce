"""The table of functions of one input with inner constants, and where these start.

A row is a function that measured curves are often written with. What is f((x − m)·s) in x is often met in log x too:
the logistic function becomes Hill's (1910), Gompertz' (1825) becomes Weibull's (1951), the Gaussian a lognormal peak.
The input is scaled to a largest size of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import sympy

from kansr.numeric.arrays import Array

# Rates of exponentials, over the range of the input.
RATES = np.array([0.3, 1.0, 2.5, 6.0, 15.0, 40.0])

# Middles of peaks and steps as places in the range, which may lie a little outside.
MIDDLES = np.linspace(-0.15, 1.15, 14)

# Widths of peaks and steps, as shares of the range.
WIDTHS = np.array([0.02, 0.05, 0.12, 0.3, 0.8, 2.0])

# Distances of a pole or a zero from the range, as shares of it.
DISTANCES = np.array([0.01, 0.05, 0.2, 0.7, 2.0, 6.0, 20.0])

# Exponents.
EXPONENTS = np.array([-4.0, -2.5, -1.5, -0.8, -0.35, 0.35, 0.7, 1.4, 2.4, 3.5, 5.0])

# Exponents of the generalised logistic function (Richards 1959), and of peaks (Pearson's type VII, 1916).
ASYMMETRIES = np.array([0.3, 1.5, 4.0])

# Widths of resonances over their frequency.
DAMPINGS = np.array([0.02, 0.1, 0.4, 1.0])

Values = Callable[..., Array]  # x (rows,), inner constants (starts, 1) each -> (starts, rows)


@dataclass(frozen=True, eq=False)
class Core:
    """A function with inner constants.

    inner: how many, or 0; values: on arrays; symbolic: as an expression of x and of numbers; starts: x (rows,) ->
    (starts, constants), none where it is not for such an input; nodes: of the expression; beside: whether it is added
    to others.
    """

    name: str
    inner: int
    values: Values
    symbolic: Callable[..., sympy.Expr]
    starts: Callable[[Array], Array]
    nodes: int
    beside: bool = False

    def expr(self, x: sympy.Expr, constants: Sequence[float] | Array) -> sympy.Expr:
        return self.symbolic(x, *(sympy.Float(float(value)) for value in constants))


def _grid(*choices: Sequence[float] | Array) -> Array:
    return np.array(list(product(*choices)), dtype=float)


def _range(x: Array) -> float:
    return float(np.ptp(x)) or 1.0


def _both_signs(sizes: Array) -> Array:
    return np.concatenate([-sizes[::-1], sizes])


def _rates(x: Array) -> Array:
    return _both_signs(RATES / _range(x))


def _one_rate(x: Array) -> Array:
    return _rates(x)[:, None]


def _two_rates(x: Array) -> Array:
    return np.array(list(combinations(_rates(x), 2)))


def _middles(x: Array) -> Array:
    return np.asarray(float(x.min()) + _range(x) * MIDDLES)


def _peaks(x: Array) -> Array:
    """(m, s) of f((x − m)·s) for an even f."""
    return _grid(_middles(x), 1 / (WIDTHS * _range(x)))


def _peaks_of_any_shape(x: Array) -> Array:
    return np.array([[*peak, c] for peak in _peaks(x) for c in ASYMMETRIES])


def _steps(x: Array) -> Array:
    """The same for an f that is not even."""
    return _grid(_middles(x), _both_signs(1 / (WIDTHS * _range(x))))


def _steps_of_any_shape(x: Array) -> Array:
    return np.array([[*step, c] for step in _steps(x)[::2] for c in ASYMMETRIES])


def _poles(x: Array) -> Array:
    """a of x + a with no zero in the range."""
    low, high, reach = float(x.min()), float(x.max()), DISTANCES * _range(x)
    return np.concatenate([reach - low, -high - reach])


def _zeros(x: Array) -> Array:
    """a of x + a, which is positive."""
    return np.asarray(DISTANCES * _range(x) - float(x.min()))


def _inside(x: Array) -> Array:
    """Breakpoints, between the second row from either end."""
    inside: Array = np.quantile(x, np.linspace(0, 1, len(MIDDLES) + 2)[1:-1]).astype(float)
    return inside[:, None]


def _resonances(x: Array) -> Array:
    middles = np.linspace(0, float(x.max()), len(MIDDLES) + 1)[1:]
    return np.array([[m * m, (d * m) ** 2] for m in middles for d in DAMPINGS])


def _positive(starts: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The starts where x is positive."""
    return lambda x: starts(x) if x.min() > 0 else starts(np.ones(2))[:0]


def _in_logarithm(starts: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return _positive(lambda x: starts(np.log(x)))


def _logistic(u: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-u)))


def _gompertz(u: Array) -> Array:
    return np.asarray(np.exp(-np.exp(-u)))


def _soft_line(u: Array) -> Array:
    return np.asarray(np.logaddexp(0.0, u))


def _extreme(function: Callable[..., sympy.Expr]) -> Callable[..., sympy.Expr]:
    """Max or min of c·u and a with a positive number c as c·function(u, a/c), so that no constant is redundant."""

    def symbolic(x: sympy.Expr, a: sympy.Float) -> sympy.Expr:
        c, u = x.as_coeff_Mul()
        return c * function(u, a / c)

    return symbolic


def _power_of(x: sympy.Expr, m: sympy.Float, s: sympy.Float) -> sympy.Expr:
    """exp(−(log x − m)·s)"""
    return sympy.Float(float(sympy.exp(m * s))) * x**-s


# f((x − m)·s) with even f: name, values, expression of the square of the argument, nodes
_EVEN = (
    ("Gaussian", lambda u: np.exp(-u * u), lambda square: sympy.exp(-square), 8),
    ("Lorentzian", lambda u: 1 / (1 + u * u), lambda square: 1 / (1 + square), 9),
)
# f((x − m)·s): name, values, expression of exp(−argument), nodes, whether it is added to others
_STEPS = (
    ("logistic", _logistic, lambda e: 1 / (1 + e), 9),
    ("Gompertz", _gompertz, lambda e: sympy.exp(-e), 8),
    ("smooth bend", lambda u: _soft_line(-u), lambda e: sympy.log(1 + e), 8),
)

CORES: tuple[Core, ...] = (
    Core("exponential", 1, lambda x, r: np.exp(r * x), lambda x, r: sympy.exp(r * x), _one_rate, 4, True),
    Core("exponential from 0", 1, lambda x, r: np.expm1(r * x), lambda x, r: sympy.exp(r * x) - 1, _one_rate, 6),
    Core("power", 1, lambda x, p: x**p, lambda x, p: x**p,
         _positive(lambda x: EXPONENTS[:, None]), 3, True),
    Core("pole", 1, lambda x, a: 1 / (x + a), lambda x, a: 1 / (x + a), lambda x: _poles(x)[:, None], 5, True),
    Core("logarithm", 1, lambda x, a: np.log(x + a), lambda x, a: sympy.log(x + a),
         lambda x: _zeros(x)[:, None], 4),
    Core("logarithm of the input", 0, lambda x: np.log(x)[None, :], lambda x: sympy.log(x),
         _positive(lambda x: np.empty((1, 0))), 3, True),
    Core("breakpoint", 1, lambda x, a: np.abs(x - a), lambda x, a: sympy.Abs(x - a), _inside, 4, True),
    Core("limit", 1, np.minimum, _extreme(sympy.Min), _inside, 3),
    Core("floor", 1, np.maximum, _extreme(sympy.Max), _inside, 3),
    *(
        Core(name, 2, lambda x, m, s, f=f: f((x - m) * s), lambda x, m, s, g=g: g(s * s * (x - m) ** 2), _peaks, n,
             True)
        for name, f, g, n in _EVEN
    ),
    Core("Pearson peak", 3, lambda x, m, s, p: (1 + ((x - m) * s) ** 2) ** -p,
         lambda x, m, s, p: (1 + s * s * (x - m) ** 2) ** -p, _peaks_of_any_shape, 10),
    Core("lognormal", 2, lambda x, m, s: np.exp(-(((np.log(x) - m) * s) ** 2)),
         lambda x, m, s: sympy.exp(-(s * s) * (sympy.log(x) - m) ** 2), _in_logarithm(_peaks), 9),
    *(
        Core(name, 2, lambda x, m, s, f=f: f((x - m) * s), lambda x, m, s, g=g: g(sympy.exp(m * s - s * x)), _steps, n,
             name == "logistic")
        for name, f, g, n in _STEPS
    ),
    *(
        Core(f"{name} of log", 2, lambda x, m, s, f=f: f((np.log(x) - m) * s),
             lambda x, m, s, g=g: g(_power_of(x, m, s)), _in_logarithm(_steps), n)
        for name, f, g, n in _STEPS
    ),
    Core("stretched exponential from 0", 2, lambda x, m, s: -np.expm1(-np.exp((np.log(x) - m) * s)),
         lambda x, m, s: 1 - sympy.exp(-_power_of(x, m, -s)), _in_logarithm(_steps), 9),
    Core("arctangent", 2, lambda x, m, s: np.arctan((x - m) * s), lambda x, m, s: sympy.atan((x - m) * s), _peaks, 7),
    Core("generalised logistic", 3, lambda x, m, s, c: np.exp(-c * _soft_line((m - x) * s)),
         lambda x, m, s, c: (1 + sympy.exp(m * s - s * x)) ** -c, _steps_of_any_shape, 10),
    Core("power times exponential", 2, lambda x, p, r: x**p * np.exp(r * x), lambda x, p, r: x**p * sympy.exp(r * x),
         _positive(lambda x: _grid(EXPONENTS, _rates(x))), 8, True),
    Core("shifted power", 2, lambda x, a, p: (x + a) ** p, lambda x, a, p: (x + a) ** p,
         lambda x: _grid(_zeros(x), EXPONENTS), 5),
    Core("exponential of a pole", 2, lambda x, r, a: np.exp(r / (x + a)), lambda x, r, a: sympy.exp(r / (x + a)),
         lambda x: np.array([[r * (float(np.median(x)) + a) ** 2, a] for a in _poles(x) for r in _rates(x)]), 6),
    Core("exponential over a line", 2, lambda x, r, a: np.exp(r * x) / (x + a),
         lambda x, r, a: sympy.exp(r * x) / (x + a), lambda x: _grid(_rates(x), _poles(x)), 8),
    Core("difference of exponentials", 2, lambda x, r, q: np.exp(r * x) - np.exp(q * x),
         lambda x, r, q: sympy.exp(r * x) - sympy.exp(q * x), _two_rates, 9),
    Core("Morse", 2, lambda x, m, s: np.exp(2 * s * (m - x)) - 2 * np.exp(s * (m - x)),
         lambda x, m, s: (1 - sympy.exp(m * s - s * x)) ** 2 - 1, _steps, 11),
    Core("resonance", 2, lambda x, a, b: 1 / ((x * x - a) ** 2 + b * x * x),
         lambda x, a, b: 1 / ((x**2 - a) ** 2 + b * x**2), _resonances, 13),
    Core("amplitude of a resonance", 2, lambda x, a, b: 1 / np.sqrt((x * x - a) ** 2 + b * x * x),
         lambda x, a, b: 1 / sympy.sqrt((x**2 - a) ** 2 + b * x**2), _resonances, 14),
)  # fmt: skip
