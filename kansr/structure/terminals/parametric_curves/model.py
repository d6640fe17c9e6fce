"""A sum of functions with inner constants beside an offset and a slope: Σ c_i·f_i(x; p_i) + d + e·x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy

from kansr.formula.fit.error_model import spread_of
from kansr.numeric.arrays import Array
from kansr.structure.terminals.parametric_curves.cores import Core

# What may stand beside functions, as powers of x: nothing, an offset, a slope, both.
LINES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (0, 1))


@dataclass(frozen=True, eq=False)
class Curve:
    """The rows that sums are fitted to. x, y, weight: (points,), x scaled; scale: what x was divided by.

    rows: those of the table, by which the precision of constants is judged.
    """

    x: Array
    y: Array
    weight: Array
    scale: float
    rows: int

    @cached_property
    def goal(self) -> Array:
        return self.y * self.weight

    @cached_property
    def spread(self) -> float:
        return spread_of(self.y)

    @cached_property
    def is_weighted(self) -> bool:
        """Whether the errors are thought to be relative."""
        return bool(np.ptp(self.weight) > 0)

    def line(self, powers: Sequence[int]) -> Array:
        """An orthonormal basis of the weighted powers of x, (points, 2), with columns of zeros for those not there."""
        Q = np.zeros((len(self.x), 2))
        if powers:
            columns = np.column_stack([self.x**k * self.weight for k in powers])
            Q[:, : len(powers)] = np.linalg.qr(columns)[0]
        return Q


@dataclass(frozen=True)
class Form:
    """Which functions stand in a sum, and which of LINES beside them."""

    cores: tuple[Core, ...]
    line: int

    @cached_property
    def inner(self) -> tuple[slice, ...]:
        """Where the inner constants of each function are."""
        counts = [core.inner for core in self.cores]
        ends = np.cumsum(counts).tolist()
        return tuple(slice(end - count, end) for end, count in zip(ends, counts))

    @cached_property
    def constants(self) -> int:
        return sum(core.inner + 1 for core in self.cores) + len(LINES[self.line])

    @cached_property
    def nodes(self) -> int:
        return sum(core.nodes + 2 for core in self.cores) + 2 * len(LINES[self.line])

    @cached_property
    def key(self) -> tuple[str, ...]:
        return tuple(sorted(core.name for core in self.cores))


@dataclass(frozen=True, eq=False)
class Fitted:
    """A form with inner constants p, (constants,). loss: mean square of the weighted residual; bits: description."""

    form: Form
    p: Array
    loss: float
    bits: float

    def columns(self, curve: Curve) -> Array:
        """The weighted functions, (points, functions)."""
        parts = zip(self.form.cores, self.form.inner)
        return np.column_stack([np.ravel(core.values(curve.x, *self.p[where])) * curve.weight for core, where in parts])

    def expr(self, curve: Curve, symbol: sympy.Symbol) -> sympy.Expr | None:
        """The sum in the input itself with its linear constants at their optimum; None where one is not finite."""
        powers = LINES[self.form.line]
        line = [curve.x**k * curve.weight for k in powers]
        A = np.column_stack([self.columns(curve), *line])
        size = np.linalg.norm(A, axis=0)
        if not (np.isfinite(A).all() and np.all(size > 0)):
            return None
        linear = (np.linalg.lstsq(A / size, curve.goal, rcond=None)[0] / size).tolist()
        x = symbol / sympy.Float(curve.scale)
        functions = [core.expr(x, self.p[where]) for core, where in zip(self.form.cores, self.form.inner)]
        return sympy.Add(*(sympy.Float(c) * term for c, term in zip(linear, [*functions, *(x**k for k in powers)])))
