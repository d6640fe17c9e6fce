"""How many laws are found in noise beside inputs that have nothing to do with them.

python benchmarks/distractors.py [--extra 6] [--noise 0.02] [--rows 2000] [--half even|odd] [--first 12]

The first laws of three inputs of the Feynman equations, by the checksum of their names; the other inputs are uniform
from 1 to 5. Found is the law's form with other constants, as the skeleton of `kansr bench`.
"""

from __future__ import annotations

import argparse
import os
import time
from zlib import crc32

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import pandas as pd

import kansr
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Verdict
from kansr.bench.problem import sample, suite

INPUTS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--extra", type=int, default=6)
    parser.add_argument("--noise", type=float, default=0.02)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--time-limit", type=float, default=60)
    parser.add_argument("--half", choices=["even", "odd"], default="even")
    parser.add_argument("--first", type=int, default=12)
    options = parser.parse_args()
    marked = sorted((crc32(p.id.encode()), p) for p in suite("feynman") if len(p.names) == INPUTS)
    chosen = [p for mark, p in marked if mark % 2 == (options.half == "odd")][: options.first]
    right, spent = 0, 0.0
    for problem in chosen:
        rng = np.random.default_rng(0)
        data = sample(problem, options.rows, rng, noise=options.noise)
        table = pd.DataFrame(data.X, columns=list(data.names))
        for i in range(options.extra):
            table[f"other{i}"] = rng.uniform(1, 5, options.rows)
        begun = time.monotonic()
        found = kansr.discover(table.assign(target=data.y), time_limit=options.time_limit)
        seconds = time.monotonic() - begun
        good = skeleton(problem, found.best.expr) is Verdict.YES
        right, spent = right + good, spent + seconds
        print(f"{problem.id:>20}: {'right' if good else 'wrong'} {seconds:5.1f} s  {found.best.expr}", flush=True)
    print(f"{right} of {len(chosen)} found, {spent:.0f} s")


if __name__ == "__main__":
    main()
