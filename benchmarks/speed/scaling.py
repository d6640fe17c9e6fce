"""Seconds and memory against the number of inputs, the number of rows, and how much there is to the law.

    python benchmarks/speed/scaling.py                       # all three tables, each law in a process of its own
    python benchmarks/speed/scaling.py rows --most 10000

The laws are made up: nothing in kansr was developed on them. Times are without the start of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

from benchmarks.arguments import parser

INPUTS = [
    "a*exp(-b)",
    "a*exp(-b*c)",
    "a*exp(-b*c/d) + b",
    "(a + e)*exp(-b*c/d)",
    "(a + e)*exp(-b*c/d)*cos(f)",
    "(a + e)*exp(-b*c/d)*cos(f)/sqrt(1 + g)",
    "(a + e)*exp(-b*c/d)*cos(f - h)/sqrt(1 + g)",
    "(a + e*i)*exp(-b*c/d)*cos(f - h)/sqrt(1 + g)",
]
ROWS = [200, 500, 1000, 2000, 5000, 10_000, 30_000, 100_000]
COMPLEXITY = [
    "a*b",
    "a*b + c",
    "a*exp(-b) + c",
    "a*exp(-b*c) + c*d",
    "a*exp(-b*c) + c*sin(d)/b",
    "sqrt(a**2 + b*c)*exp(-b*d) + c*sin(d)/b",
]
LIMIT = 120.0


def one(text: str, rows: int, seed: int) -> dict:
    """A search in this process: whether the law was found, in what time, with how much memory at most."""
    import kansr
    from kansr.data.dataset import Dataset
    from kansr.expression.complexity import complexity
    from kansr.expression.evaluate import Tape
    from kansr.expression.parse import parse
    from kansr.pipeline.config import Config
    from kansr.pipeline.run import search

    law = parse(text)
    names = tuple(sorted(map(str, law.free_symbols)))
    rng = np.random.default_rng(seed)
    X, unseen = rng.uniform(1, 3, (rows, len(names))), rng.uniform(0.5, 4, (1000, len(names)))
    data = Dataset(X, Tape(law, names).value(X), names, "y")
    for _ in search(Dataset(X[:50, :1], 2 * X[:50, 0], names[:1], "y"), Config()):  # loads what is loaded once
        pass
    started = time.perf_counter()
    *_, found = search(data, Config(time_limit=LIMIT, seed=seed))
    seconds = time.perf_counter() - started
    off = Tape(found.best.expr, names).value(unseen) - Tape(law, names).value(unseen)
    return {
        "law": text,
        "inputs": len(names),
        "rows": rows,
        "complexity": complexity(law),
        "found": bool(np.max(np.abs(off)) <= 1e-6 * np.std(data.y)),
        "seconds": seconds,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "kansr": kansr.__version__,
    }


def apart(text: str, rows: int, seed: int) -> dict:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--one", text, "--rows", str(rows), "--seed", str(seed)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    arguments = parser(__doc__, seed=0, rows=2000)
    arguments.add_argument("tables", nargs="*", default=["inputs", "rows", "complexity"])
    arguments.add_argument("--most", type=int, default=max(ROWS), help="rows of the largest table")
    arguments.add_argument("--one", help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one, asked.rows, asked.seed)))
        return
    cases = {
        "inputs": [(text, asked.rows) for text in INPUTS],
        "rows": [(INPUTS[2], rows) for rows in ROWS if rows <= asked.most],
        "complexity": [(text, asked.rows) for text in COMPLEXITY],
    }
    for table in asked.tables:
        print(f"\n{table}\n{'inputs':>6} {'rows':>7} {'nodes':>5} {'found':>5} {'seconds':>8} {'MB':>5}  law")
        for text, rows in cases[table]:
            r = apart(text, rows, asked.seed)
            print(
                f"{r['inputs']:6} {r['rows']:7} {r['complexity']:5} {'yes' if r['found'] else 'no':>5} "
                f"{r['seconds']:8.2f} {r['mb']:5.0f}  {r['law']}",
                flush=True,
            )


if __name__ == "__main__":
    main()
