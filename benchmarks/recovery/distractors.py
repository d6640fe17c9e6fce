"""How many laws are found in noise beside inputs that have nothing to do with them.

    python benchmarks/recovery/distractors.py [--extra 6] [--noise 0.02] [--rows 2000] [--half even|odd] [--first 12]

The first laws of three inputs of the Feynman equations, by the checksum of their names; the other inputs are uniform
from 1 to 5. Found is the law's form with other constants, as the skeleton of `kansr bench`.
"""

from __future__ import annotations

import os
import time
from zlib import crc32

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import pandas as pd

import kansr
from benchmarks.arguments import parser
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import sample
from kansr.bench.trial import chosen

INPUTS = 3


def main() -> None:
    arguments = parser(__doc__, rows=2000, noise=0.02, time_limit=60.0, half="even")
    arguments.add_argument("--extra", type=int, default=6, help="inputs that have nothing to do with the law (6)")
    arguments.add_argument("--first", type=int, default=12, help="how many laws (12)")
    options = arguments.parse_args()
    laws = [p for p in chosen("feynman", which=options.half) if len(p.names) == INPUTS]
    laws = sorted(laws, key=lambda p: crc32(p.id.encode()))[: options.first]
    right, spent = 0, 0.0
    for problem in laws:
        rng = np.random.default_rng(0)
        data = sample(problem, options.rows, rng, noise=options.noise)
        table = pd.DataFrame(data.X, columns=list(data.names))
        for i in range(options.extra):
            table[f"other{i}"] = rng.uniform(1, 5, options.rows)
        begun = time.monotonic()
        found = kansr.discover(table.assign(target=data.y), time_limit=options.time_limit)
        seconds = time.monotonic() - begun
        good = skeleton(problem, found.best.expr) is Recovery.YES
        right, spent = right + good, spent + seconds
        print(f"{problem.id:>20}: {'right' if good else 'wrong'} {seconds:5.1f} s  {found.best.expr}", flush=True)
    print(f"{right} of {len(laws)} found, {spent:.0f} s")


if __name__ == "__main__":
    main()
