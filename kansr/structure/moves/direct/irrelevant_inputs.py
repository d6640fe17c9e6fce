"""Inputs that the target does not know, told by correlations: no smooth model is needed for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.numeric.ranks import even
from kansr.numeric.spline_basis import least_squares
from kansr.structure.moves.gradient.sample import Rows, drop, name_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import Field
from kansr.structure.surrogate.target_transforms import views

SIGNIFICANT = 4.5  # correlation, in units of what chance leaves, that shows that an input matters
CLEARLY = 3.0  # times its error that a smooth model has to move along an input for it not to be idle
FAINT = (0.03, 0.1, 0.3)  # of the largest reach of an input: below it an input may be idle where there is noise
FEWEST, ALONE = 100, 3  # rows that the test needs, and polynomials of each input


def idle(state: State) -> list[Move]:
    """Drops all inputs that neither alone nor beside another one go along with the target.

    What goes along with an input alone is taken off the target before pairs are asked: it would drown them.
    """
    rows, count = state.X.shape
    if rows < FEWEST or count < 2 or rows < 4 * ALONE * count:
        return []
    waves = [_polynomials(x) for x in state.X.T]
    features = np.column_stack([np.ones(rows), *waves])
    seen = np.zeros(count, dtype=bool)
    for side in _sides(state.z):
        weights, left = _taken_off(features, side)
        seen |= np.abs(weights[1:]).reshape(count, ALONE).max(axis=1) > SIGNIFICANT
        for i, j in combinations(range(count), 2):
            products = (waves[i][:, :2, None] * waves[j][:, None, :2]).reshape(rows, -1)
            if not (seen[i] and seen[j]) and _speaks(products, left):
                seen[[i, j]] = True
    return _leaving(state, seen)


def faint(state: State, smooth: Field) -> list[Move]:
    """Drops all inputs along which a smooth model of noisy rows moves little, for each idea of little.

    Whether they matter is for the errors of smooth models without them to say.
    """
    reach = _reach(state, smooth)
    return [move for level in FAINT for move in _leaving(state, reach > level * reach.max())]


def unmoved(found: list[Move], state: State, smooth: Field) -> list[Move]:
    """The moves that no gradient speaks against: tests of independence miss small terms that a smooth model sees."""
    spread = float(np.std({view.name: view.t for view in views(state.z)}[smooth.view]))
    seen = {x for x, r in zip(state.inputs, _reach(state, smooth)) if r / spread > CLEARLY * np.sqrt(smooth.error)}
    return [move for move in found if not move.used & seen]


def _reach(state: State, smooth: Field) -> Array:
    """How far the target moves along each input when that moves by its spread, (inputs,)."""
    return np.asarray(np.sqrt(np.mean((smooth.gradient * state.X.std(0)) ** 2, axis=0)))


def _leaving(state: State, seen: NDArray[np.bool_]) -> list[Move]:
    """The move that drops what is not seen, if there is something, and something else."""
    if seen.all() or not seen.any():
        return []
    gone = frozenset(state.inputs[i] for i in np.flatnonzero(~seen))
    name = f"without {', '.join(sorted(map(str, gone)))}"
    return [Move(0.0, 0.0, name, gone, partial(_without, state, seen), removes=len(gone), measure=None)]


def _polynomials(x: Array) -> Array:
    """Legendre's first three polynomials over the ranks, (rows, 3)."""
    u = even(x)
    return np.column_stack([u, (3 * u**2 - 1) / 2, (5 * u**3 - 3 * u) / 2])


def _sides(z: Array) -> list[Array]:
    """The target in the scales in which it may be simple."""
    size = np.abs(z)
    return [even(z), z, *([np.log(size)] if size.min() > 0 else [])]


def _taken_off(features: Array, side: Array) -> tuple[Array, Array]:
    """Least squares -> the weights in units of their standard errors, (features,), and the residuals, (rows,)."""
    weights = least_squares(features, side[:, None], ridge=0.0)[:, 0]
    left = side - features @ weights
    variance = np.diag(np.linalg.pinv(features.T @ features)) * np.sum(left**2) / (len(side) - len(weights))
    return weights / (np.sqrt(variance) + 1e-300), left


def _speaks(features: Array, side: Array) -> bool:
    f, s = ((m - m.mean(0)) / (m.std(0) + 1e-300) for m in (features, side))
    return bool(np.abs(f.T @ s).max() > SIGNIFICANT * np.sqrt(len(f)))


def _without(state: State, seen: NDArray[np.bool_]) -> State:
    for i in reversed(np.flatnonzero(~seen).tolist()):
        state = drop(state, i)
    return state


def irrelevant(rows: Rows) -> Iterator[Move]:
    """Inputs along which the target does not move."""
    reach = np.sqrt(np.mean(np.minimum(rows.reach, np.quantile(rows.reach, 0.99)) ** 2, axis=0))
    for i in range(rows.n):
        if rows.n > 1 and reach[i] < 1e-4 * reach.max():
            yield Move(1e-8, 0, f"without {name_of(rows, i)}", frozenset(), partial(drop, rows.state, i))
