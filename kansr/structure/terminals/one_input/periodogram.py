"""Sums of fast waves of one input or two, read off periodograms, since no surrogate follows them.

y = c + Σ A_k·cos(a_k·u + b_k·v + φ_k), u an input or a power of one, v another input or nothing. The periodogram of
scattered rows (Scargle 1982) is a Fourier transform on a fine grid, and its highest peak the next wave; all frequencies
found so far are refined together by variable projection (Golub and Pereyra 1973).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import sympy
from scipy.optimize import least_squares as nonlinear

from kansr.data.dataset import Dataset
from kansr.formula.judge.levels import PEAK_LEVEL
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import least_squares
from kansr.numeric.tolerances import EPS, ROUNDING
from kansr.structure.terminals.thresholds import MOST_STEPS, MOST_WAVES
from kansr.structure.terminals.waves.band import step_of

# Periods over the range of the input from which a wave is fast; slower ones are left to surrogates.
LEAST_PERIODS = 4

# Powers of an input that waves run along.
POWERS = (1, 2, 3)

# Points of the grid of one input.
GRID = 2**22

# Frequencies of each input of a pair, of each sign for the second.
PAIR_GRID = 400


@dataclass(frozen=True, eq=False)
class _Wave:
    """A wave along one column or two, (rows,) each.

    symbolic: those columns as expressions; frequencies: radians per unit of each; power: its share of the variance.
    """

    columns: tuple[Array, ...]
    symbolic: tuple[sympy.Expr, ...]
    frequencies: tuple[float, ...]
    power: float


def waves(data: Dataset, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """The sum of all significant waves of exact rows, at most MOST_WAVES; fewer where they leave only rounding."""
    y = data.y - data.y.mean()
    variance = float(np.mean(y**2))
    found: list[_Wave] = []
    rest = y
    while len(found) < MOST_WAVES and variance > 0 and not expired():
        wave = max(_candidates(data, rest, expired), key=lambda w: w.power, default=None)
        if wave is None:
            break
        found = _refined([*found, wave], data.y)
        columns = _columns(found, len(data.y))
        rest = data.y - columns @ _coefficients(columns, data.y)
        if float(np.mean(rest**2)) < ROUNDING * variance:
            break
    if found:
        weights = _coefficients(_columns(found, len(data.y)), data.y)
        yield sympy.Float(float(weights[0])) + _sum(found, weights)


def _coefficients(columns: Array, y: Array) -> Array:
    """Linear least squares, (columns,)."""
    return np.asarray(least_squares(columns, y[:, None], ridge=0.0)[:, 0])


def _candidates(data: Dataset, rest: Array, expired: Callable[[], bool]) -> Iterator[_Wave]:
    """The highest peak along each input, its powers, and each pair, where it is significant. rest: (rows,)"""
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


def _significant(share: float, rows: int, frequencies: int) -> bool:
    """Whether a peak with this share of the variance is no noise: peaks of noise are exponential with mean 2/rows."""
    return bool(share > 2 * np.log(frequencies / PEAK_LEVEL) / rows)


def _along(x: Array, symbol: sympy.Expr, rest: Array) -> _Wave | None:
    """The highest peak of a Fourier transform of the rows counted into a grid; None where it is slow or noise.

    Half of the grid is left empty, which resolves the peaks. Rows at multiples of a step repeat them from π over the
    step on.
    """
    low, width, apart = float(x.min()), float(np.ptp(x)), step_of(x)
    place = np.minimum(((x - low) / (2 * width) * GRID).astype(int), GRID - 1)
    powers = np.abs(np.fft.rfft(np.bincount(place, rest, GRID))) ** 2
    step = np.pi / width  # from one frequency to the next
    slow = 2 * LEAST_PERIODS
    fast = powers[slow : min(GRID // 4, int(width / apart) + 1) if apart else GRID // 4]
    best = slow + int(np.argmax(fast)) if len(fast) else 0
    if powers[1:slow].max() > powers[best]:
        return None
    share = float(2 * powers[best] / len(rest) / np.sum(rest**2))
    return _Wave((x,), (symbol,), (best * step,), share) if _significant(share, len(rest), GRID // 4) else None


def _across(pair: tuple[Array, Array], symbols: tuple[sympy.Expr, sympy.Expr], rest: Array) -> _Wave | None:
    """The highest peak over a grid of frequencies of both inputs; None where it is slow or noise."""
    steps = [np.pi / float(np.ptp(x)) for x in pair]
    first, second = np.arange(PAIR_GRID) * steps[0], np.arange(-PAIR_GRID, PAIR_GRID) * steps[1]
    E = np.exp(1j * first[:, None] * pair[0]) * rest
    powers = np.abs(E @ np.exp(1j * pair[1][:, None] * second)) ** 2
    slow = 2 * LEAST_PERIODS
    around = (slice(None, slow), slice(PAIR_GRID - slow, PAIR_GRID + slow))
    slowest = float(powers[around].max())
    powers[around] = 0.0
    powers[0, :] = powers[:, PAIR_GRID] = 0.0  # along one of them alone
    i, j = np.unravel_index(int(np.argmax(powers)), powers.shape)
    if slowest > powers[i, j]:
        return None
    share = float(2 * powers[i, j] / len(rest) / np.sum(rest**2))
    frequencies = (float(first[i]), float(second[j]))
    return _Wave(pair, symbols, frequencies, share) if _significant(share, len(rest), powers.size) else None


def _columns(found: list[_Wave], rows: int, moved: Array | None = None) -> Array:
    """1, and cosine and sine of each wave, (rows, columns).

    moved: what is added to the frequencies, in phases over the range of their column.
    """
    steps = iter(np.zeros(2 * len(found)) if moved is None else moved)
    columns: list[Array] = [np.ones(rows)]
    for wave in found:
        phase = np.zeros_like(columns[0])
        for x, f in zip(wave.columns, wave.frequencies):
            phase = phase + (f + next(steps) / float(np.ptp(x))) * x
        columns += [np.cos(phase), np.sin(phase)]
    return np.column_stack(columns)


def _refined(found: list[_Wave], y: Array) -> list[_Wave]:
    """The waves with their frequencies fitted."""

    def residual(moved: Array) -> Array:
        columns = _columns(found, len(y), moved)
        return np.asarray(columns @ _coefficients(columns, y) - y)

    count = sum(len(wave.frequencies) for wave in found)
    fit = nonlinear(residual, np.zeros(count), xtol=EPS, ftol=EPS, gtol=EPS, max_nfev=MOST_STEPS)
    steps = iter(fit.x.tolist())
    moved = []
    for wave in found:
        frequencies = tuple(f + next(steps) / float(np.ptp(x)) for f, x in zip(wave.frequencies, wave.columns))
        moved.append(replace(wave, frequencies=frequencies))
    return moved


def _sum(found: list[_Wave], weights: Array) -> sympy.Expr:
    """Σ A_k·cos(a_k·u − φ_k). weights: of the columns of `_columns`."""
    total: sympy.Expr = sympy.Integer(0)
    for k, wave in enumerate(found):
        a, b = weights[1 + 2 * k : 3 + 2 * k]
        phase = sympy.Add(*(sympy.Float(f) * e for f, e in zip(wave.frequencies, wave.symbolic)))
        total += sympy.Float(float(np.hypot(a, b))) * sympy.cos(phase - sympy.Float(float(np.arctan2(b, a))))
    return total
