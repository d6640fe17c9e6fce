"""Sums of waves of many turns in one input or two: read off periodograms, since no smooth model follows them.

y = c + Σ A_k·cos(a_k·u + b_k·v + φ_k), u an input or a power of one, v another input or nothing. The periodogram of
scattered rows is a Fourier transform on a fine grid (Scargle 1982 for one input), its highest peak the next wave; all
frequencies found so far are refined together with amplitudes and phases in closed form (variable projection).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import sympy
from scipy.optimize import least_squares as nonlinear

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import least_squares

MOST, BESIDE = 6, 3  # waves, and waves beside a trend
TURNS = 4.0  # over the rows from which a wave is fast; slower ones are for smooth models
POWERS = (1, 2, 3)  # of an input that waves run along
GRID = 2**22  # points of one input's periodogram
PAIR = 400  # frequencies of each input of a pair, of each sign for the second
ALIKE = 0.75  # of the highest peak, from which a slower one is as good: that of evenly spaced rows comes again and
# again, and may lie between two frequencies of the grid where it comes first
SIGNIFICANT = 3.0  # times the highest peak of noise that a wave's must be
WHOLE = 1e-10  # share of the variance that may be left when all waves are found


@dataclass(frozen=True, eq=False)
class _Wave:
    """Along columns of `phases` with these frequencies; symbolic: those columns as expressions."""

    columns: tuple[Array, ...]
    symbolic: tuple[sympy.Expr, ...]
    frequencies: tuple[float, ...]
    power: float


def waves(data: Dataset, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """The sum of the waves found when they leave next to nothing, otherwise the one before the next says nothing."""
    y = data.y - data.y.mean()
    spread = float(np.mean(y**2))
    found: list[_Wave] = []
    rest = y
    while len(found) < MOST and spread > 0 and not expired():
        wave = max(_candidates(data, rest, expired), key=lambda w: w.power, default=None)
        if wave is None:
            break
        found = _refined([*found, wave], data.y)
        columns = _columns(found, len(data.y))
        weights = least_squares(columns, data.y[:, None], ridge=0.0)[:, 0]
        rest = data.y - columns @ weights
        if float(np.mean(rest**2)) < WHOLE * spread:
            break
    if found:
        yield _formula(found, data.y)


def waves_beside_a_trend(data: Dataset, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """A line or a parabola in the one input and a wave along it, then two, as long as they are above the noise."""
    symbol, x = sympy.Symbol(data.names[0]), data.X[:, 0]
    middle = float(x.mean())
    slow = np.polynomial.legendre.legvander(2 * (x - x.min()) / np.ptp(x) - 1, int(2 * TURNS))
    for degree in (1, 2):
        trend = (x - middle)[:, None] ** np.arange(1, degree + 1)
        rest, found = data.y, list[_Wave]()
        while len(found) < BESIDE and not expired():
            columns = np.column_stack([_columns(found, len(x)), trend])
            weights = least_squares(columns, data.y[:, None], ridge=0.0)[:, 0]
            if found:
                constant, slope, *bend = map(float, (weights[0], *weights[-degree:]))
                yield _parabola(symbol - sympy.Float(middle), constant, slope, *bend) + _sum(found, weights)
            rest = data.y - columns @ weights
            wave = _along(x, symbol, rest - slow @ least_squares(slow, rest[:, None], ridge=0.0)[:, 0], ALIKE)
            if wave is None:
                break
            found = _refined([*found, wave], data.y, trend)


def _parabola(u: sympy.Expr, constant: float, slope: float, bend: float = 0.0) -> sympy.Expr:
    """About its vertex, where it has one: its constants are of the size of the rows then."""
    if not bend:
        return sympy.Float(slope) * u + sympy.Float(constant)
    shift = slope / (2 * bend)
    return sympy.Float(bend) * (u + sympy.Float(shift)) ** 2 + sympy.Float(constant - bend * shift**2)


def _candidates(data: Dataset, rest: Array, expired: Callable[[], bool]) -> Iterator[_Wave]:
    """The highest peak of each input and of each pair, as far as it is above the noise."""
    symbols = [sympy.Symbol(name) for name in data.names]
    for symbol, x in zip(symbols, data.X.T):
        for power in POWERS:
            wave = None if expired() else _along(x**power, symbol**power, rest)
            if wave is not None:
                yield wave
    for (u, x), (v, w) in combinations(list(zip(symbols, data.X.T)), 2):
        wave = None if expired() else _across((x, w), (u, v), rest)
        if wave is not None:
            yield wave


def _threshold(rows: int, frequencies: int) -> float:
    """Share of the variance above which a peak is no noise: peaks of noise are exponential, mean 2/rows."""
    return SIGNIFICANT * 2 * np.log(frequencies) / rows


def _along(x: Array, symbol: sympy.Expr, rest: Array, alike: float = 1.0) -> _Wave | None:
    """By a Fourier transform of the rows counted into a grid, half of which is left empty to resolve the peaks."""
    low, width = float(x.min()), float(np.ptp(x))
    place = np.minimum(((x - low) / (2 * width) * GRID).astype(int), GRID - 1)
    powers = np.abs(np.fft.rfft(np.bincount(place, rest, GRID))) ** 2
    step = np.pi / width  # from one frequency to the next
    slow = int(2 * TURNS)
    fast = powers[slow : GRID // 4]
    best = slow + int(np.argmax(fast >= alike * fast.max()))
    if powers[1:slow].max() > powers[best]:
        return None  # what is slow is not for this
    share = float(2 * powers[best] / len(rest) / np.sum(rest**2))
    return _Wave((x,), (symbol,), (best * step,), share) if share > _threshold(len(rest), GRID // 4) else None


def _across(pair: tuple[Array, Array], symbols: tuple[sympy.Expr, sympy.Expr], rest: Array) -> _Wave | None:
    """By the product of both inputs' waves on grids of frequencies."""
    steps = [np.pi / float(np.ptp(x)) for x in pair]
    first, second = np.arange(PAIR) * steps[0], np.arange(-PAIR, PAIR) * steps[1]
    E = np.exp(1j * first[:, None] * pair[0]) * rest
    powers = np.abs(E @ np.exp(1j * pair[1][:, None] * second)) ** 2
    slow = int(2 * TURNS)
    around = (slice(None, slow), slice(PAIR - slow, PAIR + slow))
    smooth = float(powers[around].max())
    powers[around] = 0.0
    powers[0, :] = powers[:, PAIR] = 0.0  # along one of them alone
    i, j = np.unravel_index(int(np.argmax(powers)), powers.shape)
    if smooth > powers[i, j]:
        return None
    share = float(2 * powers[i, j] / len(rest) / np.sum(rest**2))
    frequencies = (float(first[i]), float(second[j]))
    return _Wave(pair, symbols, frequencies, share) if share > _threshold(len(rest), powers.size) else None


