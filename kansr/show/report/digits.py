"""Round fitted constants to the digits that their standard errors leave."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

FEWEST, MOST = 2, 12  # significant digits
LEVEL = 0.95  # of confidence intervals
ROUNDING = 1e-9  # standard error over the constant, up to which it is rounding


@dataclass(frozen=True)
class ConstantRow:
    """A row of the table of constants, as text: value, standard error, and the ends of the 95 % confidence interval."""

    value: str
    error: str
    low: str
    high: str


def constants(fitted: Sequence[tuple[float, float]], rows: int) -> list[ConstantRow]:
    """The table of constants. fitted: (value, standard error) of each; rows: of the data, for Student's t quantile."""
    factor = float(stdtrit(max(rows - len(fitted), 1), (1 + LEVEL) / 2))
    table = []
    for value, error in fitted:
        if not known(value, error):
            table.append(
                ConstantRow(f"{value:.8g}", "exact" if error <= 0 or not math.isfinite(error) else "tiny", "", "")
            )
            continue
        count = digits_of(value, error)
        reach = factor * error
        ends = (f"{end:.{max(count, digits_of(end, error))}g}" for end in (value - reach, value + reach))
        table.append(ConstantRow(f"{value:.{count}g}", f"{error:.2g}", *ends))
    return table


def shortener(fitted: Sequence[tuple[float, float]], digits: int = 6) -> Callable[[float], str]:
    """A function that writes the numbers of a formula, fitted ones to the second digit of their standard error."""
    count = {abs(value): min(digits_of(value, error), digits) for value, error in fitted if known(value, error)}
    return lambda value: f"{value:.{count.get(abs(value), digits)}g}"


def known(value: float, error: float) -> bool:
    """Whether a standard error is finite and more than rounding."""
    return math.isfinite(error) and error > ROUNDING * abs(value)


def digits_of(value: float, error: float) -> int:
    """The significant digits of a value, down to the second digit of its error."""
    if value == 0:
        return FEWEST
    places = math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 2
    return min(max(places, FEWEST), MOST)
