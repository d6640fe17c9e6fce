"""Damping and chirp of a wave, read off what lies around its peak in the spectrum.

Rows are turned back by the frequency of the peak (complex demodulation, Bloomfield 1976) and counted into few bins.
There each damping and each chirp that is tried is one short Fourier transform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array, Mask
from kansr.structure.terminals.waves.band import Band
from kansr.structure.terminals.waves.fit import Wave
from kansr.structure.terminals.waves.spectrum import Levels, alone, powers, significant

# Bins over the range, and the widest chirp that they resolve, in radians: its frequency reaches half of theirs.
BINS = 1024
MOST_CHIRP = 400

# Dampings that are tried, as logarithms over half of the range, of either sign.
DAMPINGS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


# Turns in the time in which a damped wave gets e times smaller, at least.
TURNS_WHILE_DAMPED = 1


def modulated(u: Array, rest: Array, frequency: float, highest: float) -> Iterator[Wave]:
    """The best damped wave and the best chirp with a frequency near this one, and not above the highest.

    rest: (rows,); highest: radians per unit of u.
    """
    base = _Baseband.of(u, rest, frequency, highest)
    yield from (base.best(kind).wave for kind in (_damped, _chirped))


def significant_modulated(band: Band, rest: Array, slow: int, least: int, levels: Levels) -> Wave | None:
    """A damped wave or a chirp that is no noise though no plain wave is seen; None where there is none.

    rest: (rows,), clear of so many columns of what varies slowly; least: half turns over the range from which a wave is
    looked for. Frequencies up to that of as many evenly spaced rows are looked at, or those around the highest peak
    where these are too many.
    """
    even = min(band.highest, len(rest) - 1)
    centre = np.pi / 4 * even
    if even <= least:
        return None
    if even > 2 * BINS:
        spectrum = powers(band, rest)[: even + 1]
        centre = np.pi / 2 * (least + int(np.argmax(spectrum[least:])))
    base = _Baseband.of(band.u, rest, centre, np.pi / 2 * even)
    for best in sorted((base.best(kind) for kind in (_damped, _chirped)), key=lambda best: -best.share):
        place = round(best.wave.frequency / (np.pi / 2))
        free = len(rest) - slow - len(best.wave.free) - 1
        if place >= least and significant(best.share, free, even * best.tried, levels.white):
            spectrum = base.spectrum(best.window)
            if alone(float(spectrum[place]), spectrum, place, least, levels.around / (even * best.tried)) and _lasts(
                best.wave
            ):
                return best.wave
    return None


def _lasts(wave: Wave) -> bool:
    """Whether a wave turns a few times before it is gone: else one large row would be a wave."""
    return wave.frequency > TURNS_WHILE_DAMPED * 2 * np.pi * abs(wave.damping)


class _Best(NamedTuple):
    """The best modulation of a kind. share: of the sum of squares; window: of the bins; tried: how many there were."""

    wave: Wave
    share: float
    window: NDArray[np.complex128]
    tried: int


Kind = Callable[[float, Array], tuple[dict[str, float], NDArray[np.complex128]]]


def _damped(value: float, v: Array) -> tuple[dict[str, float], NDArray[np.complex128]]:
    return {"damping": value}, np.exp(value * v + 0j)


def _chirped(value: float, v: Array) -> tuple[dict[str, float], NDArray[np.complex128]]:
    return {"chirp": value}, np.exp(-1j * value * v * v)


@dataclass(frozen=True, eq=False)
class _Baseband:
    """Rows turned back by a frequency and summed in bins.

    sums, count: of the rows in each bin, (BINS,); offsets: frequencies of a transform, (2·BINS,), beside that one;
    inside: which of them are wanted; square: sum of squares of the rows.
    """

    frequency: float
    sums: NDArray[np.complex128]
    count: Array
    offsets: Array
    inside: Mask
    square: float

    @classmethod
    def of(cls, u: Array, rest: Array, frequency: float, highest: float) -> _Baseband:
        place = np.minimum(((u + 1) / 2 * BINS).astype(np.intp), BINS - 1)
        turned = rest * np.exp(-1j * frequency * u)
        real, imaginary = (np.bincount(place, part, BINS) for part in (turned.real, turned.imag))
        offsets: Array = np.asarray(np.fft.fftfreq(2 * BINS) * np.pi * BINS, dtype=float)
        inside = (np.abs(frequency + offsets) <= highest) & (frequency + offsets > 0)
        count = np.bincount(place, minlength=BINS).astype(float)
        return cls(frequency, real + 1j * imaginary, count, offsets, inside, float(rest @ rest) or 1.0)

    def best(self, kind: Kind) -> _Best:
        """The best modulation of a kind, with its frequency."""
        v = (np.arange(BINS) + 0.5) / BINS * 2 - 1
        fastest = self.frequency + float(self.offsets[self.inside].max())
        chirps = range(1, 1 + max(1, min(MOST_CHIRP, int(fastest / 2))))
        values = [sign * d for d in (DAMPINGS if kind is _damped else chirps) for sign in (1.0, -1.0)]
        best: _Best | None = None
        for value in values:
            named, window = kind(value, v)
            power = np.abs(np.fft.fft(self.sums * window, 2 * BINS)) ** 2
            # a chirp that stands still somewhere is slow there
            slowest = self.frequency + self.offsets - 2 * abs(named.get("chirp", 0.0))
            power = np.where(self.inside & (slowest > 0), power, 0.0)
            k = int(np.argmax(power))
            share = 2 * float(power[k]) / float(self.count @ np.abs(window) ** 2) / self.square
            if best is None or share > best.share:
                best = _Best(Wave(self.frequency + float(self.offsets[k]), **named), share, window, len(values))
        assert best is not None
        return best

    def spectrum(self, window: NDArray[np.complex128]) -> Array:
        """The powers of the modulated rows, slow frequencies first: at 0, 1, … half turns over the range."""
        power = np.abs(np.fft.fft(self.sums * window, 2 * BINS)) ** 2
        place = np.rint((self.frequency + self.offsets[self.inside]) / (np.pi / 2)).astype(np.intp)
        ordered = np.zeros(int(place.max()) + 1)
        ordered[place] = power[self.inside]
        return ordered
