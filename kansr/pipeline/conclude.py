"""The last look at what a search chose: constants fitted to all rows, rows that are grossly wrong, the noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kansr.data.dataset import Dataset
from kansr.data.read.cells import counted
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import polish, short_floats
from kansr.formula.fit.error_model import shares
from kansr.formula.judge.outliers import FAR
from kansr.formula.judge.residual_tests import REPLICATES, pure_error
from kansr.numeric.arrays import Array, Mask
from kansr.numeric.robust import MAD, mean_square, r_squared
from kansr.numeric.tolerances import ROUNDING
from kansr.result.candidate import Candidate
from kansr.result.result import Result, Status

EXACT = 1e-9  # residual over the spread below which constants are left as they are
TAIL, SURE_TAIL = 4.0, 6.0  # noise levels that normal errors hardly ever exceed in many rows, and in few
PLENTY, FEWEST = 1000, 40  # rows that are many, and whose median residual is not known well enough to say
RARE = 2e-3  # share of rows beyond that where tails are heavy
NAMED = 5  # rows that a note lists


def concluded(found: Result, data: Dataset, wrong: Mask, attainable: float) -> Result:
    """The discovery with the constants of its best formula fitted to all rows but those that it shows to be wrong.

    wrong: the rows that were left out while searching, (rows,); those that the formula comes near are taken back.
    attainable: the error of the best smooth model over the target's spread, 0 where that is not known. r² on unseen
    rows stays that of the formula fitted without them.
    """
    wrong = wrong & _beyond(found.best, data, wrong)
    kept = data.take(~wrong)
    best, constants = refitted(found.best, kept)
    residual = Tape(best.expr, kept.names).value(kept.X) - kept.y
    noise, error = noise_level(residual, kept, len(constants), attainable if found.status is not Status.FOUND else 0.0)
    return replace(
        found,
        front=found.front.with_best(best),
        constants=constants,
        noise=noise,
        noise_error=error,
        rows=kept.rows,
        outliers=tuple(np.flatnonzero(wrong).tolist()),
        notes=(*_left_out(wrong), *found.notes, *_tails(residual, kept, found.status)),
    )


def refitted(best: Candidate, data: Dataset) -> tuple[Candidate, tuple[tuple[float, float], ...]]:
    """The formula with its long numbers fitted to these rows, and every number with its standard error.

    Numbers of few digits have been chosen as such, and stay. What leaves rounding only stays as it is.
    """
    as_it_is = polish(best.expr, data, iterations=0, rows=data.rows)
    fit = as_it_is
    if as_it_is.rms > EXACT * float(np.std(data.y)):
        fit = polish(best.expr, data, fixed=short_floats(best.expr), rows=data.rows)
    if not fit.error_ms <= as_it_is.error_ms:
        fit = as_it_is
    loss = fit.rms**2
    errors = zip(fit.constants, fit.errors)
    candidate = replace(
        best, expr=fit.expr, loss=loss, error_ms=fit.error_ms, r2=r_squared(loss, float(np.var(data.y)))
    )
    return candidate, tuple((float(value), float(error)) for value, error in errors)


def noise_level(residual: Array, data: Dataset, constants: int, attainable: float) -> tuple[float, float]:
    """The rms of the noise over the target's spread, and its standard error.

    From rows with the same inputs where there are enough; otherwise from what the formula leaves, or from what the best
    smooth model does where that is less.
    """
    spread = float(np.std(data.y))
    if not spread > 0:
        return 0.0, 0.0
    variance, free = pure_error(data)
    if free < REPLICATES:
        free = max(data.rows - constants, 1)
        variance = mean_square(residual) * data.rows / free
    noise = float(np.sqrt(variance)) / spread
    noise = min(noise, attainable) if attainable else noise
    return (noise, noise / float(np.sqrt(2 * free))) if noise > ROUNDING else (noise, 0.0)


def _beyond(best: Candidate, data: Dataset, wrong: Mask) -> Mask:
    """The rows that the formula is as far from as from rows that are grossly wrong."""
    size = np.abs(Tape(best.expr, data.names).value(data.X) - data.y) / shares(data)
    level = MAD * float(np.median(size[~wrong]))
    near = size <= FAR * max(level, ROUNDING * float(np.std(data.y[~wrong])))
    return np.asarray(~near)


def _left_out(wrong: Mask) -> list[str]:
    count = int(wrong.sum())
    if not count:
        return []
    rows = np.flatnonzero(wrong)[:NAMED] + 1
    listed = ", ".join(map(str, rows)) + (", …" if count > len(rows) else "")
    return [
        f"left out {counted(count, 'row')} of {len(wrong)} as grossly wrong ({listed}, counted from 1); "
        "--loss squared keeps them"
    ]


def _tails(residual: Array, data: Dataset, status: Status) -> list[str]:
    """A proposal where what is left has far more large values than normal errors do."""
    level = MAD * float(np.median(np.abs(residual)))
    sure = data.rows >= FEWEST and not data.robust and level > EXACT * float(np.std(data.y))
    if status is not Status.FOUND or not sure:
        return []
    tail = TAIL if data.rows > PLENTY else SURE_TAIL
    far = int(np.sum(np.abs(residual) > tail * level))
    if far <= RARE * data.rows:
        return []
    lie = "lies" if far == 1 else "lie"
    return [
        f"{counted(far, 'row')} of {data.rows} {lie} more than {tail:g} noise levels off the law, "
        "which normal errors hardly ever do: --loss huber lets such rows count for less"
    ]
