"""The plan of attempts where the units are known: formulas in dimensionless groups first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

import sympy

from kansr.data.dataset import Dataset
from kansr.data.dimensionless import Groups, choices
from kansr.expression.evaluate import typical_size
from kansr.expression.render import readable
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import polish
from kansr.result.graph import Step
from kansr.search.partition import Expired, Rows
from kansr.search.strategies import Attempt, Finding, finish, plan
from kansr.structure.moves.registry import Proposer
from kansr.symbolic.matching.match import MatchConfig

QUICK = 3  # attempts at the head of every plan: made before reductions in groups, hardly worth it in columns with units


def plan_with_units(data: Dataset, match: MatchConfig, more: tuple[Proposer, ...] = ()) -> list[Attempt]:
    """What to try: in the simplest dimensionless groups all there is, in the table's own columns what may add units.

    A search over reductions starts from both.
    """
    own = plan(data, match, more)
    offered = choices(data)
    if data.units is None or not offered:
        return own
    inside = [_inside(groups, data, match) for groups in _one_each(offered)]
    # Fitted numbers without units leave nothing to a network or a straight line in columns with units.
    outside = own[1:] if data.units.free else [a for a in own[QUICK:] if "kan" not in a.name]
    first, later = chain(*(some[:QUICK] for some in inside)), chain(*(some[QUICK:] for some in inside))
    return [own[0], *first, outside[0], *later, *outside[1:]]


def _one_each(offered: Sequence[Groups]) -> list[Groups]:
    """The simplest choice for every set of named constants: a law may hold any of them, or none."""
    simplest: dict[frozenset[sympy.Expr], Groups] = {}
    for groups in offered:
        simplest.setdefault(groups.constants, groups)
    return list(simplest.values())


def _inside(groups: Groups, data: Dataset, match: MatchConfig) -> list[Attempt]:
    """The plan in the groups, without the search over reductions that starts from them anyway."""
    attempts = plan(groups.dataset(data), match)[: None if groups.groups else 1]
    return [_in_groups(groups, attempt) for attempt in attempts if "reductions" not in attempt.name]


def _in_groups(groups: Groups, attempt: Attempt) -> Attempt:
    """The attempt on the groups; its formulas are brought back to the table and fitted there."""
    return replace(attempt, name=f"{attempt.name}, in groups", find=partial(_find, groups, attempt))


def _find(groups: Groups, attempt: Attempt, rows: Rows, expired: Expired) -> Iterator[Finding]:
    fitting = groups.dataset(rows.fitting)
    reduced = Rows(fitting, fitting if rows.small else groups.dataset(rows.held_out), rows.seed)
    size = typical_size(rows.sample.X, rows.sample.names)
    first = Step(f"in units of {readable(groups.scale)}")
    for finding in attempt.find(reduced, expired):
        origin = finding.candidate.origin
        fit = polish(canonical(groups.formula(finding.candidate.expr), size), rows.sample)
        yield Finding(finish(fit, rows, f"{origin}, in groups"), path=(first, *(finding.path or (Step(origin),))))
