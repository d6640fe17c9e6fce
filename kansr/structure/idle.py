"""Inputs that the target does not know, told by correlations: no smooth model is needed for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np
from scipy.stats import rankdata

from kansr.data.dataset import Array
from kansr.graph import Step
from kansr.structure.state import Move, State

SIGNIFICANT = 4.5  # correlation, in units of what chance leaves, that shows that an input matters
FEWEST = 100  # rows that the test needs


def idle(state: State) -> list[Move]:
    """Drops all inputs that neither alone nor beside another one go along with the target."""
    count = state.X.shape[1]
    if len(state.z) < FEWEST or count < 2:
        return []
    waves = [_polynomials(x) for x in state.X.T]
    centred = _even(state.z)
    sides = np.column_stack([centred, centred**2, state.z])
    seen = np.zeros(count, dtype=bool)
    for i in range(count):
        seen[i] = _speaks(waves[i], sides)
    for i, j in combinations(range(count), 2):
        if not (seen[i] and seen[j]):
            products = (waves[i][:, :2, None] * waves[j][:, None, :2]).reshape(len(centred), -1)
            if _speaks(products, sides):
                seen[[i, j]] = True
    if seen.all() or not seen.any():
        return []
    gone = frozenset(state.inputs[i] for i in np.flatnonzero(~seen))
    name = f"without {', '.join(sorted(map(str, gone)))}"
    return [Move(0.0, 0.0, name, gone, partial(_without, state, seen, name), removes=len(gone))]


def _even(x: Array) -> Array:
    """Ranks as numbers from −1 to 1."""
    return np.asarray(2 * rankdata(x) / len(x) - 1)


def _polynomials(x: Array) -> Array:
    """Legendre's first three polynomials over the ranks, (rows, 3)."""
    u = _even(x)
    return np.column_stack([u, (3 * u**2 - 1) / 2, (5 * u**3 - 3 * u) / 2])


def _speaks(features: Array, sides: Array) -> bool:
    f, s = ((m - m.mean(0)) / (m.std(0) + 1e-300) for m in (features, sides))
    return bool(np.abs(f.T @ s).max() > SIGNIFICANT * np.sqrt(len(f)))


def _without(state: State, kept: Array, name: str) -> State:
    inputs = tuple(expr for expr, keep in zip(state.inputs, kept) if keep)
    return replace(state, X=state.X[:, kept], inputs=inputs, moves=(*state.moves, Step(name)))
