"""exp(sin(pi·x) + y²) on [−1, 1]², 1000 rows, for ten seeds: what comes back, from which structure, in how long.

python benchmarks/recovery/exp_sin.py [--seeds 10]
"""

from __future__ import annotations

import os
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import pandas as pd

import kansr
from benchmarks.arguments import parser
from kansr.bench.grade.strict import strict
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import find_problem, sample
from kansr.expression.render import render


def main() -> None:
    options = parser(__doc__, rows=1000, time_limit=60.0)
    options.add_argument("--seeds", type=int, default=10)
    given = options.parse_args()
    problem = find_problem("pykan_exp_sin")
    right = 0
    for seed in range(given.seeds):
        data = sample(problem, given.rows, np.random.default_rng(seed))
        table = pd.DataFrame(data.X, columns=list(data.names)).assign(target=data.y)
        started = time.perf_counter()
        found = kansr.discover(table, seed=seed, time_limit=given.time_limit)
        seconds = time.perf_counter() - started
        text = render(found.best.expr)
        same = strict(problem, found.best.expr) is Recovery.YES
        right += same
        structure = found.structure.origin if found.structure else "none"
        print(f"seed {seed}  {'right' if same else 'wrong'}  {seconds:5.1f} s  {structure}  {text}", flush=True)
    print(f"{right} of {given.seeds} right")


if __name__ == "__main__":
    main()
