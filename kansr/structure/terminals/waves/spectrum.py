"""The periodogram of one input, and whether its highest peak is a wave or noise.

Scargle's (1982) periodogram of scattered rows as a Fourier transform of the rows counted into a fine grid (Press and
Rybicki 1989); peaks are compared by least squares beside a trend (Zechmeister and Kürster 2009).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.structure.terminals.waves.band import Band

# Grid points over the highest frequency in half turns: the phase of a row is then known to a fifth of a radian.
POINTS_PER_FREQUENCY = 16
LARGEST_GRID = 2**22

# What lies around a peak: down to a third and up to three times its frequency, without what belongs to the peak itself,
# in half turns.
AROUND = 3
OWN = 2

# Powers on one side that say how high the others are; and how much higher they may be on a side that is not seen.
LEAST_AROUND = 3
ONE_SIDED = 4.0

# Share of the highest peak from which a slower one is taken: rows that are almost evenly spaced repeat it.
ALIKE = 0.9

# Peaks that are compared by least squares.
PEAKS = 6

# Rows up to which their frequencies are refined first: of many rows they are clear enough.
MOST_REFINED = 5000


class Levels(NamedTuple):
    """False-alarm rates. white: of the highest peak of white noise; around: of a peak against what lies around it.

    The latter since noise need not be white (after Schulz and Mudelsee 2002).
    """

    white: float
    around: float


FIRST = Levels(white=1e-5, around=1e-3)
BESIDE_OTHERS = Levels(white=1e-3, around=0.05)


def powers(band: Band, rest: Array) -> Array:
    """|Σ rest·exp(−iωu)|² at 0, 1, … half turns over the range, (band.highest + 1,). rest: (rows,)"""
    size = 1 << math.ceil(math.log2(POINTS_PER_FREQUENCY * (band.highest + 1)))
    size = min(size, LARGEST_GRID)
    # half of the grid is left empty, which resolves the peaks
    place = np.minimum(np.rint((band.u + 1) / 4 * size).astype(np.intp), size - 1)
    return np.asarray(np.abs(np.fft.rfft(np.bincount(place, rest, size))[: band.highest + 1]) ** 2)


def peak(band: Band, rest: Array, slow: Array, least: int, levels: Levels) -> float | None:
    """The frequency of the highest peak, in radians per unit of u; None where it is noise.

    rest: (rows,); slow: columns of what varies slowly, (rows, count), which is nothing that waves are taken for; least:
    half turns over the range from which a wave is looked for.
    """
    if band.highest <= least:
        return None
    Q = np.linalg.qr(slow)[0]
    rest = rest - Q @ (Q.T @ rest)
    spectrum = powers(band, rest)
    candidates = _peaks(spectrum, least)
    if not len(candidates):
        return None
    frequencies = [_refined(band.u, float(np.pi / 2 * k), rest, Q) for k in candidates]
    shares = np.array([_share(band.u, frequency, rest, Q) for frequency in frequencies])
    best = int(np.flatnonzero(shares >= ALIKE * shares.max())[0])
    free = len(rest) - Q.shape[1] - 2
    if not significant(float(shares[best]), free, band.highest, levels.white):
        return None
    place = int(candidates[best])
    without = rest - _taken(band.u, frequencies[best], rest, Q)
    around = powers(band, without - Q @ (Q.T @ without))
    return frequencies[best] if alone(float(spectrum[place]), around, place, least, levels.around) else None


def significant(share: float, free: int, frequencies: int, level: float) -> bool:
    """Whether a wave with this share of the sum of squares is no noise, of so many frequencies that were looked at.

    free: degrees of freedom that are left. The share of white noise has a beta distribution (Baluev 2008).
    """
    if free < 1:
        return False
    return 0.5 * free * math.log(max(1 - share, TINY)) + math.log(frequencies) < math.log(level)


def _peaks(spectrum: Array, least: int) -> NDArray[np.intp]:
    """The highest local peaks, slower ones first."""
    beside = np.concatenate([spectrum[1:], [0.0]])
    before = np.concatenate([[0.0], spectrum[:-1]])
    local = np.flatnonzero((spectrum >= beside) & (spectrum >= before))
    local = local[local >= least]
    return np.sort(local[np.argsort(-spectrum[local], kind="stable")[:PEAKS]])


def _refined(u: Array, frequency: float, rest: Array, Q: Array) -> float:
    """The frequency near this one whose wave takes the largest share."""
    bounds = (frequency - np.pi / 2, frequency + np.pi / 2)
    if len(u) > MOST_REFINED:
        return frequency
    found = minimize_scalar(lambda f: -_share(u, f, rest, Q), bounds=bounds, method="bounded")
    return float(found.x)


def _share(u: Array, frequency: float, rest: Array, Q: Array) -> float:
    """The share of the sum of squares that a wave takes, beside columns that are orthonormal. rest: clear of those."""
    taken = _taken(u, frequency, rest, Q)
    return float(taken @ taken) / (float(rest @ rest) or 1.0)


def _taken(u: Array, frequency: float, rest: Array, Q: Array) -> Array:
    """The wave of a frequency that takes most of the rest, (rows,)."""
    A = np.column_stack([np.cos(frequency * u), np.sin(frequency * u)])
    A = A - Q @ (Q.T @ A)
    return np.asarray(A @ np.linalg.lstsq(A, rest, rcond=None)[0])


def alone(power: float, spectrum: Array, place: int, least: int, level: float) -> bool:
    """Whether the power of a peak is above what the powers around it make likely, if these are exponential.

    spectrum: without the peak, or with it. Its level is the geometric mean of the medians on both sides, since noise
    may fall off with the frequency.
    """
    sides = (
        spectrum[max(least, place // AROUND) : max(place - OWN, 0)],
        spectrum[place + OWN + 1 : AROUND * place + 1],
    )
    levels = [float(np.median(side)) / math.log(2) + TINY for side in sides if len(side) >= LEAST_AROUND]
    if not levels:
        return True
    mean = math.exp(float(np.mean(np.log(levels)))) * (1 if len(levels) == len(sides) else ONE_SIDED)
    count = sum(map(len, sides))
    return math.log(count) - power / mean < math.log(level)
