"""An axis of a chart: its range, linear or logarithmic, and its ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kansr.expression.render import SUPERSCRIPTS
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY

MARGIN = 0.04  # on either side, as a share of the range of the values
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # distances between ticks, times a power of ten
TICKS = 5  # about so many are wanted
MOST_DIGITS = 12  # of the number at a tick
LEAST_RATIO = 1.05  # largest over smallest value of a logarithmic axis, below which it is widened
LEAST_RANGE = 1e-9  # range of a linear axis over its largest value, below which it is widened


@dataclass(frozen=True)
class Axis:
    """An axis from low to high; both are positive where it is logarithmic. whole: ticks at integers only."""

    low: float
    high: float
    label: str = ""
    log: bool = False
    whole: bool = False

    def place(self, values: Array) -> Array:
        """The positions of values, 0 at the low end and 1 at the high one; nan where there is none."""
        if not self.log:
            return (np.asarray(values, dtype=float) - self.low) / (self.high - self.low)
        with np.errstate(all="ignore"):
            return np.log(np.asarray(values, dtype=float) / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """The ticks: values and labels."""
        decades = self._decades() if self.log else []
        return decades if len(decades) > 1 else self._steps()  # less than two decades: evenly spaced values instead

    def _steps(self) -> list[tuple[float, str]]:
        reach = self.high - self.low
        rough = reach / TICKS
        size = 10.0 ** math.floor(math.log10(rough))
        step = size * min(STEPS, key=lambda s: abs(math.log(s * size / rough)))
        step = max(step, 1.0) if self.whole else step
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        digits = 1 + max(0, round(math.log10(max(abs(self.low), abs(self.high)) / step) + 0.5))
        values = [0.0 if i == 0 else i * step for i in range(first, last + 1)]
        return [(value, number(value, min(digits + 1, MOST_DIGITS))) for value in values]

    def _decades(self) -> list[tuple[float, str]]:
        low, high = math.log10(self.low), math.log10(self.high)
        every = max(1, math.ceil((high - low) / (TICKS + 1)))
        powers = range(math.ceil(low / every) * every, math.floor(high) + 1, every)
        within = (1.0, 2.0, 5.0) if high - low < 2 else (1.0,)
        values = [m * 10.0**p for p in range(math.floor(low), math.floor(high) + 1) for m in within]
        if len(within) == 1:
            values = [10.0**p for p in powers]
        return [(value, number(value, 6)) for value in values if self.low <= value <= self.high]


def spanning(values: Array, label: str = "", *, log: bool = False) -> Axis:
    """The axis that covers all finite values (all positive ones where it is logarithmic), with a margin."""
    values = np.asarray(values, dtype=float)
    good = values[np.isfinite(values) & ((values > 0) | (not log))]
    low, high = (float(good.min()), float(good.max())) if len(good) else (1.0, 10.0)
    if log:
        if high < LEAST_RATIO * low:
            low, high = low / 2, high * 2
        wider = (high / low) ** MARGIN
        return Axis(max(low / wider, 1e-300), min(high * wider, 1e300), label, True)
    reach = high - low
    if not reach > LEAST_RANGE * max(abs(low), abs(high)):
        reach = abs(high) if abs(high) > TINY else 1.0
        low, high = low - reach / 2, high + reach / 2
    return Axis(low - MARGIN * reach, high + MARGIN * reach, label)


def number(value: float, digits: int) -> str:
    """A number as text for a tick, with a minus sign instead of a hyphen."""
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    if exponent:
        power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
        text = power if mantissa == "1" else f"{mantissa}·{power}"
    return text.replace("-", "−")
