"""Grade a formula: whether it is the law, by several criteria, each in a process of its own with a time limit.

`strict`: equal to the law, also outside the sampled ranges, with no other kind of function. `skeleton`: equal to it
after its constants are fitted again. `srbench`: the rule of SRBench (La Cava et al. 2021). A criterion is a function
(Problem, expression) -> `Recovery`, which is yes, no or undecided; a row of CRITERIA. `decidable`: whether noisy rows
speak for the law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from kansr.bench.grade.decidable import decidability
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.srbench import srbench
from kansr.bench.grade.strict import strict
from kansr.bench.grade.verdict import Recovery, verdict
from kansr.bench.problem import Problem, exact, sample
from kansr.data.dataset import Dataset
from kansr.errors import FormulaError
from kansr.expression.complexity import complexity
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.numeric.robust import mean_square, r_squared
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import WorkerDied, stream

Grader = Callable[[Problem, sympy.Expr], Recovery]
CRITERIA: Mapping[str, Grader] = {"strict": strict, "skeleton": skeleton, "srbench": srbench}
FRONT = {"front": "strict", "front_skeleton": "skeleton"}  # the criterion that any formula of the front must meet
VERDICTS = (*CRITERIA, *FRONT)
SECONDS = 20.0  # for each verdict
FRESH_ROWS, FRESH_SEED = 1000, 17  # on which r² is measured


def graded(
    problem: Problem, text: str, front: Sequence[str] = (), rivals: Sequence[str] = (), seconds: float = SECONDS
) -> dict[str, Any]:
    """The verdicts on the chosen formula and on the front, and its figures: complexity and r² on fresh rows.

    text: the formula; front: all that the method offered; rivals: those that it does not rule out, whose verdict is
    `among_rivals`: whether the formula or one of them has the law's skeleton; seconds: the limit of each verdict.
    """
    verdicts = {name: bounded(_one, (name, problem, text), seconds) for name in CRITERIA}
    for name, criterion in FRONT.items():
        verdicts[name] = verdicts[criterion]
        if verdicts[criterion] is not Recovery.YES:
            verdicts[name] = bounded(_any, (criterion, problem, tuple(front)), seconds)
    among = verdicts["skeleton"]
    if rivals and among is not Recovery.YES:
        among = bounded(_any, ("skeleton", problem, tuple(rivals)), seconds)
    known: dict[str, Any] = next(iter(bounded_items(_figures, (problem, text), seconds)), {})
    return {"verdicts": verdicts, "among_rivals": among, **known}


def decided(
    problem: Problem, text: str | None, data: Dataset, seed: int, found: Mapping[str, Any], seconds: float = SECONDS
) -> dict[str, Any]:
    """Whether the noisy rows of a trial decide for the law: `decidable` and `bits_gap`; None for both where time is up.

    text: the chosen formula, None where there is none; data, seed: the rows that the method got, and its seed; found:
    the verdicts so far.
    """
    right = found["verdicts"]["skeleton"] if found else Recovery.NO
    said = bounded_items(_decided, (problem, text, data, seed, right), seconds)
    return next(iter(said), {"decidable": None, "bits_gap": None})


def _decided(problem: Problem, text: str | None, data: Dataset, seed: int, right: Recovery) -> Iterator[dict[str, Any]]:
    try:
        expr = None if text is None else parse(text, names=data.names)
        yield decidability(problem, expr, data, seed, right)
    except Exception:  # as for the criteria: sympy may raise anything
        return


def bounded(function: Callable[..., Iterator[Recovery]], args: tuple[Any, ...], seconds: float) -> Recovery:
    """The first item of `function(*args)` in a child process; undecided where there is none in time."""
    return next(iter(bounded_items(function, args, seconds)), Recovery.UNDECIDED)


def bounded_items(function: Callable[..., Iterator[Any]], args: tuple[Any, ...], seconds: float) -> list[Any]:
    """What `function(*args)` yields in a child process within `seconds`; nothing where it does not end in time."""
    try:
        return list(stream(function, args, seconds=seconds))
    except (OutOfTime, WorkerDied):
        return []


def _one(name: str, problem: Problem, text: str) -> Iterator[Recovery]:
    try:
        yield CRITERIA[name](problem, parse(text))
    except Exception:  # sympy may raise anything, and a criterion that fails has decided nothing
        yield Recovery.UNDECIDED


def _any(name: str, problem: Problem, texts: tuple[str, ...]) -> Iterator[Recovery]:
    # from the end, where the best formulas mostly are
    yield verdict(any(said is Recovery.YES for text in reversed(texts) for said in _one(name, problem, text)))


def _figures(problem: Problem, text: str) -> Iterator[dict[str, Any]]:
    names = (*problem.names, *(variable.name for variable in problem.distractors))
    try:
        expr = parse(text, names=names)
    except FormulaError:
        return
    yield from figures_of(problem, expr)


def figures_of(problem: Problem, expr: sympy.Expr) -> Iterator[dict[str, Any]]:
    """The complexity of formula and law, and r² on fresh rows without noise, None where it is not finite."""
    rng = np.random.default_rng(FRESH_SEED)
    data = sample(exact(problem), FRESH_ROWS, rng, distractors=bool(problem.distractors))
    r2 = r_squared(mean_square(Tape(expr, data.names).value(data.X) - data.y), float(np.var(data.y)))
    yield {
        "complexity": complexity(expr),
        "complexity_of_truth": complexity(problem.expr),
        "r2": r2 if math.isfinite(r2) else None,
    }
