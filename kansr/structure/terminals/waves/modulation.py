"""Damping and chirp of a wave, read off what lies around its peak in the spectrum.

Rows are turned back by the frequency of the peak (complex demodulation, Bloomfield 1976) and counted into few bins.
There each damping and each chirp that is tried is one short Fourier transform.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kansr.numeric.arrays import Array
from kansr.structure.terminals.waves.fit import Wave

# Bins over the range, and the widest chirp that they resolve, in radians: its frequency reaches half of theirs.
BINS = 1024
MOST_CHIRP = 400

# Dampings that are tried, as logarithms over half of the range, of either sign.
DAMPINGS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def modulated(u: Array, rest: Array, frequency: float) -> Iterator[Wave]:
    """The best damped wave and the best chirp with a frequency near this one. rest: (rows,)"""
    base, count = _baseband(u, rest, frequency)
    v = (np.arange(BINS) + 0.5) / BINS * 2 - 1
    for kind in ("damping", "chirp"):
        best = max(_tried(kind, v, base, count), key=lambda row: row[0])
        _, value, offset = best
        yield Wave(frequency + offset, **{kind: value})


def _baseband(u: Array, rest: Array, frequency: float) -> tuple[Array, Array]:
    """The rows turned back by a frequency, summed in bins, and the rows in each, (BINS,)."""
    place = np.minimum(((u + 1) / 2 * BINS).astype(np.intp), BINS - 1)
    turned = rest * np.exp(-1j * frequency * u)
    real, imaginary = (np.bincount(place, part, BINS) for part in (turned.real, turned.imag))
    return real + 1j * imaginary, np.bincount(place, minlength=BINS).astype(float)


def _tried(kind: str, v: Array, base: Array, count: Array) -> Iterator[tuple[float, float, float]]:
    """What each modulation explains, its value, and the frequency beside that of the peak. v: bins, (BINS,)"""
    values = [sign * d for d in DAMPINGS for sign in (1, -1)] if kind == "damping" else _chirps()
    for value in values:
        window = np.exp(value * v) if kind == "damping" else np.exp(-1j * value * v * v)
        power = np.abs(np.fft.fft(base * window, 2 * BINS)) ** 2
        k = int(np.argmax(power))
        offset = float(np.fft.fftfreq(2 * BINS)[k]) * np.pi * BINS
        yield float(power[k] / (count @ np.abs(window) ** 2)), value, offset


def _chirps() -> list[float]:
    return [float(sign * b) for b in range(1, MOST_CHIRP + 1) for sign in (1, -1)]
