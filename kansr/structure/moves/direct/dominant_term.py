"""A power product that is nearly the whole target: divided by it, what is left shows the small rest.

y = c·Π x_i**p_i·(1 + ε), ε small: a smooth model of y has an error as large as ε may be, one of y over the product has
not. The product need only be near: dividing by it is exact, and whether it is a term or a factor is for other moves.
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
from kansr.result.derivation import Step
from kansr.structure.moves.gradient.additive_term import taken_off
from kansr.structure.moves.gradient.sample import multiplied, raised
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import TARGET_SYMBOL, State
from kansr.structure.surrogate.target_transforms import IDENTITY

SMALL = 0.1  # spread of log|y| over the product, over that of log|y|, up to which the product is dominant
WHOLE = 1e-9  # the same down to which the product is all there is
NEAR = 0.05  # how far the exponents may be from halves
LARGEST = 6  # exponent
SPARE = 5.0  # spreads of the ratio of both that the plain number may be off


def dominant(state: State) -> list[Move]:
    """The target without the product, where its factor is a plain number, and over it; all inputs are kept.

    Their misfit is the share of the rest.
    """
    X, z = state.X, state.z
    if np.any(X == 0) or np.any(z == 0) or len(z) < 2 * X.shape[1] + 2:
        return []
    _, fitted, _ = exponents(X, z)
    powers = {i: sympy.Rational(round(2 * p), 2) for i, p in enumerate(fitted.tolist()) if round(2 * p)}
    whole = all(p.is_Integer or np.all(X[:, i] > 0) for i, p in powers.items())
    far = max(abs(p - float(powers.get(i, 0))) for i, p in enumerate(fitted.tolist()))
    if not powers or not whole or far > NEAR or max(abs(p) for p in powers.values()) > LARGEST:
        return []
    product = np.prod([raised(X[:, i], p) for i, p in powers.items()], axis=0)
    spread = float(np.std(np.log(np.abs(z))))
    left = float(np.std(np.log(np.abs(z / product)))) / spread
    if not WHOLE < left < SMALL:
        return []
    outer = sympy.Mul(*(state.inputs[i] ** p for i, p in powers.items()))
    ratio = float(np.median(z / product))
    number = factor_near(ratio, SPARE * left * spread)
    options: list[Callable[[], State | None]] = [partial(_divided, state, outer, product)]
    if number is not None:
        options.insert(0, partial(taken_off, state, IDENTITY, number * outer, float(number) * product, []))
    return [Move(left, 0.0, f"{outer} is most of it", frozenset(), way, removes=0, measure=None) for way in options]


def _divided(state: State, outer: sympy.Expr, product: Array) -> State:
    back = partial(multiplied, state.back, outer)
    return replace(state, z=state.z / product, back=back, moves=(*state.moves, Step(str(TARGET_SYMBOL / outer))))
