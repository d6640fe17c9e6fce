"""kansr itself, as `kansr discover` runs it with one job."""

from __future__ import annotations

from collections.abc import Iterator

import kansr.kan.network.network  # noqa: F401  loads torch before the search starts
from kansr.bench.methods import Answer, Question
from kansr.data.declare_units import with_units
from kansr.expression.render import render
from kansr.pipeline.config import Config
from kansr.pipeline.run import search as discoveries


def search(question: Question, refine: tuple[str, ...] = ()) -> Iterator[Answer]:
    config = Config(time_limit=question.time_limit, seed=question.seed, refine=refine)
    known = all(question.units.get(name) for name in (*question.data.names, question.data.target))
    data = with_units(question.data, question.units if known else None)
    for discovery in discoveries(data, config):
        front = tuple(render(candidate.expr) for candidate in discovery.front)
        yield Answer(render(discovery.best.expr), front, discovery.status.value)
