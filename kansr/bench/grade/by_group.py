"""Grade a formula whose constants differ by group: every group has its law and its formula, and all have to agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from kansr.bench.grade import CRITERIA, FRONT, SECONDS, bounded, bounded_items, figures_of
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import Problem, laws_of_groups
from kansr.errors import FormulaError
from kansr.expression.parse import parse
from kansr.result.parameters import Parameters

Cases = tuple[tuple[Problem, sympy.Expr], ...]


def graded_by_group(
    problem: Problem, seed: int, text: str, parameters: Parameters, seconds: float = SECONDS
) -> dict[str, Any]:
    """The verdicts on a formula, as of `kansr.bench.grade.graded`: those that hold in every group.

    seed: of the rows, with which the constants of the groups were drawn; parameters: those of the formula, by name and
    by group. Of other formulas of the front their constants are not known: its verdicts are those of the formula.
    """
    cases = _cases(problem, seed, text, parameters)
    verdicts = {name: bounded(_all, (name, cases), seconds) for name in CRITERIA}
    verdicts |= {name: verdicts[criterion] for name, criterion in FRONT.items()}
    known: dict[str, Any] = next(iter(bounded_items(_figures, (cases,), seconds)), {}) if cases else {}
    return {"verdicts": verdicts, "among_rivals": verdicts["skeleton"], **known}


def _cases(problem: Problem, seed: int, text: str, parameters: Parameters) -> Cases:
    """The law and the formula of each group; none where the text is no formula or has not all groups."""
    laws = laws_of_groups(problem, seed)
    try:
        expr = parse(text, names=(*problem.names, *parameters))
        numbers = {
            label: {sympy.Symbol(name): sympy.Float(values[label]) for name, values in parameters.items()}
            for label in laws
        }
    except (FormulaError, KeyError):
        return ()
    return tuple((law, expr.xreplace(numbers[label])) for label, law in laws.items())


def _all(name: str, cases: Cases) -> Iterator[Recovery]:
    """Yes where the criterion holds in every group, no where it does not in one."""
    worst = Recovery.YES if cases else Recovery.NO
    for problem, expr in cases:
        try:
            said = CRITERIA[name](problem, expr)
        except Exception:  # sympy may raise anything, and a criterion that fails has decided nothing
            said = Recovery.UNDECIDED
        if said is Recovery.NO:
            yield said
            return
        worst = said if said is Recovery.UNDECIDED else worst
    yield worst


def _figures(cases: Cases) -> Iterator[dict[str, Any]]:
    """The figures of the first group."""
    yield from figures_of(*cases[0])
