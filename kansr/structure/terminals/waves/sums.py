"""Sums of waves beside a trend: one more wave at a time, as long as it is no noise.

Where a damped wave or a chirp is likelier than a plain one, both ways are gone, since two plain waves of nearly one
frequency look like either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING, TINY
from kansr.structure.terminals.thresholds import MOST_WAVES
from kansr.structure.terminals.waves.band import Band
from kansr.structure.terminals.waves.fit import Wave, WaveFit, design, fitted
from kansr.structure.terminals.waves.formula import formulas
from kansr.structure.terminals.waves.modulation import modulated, significant_modulated
from kansr.structure.terminals.waves.spectrum import BESIDE_OTHERS, FIRST, peak, significant

# Half turns over the range from which a wave is fast; slower ones are left to surrogates. And from which one is
# looked for beside a fast one.
FAST = 5
BESIDE_FAST = 3

# Share of the frequency of a peak that is left when the wave is fitted, at least.
LEAST_FITTED = 0.7

# Degree of the trend at most.
MOST_DEGREE = 2

# Rows below which there are no waves to be seen, and for each column of what varies slowly.
LEAST_ROWS = 12
ROWS_PER_SLOW_COLUMN = 6

# Rows for each constant of a sum, at least.
ROWS_PER_CONSTANT = 3

# Rows that waves are fitted to, at most; peaks are looked for in all.
MOST_FITTED = 5000

# Bits by which a damped wave or a chirp has to be likelier than a plain wave.
MODULATED_BITS = 16.0

# Bits by which a sum may be longer than the shortest to be given.
BEHIND = 40.0

# Times the mean square of rounding to the decimals of the table, up to which the rest is rounding: it is not white.
ROUNDING_MARGIN = 1.5

# Decimals that a table is rounded to, at most.
MOST_DECIMALS = 12


@dataclass(frozen=True, eq=False)
class _Rows:
    """What waves are looked for in.

    y: (rows,); some: the rows that waves are fitted to; floor: mean square up to which what is left is rounding.
    """

    band: Band
    y: Array
    some: slice
    floor: float
    expired: Callable[[], bool]

    def fitted(self, waves: tuple[Wave, ...], degree: int, move: bool = True) -> WaveFit:
        """The waves fitted to some rows. move: also what they are not linear in."""
        return fitted(waves, self.band.u[self.some], self.y[self.some], degree, move)

    def rest(self, fit: WaveFit) -> Array:
        """What a fit leaves, (rows,)."""
        return np.asarray(self.y - design(fit.waves, self.band.u, fit.degree) @ fit.weights)

    def length(self, fit: WaveFit) -> float:
        """About the description length of a fit, in bits."""
        rows = len(fit.rest)
        return 0.5 * rows * math.log2(max(fit.loss, self.floor) + TINY) + 0.5 * fit.constants * math.log2(rows)


def sums_of_waves(data: Dataset, expired: Callable[[], bool] = lambda: False) -> Iterator[sympy.Expr]:
    """Sums of waves beside a constant, a line or a parabola, those with fewer waves first; each wave is significant.

    data: one input.
    """
    x, y = data.X[:, 0], data.y
    if data.rows < LEAST_ROWS or not np.ptp(x) > 0 or not np.ptp(y) > 0:
        return
    rows = _Rows(Band.of(x), y, slice(None, None, -(-data.rows // MOST_FITTED)), _rounding(y), expired)
    symbol = sympy.Symbol(data.names[0])
    fits = [fit for way in _ways(rows) for fit in way]
    least = min(map(rows.length, fits), default=0.0)
    for fit in sorted(fits, key=lambda fit: len(fit.waves)):
        if rows.length(fit) < least + BEHIND:
            yield from formulas(fit, rows.band, symbol)


def _rounding(y: Array) -> float:
    """The mean square of what rounding leaves of a formula, of float64 or of the decimals in the table."""
    least = ROUNDING**2 * float(np.var(y))
    for decimals in range(MOST_DECIMALS):
        if np.allclose(np.round(y, decimals), y, rtol=ROUNDING, atol=0):
            return max(least, ROUNDING_MARGIN * float(f"1e-{2 * decimals}") / 12)
    return least


def _ways(rows: _Rows) -> Iterator[list[WaveFit]]:
    """Fits with one wave and more: with plain waves, and with all kinds where that is likelier."""
    u, y = rows.band.u, rows.y
    slow = _slow(u, min(FAST, len(y) // ROWS_PER_SLOW_COLUMN))
    frequency = peak(rows.band, y, slow, FAST, FIRST)
    if frequency is None:
        Q = np.linalg.qr(slow)[0]
        wave = significant_modulated(rows.band, y - Q @ (Q.T @ y), slow.shape[1], FAST, FIRST)
        if wave is not None:
            yield list(_grown(rows, _with_trend(rows, (wave,)), modulate=True))
        return
    plain = _with_trend(rows, (Wave(frequency),))
    if plain.waves[0].frequency < LEAST_FITTED * frequency:  # it was the rest of something slow
        return
    better = _likelier(rows, (), plain)
    grown = [] if better is None else list(_grown(rows, better, modulate=True))
    if grown:
        yield grown
    yield [plain] if len(grown) == 1 else list(_grown(rows, plain, modulate=False))


def _slow(u: Array, degree: int) -> Array:
    """Polynomials up to a degree, (rows, degree + 1): what varies slowly."""
    return np.asarray(np.polynomial.legendre.legvander(u, degree), dtype=float)


def _grown(rows: _Rows, fit: WaveFit, modulate: bool) -> Iterator[WaveFit]:
    """The fit, and with one more wave at a time, while that is likelier. modulate: whether all kinds are looked for."""
    yield fit
    while len(fit.waves) < MOST_WAVES and fit.loss > rows.floor and not rows.expired():
        constants = fit.constants + len(Wave(1.0).free) + 2
        if constants * ROWS_PER_CONSTANT > len(rows.y):
            return
        slow = _slow(rows.band.u, max(fit.degree, BESIDE_FAST))
        columns = np.column_stack([slow, *(c for wave in fit.waves for c in wave.columns(rows.band.u))])
        frequency = peak(rows.band, rows.rest(fit), columns, BESIDE_FAST, BESIDE_OTHERS)
        if frequency is None:
            return
        more = _with_trend(rows, (*fit.waves, Wave(frequency)), fit.degree)
        more = (_likelier(rows, fit.waves, more) or more) if modulate else more
        if rows.length(more) >= rows.length(fit):
            return
        fit = more
        yield fit


def _likelier(rows: _Rows, others: tuple[Wave, ...], plain: WaveFit) -> WaveFit | None:
    """The fit with a damped wave or a chirp in place of the last plain wave, where that is clearly likelier."""
    u = rows.band.u[rows.some]
    rest = rows.fitted(others, plain.degree).rest
    near = modulated(u, rest, plain.waves[-1].frequency, rows.band.fastest)
    tried = (rows.fitted((*others, wave), plain.degree) for wave in near)
    best = min(tried, key=lambda fit: fit.loss)
    gain = 0.5 * len(u) * math.log2((plain.loss + TINY) / (max(best.loss, rows.floor) + TINY))
    return best if gain > MODULATED_BITS else None


def _with_trend(rows: _Rows, waves: tuple[Wave, ...], degree: int = 0) -> WaveFit:
    """The waves beside a trend of the highest degree that is no noise, of this degree at least."""
    chosen = rows.fitted(waves, degree, move=False)
    for more in range(degree + 1, MOST_DEGREE + 1):
        fit = rows.fitted(waves, more, move=False)
        share = 1 - fit.loss / (chosen.loss or 1.0)
        if chosen.loss > rows.floor and significant(share, len(fit.rest) - fit.constants, 1, BESIDE_OTHERS.white):
            chosen = fit
    return rows.fitted(waves, chosen.degree)
