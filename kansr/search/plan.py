"""The plan of attempts where the units are known: formulas in dimensionless groups first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import sympy

from kansr.data.dataset import Dataset
from kansr.data.dimensionless import Groups, choices
from kansr.expression.evaluate import typical_size
from kansr.expression.render import readable
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import polish
from kansr.result.derivation import Step
from kansr.search.attempt import Attempt, Finding
from kansr.search.finish import finish
from kansr.search.partition import Expired, Rows
from kansr.search.strategies import (
    AT_LENGTH,
    BRIEFLY,
    _atoms,
    _curves,
    _lines,
    _network,
    _polynomials,
    _power_law,
    _rationals,
    _reductions,
    _relations,
    _shape,
    _single,
)
from kansr.structure.moves.registry import Proposer
from kansr.structure.terminals.curves.additive import additive, multiplicative
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


def plan(data: Dataset, match: MatchConfig, more: tuple[Proposer, ...] = ()) -> list[Attempt]:
    """What to try for this table, the cheapest first; wider networks last, for as long as there is time.

    more: kinds of move that searches over reductions make beside our own.
    """
    n = len(data.names)
    attempts = [Attempt("mean and line", _lines), Attempt("power law", _power_law), Attempt("relation", _relations)]
    sums = [Attempt("polynomial", _polynomials), Attempt("rational", _rationals), Attempt("sums of atoms", _atoms)]
    if data.stated is not None:  # no law is exact then, and short sums are known by their errors at once
        attempts, sums = attempts + sums, []
    if n == 1:
        attempts.append(Attempt("reductions", partial(_reductions, match, more, BRIEFLY)))
        attempts.append(Attempt("one input", partial(_single, match), thorough=True))
    else:
        attempts.append(Attempt("reductions", partial(_reductions, match, more, BRIEFLY), thorough=True))
        attempts.append(Attempt(f"kan [{n}, 1, 1]", partial(_network, match, (n, 1, 1)), hopeful=True))
        attempts.append(Attempt("sum of curves", partial(_curves, match, additive)))
        attempts.append(Attempt("product of curves", partial(_curves, match, multiplicative)))
    attempts += sums
    if n > 1:
        attempts.append(Attempt("further reductions", partial(_reductions, match, more, AT_LENGTH), hopeful=True))
        widths: list[tuple[Any, ...]] = [(n, 2, 1), (n, (1, 1), 1), (n, (0, 1), 1), (n, 3, 1)]
        attempts += [Attempt(f"kan {_shape(w)}", partial(_network, match, w), hopeful=True) for w in widths]
    return attempts
