"""A system that was found as results, one for each state, and how its simulation follows the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike

from kansr.data.dataset import Dataset
from kansr.expression.identifiers import aliases
from kansr.formula.judge.judge import judge
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square, r_squared
from kansr.pipeline.assemble import assemble
from kansr.pipeline.systems.series import Series
from kansr.pipeline.systems.simulate import simulate
from kansr.pipeline.systems.smoothing import smooth_curve
from kansr.pipeline.systems.solve import Solved
from kansr.result.derivation import Finder
from kansr.result.result import SCHEMA, Result, Status, finite_values
from kansr.search.attempt import Finding
from kansr.search.partition import Partition
from kansr.version import __version__

HELD_OUT = 0.25  # share of the rows that r² of slopes is measured on
ENDS = 0.02  # share of a run at each end whose slopes are too uncertain to be rows
SIMULATION_SECONDS = 5.0  # for one run
ORIGIN = "integral matching, weak form and trajectories"
# Rms of what trajectories in pieces leave over the errors of the rows, up to which they leave noise: the error of an
# error of 512 rows is 3 %, and the errors come from splines.
NOISE = 1.3
ORDER = (Status.FOUND, Status.BEST_EFFORT, Status.NOTHING, Status.TIMED_OUT, Status.INTERRUPTED)


@dataclass(frozen=True)
class FollowedRun:
    """How the simulation from the first row of a run follows one state: r2, 1 is perfect, -inf where it breaks off."""

    run: str
    state: str
    r2: float


@dataclass(frozen=True, eq=False)
class Dynamics:
    """What makes laws a system: dz/dt of every state z, in terms of all.

    time: the independent variable; states: the measured ones; names: all that right-hand sides are written in, slopes
    of second order included; runs: trajectories for plots, see Series.
    """

    time: str
    states: tuple[str, ...]
    names: tuple[str, ...]
    exprs: tuple[sympy.Expr, ...]
    followed: tuple[FollowedRun, ...] = ()
    paths: tuple[Array, ...] = ()
    series: Series | None = None

    def simulate(self, t: ArrayLike, y0: ArrayLike, seconds: float) -> Array:
        """See `kansr.pipeline.systems.simulate.simulate`."""
        return simulate(self.exprs, self.names, t, y0, seconds)

    def to_dict(self) -> dict[str, Any]:
        """The object `system` of the JSON."""
        rows = [{"run": one.run, "state": one.state, "r2": one.r2} for one in self.followed]
        return {"time": self.time, "states": list(self.states), "trajectory_r2": rows}


@dataclass(frozen=True, eq=False)
class Laws:
    """Results for several targets of one table; system: where they are the right-hand sides of one."""

    targets: tuple[str, ...]
    laws: tuple[Result, ...]
    seconds: float = 0.0
    seed: int = 0
    notes: tuple[str, ...] = ()
    system: Dynamics | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """The worst of the laws': found, best_effort, nothing, timed_out, interrupted."""
        return max((law.status for law in self.laws), key=ORDER.index)

    def with_status(self, status: Status) -> Laws:
        """The same laws, all with this status."""
        return replace(self, laws=tuple(replace(law, status=status) for law in self.laws))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        made: dict[str, Any] = finite_values(
            {
                "schema": SCHEMA,
                "kansr": __version__,
                "status": self.status.value,
                "targets": list(self.targets),
                "laws": [law.to_dict() for law in self.laws],
                **({} if self.system is None else {"system": self.system.to_dict()}),
                "seconds": self.seconds,
                "seed": self.seed,
                "notes": list(self.notes),
            }
        )
        return made


def dynamics(series: Series, exprs: Sequence[sympy.Expr], seconds: float) -> Dynamics:
    """A system with its simulation of every run from its first row. seconds: for one run."""
    velocities = series.names[len(series.states) :]
    right = (*(sympy.Symbol(name) for name in velocities), *exprs)
    followed, paths = [], []
    for run in series.runs:
        slopes = [smooth_curve(run.t, column).slopes[0] for column in run.x.T] if velocities else []
        path = simulate(right, series.names, run.t, [*run.x[0], *slopes], seconds)
        paths.append(path)
        for k, state in enumerate(series.states):
            loss = mean_square(path[:, k] - run.x[:, k])
            followed.append(FollowedRun(run.label, state, r_squared(loss, float(np.var(run.x[:, k])))))
    return Dynamics(series.time, series.states, series.names, tuple(right), tuple(followed), tuple(paths), series)


def shown_by(solved: Solved) -> Status:
    """Whether the trajectories of a system leave no more than noise."""
    return Status.FOUND if max(solved.rms) < NOISE else Status.BEST_EFFORT


def laws_of(series: Series, solved: Solved, status: Status, seconds: float, seed: int, simulation: float) -> Laws:
    """The laws of a system. seconds: of the search; simulation: seconds for one run."""
    system = dynamics(series, solved.exprs, min(simulation, SIMULATION_SECONDS))
    laws = []
    for k, data in enumerate(_slopes(series)):
        rows = Partition.of(data, HELD_OUT, seed)
        exprs = list(dict.fromkeys([solved.exprs[k], *solved.others[k], sympy.Float(float(np.mean(data.y)))]))
        with np.errstate(all="ignore"):
            found = [
                Finding(judge(expr, rows.fitting, rows.judging, ORIGIN), finder=Finder.EQUATIONS) for expr in exprs
            ]
            found = [one for one in found if one is found[0] or np.isfinite(one.candidate.loss)]
            laws.append(assemble(rows, found, status, seconds, seed, found[0].candidate))
    return Laws(series.targets, tuple(laws), seconds, seed, system=system, columns=series.columns)


def _slopes(series: Series) -> Iterator[Dataset]:
    """Smoothed states and slopes as the rows of each law, for its r² and its plots."""
    X, Y = [], []
    for t, x in series.segments():
        curves = [smooth_curve(t, column) for column in x.T]
        inner = slice(max(int(ENDS * len(t)), 1), len(t) - max(int(ENDS * len(t)), 1))
        columns, slopes = [curve.values for curve in curves], [curve.slopes for curve in curves]
        if series.order == 2:
            columns += slopes
            slopes = [smooth_curve(t, slope).slopes for slope in slopes]
        X.append(np.column_stack(columns)[inner])
        Y.append(np.column_stack(slopes)[inner])
    rows = np.concatenate(X)
    for target, y in zip(series.targets, np.concatenate(Y).T):
        name = aliases([*series.names, target])[-1]
        yield Dataset(rows, np.ascontiguousarray(y), series.names, name, series.columns)
