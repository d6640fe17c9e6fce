"""A system of differential equations as one HTML page, with its simulated trajectories over the rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kansr.errors import printable
from kansr.expression.render import readable
from kansr.numeric.arrays import evenly_spaced_rows
from kansr.pipeline.systems.laws import Dynamics, Laws
from kansr.show.report.axis import spanning
from kansr.show.report.charts import Frame
from kansr.show.report.mathml import equation
from kansr.show.report.page import Chart
from kansr.show.report.template.html import environment, style
from kansr.show.summary import WORDS, fraction
from kansr.version import __version__

MOST_CHARTS = 24  # trajectories that are drawn
MOST_DOTS = 400  # rows of a run that are drawn


def system_page(found: Laws) -> str:
    """The page as HTML text. found: the laws of a system."""
    assert found.system is not None
    laws = found.laws
    text: str = (
        environment()
        .get_template("system.html")
        .render(
            style=style(),
            version=__version__,
            title=", ".join(found.columns.get(state, state) for state in found.system.states),
            status=found.status.value,
            words=WORDS[found.status],
            laws=[equation(law.target, law.best.expr) for law in laws],
            texts=[f"{law.target} = {readable(law.best.expr)}" for law in laws],
            charts=list(_charts(found.system)),
        )
    )
    return printable(text)


def _charts(system: Dynamics) -> Iterator[Chart]:
    """A chart for each state of each run."""
    if system.series is None:
        return
    drawn = [(run, path, k) for run, path in zip(system.series.runs, system.paths) for k in range(len(system.states))]
    for (run, path, k), how in zip(drawn[:MOST_CHARTS], system.followed):
        name = system.series.columns.get(how.state, how.state)
        some = evenly_spaced_rows(len(run.t), MOST_DOTS) if len(run.t) > MOST_DOTS else np.arange(len(run.t))
        frame = Frame(spanning(run.t, system.time), spanning(run.x[:, k], name))
        marks = [frame.dots(run.t[some], run.x[some, k]), frame.line(run.t, path[:, k])]
        where = f", run {run.label}" if run.label else ""
        yield Chart(frame.svg(marks, f"{name} over {system.time}{where}"), f"{name}{where}: r² {fraction(how.r2)}")
