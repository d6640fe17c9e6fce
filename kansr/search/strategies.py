"""What is tried on a whole table, as one list of attempts: the cheapest first.

An attempt depends on nothing but the partition and the context, so it may run in any process and in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.formula.fit.constants import polish
from kansr.formula.judge.description_length import description_length
from kansr.formula.judge.exactness import exact
from kansr.result.graph import Graph
from kansr.search.attempt import Attempt, Finding
from kansr.search.exact import ExactSearch
from kansr.search.finish import best_of, finish, judged, polished
from kansr.search.noise_floor import NOISY, is_noisy, noise_floor, sees_nothing, stated_noise
from kansr.search.noisy import NoisySearch
from kansr.search.partition import Partition
from kansr.search.routes import Route
from kansr.structure.context import Context
from kansr.structure.terminals.closed_form.implicit_relation import relations
from kansr.structure.terminals.closed_form.power_law import (
    power_law,
    power_law_beside_wrong_rows,
    power_laws_within,
)
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomials, rationals
from kansr.structure.terminals.curves.additive import additive, multiplicative
from kansr.structure.terminals.curves.trained_network import network
from kansr.structure.terminals.enumerated.meet_in_the_middle import sums_of_atoms
from kansr.structure.terminals.one_input.curve_match import single
from kansr.symbolic.matching.choose import choose
from kansr.symbolic.matching.match import match_all, with_matches

# steps of a search over reductions: where noise is seen; before it is thought of; where it may be; where not; at last
FIRST, AT_ONCE, DOUBTFUL, BRIEFLY, AT_LENGTH = 12, 8, 25, 80, 400
ROUTES = 3  # formulas of a search over reductions that are finished


def strategies(inputs: int) -> tuple[Attempt, ...]:
    """What to try for a table of so many inputs; wider networks last, for as long as there is time."""
    before = (
        Attempt("mean and line", _lines, always=True, quick=True),
        Attempt("power law", _power_law, quick=True),
        Attempt("relation", _relations, quick=True),
    )
    sums = (
        Attempt("polynomial", _polynomials, early_with_errors=True),
        Attempt("rational", _rationals, early_with_errors=True),
        Attempt("sums of atoms", _atoms, early_with_errors=True),
    )
    if inputs == 1:
        return (
            *before,
            Attempt("reductions", partial(_reductions, BRIEFLY), reduces=True),
            Attempt("one input", _single, thorough=True),
            *sums,
        )
    return (
        *before,
        Attempt("reductions", partial(_reductions, BRIEFLY), reduces=True, thorough=True),
        _networks(inputs, 1),
        Attempt("sum of curves", partial(_curves, additive)),
        Attempt("product of curves", partial(_curves, multiplicative)),
        *sums,
        Attempt("further reductions", partial(_reductions, AT_LENGTH), reduces=True, skip_if_no_signal=True),
        *(_networks(inputs, hidden) for hidden in (2, (1, 1), (0, 1), 3)),
    )


def _networks(inputs: int, hidden: int | tuple[int, int]) -> Attempt:
    """A network with one hidden layer. hidden: its sums, or its sums and its products."""
    width = [inputs, list(hidden) if isinstance(hidden, tuple) else hidden, 1]
    find = partial(_network, (inputs, hidden, 1))
    return Attempt(f"kan {width}", find, trains=True, skip_if_no_signal=True)


def guessed(guesses: Sequence[sympy.Expr]) -> Attempt:
    """Formulas that somebody thinks of, fitted to the rows; a good one ends the search."""
    return Attempt("guesses", partial(_guesses, tuple(guesses)), thorough=True)


def _guesses(guesses: Sequence[sympy.Expr], rows: Partition, context: Context) -> Iterator[Finding]:
    yield from best_of([polish(guess, rows.sample) for guess in guesses], rows, "guess", context.deadline.passed)


def _lines(rows: Partition, context: Context) -> Iterator[Finding]:
    data = rows.fitting
    weights = None if data.sigma is None else data.sigma**-2
    mean = sympy.Float(float(np.average(data.y, weights=weights)))
    yield Finding(judged(mean, rows, "mean"))
    line = mean + sympy.Add(*(sympy.Float(1e-3 * (i + 1)) * sympy.Symbol(n) for i, n in enumerate(data.names)))
    if data.rows > len(data.names) + 1:
        yield from best_of([polish(line, data)], rows, "line", context.deadline.passed)


def _power_law(rows: Partition, context: Context) -> Iterator[Finding]:
    exprs = (power_law(rows.sample), power_law_beside_wrong_rows(rows.sample))
    fits = [polish(expr, rows.sample) for expr in exprs if expr is not None]
    if not rows.small and not any(exact(fit, rows.sample) for fit in fits):
        fits += [f for e in power_laws_within(rows.sample) if exact(f := polish(e, rows.sample), rows.sample)]
    yield from best_of(fits, rows, "power law", context.deadline.passed)


def _relations(rows: Partition, context: Context) -> Iterator[Finding]:
    if not rows.small:
        exprs = relations(rows.sample, context.expired, plain=True)
        yield from best_of(polished(exprs, rows), rows, "relation", context.deadline.passed)


def _single(rows: Partition, context: Context) -> Iterator[Finding]:
    for noise in (noise_floor(rows),) if is_noisy(rows) else (0.0, 0.03):
        exprs = single(rows.sample, noise, context.match, expired=context.expired)
        yield from best_of(polished(exprs, rows), rows, "one input", context.deadline.passed)


def _curves(
    structure: Callable[[Dataset, Dataset], Iterator[Graph]], rows: Partition, context: Context
) -> Iterator[Finding]:
    for graph in structure(rows.sample, rows.judging):
        if _plausible(graph, rows) and not context.expired():
            yield from _read(graph, rows, context)


def _network(width: tuple[Any, ...], rows: Partition, context: Context) -> Iterator[Finding]:
    graph = network(rows.sample, rows.judging, width, rows.seed, noise_floor(rows), context.expired)
    if graph is not None and _plausible(graph, rows):
        yield from _read(graph, rows, context)


def _plausible(graph: Graph, rows: Partition) -> bool:
    """Whether a structure explains nearly as much as the best surrogate does: no formula can be better than it."""
    floor = noise_floor(rows)
    return graph.error < min(0.9, 3 * floor + 1e-3 if floor else 0.9)


def _reductions(steps: int, rows: Partition, context: Context) -> Iterator[Finding]:
    """The exact formula if the search comes to one, otherwise the few best it met."""
    if rows.small:
        return
    routes: list[Route] = []
    for some in _searched(steps, rows, context):
        routes += some
        if any(exact(route.fit, rows.sample) for route in routes):
            break
    routes.sort(key=lambda route: description_length(route.fit.expr, route.fit.likely**2, rows.sample))
    for number, route in enumerate(routes[:ROUTES]):
        origin = "reductions: " + " → ".join(step.what for step in route.path)
        if not number:  # finishing may take longer than there is time for
            yield Finding(judged(route.fit.expr, rows, origin), path=route.path, unfinished=True)
        yield Finding(finish(route.fit, rows, origin, context.deadline.passed), path=route.path)
        if exact(route.fit, rows.sample):
            break


def _searched(steps: int, rows: Partition, context: Context) -> Iterator[Iterator[Route]]:
    """What the searches come to, in turn. What a surrogate misses may be noise, or more than it can follow.

    So exact laws are looked for first unless it looks like noise, less long the more it does, and at length in the end.
    """
    exactly = ExactSearch.of(rows.sample, context, noise=stated_noise(rows))
    if steps == AT_LENGTH:
        yield exactly.advance(steps)
        return
    noisy = NoisySearch.of(rows.sample, context)
    if is_noisy(rows):
        yield noisy.advance(FIRST)
        if noisy.satisfied:
            return
    yield exactly.advance(AT_ONCE)
    if not is_noisy(rows):
        yield exactly.advance((DOUBTFUL if noise_floor(rows) > NOISY else steps) - AT_ONCE)
    if noise_floor(rows) > NOISY and not sees_nothing(rows):
        yield noisy.advance(AT_LENGTH)


def _read(graph: Graph, rows: Partition, context: Context) -> Iterator[Finding]:
    matches = match_all(graph.edges, context.match)
    fits = choose(graph, matches, rows.sample, expired=context.expired)
    yield from best_of(fits, rows, graph.origin, context.deadline.passed, with_matches(graph, matches))


def _polynomials(rows: Partition, context: Context) -> Iterator[Finding]:
    fits = [polish(expr, rows.sample) for expr in polynomials(rows.sample, 0.5, context.expired)]
    yield from best_of(fits, rows, "polynomial", context.deadline.passed)


def _rationals(rows: Partition, context: Context) -> Iterator[Finding]:
    if len(rows.sample.names) <= 6:
        exprs = rationals(rows.sample, 0.3, context.expired, is_noisy(rows))
        yield from best_of(polished(exprs, rows), rows, "rational", context.deadline.passed)


def _atoms(rows: Partition, context: Context) -> Iterator[Finding]:
    exprs = sums_of_atoms(rows.sample, 0.3, context.expired)
    yield from best_of(polished(exprs, rows), rows, "sum of atoms", context.deadline.passed)
