"""A problem on the way to being solved: fewer inputs, a simpler target, and the way back to the table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.result.derivation import Step

QUIET = 3.0  # times the median noise that a row may have for solvers that weigh all rows alike
TARGET_SYMBOL = sympy.Symbol("target")  # in what a step says


def _same(expr: sympy.Expr) -> sympy.Expr:
    return expr


@dataclass(frozen=True, eq=False)
class State:
    """z as an unknown function of the columns X.

    X: (rows, n); z: (rows,); inputs: what each column is, in the inputs of the table; back: the formula for the
    table's target from one for z; moves: how we came here; blur: how exactly the numbers in the moves are known.
    sigma: how far z moves when the table's target moves by one standard error, (rows,); None for exact rows.
    table: the table itself, for a state made by `of`.
    """

    X: Array
    z: Array
    inputs: tuple[sympy.Expr, ...]
    back: Callable[[sympy.Expr], sympy.Expr] = _same
    moves: tuple[Step, ...] = ()
    blur: float = 0.0
    sigma: Array | None = None
    table: Dataset | None = None

    @classmethod
    def of(cls, table: Dataset) -> State:
        """A whole table as a state that solvers are asked about, under its own names; no move is made of it."""
        return cls(table.X, table.y, tuple(sympy.Symbol(name) for name in table.names), table=table)

    @property
    def names(self) -> tuple[str, ...]:
        """Names for the columns while nothing but their values matters."""
        if self.table is not None:
            return self.table.names
        return tuple(f"u{i}" for i in range(len(self.inputs)))

    def signature(self, rows: int = 48) -> tuple:
        """The same for states whose columns are monotone functions of each other's, and their targets proportional."""
        ranks = []
        for x in self.X[:rows].T:
            order = np.argsort(x, kind="stable")
            ranks.append(min(order.tobytes(), order[::-1].tobytes()))
        z = self.z[:rows] / (np.abs(self.z[:rows]).max() or 1.0)
        return frozenset(ranks), tuple(np.round(z * np.sign(z[0]), 8))

    def dataset(self) -> Dataset:
        """The rows as a table."""
        if self.table is not None:
            return self.table
        return Dataset(self.X, self.z, self.names, "z")

    def weighted(self) -> Dataset:
        """The rows with their standard errors, of which only the ratios count."""
        return replace(self.dataset(), sigma=self.sigma, relative=True) if self.sigma is not None else self.dataset()

    def quiet(self) -> Dataset:
        """The rows whose noise is not far above the median, for solvers that weigh all rows alike."""
        if self.sigma is None:
            return self.dataset()
        return self.dataset().take(self.sigma <= QUIET * np.median(self.sigma))

    def formula(self, expr: sympy.Expr) -> sympy.Expr:
        """A formula for z in the columns as a formula for the table's target in its inputs."""
        return self.back(expr.xreplace({sympy.Symbol(n): e for n, e in zip(self.names, self.inputs)}))


def replace_inputs(
    state: State, gone: Collection[int], inputs: Sequence[sympy.Expr], columns: Sequence[Array]
) -> State | None:
    """The state with new `inputs` in place of those at `gone`, which is one step; None where a value is not finite.

    columns: (rows,) of each new input.
    """
    if not np.isfinite(columns).all():
        return None
    keep = [k for k in range(len(state.inputs)) if k not in gone]
    return replace(
        state,
        X=np.column_stack([state.X[:, keep], *columns]),
        inputs=(*(state.inputs[k] for k in keep), *inputs),
        moves=(*state.moves, Step(", ".join(map(str, inputs)))),
    )