def _columns(found: list[_Wave], rows: int, moved: Array | None = None) -> Array:
    """1, and cosine and sine of each wave, its frequencies moved by steps of one turn over the rows."""
    steps = iter(np.zeros(2 * len(found)) if moved is None else moved)
    columns: list[Array] = [np.ones(rows)]
    for wave in found:
        phase = np.zeros_like(columns[0])
        for x, f in zip(wave.columns, wave.frequencies):
            phase = phase + (f + next(steps) / float(np.ptp(x))) * x
        columns += [np.cos(phase), np.sin(phase)]
    return np.column_stack(columns)


def _refined(found: list[_Wave], y: Array, beside: Array | None = None) -> list[_Wave]:
    """The waves with their frequencies fitted. beside: columns of what else the target is made of, (rows, count)."""

    def residual(moved: Array) -> Array:
        columns = _columns(found, len(y), moved)
        columns = columns if beside is None else np.column_stack([columns, beside])
        return columns @ least_squares(columns, y[:, None], ridge=0.0)[:, 0] - y

    count = sum(len(wave.frequencies) for wave in found)
    steps = iter(nonlinear(residual, np.zeros(count), xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=40).x.tolist())
    moved = []
    for wave in found:
        frequencies = tuple(f + next(steps) / float(np.ptp(x)) for f, x in zip(wave.frequencies, wave.columns))
        moved.append(replace(wave, frequencies=frequencies))
    return moved


def _formula(found: list[_Wave], y: Array) -> sympy.Expr:
    weights = least_squares(_columns(found, len(y)), y[:, None], ridge=0.0)[:, 0]
    return sympy.Float(float(weights[0])) + _sum(found, weights)


def _sum(found: list[_Wave], weights: Array) -> sympy.Expr:
    total: sympy.Expr = sympy.Integer(0)
    for k, wave in enumerate(found):
        a, b = weights[1 + 2 * k : 3 + 2 * k]
        phase = sympy.Add(*(sympy.Float(f) * e for f, e in zip(wave.frequencies, wave.symbolic)))
        total += sympy.Float(float(np.hypot(a, b))) * sympy.cos(phase - sympy.Float(float(np.arctan2(b, a))))
    return total
