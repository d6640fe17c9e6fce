"""kansr itself, as `kansr discover` runs it with one job."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import kansr.kan.network.network  # noqa: F401  loads torch before the search starts
from kansr.bench.methods import Answer, Question
from kansr.data.dataset import Dataset
from kansr.data.read.table import Table
from kansr.expression.render import render
from kansr.pipeline.config import Config
from kansr.pipeline.job import Job, run_job


def search(question: Question, refine: tuple[str, ...] = ()) -> Iterator[Answer]:
    data = question.data
    columns = (*data.names, data.target)
    known = all(map(question.units.get, columns))
    job = Job(
        table=_table(data),
        target=data.target,
        group=None if data.grouping is None else data.grouping.column,
        units={name: question.units[name] for name in columns} if known else None,
        described=False,
        config=Config(time_limit=question.time_limit, seed=question.seed, refine=refine, structure=question.structure),
    )
    for found in run_job(job):
        front = tuple(render(candidate.expr) for candidate in found.front)
        rivals = tuple(render(candidate.expr) for candidate in found.rivals)
        best = found.to_dict()["best"]
        stated = {name: best.get(name) for name in ("r2_held_out", "r2_held_out_error")}
        own = found.best.parameters
        yield Answer(render(found.best.expr), front, found.status.value, rivals, **stated, parameters=own)


def _table(data: Dataset) -> Table:
    """The rows with the target, and with the labels of their groups where there are any."""
    columns, parts = (*data.names, data.target), [data.X, data.y]
    if data.grouping is None:
        return Table(columns, np.column_stack(parts))
    column, labels = data.grouping.column, data.grouping.labels
    return Table((*columns, column), np.column_stack([*parts, data.grouping.codes]), labels={column: labels})
