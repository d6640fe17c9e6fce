"""The ways to a formula for a state of few inputs, each with how much later than a sure move its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import sympy

from kansr.structure.exponentials import exponentials
from kansr.structure.fitted import one_function
from kansr.structure.implicit import quadratics
from kansr.structure.meet import sums_of_atoms
from kansr.structure.oblique import oblique_function
from kansr.structure.polynomial import polynomials, rationals
from kansr.structure.relations import relations
from kansr.structure.single import half_powers, single
from kansr.structure.state import State
from kansr.symbolic.match import MatchConfig

MOST_INPUTS = 4  # of a state that polynomials with noise are tried on
EXACT = 1e-8  # misfit of a sum of atoms that is the law
NOISE_FREE = 1e-6  # misfit up to which polynomials are believed

Way = tuple[float, Callable[[], Iterator[sympy.Expr]]]


def terminals(state: State, match: MatchConfig, noise: float, expired: Callable[[], bool]) -> list[Way]:
    """noise: the expected misfit of the truth over the target's spread, 0 where it is rounding."""
    data, count = state.dataset(), len(state.inputs)
    ways: list[Way] = [(0.1 + 0.3 * (count - 1), partial(sums_of_atoms, data, max(EXACT, 1.3 * noise), expired))]
    if noise == 0:
        ways += [
            (0.05, partial(quadratics, data, expired)),
            (0.1 * (count - 1), partial(relations, data, expired)),
            (0.2 + 0.3 * (count - 1), partial(one_function, data, match.library, expired)),
            (0.3 * count, partial(oblique_function, data, match.library, expired)),
        ]
    elif count <= MOST_INPUTS:
        allowed = max(NOISE_FREE, 1.3 * noise)
        ways.append((0.5 * (count - 1), partial(polynomials, data, allowed, expired)))
        ways.append((0.5 * (count - 1), partial(rationals, data, allowed, expired)))
    if count == 1:
        ways += [
            (-0.1, partial(exponentials, data, expired)),
            (-0.1, partial(single, data, noise, match, 6, expired, True)),
            (-0.05, partial(half_powers, data, noise, match)),
            (0.2, partial(single, data, noise, match, 6, expired, False)),
        ]
    return ways
