"""The models that every formula is compared with, from the mean to a smooth model: one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.structure.anova import linear
from kansr.structure.anova.evidence import Anova, choose_components
from kansr.structure.anova.sparse_sum import SparseSums, sparse_sums
from kansr.structure.anova.terms import Rows, Sum

Expired = Callable[[], bool]


class Fitted(NamedTuple):
    """A model fitted to rows. predict: (rows, inputs) -> (rows,); inputs: the positions of those that it uses.

    sums: the formulas that it is or that it led to, the first one that of the model; none for a smooth model.
    sparse: the sums with the ANOVA that they were read from, where they were.
    """

    predict: Callable[[Array], Array]
    inputs: tuple[int, ...]
    rows: Rows
    sums: tuple[Sum, ...] = ()
    sparse: SparseSums | None = None


def _simple(make: Callable[[Rows], Sum]) -> Callable[[Array, Array, int, Expired], Fitted]:
    def fit(X: Array, y: Array, seed: int, expired: Expired) -> Fitted:
        rows = Rows.of(X, y)
        return _sum(rows, (make(rows),))

    return fit


def _sum(rows: Rows, sums: tuple[Sum, ...]) -> Fitted:
    used = tuple(sorted({i for t in sums[0].terms for i in t.inputs}))
    return Fitted(lambda X: sums[0]((X - rows.means) / rows.spreads), used, rows, sums)


def _smooth(pairs: bool) -> Callable[[Array, Array, int, Expired], Fitted]:
    def fit(X: Array, y: Array, seed: int, expired: Expired) -> Fitted:
        model: Anova = choose_components(X, y, expired, pairs=pairs)
        return Fitted(model, model.inputs, Rows.of(X, y))

    return fit


def _sparse_sum(X: Array, y: Array, seed: int, expired: Expired) -> Fitted:
    found = sparse_sums(X, y, seed, expired)
    return _sum(found.rows, found.sums)._replace(sparse=found)


SPARSE_SUM = "sparse_sum"

# The simplest first.
MODELS: dict[str, Callable[[Array, Array, int, Expired], Fitted]] = {
    "mean": _simple(linear.mean),
    "line": _simple(linear.line),
    "sparse_line": _simple(linear.sparse_line),
    "quadratic": _simple(linear.sparse_quadratic),
    "additive": _smooth(False),
    "smooth": _smooth(True),
    SPARSE_SUM: _sparse_sum,
}


class Compared(NamedTuple):
    """A model fitted to all rows, and its squared errors on rows that it was not fitted to.

    errors: (rows left out,), as they come, in the square of the target's unit, all selection made without the row.
    """

    name: str
    fitted: Fitted
    errors: Array


def compared(
    X: Array,
    y: Array,
    rounds: Sequence[Sequence[NDArray[np.intp]]],
    seed: int,
    expired: Expired,
    names: tuple[str, ...] = tuple(MODELS),
) -> list[Compared]:
    """The models with the errors of nested cross-validation: everything is chosen again without each fold.

    rounds: of folds, the positions of rows that are left out together; each round leaves out the same rows, and rows in
    no fold are always fitted to. The error of a row is the mean over as many rounds as there is time for; models
    without a whole round are left out.
    """
    found = []
    for name in names:
        fitted = MODELS[name](X, y, seed, expired)
        errors = []
        for folds in rounds:
            one = _left_out(name, X, y, folds, seed, expired)
            if one is None:
                break
            errors.append(one)
        if not errors:
            break
        found.append(Compared(name, fitted, np.mean(errors, axis=0)))
    return found


def _left_out(
    name: str, X: Array, y: Array, folds: Sequence[NDArray[np.intp]], seed: int, expired: Expired
) -> Array | None:
    """The squared errors of a model on the rows of the folds, ascending; None where the time does not suffice."""
    errors = np.full(len(y), np.nan)
    for fold in folds:
        if expired():
            return None
        others = np.setdiff1d(np.arange(len(y)), fold)
        model = MODELS[name](X[others], y[others], seed, expired)
        errors[fold] = (model.predict(X[fold]) - y[fold]) ** 2
    return errors[np.sort(np.concatenate(folds))]
