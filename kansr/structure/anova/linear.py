"""Simple models to compare with: all inputs in a line, few inputs in a line, few squares and products.

Each is a sum of terms as the others are, so that it is written, judged and printed in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.structure.anova.terms import Rows, Sum, Term, cost

RIDGES = np.logspace(-8, 3, 34)  # penalties of the line with all inputs, over the variance of an input
MOST_LINES = 30  # terms of a sparse line or quadratic at most
SCREENED = 40  # inputs best correlated with the target, whose squares and products are candidates


def mean(rows: Rows) -> Sum:
    """The mean of the target."""
    return _sum((), np.array([float(np.mean(rows.y))]), rows)


def line(rows: Rows) -> Sum:
    """A line in all inputs, shrunk as generalised cross-validation asks for (Craven and Wahba 1979)."""
    varying = [i for i, r in enumerate(rows.ranges) if r.width > 0]
    terms = tuple(Term("line", (i,)) for i in varying)
    U, y = rows.U[:, varying], rows.y - rows.y.mean()
    if not varying:
        return mean(rows)
    centre = U.mean(0)
    P, s, Q = np.linalg.svd(U - centre, full_matrices=False)
    c, n = P.T @ y, len(y)
    scores = []
    for ridge in RIDGES:
        shrink = s**2 / (s**2 + ridge * n)
        left = float(y @ y - np.sum((2 * shrink - shrink**2) * c**2))
        scores.append(left / max(n - 1 - float(shrink.sum()), TINY) ** 2 if n - 1 > shrink.sum() else np.inf)
    ridge = RIDGES[int(np.argmin(scores))]
    slopes = Q.T @ (s / (s**2 + ridge * n + TINY) * c)
    made = _sum(terms, np.append(rows.y.mean() - centre @ slopes, slopes), rows)
    return replace(made, shrunk=ridge > RIDGES[0])


def sparse_line(rows: Rows) -> Sum:
    """A line in few inputs, added and dropped one at a time while the description gets shorter."""
    return _stepwise([Term("line", (i,)) for i, r in enumerate(rows.ranges) if r.width > 0], rows)


def sparse_quadratic(rows: Rows) -> Sum:
    """A polynomial of degree two with few terms, chosen in the same way."""
    varying = [i for i, r in enumerate(rows.ranges) if r.width > 0]
    r = np.abs(rows.U.T @ (rows.y - rows.y.mean()))
    best = sorted(sorted(varying, key=lambda i: (-r[i], i))[:SCREENED])
    lines = [Term("line", (i,)) for i in varying]
    squares = [Term("square", (i,), (0.0,)) for i in best]
    products = [Term("product", pair, (0.0, 0.0)) for pair in combinations(best, 2)]
    return _stepwise([*lines, *squares, *products], rows)


def _stepwise(terms: Sequence[Term], rows: Rows) -> Sum:
    """Forward selection with backward elimination after every step, by the cost of the sum."""
    if not terms:
        return mean(rows)
    A = np.column_stack([t.values(rows.U) for t in terms])
    A = A - A.mean(0)
    A = A / (np.sqrt(np.sum(A * A, axis=0)) + TINY)
    y = rows.y - rows.y.mean()
    chosen: list[int] = []
    best = _of(chosen, terms, rows)
    while len(chosen) < min(MOST_LINES, len(y) // 3):
        left = y - (A[:, chosen] @ np.linalg.lstsq(A[:, chosen], y, rcond=None)[0] if chosen else 0.0)
        score = np.abs(A.T @ left)
        score[chosen] = -1.0
        k = int(np.argmax(score))
        trial = _of([*chosen, k], terms, rows)
        if trial.cost >= best.cost:
            break
        chosen, best = [*chosen, k], trial
        while len(chosen) > 1:
            trials = [(_of([j for j in chosen if j != i], terms, rows), i) for i in chosen]
            shortest, i = min(trials, key=lambda pair: pair[0].cost)
            if shortest.cost >= best.cost:
                break
            chosen, best = [j for j in chosen if j != i], shortest
    return best


def _of(chosen: Sequence[int], terms: Sequence[Term], rows: Rows) -> Sum:
    """The least-squares sum of some terms, their inner constants as they are."""
    some = tuple(terms[k] for k in chosen)
    A = np.column_stack([np.ones(len(rows.y)), *(t.values(rows.U) for t in some)])
    return _sum(some, np.asarray(np.linalg.lstsq(A, rows.y, rcond=None)[0], dtype=np.float64), rows)


def _sum(terms: tuple[Term, ...], weights: Array, rows: Rows) -> Sum:
    made = Sum(terms, weights, 0.0, 0.0)
    square = float(np.mean((made(rows.U) - rows.y) ** 2))
    return Sum(terms, weights, square, _cost(terms, square, rows))


def _cost(terms: Sequence[Term], square: float, rows: Rows) -> float:
    """The cost of a sum whose inner constants all stay 0, where squares and products have their vertex.

    They are not fitted, so the log n that `cost` counts for each of them is taken off again.
    """
    return cost(terms, square, rows) - float(np.log(len(rows.y))) * sum(len(t.constants) for t in terms)
