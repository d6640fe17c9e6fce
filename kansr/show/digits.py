"""Round fitted constants to the digits that their standard errors leave."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

FEWEST, MOST = 2, 12  # significant digits
LEVEL = 0.95  # of confidence intervals
LEAST_PLACE, MOST_PLACE = -4, 6  # powers of ten of a first digit that are written without an exponent
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
        reach = factor * error
        shown, exponent = _aligned((value, error, value - reach, value + reach), value, error)
        table.append(ConstantRow(*(f"{number}{exponent}" for number in shown)))
    return table


def measured(value: float, error: float, digits: int = 2) -> str:
    """A value with its standard error, both down to the same digit: 423.937 ± 0.018, 3600 ± 120, (4.2 ± 1.1)e-05.

    digits: significant digits of the error. Without a known error the value alone, with eight digits.
    """
    if not known(value, error):
        return f"{value:.8g}"
    shown, exponent = _aligned((value, error), value, error, digits)
    text = " ± ".join(shown)
    return f"({text}){exponent}" if exponent else text


def _aligned(numbers: Sequence[float], value: float, error: float, digits: int = 2) -> tuple[list[str], str]:
    """The numbers down to the last of the digits of the error, and the exponent that they share, "" for none."""
    last = _last_place(error, digits)
    first = max(_place(value), last)
    scale = 0 if LEAST_PLACE <= first <= MOST_PLACE else first
    places = max(scale - last, 0)
    shown = [f"{round(number / 10.0**scale, scale - last):.{places}f}" for number in numbers]
    return shown, f"e{scale:+03d}" if scale else ""


def _place(value: float) -> int:
    """The power of ten of the first digit; that of 1 for 0."""
    return math.floor(math.log10(abs(value))) if value else 0


def _last_place(error: float, digits: int) -> int:
    """The power of ten of the last of so many significant digits, as the error is rounded: 0.0996 is 0.10."""
    return _place(float(f"{error:.{digits - 1}e}")) - digits + 1


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
