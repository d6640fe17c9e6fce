"""Terms: which products of named functions a target is a sum of, by linear least squares and backward elimination.

Once the functions of each input are named, the target is linear in the products of them that the network's nodes
allow. What is left out changes the target by less than the network's own error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import sympy
from scipy.linalg import qr

from kansr.numeric.arrays import Array
from kansr.symbolic.matching.match import EdgeFit

MOST_COLUMNS = 400  # products of functions that are fitted together
ROWS_PER_COLUMN = 2.0  # at least
DEPENDENT = 1e-9  # of the largest, a diagonal of R below which a column is one of others
UNSEEN = 1.0  # times the network's error, up to which what terms leave out is not seen
LEAST = 1e-9  # error over the spread that is rounding

Names = Mapping[int, tuple[EdgeFit, ...]]  # the functions of each input, by its number


def term_keys(names: Names, nodes: Sequence[frozenset[int]]) -> list[tuple[tuple[int, int], ...]]:
    """The products that nodes of these inputs allow, each as (input, number of its function) pairs; () is a constant.

    Every function alone is one of them.
    """
    keys: dict[tuple[tuple[int, int], ...], None] = {(): None}
    for i, fits in names.items():
        keys.update({((i, number),): None for number in range(len(fits))})
    for node in nodes:
        choices = [[None, *((i, number) for number in range(len(names[i])))] for i in sorted(node)]
        for chosen in product(*choices):
            keys[tuple(one for one in chosen if one is not None)] = None
            if len(keys) > MOST_COLUMNS:
                return []
    return list(keys)


def sum_of_terms(
    X: Array, t: Array, names: Names, nodes: Sequence[frozenset[int]], error: float, symbols: Sequence[sympy.Symbol]
) -> sympy.Expr | None:
    """The shortest sum of such products whose rms residual is that of all of them, or what the network misses.

    X: (rows, inputs); t: (rows,); error: of the network, rms over the spread of t. None where there are too many
    products, or a function has no value on a row.
    """
    keys = term_keys(names, nodes)
    if not keys or len(t) < ROWS_PER_COLUMN * len(keys):
        return None
    values = {
        (i, k): fit.function.inner(X[:, i], fit.a, fit.b) for i, fits in names.items() for k, fit in enumerate(fits)
    }
    columns = [np.prod([np.ones(len(t)), *(values[one] for one in key)], axis=0) for key in keys]
    A = np.column_stack(columns)
    if not np.isfinite(A).all():
        return None
    scale = np.sqrt(np.mean(A**2, axis=0))
    chosen, w = _eliminated(A / scale, t, max(error, LEAST) * float(np.std(t)))
    terms = []
    for place, value in zip(chosen, w):
        factors = [_written(names[i][k], symbols[i]) for i, k in keys[place]]
        terms.append(sympy.Float(float(value / scale[place])) * sympy.Mul(*factors))
    return sympy.Add(*terms)


def _written(fit: EdgeFit, x: sympy.Symbol) -> sympy.Expr:
    return fit.function.expr(x, fit.a, fit.b)


def _eliminated(A: Array, t: Array, error: float) -> tuple[list[int], Array]:
    """The columns that are needed, and their coefficients; the least useful are left out first.

    A: (rows, columns) of rms 1; error: rms residual up to which nothing is missed
    """
    _, R, order = qr(A, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(R))
    chosen = sorted(order[: int((diagonal > DEPENDENT * diagonal[0]).sum())].tolist())
    Q, R = np.linalg.qr(A[:, chosen])
    w = np.linalg.solve(R, Q.T @ t)
    rows = len(t)
    rss = float(np.sum((A[:, chosen] @ w - t) ** 2))
    most = max(rows * (UNSEEN * error) ** 2, rss * (1 + 2 * np.log(rows) / rows))
    inverse = np.linalg.inv(R)
    G = inverse @ inverse.T  # of (AᵀA)⁻¹
    while len(chosen) > 1:
        cost = w**2 / np.diag(G)
        worst = int(np.argmin(cost))
        if rss + cost[worst] > max(most, rss * (1 + 2 * np.log(rows) / rows)):
            break
        rss += float(cost[worst])
        w = np.delete(w - G[:, worst] * w[worst] / G[worst, worst], worst)
        G = np.delete(np.delete(G - np.outer(G[:, worst], G[worst]) / G[worst, worst], worst, 0), worst, 1)
        del chosen[worst]
    return chosen, np.asarray(np.linalg.lstsq(A[:, chosen], t, rcond=None)[0], dtype=np.float64)
