"""A formula with what is known about it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from kansr.data.dataset import Array, Dataset
from kansr.expression.complexity import bits, complexity
from kansr.expression.evaluate import Tape
from kansr.expression.render import latex, render

if TYPE_CHECKING:
    import pandas as pd

# Residuals below this share of the target's spread are rounding: no formula is better than another there.
ROUNDING = 1e-10
MAD = 1.4826  # standard deviation of normal errors over their median size
HUBER = 1.345  # levels from which residuals count by their size: 95 % as efficient as squares where errors are normal
NORMAL_LOSS = 0.46607  # mean of Huber's loss over normal errors
WIDE = 30.0  # largest over smallest value of a target from which its errors may be relative


@dataclass(frozen=True)
class Candidate:
    """loss: mean squared error on the rows it was fitted to; r2 there and on rows it has not seen.

    likely: the same under the likelier error model, by which formulas are compared (see likely_square).
    description_length: bits for the formula plus bits for its residuals (Rissanen 1978); only differences mean
    something. origin: which stage found it.
    """

    expr: sympy.Expr
    complexity: int
    loss: float
    likely: float = field(compare=False)  # not in what is saved
    r2: float
    r2_held_out: float
    description_length: float
    origin: str

    def latex(self, digits: int = 6) -> str:
        """The formula as LaTeX, numbers rounded to `digits` significant digits."""
        return latex(self.expr, digits)


def judge(expr: sympy.Expr, fitting: Dataset, held_out: Dataset, origin: str) -> Candidate:
    """What the formula is worth, measured from the expression itself; nothing is fitted here."""
    residual = Tape(expr, fitting.names).value(fitting.X) - fitting.y
    loss, likely = mean_square(residual), likely_square(residual, fitting)
    unseen = mean_square(Tape(expr, held_out.names).value(held_out.X) - held_out.y)
    spread, unseen_spread = float(np.var(fitting.y)), float(np.var(held_out.y))
    return Candidate(
        expr,
        complexity(expr),
        loss,
        likely,
        r_squared(loss, spread),
        r_squared(unseen, unseen_spread),
        description_length(expr, likely, fitting),
        origin,
    )


def cross_validated(candidate: Candidate, data: Dataset, seed: int, folds: int = 6) -> Candidate:
    """The candidate with r² on unseen rows measured by leaving out a part at a time and refitting the constants.

    For tables too small to keep rows aside.
    """
    from kansr.formula.fit.constants import polish

    order = np.random.default_rng(seed).permutation(data.rows)
    residual = np.empty(data.rows)
    for part in np.array_split(order, min(folds, data.rows)):
        refitted = polish(candidate.expr, data.take(np.setdiff1d(order, part)))
        residual[part] = Tape(refitted.expr, data.names).value(data.X[part]) - data.y[part]
    return replace(candidate, r2_held_out=r_squared(mean_square(residual), float(np.var(data.y))))


def spans_decades(y: Array) -> bool:
    """Whether a target has one sign and ranges so widely that its errors may well be relative ones."""
    size = np.abs(y)
    return bool((y.min() > 0 or y.max() < 0) and size.max() > WIDE * size.min())


def spread_of(y: Array) -> float:
    """What errors of a target are measured by: its std, or its typical size where a few large rows make up the std."""
    spread = float(np.std(y)) or 1.0
    return min(spread, typical(np.abs(y))) if spans_decades(y) else spread


def typical(sizes: Array) -> float:
    """The geometric mean of positive numbers, (rows,)."""
    return float(np.exp(np.mean(np.log(sizes))))


def shares(data: Dataset) -> Array:
    """The errors of the rows over the typical one, (rows,); all 1 where they are not known."""
    return np.ones(data.rows) if data.sigma is None else data.sigma / typical(data.sigma)


def likely_square(residual: Array, data: Dataset) -> float:
    """The mean square of the residuals, (rows,), under the likelier of two error models: all alike, or as large as y.

    In proportion to y, it is the mean squared relative residual times the geometric mean of y², which makes the two
    likelihoods comparable; asked only of targets that span decades. Errors that are known decide: then each is in
    proportion to its sigma.
    """
    square = robust_square if data.robust else mean_square
    if data.sigma is not None:
        return square(residual / shares(data))
    alike = square(residual)
    if not spans_decades(data.y):
        return alike
    return min(alike, square(residual / data.y) * typical(np.abs(data.y)) ** 2)


def robust_square(residual: Array) -> float:
    """The square of the noise level that says as much under Huber's density as the residuals do; inf if any is.

    exp(−ρ(r/s))/s is the density that is least favourable to outliers (Huber 1964); s is the level that the median
    absolute residual gives. For normal residuals this is their mean square, and it is never more.
    """
    size = np.abs(residual)
    level = MAD * float(np.median(size)) if np.isfinite(size).all() else 0.0
    if level == 0:
        return mean_square(residual)
    scaled = size / level
    loss = np.where(scaled <= HUBER, scaled**2 / 2, HUBER * scaled - HUBER**2 / 2)
    more = min(2 * (float(np.mean(loss)) - NORMAL_LOSS), 700.0)  # of which the exponential is still a number
    return min(mean_square(residual), level**2 * math.exp(more))


def description_length(expr: sympy.Expr, loss: float, data: Dataset) -> float:
    """Bits to write the formula and then the target, each value to the precision of ROUNDING.

    loss: the mean square of the residuals, or `likely_square` of them.
    """
    spread = spread_of(data.y)
    if not np.isfinite(loss):
        return math.inf
    # the unbiased estimate: every constant has used up a row
    free = max(data.rows - len(expr.atoms(sympy.Float)), 1)
    noise = max(math.sqrt(loss * data.rows / free) / spread, ROUNDING)
    return data.rows * math.log2(noise / ROUNDING) + bits(expr, bits_per_float(noise, data.rows), len(data.names))


def bits_per_float(noise: float, rows: int) -> float:
    """What one fitted constant costs: it is known to about noise/√rows of its size (Fisher information)."""
    return float(np.clip(math.log2(math.sqrt(rows) / max(noise, ROUNDING)), 4.0, 52.0))


def mean_square(residual: Array) -> float:
    """The mean square, inf if any residual is not finite."""
    with np.errstate(all="ignore"):
        value = float(np.mean(residual * residual)) if len(residual) else math.nan
    return value if np.isfinite(value) else math.inf


def r_squared(loss: float, spread: float) -> float:
    """1 − loss / variance; 1 for a constant target that is met."""
    if spread == 0:
        return 1.0 if loss == 0 else -math.inf
    return 1 - loss / spread


@dataclass(frozen=True)
class ParetoFront:
    """The formulas that no other beats in both complexity and likelihood, simplest first.

    chosen: the one that was asked for, which may be beaten; None for the best by description length.
    """

    candidates: tuple[Candidate, ...]
    chosen: Candidate | None = None

    def __iter__(self) -> Any:
        return iter(self.candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def best(self) -> Candidate:
        """The one that was asked for, or that with the shortest description of formula and residuals together."""
        return self.chosen or min(self.candidates, key=lambda c: (c.description_length, c.complexity))

    def with_best(self, other: Candidate) -> ParetoFront:
        """The front with something else in the place of its best formula."""
        best = self.best
        candidates = tuple(other if c is best else c for c in self.candidates)
        return replace(self, candidates=candidates, chosen=self.chosen and other)

    def to_frame(self) -> pd.DataFrame:
        """One row a formula, simplest first."""
        import pandas as pd

        measures = ("complexity", "loss", "r2", "r2_held_out", "description_length")
        return pd.DataFrame(
            {
                **{name: [getattr(c, name) for c in self.candidates] for name in measures},
                "equation": [render(c.expr) for c in self.candidates],
                "sympy_format": [c.expr for c in self.candidates],
            }
        )


def pareto(candidates: Iterable[Candidate], spread: float) -> ParetoFront:
    """The front of `candidates`; errors below rounding, for a target of variance `spread`, count as equal."""
    rounding = (ROUNDING**2) * spread

    def order(c: Candidate) -> tuple[float, float, float, str]:
        return (c.complexity, max(c.likely, rounding), c.description_length, str(c.expr))

    front: list[Candidate] = []
    for candidate in sorted((c for c in candidates if np.isfinite(c.loss)), key=order):
        if not front or max(candidate.likely, rounding) < max(front[-1].likely, rounding) * (1 - 1e-9):
            front.append(candidate)
    return ParetoFront(tuple(front))
