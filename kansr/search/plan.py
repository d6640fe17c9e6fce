"""The plan: the attempts for a table in their order, also where its units are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.data.dimensionless import Groups, choices
from kansr.data.screening import MANY, screened
from kansr.expression.evaluate import typical_size
from kansr.expression.render import readable
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import fit_constants
from kansr.result.derivation import Step
from kansr.search.attempt import Attempt, Finding
from kansr.search.finish import finish, judged
from kansr.search.partition import Partition
from kansr.search.strategies import guessed, over_decades, strategies
from kansr.structure.context import Context, Structure


def plan(data: Dataset, guesses: Sequence[sympy.Expr] = (), structure: Structure = "auto") -> tuple[Attempt, ...]:
    """What to try on a table, in order; each attempt has a name of its own.

    Guesses come after the mean. With units, everything is tried in the simplest dimensionless groups; the table's own
    columns follow for what may add units. A search over reductions starts from both.
    """
    own = _own(data, structure)
    offered = choices(data) if data.units is not None else ()
    if data.units is None or not offered:
        return _with(guesses, own)
    inside = list(chain(*(_inside(groups, data, structure) for groups in _one_each(offered))))
    # Fitted numbers without units leave nothing to a network or a straight line in columns with units.
    outside = [a for a in own if not a.always and (data.units.free or not (a.quick or a.trains))]
    # What goes on from reductions, with what comes between: the order of the plan without units.
    ends = [i + 1 for i, a in enumerate(outside) if a.follows]
    begins = next((i for i, a in enumerate(outside) if a.reduces), len(outside))
    on_columns = outside[begins : max([begins + 1, *ends])]
    return _with(
        guesses,
        [
            *(a for a in own if a.always),
            *(a for a in (*inside, *outside) if a.quick),
            *on_columns,
            *(a for a in (*inside, *outside) if not a.quick and a not in on_columns),
        ],
    )


def _own(data: Dataset, structure: Structure) -> list[Attempt]:
    """The attempts in the table's own columns; of very many inputs, most attempts look at few."""
    kept = screened(data.X, data.y) if len(data.names) > MANY else np.arange(len(data.names))
    tried = strategies(len(kept), structure)
    if data.proportional and structure != "kan":
        quick = sum(a.quick for a in tried)
        tried = (*tried[:quick], over_decades(), *tried[quick:])
    if len(kept) < len(data.names):
        tried = tuple(a if a.measured else replace(a, find=partial(_among, kept, a)) for a in tried)
    if data.stated is None:
        return list(tried)
    return sorted(tried, key=lambda a: not (a.quick or a.early_with_errors))


def _among(kept: NDArray[np.intp], attempt: Attempt, rows: Partition, context: Context) -> Iterator[Finding]:
    """What an attempt finds in some of the inputs."""

    def reduced(data: Dataset) -> Dataset:
        return replace(data, X=data.X[:, kept], names=tuple(data.names[i] for i in kept))

    for finding in attempt.find(rows.reduced(reduced), context):
        yield replace(finding, candidate=judged(finding.candidate.expr, rows, finding.candidate.origin))


def _with(guesses: Sequence[sympy.Expr], attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    always = sum(a.always for a in attempts)
    return (*attempts[:always], *([guessed(guesses)] if guesses else []), *attempts[always:])


def _one_each(offered: Sequence[Groups]) -> list[Groups]:
    """The simplest choice for every set of named constants: a law may hold any of them, or none."""
    simplest: dict[frozenset[sympy.Expr], Groups] = {}
    for groups in offered:
        simplest.setdefault(groups.constants, groups)
    return list(simplest.values())


def _inside(groups: Groups, data: Dataset, structure: Structure) -> list[Attempt]:
    """The attempts in the groups, without the searches over reductions, which start from them anyway."""
    attempts = _own(groups.dataset(data), structure) if groups.groups else strategies(1)[:1]
    return [_in_groups(groups, attempt) for attempt in attempts if not (attempt.reduces or attempt.follows)]


def _in_groups(groups: Groups, attempt: Attempt) -> Attempt:
    """The attempt on the groups; its formulas are brought back to the table and fitted there."""
    name = f"{attempt.name}, in {', '.join(map(readable, (groups.scale, *groups.groups)))}"
    return replace(attempt, name=name, always=False, find=partial(_find, groups, attempt))


def _find(groups: Groups, attempt: Attempt, rows: Partition, context: Context) -> Iterator[Finding]:
    size = typical_size(rows.sample.X, rows.sample.names)
    first = Step(f"in units of {readable(groups.scale)}")
    for finding in attempt.find(rows.reduced(groups.dataset), context):
        origin = finding.candidate.origin
        fit = fit_constants(canonical(groups.formula(finding.candidate.expr), size), rows.sample)
        candidate = finish(fit, rows, f"{origin}, in groups", context.deadline.passed)
        steps = (first, *(finding.path or (Step(origin),)))
        yield Finding(candidate, path=steps, finder=finding.finder)
