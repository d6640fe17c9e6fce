"""The ways to a formula that a search tries in turn: each takes the rows and returns what it found, judged.

An attempt depends on nothing but the rows and the options, so it may run in any process and in any order.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.expression.simplify import simplify
from kansr.formula.fit.constants import Fit, polish
from kansr.formula.judge.exactness import exact
from kansr.formula.polish.eliminate import prune
from kansr.formula.polish.snap import snap
from kansr.formula.polish.tidy import tidied
from kansr.result.candidate import Candidate, cross_validated, description_length, judge
from kansr.result.graph import Graph, Step
from kansr.runtime.child import OutOfTime, interrupted_after
from kansr.search.costs import ReduceConfig
from kansr.search.exact import Search
from kansr.search.noisy import NoisyConfig, NoisySearch
from kansr.search.partition import NOISY, Expired, Rows
from kansr.search.routes import Route
from kansr.structure.moves.registry import Proposer
from kansr.structure.terminals.closed_form.implicit_relation import relations
from kansr.structure.terminals.closed_form.power_law import power_law, power_law_beside_wrong_rows, power_laws_within
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomials, rationals
from kansr.structure.terminals.curves.additive import additive, multiplicative
from kansr.structure.terminals.enumerated.meet_in_the_middle import sums_of_atoms
from kansr.structure.terminals.one_input.curve_match import single
from kansr.symbolic.matching.choose import choose
from kansr.symbolic.matching.match import MatchConfig, match_all, with_matches

# steps of a search over reductions: where noise is seen; before it is thought of; where it may be; where not; at last
FIRST, AT_ONCE, DOUBTFUL, BRIEFLY, AT_LENGTH = 12, 8, 25, 80, 400
READABLE = 12  # constants up to which a formula is worth snapping and rewriting
FINISHED = 3  # formulas of an attempt that are; forms of one formula among them may be pruned to different ends
QUIET = 1e-6  # rms over the spread up to which every term of a formula is believed


@dataclass(frozen=True, eq=False)
class Finding:
    """A formula, the structure it was read from, if there was one before the formula, and the steps that led to it.

    unfinished: kept only where the time does not suffice to finish it, which is what comes next.
    """

    candidate: Candidate
    graph: Graph | None = None
    path: tuple[Step, ...] = ()
    unfinished: bool = False


@dataclass(frozen=True, eq=False)
class Tried:
    """What an attempt found, and what went wrong in it, if anything did."""

    findings: tuple[Finding, ...]
    failure: str = ""


@dataclass(frozen=True)
class Attempt:
    """`find` may yield several findings, the better ones last or first as they come."""

    name: str
    find: Callable[[Rows, Expired], Iterable[Finding]] = field(compare=False)
    thorough: bool = False  # after it a formula as good as the best smooth model ends the search
    hopeful: bool = False  # not worth its time where neither a smooth model nor anything before it sees a law

    def __call__(self, rows: Rows, expired: Expired, seconds: float = np.inf) -> Tried:
        """What is found; when the `seconds` are up, or something goes wrong, what had been found by then."""
        found: list[Finding] = []
        failure = ""
        try:
            # formulas are tried where they have no value
            with np.errstate(all="ignore"), contextlib.suppress(OutOfTime), interrupted_after(min(seconds, 1e6)):
                for finding in self.find(rows, expired):
                    if found and found[-1].unfinished:
                        found.pop()
                    found.append(finding)
        except Exception as err:  # a fault in one way to a formula must not take what the others find
            logging.getLogger(__name__).debug("%s", self.name, exc_info=True)
            failure = f"{self.name} broke off ({type(err).__name__}: {err}); what else was tried is not affected"
        return Tried(tuple(found), failure)


def plan(data: Dataset, match: MatchConfig, more: tuple[Proposer, ...] = ()) -> list[Attempt]:
    """What to try for this table, the cheapest first; wider networks last, for as long as there is time.

    more: kinds of move that searches over reductions make beside our own.
    """
    n = len(data.names)
    attempts = [Attempt("mean and line", _lines), Attempt("power law", _power_law), Attempt("relation", _relations)]
    sums = [Attempt("polynomial", _polynomials), Attempt("rational", _rationals), Attempt("sums of atoms", _atoms)]
    if data.stated is not None:  # no law is exact then, and short sums are known by their errors at once
        attempts, sums = attempts + sums, []
    if n == 1:
        attempts.append(Attempt("reductions", partial(_reductions, match, more, BRIEFLY)))
        attempts.append(Attempt("one input", partial(_single, match), thorough=True))
    else:
        attempts.append(Attempt("reductions", partial(_reductions, match, more, BRIEFLY), thorough=True))
        attempts.append(Attempt(f"kan [{n}, 1, 1]", partial(_network, match, (n, 1, 1)), hopeful=True))
        attempts.append(Attempt("sum of curves", partial(_curves, match, additive)))
        attempts.append(Attempt("product of curves", partial(_curves, match, multiplicative)))
    attempts += sums
    if n > 1:
        attempts.append(Attempt("further reductions", partial(_reductions, match, more, AT_LENGTH), hopeful=True))
        widths: list[tuple[Any, ...]] = [(n, 2, 1), (n, (1, 1), 1), (n, (0, 1), 1), (n, 3, 1)]
        attempts += [Attempt(f"kan {_shape(w)}", partial(_network, match, w), hopeful=True) for w in widths]
    return attempts


def guessed(guesses: Sequence[sympy.Expr]) -> Attempt:
    """Formulas that somebody thinks of, fitted to the rows; a good one ends the search."""
    return Attempt("guesses", partial(_guesses, tuple(guesses)), thorough=True)


def _guesses(guesses: Sequence[sympy.Expr], rows: Rows, expired: Expired) -> Iterator[Finding]:
    yield from best_of([polish(guess, rows.sample) for guess in guesses], rows, "guess")


def _shape(width: Iterable) -> str:
    return str([list(w) if isinstance(w, tuple) else w for w in width])


def finish(fit: Fit, rows: Rows, origin: str) -> Candidate:
    """The fit with its constants snapped and its form simplified, judged; what is too long to read stays as it is.

    So does what is exact only with all its digits: many constants have to come closer than is worth writing down.
    """
    data = rows.fitting
    if len(fit.constants) <= READABLE:
        fit = tidied(fit, data, rows.late)
        if fit.likely > QUIET * float(np.std(data.y)):
            fit = prune(fit, data, rows.late)
        snapped = snap(fit, data, rows.late)
        still = exact(polish(snapped.expr, data, iterations=0), data)
        fit = snapped if still or not exact(fit, data) else fit
        fit = replace(fit, expr=simplify(fit.expr, data.X[:500], data.names, expired=rows.late))
    return judged(fit.expr, rows, origin)


def best_of(fits: Iterable[Fit], rows: Rows, origin: str, graph: Graph | None = None) -> Iterator[Finding]:
    """The few fits that describe the rows best, finished."""
    ranked = sorted(
        ((description_length(f.expr, f.likely**2, rows.sample), i, f) for i, f in enumerate(fits)), key=lambda r: r[:2]
    )
    for length, _, fit in ranked[:FINISHED]:
        if np.isfinite(length) and length < ranked[0][0] + 60:
            yield Finding(finish(fit, rows, origin), graph)


def polished(exprs: Iterable[sympy.Expr], rows: Rows) -> list[Fit]:
    """The formulas with no redundant constant, fitted."""
    size = typical_size(rows.sample.X, rows.sample.names)
    return [polish(canonical(expr, size), rows.sample) for expr in exprs]


def _lines(rows: Rows, expired: Expired) -> Iterator[Finding]:
    data = rows.fitting
    weights = None if data.sigma is None else data.sigma**-2
    mean = sympy.Float(float(np.average(data.y, weights=weights)))
    yield Finding(judged(mean, rows, "mean"))
    line = mean + sympy.Add(*(sympy.Float(1e-3 * (i + 1)) * sympy.Symbol(n) for i, n in enumerate(data.names)))
    if data.rows > len(data.names) + 1:
        yield from best_of([polish(line, data)], rows, "line")


def judged(expr: sympy.Expr, rows: Rows, origin: str) -> Candidate:
    """The formula as it is, judged; by cross-validation where there are few rows."""
    candidate = judge(expr, rows.fitting, rows.held_out, origin)
    return cross_validated(candidate, rows.fitting, rows.seed) if rows.small else candidate


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
    from kansr.structure.terminals.curves.trained_network import network  # torch is loaded here and not before

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
    routes.sort(key=lambda route: description_length(route.fit.expr, route.fit.likely**2, rows.sample))
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
