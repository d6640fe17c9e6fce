"""The ways to a formula for a state of few inputs, each with when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.structure.moves.state import State
from kansr.structure.terminals.closed_form.implicit_relation import relations
from kansr.structure.terminals.closed_form.quadratic_root import quadratics
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomials
from kansr.structure.terminals.closed_form.sparse_rational import rationals
from kansr.structure.terminals.enumerated.meet_in_the_middle import sums_of_atoms
from kansr.structure.terminals.enumerated.oblique import oblique_function
from kansr.structure.terminals.enumerated.one_function import one_function
from kansr.structure.terminals.one_input.curve_match import half_powers, single
from kansr.structure.terminals.one_input.periodogram import waves_beside_a_trend
from kansr.structure.terminals.one_input.prony import exponentials
from kansr.structure.terminals.one_input.two_exponentials import sums_of_two
from kansr.structure.terminals.terminal import Way
from kansr.symbolic.matching.match import MatchConfig

MOST_INPUTS = 4  # of a state that polynomials with noise are tried on
EXACT = 1e-8  # misfit of a sum of atoms that is the law
STEEP = 6.0  # |u| from which exp(u) is so large that nothing else counts beside it
NOISE_FREE = 1e-6  # misfit up to which polynomials are believed


def terminals(
    state: State, match: MatchConfig, noise: float, expired: Callable[[], bool], rows: Dataset | None = None
) -> list[Way]:
    """noise: the expected misfit of the truth over the target's spread, 0 where it is rounding.

    rows: the state's with errors of their own, more of them perhaps, for ways that weigh them.
    """
    data, count = state.dataset(), len(state.inputs)
    rows = data if rows is None else rows
    ways = [
        Way(0.1 + 0.3 * (count - 1), "sum of atoms", partial(sums_of_atoms, data, max(EXACT, 1.3 * noise), expired))
    ]
    if noise == 0:
        ways += [
            Way(0.05, "root of a quadratic", partial(quadratics, data, expired)),
            Way(0.1 * (count - 1), "relation", partial(relations, data, expired)),
            Way(0.2 + 0.3 * (count - 1), "one function", partial(one_function, data, match.library, expired)),
            Way(0.3 * count, "one function of a sum", partial(oblique_function, data, match.library, expired)),
        ]
        for turned, way_back in _turned(data) if count <= 2 else ():
            ways.append(Way(0.3 * count, "relation", partial(_through, way_back, relations, turned, expired)))
            if count == 1:
                atoms = partial(sums_of_atoms, threshold=EXACT)
                ways.append(Way(0.5, "sum of atoms", partial(_through, way_back, atoms, turned, expired)))
    elif count <= MOST_INPUTS:
        allowed = max(NOISE_FREE, 1.3 * noise)
        ways.append(Way(0.5 * (count - 1), "polynomial", partial(polynomials, rows, allowed, expired)))
        ways.append(Way(0.5 * (count - 1), "rational", partial(rationals, rows, allowed, expired, noisy=True)))
    if count == 1 and noise and not state.moves:
        ways.append(Way(-0.1, "trend and waves", partial(waves_beside_a_trend, data, expired)))
    if count == 1 and noise:
        ways.append(Way(-0.02, "sum of two exponentials or powers", partial(sums_of_two, rows, noise)))
    if count == 1:
        ways += [
            Way(-0.1, "sum of exponentials", partial(exponentials, data, expired, plausible=True)),
            Way(-0.1, "function of one input", partial(single, rows, noise, match, 6, expired, True)),
            Way(-0.05, "half powers", partial(half_powers, rows, noise, match)),
            Way(0.08, "function of one input", partial(single, rows, noise, match, 6, expired, False)),
            Way(0.09, "sum of exponentials", partial(exponentials, data, expired)),
        ]
    return ways


def _turned(data: Dataset) -> Iterator[tuple[Dataset, dict[sympy.Symbol, sympy.Expr]]]:
    """The same rows with inputs replaced by their inverses, or turned round where their exponentials would be huge.

    Whether u, 1/u or −u came out of a reduction is chance, but not every terminal has exp(−1/u).
    """
    options: list[list[tuple[int, int]]] = []  # (sign, power) for each input
    for x in data.X.T:
        options.append([(1, 1)])
        if np.abs(x).max() > STEEP:
            options[-1].append((-1, 1))
        if np.all(x != 0):
            options[-1].append((-1 if np.abs(1 / x).max() > STEEP else 1, -1))
    for chosen in list(product(*options))[1:]:
        X = np.column_stack([sign * x ** float(power) for x, (sign, power) in zip(data.X.T, chosen)])
        symbols = [sympy.Symbol(name) for name in data.names]
        back = {s: sign * s**power for s, (sign, power) in zip(symbols, chosen) if (sign, power) != (1, 1)}
        yield Dataset(X, data.y, data.names, data.target), back


def _through(
    way_back: dict[sympy.Symbol, sympy.Expr], way: Callable, data: Dataset, expired: Callable[[], bool]
) -> Iterator[sympy.Expr]:
    for expr in way(data, expired=expired):
        yield expr.xreplace(way_back)
