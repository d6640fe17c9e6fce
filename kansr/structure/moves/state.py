"""A problem on the way to being solved: a target, its inputs, and the way back to the table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.result.derivation import Step
from kansr.structure.moves.thresholds import FAR

SIGNATURE_ROWS = 48  # rows that states are compared on, to see whether they are the same
SIGNATURE_DIGITS = 8  # decimals of the target, over its largest value, that are compared
TARGET_SYMBOL = sympy.Symbol("target")  # stands for the target in the text of a step

Back = Callable[[sympy.Expr], sympy.Expr]  # a formula for z -> a formula for the table's target


def _same(expr: sympy.Expr) -> sympy.Expr:
    return expr


@dataclass(frozen=True, eq=False)
class State:
    """z as an unknown function of the columns of X.

    X: (rows, n); z: (rows,); inputs: what each column is, in the inputs of the table; back: makes a formula for the
    table's target of one for z; moves: the steps of the derivation so far; value_error: the relative error of the
    numbers that were read off a surrogate on the way, 0 if none; sigma: (rows,) how far z moves when the table's target
    moves by one standard error, None for exact rows; table: the table itself, for a state made by `of`.
    """

    X: Array
    z: Array
    inputs: tuple[sympy.Expr, ...]
    back: Back = _same
    moves: tuple[Step, ...] = ()
    value_error: float = 0.0
    sigma: Array | None = None
    table: Dataset | None = None

    @classmethod
    def of(cls, table: Dataset) -> State:
        """A whole table as a state, under its own names, for solvers; no move is made of it."""
        return cls(table.X, table.y, tuple(sympy.Symbol(name) for name in table.names), table=table)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, for solvers, to which only values matter."""
        if self.table is not None:
            return self.table.names
        return tuple(f"u{i}" for i in range(len(self.inputs)))

    def signature(self, rows: int = SIGNATURE_ROWS) -> tuple:
        """Equal for states whose columns are monotone functions of each other and whose targets are proportional."""
        ranks = []
        for x in self.X[:rows].T:
            order = np.argsort(x, kind="stable")
            ranks.append(min(order.tobytes(), order[::-1].tobytes()))
        z = self.z[:rows] / (np.abs(self.z[:rows]).max() or 1.0)
        return frozenset(ranks), tuple(np.round(z * np.sign(z[0]), SIGNATURE_DIGITS))

    def dataset(self) -> Dataset:
        """The rows as a dataset."""
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
        return self.dataset().take(self.sigma <= FAR * np.median(self.sigma))

    def formula(self, expr: sympy.Expr) -> sympy.Expr:
        """A formula for the table's target in the inputs of the table, from one for z in `names`."""
        return self.back(expr.xreplace({sympy.Symbol(n): e for n, e in zip(self.names, self.inputs)}))


def replace_inputs(
    state: State, gone: Collection[int], inputs: Sequence[sympy.Expr], columns: Sequence[Array]
) -> State | None:
    """The state with new inputs in place of those at `gone`; this is one step. None where a value is not finite.

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


def without_input(state: State, i: int) -> State:
    """The state without input i; this is one step."""
    keep = [k for k in range(len(state.inputs)) if k != i]
    step = Step(f"without {state.inputs[i]}")
    return replace(state, X=state.X[:, keep], inputs=tuple(state.inputs[k] for k in keep), moves=(*state.moves, step))


def without_inputs(state: State, gone: Collection[int]) -> State:
    """The state without the inputs at `gone`; each is a step."""
    for i in sorted(gone, reverse=True):
        state = without_input(state, i)
    return state


def times(back: Back, factor: sympy.Expr, expr: sympy.Expr) -> sympy.Expr:
    """The way back of a target that was divided by `factor`."""
    return back(factor * expr)


def plus(back: Back, term: sympy.Expr, expr: sympy.Expr) -> sympy.Expr:
    """The way back of a target that `term` was subtracted from."""
    return back(expr + term)
