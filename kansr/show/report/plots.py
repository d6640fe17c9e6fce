"""The charts of a report: rows and law, residuals, and the Pareto front."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from kansr.expression.render import mathematics
from kansr.formula.fit.error_model import spans_decades
from kansr.numeric.arrays import Array
from kansr.result.parameters import groups_of
from kansr.result.result import Result
from kansr.show.report.axis import Axis, spanning
from kansr.show.report.charts import Frame, shortened

SPARSE, MANY = 60, 500  # rows below which dots are large, and above which they are small
CURVE = 400  # points of the curve of a law
CURVES = 30  # groups whose curves are drawn
INPUTS = 12  # inputs that residuals are drawn against, at most
EXACT = 1e-16  # least 1 − r² that is drawn, on a logarithmic axis
WORST = 10.0  # largest 1 − r² that is drawn
ERROR_BARS = 200  # rows up to which error bars are drawn
VISIBLE_NOISE = 1e-7  # noise level above which its strip is drawn
ROUNDING = 1e-11  # largest residual over the spread, up to which residuals are drawn as 0
FAR = 6.0  # times the distance from the median to the 1 % or 99 % quantile, beyond which a value is not in the range
TAIL = 0.01  # of these quantiles
TITLE = 32  # letters of a column name in an axis label


@dataclass(frozen=True, eq=False)
class PlottedRows:
    """The rows of a result that are plotted.

    X: (rows, inputs); y, the target, and law, the prediction: (rows,); held, out: whether a row was held out, or left
    out as an outlier; row: its position in the dataset; sigma: the standard error of y, None where it is not stated.
    """

    X: Array
    y: Array
    law: Array
    held: NDArray[np.bool_]
    out: NDArray[np.bool_]
    row: NDArray[np.intp]
    sigma: Array | None

    @property
    def residual(self) -> Array:
        return np.asarray(self.y - self.law)


def shown(discovery: Result) -> PlottedRows | None:
    """The rows of a result with predictions; None where it has no rows."""
    rows = discovery.excerpt
    if rows is None or not len(rows.y):
        return None
    law = discovery.values(rows.X, rows.labels)
    out = np.isin(rows.row, discovery.outliers)
    return PlottedRows(rows.X, rows.y, law, rows.held_out & ~out, out, rows.row, rows.sigma)


def law_over_input(discovery: Result, rows: PlottedRows, labels: dict[str, str]) -> Markup | None:
    """Rows and law against the only input of the law; None where it has several or none."""
    used = [name for name in discovery.inputs if name not in discovery.ignored_inputs]
    if len(used) != 1:
        return None
    x = rows.X[:, discovery.inputs.index(used[0])]
    wide_x, wide_y = spans_decades(x) and x.min() > 0, spans_decades(rows.y) and rows.y.min() > 0
    frame = Frame(spanning(x, labels[used[0]], log=wide_x), spanning(rows.y, labels[discovery.target], log=wide_y))
    space = np.geomspace if wide_x else np.linspace
    along = np.asarray(space(float(x.min()), float(x.max()), CURVE), dtype=np.float64)
    grid = np.zeros((CURVE, len(discovery.inputs)))
    grid[:, discovery.inputs.index(used[0])] = along
    groups = groups_of(discovery.best.parameters)[:CURVES]
    laws = [discovery.values(grid, [group] * CURVE) for group in groups] or [discovery.values(grid)]
    bars = ""
    if rows.sigma is not None and len(x) <= ERROR_BARS:
        bars = frame.bars(x, rows.y - rows.sigma, rows.y + rows.sigma)
    marks = [bars, *_dots(frame, rows, x, rows.y), *(frame.line(along, law) for law in laws)]
    return frame.svg(marks, f"{discovery.target} against {used[0]}: the rows and the law")


def parity(discovery: Result, rows: PlottedRows, labels: dict[str, str]) -> Markup:
    """Measured against predicted values; on the diagonal they agree."""
    both = np.concatenate([rows.y, rows.law[np.isfinite(rows.law)]])
    log = spans_decades(rows.y) and float(both.min()) > 0
    target = labels[discovery.target]
    axis = spanning(rows.y if log else _without_far(both), f"{target}, predicted", log=log)
    frame = Frame(axis, Axis(axis.low, axis.high, f"{target}, measured", axis.log))
    ends = [axis.low, axis.high]
    marks = [*_dots(frame, rows, rows.law, rows.y), frame.line(ends, ends, "rule")]
    return frame.svg(marks, "Measured against predicted values")


def residuals(discovery: Result, rows: PlottedRows, x: Array, label: str) -> Markup:
    """Residuals against x, (rows,); the strip is one noise level wide on either side."""
    left = _visible(rows)
    axis = spanning(x, label, log=spans_decades(x) and float(x.min()) > 0)
    reach = float(np.nanmax(np.abs(left[~rows.out]), initial=0.0)) if len(left) else 0.0
    reach = reach or float(np.std(rows.y)) or 1.0
    frame = Frame(axis, Axis(-1.1 * reach, 1.1 * reach, "measured − predicted"))
    level = discovery.noise * float(np.std(rows.y[~rows.out]))
    band = frame.band(level) if level > VISIBLE_NOISE * float(np.std(rows.y)) else ""
    marks = [band, frame.line([axis.low, axis.high], [0, 0], "rule"), *_dots(frame, rows, x, left)]
    return frame.svg(marks, f"Residuals against {label}")


def front_chart(discovery: Result) -> Markup:
    """1 − held-out r² of each candidate of the front, against its complexity; the best one is marked."""
    length = np.array([c.complexity for c in discovery.front], dtype=float)
    left = np.array([min(max(1 - c.r2_held_out, EXACT), WORST) for c in discovery.front])
    across = replace(spanning(length, "complexity"), whole=True)
    frame = Frame(across, spanning(left, "unexplained: 1 − held-out r²", log=True))
    marks = [frame.line(length, left, "step")]
    for c, x, y in zip(discovery.front, length, left):
        style = "front chosen" if c is discovery.best else "front"
        said = f"<title>{Markup.escape(mathematics(c.expr, 4))}</title>"
        marks.append(f"<g>{said}{frame.dots(np.array([x]), np.array([y]), style)}</g>")
    return frame.svg(marks, "Unexplained share of the target against complexity of the formula")


def _dots(frame: Frame, rows: PlottedRows, x: Array, y: Array) -> list[str]:
    size = " many" if len(y) > MANY else " few" if len(y) < SPARSE else ""
    kinds = ((~rows.held & ~rows.out, ""), (rows.held, "held"), (rows.out, "out"))
    return [frame.dots(x[part], y[part], style + size) for part, style in kinds if part.any()]


def _visible(rows: PlottedRows) -> Array:
    """The residuals, (rows,); zeros where all of them are rounding."""
    left = rows.residual
    kept = left[~rows.out & np.isfinite(left)]
    rounding = ROUNDING * (float(np.std(rows.y)) or 1.0)
    return np.zeros_like(left) if len(kept) and float(np.max(np.abs(kept))) < rounding else left


def _without_far(values: Array) -> Array:
    """The values without the few that are so far away that the range would hide the others."""
    low, middle, high = np.quantile(values, [TAIL, 0.5, 1 - TAIL])
    reach = FAR * max(high - middle, middle - low) or np.inf
    return values[np.abs(values - middle) <= reach]


def titled(name: str, unit: str = "") -> str:
    """An axis label: the name of a column with its unit."""
    return shortened(name, TITLE) + (f" [{unit}]" if unit not in ("", "1") else "")
