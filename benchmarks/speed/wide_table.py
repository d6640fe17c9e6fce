"""How long a search takes in a table of thousands of columns of which five matter, and which it keeps.

    python benchmarks/speed/wide_table.py [--rows 500] [--columns 2000] [--noise 0.3] [--time-limit 60] [--seed 0]

Four laws of the first five columns, of which Friedman's (1991) is one; all columns are uniform between 0 and 1. The
noise is a share of the law's root mean square about its mean. Seconds are those of the clock and of the processor.
"""

from __future__ import annotations

import os
import resource
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import pandas as pd

import kansr
from benchmarks.arguments import parser

LAWS = {
    "Friedman's": lambda a, b, c, d, e: 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e,
    "five curves": lambda a, b, c, d, e: np.exp(a) + np.sin(6 * b) + c**2 + np.sqrt(d) + 1 / (1 + e),
    "curves and a product": lambda a, b, c, d, e: 3 * a * b + np.cos(4 * c) + d**2 - e,
    "line": lambda a, b, c, d, e: a + 2 * b - c + 0.5 * d + e,
}
RELEVANT = 5


def main() -> None:
    arguments = parser(__doc__, rows=500, noise=0.3, time_limit=60.0, seed=0)
    arguments.add_argument("--columns", type=int, default=2000, help="inputs of the table (2000)")
    options = arguments.parse_args()
    for name, law in LAWS.items():
        rng = np.random.default_rng(options.seed)
        X = rng.uniform(0, 1, (options.rows, options.columns))
        y = law(*X[:, :RELEVANT].T)
        y = y + options.noise * np.std(y) * rng.standard_normal(options.rows)
        table = pd.DataFrame(X, columns=[f"x{i}" for i in range(options.columns)]).assign(y=y)
        begun, used = time.monotonic(), time.process_time()
        found = kansr.discover(table, time_limit=options.time_limit, seed=options.seed)
        seconds, processor = time.monotonic() - begun, time.process_time() - used
        kept = {str(symbol) for symbol in found.best.expr.free_symbols}
        right = len(kept & {f"x{i}" for i in range(RELEVANT)})
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name:>20}: {right} of {RELEVANT} kept, {len(kept) - right} idle, {seconds:.0f} s "
            f"({processor:.0f} s of the processor), {peak:.0f} MB at most, {found.status.value}",
            flush=True,
        )


if __name__ == "__main__":
    main()
