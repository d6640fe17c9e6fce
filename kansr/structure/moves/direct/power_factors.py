"""Power factors: inputs that only multiply the target by powers, found without a surrogate however rough the rest is.

log|z| is linear in the logarithms of these inputs, plus a rest that is independent of them: a linear fit has the
exponents though the rest has poles or oscillates, and correlations test what is left for independence of each input.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import sympy

from kansr.formula.judge.levels import EXPONENT_LEVEL, INDEPENDENCE_LEVEL, normal_quantile
from kansr.numeric.arrays import Array
from kansr.numeric.power_fit import exponents
from kansr.numeric.tolerances import ROUNDING
from kansr.structure.moves.gradient.sample import half
from kansr.structure.moves.gradient.symmetry_flow import divide
from kansr.structure.moves.move import Factor, Move
from kansr.structure.moves.state import State
from kansr.structure.moves.thresholds import FEWEST_ROWS

TAIL = 0.1  # share of the rows in each tail of what is left, where a small term shows first; never measured alone


def power_factors(state: State) -> list[Move]:
    """The target over the powers of all inputs that only multiply it, and over that of each alone."""
    X, z = state.X, state.z
    if len(z) < FEWEST_ROWS or np.any(X == 0) or np.any(z == 0) or X.shape[1] < 2:
        return []
    powers = _powers(X, z)
    left = z / np.prod([X[:, i] ** float(p) for i, p in powers.items()], axis=0)
    logs = np.log(np.abs(X))
    powers = {i: p for i, p in powers.items() if _is_independent(left, logs, i)}
    # where a small term stands beside the product, one power may be right and all of them wrong
    choices = [powers, *({i: p} for i, p in powers.items() if len(powers) > 1)]
    return [_move(state, chosen) for chosen in choices if 0 < len(chosen) < X.shape[1]]


def _powers(X: Array, z: Array) -> dict[int, sympy.Rational]:
    """The exponents that are integers or halves within their standard errors, where these tell halves apart."""
    _, fitted, errors = exponents(X, z)
    powers = {}
    for i, (p, margin) in enumerate(zip(fitted.tolist(), (normal_quantile(EXPONENT_LEVEL) * errors).tolist())):
        power = half(round(2 * p) / 2)
        possible = power.is_Integer or np.all(X[:, i] > 0)
        if power and possible and 4 * margin < 1 and abs(float(power) - p) < margin + ROUNDING:
            powers[i] = power
    return powers


def _move(state: State, powers: dict[int, sympy.Rational]) -> Move:
    used = frozenset(state.inputs[i] for i in powers)
    apply = partial(divide, state, [Factor(i, state.inputs[i], state.X[:, i], p) for i, p in powers.items()])
    return Move(0.0, 0.0, "powers before the rest", used, apply, removes=len(powers), measure=None)


def _is_independent(z: Array, logs: Array, i: int) -> bool:
    """Whether the size and the sign of z correlate with input i neither alone nor in a product with another input.

    z: (rows,); logs: (rows, n) logarithms of the inputs.
    """
    scaled = (logs - logs.mean(0)) / logs.std(0)
    size = np.log(np.abs(z))
    tails = [size < np.quantile(size, TAIL), size > np.quantile(size, 1 - TAIL)]
    sides = [size, np.abs(size - np.median(size)), np.sign(z), *(tail.astype(float) for tail in tails)]
    others = [scaled[:, i], scaled[:, i] ** 2, *(scaled[:, i] * scaled[:, j] for j in range(logs.shape[1]) if j != i)]
    limit = normal_quantile(INDEPENDENCE_LEVEL) / np.sqrt(len(z))
    for side in sides:
        for other in others:
            spread = float(np.std(side) * np.std(other))
            if spread > 0 and abs(np.mean((side - side.mean()) * (other - other.mean()))) > limit * spread:
                return False
    return True
