"""When a search may stop, and what it is called then: what the best formula leaves, beside noise and a smooth model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import polish
from kansr.formula.judge.exactness import convincing, exact, within_errors
from kansr.formula.judge.residual_tests import lacks_fit, neighbour_noise, unexplained
from kansr.numeric.arrays import Array
from kansr.result.candidate import Candidate
from kansr.result.result import Status
from kansr.search.attempt import Finding
from kansr.search.noise_floor import BLIND, noise_floor, noise_floor_held_out, sees_nothing
from kansr.search.partition import Partition

LARGE = 0.5  # error over the spread of a formula that is not taken for the law without a further look
AS_GOOD = 8.0  # bits that the best smooth model may be likelier by on unseen rows
AT_ONCE = 2.0  # the same for a formula that ends a search before all has been tried
PLAIN = 1  # fitted constants of a formula that is taken for the law as soon as it leaves only noise
CLOSE = 0.01  # error over the spread at which a formula of one fitted constant is no chance, on however few rows
WRITTEN = 4  # denominators up to which a fraction is what a law has, above which one of many that fit
ROWS_PER_CONSTANT = 4  # that a formula needs for its residuals to say anything


def hopeless(findings: Sequence[Finding], rows: Partition) -> bool:
    """Whether nothing so far, a smooth model included, explains anything of the target."""
    return all(f.candidate.r2_held_out < 1 - BLIND**2 for f in findings) and sees_nothing(rows)


def smooth_error(rows: Partition, status: Status) -> float:
    """The error of a smooth model over the target's spread; 0 where it is not known or there is no time to see."""
    if status is Status.TIMED_OUT:
        return 0.0
    if rows.small and len(rows.fitting.names) == 1:
        return neighbour_noise(rows.fitting) / (float(np.std(rows.fitting.y)) or 1.0)
    return noise_floor(rows)


def any_exact(findings: Sequence[Finding], data: Dataset, looked: bool = True) -> bool:
    """Whether one of the formulas leaves nothing but rounding, on all rows; no other could do better then.

    looked: whether a shorter law has been looked for already; if not, a formula with ugly constants is not enough.
    """
    fits = (polish(f.candidate.expr, data, iterations=0, rows=data.rows) for f in findings)
    return any(exact(fit, data) and (looked or convincing(fit, data)) for fit in fits)


def plain(best: Candidate) -> bool:
    """Whether a formula is short and good enough to be compared with a smooth model before all has been tried.

    A fitted number beside another term, or as an exponent, is what a curve that bends a little has, too.
    """
    terms = best.expr.atoms(sympy.Add) | {power.exp for power in best.expr.atoms(sympy.Pow)}
    return (
        not any(term.has(sympy.Float) for term in terms) and _fitted(best) <= PLAIN and 1 - best.r2_held_out < LARGE**2
    )


def _fitted(best: Candidate) -> int:
    """Numbers that were fitted, also those that were rounded; not whole ones and exponents as laws have them."""
    written = {p.exp for p in best.expr.atoms(sympy.Pow) if p.exp.is_Rational and p.exp.q <= WRITTEN}
    numbers = best.expr.atoms(sympy.Float, sympy.Rational) - written
    return sum(bool(n.is_Float or n.q > 1) for n in numbers)


def as_good_as_it_gets(best: Candidate, data: Dataset, rows: Partition, looked: bool) -> bool:
    """Whether a formula predicts as well as the best smooth model and leaves nothing that the inputs explain.

    looked: whether other formulas have been looked for thoroughly; if not, only a plain one is good enough.
    A smooth model of few rows is no yardstick: there a formula has to come close with hardly a constant.
    """
    if not (looked or plain(best)):
        return False
    if data.stated is not None:
        return within_errors(_residual(best, data), data.stated)
    if rows.small:
        close = _fitted(best) <= PLAIN and 1 - best.r2_held_out < CLOSE**2
        return close and status_of(best, data) is Status.FOUND
    unseen = float(np.sqrt(max(1 - best.r2_held_out, 0.0)))
    within = 2 ** ((AS_GOOD if looked else AT_ONCE) / rows.judging.rows) * noise_floor_held_out(rows)
    return 0 < unseen <= within and status_of(best, data) is Status.FOUND


def status_of(best: Candidate, data: Dataset) -> Status:
    """What a search that ran to its end has found."""
    if float(np.std(data.y)) == 0:
        return Status.FOUND
    residual = _residual(best, data)
    if not np.isfinite(residual).all() or best.r2_held_out <= 0:
        return Status.NOTHING if best.r2_held_out <= 0 else Status.BEST_EFFORT
    if any_exact([Finding(best)], data):
        return Status.FOUND
    if data.stated is not None:
        return Status.FOUND if within_errors(residual, data.stated) else Status.BEST_EFFORT
    if lacks_fit(residual, data, len(best.expr.atoms(sympy.Float))):
        return Status.BEST_EFFORT
    # A formula with a constant for every few rows leaves residuals that nothing could be read from.
    spare = data.rows >= ROWS_PER_CONSTANT * (len(best.expr.atoms(sympy.Float)) + 1)
    return Status.FOUND if spare and unexplained(residual, data.X) else Status.BEST_EFFORT


def _residual(candidate: Candidate, data: Dataset) -> Array:
    return Tape(candidate.expr, data.names).value(data.X) - data.y
