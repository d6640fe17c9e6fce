"""Where a search over reductions starts and what it may come to, also where the units of the table are known."""

from __future__ import annotations

from functools import partial

import sympy

from kansr.data.dataset import Dataset
from kansr.data.dimensionless import choices
from kansr.expression.render import readable
from kansr.result.derivation import Step
from kansr.structure.moves.state import State
from kansr.units.consistency import dimension_in
from kansr.units.dimension import Dimension


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
