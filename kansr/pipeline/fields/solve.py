"""A field's equation: rows of the weak form, sets of terms, coefficients, and the one of least description length."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kansr.numeric.robust import mean_square, r_squared
from kansr.pipeline.fields.bumps import PARTS, bump_for
from kansr.pipeline.fields.estimate import Equation, estimated, judged
from kansr.pipeline.fields.field import Field
from kansr.pipeline.fields.noise import noise_of
from kansr.pipeline.fields.select import NATS, Chosen, Offers, offered, term_bits
from kansr.pipeline.fields.terms import MOST_ORDER, terms_of
from kansr.pipeline.fields.weak import Rows, Weak


@dataclass(frozen=True, eq=False)
class Parts:
    """The rows of a field: those that terms are chosen by, those that are held out, and all. axis: that is divided."""

    fitting: Rows
    held_out: Rows
    every: Rows
    axis: int


@dataclass(frozen=True, eq=False)
class Solved:
    """Equations by description length in bits, fitted to the fitting rows, the best first; and that to all rows.

    excess: χ² over the rows that all terms together leave, at least 1. final: None where there is no equation.
    """

    parts: Parts
    equations: tuple[tuple[float, Equation], ...]
    excess: float
    final: Equation | None

    def r2(self, equation: Equation, rows: Rows) -> float:
        """1 − mean square of what an equation leaves of the means of u_t, over their variance."""
        rest = rows.target - rows.columns[:, list(equation.chosen)] @ equation.values
        return r_squared(mean_square(rest), float(np.var(rows.target)))

    def chi_square(self) -> float:
        """What the final equation leaves of all rows, over what noise would leave: about 1 where that is all."""
        return math.inf if self.final is None else self.final.chi_square / max(self.final.rows - len(self.final.values), 1)


def divided(field: Field) -> Parts:
    """The rows of a field. The last quarter of the axis that is longest, in supports, is held out."""
    orders = (1, *(MOST_ORDER for _ in field.space))
    bumps = tuple(bump_for(field.values, k, step, order) for k, (step, order) in enumerate(zip(field.steps, orders)))
    weak = Weak(field, bumps, tuple(terms_of(len(field.space))), noise_of(field.values))
    shape = field.values.shape
    axis = max(range(len(shape)), key=lambda k: shape[k] / (2 * bumps[k].half + 1))
    cut = shape[axis] - shape[axis] // PARTS
    whole = tuple(slice(0, n) for n in shape)
    before = tuple(slice(0, cut) if k == axis else s for k, s in enumerate(whole))
    after = tuple(slice(cut, shape[axis]) if k == axis else s for k, s in enumerate(whole))
    return Parts(weak.rows(before), weak.rows(after), weak.rows(whole), axis)


def solve(parts: Parts) -> Solved:
    """The equation of least description length, none of whose terms tells less than it costs."""
    rows = parts.fitting
    offers = offered(rows)

    @functools.cache
    def tried(chosen: Chosen) -> Equation | None:
        return estimated(rows, chosen, offers.white.fit(chosen)[0])

    length = functools.partial(_length, tried, offers)
    best = min(offers.sets, key=length)
    while best:
        shorter = min((tuple(k for k in best if k != out) for out in best), key=length)
        if length(shorter) >= length(best):
            break
        best = shorter
    known = sorted({*offers.sets, best}, key=lambda s: (s != best, length(s), s))
    equations = tuple((length(s), e) for s in known if (e := tried(s)) is not None)
    return Solved(parts, equations, offers.excess, _on_all(parts.every, equations[0][1]))


def _length(tried: Callable[[Chosen], Equation | None], offers: Offers, chosen: Chosen) -> float:
    """Bits of an equation and of the rows; many more where a term tells less than it costs."""
    equation = tried(chosen)
    if equation is None:
        return math.inf
    rows, library = offers.white.matrix.shape
    cost = term_bits(len(chosen), rows, library)
    told = equation.values**2 / np.diag(equation.covariance) / offers.excess / 2 * NATS
    lacking = float(np.sum(np.maximum(cost / max(len(chosen), 1) - told, 0.0)))
    return (equation.chi_square / offers.excess + equation.log_determinant) / 2 * NATS + cost + UNFOUNDED * lacking


UNFOUNDED = 10.0  # bits that a bit counts for which a term tells less than it costs


def _on_all(every: Rows, best: Equation) -> Equation | None:
    found = estimated(every, best.chosen, best.values)
    return judged(every, best.chosen, best.values, best.covariance) if found is None else found
