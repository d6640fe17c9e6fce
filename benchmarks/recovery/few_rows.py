"""Laws of one input from 10 and 25 rows, without noise and with a little.

    python benchmarks/recovery/few_rows.py [--only "sqrt,tanh"]

What is found counts when it is within twice the noise, or rounding, of the law on the whole range.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.arguments import asked_for, parser
from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.expression.render import readable
from kansr.pipeline.config import Config
from kansr.pipeline.run import search

LAWS = (
    "x**1.5 + 0.1*x",
    "sqrt(1 + x**2)",
    "2.3*x/(x + 5)",
    "3*exp(-0.1*x)",
    "tanh(0.3*x)",
    "x*log(x)",
    "sin(0.3*x)",
    "2.7*x**1.41",
    "log(1 + x)",
    "2*x**2.5",
    "1/x**2",
)
ROWS, NOISES = (10, 25), (0.0, 0.003)
LOW, HIGH = 1.0, 3.0


def main() -> None:
    """A line for every table, then how many were found and the seconds they took."""
    given = parser(__doc__, seed=1, time_limit=30.0, only="").parse_args()
    found: list[bool] = []
    seconds: list[float] = []
    grid = np.linspace(LOW, HIGH, 200)
    for text in (law for law in LAWS if asked_for(law, given.only)):
        law = evaluate(parse(text), {"x": grid})
        for rows in ROWS:
            for noise in NOISES:
                rng = np.random.default_rng(given.seed)
                x = rng.uniform(LOW, HIGH, rows)
                y = evaluate(parse(text), {"x": x})
                y = y + noise * np.std(y) * rng.normal(size=rows)
                started = time.perf_counter()
                *_, last = search(Dataset(x[:, None], y, ("x",), "y"), Config(time_limit=given.time_limit))
                seconds.append(time.perf_counter() - started)
                off = np.std(Tape(last.best.expr, ("x",)).value(grid[:, None]) - law) / np.std(law)
                found.append(bool(off < max(2 * noise, 1e-9)))
                print(
                    f"{text:16} {rows:3} rows, noise {noise:g}: {readable(last.best.expr)}"
                    f"{'' if found[-1] else '  (not the law)'}  {seconds[-1]:.1f} s",
                    flush=True,
                )
    print(f"{sum(found)} of {len(found)}; seconds: median {np.median(seconds):.1f}, at most {max(seconds):.1f}")


if __name__ == "__main__":
    main()
