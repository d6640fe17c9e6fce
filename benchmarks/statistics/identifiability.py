"""Which laws of a suite their own rows cannot tell from others.

    python benchmarks/statistics/identifiability.py srsd

A law is not recoverable where an input that it has does nothing to the target, or where float64 rounds the law away:
the target, as computed, is wrong in its first digits. No search is to blame for missing those.
"""

from __future__ import annotations

from collections.abc import Iterator

import mpmath
import numpy as np
import sympy

from benchmarks.arguments import asked_for, parser
from kansr.bench.problem import Problem, sample
from kansr.bench.trial import chosen
from kansr.expression.evaluate import Tape

VISIBLE = 1e-6  # share of the target by which an input must move it, on some row
ROUNDED = 1e-6  # relative error of the computed target, on the median row, that hides a law
ROWS, EXACT_ROWS, DIGITS = 2000, 100, 60


def invisible(problem: Problem) -> Iterator[str]:
    """Inputs whose values may be exchanged between the rows, and the target stays."""
    data = sample(problem, ROWS, np.random.default_rng(0))
    tape = Tape(problem.expr, problem.names)
    for i, name in enumerate(problem.names):
        if sympy.Symbol(name) in problem.expr.free_symbols:
            X = data.X.copy()
            X[:, i] = np.random.default_rng(1).permutation(X[:, i])
            change = np.abs(tape.value(X) - data.y) / np.abs(data.y)
            if np.nanmax(change) < VISIBLE:
                yield name


def rounding(problem: Problem) -> float:
    """The relative error of the target as float64 has it, on the median row."""
    data = sample(problem, EXACT_ROWS, np.random.default_rng(0))
    exact = sympy.lambdify(problem.names, problem.expr, "mpmath")
    with mpmath.workdps(DIGITS):
        truth = [exact(*map(mpmath.mpf, row)) for row in data.X]
        return float(np.median([abs(float((t - y) / t)) if t else 0.0 for t, y in zip(truth, data.y)]))


def main() -> None:
    arguments = parser(__doc__, only="")
    arguments.add_argument("suite")
    given = arguments.parse_args()
    problems = [problem for problem in chosen(given.suite) if asked_for(problem.id, given.only)]
    hidden = 0
    for problem in problems:
        inputs, error = list(invisible(problem)), rounding(problem)
        if inputs or error > ROUNDED:
            hidden += 1
            why = f"no effect of {', '.join(inputs)}" if inputs else f"rounding of {error:.0e}"
            print(f"{problem.id:20} {why}")
    print(f"{len(problems) - hidden} of {len(problems)} can be recovered from their rows")


if __name__ == "__main__":
    main()
