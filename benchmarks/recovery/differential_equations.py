"""The right-hand sides of Strogatz's equations from trajectories, through `derivative`, not from rows in a box.

    python benchmarks/recovery/differential_equations.py --noise 0,.001,.01 [--only bacres]

Four runs of 200 rows from starts drawn in the box of the suite, over `--span` units of time; noise in parts of each
column's spread. Strict and skeleton as in docs/bench.md.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

import kansr
from benchmarks.arguments import asked_for, parser
from kansr.bench.grade import graded
from kansr.bench.problem import Problem, draw, suite
from kansr.expression.evaluate import Tape
from kansr.expression.render import render

RUNS, ROWS = 4, 200


def series(first: Problem, second: Problem, span: float, noise: float, seed: int) -> pd.DataFrame:
    """Columns t, x and y; runs that do not stay finite are drawn again."""
    rng = np.random.default_rng(seed)
    names = tuple(v.name for v in first.variables)
    tapes = [Tape(p.expr, names) for p in (first, second)]
    t = np.linspace(0, span, ROWS)
    made: list[np.ndarray] = []
    while len(made) < RUNS:
        start = [float(draw(v, 1, rng)[0]) for v in first.variables]
        run = solve_ivp(
            lambda _, s: [float(tape.value(s[None, :])[0]) for tape in tapes],
            (0, span),
            start,
            t_eval=t,
            rtol=1e-10,
            atol=1e-12,
        )
        if run.success and np.isfinite(run.y).all() and np.abs(run.y).max() < 1e3:
            made.append(np.column_stack([t, run.y.T]))
    values = np.vstack(made)
    values[:, 1:] += noise * values[:, 1:].std(axis=0) * rng.normal(size=values[:, 1:].shape)
    return pd.DataFrame(values, columns=["t", *names])


def main() -> None:
    arguments = parser(__doc__, time_limit=30.0, seed=0, only="")
    arguments.add_argument("--noise", default="0,.001,.01", help="noise levels, separated by commas (0,.001,.01)")
    arguments.add_argument("--span", type=float, default=5.0, help="units of time of each run (5)")
    given = arguments.parse_args()
    every = suite("strogatz")
    pairs = [pair for pair in zip(every[::2], every[1::2]) if asked_for(pair[0].id, given.only)]
    for noise in map(float, given.noise.split(",")):
        found = {"strict": 0, "skeleton": 0}
        for first, second in pairs:
            table = series(first, second, given.span, noise, given.seed)
            for problem, variable in zip((first, second), first.variables):
                began = time.monotonic()
                best = kansr.discover(
                    table, target=variable.name, derivative="t", time_limit=given.time_limit, seed=given.seed
                )
                verdicts = graded(problem, render(best.best.expr))["verdicts"]
                for name in found:
                    found[name] += verdicts[name].value == "yes"
                seconds = time.monotonic() - began
                said = [verdicts[name].value for name in found]
                print(
                    f"{noise:g}", problem.id, *said, best.status.value, f"{seconds:.0f} s", best.best.expr, flush=True
                )
        print(f"noise {noise:g}: {found} of {2 * len(pairs)}", flush=True)


if __name__ == "__main__":
    main()
