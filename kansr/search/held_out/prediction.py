"""Between formulas of one input that few bits tell apart, the better prediction decides."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import fit_constants, short_floats
from kansr.formula.fit.error_model import likelier_sigma
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.judge import left_out
from kansr.numeric.arrays import Array
from kansr.result.candidate import Candidate
from kansr.result.result import UNDECIDED

MOST_COMPARED = 6  # formulas, the shortest first; never measured alone
MOST_ROWS = 1000  # of more, description lengths decide: a formula that predicts better has clearly fewer bits there
FAR_LONGER = 30.0  # bits on a part of the rows, from which a formula is not looked at
EQUAL_BITS = 1e-3  # bits by which two formulas differ at least
CHANCE = 2.0  # standard errors of a difference of mean squared errors by which one may be less by chance


def predicts_better(best: Candidate, others: Iterable[Candidate], data: Dataset, seed: int) -> Candidate | None:
    """The formula that predicts rows it was not fitted to better than the one of least description length, if any.

    others: formulas, of which those count whose descriptions of all rows are less than UNDECIDED bits longer. Such a
    one has to be better by more than chance: constants are fitted without each part of the rows in turn, forms stay.
    data: one input, all rows that are no outliers.
    """
    if data.rows > MOST_ROWS:
        return None
    least = _length(best, data)
    sigma = likelier_sigma(Tape(best.expr, data.names).value(data.X) - data.y, data)
    chosen, errors = best, _errors(best, data, sigma, seed)
    for other in _distinct(others, data, least)[:MOST_COMPARED]:
        its = _errors(other, data, sigma, seed)
        gain = errors - its
        if np.mean(gain) > CHANCE * np.std(gain) / np.sqrt(data.rows):
            chosen, errors = other, its
    return None if chosen is best else chosen


def _distinct(others: Iterable[Candidate], data: Dataset, least: float) -> list[Candidate]:
    """Those whose descriptions are less than UNDECIDED bits longer than the least, the shortest first.

    The same formula comes from many searches, with digits that differ at the end: of equal lengths one is enough.
    """
    ranked = sorted(((_length(c, data), c.complexity, i, c) for i, c in enumerate(others)), key=lambda row: row[:3])
    found: list[Candidate] = []
    last = least
    for length, _, _, candidate in ranked:
        if last + EQUAL_BITS < length < least + UNDECIDED:
            found.append(candidate)
            last = length
    return found


def _length(candidate: Candidate, data: Dataset) -> float:
    """The description length on these rows, the long constants fitted to them."""
    return fit_length(fit_constants(candidate.expr, data, fixed=short_floats(candidate.expr)), data)


def _errors(candidate: Candidate, data: Dataset, sigma: Array, seed: int) -> Array:
    """The squared errors of a formula on rows that its constants were not fitted to, over those expected, (rows,)."""
    return np.asarray(((left_out(candidate.expr, data, seed) - data.y) / sigma) ** 2)
