"""When a search may stop, and its status: what the best formula leaves, compared with noise and with a surrogate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import fit_constants
from kansr.formula.fit.error_model import relative_sigma
from kansr.formula.judge.exactness import convincing, exact, within_digits, within_errors
from kansr.formula.judge.residual_tests import lacks_fit, looks_like_noise, neighbour_noise
from kansr.numeric.arrays import Array
from kansr.result.candidate import Candidate
from kansr.result.result import Status
from kansr.search.attempt import Finding
from kansr.search.noise_floor import BLIND, as_compared, noise_floor, noise_floor_held_out, sees_nothing
from kansr.search.partition import Partition

# Sources: results/2026-11-27-smooth-model-residuals, and for few rows results/2026-11-26-units-and-noise.
LARGE = 0.5  # error over the spread of a formula that needs a further search before it is taken for the law
AS_GOOD = 8.0  # bits on held-out rows by which the best surrogate may be likelier than a formula that ends a search
AS_GOOD_EARLY = 2.0  # the same before every kind of formula has been tried
FEW_CONSTANTS = 1  # fitted constants of a formula that may end a search early
CLOSE = 0.01  # error over the spread at which a formula of one fitted constant is no chance, on however few rows
DENOMINATORS = 4  # up to which a fraction is one that laws have; above it, many fractions fit
ROWS_PER_CONSTANT = 4  # that a formula needs for its residuals to be tested


def no_signal(findings: Sequence[Finding], rows: Partition) -> bool:
    """Whether nothing so far, a surrogate included, explains anything of the target."""
    return all(f.candidate.r2_held_out < 1 - BLIND**2 for f in findings) and sees_nothing(rows)


def surrogate_error(rows: Partition, status: Status) -> float:
    """The held-out error of a surrogate over the target's spread; 0 where it is unknown or the time is up."""
    if status is Status.TIMED_OUT:
        return 0.0
    if rows.small and len(rows.fitting.names) == 1:
        data = as_compared(rows.fitting)
        return neighbour_noise(data) / (float(np.std(data.y)) or 1.0)
    return noise_floor(rows)


def any_exact(findings: Sequence[Finding], data: Dataset, thorough: bool = True) -> bool:
    """Whether a formula leaves nothing but rounding on all rows; no other could be better.

    thorough: whether shorter formulas have been looked for already; if not, one with long constants is not enough.
    """
    fits = (fit_constants(f.candidate.expr, data, iterations=0, rows=data.rows) for f in findings)
    return any(exact(fit, data) and (thorough or convincing(fit, data)) for fit in fits)


def may_end_early(best: Candidate) -> bool:
    """Whether a formula is short and good enough to end a search before every kind of formula has been tried.

    A fitted number beside another term, or as an exponent, also fits any curve that bends a little.
    """
    parts = best.expr.atoms(sympy.Add) | {power.exp for power in best.expr.atoms(sympy.Pow)}
    return (
        not any(part.has(sympy.Float) for part in parts)
        and _fitted(best) <= FEW_CONSTANTS
        and 1 - best.r2_held_out < LARGE**2
    )


def _fitted(best: Candidate) -> int:
    """How many numbers were fitted, rounded ones included; whole numbers and common exponents are not counted."""
    common = {p.exp for p in best.expr.atoms(sympy.Pow) if p.exp.is_Rational and p.exp.q <= DENOMINATORS}
    numbers = best.expr.atoms(sympy.Float, sympy.Rational) - common
    return sum(bool(n.is_Float or n.q > 1) for n in numbers)


def matches_surrogate(best: Candidate, data: Dataset, rows: Partition, thorough: bool) -> bool:
    """Whether a formula predicts as well as the best surrogate and leaves only noise.

    thorough: whether every kind of formula has been tried; if not, only a short formula is enough. A surrogate of few
    rows is no measure: there a formula has to come close with at most one constant.
    """
    if not (thorough or may_end_early(best)):
        return False
    if data.stated is not None:
        return within_errors(_residual(best, data), data.stated)
    if rows.small:
        close = _fitted(best) <= FEW_CONSTANTS and 1 - best.r2_held_out < CLOSE**2
        return close and status_of(best, data) is Status.FOUND
    held_out = float(np.sqrt(max(1 - best.r2_held_out, 0.0)))
    bits = AS_GOOD if thorough else AS_GOOD_EARLY
    most = 2 ** (bits / rows.judging.rows) * noise_floor_held_out(rows)
    return 0 < held_out <= most and status_of(best, data) is Status.FOUND


def status_of(best: Candidate, data: Dataset) -> Status:
    """The status of a search that ran to its end with this formula."""
    if float(np.std(data.y)) == 0:
        return Status.FOUND
    residual = _residual(best, data)
    if not np.isfinite(residual).all() or best.r2_held_out <= 0:
        return Status.NOTHING if best.r2_held_out <= 0 else Status.BEST_EFFORT
    if any_exact([Finding(best)], data):
        return Status.FOUND
    if data.stated is not None:
        return Status.FOUND if within_errors(residual, data.stated) else Status.BEST_EFFORT
    # With a constant for every few rows nothing can be concluded from the residuals.
    enough = data.rows >= ROWS_PER_CONSTANT * (len(best.expr.atoms(sympy.Float)) + 1)
    if enough and within_digits(best.expr, data):
        return Status.FOUND
    if lacks_fit(residual, data, len(best.expr.atoms(sympy.Float))):
        return Status.BEST_EFFORT
    return Status.FOUND if enough and looks_like_noise(residual / relative_sigma(data), data.X) else Status.BEST_EFFORT


def _residual(candidate: Candidate, data: Dataset) -> Array:
    return Tape(candidate.expr, data.names).value(data.X) - data.y
