"""A field's equation: rows of the weak form, sets of terms, coefficients, and the one of least description length."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kansr.numeric.robust import mean_square, r_squared
from kansr.pipeline.fields.bumps import HELD_OUT_PARTS, bump_for
from kansr.pipeline.fields.estimate import Equation, estimated, judged
from kansr.pipeline.fields.field import Field
from kansr.pipeline.fields.noise import noise_of
from kansr.pipeline.fields.select import NATS, Chosen, Offers, offered, row_bits
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
    """Equations by description length in bits, fitted to the fitting rows, the best first; final: that of all rows.

    excess: χ² over the rows that all terms together leave, at least 1.
    """

    parts: Parts
    equations: tuple[tuple[float, Equation], ...]
    excess: float
    final: Equation

    def r2(self, equation: Equation, rows: Rows) -> float:
        """1 − mean square of what an equation leaves of the means of u_t, over their variance."""
        rest = rows.target - rows.columns[:, list(equation.chosen)] @ equation.values
        return r_squared(mean_square(rest), float(np.var(rows.target)))

    def chi_square(self) -> float:
        """What the final equation leaves of all rows, over what noise would leave: about 1 where that is all."""
        return self.final.chi_square / max(self.final.rows - len(self.final.values), 1)


def divided(field: Field) -> Parts:
    """The rows of a field. The last quarter of the axis that is longest, in supports, is held out."""
    values, shape = field.values, field.values.shape
    axes = list(enumerate(zip(field.steps, (1, *(MOST_ORDER for _ in field.space)))))
    narrow = [bump_for(values, k, step, order, HELD_OUT_PARTS) for k, (step, order) in axes]
    wide = [bump_for(values, k, step, order) for k, (step, order) in axes]
    axis = max(range(len(shape)), key=lambda k: shape[k] / (2 * narrow[k].half + 1))
    bumps = tuple(narrow[k] if k == axis else wide[k] for k in range(len(shape)))
    weak = Weak(field, bumps, tuple(terms_of(len(field.space))), noise_of(values))
    cut = shape[axis] - shape[axis] // HELD_OUT_PARTS
    whole = tuple(slice(0, n) for n in shape)
    before = tuple(slice(0, cut) if k == axis else s for k, s in enumerate(whole))
    after = tuple(slice(cut, shape[axis]) if k == axis else s for k, s in enumerate(whole))
    return Parts(weak.rows(before), weak.rows(after), weak.rows(whole), axis)


def solve(parts: Parts) -> Iterator[Solved]:
    """First an equation that may be all there is time for, then that of least description length.

    None of its terms tells less than it costs.
    """
    rows = parts.fitting
    offers = offered(rows)

    @functools.cache
    def tried(chosen: Chosen) -> Equation | None:
        return estimated(rows, chosen, offers.white.fit(chosen)[0])

    length = functools.partial(_length, tried, offers)
    likely = min(offers.sets, key=lambda s: offers.white.bits(s, offers.excess))
    first = tried(likely)
    if first is not None:
        yield Solved(parts, ((length(likely), first),), offers.excess, first)
    best = min(offers.sets, key=length)
    while best:
        shorter = min((tuple(k for k in best if k != out) for out in best), key=length)
        if length(shorter) >= length(best):
            break
        best = shorter
    known = sorted({*offers.sets, best}, key=lambda s: (s != best, length(s), s))
    equations = tuple((length(s), e) for s in known if (e := tried(s)) is not None)
    yield Solved(parts, equations, offers.excess, _on_all(parts.every, equations[0][1]))


def _length(tried: Callable[[Chosen], Equation | None], offers: Offers, chosen: Chosen) -> float:
    """Bits of an equation and of the rows; many more where a term tells less than it costs."""
    equation = tried(chosen)
    if equation is None:
        return math.inf
    costs = offers.white.costs[list(chosen)]
    told = equation.values**2 / np.diag(equation.covariance) / offers.excess / 2 * NATS
    lacking = float(np.sum(np.maximum(costs - told, 0.0)))
    left = row_bits(equation.chi_square / offers.excess, equation.rows) + equation.log_determinant / 2 * NATS
    return left + float(np.sum(costs)) + UNFOUNDED * lacking


UNFOUNDED = 10.0  # bits that a bit counts for which a term tells less than it costs


def _on_all(every: Rows, best: Equation) -> Equation:
    found = estimated(every, best.chosen, best.values)
    return judged(every, best.chosen, best.values, best.covariance) if found is None else found
