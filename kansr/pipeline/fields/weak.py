"""The weak form of an equation: u_t and all terms, multiplied by test functions and summed over the grid.

For a bump φ, ∫φ·∂^q f = (−1)^q·∫∂^qφ·f, so that nothing is differentiated but φ (Messenger and Bortz, J. Comput. Phys.
443, 110525, 2021). As sums over the grid these are convolutions. Noise of u becomes, to first order, noise of the
residuals that is linear in it, with a covariance that the test functions and the coefficients give (Bortz, Messenger
and Dukic, Bull. Math. Biol. 85, 110, 2023).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square
from kansr.numeric.tolerances import TINY
from kansr.pipeline.fields.bumps import Bump
from kansr.pipeline.fields.field import Field
from kansr.pipeline.fields.terms import Term

MOST_ROWS = 1200  # test functions: their covariance takes 12 MB, its factor a tenth of a second
MOST_ENTRIES = 4_000_000  # of all test functions together: 48 MB for each of KEPT matrices
MOST_WORK = 4e7  # products for the covariance of two columns: some 0.2 s

# Test functions in half a support, unless there are too many. With two instead of three the coefficients of five
# equations in 10 % noise were off by up to 8 % in place of 1.4 % (four fields of each).
STRIDES = 3


# What the error of the sums over the grid counts for. All rows have errors of the same kind, which terms that are not
# there would explain; ten times as large, they cost at most MOST_ROWS/200 = 6 nats, less than a term does.
QUADRATURE = 10.0

# Least error of a row over the rms of u_t: fields that were computed are solutions of their equation up to the steps of
# a solver. Of Kuramoto-Sivashinsky's it left 1e-5 at a step that is usual (benchmarks/recovery/fields.py).
PRECISION = 1e-4

TARGET = -1  # the place of u_t among the terms
KEPT = 16  # matrices of influence that are held at a time

Index = NDArray[np.intp]
Waves = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Weak:
    """What all rows of a field have in common. bumps: along each axis, time first; noise: of u."""

    field: Field
    bumps: tuple[Bump, ...]
    terms: tuple[Term, ...]
    noise: float

    def kernel(self, term: Term | None) -> list[Array]:
        """The weights of a term along each axis; those of u_t for None."""
        orders = (1, *(0 for _ in self.field.space)) if term is None else (0, *term.orders)
        return [bump.weights(order) for bump, order in zip(self.bumps, orders)]

    def values(self, term: Term | None) -> Array:
        return self.field.values if term is None else term.values(self.field.values, self.noise)

    def slopes(self, term: Term | None) -> Array:
        u = self.field.values
        return np.ones_like(u) if term is None else term.slopes(u, self.noise)

    def rows(self, part: tuple[slice, ...]) -> Rows:
        """The rows whose test functions lie in a part of the grid, as many as are useful; all slices have ends."""
        most = [s.stop - s.start - 2 * bump.half for s, bump in zip(part, self.bumps)]
        stride = [max(bump.half // STRIDES, 1) for bump in self.bumps]
        size = math.prod(2 * bump.half + 1 for bump in self.bumps)
        entries = min(MOST_ENTRIES, int(math.sqrt(MOST_WORK * self.field.values.size)))
        allowed = max(min(MOST_ROWS, entries // size), 1)
        while math.prod(-(-n // step) for n, step in zip(most, stride)) > allowed:
            stride[min(range(len(stride)), key=lambda k: stride[k] / self.bumps[k].half)] += 1
        starts = tuple(np.arange(s.start, s.start + n, step) for s, n, step in zip(part, most, stride))
        return Rows(self, starts)

    @functools.cached_property
    def quadrature(self) -> Array:
        """The rms error of the sums over the grid, for u_t and each term, (1 + terms,).

        The sum of φ times the equation over the points of the grid is exact; what is not is that derivatives move to φ
        in sums as they do in integrals. For a wave exp(i·k·x) both are known: the sum with ∂^qφ should be (i·k)^q times
        that with φ. The waves of the data are those of their spectrum.
        """
        shape = self.field.values.shape
        window = functools.reduce(np.multiply.outer, [np.hanning(n + 2)[1:-1] for n in shape])
        power: dict[int, Array] = {}
        found = []
        for term in (None, *self.terms):
            degree = 1 if term is None else term.power
            if degree not in power:
                centred = self.values(term) - np.mean(self.values(term))
                power[degree] = np.abs(np.fft.fftn(centred * window)) ** 2 / np.sum(window**2) / math.prod(shape)
            orders = (1, *(0 for _ in self.field.space)) if term is None else (0, *term.orders)
            sums = [_waves(bump, order, n) for bump, order, n in zip(self.bumps, orders, shape)]
            made = functools.reduce(np.multiply.outer, [made for made, _ in sums])
            due = functools.reduce(np.multiply.outer, [due for _, due in sums])
            found.append(math.sqrt(float(np.sum(power[degree] * np.abs(made - due) ** 2))))
        return np.array(found)


def _waves(bump: Bump, order: int, size: int) -> tuple[Waves, Waves]:
    """For each wave of an axis: the sum with the moved derivative of a bump, and what it should be; (size,) both."""
    k = 2 * np.pi * np.fft.fftfreq(size, bump.step)
    places = np.arange(-bump.half, bump.half + 1) * bump.step
    waves = np.exp(1j * np.outer(k, places))
    due = (1j * k) ** order * (waves @ bump.weights(0))
    return np.asarray(waves @ bump.weights(order)), np.asarray(due, dtype=np.complex128)


@dataclass(frozen=True, eq=False)
class Rows:
    """Test functions of one part of a field, at all combinations of some places along each axis.

    starts: the first points of their supports along each axis, time first.
    """

    weak: Weak
    starts: tuple[Index, ...]

    def __len__(self) -> int:
        return math.prod(len(places) for places in self.starts)

    @functools.cached_property
    def target(self) -> Array:
        """The means of u_t, (rows,)."""
        return self._means(None)

    @functools.cached_property
    def columns(self) -> Array:
        """The means of the terms, (rows, terms)."""
        return np.column_stack([self._means(term) for term in self.weak.terms])

    def _means(self, term: Term | None) -> Array:
        """The weighted sums of a column in all supports, (rows,)."""
        sums = self.weak.values(term)
        for axis, (weights, places) in enumerate(zip(self.weak.kernel(term), self.starts)):
            matrix = np.zeros((len(places), sums.shape[axis]))
            for row, place in enumerate(places):
                matrix[row, place : place + len(weights)] = weights
            summed = np.asarray(np.tensordot(matrix, sums, axes=(1, axis)), dtype=float)
            sums = np.moveaxis(summed, 0, axis)
        return np.ravel(sums)

    @functools.cached_property
    def _points(self) -> Index:
        """The points of each test function, (rows, points), numbered as the raveled field."""
        shape = self.weak.field.values.shape

        def numbered(places: Sequence[Index]) -> Index:
            return np.ravel(np.ravel_multi_index(np.broadcast_arrays(*np.ix_(*places)), shape))

        inside = numbered([np.arange(2 * bump.half + 1) for bump in self.weak.bumps])
        return np.asarray(numbered(self.starts)[:, None] + inside[None, :])

    @functools.cached_property
    def _influence(self) -> Callable[[int], csr_array]:
        """How the noise of each point enters each row of a column, (rows, points of the field), by its number."""

        @functools.lru_cache(maxsize=KEPT)
        def made(place: int) -> csr_array:
            term = None if place == TARGET else self.weak.terms[place]
            weights = np.ravel(functools.reduce(np.multiply.outer, self.weak.kernel(term)))
            entries = weights * np.ravel(self.weak.slopes(term))[self._points]
            starts = np.arange(0, entries.size + 1, entries.shape[1])
            shape = (len(self), self.weak.field.values.size)
            return csr_array((np.ravel(entries), np.ravel(self._points), starts), shape=shape)

        return made

    @functools.cached_property
    def shared(self) -> Callable[[int, int], csr_array]:
        """The covariance of the noise of two columns, (rows, rows), by their numbers: of terms, or TARGET."""

        @functools.cache
        def made(one: int, other: int) -> csr_array:
            if one > other:
                return csr_array(made(other, one).T)
            return csr_array(self.weak.noise**2 * (self._influence(one) @ self._influence(other).T))

        return made

    def covariance(self, chosen: Sequence[int], values: Array) -> Array:
        """The covariance of the residuals of an equation with these terms and coefficients, (rows, rows)."""
        places = (TARGET, *chosen)
        signed = [1.0, *(-float(v) for v in values)]
        found = np.zeros((len(self), len(self)))
        for (a, one), (b, other) in itertools.product(zip(signed, places), repeat=2):
            found += a * b * self.shared(one, other).toarray()
        sums = self.weak.quadrature[[0, *(k + 1 for k in chosen)]] * np.abs(signed)
        floor = QUADRATURE**2 * float(sums @ sums) + PRECISION**2 * mean_square(self.target)
        found[np.diag_indices(len(self))] += floor + TINY
        return found
