"""The ways to a formula that a search tries in turn: each takes the rows and returns what it found, judged.

An attempt depends on nothing but the rows and the options, so it may run in any process and in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import sympy

from kansr.formula.fit.constants import polish
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.exactness import exact
from kansr.result.graph import Graph
from kansr.search.attempt import Attempt, Finding
from kansr.search.costs import ReduceConfig
from kansr.search.exact import Search
from kansr.search.finish import FINISHED, best_of, finish, judged, polished
from kansr.search.noisy import NoisyConfig, NoisySearch
from kansr.search.partition import NOISY, Expired, Rows
from kansr.search.routes import Route
from kansr.structure.moves.registry import Proposer
from kansr.structure.terminals.closed_form.implicit_relation import relations
from kansr.structure.terminals.closed_form.power_law import power_law, power_law_beside_wrong_rows, power_laws_within
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomials
from kansr.structure.terminals.closed_form.sparse_rational import rationals
from kansr.structure.terminals.curves.trained_network import network
from kansr.structure.terminals.enumerated.meet_in_the_middle import sums_of_atoms
from kansr.structure.terminals.one_input.curve_match import single
from kansr.symbolic.matching.choose import choose
from kansr.symbolic.matching.match import MatchConfig, match_all, with_matches

# steps of a search over reductions: where noise is seen; before it is thought of; where it may be; where not; at last
FIRST, AT_ONCE, DOUBTFUL, BRIEFLY, AT_LENGTH = 12, 8, 25, 80, 400


def guessed(guesses: Sequence[sympy.Expr]) -> Attempt:
    """Formulas that somebody thinks of, fitted to the rows; a good one ends the search."""
    return Attempt("guesses", partial(_guesses, tuple(guesses)), thorough=True)


def _guesses(guesses: Sequence[sympy.Expr], rows: Rows, expired: Expired) -> Iterator[Finding]:
    yield from best_of([polish(guess, rows.sample) for guess in guesses], rows, "guess")


def _shape(width: Iterable) -> str:
    return str([list(w) if isinstance(w, tuple) else w for w in width])


def _lines(rows: Rows, expired: Expired) -> Iterator[Finding]:
    data = rows.fitting
    weights = None if data.sigma is None else data.sigma**-2
    mean = sympy.Float(float(np.average(data.y, weights=weights)))
    yield Finding(judged(mean, rows, "mean"))
    line = mean + sympy.Add(*(sympy.Float(1e-3 * (i + 1)) * sympy.Symbol(n) for i, n in enumerate(data.names)))
    if data.rows > len(data.names) + 1:
        yield from best_of([polish(line, data)], rows, "line")


def _power_law(rows: Rows, expired: Expired) -> Iterator[Finding]:
    exprs = (power_law(rows.sample), power_law_beside_wrong_rows(rows.sample))
    fits = [polish(expr, rows.sample) for expr in exprs if expr is not None]
    if not rows.small and not any(exact(fit, rows.sample) for fit in fits):
        fits += [f for e in power_laws_within(rows.sample) if exact(f := polish(e, rows.sample), rows.sample)]
    yield from best_of(fits, rows, "power law")


def _relations(rows: Rows, expired: Expired) -> Iterator[Finding]:
    if not rows.small:
        yield from best_of(polished(relations(rows.sample, expired, plain=True), rows), rows, "relation")


def _single(match: MatchConfig, rows: Rows, expired: Expired) -> Iterator[Finding]:
    for noise in (rows.attainable,) if rows.noisy else (0.0, 0.03):
        exprs = single(rows.sample, noise, match, expired=expired)
        yield from best_of(polished(exprs, rows), rows, "one input")


def _curves(match: MatchConfig, structure: Callable, rows: Rows, expired: Expired) -> Iterator[Finding]:
    for graph in structure(rows.sample, rows.held_out):
        if _plausible(graph, rows) and not expired():
            yield from _read(graph, match, rows, expired)


def _network(match: MatchConfig, width: tuple, rows: Rows, expired: Expired) -> Iterator[Finding]:
    graph = network(rows.sample, rows.held_out, width, rows.seed, rows.attainable, expired)
    if graph is not None and _plausible(graph, rows):
        yield from _read(graph, match, rows, expired)


def _plausible(graph: Graph, rows: Rows) -> bool:
    """Whether a structure explains nearly as much as the best smooth model does: no formula can be better than it."""
    return graph.error < min(0.9, 3 * rows.attainable + 1e-3 if rows.attainable else 0.9)


def _reductions(
    match: MatchConfig, more: tuple[Proposer, ...], steps: int, rows: Rows, expired: Expired
) -> Iterator[Finding]:
    """The exact formula if the search comes to one, otherwise the few best it met."""
    if rows.small:
        return
    routes: list[Route] = []
    for some in _searched(match, more, steps, rows, expired):
        routes += some
        if any(exact(route.fit, rows.sample) for route in routes):
            break
    routes.sort(key=lambda route: fit_length(route.fit, rows.sample))
    for number, route in enumerate(routes[:FINISHED]):
        origin = "reductions: " + " → ".join(step.what for step in route.path)
        if not number:  # finishing may take longer than there is time for
            yield Finding(judged(route.fit.expr, rows, origin), path=route.path, unfinished=True)
        yield Finding(finish(route.fit, rows, origin), path=route.path)
        if exact(route.fit, rows.sample):
            break


def _searched(
    match: MatchConfig, more: tuple[Proposer, ...], steps: int, rows: Rows, expired: Expired
) -> Iterator[Iterator[Route]]:
    """What the searches come to, in turn. What a smooth model misses may be noise, or more than it can follow.

    So exact laws are looked for first unless it looks like noise, less long the more it does, and at length in the end.
    """
    exactly = Search.of(rows.sample, ReduceConfig(match=match, moves=more, blur=rows.stated), rows.seed, expired)
    if steps == AT_LENGTH:
        yield exactly.advance(steps)
        return
    noisy = NoisySearch.of(rows.sample, NoisyConfig(match=match, moves=more), rows.seed, expired)
    if rows.noisy:
        yield noisy.advance(FIRST)
        if noisy.satisfied:
            return
    yield exactly.advance(AT_ONCE)
    if not rows.noisy:
        yield exactly.advance((DOUBTFUL if rows.attainable > NOISY else steps) - AT_ONCE)
    if rows.attainable > NOISY and not rows.hopeless:
        yield noisy.advance(AT_LENGTH)


def _read(graph: Graph, match: MatchConfig, rows: Rows, expired: Expired) -> Iterator[Finding]:
    matches = match_all(graph.edges, match)
    fits = choose(graph, matches, rows.sample, expired=expired)
    yield from best_of(fits, rows, graph.origin, with_matches(graph, matches))


def _polynomials(rows: Rows, expired: Expired) -> Iterator[Finding]:
    fits = [polish(expr, rows.sample) for expr in polynomials(rows.sample, 0.5, expired)]
    yield from best_of(fits, rows, "polynomial")


def _rationals(rows: Rows, expired: Expired) -> Iterator[Finding]:
    if len(rows.sample.names) <= 6:
        yield from best_of(polished(rationals(rows.sample, 0.3, expired, rows.noisy), rows), rows, "rational")


def _atoms(rows: Rows, expired: Expired) -> Iterator[Finding]:
    yield from best_of(polished(sums_of_atoms(rows.sample, 0.3, expired), rows), rows, "sum of atoms")
