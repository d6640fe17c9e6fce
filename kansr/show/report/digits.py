"""Numbers with the digits that mean something."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

FEWEST, MOST = 2, 12  # significant digits
LEVEL = 0.95


@dataclass(frozen=True)
class Constant:
    """A fitted number as text: the value, its error, and the interval that covers the true one in 95 of 100 tables."""

    value: str
    error: str
    low: str
    high: str


def constants(fitted: Sequence[tuple[float, float]], rows: int) -> list[Constant]:
    """The rows of a table of constants, with Student's quantile for so many rows less the constants."""
    factor = float(stdtrit(max(rows - len(fitted), 1), (1 + LEVEL) / 2))
    table = []
    for value, error in fitted:
        if not known(value, error):
            table.append(
                Constant(f"{value:.8g}", "exact" if error <= 0 or not math.isfinite(error) else "tiny", "", "")
            )
            continue
        count = digits_of(value, error)
        reach = factor * error
        ends = (f"{end:.{max(count, digits_of(end, error))}g}" for end in (value - reach, value + reach))
        table.append(Constant(f"{value:.{count}g}", f"{error:.2g}", *ends))
    return table


def shortener(fitted: Sequence[tuple[float, float]], digits: int = 6) -> Callable[[float], str]:
    """How to write the numbers of a formula: those that were fitted to the second digit of their error."""
    count = {abs(value): min(digits_of(value, error), digits) for value, error in fitted if known(value, error)}
    return lambda value: f"{value:.{count.get(abs(value), digits)}g}"


def known(value: float, error: float) -> bool:
    """Whether the error says anything: it is a number, and more than rounding."""
    return math.isfinite(error) and error > 1e-9 * abs(value)


def digits_of(value: float, error: float) -> int:
    """Significant digits of the value down to the second one of its error."""
    if value == 0:
        return FEWEST
    places = math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 2
    return min(max(places, FEWEST), MOST)
