"""Fitted waves and their trend as a formula of the input itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy

from kansr.numeric.tolerances import ROUNDING
from kansr.structure.terminals.waves.band import Band
from kansr.structure.terminals.waves.fit import Wave, WaveFit

# Middle over half of the range, from which what is not linear is written about the middle: about 0 its constants would
# be much larger than the rows.
FAR = 5.0

# Logarithm of the size of a damped wave at 0 over that in the middle, up to which it is written: float64 ends at 709.
MOST_DAMPED = 400.0


# Standard errors of a frequency within which it is taken for a fraction of π, the largest denominator, and the share of
# all frequencies that are as near to such a fraction, above which it is one by chance.
ERRORS = 3.0
LARGEST_DENOMINATOR = 40
BY_CHANCE = 0.1


def formulas(fit: WaveFit, band: Band, symbol: sympy.Symbol) -> Iterator[sympy.Expr]:
    """The sum of all waves and the trend; first with frequencies that are fractions of π, if any are."""
    if any(abs(wave.damping * band.middle) > MOST_DAMPED * band.half for wave in fit.waves):
        return
    fractions = [_fraction(wave, float(error), band) for wave, error in zip(fit.waves, fit.errors)]
    for given in ([fractions] if any(fractions) else []) + [[None] * len(fractions)]:
        first = fit.degree + 1
        total = _trend(fit.weights[:first].tolist(), band, symbol)
        for k, (wave, fraction) in enumerate(zip(fit.waves, given)):
            cosine, sine = fit.weights[first + 2 * k : first + 2 * k + 2].tolist()
            total += _wave(wave, cosine, sine, band, symbol, fraction)
        yield total


def _fraction(wave: Wave, error: float, band: Band) -> sympy.Rational | None:
    """The simplest fraction of π that the frequency may be; None where it would be one by chance."""
    if wave.chirp:
        return None
    value, tolerance = abs(wave.frequency) / band.half / math.pi, ERRORS * error / band.half / math.pi
    tolerance = max(tolerance, ROUNDING * value)
    for q in range(1, LARGEST_DENOMINATOR + 1):
        near = Fraction(round(value * q), q)
        if near and abs(float(near) - value) <= tolerance:
            return sympy.Rational(near.numerator, near.denominator) if tolerance * q * q < BY_CHANCE else None
    return None


def _trend(weights: list[float], band: Band, symbol: sympy.Symbol) -> sympy.Expr:
    """A constant, a line, or a parabola: by its vertex far from 0."""
    constant, slope, bend = (*weights, 0.0, 0.0)[:3]
    slope, bend = slope / band.half, bend / band.half**2
    if bend and _is_far(band):
        shift = slope / (2 * bend) - band.middle
        vertex = constant - slope**2 / (4 * bend)
        return sympy.Float(bend) * (symbol + sympy.Float(shift)) ** 2 + sympy.Float(vertex)
    line = slope - 2 * bend * band.middle
    value = constant - slope * band.middle + bend * band.middle**2
    terms = ((bend, symbol**2), (line, symbol), (value, sympy.S.One))
    return sympy.Add(*(sympy.Float(c) * term for c, term in terms if c))


def _wave(
    wave: Wave, cosine: float, sine: float, band: Band, symbol: sympy.Symbol, fraction: sympy.Rational | None
) -> sympy.Expr:
    """A·exp(g·x)·cos(b·x² + w·x + phase), with w > 0 in the middle and A > 0.

    fraction: w over π, where that is nice.
    """
    sign = -1 if wave.frequency < 0 else 1
    w, b = sign * wave.frequency / band.half, sign * wave.chirp / band.half**2
    x, start = (symbol, band.middle) if not (b and _is_far(band)) else (symbol - sympy.Float(band.middle), 0.0)
    w = w if fraction is None else float(fraction) * math.pi
    phase = -sign * math.atan2(sine, cosine) - w * start + b * start**2
    frequency = sympy.Float(w - 2 * b * start) if fraction is None else fraction * sympy.pi
    argument = frequency * x + sympy.Float(_wrapped(phase))
    if b:
        argument += sympy.Float(b) * x**2
    amplitude, damping = float(np.hypot(cosine, sine)), wave.damping / band.half
    if not damping:
        return sympy.Float(amplitude) * sympy.cos(argument)
    size = amplitude * math.exp(-damping * band.middle)
    return sympy.Float(size) * sympy.exp(sympy.Float(damping) * symbol) * sympy.cos(argument)


def _is_far(band: Band) -> bool:
    return abs(band.middle) > FAR * band.half


def _wrapped(phase: float) -> float:
    """The phase between −π and π."""
    return math.remainder(phase, 2 * math.pi)
