"""From a time series to a table of smoothed columns with a derivative as the target.

Every column of every run is fitted by a quintic regression spline. The number of knots is chosen by generalised
cross-validation (Craven and Wahba 1979); the derivative is that of the spline. Its standard error is that of the spline
coefficients, combined with the difference to the spline of next fewer knots as an estimate of the bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_lsq_spline

from kansr.data.columns import numbers
from kansr.data.read.table import Table
from kansr.errors import DataError
from kansr.numeric.arrays import Array

DEGREE = 5  # of the spline, so that its derivative is smooth
FEWEST_ROWS = 16  # of a run: fewer do not determine a quintic spline and the noise
KNOT_SHARES = (0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03)  # numbers of knots that are tried, over the rows
# A row is left out where the error of its derivative is above UNSURE times the median error, as near the ends of a run;
# but not where that is below NEGLIGIBLE times the spread of the derivative.
UNSURE, NEGLIGIBLE = 6.0, 1e-3
LEAST_ERROR = 1e-12  # standard error of a derivative, over its spread, that rounding leaves at least


@dataclass(frozen=True, eq=False)
class _SmoothedColumn:
    """One column of a run. values; slope, the derivative; error, the standard error of the slope; each (rows,)."""

    values: Array
    slope: Array
    error: Array


def rates(
    table: Table, along: str, target: str | None, inputs: Sequence[str] | None, missing: Literal["error", "drop"]
) -> tuple[Table, str, str]:
    """A table of the smoothed columns, d(target)/d(along) and its standard error; and the names of the last two.

    along: the independent variable, such as time; it rises within a run, and where it falls a new run begins.
    target: the last other column if None. inputs: the columns to keep, all but `along` if None.
    missing: see `columns.numbers`. Raises DataError for a run that is too short or has the same time twice.
    """
    others = [name for name in table.columns if name != along and name not in table.refusals]
    if target is None:
        target = others[-1] if others else along
    chosen = list(dict.fromkeys([*(others if inputs is None else [n for n in inputs if n != along]), target]))
    if target == along:
        raise DataError(f"{table.source}: {along!r} cannot be both the target and what it is derived by")
    values, keep = numbers(table, [along, *chosen], missing)
    t = values[:, 0]
    kept_time = inputs is not None and along in inputs
    runs = np.split(np.arange(len(t)), np.flatnonzero(np.diff(t) < 0) + 1)
    made: list[Array] = []
    for run in runs:
        _check(table, along, t[run], run, np.flatnonzero(keep))
        smooth = {name: _smoothed(t[run], values[run, 1 + k]) for k, name in enumerate(chosen)}
        slope, error = smooth[target].slope, smooth[target].error
        spread = float(np.std(slope))
        sure = error <= max(UNSURE * float(np.median(error)), NEGLIGIBLE * spread)
        # errors of single rows are too uncertain to weight rows by, so all rows of a run get the same
        common = float(np.sqrt(np.mean(error[sure] ** 2))) + LEAST_ERROR * spread
        columns = [*((t[run],) if kept_time else ()), *(smooth[name].values for name in chosen)]
        made.append(np.column_stack([*columns, slope, np.full_like(slope, common)])[sure])
    rate = f"d{target}_d{along}"
    names = (*((along,) if kept_time else ()), *chosen, rate, f"error of {rate}")
    rows = np.vstack(made)
    dropped = f"{len(t) - len(rows)} of {len(t)} rows left out because their derivative is too uncertain"
    left = f"{len(runs)} run{'s' * (len(runs) > 1)}, {dropped}"
    note = f"target: {rate}, the slope of smoothing splines along {along!r} ({left})"
    return Table(names, rows, table.source, (*table.notes, note)), rate, names[-1]


def _check(table: Table, along: str, t: Array, run: NDArray[np.intp], kept: NDArray[np.intp]) -> None:
    """Raises DataError for a run that cannot be differentiated. t: its times; run, kept: rows of the table."""
    twice = np.flatnonzero(np.diff(t) == 0)
    if len(twice):
        where = table.place(int(kept[run[twice[0] + 1]]))
        raise DataError(
            f"{table.source}: {along!r} is {t[twice[0]]:g} twice in a row ({where}); average such rows, "
            "or name another column"
        )
    if len(t) < FEWEST_ROWS:
        raise DataError(
            f"{table.source}: a run along {along!r} has {len(t)} rows, and a derivative needs {FEWEST_ROWS}; "
            f"{along!r} must rise within a run"
        )


def _smoothed(t: Array, x: Array) -> _SmoothedColumn:
    """The spline of lowest GCV score through one column of a run. t, x: (rows,)"""
    if np.ptp(x) == 0:
        return _SmoothedColumn(x, np.zeros_like(x), np.zeros_like(x))
    u = (t - t[0]) / (t[-1] - t[0])
    size = float(np.std(x))
    fits = [
        smoothing_spline(u, x / size, count)
        for count in dict.fromkeys(max(int(share * len(t)), 1) for share in KNOT_SHARES)
    ]
    best = min(range(len(fits)), key=lambda k: fits[k][0])
    _, spline, noise = fits[best]
    B = BSpline.design_matrix(u, spline.t, DEGREE).toarray()
    D = BSpline(spline.t, np.eye(len(spline.c)), DEGREE).derivative()(u)
    variance = np.einsum("rp,pq,rq->r", D, np.linalg.pinv(B.T @ B), D) * noise**2
    slope = spline.derivative()(u)
    # the difference to the spline of next fewer knots estimates the bias, the only error where there is no noise
    bias = slope - fits[min(best + 1, len(fits) - 1)][1].derivative()(u)
    scale = size / float(t[-1] - t[0])
    return _SmoothedColumn(spline(u) * size, slope * scale, np.sqrt(np.maximum(variance, 0) + bias**2) * scale)


def smoothing_spline(u: Array, x: Array, inner: int, weight: Array | None = None) -> tuple[float, BSpline, float]:
    """(GCV score, less is better; spline; standard deviation of its residuals) for so many inner knots at quantiles.

    u, x: (rows,), u rising; weight: of the residuals, in the score and in their deviation, too; (rows,), 1 if None.
    """
    inner = min(inner, len(u) - DEGREE - 2)
    knots = np.quantile(u, np.linspace(0, 1, inner + 2)[1:-1])
    padded = np.concatenate([np.repeat(u[0], DEGREE + 1), knots, np.repeat(u[-1], DEGREE + 1)])
    spline = make_lsq_spline(u, x, padded, DEGREE, w=weight)
    free = len(u) - inner - DEGREE - 1
    residual = spline(u) - x if weight is None else (spline(u) - x) * weight
    squares = float(np.sum(residual**2))
    return squares * len(u) / free**2, spline, float(np.sqrt(squares / free))
