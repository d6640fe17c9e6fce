"""Inputs that enter only as one power product, taken together.

With many inputs the gradients are poor, and five inputs that agree say more than any pair does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import sympy

from kansr.expression.nice_numbers import exponent_near
from kansr.structure.moves.gradient.sample import Rows, milder, misfit_of, raised
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, replace_inputs

CLOSE = 0.1  # the same for groups that are made together
NEAR = 4.0  # times the group's best misfit that the others may have in the narrower of two groups
LEAST = 3  # inputs of a group that is made alone; a pair is left to the scale symmetries


@dataclass(frozen=True, eq=False)
class Group:
    """x_last·Π x_k**powers[k]; misfit: the mean one of the pairs."""

    last: int
    powers: dict[int, sympy.Rational]
    misfit: float

    @property
    def members(self) -> frozenset[int]:
        return frozenset({self.last, *self.powers})


def groups(rows: Rows) -> Iterator[Move]:
    """x_k·g_k = e_k·x_l·g_l for several k: the target knows them only through x_l·Π x_k**e_k."""
    if rows.n < LEAST:
        return
    found = sorted(_found(rows), key=lambda group: (group.misfit / len(group.members), group.last))
    for group in [group for group in found if len(group.members) >= LEAST][:3]:
        yield _move(rows, [group])
    together: list[Group] = []
    for group in found:
        if group.misfit < CLOSE and not any(group.members & other.members for other in together):
            together.append(group)
    if len(together) > 1:
        yield _move(rows, together)


def _found(rows: Rows) -> Iterator[Group]:
    flow = rows.X * rows.gradient
    with np.errstate(all="ignore"):
        slopes = (flow.T @ flow) / np.sum(flow * flow, axis=0)  # of column k over column l, at [k, l]
    proposed: set[frozenset[int]] = set()
    for last in range(rows.n):
        members: dict[int, tuple[float, sympy.Rational]] = {}
        for k in range(rows.n):
            exponent = exponent_near(float(slopes[k, last])) if k != last and np.isfinite(slopes[k, last]) else None
            if exponent is None or exponent == 0 or exponent.q > 2:
                continue
            misfit = misfit_of(flow[:, k] - float(exponent) * flow[:, last], flow[:, k])
            if misfit < rows.tolerance and (exponent.is_integer or rows.state.X[:, k].min() > 0):
                members[k] = (misfit, exponent)
        for limit in (NEAR * min((m for m, _ in members.values()), default=0.0), rows.tolerance):
            powers = {k: e for k, (m, e) in members.items() if m <= limit}
            upright = sum(float(e) > 0 for e in powers.values()) >= len(powers) / 2
            group = Group(last, powers, float(np.mean([members[k][0] for k in powers])) if powers else np.inf)
            if powers and upright and group.members not in proposed:
                proposed.add(group.members)
                yield group


def _move(rows: Rows, found: list[Group]) -> Move:
    inputs = rows.state.inputs
    used = frozenset(inputs[k] for group in found for k in group.members)
    cost = 0.5 * any(not e.is_integer for group in found for e in group.powers.values())
    names = ["·".join(str(inputs[k]) for k in (group.last, *group.powers)) for group in found]
    removes = sum(len(group.powers) for group in found)
    misfit = float(np.mean([group.misfit for group in found])) / (removes + 1)
    return Move(misfit, cost, f"group {', '.join(names)}", used, partial(_join, rows.state, found), removes=removes)


def _join(state: State, found: list[Group]) -> State | None:
    columns, made = [], []
    with np.errstate(all="ignore"):
        for group in found:
            u, expr = state.X[:, group.last], state.inputs[group.last]
            for k, power in group.powers.items():
                u, expr = u * raised(state.X[:, k], power), expr * state.inputs[k] ** power
            u, expr = milder(u, expr)
            columns.append(u)
            made.append(expr)
    gone = frozenset[int]().union(*(group.members for group in found))
    return replace_inputs(state, gone, made, columns)
