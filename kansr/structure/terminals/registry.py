"""The table of all terminals.

Both searches over reductions and the attempts on a whole table read it; a new solver is a new row. The functions above
the table give each solver what it needs of a state and its context. Only the sums of a sparse model are not in it: they
come with the model that they were read from, as an attempt of their own (`kansr/search/models/sparse.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.tolerances import SQRT_EPS
from kansr.result.graph import Graph
from kansr.structure.context import Context
from kansr.structure.moves.state import State
from kansr.structure.terminals.closed_form.implicit_relation import relations
from kansr.structure.terminals.closed_form.power_law import (
    close_power_law,
    power_law,
    power_law_beside_outliers,
    power_law_in_noise,
    power_laws_under_functions,
)
from kansr.structure.terminals.closed_form.product_of_functions import products_of_functions
from kansr.structure.terminals.closed_form.quadratic_root import quadratics
from kansr.structure.terminals.closed_form.scaling_function import scaling_functions
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomials
from kansr.structure.terminals.closed_form.sparse_rational import rationals
from kansr.structure.terminals.curves.additive import additive, multiplicative
from kansr.structure.terminals.curves.tensor_curves import tensor
from kansr.structure.terminals.curves.trained_network import network
from kansr.structure.terminals.enumerated.meet_in_the_middle import sums_of_atoms
from kansr.structure.terminals.enumerated.oblique import oblique_function
from kansr.structure.terminals.enumerated.one_function import one_function
from kansr.structure.terminals.one_input.curve_match import half_powers, single
from kansr.structure.terminals.one_input.periodogram import waves
from kansr.structure.terminals.one_input.prony import exponentials
from kansr.structure.terminals.one_input.two_exponentials import sums_of_two
from kansr.structure.terminals.parametric_curves.growth import parametric_curves
from kansr.structure.terminals.terminal import ANY, TerminalKind
from kansr.structure.terminals.thresholds import MOST_FORMULAS, MOST_INPUTS, STEEP
from kansr.structure.terminals.waves.sums import sums_of_waves

Hidden = int | tuple[int, int]  # the hidden layer of a network: its sums, or its sums and its products

# The cheapest first.
NETWORKS: tuple[Hidden, ...] = (1, 2, (1, 1), (0, 1), 3)

# Relative rms up to which a formula of exact rows is believed before its constants are fitted together.
EXACT = SQRT_EPS

# Relative rms on held-out rows up to which curves of exact rows are believed: splines are not exact.
EXACT_CURVES = 3e-3

# Times the value error of columns that were read off a surrogate, by which a formula of them may miss.
VALUE_ERRORS = 3.0

# Rounding of the target over its spread, up to which curves are matched as if it were written in full.
MANY_DIGITS = 1e-6


def _constant(state: State, context: Context) -> Iterator[sympy.Expr]:
    weights = None if state.sigma is None else state.sigma**-2.0
    yield sympy.Float(float(np.average(state.z, weights=weights)))


def _power_law(state: State, context: Context) -> Iterator[sympy.Expr]:
    if state.sigma is None:
        max_misfit = max(context.allowed(EXACT), VALUE_ERRORS * state.value_error)
        yield from close_power_law(state.dataset(), max_misfit)
    elif (law := power_law_in_noise(state.dataset(), context.error * state.sigma)) is not None:
        yield law


def _best_power_law(state: State, context: Context) -> Iterator[sympy.Expr]:
    """However well it fits, and one that outliers do not influence."""
    data = state.dataset()
    yield from (expr for expr in (power_law(data), power_law_beside_outliers(data)) if expr is not None)


def _power_law_under_a_function(state: State, context: Context) -> Iterator[sympy.Expr]:
    return power_laws_under_functions(state.dataset())


def _product(state: State, context: Context) -> Iterator[sympy.Expr]:
    return products_of_functions(state.dataset())


def _relation_of_inputs(state: State, context: Context) -> Iterator[sympy.Expr]:
    return relations(state.dataset(), context.expired, inputs_only=True)


def _relation(state: State, context: Context) -> Iterator[sympy.Expr]:
    return relations(state.dataset(), context.expired)


def _sum_of_atoms(state: State, context: Context) -> Iterator[sympy.Expr]:
    return sums_of_atoms(state.quiet(), context.allowed(EXACT), context.expired)


def _quadratic(state: State, context: Context) -> Iterator[sympy.Expr]:
    return quadratics(state.dataset(), context.expired)


def _one_function(state: State, context: Context) -> Iterator[sympy.Expr]:
    return one_function(state.dataset(), context.match.library, context.expired)


def _oblique(state: State, context: Context) -> Iterator[sympy.Expr]:
    return oblique_function(state.dataset(), context.match.library, context.expired)


def _relation_in_other_coordinates(state: State, context: Context) -> Iterator[sympy.Expr]:
    return _in_other_coordinates(state, relations, expired=context.expired)


def _sum_of_atoms_in_other_coordinates(state: State, context: Context) -> Iterator[sympy.Expr]:
    return _in_other_coordinates(state, sums_of_atoms, max_misfit=EXACT, expired=context.expired)


def _polynomial(state: State, context: Context) -> Iterator[sympy.Expr]:
    return polynomials(state.weighted(), context.allowed(EXACT), context.expired)


def _rational(state: State, context: Context) -> Iterator[sympy.Expr]:
    noisy = context.noise > 0
    return rationals(state.weighted(), context.allowed(EXACT), context.expired, noisy=noisy)


def _sum_of_waves(state: State, context: Context) -> Iterator[sympy.Expr]:
    return sums_of_waves(state.dataset(), context.expired)


def _waves(state: State, context: Context) -> Iterator[sympy.Expr]:
    return waves(state.dataset(), context.expired)


def _sum_of_two(state: State, context: Context) -> Iterator[sympy.Expr]:
    return sums_of_two(state.weighted(), context.noise)


def _few_exponentials(state: State, context: Context) -> Iterator[sympy.Expr]:
    return exponentials(state.quiet(), context.expired, plausible=True)


def _exponentials(state: State, context: Context) -> Iterator[sympy.Expr]:
    return exponentials(state.quiet(), context.expired)


def _of_curves(context: Context) -> float:
    """The noise of rows whose curve is matched: many functions come nearer to rounded rows than the law does."""
    return context.noise or (context.digits if context.digits > MANY_DIGITS else 0.0)


def _quick_function(state: State, context: Context) -> Iterator[sympy.Expr]:
    return single(state.weighted(), _of_curves(context), context.match, MOST_FORMULAS, context.expired, quick=True)


def _function(state: State, context: Context) -> Iterator[sympy.Expr]:
    keep = 2 * MOST_FORMULAS if context.thorough else MOST_FORMULAS
    return single(state.weighted(), _of_curves(context), context.match, keep, context.expired, quick=False)


def _half_powers(state: State, context: Context) -> Iterator[sympy.Expr]:
    return half_powers(state.weighted(), _of_curves(context), context.match)


def _parametric_curve(state: State, context: Context) -> Iterator[sympy.Expr]:
    return parametric_curves(state.weighted(), context.noise, context.expired, context.vocabulary)


def _scaling_function(state: State, context: Context) -> Iterator[sympy.Expr]:
    return scaling_functions(state.dataset(), context.match.library, context.expired)


def _additive(fitting: Dataset, judging: Dataset, context: Context) -> Iterator[Graph]:
    return additive(fitting, judging)


def _multiplicative(fitting: Dataset, judging: Dataset, context: Context) -> Iterator[Graph]:
    return multiplicative(fitting, judging)


def _network(hidden: Hidden, fitting: Dataset, judging: Dataset, context: Context) -> Iterator[Graph]:
    width = (len(fitting.names), hidden, 1)
    graph = network(fitting, judging, width, context.seed, context.noise, context.expired)
    yield from () if graph is None else (graph,)


def _tensor(fitting: Dataset, judging: Dataset, context: Context) -> Iterator[Graph]:
    return tensor(fitting, context.match, context.max_misfit, context.expired)


WAVES = ("sin", "cos")
WAVES_OR_EXP = (*WAVES, "exp")

TERMINALS: tuple[TerminalKind, ...] = (
    # asked as soon as a state is reached
    TerminalKind("constant", _constant, inputs=range(1), at_once=True),
    TerminalKind("power law", _power_law, at_once=True),
    TerminalKind(
        "power law beside a number", _power_law_under_a_function, noise="none", at_once=True, said="power law"
    ),
    TerminalKind("product of functions", _product, noise="none", at_once=True),
    TerminalKind("plain relation", _relation_of_inputs, noise="none", at_once=True, said="relation"),
    TerminalKind(
        "sum of curves", graphs=_additive, inputs=range(2, ANY), at_once=True, held_out=True, misfit=EXACT_CURVES
    ),
    # asked when their turn comes
    TerminalKind("sum of atoms", _sum_of_atoms, priority=0.1, per_input=0.3),
    TerminalKind("root of a quadratic", _quadratic, noise="none", priority=0.05, functions=("sqrt",)),
    TerminalKind("relation", _relation, noise="none", per_input=0.1),
    TerminalKind("one function", _one_function, noise="none", priority=0.2, per_input=0.3),
    TerminalKind("one function of a sum", _oblique, noise="none", priority=0.3, per_input=0.3),
    TerminalKind(
        "relation in other coordinates", _relation_in_other_coordinates, inputs=range(1, 3), noise="none", priority=0.3,
        per_input=0.3, said="relation",
    ),
    TerminalKind(
        "sum of atoms in another coordinate", _sum_of_atoms_in_other_coordinates, inputs=range(1, 2), noise="none",
        priority=0.5, said="sum of atoms",
    ),
    TerminalKind("polynomial", _polynomial, inputs=range(1, 5), noise="some", per_input=0.5),
    TerminalKind("rational", _rational, inputs=range(1, 5), noise="some", per_input=0.5),
    TerminalKind(
        "sum of two exponentials or powers", _sum_of_two, inputs=range(1, 2), noise="some", priority=-0.02
    ),
    TerminalKind(
        "few exponentials", _few_exponentials, inputs=range(1, 2), priority=-0.1, said="sum of exponentials",
        functions=WAVES_OR_EXP
    ),
    TerminalKind(
        "plain function of one input", _quick_function, inputs=range(1, 2), priority=-0.1, said="function of one input"
    ),
    TerminalKind("half powers", _half_powers, inputs=range(1, 2), priority=-0.05, functions=("sqrt",)),
    TerminalKind("function of one input", _function, inputs=range(1, 2), priority=0.08),
    TerminalKind("sum of exponentials", _exponentials, inputs=range(1, 2), priority=0.09, functions=WAVES_OR_EXP),
    TerminalKind("waves", _waves, noise="none", rough=True, functions=WAVES),
    TerminalKind(
        "product of curves beside a curve", graphs=_tensor, inputs=range(2, 3), priority=0.2, misfit=EXACT_CURVES
    ),
    # asked of a whole table only
    TerminalKind("best power law", _best_power_law, whole=True, said="power law"),
    TerminalKind("scaling function", _scaling_function, inputs=range(2, MOST_INPUTS + 1), noise="some", whole=True),
    TerminalKind("sum of waves", _sum_of_waves, inputs=range(1, 2), whole=True, functions=WAVES),
    TerminalKind("parametric curve", _parametric_curve, inputs=range(1, 2), whole=True),
    TerminalKind("product of curves", graphs=_multiplicative, inputs=range(2, ANY), whole=True, held_out=True),
    *(
        TerminalKind(f"network {hidden}", graphs=partial(_network, hidden), inputs=range(2, ANY), whole=True)
        for hidden in NETWORKS
    ),
)  # fmt: skip

BY_NAME = {kind.name: kind for kind in TERMINALS}


def formulas(name: str, table: Dataset, context: Context) -> Iterator[sympy.Expr]:
    """What the terminal of this name makes of a whole table."""
    kind = BY_NAME[name]
    assert kind.solve is not None
    return kind.solve(State.of(table), context) if kind.offers(context.vocabulary) else iter(())


def _in_other_coordinates(
    state: State, solve: Callable[..., Iterator[sympy.Expr]], **options: Any
) -> Iterator[sympy.Expr]:
    """The formulas of a solver for the inputs in other coordinates, in the inputs themselves."""
    for data, back in _other_coordinates(state.dataset()):
        for expr in solve(data, **options):
            yield expr.xreplace(back)


def _other_coordinates(data: Dataset) -> Iterator[tuple[Dataset, dict[sympy.Symbol, sympy.Expr]]]:
    """The rows with inputs replaced by their inverses, or by their negatives where their exponentials would be huge.

    Whether u, 1/u or −u comes out of a reduction is chance, but not every solver has exp(−1/u).
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
