"""The two surrogates, kernel and network, beside each other: how well they follow known laws, and how long they take.

    python benchmarks/statistics/surrogate_gradients.py feynman120 [--rows 2000] [--half even] [--every 1] [--only GLOB]

One line a problem: held-out 1 − R² (of the view of the target that was chosen), the median angle between the
surrogate's gradient and the law's in standardised inputs (radians), and CPU seconds of one thread. Problems in one
input are left out: gradients say nothing there.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import sympy

from benchmarks.arguments import asked_for, parser
from kansr.bench.problem import Problem, sample
from kansr.bench.trial import chosen
from kansr.expression.evaluate import Tape
from kansr.structure.surrogate.gradient_field import GradientField
from kansr.structure.surrogate.kernel import surrogate
from kansr.structure.surrogate.network import NetworkSurrogateConfig, network_surrogate

PLAIN = NetworkSurrogateConfig()
METHODS: dict[str, Callable[[np.ndarray, np.ndarray], GradientField]] = {
    "kernel": surrogate,
    "kan": network_surrogate,
    "kan, 1 start": lambda X, z: network_surrogate(X, z, replace(PLAIN, starts=1)),
    "kan, 2 wide": lambda X, z: network_surrogate(X, z, replace(PLAIN, widths=(2,))),
    "kan, G=8": lambda X, z: network_surrogate(X, z, replace(PLAIN, grids=(8,))),
}


def angle(problem: Problem, field: GradientField) -> float:
    """The median angle between the gradients of surrogate and law."""
    names = problem.names
    truth = np.column_stack([Tape(problem.expr.diff(sympy.Symbol(name)), names).value(field.X) for name in names])
    scale = field.X.std(0)
    a, b = truth * scale, field.gradient / field.slope[:, None] * scale
    with np.errstate(all="ignore"):
        cosine = np.abs(np.sum(a * b, 1)) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    sine = np.sqrt(np.maximum(1 - np.minimum(cosine, 1) ** 2, 0))
    return float(np.median(np.arcsin(sine[np.isfinite(sine)])))


def main() -> None:
    arguments = parser(__doc__, rows=2000, half=None, every=1, only="")
    arguments.add_argument("suite")
    arguments.add_argument("--methods", default="kernel,kan")
    options = arguments.parse_args()
    methods = options.methods.split(",") if options.methods != "all" else list(METHODS)
    suite = chosen(options.suite, which=options.half)
    problems = [p for p in suite if len(p.names) > 1 and asked_for(p.id, options.only)]
    table: dict[str, list[tuple[float, float, float]]] = {name: [] for name in methods}
    for problem in problems[:: options.every]:
        data = sample(problem, options.rows, np.random.default_rng(0))
        cells = []
        for name in methods:
            start = time.process_time()
            field = METHODS[name](data.X, data.y)
            row = field.error, angle(problem, field), time.process_time() - start
            table[name].append(row)
            cells.append(f"{name} {row[0]:.0e} {row[1]:.0e} {row[2]:5.2f} s ({field.view})")
        print(f"{problem.id:12} {len(problem.names)} inputs   " + "   ".join(cells), flush=True)
    print(f"\n{len(problems[:: options.every])} problems; medians, and 90th percentiles")
    for name, rows in table.items():
        middle, high = np.median(rows, axis=0), np.quantile(rows, 0.9, axis=0)
        print(f"{name:14} 1−R² {middle[0]:.0e}, {high[0]:.0e}   angle {middle[1]:.0e}, {high[1]:.0e}   "
              f"{middle[2]:.2f}, {high[2]:.2f} s")  # fmt: skip
    angles = np.array([[row[1] for row in rows] for rows in table.values()])
    if len(methods) > 1:
        best = np.bincount(angles.argmin(0), minlength=len(methods))
        print("the smallest angle: " + ", ".join(f"{name} {count}" for name, count in zip(methods, best)))


if __name__ == "__main__":
    main()
