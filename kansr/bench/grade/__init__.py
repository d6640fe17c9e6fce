"""Whether a formula is the law, by several criteria, each in a process of its own with a time limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.srbench import srbench
from kansr.bench.grade.strict import strict
from kansr.bench.grade.verdict import Verdict, verdict
from kansr.bench.problem import Problem, sample
from kansr.errors import FormulaError
from kansr.expression.complexity import complexity
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.numeric.robust import mean_square, r_squared
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import WorkerDied, stream

Grader = Callable[[Problem, sympy.Expr], Verdict]
CRITERIA: Mapping[str, Grader] = {"strict": strict, "skeleton": skeleton, "srbench": srbench}
FRONT = {"front": "strict", "front_skeleton": "skeleton"}  # met by any formula offered, not by the chosen one alone
VERDICTS = (*CRITERIA, *FRONT)
SECONDS = 20.0  # that each verdict may take


def graded(problem: Problem, text: str, front: Sequence[str] = (), seconds: float = SECONDS) -> dict[str, Any]:
    """The verdict of every criterion on the chosen formula and on the whole front, and what else there is to know."""
    verdicts = {name: bounded(_one, (name, problem, text), seconds) for name in CRITERIA}
    for name, among in FRONT.items():
        verdicts[name] = verdicts[among]
        if verdicts[among] is not Verdict.YES:
            verdicts[name] = bounded(_any, (among, problem, tuple(front)), seconds)
    known: dict[str, Any] = next(iter(_bounded(_figures, (problem, text), seconds)), {})
    return {"verdicts": verdicts, **known}


def bounded(function: Callable[..., Iterator[Verdict]], args: tuple[Any, ...], seconds: float) -> Verdict:
    """What `function` says, in a child process; undecided when it does not say anything in time, or dies."""
    return next(iter(_bounded(function, args, seconds)), Verdict.UNDECIDED)


def _bounded(function: Callable[..., Iterator[Any]], args: tuple[Any, ...], seconds: float) -> list[Any]:
    try:
        return list(stream(function, args, seconds=seconds))
    except (OutOfTime, WorkerDied):
        return []


def _one(name: str, problem: Problem, text: str) -> Iterator[Verdict]:
    try:
        yield CRITERIA[name](problem, parse(text))
    except Exception:  # sympy raises anything, and a grader that fails has decided nothing
        yield Verdict.UNDECIDED


def _any(name: str, problem: Problem, texts: tuple[str, ...]) -> Iterator[Verdict]:
    # the best ones are the last ones, mostly
    yield verdict(any(said is Verdict.YES for text in reversed(texts) for said in _one(name, problem, text)))


def _figures(problem: Problem, text: str) -> Iterator[dict[str, Any]]:
    """Nodes of formula and law, and r² on fresh rows without noise, None where it is not finite."""
    data = sample(problem, 1000, np.random.default_rng(17), distractors=bool(problem.distractors))
    try:
        expr = parse(text, names=data.names)
    except FormulaError:
        return
    r2 = r_squared(mean_square(Tape(expr, data.names).value(data.X) - data.y), float(np.var(data.y)))
    yield {
        "complexity": complexity(expr),
        "complexity_of_truth": complexity(problem.expr),
        "r2": r2 if math.isfinite(r2) else None,
    }
