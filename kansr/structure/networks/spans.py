"""Spans: the space of functions of one input that a network's curves lie in, and library functions that span it.

The curves of a sum of products are known only up to mixing: f + g and f − g do for f and g. The space that they span
does not change, so a library function is asked for its distance from that space, not from a curve. Functions are named
one after another, the surest first, each beside those that are named already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from kansr.numeric.arrays import Array
from kansr.result.graph import Edge
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.matching.match import EdgeFit, MatchConfig, match, score

SEEN = 5.0  # times the error of the network, from which a direction of the space is more than that error
LEAST_ERROR = 1e-7  # in standard deviations of the target: curves of splines are not known better
MOST_FUNCTIONS = 3  # of one input
KEPT = 5  # names of a space of one dimension that are tried
PLAIN = 3  # of them, those without a shift of the input, which come first
PAIR_GAIN = 0.01  # times what one function leaves of a curve, down to which two have to come
LEAST_APART = 1e-4  # 1 - r² of two functions, down to which they are not taken together
RATES = 24  # inner constants of a function that are tried, for each sign
TURNS = 3.0  # of a wave over the range of the input, at most, and as much a rate makes of it
SLOWEST = 200.0  # the steepest inner constant that is tried over the least one
LOCATED = 1e-7  # of the bracket of an inner constant, to which it is known: a minimum is no sharper in float64
BESIDE = 1e-6  # share of a function beside those that are named, below which it says nothing new
SHIFTS = (0.0, np.pi / 2)  # of waves: a sine and a cosine
NICE_RATES = (1.0, 2.0, 0.5, 3.0, 4.0, 0.25, np.pi, 2 * np.pi)  # inner constants that are tried as they are


@dataclass(frozen=True, eq=False)
class Span:
    """The space of the curves of one input, without constants.

    x: (points,), ascending; basis: (points, dimensions), orthonormal columns of mean 0; sizes: (dimensions,), how far
    the target moves along each, rms, in standard deviations of it, the largest first; error: of the network, in these.
    """

    x: Array
    basis: Array
    sizes: Array
    error: float

    @property
    def dimensions(self) -> int:
        return self.basis.shape[1]


def span_of(x: Array, curves: Array, error: float) -> Span:
    """The space of curves. curves: (points, count), as the target moves with each, in its standard deviations"""
    error = max(error, LEAST_ERROR)
    U, sizes, _ = np.linalg.svd(curves - curves.mean(0), full_matrices=False)
    sizes = sizes / np.sqrt(len(x))
    count = min(int((sizes > SEEN * error).sum()), MOST_FUNCTIONS)
    return Span(x, U[:, :count], sizes[:count], error)


def names_of(span: Span, library: Library) -> list[tuple[EdgeFit, ...]]:
    """Sets of functions, one for each dimension of the space, that span it; the best first. c and d mean nothing."""
    if span.dimensions == 0:
        return [()]
    if span.dimensions == 1:
        curve = span.basis[:, 0] * np.sqrt(len(span.x)) * span.sizes[0]
        shifted = match(Edge("x", "y", span.x, curve, span.error), MatchConfig(library=library))
        none = np.empty((len(span.x), 0))
        plain = sorted(_distances(span, none, library), key=lambda row: row[0])
        ranked = [*(fit for _, fit, _ in plain[:PLAIN]), *(fit for fit in shifted if fit.b)]
        single: list[tuple[EdgeFit, ...]] = [(fit,) for fit in ranked[:KEPT]]
        pair = _pair(span, library)
        return [pair, *single] if pair else single
    return [names for names in (_one_by_one(span, library, skipped) for skipped in (0, 1)) if names]


def _pair(span: Span, library: Library) -> tuple[EdgeFit, ...]:
    """Two functions with nice inner constants whose sum the one curve is; empty where one function does nearly as well.

    All pairs are compared: with one function given, the best other one is that of the largest partial correlation.
    """
    y, floor = span.basis[:, 0], (SEEN * span.error / span.sizes[0]) ** 2
    fits, columns = [], []
    for function in library:
        rates = [1.0] if not set(function.free) & set("ap") else [*NICE_RATES, *(-a for a in NICE_RATES)]
        for a in rates if function.free != "p" else ():
            for shift in SHIFTS if function.periodic and "b" in function.free else (0.0,):
                found = _misfit(function, a, shift, span, np.empty((len(span.x), 0)))
                if found is not None:
                    fits.append(EdgeFit(function, a, shift, 1.0, 0.0, 1 - found[0]))
                    columns.append(found[1])
    C = np.column_stack(columns)
    G, w = C.T @ C, C.T @ y
    with np.errstate(all="ignore"):
        partial = (w[None] - G * w[:, None]) ** 2 / (1 - G**2)
    partial[~(1 - G**2 > LEAST_APART)] = 0.0
    left = 1 - w[:, None] ** 2 - partial
    first, second = np.unravel_index(int(np.argmin(left)), left.shape)
    if max(left[first, second], floor) > PAIR_GAIN * float(np.min(1 - w**2)):
        return ()
    return fits[first], fits[second]


def _one_by_one(span: Span, library: Library, skipped: int) -> tuple[EdgeFit, ...]:
    """A function for each dimension, the surest first. skipped: how many of the best first functions are left out"""
    named: list[EdgeFit] = []
    known: Array = np.empty((len(span.x), 0))
    while len(named) < span.dimensions:
        ranked = sorted(_distances(span, known, library), key=lambda row: row[0])
        ranked = ranked[skipped if not named else 0 :]
        if not ranked:
            return ()
        _, fit, direction = ranked[0]
        named.append(fit)
        known = np.column_stack([known, direction])
    return tuple(named)


def _distances(span: Span, known: Array, library: Library) -> Iterator[tuple[float, EdgeFit, Array]]:
    """For each function its score, itself, and its direction beside those known: (points,), of length 1."""
    # A function may lie in the direction that is named next and in the following one, which is known less well.
    floor = (span.error / span.sizes[min(known.shape[1] + 1, span.dimensions - 1)]) ** 2
    for function in library:
        best = _nearest(function, span, known, floor)
        if best is not None:
            (a, b), misfit, direction = best
            fit = EdgeFit(function, a, b, 1.0, 0.0, 1 - misfit)
            yield score(fit, floor), fit, direction


Constants = tuple[float, float]


def _nearest(function: Function, span: Span, known: Array, floor: float) -> tuple[Constants, float, Array] | None:
    """The inner constants that bring a function nearest to the space, its misfit, and its direction."""
    best: tuple[float, Constants, Array] | None = None
    for shift in SHIFTS if function.periodic and "b" in function.free else (0.0,):
        for low, high in _brackets(function, span, known, shift):
            for a in (
                (low, high) if low == high else (*_nice(low, high), _least(function, span, known, low, high, shift))
            ):
                found = _misfit(function, a, shift, span, known)
                if found is not None and (best is None or found[0] < best[0] - floor):
                    best = (found[0], (a, shift), found[1])
    return None if best is None else (best[1], best[0], best[2])


def _nice(low: float, high: float) -> Iterator[float]:
    return (sign * a for sign in (1.0, -1.0) for a in NICE_RATES if low <= sign * a <= high)


def _brackets(function: Function, span: Span, known: Array, shift: float) -> Iterator[tuple[float, float]]:
    """Where an inner constant may be best: the neighbours of the best one of each sign on a grid."""
    if not set(function.free) & set("ap"):
        yield 1.0, 1.0
        return
    reach = float(np.abs(span.x).max()) or 1.0
    steepest = 2 * np.pi * TURNS / reach
    signs: Sequence[float] = (1.0,) if function.periodic else (1.0, -1.0)
    for sign in signs:
        grid = sign * np.geomspace(steepest / SLOWEST, steepest, RATES)
        found = [_misfit(function, float(a), shift, span, known) for a in grid]
        misfits = [np.inf if f is None else f[0] for f in found]
        place = int(np.argmin(misfits))
        if np.isfinite(misfits[place]):
            ends = grid[max(place - 1, 0)], grid[min(place + 1, RATES - 1)]
            yield float(min(ends)), float(max(ends))


def _least(function: Function, span: Span, known: Array, low: float, high: float, shift: float) -> float:
    """The inner constant of least misfit between two."""

    def misfit(a: float) -> float:
        found = _misfit(function, a, shift, span, known)
        return 1.0 if found is None else found[0]

    best = minimize_scalar(misfit, bounds=(low, high), method="bounded", options={"xatol": LOCATED * (high - low)})
    return float(best.x)


def _misfit(function: Function, a: float, b: float, span: Span, known: Array) -> tuple[float, Array] | None:
    """The share of a function, beside those known, that is outside the space, and its direction."""
    g = function.inner(span.x, a, b)
    if not np.isfinite(g).all():
        return None
    g = g - g.mean()
    whole = float(np.linalg.norm(g))
    g = g - known @ (known.T @ g)
    size = float(np.linalg.norm(g))
    if not size > BESIDE * whole or whole == 0:
        return None
    direction = g / size
    outside = direction - span.basis @ (span.basis.T @ direction)
    return float(outside @ outside), direction
