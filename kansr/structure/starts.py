"""Where a search over reductions starts and what it may come to, also where the units of the table are known."""

from __future__ import annotations

from functools import partial

import sympy

from kansr.data.dataset import Dataset
from kansr.expression.render import readable
from kansr.graph import Step
from kansr.structure.state import State
from kansr.units.check import dimension_in
from kansr.units.dimension import Dimension
from kansr.units.groups import choices, rank


def starts(data: Dataset) -> list[State]:
    """The table as it is, and what dimensional analysis makes of it."""
    states = [State(data.X, data.y, tuple(sympy.Symbol(name) for name in data.names))]
    for groups in choices(data):
        reduced, back = groups.dataset(data), partial(sympy.Mul, groups.scale)
        path = (Step(f"in units of {readable(groups.scale)}"),)
        states.append(State(reduced.X, reduced.y, groups.groups, back, path))
    return states


def dimensions(state: State, data: Dataset) -> frozenset[Dimension | None]:
    """Those of the inputs of a state, as far as units are known; None where metres and seconds are added.

    What can be said of x with fitted numbers that are plain is not what can be said of x/x_0.
    """
    units = data.units
    return frozenset() if units is None else frozenset(dimension_in(expr, units) for expr in state.inputs)


def freedom(state: State, data: Dataset) -> float:
    """How many numbers a law of this state is about, between its inputs and the groups that units let them make.

    As many groups as there are inputs, less the rank of their dimensions (Bridgman 1922); inputs that are not joined to
    groups yet count by half what those would save.
    """
    units = [d for d in dimensions(state, data) if d is not None and not d.plain]
    bases = sorted({base for d in units for base in d.bases})
    return len(state.inputs) - rank([[d[base] for base in bases] for d in units]) / 2
