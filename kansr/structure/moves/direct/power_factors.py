"""Inputs that only multiply the target by a power: seen from the rows themselves, however rough the rest is.

log|z| is the powers' part of it plus a rest that knows nothing of these inputs: a linear fit finds the exponents though
the rest has poles or oscillates, and correlations tell whether what is left is independent of each input.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.numeric.power_fit import exponents
from kansr.structure.moves.gradient.symmetry_flow import divide
from kansr.structure.moves.move import Factor, Move
from kansr.structure.moves.state import State

KNOWN = 0.08  # standard error of an exponent up to which halves are told apart
SIGNIFICANT = 4.0  # correlation, in units of what chance leaves, that speaks against independence
TAIL = 0.1  # share of the rows in each tail of what is left, where a small term shows first
FEWEST = 100  # rows that the test needs


def strip(state: State) -> list[Move]:
    """The target divided by the powers of all inputs that only multiply it, or of one of them; they leave the state."""
    X, z = state.X, state.z
    if len(z) < FEWEST or np.any(X == 0) or np.any(z == 0) or X.shape[1] < 2:
        return []
    logs = np.log(np.abs(X))
    _, fitted, errors = exponents(X, z)
    powers = {
        i: sympy.Rational(round(2 * p), 2)
        for i, (p, error) in enumerate(zip(fitted, errors))
        if error < KNOWN and round(2 * p) and abs(round(2 * p) / 2 - p) < 3 * error + 1e-9
    }
    powers = {i: p for i, p in powers.items() if p.is_Integer or np.all(X[:, i] > 0)}
    divided = _divided(state, powers)
    powers = {i: p for i, p in powers.items() if _independent(divided, logs, i)}
    # what stands beside a small term seems to stand before it, so that one power may be right and all of them wrong
    choices = [powers, *({i: p} for i, p in powers.items() if len(powers) > 1)]
    return [_move(state, chosen) for chosen in choices if 0 < len(chosen) < X.shape[1]]


def _move(state: State, powers: dict[int, sympy.Rational]) -> Move:
    used = frozenset(state.inputs[i] for i in powers)
    apply = partial(divide, state, [Factor(i, state.inputs[i], state.X[:, i], p) for i, p in powers.items()])
    return Move(0.0, 0.0, "powers before the rest", used, apply, removes=len(powers), measure=None)


def _divided(state: State, powers: dict[int, sympy.Rational]) -> Array:
    values: Array = state.z / np.prod([state.X[:, i] ** float(p) for i, p in powers.items()], axis=0)
    return values


def _independent(z: Array, logs: Array, i: int) -> bool:
    """Whether the size and the sign of z know nothing of column i, alone or together with another column."""
    scaled = (logs - logs.mean(0)) / logs.std(0)
    size = np.log(np.abs(z))
    tails = [size < np.quantile(size, TAIL), size > np.quantile(size, 1 - TAIL)]
    sides = [size, np.abs(size - np.median(size)), np.sign(z), *(tail.astype(float) for tail in tails)]
    others = [scaled[:, i], scaled[:, i] ** 2, *(scaled[:, i] * scaled[:, j] for j in range(logs.shape[1]) if j != i)]
    limit = SIGNIFICANT / np.sqrt(len(z))
    for side in sides:
        for other in others:
            spread = float(np.std(side) * np.std(other))
            if spread > 0 and abs(np.mean((side - side.mean()) * (other - other.mean()))) > limit * spread:
                return False
    return True
