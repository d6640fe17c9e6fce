"""Description length of a law whose constants may differ by group: that of the law, and of the table of constants."""

from __future__ import annotations

import math

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.complexity import bits
from kansr.formula.fit.by_group import GroupFit
from kansr.formula.fit.error_model import spread_of
from kansr.formula.fit.rounding import digits_floor
from kansr.formula.judge.curve_code import curve_bits
from kansr.formula.judge.description_length import bits_per_float, noise_level, target_bits

# Stand for the constants of the groups where the length of the law alone is measured: no two alike, of many digits.
PLACEHOLDER, APART = 0.7123456789123457, 0.0123456789123457


def group_length(fit: GroupFit, data: Dataset) -> float:
    """Bits for the formula, for its constants and for the target given them; less is better.

    A constant of the groups costs what a fitted number costs, for its size, and half the logarithm of its rows in each
    group, for where the group lies (Schwarz 1978).
    """
    if not np.isfinite(fit.error_ms):
        return math.inf
    noise = noise_of(fit, data)
    return target_bits(noise, data.rows) + formula_bits(fit, data, noise)


def noise_of(fit: GroupFit, data: Dataset) -> float:
    """The noise level over the spread of the target, of a formula with its constants used up."""
    spread = spread_of(data.y)
    shared = len({abs(value) for value in fit.expr.atoms(sympy.Float)})
    level = noise_level(fit.error_ms, data.rows, shared + len(fit.own) * _groups(data), spread)
    return max(level, digits_floor(data) / spread)


def formula_bits(fit: GroupFit, data: Dataset, noise: float) -> float:
    """Bits for the formula and the table of its constants."""
    per_float = bits_per_float(noise, data.rows)
    law = with_placeholders(fit)
    own = curve_bits(law, per_float) if len(data.names) == 1 else bits(law, per_float, len(data.names))
    assert data.grouping is not None
    counts = [n for n in data.grouping.counts.tolist() if n]
    return own + len(fit.own) * sum(0.5 * math.log2(n) for n in counts)


def with_placeholders(fit: GroupFit) -> sympy.Expr:
    """The formula with a number of many digits in place of each constant of the groups."""
    return fit.expr.xreplace({symbol: sympy.Float(PLACEHOLDER + APART * i) for i, symbol in enumerate(fit.own)})


def _groups(data: Dataset) -> int:
    return 0 if data.grouping is None else int(np.sum(data.grouping.counts > 0))
