"""Fit the constants of a formula to rows in groups: those that all groups share, and those that each has of its own.

The normal equations have the shape of an arrowhead: constants of two groups meet only through those that are shared.
So each group's own are eliminated first, and a step costs as much as there are groups, not its cube.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.data.grouping import Grouping
from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import replaced, tied_floats
from kansr.formula.fit.error_model import error_ms_of, relative_sigma, spans_decades
from kansr.numeric.arrays import Array
from kansr.numeric.least_squares import (
    SETTLED,
    batch_at,
    levenberg_marquardt,
    refined_batch,
)
from kansr.numeric.robust import mean_square, typical
from kansr.numeric.tolerances import SINGULAR, TINY, ZERO_RMS

ITERATIONS = 40  # Levenberg-Marquardt steps at most; never measured alone
AT_ONCE, MOVING = 6, 1e-4  # steps at a time, and the relative decrease of a group's loss by which it still moves
# Relative squared error over that of the best group, from which a group is fitted again from where others ended.
POORLY = 2.0
STARTS, ROUNDS = 4, 5  # groups from whose constants the others are fitted again, and how often; never measured alone
BETTER = 0.01  # relative decrease of a group's squared error by which that has been of use


@dataclass(frozen=True, eq=False)
class GroupFit:
    """A formula with its constants fitted to rows in groups.

    expr: its floats are shared, and its symbols `own` are constants that each group has of its own; values: these,
    (groups, own). rms, error_ms: of the residuals, as in `constants.Fit`. errors: of the shared constants that were
    fitted, by constant; own_errors: of the others, (groups, own).
    """

    expr: sympy.Expr
    own: tuple[sympy.Symbol, ...]
    values: Array
    rms: float = np.inf
    error_ms: float = np.inf
    errors: tuple[tuple[float, float], ...] = ()
    own_errors: Array | None = None


def with_own_columns(data: Dataset, own: Sequence[sympy.Symbol], values: Array) -> Dataset:
    """The dataset with an input more for each constant of the groups. values: (groups, own)."""
    if data.grouping is None or not own:
        return data
    X = np.column_stack([data.X, values[data.grouping.codes]])
    rounding = data.rounding and replace(
        data.rounding, X=np.column_stack([data.rounding.X, np.zeros((data.rows, len(own)))])
    )
    return replace(data, X=X, names=(*data.names, *map(str, own)), rounding=rounding, grouping=None)


def fit_separately(fit: GroupFit, data: Dataset, starts: Sequence[Array] = ()) -> GroupFit:
    """The fit with the constants of each group fitted to its rows; what is shared stays.

    starts: further values to begin with, (groups, own) each; the best of each group counts.
    Groups that are fitted poorly begin again where others have ended, since a wave or an exponential has many optima.
    """
    try:
        problem = _Problem.of(fit, data, ())
    except FormulaError:
        return replace(fit, rms=np.inf, error_ms=np.inf)
    values, loss = _best([problem.separately(start) for start in (fit.values, *starts)])
    for _ in range(ROUNDS):
        relative = loss / problem.sizes
        best_one = float(np.min(relative))
        if not (relative > POORLY * max(best_one, ZERO_RMS)).any():
            break
        again = [problem.separately(np.broadcast_to(values[g], values.shape)) for g in _apart(values, relative)]
        before = loss
        values, loss = _best([(values, loss), *again])
        if not (loss < before * (1 - BETTER)).any():
            break
    return problem.measured(replace(fit, values=values), ())


def fit_together(fit: GroupFit, data: Dataset, *, fixed: Collection[sympy.Float] = ()) -> GroupFit:
    """The fit with all constants at their least-squares optimum near where they are. fixed: shared ones that stay.

    Where the target spans decades, its errors may be relative to it, and the likelier error model counts.
    """
    shared = tuple(c for c in tied_floats(fit.expr) if c not in fixed and -c not in fixed)
    try:
        problem = _Problem.of(fit, data, shared)
    except FormulaError:
        return replace(fit, rms=np.inf, error_ms=np.inf)
    best = problem.together(fit, shared)
    if data.sigma is None and spans_decades(data.y):
        relative = replace(problem, weight=typical(np.abs(data.y)) / np.abs(data.y))
        best = min(best, relative.together(fit, shared), key=lambda one: one.error_ms)
    return best


def _apart(values: Array, relative: Array) -> list[int]:
    """The groups that others begin again from: among those that are fitted well, such as are far from each other.

    relative: the squared error of each group over its size, (groups,).
    """
    order = np.argsort(relative, kind="stable")
    well = order[: max(STARTS, int(np.sum(relative <= POORLY * max(float(relative[order[0]]), ZERO_RMS))))]
    spread = np.std(values[well], axis=0)
    scaled = values[well] / np.where(spread > 0, spread, 1.0)
    chosen = [0]
    while len(chosen) < min(STARTS, len(well)):
        distance = np.min([np.sum((scaled - scaled[c]) ** 2, axis=1) for c in chosen], axis=0)
        distance[chosen] = -1.0
        chosen.append(int(np.argmax(distance)))
    return [int(well[c]) for c in chosen]


def _best(found: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """The best values of each group, and their losses, of several (values, losses)."""
    losses = np.array([loss for _, loss in found])
    chosen = np.argmin(losses, axis=0)
    groups = np.arange(losses.shape[1])
    return np.array([values for values, _ in found])[chosen, groups], losses[chosen, groups]


class _Normal(NamedTuple):
    """Blocks of the normal equations. own: (groups, n, n); mixed: (groups, n, m); shared: (m, m); with right sides."""

    own: Array
    mixed: Array
    shared: Array
    own_right: Array
    shared_right: Array


@dataclass(frozen=True, eq=False)
class _Problem:
    """tape: its constants are those of the groups, then the shared ones that are fitted; weight: (rows,)."""

    tape: Tape
    data: Dataset
    grouping: Grouping
    weight: Array
    count: int

    @classmethod
    def of(cls, fit: GroupFit, data: Dataset, shared: Sequence[sympy.Float]) -> _Problem:
        assert data.grouping is not None
        tape = Tape(fit.expr, data.names, (*fit.own, *shared))
        return cls(tape, data, data.grouping, 1 / relative_sigma(data), len(fit.own))

    @cached_property
    def padded(self) -> tuple[Any, Array]:
        """The rows of each group, (groups, most rows of one), and 1 where there is one, 0 where there is none."""
        counts = self.grouping.counts
        order = np.argsort(self.grouping.codes, kind="stable")
        first = np.cumsum(counts) - counts
        places = np.arange(int(counts.max()))
        there = places < counts[:, None]
        return order[np.where(there, first[:, None] + places, 0)], there.astype(float)

    @cached_property
    def sizes(self) -> Array:
        """The variance of the target in each group, or of all rows where that is more of a measure, (groups,)."""
        rows, there = self.padded
        y = (self.data.y * self.weight)[rows]
        count = np.maximum(there.sum(axis=1), 1)
        mean = (y * there).sum(axis=1) / count
        own = ((y - mean[:, None]) ** 2 * there).sum(axis=1) / count
        return np.asarray(np.where(own > 0, own, float(np.var(self.data.y * self.weight)) or 1.0))

    def constants(self, values: Array, shared: Array) -> list[Any]:
        return [*values[self.grouping.codes].T, *shared]

    def separately(self, start: Array) -> tuple[Array, Array]:
        """The optimum of each group alone near `start`, (groups, own), and the mean squared residuals, (groups,)."""
        rows, there = self.padded
        count = np.maximum(there.sum(axis=1), 1)

        def projected(p: Array) -> tuple[Array, Array, Array]:
            out, J = self.tape.jacobian(self.data.X, self.constants(p, np.empty(0)))
            r = ((out - self.data.y) * self.weight)[rows] * there
            J = (J * self.weight[:, None])[rows] * there[..., None]
            loss = np.sum(r * r, axis=1) / count
            bad = ~(np.isfinite(loss) & np.isfinite(J).all(axis=(1, 2)))
            return np.where(bad, np.inf, loss), np.where(bad[:, None, None], 0.0, J), np.where(bad[:, None], 0.0, r)

        with np.errstate(all="ignore"):
            batch = batch_at(projected, np.array(start, dtype=float))
            for _ in range(0, ITERATIONS if self.count else 0, AT_ONCE):
                before = batch.loss
                batch = refined_batch(projected, batch, AT_ONCE, SETTLED)
                if not (batch.loss < before * (1 - MOVING)).any():
                    break
        return batch.p, batch.loss

    def together(self, fit: GroupFit, shared: Sequence[sympy.Float]) -> GroupFit:
        """Levenberg–Marquardt in all constants."""
        own = fit.values.size

        def parts(p: Array) -> tuple[Array, Array]:
            return p[:own].reshape(fit.values.shape), p[own:]

        start = np.concatenate([fit.values.ravel(), np.array([float(c) for c in shared])])
        rounding = ZERO_RMS * float(np.max(np.abs(self.data.y * self.weight), initial=0.0))
        with np.errstate(all="ignore"):
            best = levenberg_marquardt(
                lambda p: self._residual(*parts(p)),
                lambda p: self._linearised(*parts(p)),
                start,
                ITERATIONS,
                rounding,
                steps=self._steps,
            )
        values, common = parts(best.values)
        fitted = {old: sympy.Float(float(new)) for old, new in zip(shared, common)}
        return self.measured(replace(fit, expr=replaced(fit.expr, fitted), values=values), common)

    def measured(self, fit: GroupFit, common: Sequence[float] | Array) -> GroupFit:
        """The fit with what it leaves, and the standard errors of its constants."""
        common = np.asarray(common, dtype=float)
        with np.errstate(all="ignore"):
            r, J = self._linearised(fit.values, common)
            residual = r / self.weight
            rms = float(np.sqrt(mean_square(residual)))
            if not np.isfinite(rms) or not np.isfinite(J).all():
                return replace(fit, rms=np.inf, error_ms=np.inf)
            unknowns = fit.values.size + len(common)
            variance = float(r @ r) / max(self.data.rows - unknowns, 1)
            own_errors, errors = _errors(self._normal(r, J), variance)
        return replace(
            fit,
            rms=rms,
            error_ms=error_ms_of(residual, self.data),
            errors=tuple(zip(common.tolist(), errors.tolist())),
            own_errors=own_errors,
        )

    def _residual(self, values: Array, common: Array) -> Array:
        out = self.tape.value(self.data.X, self.constants(values, common))
        return np.asarray((out - self.data.y) * self.weight)

    def _linearised(self, values: Array, common: Array) -> tuple[Array, Array]:
        out, J = self.tape.jacobian(self.data.X, self.constants(values, common))
        return (out - self.data.y) * self.weight, J * self.weight[:, None]

    def _steps(self, r: Array, J: Array) -> Callable[[float], Array]:
        normal = self._normal(r, J)

        def at(damping: float) -> Array:
            own, together = _step(normal, damping)
            return np.concatenate([own.ravel(), together])

        return at

    def _normal(self, r: Array, J: Array) -> _Normal:
        n, groups = self.count, len(self.grouping.labels)

        def summed(values: Array) -> Array:
            return np.asarray(np.bincount(self.grouping.codes, weights=values, minlength=groups), dtype=np.float64)

        own, mixed = np.zeros((groups, n, n)), np.zeros((groups, n, J.shape[1] - n))
        for i in range(n):
            for j in range(i, n):
                own[:, i, j] = own[:, j, i] = summed(J[:, i] * J[:, j])
            for j in range(n, J.shape[1]):
                mixed[:, i, j - n] = summed(J[:, i] * J[:, j])
        right = np.column_stack([summed(J[:, i] * r) for i in range(n)] or [np.zeros((groups, 0))])
        S = J[:, n:]
        return _Normal(own, mixed, S.T @ S, right, S.T @ r)


def _scaled(normal: _Normal, damping: float) -> tuple[_Normal, Array, Array]:
    """The damped equations with columns of unit length, and these lengths: (groups, n) and (m,)."""
    normal = _Normal(*(np.nan_to_num(part, posinf=0.0, neginf=0.0) for part in normal))  # squares may overflow
    size = np.sqrt(np.diagonal(normal.own, axis1=1, axis2=2))
    size = np.where(size > 0, size, 1.0)
    common = np.sqrt(np.diag(normal.shared))
    common = np.where(common > 0, common, 1.0)
    own = normal.own / (size[:, :, None] * size[:, None, :]) + damping * np.eye(size.shape[1])
    mixed = normal.mixed / (size[:, :, None] * common)
    shared = normal.shared / np.outer(common, common) + damping * np.eye(len(common))
    return _Normal(own, mixed, shared, normal.own_right / size, normal.shared_right / common), size, common


def _eliminated(scaled: _Normal) -> tuple[Array, Array, Array]:
    """(own⁻¹, own⁻¹·mixed, the Schur complement of the shared constants)."""
    inverse: Array = np.asarray(np.linalg.pinv(scaled.own, rcond=SINGULAR, hermitian=True), dtype=np.float64)
    mixed = inverse @ scaled.mixed
    return inverse, mixed, scaled.shared - np.einsum("gnm,gnk->mk", scaled.mixed, mixed)


def _step(normal: _Normal, damping: float) -> tuple[Array, Array]:
    """The step of the constants of the groups, (groups, n), and of the shared ones, (m,)."""
    scaled, size, common = _scaled(normal, damping)
    inverse, mixed, schur = _eliminated(scaled)
    own = (inverse @ scaled.own_right[..., None])[..., 0]
    right = scaled.shared_right - np.einsum("gnm,gn->m", scaled.mixed, own)
    together = np.linalg.lstsq(schur, right, rcond=SINGULAR)[0] if len(right) else right
    return (own - mixed @ together) / size, together / common


def _errors(normal: _Normal, variance: float) -> tuple[Array, Array]:
    """The standard errors of the constants of the groups, (groups, n), and of the shared ones, (m,)."""
    scaled, size, common = _scaled(normal, 0.0)
    inverse, mixed, schur = _eliminated(scaled)
    shared = np.linalg.pinv(schur, rcond=SINGULAR, hermitian=True) if len(schur) else schur
    own = np.diagonal(inverse, axis1=1, axis2=2) + np.einsum("gnm,mk,gnk->gn", mixed, shared, mixed)
    root = float(np.sqrt(variance))
    return root * np.sqrt(np.clip(own, TINY, None)) / size, root * np.sqrt(np.clip(np.diag(shared), 0, None)) / common
