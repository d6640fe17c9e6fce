"""A form with its linear constants eliminated, from many starts at once: variable projection.

Source: Golub and Pereyra 1973, with the Jacobian of Kaufman 1975.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.numeric.arrays import Array, Mask
from kansr.numeric.least_squares import SETTLED, batch_at, refined_batch
from kansr.numeric.tolerances import TINY

MOST_AT_ONCE = 64  # starts that are evaluated together, so that memory stays small
DEPENDENT = 1e-13  # singular value of the columns of linear constants, over the largest, below which they are dependent


@dataclass(frozen=True, eq=False)
class Projection:
    """The residual of a form at the best linear constants, as a function of the others.

    base: the form without its linear terms; columns: the factors of the linear constants; slopes: the derivatives of
    base and of each column by each nonlinear constant, [constant][base, *columns]. All are tapes in the nonlinear
    constants.
    """

    data: Dataset
    nonlinear: tuple[sympy.Symbol, ...]
    linear: tuple[sympy.Symbol, ...]
    base: Tape
    columns: tuple[Tape, ...]
    slopes: tuple[tuple[Tape, ...], ...]

    @classmethod
    def of(
        cls, expr: sympy.Expr, data: Dataset, nonlinear: Sequence[sympy.Symbol], linear: Sequence[sympy.Symbol]
    ) -> Projection:
        """The projection of a formula in inputs and constants, on these rows."""
        parts = [expr.xreplace(dict.fromkeys(linear, sympy.S.Zero)), *(expr.diff(c) for c in linear)]

        def tape(part: sympy.Expr) -> Tape:
            return Tape(part, data.names, tuple(nonlinear))

        return cls(
            data,
            tuple(nonlinear),
            tuple(linear),
            tape(parts[0]),
            tuple(tape(part) for part in parts[1:]),
            tuple(tuple(tape(part.diff(c)) for part in parts) for c in nonlinear),
        )

    def best(self, starts: Array, iterations: int, passed: Callable[[], bool]) -> tuple[Array, Array]:
        """Starts, (starts, nonlinear), after so many Levenberg–Marquardt steps, and their losses, (starts,)."""
        batch = batch_at(self._in_parts, starts)
        if self.nonlinear and not passed():
            batch = refined_batch(self._in_parts, batch, iterations, settled=SETTLED)
        return batch.p, batch.loss

    def losses(self, starts: Array) -> Array:
        """The mean squares of the weighted residuals at each start, (starts,); inf where they are not finite."""
        parts = [starts[i : i + MOST_AT_ONCE] for i in range(0, len(starts), MOST_AT_ONCE)]
        return np.concatenate([self._loss(part) for part in parts])

    def linear_at(self, theta: Array) -> Array:
        """The best linear constants, (linear,), at nonlinear ones, (nonlinear,)."""
        return self._solved(theta[None, :])[0][0]

    def _in_parts(self, p: Array) -> tuple[Array, Array, Array]:
        """Loss, (starts,), Jacobian, (starts, rows, nonlinear), and residual, (starts, rows)."""
        parts = [self._projected(p[i : i + MOST_AT_ONCE]) for i in range(0, len(p), MOST_AT_ONCE)]
        loss, J, r = (np.concatenate([part[k] for part in parts]) for k in range(3))
        return loss, J, r

    def _values(self, tape: Tape, theta: Array) -> Array:
        """(starts, rows), weighted."""
        values = tape.forward(self.data.X, list(theta.T[:, :, None]))[-1]
        return np.broadcast_to(values, (len(theta), self.data.rows)) * self._weight

    @cached_property
    def _weight(self) -> Array:
        return np.ones(self.data.rows) if self.data.sigma is None else 1 / self.data.sigma

    def _solved(self, theta: Array) -> tuple[Array, Array, Array]:
        """Linear constants, (starts, linear), an orthonormal base of the columns, (starts, rows, linear), residual."""
        left = self._values(self.base, theta) - self.data.y * self._weight
        if not self.linear:
            return np.zeros((len(theta), 0)), np.zeros((*left.shape, 0)), left
        Phi = np.stack([self._values(column, theta) for column in self.columns], axis=-1)
        good: Mask = np.logical_and(np.isfinite(Phi).all(axis=(1, 2)), np.isfinite(left).all(axis=1))
        Phi = np.where(good[:, None, None], Phi, 0.0)
        size = np.sqrt(np.sum(Phi * Phi, axis=1, keepdims=True)) + TINY
        U, s, Vt = np.linalg.svd(Phi / size, full_matrices=False)
        kept = s > DEPENDENT * s[:, :1]
        U = U * kept[:, None, :]
        inverse = np.where(kept, 1 / np.where(kept, s, 1.0), 0.0)
        along = np.einsum("prl,pr->pl", U, np.where(good[:, None], left, 0.0))
        constants = -np.einsum("plk,pl->pk", Vt, inverse * along) / size[:, 0]
        residual = np.where(good[:, None], left - np.einsum("prl,pl->pr", U, along), np.inf)
        return constants, U, residual

    def _loss(self, theta: Array) -> Array:
        with np.errstate(all="ignore"):
            residual = self._solved(theta)[2]
            loss = np.mean(residual * residual, axis=1)
        return np.where(np.isfinite(loss), loss, np.inf)

    def _projected(self, theta: Array) -> tuple[Array, Array, Array]:
        with np.errstate(all="ignore"):
            constants, U, residual = self._solved(theta)
            J = np.empty((*residual.shape, len(self.nonlinear)))
            for k, (of_base, *of_columns) in enumerate(self.slopes):
                slope = self._values(of_base, theta).copy()
                for j, tape in enumerate(of_columns):
                    slope += self._values(tape, theta) * constants[:, j, None]
                J[:, :, k] = slope - np.einsum("prl,pl->pr", U, np.einsum("prl,pr->pl", U, slope))
            loss = np.mean(residual * residual, axis=1)
        good = np.isfinite(loss) & np.isfinite(J).all(axis=(1, 2))
        return (
            np.where(good, loss, np.inf),
            np.where(good[:, None, None], J, 0.0),
            np.where(good[:, None], residual, 0.0),
        )
