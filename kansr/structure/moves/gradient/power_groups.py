"""Power groups: inputs that enter only as one power product, x_l·Π x_k**e_k.

With g the gradient, x_k·g_k = e_k·x_l·g_l for every k then. With many inputs gradients are poor, and several inputs
that agree say more than any pair does (results/2026-11-24-best-first-reductions).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import sympy

from kansr.expression.nice_numbers import exponent_near
from kansr.numeric.arrays import Array
from kansr.structure.moves.gradient.sample import GradientSample, misfit_of, power_of, shorter_tail
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, replace_inputs
from kansr.structure.moves.thresholds import KEPT, SIMPLER

LEAST_INPUTS = 3  # inputs of a group that is a move alone; two are left to the symmetries


@dataclass(frozen=True, eq=False)
class Group:
    """x_last·Π x_k**powers[k]; misfit: the mean relative rms of its relations, less is better."""

    last: int
    powers: dict[int, sympy.Rational]
    misfit: float

    @property
    def members(self) -> frozenset[int]:
        """The places of its inputs."""
        return frozenset({self.last, *self.powers})


def power_groups(sample: GradientSample) -> Iterator[Move]:
    """The groups with the least misfit for each of their inputs, and all groups without a common input at once."""
    if sample.n < LEAST_INPUTS:
        return
    found = sorted(_groups(sample), key=lambda group: (group.misfit / len(group.members), group.last))
    for group in [group for group in found if len(group.members) >= LEAST_INPUTS][:KEPT]:
        yield _move(sample, [group])
    disjoint: list[Group] = []
    for group in found:
        if not any(group.members & other.members for other in disjoint):
            disjoint.append(group)
    if len(disjoint) > 1:
        yield _move(sample, disjoint)


def _groups(sample: GradientSample) -> Iterator[Group]:
    """For each input the group of all others that agree with it, and a narrower one of those that agree best."""
    flow = sample.X * sample.gradient
    with np.errstate(all="ignore"):
        slopes = (flow.T @ flow) / np.sum(flow * flow, axis=0)  # of column k over column l, at [k, l]
    proposed: set[frozenset[int]] = set()
    for last in range(sample.n):
        members = _members(sample, last, flow, slopes[:, last])
        least = min((misfit for misfit, _ in members.values()), default=0.0)
        for limit in (SIMPLER * least, sample.max_misfit):
            powers = {k: e for k, (misfit, e) in members.items() if misfit <= limit}
            mostly_factors = 2 * sum(e.p > 0 for e in powers.values()) >= len(powers)
            members_of_group = frozenset({last, *powers})
            if powers and mostly_factors and members_of_group not in proposed:
                proposed.add(members_of_group)
                yield Group(last, powers, float(np.mean([members[k][0] for k in powers])))


def _members(sample: GradientSample, last: int, flow: Array, slopes: Array) -> dict[int, tuple[float, sympy.Rational]]:
    """The inputs that enter with input `last`, with their misfits and powers. flow: (m, n); slopes: (n,)"""
    members: dict[int, tuple[float, sympy.Rational]] = {}
    for k, slope in enumerate(slopes.tolist()):
        exponent = exponent_near(slope) if k != last and np.isfinite(slope) else None
        if exponent is None or exponent == 0 or exponent.q > 2:
            continue
        misfit = misfit_of(flow[:, k] - float(exponent) * flow[:, last], flow[:, k])
        if misfit < sample.max_misfit and (exponent.is_integer or sample.positive(k)):
            members[k] = (misfit, exponent)
    return members


def _move(sample: GradientSample, groups: Sequence[Group]) -> Move:
    """The move that makes each group one input; its misfit is the mean one over the number of inputs that agree."""
    cost = 0.5 * any(not e.is_integer for group in groups for e in group.powers.values())
    names = ["·".join(sample.name(k) for k in (group.last, *group.powers)) for group in groups]
    removes = sum(len(group.powers) for group in groups)
    misfit = float(np.mean([group.misfit for group in groups])) / (removes + 1)
    used = sample.used(k for group in groups for k in group.members)
    return Move(misfit, cost, f"group {', '.join(names)}", used, partial(_join, sample.state, groups), removes=removes)


def _join(state: State, groups: Sequence[Group]) -> State | None:
    columns, inputs = [], []
    with np.errstate(all="ignore"):
        for group in groups:
            u, expr = state.X[:, group.last], state.inputs[group.last]
            for k, power in group.powers.items():
                u, expr = u * power_of(state.X[:, k], power), expr * state.inputs[k] ** power
            u, expr = shorter_tail(u, expr)
            columns.append(u)
            inputs.append(expr)
    return replace_inputs(state, frozenset().union(*(group.members for group in groups)), inputs, columns)
