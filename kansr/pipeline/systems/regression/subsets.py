"""Sparse regression: the best small subsets of many columns, by a beam search over orthogonal projections."""

from __future__ import annotations

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY

WIDTH = 20  # subsets of each size that are extended, but for those of one column
FIRST_WIDTH = 60  # single columns that are extended
MOST_TERMS = 5
DEPENDENT = 1e-7  # length of a column's part that is new, over its length, below which it depends on those before
KEPT_DIRECTIONS = 1e-9  # singular values over the largest, below which directions of the columns are left out
BEST = 12  # subsets that are returned
FAMILIES = 8  # families whose best subset is returned besides


Subset = tuple[int, ...]  # numbers of columns, rising


def best_subsets(
    y: Array, A: Array, cost: Array, rows: float, floor: float, family: Array | None = None
) -> list[Subset]:
    """The subsets of least rows·log2(rms) + cost, best first; the best with each family of columns come after those.

    y: (n,); A: (n, m); cost: bits of each column, (m,); rows: how many independent rows there are; floor: rms that is
    as good as none.
    """
    length = np.sqrt(np.sum(A * A, axis=0))
    usable = np.flatnonzero(length > TINY)
    U, s, _ = np.linalg.svd(A[:, usable] / length[usable], full_matrices=False)
    U = U[:, s > KEPT_DIRECTIONS * s[0]]
    B, z, n = U.T @ (A[:, usable] / length[usable]), U.T @ y, len(y)
    beyond = max(float(y @ y) - float(z @ z), 0.0)
    costs = cost[usable]

    def score(squares: Array, bits: Array) -> Array:
        return rows / 2 * np.log2((squares + beyond) / n + floor**2) + bits

    beam: list[tuple[tuple[int, ...], Array]] = [((), np.empty((len(B), 0)))]
    found: dict[frozenset[int], float] = {}
    for level in range(MOST_TERMS):
        offers: dict[frozenset[int], tuple[float, tuple[int, ...], Array, int]] = {}
        for chosen, Q in beam:
            rest = z - Q @ (Q.T @ z)
            R = B - Q @ (Q.T @ B)
            new = np.sum(R * R, axis=0)
            fresh = new > DEPENDENT**2
            fresh[list(chosen)] = False
            left = float(rest @ rest) - np.where(fresh, (rest @ R) ** 2 / np.where(fresh, new, 1.0), 0.0)
            scores = score(np.maximum(left, 0.0), costs + costs[list(chosen)].sum())
            scores = np.where(fresh, scores, np.inf)
            count = FIRST_WIDTH if level == 0 else 2 * WIDTH
            for k in np.argsort(scores, kind="stable")[:count]:
                if not np.isfinite(scores[k]):
                    break
                key = frozenset((*chosen, int(k)))
                if key not in offers or scores[k] < offers[key][0]:
                    offers[key] = float(scores[k]), chosen, Q, int(k)
                    found[key] = float(scores[k])
        ranked = sorted(offers.values(), key=lambda offer: (offer[0], offer[1], offer[3]))
        beam = [_extended(B, chosen, Q, k) for _, chosen, Q, k in ranked[: FIRST_WIDTH if level == 0 else WIDTH]]
    ranked_all = sorted(found, key=lambda key: (found[key], sorted(key)))
    subsets = [tuple(sorted(int(usable[k]) for k in key)) for key in ranked_all]
    return [*subsets[:BEST], *_of_families(subsets[BEST:], family)]


def _of_families(subsets: list[Subset], family: Array | None) -> list[Subset]:
    """The best subset with each family, of those that are most likely."""
    if family is None:
        return []
    first: dict[int, Subset] = {}
    for subset in subsets:
        for number in {int(family[k]) for k in subset if family[k] >= 0}:
            first.setdefault(number, subset)
        if len(first) >= FAMILIES:
            break
    return list(dict.fromkeys(first.values()))


def _extended(B: Array, chosen: tuple[int, ...], Q: Array, k: int) -> tuple[tuple[int, ...], Array]:
    """The subset with one more column, and an orthonormal basis of it."""
    column = B[:, k] - Q @ (Q.T @ B[:, k])
    column = column - Q @ (Q.T @ column)
    return (*chosen, k), np.column_stack([Q, column / np.sqrt(column @ column)])
