"""The rows of a table divided for every kind of job alike: outliers left out, a share held out, the loss chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import spread_of
from kansr.formula.judge.outliers import LEAST_ROWS, outliers
from kansr.formula.judge.outliers_of_few import outliers_of_few
from kansr.numeric.arrays import Mask
from kansr.pipeline.conclude import judge_again
from kansr.pipeline.config import Config
from kansr.pipeline.journal import Journal
from kansr.result.pareto import pareto
from kansr.result.result import Result
from kansr.runtime.deadline import Deadline
from kansr.search.attempt import Finding
from kansr.search.partition import Partition

Solve = Callable[[Partition, Config, Deadline, Journal], Iterator[Result]]

OUTLIERS_NOT_SOUGHT = "outliers were not looked for: not enough time"


def on_partition(solve: Solve, data: Dataset, config: Config, journal: Journal) -> Iterator[Result]:
    """What a solver finds on the rows of a table, divided once; its time includes that of the journal's run."""
    deadline = Deadline(config.time_limit, journal.timer())
    partition, notes = partition_rows(data, config, deadline)
    for found in solve(partition, config, deadline, journal):
        yield replace(found, notes=(*notes, *found.notes))


def partition_rows(data: Dataset, config: Config, deadline: Deadline) -> tuple[Partition, tuple[str, ...]]:
    """The partition of the rows under the loss that was asked for, and notes on it."""
    data = replace(data, robust=config.loss == "huber")
    if config.loss == "squared":
        return replace(Partition.of(data, config.held_out, config.seed), shape=config.known_shape), ()

    def sought() -> Mask:
        few = data.rows < LEAST_ROWS
        return outliers_of_few(data) if few else outliers(data, np.random.default_rng(config.seed))

    outlier = deadline.in_time(sought, None)
    notes = (OUTLIERS_NOT_SOUGHT,) if outlier is None else ()
    return replace(Partition.of(data, config.held_out, config.seed, outlier), shape=config.known_shape), notes


def without_outliers(
    rows: Partition, findings: Sequence[Finding], config: Config, deadline: Deadline
) -> tuple[Partition, list[Finding]]:
    """The rows but for those that the best formula shows to be outliers, and all findings judged on them.

    The same partition where there are none, or the time does not suffice to say so.
    """
    if not findings or config.loss == "squared" or rows.small:
        return rows, list(findings)

    def cleaned() -> tuple[Partition, list[Finding]]:
        best = pareto((f.candidate for f in findings), spread_of(rows.kept.y) ** 2).best
        fewer = rows.without_outliers_of(best)
        if fewer is rows:
            return rows, list(findings)
        return fewer, [replace(f, candidate=judge_again(f.candidate, fewer)) for f in findings]

    return deadline.in_time(cleaned, (rows, list(findings)))
