"""Laws of the Feynman lectures from tables that are written with few digits: are they still found, and found right?

    python benchmarks/recovery/rounded_laws.py --half even [--every 6] [--digits 4,single] [--only feynman_I_41_16]

All columns are rounded to so many significant digits, or to single precision. A law counts where the chosen formula has
its skeleton (docs/bench.md); what is asserted to be found without it is wrong.
"""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
import pandas as pd

import kansr
from benchmarks.arguments import asked_for, parser
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import sample, suite
from kansr.bench.trial import half
from kansr.expression.render import readable
from kansr.numeric.arrays import Array
from kansr.result.result import Status

SUITE = "feynman120"
SINGLE = "single"


def rounded(column: Array, digits: str) -> Array:
    """The column, (rows,), with so many significant digits, or in single precision."""
    if digits == SINGLE:
        return column.astype(np.float32).astype(float)
    return np.array([float(f"{value:.{int(digits) - 1}e}") for value in column])


def main() -> None:
    """A line for every table, then how many laws were found and how many formulas were wrongly asserted."""
    options = parser(__doc__, seed=0, rows=500, time_limit=60.0, half=None, only="", every=1)
    options.add_argument("--digits", default="3,4,7,single", help="significant digits, and single precision (all four)")
    given = options.parse_args()
    laws = [p for p in suite(SUITE) if given.half in (None, half(p.id)) and asked_for(p.id, given.only)]
    found: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    ways = given.digits.split(",")
    for problem in laws[:: given.every]:
        data = sample(problem, given.rows, np.random.default_rng(given.seed))
        for digits in ways:
            columns = {**dict(zip(data.names, data.X.T)), data.target: data.y}
            table = pd.DataFrame({name: rounded(column, digits) for name, column in columns.items()})
            began = time.process_time()
            result = kansr.discover(table, target=data.target, time_limit=given.time_limit, seed=given.seed)
            seconds = time.process_time() - began
            right = skeleton(problem, result.best.expr) is Recovery.YES
            asserted = result.status is Status.FOUND
            found[digits] += right
            wrong[digits] += asserted and not right
            said = "law  " if right else "WRONG" if asserted else "     "
            print(
                f"{problem.id:22} {digits:6} {said} {result.status.value:11} {seconds:5.1f} s of processor time, "
                f"{result.best.origin}: {readable(result.best.expr)}",
                flush=True,
            )
    count = len(laws[:: given.every])
    for digits in ways:
        print(f"{digits} digits: {found[digits]} of {count} laws, {wrong[digits]} wrong ones asserted")


if __name__ == "__main__":
    main()
