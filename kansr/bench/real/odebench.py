"""ODEBench: systems of differential equations, found from one trajectory and tried on another.

d'Ascoli et al., ODEFormer (arXiv 2310.05573): 63 systems with two solutions of 512 points each. A system is found from
the first solution, with noise in proportion to the states as there. `skeleton`: every right-hand side equals the true
one after its constants are fitted to that, on points of a box around both solutions, and is not much longer.
`generalises`: simulated from the start of the second solution it follows that with r² > .9.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from kansr.bench.grade import bounded
from kansr.bench.grade.skeleton import FACTOR, ITERATIONS, MAX_RELATIVE_RMS, SPARE, freed
from kansr.bench.grade.verdict import Recovery, verdict
from kansr.data.dataset import Dataset
from kansr.errors import DataError, FormulaError
from kansr.expression.complexity import complexity
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.expression.render import render
from kansr.formula.fit.constants import fit_constants
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square, r_squared
from kansr.pipeline.config import Config
from kansr.pipeline.systems.run import solve_here
from kansr.pipeline.systems.series import Run, Series
from kansr.result.json_value import read_json
from kansr.runtime.files import read

GENERALISES = 0.9  # r² of the other solution
ROWS, SEED = 500, 11  # points of the box that right-hand sides are compared on
SIMULATION_SECONDS = 20.0
GRADING_SECONDS = 30.0
MOST_BYTES = 1 << 26  # of a file of systems; ODEBench's has 63 systems of some 40 kB


@dataclass(frozen=True, eq=False)
class OdeProblem:
    """A system with its solutions.

    exprs: the right-hand sides in x_0, x_1, …; solutions: (t, x) of each, x (n, states).
    """

    id: str
    exprs: tuple[sympy.Expr, ...]
    solutions: tuple[tuple[Array, Array], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"x_{k}" for k in range(len(self.exprs)))


def ode_problems(path: Path) -> list[OdeProblem]:
    """The systems of a file as ODEBench's `strogatz_extended.json`. Raises DataError for one that is not so."""
    try:
        entries = read_json(read(path, MOST_BYTES).decode("utf-8"), str(path)).data
        return [_problem(entry) for entry in entries]
    except OSError as err:
        raise DataError(f"cannot read {path}: {err.strerror}") from err
    except (ValueError, OverflowError, KeyError, TypeError, IndexError, FormulaError) as err:
        raise DataError(f"{path} is not a file of ODEBench's systems ({type(err).__name__}: {err})") from err


def _problem(entry: dict[str, Any]) -> OdeProblem:
    texts = [str(text).replace("Abs(", "abs(") for text in entry["substituted"][0]]
    solutions = [(np.array(one["t"], float), np.array(one["y"], float).T) for one in entry["solutions"][0]]
    if len(solutions) < 2 or any(x.shape != (len(t), len(texts)) for t, x in solutions):
        raise ValueError("each system needs two solutions, with a column for each state")
    if not all(np.all(np.diff(t) > 0) and np.isfinite(t).all() and np.isfinite(x).all() for t, x in solutions):
        raise ValueError("solutions are finite numbers at rising times")
    return OdeProblem(f"ode_{entry['id']}", tuple(parse(text) for text in texts), tuple(solutions))


def trial(problem: OdeProblem, noise: float, seed: int, config: Config) -> dict[str, Any]:
    """The record of one search."""
    (t, x), (other_t, other) = problem.solutions[:2]
    rng = np.random.default_rng(seed)
    noisy = x * (1 + noise * rng.standard_normal(x.shape))
    began, spent = time.monotonic(), time.process_time()
    found = solve_here(Series("t", problem.names, (Run("", t, noisy),)), config)
    seconds, cpu = time.monotonic() - began, time.process_time() - spent
    assert found.system is not None
    exprs = found.system.exprs
    right = [bounded(_graded, (problem, k, expr), GRADING_SECONDS) for k, expr in enumerate(exprs)]
    r2 = [_r2(found.system.simulate(at, true[0], SIMULATION_SECONDS), true) for at, true in ((t, x), (other_t, other))]
    return {
        "problem": problem.id,
        "noise": noise,
        "seed": seed,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "status": found.status.value,
        "expressions": [render(expr) for expr in exprs],
        "truth": [render(expr) for expr in problem.exprs],
        "skeletons": [said is Recovery.YES for said in right],
        "skeleton": all(said is Recovery.YES for said in right),
        "r2": r2[0],
        "r2_other": r2[1],
        "generalises": r2[1] is not None and r2[1] > GENERALISES,
    }


def _graded(problem: OdeProblem, k: int, expr: sympy.Expr) -> Iterator[Recovery]:
    yield verdict(same_skeleton(problem, k, expr))


def same_skeleton(problem: OdeProblem, k: int, expr: sympy.Expr) -> bool:
    """Whether an expression is the k-th right-hand side, but for its constants."""
    truth = problem.exprs[k]
    if complexity(expr) > FACTOR * complexity(truth) + SPARE:
        return False
    data = _box(problem, truth)
    spread = float(np.std(data.y))
    for form in (expr, freed(expr)):
        with np.errstate(all="ignore"):
            fit = fit_constants(form, data, iterations=ITERATIONS)
            left = Tape(fit.expr, data.names).value(data.X) - data.y
        if float(np.sqrt(np.mean(left**2))) <= MAX_RELATIVE_RMS * spread:
            return True
    return False


def _box(problem: OdeProblem, truth: sympy.Expr) -> Dataset:
    """Points around both solutions where the true right-hand side has a value."""
    states = np.concatenate([x for _, x in problem.solutions])
    X = np.random.default_rng(SEED).uniform(states.min(axis=0), states.max(axis=0), (ROWS, states.shape[1]))
    y = Tape(truth, problem.names).value(X)
    good = np.isfinite(y)
    return Dataset(X[good], y[good], problem.names)


def _r2(found: Array, true: Array) -> float | None:
    """The mean over the states of r²; None where the simulation breaks off, or leaves a state that stays."""
    r2 = [r_squared(mean_square(a - b), float(np.var(b))) for a, b in zip(found.T, true.T)]
    return float(np.mean(r2)) if np.isfinite(r2).all() else None


def run_odebench(
    problems: Sequence[OdeProblem],
    levels: Sequence[float],
    seeds: int,
    config: Config,
    progress: Callable[[dict[str, Any]], object] = lambda record: None,
) -> list[dict[str, Any]]:
    """The records of all trials."""
    records = []
    for noise in levels:
        for problem in problems:
            for seed in range(seeds):
                records.append(trial(problem, noise, seed, config))
                progress(records[-1])
    return records


def ode_tally(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each noise level: how many trials, the rates, and median and 90th percentile of the processor's seconds."""
    made = []
    for noise in sorted({record["noise"] for record in records}):
        of = [record for record in records if record["noise"] == noise]
        times = [record["cpu_seconds"] for record in of]
        made.append(
            {
                "noise": noise,
                "trials": len(of),
                "skeleton": sum(record["skeleton"] for record in of) / len(of),
                "generalises": sum(record["generalises"] for record in of) / len(of),
                "median_cpu_seconds": float(np.median(times)),
                "p90_cpu_seconds": float(np.quantile(times, 0.9)),
            }
        )
    return made
