"""Dominant terms: a power product that is nearly the whole target is divided out, so that the small rest shows.

With z = c·Π x_k**p_k·(1 + ε) and ε small, the error of a surrogate of z may be as large as ε, and that of a surrogate
of z over the product is not. Dividing is exact even where the product is only near; other moves find out whether it is
a term or a factor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import sympy

from kansr.expression.nice_numbers import factor_near
from kansr.numeric.arrays import Array
from kansr.numeric.power_fit import exponents
from kansr.numeric.tolerances import ROUNDING
from kansr.result.derivation import Step
from kansr.structure.moves.gradient.additive_term import subtract_term
from kansr.structure.moves.gradient.sample import half, halves, power_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import TARGET_SYMBOL, State, times
from kansr.structure.moves.thresholds import FAR
from kansr.structure.surrogate.target_transforms import IDENTITY

DOMINANT = 0.1  # spread of log|z/product|, over that of log|z|, up to which the product dominates; never measured alone


def dominant_terms(state: State) -> list[Move]:
    """The target without the term, where the factor of the product is a nice number, and over the product.

    All inputs are kept. The misfit is the spread of log|z/product| over that of log|z|.
    """
    powers = _powers(state)
    if not powers:
        return []
    product = np.prod([power_of(state.X[:, i], p) for i, p in powers.items()], axis=0)
    spread = float(np.std(np.log(np.abs(state.z / product))))
    share = spread / float(np.std(np.log(np.abs(state.z))))
    if not ROUNDING < share < DOMINANT:
        return []
    outer = sympy.Mul(*(state.inputs[i] ** p for i, p in powers.items()))
    number = factor_near(float(np.median(state.z / product)), FAR * spread)
    options: list[Callable[[], State | None]] = [partial(_divided, state, outer, product)]
    if number is not None:
        options.insert(0, partial(subtract_term, state, IDENTITY, number * outer, float(number) * product, []))
    name = f"{outer} is most of it"
    return [Move(share, 0.0, name, frozenset(), apply, removes=0, measure=None) for apply in options]


def _powers(state: State) -> dict[int, sympy.Rational]:
    """The power product nearest to the target in logarithms, its powers integers or halves; empty if there is none."""
    X, z = state.X, state.z
    if np.any(X == 0) or np.any(z == 0) or len(z) < 2 * X.shape[1] + 2:
        return {}
    rounded = halves(exponents(X, z)[1])
    if rounded is None or any(np.any(X[:, i] < 0) for i in np.flatnonzero(rounded % 1)):
        return {}
    return {int(i): half(rounded[i]) for i in np.flatnonzero(rounded)}


def _divided(state: State, outer: sympy.Expr, product: Array) -> State:
    """The state with z/product as its target. product: (rows,)"""
    step = Step(str(TARGET_SYMBOL / outer))
    return replace(state, z=state.z / product, back=partial(times, state.back, outer), moves=(*state.moves, step))
