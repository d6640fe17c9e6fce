"""One wrong number among a few rows: how often it is found, and how often a right one is named.

    python benchmarks/robustness/outliers_of_few.py --rows 47

Of every second law of three suites rows are drawn at three levels of noise. In one row the target is taken times ten;
it counts where that moves it by more than the range of all others. Then tables of nothing but noise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.arguments import parser
from kansr.bench.problem import read_problems
from kansr.bench.problem.known_law import sample
from kansr.data.dataset import Dataset
from kansr.errors import DataError
from kansr.formula.judge.outliers_of_few import outliers_of_few
from kansr.runtime.resources import shipped

SUITES = ("feynman", "laws", "strogatz")
NOISE = (0.0, 0.01, 0.1)
TABLES, INPUTS = 100, 4  # of noise alone


def main() -> None:
    given = parser(__doc__, rows=47, seed=0).parse_args()
    rng = np.random.default_rng(given.seed)
    problems = [p for suite in SUITES for p in read_problems(shipped(f"datasets/{suite}.problems"))][::2]
    print("noise  tables  with a right row named  gross errors  found")
    for noise in NOISE:
        tables = right = gross = found = 0
        for problem in problems:
            try:
                data = sample(problem, given.rows, rng, noise=noise)
            except DataError:
                continue
            row = int(rng.integers(given.rows))
            y = data.y.copy()
            y[row] *= 10
            tables, right = tables + 1, right + bool(outliers_of_few(data).any())
            if abs(y[row] - data.y[row]) > np.ptp(data.y):
                gross, found = gross + 1, found + bool(outliers_of_few(Dataset(data.X, y, data.names))[row])
        print(f"{noise:5g}  {tables:6}  {right:22}  {gross:12}  {found:5}", flush=True)
    draws: dict[str, Callable[[int], np.ndarray]] = {
        "lognormal": lambda n: np.exp(1.5 * rng.normal(size=n)),
        "Student's t, 3 degrees": lambda n: rng.standard_t(3, size=n),
        "exponential": lambda n: rng.exponential(size=n),
        "Pareto": lambda n: 1 + rng.pareto(2, size=n),
    }
    names = tuple("abcd")[:INPUTS]
    for what, draw in draws.items():
        tables_named = sum(
            bool(outliers_of_few(Dataset(rng.normal(size=(given.rows, INPUTS)), draw(given.rows), names)).any())
            for _ in range(TABLES)
        )
        print(f"{what}: a row is named in {tables_named} of {TABLES} tables")


if __name__ == "__main__":
    main()
