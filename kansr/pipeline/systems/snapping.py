"""Constants of a fitted system replaced by nice numbers while the description gets shorter.

What a replacement costs is read off the covariance of the constants: the others follow it along the likeliest
direction, so that nothing is integrated again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.expression.nice_numbers import proposals
from kansr.formula.fit.constants import replaced
from kansr.numeric.arrays import Array

TOLERANCE = 2.5  # standard errors within which a nice number is tried
LEAST_TOLERANCE = 1e-5  # share of a constant, the same: solvers that make rows are no better
KNOWN = 0.05  # standard error over a constant up to which it is replaced: what is known less moves others with it
# Numbers that are tried for one constant. Multiples of pi and roots are none of them: of noisy constants some come near
# one by chance (9.87 for 9.81 in 5 of ODEBench).
MOST_TRIED = 8
MOST_BITS = 12.0  # bits of one replacement, above which it is not made, however much shorter the formula
NATS = 1 / math.log(2)  # bits of a nat


@dataclass(frozen=True, eq=False)
class Snapped:
    """Right-hand sides with nice numbers in place of some constants; loss: bits of likelihood that this costs.

    fixed: the floats among these numbers, which stay when the others are fitted again.
    """

    exprs: tuple[sympy.Expr, ...]
    loss: float
    fixed: tuple[sympy.Float, ...]


def snapped(
    exprs: tuple[sympy.Expr, ...],
    constants: tuple[tuple[sympy.Float, ...], ...],
    values: Array,
    covariance: Array,
    lengths: Sequence[Callable[[sympy.Expr], float]],
) -> Snapped:
    """exprs: as they were before the fit, with these constants; values, covariance: fitted; lengths: the code length
    of an expression in bits, for each right-hand side."""
    owner = [k for k, own in enumerate(constants) for _ in own]
    names = [[sympy.Symbol(f"_c{k}_{j}") for j in range(len(own))] for k, own in enumerate(constants)]
    symbols = [symbol for own in names for symbol in own]
    forms = [replaced(e, dict(zip(own, new))) if own else e for e, own, new in zip(exprs, constants, names)]
    v, S = values.copy(), covariance.copy()
    numbers: dict[sympy.Symbol, sympy.Expr] = {}
    loss = 0.0

    def written(k: int, trial: dict[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
        now = {s: trial.get(s, sympy.Float(float(v[symbols.index(s)]))) for s in names[k]}
        return forms[k].xreplace(now)

    while True:
        best = None
        for i, symbol in enumerate(symbols):
            if symbol in numbers or not S[i, i] > 0:
                continue
            k = owner[i]
            before = lengths[k](written(k, numbers))
            for number in _near(float(v[i]), math.sqrt(S[i, i])):
                cost = (float(number) - v[i]) ** 2 / S[i, i] / 2 * NATS
                if cost > MOST_BITS:
                    continue
                after = written(k, {**numbers, symbol: number})
                gain = before - lengths[k](after) - cost
                if gain > 0 and (best is None or gain > best[0]):
                    best = gain, i, number, cost
        if best is None:
            break
        _, i, number, cost = best
        loss += cost
        v = v + S[:, i] / S[i, i] * (float(number) - v[i])
        S = S - np.outer(S[:, i], S[i]) / S[i, i]
        S[i, :] = S[:, i] = 0.0
        numbers[symbols[i]] = number
    fixed = tuple(n for n in numbers.values() if n.is_Float)
    return Snapped(tuple(written(k, numbers) for k in range(len(forms))), loss, fixed)


def _near(value: float, error: float) -> Iterator[sympy.Expr]:
    if error < KNOWN * abs(value):
        found = proposals(value, max(TOLERANCE * error, LEAST_TOLERANCE * abs(value)), MOST_TRIED)
        yield from (number for number in found if number.is_Rational or number.is_Float)
