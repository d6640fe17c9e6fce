"""Sums of terms of known families, their constants fitted together, and what a sum costs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import sympy

from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import SHORT_DIGITS
from kansr.numeric.arrays import Array
from kansr.numeric.least_squares import levenberg_marquardt
from kansr.numeric.tolerances import TINY
from kansr.structure.anova.families import FAMILIES, Family, Range, Writer, bounds

STEP = 1e-5  # of central differences by an inner constant, in units in which inputs have spread 1
ITERATIONS = 30  # Levenberg-Marquardt steps at most
SETTLED = 1e-7  # relative decrease of the sum of squares that is none; the default takes longer and finds no more
RIDGE = 1e-9  # of the linear fit, over the rows: columns may be alike

# What a sum costs beside n·log RSS, in the unit of 2 nats as the Bayesian information criterion is (Schwarz 1978).
PER_TERM = 2.0
PER_NODE = 1.0
PER_INPUT = 2.0  # times log d: the choice of an input among d
NOT_PLAIN = 2.0 * float(np.log(10))  # for a family that is no line, parabola or product: the choice among some ten
EXACT = 1e-20  # mean square over the variance below which residuals are rounding


@dataclass(frozen=True)
class Term:
    """A term: its family by name, the positions of its inputs, and its inner constants."""

    family: str
    inputs: tuple[int, ...]
    constants: tuple[float, ...] = ()

    @property
    def kind(self) -> Family:
        return FAMILIES[self.family]

    def values(self, U: Array) -> Array:
        """φ at the rows of standardised inputs U, (rows, inputs) -> (rows,)."""
        with np.errstate(all="ignore"):
            return np.asarray(self.kind.value([U[:, i] for i in self.inputs], self.constants))


@dataclass(frozen=True, eq=False)
class Rows:
    """A table with standardised inputs. U: (rows, inputs); y: (rows,); means, spreads: of the raw inputs.

    families: the names of those that terms may be of, all if None.
    """

    U: Array
    y: Array
    means: Array
    spreads: Array
    families: frozenset[str] | None = None

    @classmethod
    def of(cls, X: Array, y: Array, families: frozenset[str] | None = None) -> Rows:
        means, spreads = X.mean(0), X.std(0)
        spreads = np.where(spreads > 0, spreads, 1.0)
        return cls((X - means) / spreads, y, means, spreads, families)

    def have(self, family: str) -> bool:
        """Whether a term may be of a family."""
        return self.families is None or family in self.families

    @cached_property
    def ranges(self) -> tuple[Range, ...]:
        return tuple(Range.of_all(self.U))

    @cached_property
    def variance(self) -> float:
        return float(np.var(self.y)) or 1.0

    def take(self, index: Array | slice) -> Rows:
        return replace(self, U=self.U[index], y=self.y[index])


@dataclass(frozen=True, eq=False)
class Sum:
    """A fitted sum: offset + Σ amplitude·φ. square: the mean squared residual; cost: less is better.

    shrunk: whether the amplitudes are less than those of least squares, for what they predict.
    """

    terms: tuple[Term, ...]
    weights: Array  # the offset, then the amplitudes
    square: float
    cost: float
    shrunk: bool = False

    def __call__(self, U: Array) -> Array:
        return np.asarray(_columns(self.terms, U) @ self.weights)

    def part(self, place: int, U: Array) -> Array:
        """One term with its amplitude, (rows,)."""
        return np.asarray(self.weights[place + 1] * self.terms[place].values(U))

    def written(self, rows: Rows, names: Sequence[str], X: Array, y: Array) -> sympy.Expr:
        """The sum in raw inputs. X: (rows, inputs), raw; y: (rows,), to which amplitudes are fitted.

        Shrunk amplitudes stay what they are, and have few digits, so that nothing fits them again.
        """
        exprs = [t.kind.written(self._writer(t, rows, names), t.constants) for t in self.terms]
        columns = np.column_stack([np.ones(len(X)), *(Tape(e, names).value(X) for e in exprs)])
        weights = _linear(columns, self((X - rows.means) / rows.spreads) if self.shrunk else y)
        if self.shrunk:
            weights = np.array([float(f"{w:.{SHORT_DIGITS - 1}e}") for w in weights])
        return sympy.Add(sympy.Float(weights[0]), *(sympy.Float(w) * e for w, e in zip(weights[1:], exprs)))

    @staticmethod
    def _writer(term: Term, rows: Rows, names: Sequence[str]) -> Writer:
        symbols = [sympy.Symbol(names[i]) for i in term.inputs]
        return Writer(
            symbols, [float(rows.means[i]) for i in term.inputs], [float(rows.spreads[i]) for i in term.inputs]
        )


def cost(terms: Sequence[Term], square: float, rows: Rows) -> float:
    """The description length of a sum, in units of half a nat; less is better."""
    n, d = rows.U.shape
    constants = 1 + sum(1 + len(t.constants) for t in terms)
    form = sum(
        PER_TERM
        + PER_NODE * t.kind.nodes
        + PER_INPUT * np.log(d) * len(t.inputs)
        + (0.0 if t.kind.plain else NOT_PLAIN)
        for t in terms
    )
    free = max(n - constants, 1)
    residual = max(square * n / free, EXACT * rows.variance)
    return float(n * np.log(residual) + np.log(n) * constants + form)


def _form(term: Term, inputs: int) -> float:
    """What the form of a term costs, where there are so many inputs to choose from."""
    kind = term.kind
    plain = 0.0 if kind.plain else NOT_PLAIN
    return float(PER_TERM + PER_NODE * kind.nodes + PER_INPUT * np.log(inputs) * len(term.inputs) + plain)


def fitted(terms: Sequence[Term], rows: Rows, iterations: int = ITERATIONS) -> Sum:
    """The sum with all constants at their least-squares optimum near where they are.

    By variable projection: amplitudes and offset are eliminated (Golub and Pereyra 1973, Kaufman 1975), the inner
    constants take damped steps (Levenberg 1944, Marquardt 1963) within their bounds.
    """
    terms = tuple(terms)
    low, high = _limits(terms, rows)

    def at(p: Array) -> tuple[Term, ...]:
        return _unpacked(terms, np.clip(p, low, high))

    @lru_cache(maxsize=1)  # a step that is taken is linearised where it has been tried
    def projected(p: bytes) -> tuple[Array, Array, Array]:
        return _projected(at(np.frombuffer(p)), rows)

    def linearised(p: Array) -> tuple[Array, Array]:
        A, w, r = projected(p.tobytes())
        return r, _jacobian(at(p), w, A, rows)

    start = np.clip([c for t in terms for c in t.constants], low, high)
    found = levenberg_marquardt(lambda p: projected(p.tobytes())[2], linearised, start, iterations, stalled=SETTLED)
    moved = at(found.values)
    return Sum(moved, projected(found.values.tobytes())[1], found.rms**2, cost(moved, found.rms**2, rows))


def _unpacked(terms: Sequence[Term], p: Array) -> tuple[Term, ...]:
    made, place = [], 0
    for t in terms:
        count = len(t.constants)
        made.append(Term(t.family, t.inputs, tuple(p[place : place + count].tolist())))
        place += count
    return tuple(made)


def _limits(terms: Sequence[Term], rows: Rows) -> tuple[Array, Array]:
    pairs = [
        bounds(role, value, rows.ranges[t.inputs[i]])
        for t in terms
        for (role, i), value in zip(t.kind.roles, t.constants)
    ]
    both = np.array(pairs, dtype=float).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _columns(terms: Sequence[Term], U: Array) -> Array:
    return np.column_stack([np.ones(len(U)), *(t.values(U) for t in terms)])


def _linear(A: Array, y: Array) -> Array:
    """Weights of the columns of A for y, (rows,) or (rows, targets); a small ridge where columns are alike."""
    scale = np.sqrt(np.mean(A * A, axis=0)) + TINY
    B = A / scale
    N = B.T @ B
    N.flat[:: len(N) + 1] += RIDGE * len(A)
    return np.asarray((np.linalg.solve(N, B.T @ y).T / scale).T)


def _projected(terms: Sequence[Term], rows: Rows) -> tuple[Array, Array, Array]:
    """The columns, their weights, and the residual fitted − y; inf where a column is not finite."""
    A = _columns(terms, rows.U)
    if np.isfinite(A).all():
        with contextlib.suppress(np.linalg.LinAlgError):
            w = _linear(A, rows.y)
            return A, w, A @ w - rows.y
    return A, np.zeros(A.shape[1]), np.full(len(rows.y), np.inf)


def _jacobian(terms: Sequence[Term], w: Array, A: Array, rows: Rows) -> Array:
    """Of the projected residual by the inner constants, (rows, constants), without Kaufman's second term."""
    columns = [
        weight * (_moved(t, j, STEP).values(rows.U) - _moved(t, j, -STEP).values(rows.U)) / (2 * STEP)
        for weight, t in zip(w[1:], terms)
        for j in range(len(t.constants))
    ]
    if not columns or not np.isfinite(A).all():
        return np.zeros((len(A), len(columns)))
    J = np.column_stack(columns)
    return np.asarray(J - A @ _linear(A, J))


def _moved(term: Term, j: int, step: float) -> Term:
    """The term with one inner constant moved."""
    return replace(term, constants=tuple(c + step * (k == j) for k, c in enumerate(term.constants)))
