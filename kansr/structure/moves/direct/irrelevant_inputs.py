"""Irrelevant inputs: by correlations of ranks, which need no surrogate, and by the gradients of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray

from kansr.formula.judge.levels import EXPONENT_LEVEL, INDEPENDENCE_LEVEL, normal_quantile
from kansr.numeric.arrays import Array
from kansr.numeric.ranks import even
from kansr.numeric.spline_basis import least_squares
from kansr.numeric.tolerances import TINY
from kansr.structure.moves.gradient.sample import GradientSample
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, without_input, without_inputs
from kansr.structure.moves.thresholds import FEWEST_ROWS, NEGLIGIBLE
from kansr.structure.surrogate.gradient_field import GradientField
from kansr.structure.surrogate.target_transforms import views

# Shares of the largest slope, inputs in standard deviations, below which an input of noisy rows may be irrelevant; the
# error of a surrogate without it decides (results/2026-11-27-limits-kills-fuzzing-large-table).
SMALL_REACH = (0.03, 0.1, 0.3)
DEGREE = 3  # of the Legendre polynomials of each input that the target is correlated with


def uncorrelated_inputs(state: State) -> list[Move]:
    """Without all inputs that the target correlates with neither alone nor in pairs.

    What correlates with an input alone is subtracted before pairs are asked, since it would hide them.
    """
    rows, n = state.X.shape
    if n < 2 or rows < max(FEWEST_ROWS, 4 * DEGREE * n):
        return []
    polynomials = [legvander(even(x), DEGREE)[:, 1:] for x in state.X.T]
    A = np.column_stack([np.ones(rows), *polynomials])
    relevant = np.zeros(n, dtype=bool)
    for z in _scales(state.z):
        t, residual = _fitted(A, z)
        relevant |= np.abs(t[1:]).reshape(n, DEGREE).max(axis=1) > normal_quantile(INDEPENDENCE_LEVEL)
        for i, j in combinations(range(n), 2):
            products = (polynomials[i][:, :, None] * polynomials[j][:, None, :]).reshape(rows, -1)
            if not (relevant[i] and relevant[j]) and _correlates(products, residual):
                relevant[[i, j]] = True
    return _without_others(state, relevant)


def inputs_of_small_reach(state: State, field: GradientField) -> list[Move]:
    """Without all inputs along which a surrogate of noisy rows has small slopes, for each idea of small."""
    slopes = _slopes(state, field)
    return [move for level in SMALL_REACH for move in _without_others(state, slopes > level * slopes.max())]


def confirmed(moves: Sequence[Move], state: State, field: GradientField) -> list[Move]:
    """The moves that drop no input along which the surrogate moves by more than its error explains.

    Correlations miss small terms that a surrogate has.
    """
    spread = float(np.std({view.name: view.t for view in views(state.z)}[field.view]))
    least = normal_quantile(EXPONENT_LEVEL) * np.sqrt(field.error)
    relevant = {x for x, slope in zip(state.inputs, _slopes(state, field)) if slope / spread > least}
    return [move for move in moves if not move.used & relevant]


def flat_inputs(sample: GradientSample) -> Iterator[Move]:
    """Without an input along which the target does not move; the misfit is its slope over the largest one."""
    slopes = np.sqrt(np.mean(sample.steepness**2, axis=0))
    for i, share in enumerate(slopes / slopes.max()):
        if sample.n > 1 and share < NEGLIGIBLE:
            apply = partial(without_input, sample.state, i)
            yield Move(float(share), 0.0, f"without {sample.name(i)}", frozenset(), apply)


def _slopes(state: State, field: GradientField) -> Array:
    """The rms slope along each input in its standard deviations, (n,)."""
    return np.asarray(np.sqrt(np.mean((field.gradient * state.X.std(0)) ** 2, axis=0)))


def _without_others(state: State, relevant: NDArray[np.bool_]) -> list[Move]:
    """The move that drops the inputs that are not relevant, (n,); none if it drops nothing, or everything."""
    if relevant.all() or not relevant.any():
        return []
    gone = np.flatnonzero(~relevant).tolist()
    used = frozenset(state.inputs[i] for i in gone)
    name = f"without {', '.join(sorted(map(str, used)))}"
    return [Move(0.0, 0.0, name, used, partial(without_inputs, state, gone), removes=len(gone), measure=None)]


def _scales(z: Array) -> list[Array]:
    """The target on the scales on which it may be simple: its ranks, itself, and its logarithm. z: (rows,)"""
    size = np.abs(z)
    return [even(z), z, *([np.log(size)] if size.min() > 0 else [])]


def _fitted(A: Array, z: Array) -> tuple[Array, Array]:
    """Least squares: the weights over their standard errors, (columns,), and the residuals, (rows,)."""
    weights = least_squares(A, z[:, None], ridge=0.0)[:, 0]
    residual = z - A @ weights
    variance = np.diag(np.linalg.pinv(A.T @ A)) * np.sum(residual**2) / (len(z) - len(weights))
    return weights / (np.sqrt(variance) + TINY), residual


def _correlates(columns: Array, z: Array) -> bool:
    """Whether any of the columns, (rows, columns), correlates with z, (rows,), more than chance allows."""
    f, s = ((values - values.mean(0)) / (values.std(0) + TINY) for values in (columns, z))
    return bool(np.abs(f.T @ s).max() > normal_quantile(INDEPENDENCE_LEVEL) * np.sqrt(len(f)))
