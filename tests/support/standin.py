"""The command line with a stand-in for the search, which ends as the environment variable ENDING says.

python standin.py discover FILE …
"""

from __future__ import annotations

import dataclasses
import faulthandler
import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import sympy

from kansr.api.discovery import Discovery
from kansr.cli.main import main
from kansr.data.dataset import Dataset
from kansr.data.excerpt import excerpt
from kansr.errors import DataError, FormulaError
from kansr.formula.judge.judge import judge
from kansr.pipeline import job
from kansr.pipeline.config import Config
from kansr.pipeline.journal import Journal
from kansr.result.pareto import pareto
from kansr.result.result import Status, unused
from kansr.runtime.deadline import Deadline
from kansr.search.partition import Partition


def discovery(data: Dataset, seed: int = 0, status: str = "found") -> Discovery:
    """A constant, a line and Kepler's third law in the first input."""
    x = sympy.Symbol(data.names[0])
    formulas = [sympy.Float(float(np.mean(data.y))), x * sympy.Float(1.5), x ** sympy.Rational(3, 2)]
    front = pareto([judge(formula, data, data, "stand-in") for formula in formulas], float(np.var(data.y)))
    ignored = unused(front.best.expr, data.names)
    found = Discovery(
        Status(status), data.target, data.names, ignored, front, data.columns, None, 0.01, data.rows, 0.5, seed, ("hm",)
    )
    return dataclasses.replace(found, excerpt=excerpt(data, np.zeros(data.rows, dtype=bool), seed))


def search(rows: Partition, config: Config, deadline: Deadline, journal: Journal) -> Iterator[Discovery]:
    """In place of the search for the whole law."""
    data = rows.table
    ending = os.environ.get("ENDING", "found")
    if ending != "silence":
        yield discovery(data, config.seed, "best_effort")
        yield dataclasses.replace(discovery(data, config.seed, "best_effort"), trying="power law")
    if ending in ("hang", "silence"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1)
    if ending == "crash":
        faulthandler.disable()  # pytest has it write where the crash was
        os.kill(os.getpid(), signal.SIGSEGV)
    if ending == "bug":
        raise ValueError("a bug")
    if ending == "odd formula":
        raise FormulaError("cot is not a function")
    if ending == "bad data":
        raise DataError("too few rows")
    yield discovery(data, config.seed, ending)


if __name__ == "__main__":
    job.search_partition = search
    main()
