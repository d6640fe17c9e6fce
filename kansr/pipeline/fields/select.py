"""Which sets of terms are tried: those that leave least of u_t where the errors of the rows are white.

The covariance of the rows is known (`weak`), so that what a set of terms leaves is measured in the noise, and no
threshold is set by hand. With it a search over sets is one of ordinary least squares.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.pipeline.fields.weak import Rows

MOST_TERMS = 6
WIDTH = 200  # sets of each size that are extended: of 21 terms, all of two and one in seven of three
NATS = 1 / math.log(2)  # bits of a nat
OF_EACH_SIZE = 3  # sets that are tried with a covariance of their own
ROUNDS = 4  # of sets and covariance in turn
FIRST_TERMS = 4  # of a set that is chosen before the noise of any is known

# What is added to the diagonal of the matrix of products of columns of length 1: below it they depend on each other.
RIDGE = 1e-12

Chosen = tuple[int, ...]  # numbers of terms, rising


@dataclass(frozen=True, eq=False)
class White:
    """Rows made white: their errors are independent and of size 1.

    matrix: (rows, terms); target: (rows,); costs: bits of each term with its coefficient, (terms,).
    """

    matrix: Array
    target: Array
    costs: Array

    def fit(self, chosen: Chosen) -> tuple[Array, float]:
        """Coefficients of least squares, (terms,), and χ², the sum of squares that they leave."""
        part = self.matrix[:, list(chosen)]
        length = np.sqrt(np.sum(part**2, axis=0)) + TINY
        values = np.linalg.lstsq(part / length, self.target, rcond=None)[0] / length if chosen else np.zeros(0)
        rest = self.target - part @ values
        return values, float(rest @ rest)

    def excess(self) -> float:
        """χ² over the degrees of freedom that all terms together leave, where that is more than noise leaves: 1."""
        rows, terms = self.matrix.shape
        return max(self.fit(tuple(range(terms)))[1] / max(rows - terms, 1), 1.0)

    def bits(self, chosen: Chosen, excess: float) -> float:
        """The description length of rows and terms, in bits; only differences mean something."""
        return row_bits(self.fit(chosen)[1] / excess, len(self.target)) + float(np.sum(self.costs[list(chosen)]))


def row_bits(chi_square: float, rows: int) -> float:
    """Bits for what an equation leaves, in errors that are the known ones, or as much larger as it needs."""
    share = chi_square / rows
    return rows / 2 * NATS * (share if share < 1 else 1 + math.log(share))


def whitened(rows: Rows, chosen: Chosen, values: Array) -> White:
    """The rows in the errors that an equation with these terms and coefficients would have."""
    factor = cholesky(rows.covariance(chosen, values), lower=True)
    both = solve_triangular(factor, np.column_stack([rows.columns, rows.target]), lower=True)
    costs = [term.bits + math.log2(len(rows)) / 2 for term in rows.weak.terms]  # of coefficients: Rissanen 1978
    return White(both[:, :-1], both[:, -1], np.array(costs))


def best_sets(white: White, most: int = MOST_TERMS) -> Iterator[list[Chosen]]:
    """The sets of each size up to `most` that leave least, the best first."""
    length = np.sqrt(np.sum(white.matrix**2, axis=0))
    usable = np.flatnonzero(length > TINY)
    scaled = white.matrix[:, usable] / length[usable]
    gram, product = scaled.T @ scaled, scaled.T @ white.target
    beam: list[Chosen] = [()]
    for size in range(1, min(most, len(usable)) + 1):
        wider = sorted({tuple(sorted((*s, k))) for s in beam for k in range(len(usable)) if k not in s})
        sets = np.array(wider, dtype=int)
        A = gram[sets[:, :, None], sets[:, None, :]] + RIDGE * np.eye(size)
        b = product[sets]
        explained = np.einsum("sk,sk->s", np.linalg.solve(A, b[..., None])[..., 0], b)
        beam = [wider[k] for k in np.argsort(-explained, kind="stable")[:WIDTH]]
        yield [tuple(int(usable[k]) for k in s) for s in beam]


@dataclass(frozen=True, eq=False)
class Offers:
    """The sets that are worth a covariance of their own. white: the rows that they come from; excess: see `White`."""

    sets: tuple[Chosen, ...]
    white: White
    excess: float


def offered(rows: Rows) -> Offers:
    """The best sets of each size, in the noise that the best of all has: set and noise are found in turn."""
    chosen: Chosen = ()
    white = whitened(rows, chosen, np.zeros(0))
    most = FIRST_TERMS
    for _ in range(ROUNDS):
        excess = white.excess()
        sizes = list(best_sets(white, most))
        before = chosen
        chosen = min(((), *(s for sets in sizes for s in sets[:OF_EACH_SIZE])), key=lambda s: white.bits(s, excess))
        if most == MOST_TERMS and chosen == before:
            break
        most = MOST_TERMS
        white = whitened(rows, chosen, white.fit(chosen)[0])
    sizes = list(best_sets(white, min(len(chosen) + 1, MOST_TERMS)))
    sets = ((), *(s for sets in sizes for s in sets[:OF_EACH_SIZE]))
    return Offers(sets, white, white.excess())
