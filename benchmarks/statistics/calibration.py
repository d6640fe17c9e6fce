"""Whether what kansr says about its errors is so: intervals of constants, the noise, and targets that are only noise.

    python benchmarks/statistics/calibration.py --draws 200 --noises 100 --jobs 2

Each draw is a law of the suite with 100, 300 or 1000 rows and noise of .001, .01 or .1 of rms(y). Intervals are looked
at where the formula has the law's skeleton: its long numbers, fitted to rows without noise, are the true ones then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import t as student

import kansr
from benchmarks.arguments import parser
from kansr.api.discovery import Discovery
from kansr.bench.grade import graded
from kansr.bench.problem import Problem, sample, suite
from kansr.expression.nice_numbers import is_short
from kansr.expression.render import render
from kansr.formula.fit.constants import fit_constants, short_floats
from kansr.result.result import Status

LEVELS, ROWS = (0.001, 0.01, 0.1), (100, 300, 1000)


class Draw(NamedTuple):
    """known: for each fitted number of a right skeleton, whether its interval holds the truth; noise: over the true."""

    problem: str
    level: float
    rows: int
    right: bool
    status: str
    known: tuple[bool, ...]
    noise: float


def drawn(problem: Problem, level: float, rows: int, seed: int, time_limit: float) -> Draw:
    data, clean = (sample(problem, rows, np.random.default_rng(seed), noise=noise) for noise in (level, 0.0))
    table = pd.DataFrame(data.X, columns=data.names).assign(**{"target value": data.y})
    found = kansr.discover(table, time_limit=time_limit, seed=seed)
    right = graded(problem, render(found.best.expr))["verdicts"]["skeleton"] == "yes"
    true = float(np.std(data.y - clean.y) / np.std(data.y))
    known = tuple(covered(found, problem)) if right else ()
    return Draw(problem.id, level, rows, right, found.status.value, known, found.noise / true)


def covered(found: Discovery, problem: Problem) -> Iterator[bool]:
    """For each long number of the formula, whether its true value lies in the stated 95 % interval."""
    exact = sample(problem, 2000, np.random.default_rng(99))
    fitted = [(value, error) for value, error in found.constants if not is_short(value)]
    true = fit_constants(found.best.expr, exact, fixed=short_floats(found.best.expr))
    if true.rms > 1e-6 * np.std(exact.y) or len(true.constants) != len(fitted):
        return  # a number was rounded to what these rows allow, and the others cannot be true beside it
    width = float(student.isf(0.025, found.rows - len(fitted)))
    for constant, (value, error) in zip(true.constants, fitted):
        yield abs(float(constant) - value) <= width * error


def nothing(rows: int, inputs: int, seed: int, time_limit: float) -> bool:
    """Whether a target that is only noise is said to be just that, which is exit code 1."""
    rng = np.random.default_rng(seed)
    found = kansr.discover((rng.normal(size=(rows, inputs)), rng.normal(size=rows)), time_limit=time_limit, seed=seed)
    return found.status is Status.NOTHING


def main() -> None:
    arguments = parser(__doc__, time_limit=20.0, jobs=1, seed=0)
    arguments.add_argument("--suite", default="feynman")
    arguments.add_argument("--draws", type=int, default=200)
    arguments.add_argument("--noises", type=int, default=100)
    given = arguments.parse_args()
    rng = np.random.default_rng(given.seed)
    problems = suite(given.suite)
    asked = [
        (problems[rng.integers(len(problems))], float(rng.choice(LEVELS)), int(rng.choice(ROWS)), seed)
        for seed in range(given.draws)
    ]
    each = Parallel(n_jobs=given.jobs, return_as="generator")
    draws: list[Draw] = []
    for draw in each(delayed(drawn)(*one, given.time_limit) for one in asked):
        draws.append(draw)
        print(*draw, flush=True)
    noises = [(int(rng.choice(ROWS)), int(rng.integers(1, 6)), seed) for seed in range(given.noises)]
    silent: list[bool] = []
    for one, said in zip(noises, each(delayed(nothing)(*one, given.time_limit) for one in noises)):
        silent.append(said)
        if not said:
            print("something in noise:", *one, flush=True)
    known = [k for draw in draws for k in draw.known]
    for name, some in (("all", draws), ("right", [draw for draw in draws if draw.right])):
        close = sum(abs(draw.noise - 1) <= 0.2 for draw in some)
        print(f"noise within 20 %, {name} draws: {close} of {len(some)}")
    print(f"95 % intervals that hold the truth: {sum(known)} of {len(known)}")
    print(f"only noise, and said so: {sum(silent)} of {len(silent)}")


if __name__ == "__main__":
    main()
