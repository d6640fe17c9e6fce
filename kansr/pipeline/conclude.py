"""The end of a search: its last result in time; constants fitted to all rows but outliers; the noise measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from kansr.data.dataset import Dataset
from kansr.data.read.cells import counted
from kansr.expression.evaluate import Tape
from kansr.formula.fit.by_group import GroupFit
from kansr.formula.fit.constants import Fit, fit_constants, short_floats
from kansr.formula.fit.error_model import alike, relative_sigma
from kansr.formula.judge.exactness import chi_square, within_digits
from kansr.formula.judge.outliers import OUTLIER_DISTANCE
from kansr.formula.judge.residual_tests import REPLICATES, pure_error
from kansr.numeric.arrays import Array, Mask
from kansr.numeric.robust import MAD, mean_square, r_squared
from kansr.numeric.tolerances import ROUNDING
from kansr.result.candidate import Candidate
from kansr.result.result import Result, Status
from kansr.runtime.alarm import OutOfTime, interrupted_after
from kansr.runtime.deadline import Deadline
from kansr.search.finish import judged
from kansr.search.partition import Partition
from kansr.search.stopping import surrogate_error

R = TypeVar("R")
Fitted = Callable[[Candidate, Dataset], tuple[Candidate, tuple[tuple[float, float], ...]]]

AS_IT_IS = 1e-9  # relative rms up to which constants are not fitted again
TAIL, TAIL_OF_FEW = 4.0, 6.0  # noise levels that normal errors hardly ever exceed, in many rows and in few
MANY, FEWEST = 1000, 40  # rows that are many, and below which the median residual is too uncertain to speak of tails
HEAVY = 2e-3  # share of rows beyond TAIL from which tails are heavy
DIGITS = "exact to the digits of the table: the residuals are rounding errors"
NAMED = 5  # rows that a note lists


def last_in_time(better: Iterable[R], seconds: float) -> tuple[R | None, Status | None]:
    """The last of better and better results, in this process; None where there is none before the time ends or Ctrl-C.

    The status says which of both ended it, None where neither did.
    """
    found: R | None = None
    try:
        with interrupted_after(seconds):
            for one in better:
                found = one
    except OutOfTime:
        return found, Status.TIMED_OUT
    except KeyboardInterrupt:
        return found, Status.INTERRUPTED
    return found, None


def conclude_in_time(found: Result, rows: Partition, deadline: Deadline) -> Result:
    """The result concluded on the rows of a table, or as it is where the time does not suffice."""

    def concluded() -> Result:
        known = found.status is Status.FOUND
        return conclude(found, rows.table, rows.outlier, 0.0 if known else surrogate_error(rows, found.status))

    return deadline.in_time(concluded, found, deadline.budget.last_fit)


def conclude(found: Result, data: Dataset, outlier: Mask, noise_floor: float, fit: Fitted | None = None) -> Result:
    """The result with the constants of its best formula fitted to all rows but the outliers.

    outlier: the rows that were left out while searching, (rows,); those that the formula comes near are taken back.
    noise_floor: relative rms of what the best surrogate model leaves, 0 where it is not known. r² on held-out rows
    stays that of the formula fitted without them. fit: fits the constants, as `refit` does unless given.
    """
    outlier = still_outliers(found.best, data, outlier)
    kept = data.take(~outlier)
    best, constants = (fit or refit)(found.best, kept)
    residual = Tape(best.expr, kept.names).value(kept.X) - kept.y
    to_the_digits = within_digits(best.expr, kept)
    noise, error = noise_level(residual, kept, len(constants), noise_floor if found.status is not Status.FOUND else 0.0)
    tails = [*_chi_square(best, kept, len(constants)), *_heavy_tails(alike(residual, kept), kept, found.status)]
    return replace(
        found,
        front=found.front.with_best(best),
        constants=constants,
        noise=noise,
        noise_error=error,
        rows=kept.rows,
        outliers=tuple(np.flatnonzero(outlier).tolist()),
        notes=(*_left_out(outlier), *found.notes, *([DIGITS] if to_the_digits else tails)),
    )


def refit(best: Candidate, data: Dataset) -> tuple[Candidate, tuple[tuple[float, float], ...]]:
    """The formula with its long numbers fitted to these rows; every number with its standard error.

    Numbers of few digits have been chosen as such, and stay. What leaves rounding only stays as it is.
    """
    as_it_is = fit_constants(best.expr, data, iterations=0, rows=data.rows)
    fit = as_it_is
    if as_it_is.rms > AS_IT_IS * float(np.std(data.y)):
        fit = fit_constants(best.expr, data, fixed=short_floats(best.expr), rows=data.rows)
    if not fit.error_ms <= as_it_is.error_ms:
        fit = as_it_is
    errors = zip(fit.constants, fit.errors)
    return refitted(best, fit, data), tuple((float(value), float(error)) for value, error in errors)


def refitted(best: Candidate, fit: Fit | GroupFit, data: Dataset) -> Candidate:
    """The candidate with its constants as they were fitted to these rows."""
    loss = fit.rms**2
    return replace(best, expr=fit.expr, loss=loss, error_ms=fit.error_ms, r2=r_squared(loss, float(np.var(data.y))))


def judge_again(candidate: Candidate, rows: Partition) -> Candidate:
    """The formula with its constants fitted to other rows, and judged on them."""
    fitted, _ = refit(candidate, rows.fitting)
    return judged(fitted.expr, rows, candidate.origin)


def still_outliers(best: Candidate, data: Dataset, outlier: Mask) -> Mask:
    """The outliers, (rows,), that a formula does not come near."""
    size = np.abs(Tape(best.expr, data.names).value(data.X) - data.y) / relative_sigma(data)
    level = MAD * float(np.median(size[~outlier]))
    near = size <= OUTLIER_DISTANCE * max(level, ROUNDING * float(np.std(data.y[~outlier])))
    return np.asarray(outlier & ~near)


def noise_level(residual: Array, data: Dataset, constants: int, noise_floor: float) -> tuple[float, float]:
    """The rms of the noise over the target's spread, and its standard error.

    residual: of the formula, (rows,); constants: how many it has. From rows with the same inputs where there are
    enough; otherwise from the residuals, or from the noise floor where that is less. Where errors are in proportion to
    the target, the rms of the residuals over it.
    """
    spread = float(np.std(data.y))
    if not spread > 0:
        return 0.0, 0.0
    variance, free = pure_error(data)
    if data.proportional:
        residual, spread, free, noise_floor = residual / np.abs(data.y), 1.0, 0, 0.0
    if free < REPLICATES:
        free = max(data.rows - constants, 1)
        variance = mean_square(residual) * data.rows / free
    noise = float(np.sqrt(variance)) / spread
    noise = min(noise, noise_floor) if noise_floor else noise
    return (noise, noise / float(np.sqrt(2 * free))) if noise > ROUNDING else (noise, 0.0)


def _left_out(outlier: Mask) -> list[str]:
    """A note on the outliers, if there are any."""
    count = int(outlier.sum())
    if not count:
        return []
    rows = np.flatnonzero(outlier)[:NAMED] + 1
    listed = ", ".join(map(str, rows)) + (", …" if count > len(rows) else "")
    which = "row" if count == 1 else "rows"
    return [
        f"left out {count} of {len(outlier)} rows as outliers ({which} {listed}, counted from 1); "
        "--loss squared keeps them"
    ]


def _chi_square(best: Candidate, data: Dataset, constants: int) -> list[str]:
    """A note on χ², where errors are stated. constants: how many were fitted."""
    if data.stated is None:
        return []
    free = data.rows - constants
    return [
        f"χ² by the stated errors is {chi_square(best.expr, data):.4g}; about {free} is expected "
        f"({counted(data.rows, 'row')}, {counted(constants, 'fitted constant')})"
    ]


def _heavy_tails(residual: Array, data: Dataset, status: Status) -> list[str]:
    """A proposal where far more residuals are large than of normal errors."""
    level = MAD * float(np.median(np.abs(residual)))  # of residuals that weigh alike
    sure = data.rows >= FEWEST and not data.robust and level > AS_IT_IS * float(np.std(data.y))
    if status is not Status.FOUND or not sure:
        return []
    tail = TAIL if data.rows > MANY else TAIL_OF_FEW
    far = int(np.sum(np.abs(residual) > tail * level))
    if far <= HEAVY * data.rows:
        return []
    lie = "lies" if far == 1 else "lie"
    return [
        f"{counted(far, 'row')} of {data.rows} {lie} more than {tail:g} noise levels off the law, "
        "which normal errors hardly ever do: --loss huber lets such rows count for less"
    ]
