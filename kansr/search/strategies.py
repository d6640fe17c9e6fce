"""What is tried on a whole table, as one list of attempts: the cheapest first.

An attempt depends on nothing but the partition and the context, so it may run in any process and in any order. Solvers
are rows of the table of terminals, named here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import sympy

from kansr.formula.fit.constants import Fit, fit_constants
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.exactness import exact
from kansr.result.derivation import Finder
from kansr.result.graph import Graph
from kansr.search.attempt import Attempt, Finding
from kansr.search.edits.findings import begun, edited
from kansr.search.finish import best_of, distinct, finish, fit_all, judged
from kansr.search.models.networks import grown_network
from kansr.search.models.sparse import sparse_sum
from kansr.search.noise_floor import NOISY, digits_noise, is_noisy, known_noise, noise_floor, sees_nothing
from kansr.search.partition import Partition
from kansr.search.reductions.exact import ExactSearch
from kansr.search.reductions.noisy import NoisySearch
from kansr.search.reductions.routes import Route
from kansr.search.stopping import simple_waves
from kansr.structure.context import Context, Structure
from kansr.structure.terminals.registry import BY_NAME, NETWORKS, Hidden, formulas
from kansr.symbolic.matching.choose import choose
from kansr.symbolic.matching.match import match_all, with_matches

# steps of a search over reductions: where noise is seen; before it is thought of; where it may be; where not; at last
FIRST, AT_ONCE, DOUBTFUL, BRIEFLY, AT_LENGTH = 12, 8, 25, 80, 400
EDITED = 9  # further formulas of such a search that a local search starts from
ROUTES = 3  # formulas of a search over reductions that are finished
ROUGH_POLYNOMIAL, ROUGH_SUM = 0.5, 0.3  # error over the spread up to which a short sum is of use though it is no law
SLIGHT_NOISE = 0.03  # noise over the spread that a curve of one input may have where it looks exact
MOST_INPUTS = 6  # of a table that ratios of polynomials are fitted to
PLAUSIBLE, PLAUSIBLE_LEAST, PLAUSIBLE_MOST = 3.0, 1e-3, 0.9  # times the noise floor, and errors over the spread
Find = Callable[[Partition, Context], Iterator[Finding]]
FIRST_SLOPE = 1e-3  # where the slopes of a line start; they differ, so that none is taken for another


def strategies(inputs: int, structure: Structure = "auto") -> tuple[Attempt, ...]:
    """What to try for a table of so many inputs. structure: what may find structures."""
    if structure == "kan":
        return _by_networks(inputs)
    tried = _by_everything(inputs)
    return tried if structure == "auto" else tuple(a for a in tried if not a.trains)


def _by_networks(inputs: int) -> tuple[Attempt, ...]:
    """Networks alone."""
    mean, *_ = _by_everything(inputs)
    grown = Attempt("grown network", grown_network, Finder.KAN, trains=True, thorough=True)
    return (mean, grown, *(_network(inputs, hidden) for hidden in NETWORKS if inputs > 1))


def _by_everything(inputs: int) -> tuple[Attempt, ...]:
    """All there is; wider networks last, for as long as there is time."""
    before = (
        Attempt("mean and line", _lines, Finder.BASELINE, always=True, quick=True),
        Attempt("power law", _power_law, quick=True),
        Attempt("relation", partial(_solved, "plain relation", many_rows=True), quick=True),
    )
    sums = [
        Attempt("polynomial", partial(_solved, "polynomial", max_misfit=ROUGH_POLYNOMIAL), early_with_errors=True),
        Attempt("rational", partial(_solved, "rational", max_misfit=ROUGH_SUM), early_with_errors=True),
        Attempt("sums of atoms", partial(_solved, "sum of atoms", max_misfit=ROUGH_SUM), early_with_errors=True),
    ]
    if inputs > MOST_INPUTS:
        del sums[1]
    if inputs == 1:
        return (
            *before,
            Attempt("waves", _waves, quick=True),
            Attempt("parametric curve in noise", partial(_parametric_curve, "noisy")),
            Attempt("reductions", partial(_reductions, BRIEFLY), Finder.REDUCTIONS, reduces=True),
            Attempt("parametric curve", partial(_parametric_curve, "clean")),
            *sums[:2],
            Attempt("one input", _one_input, thorough=True),
            Attempt("parametric curve of few rows", partial(_parametric_curve, "few")),
            *sums[2:],
        )
    first, *wider = (_network(inputs, hidden) for hidden in NETWORKS)
    return (
        *before,
        Attempt("first local search", begun, Finder.LOCAL_SEARCH, quick=True, follows=True),
        Attempt("sparse sum", partial(sparse_sum, True), Finder.SPARSE_MODEL, measured=True, thorough=True),
        Attempt(
            "reductions",
            partial(_shared, partial(_reductions, BRIEFLY)),
            Finder.REDUCTIONS,
            reduces=True,
            thorough=True,
        ),
        Attempt(
            "sparse sum after reductions",
            partial(sparse_sum, False),
            Finder.SPARSE_MODEL,
            measured=True,
            skip_if_near=True,
        ),
        Attempt("local search", edited, Finder.LOCAL_SEARCH, follows=True, thorough=True),
        first,
        Attempt("sum of curves", partial(_curves, "sum of curves"), Finder.CURVES),
        Attempt("product of curves", partial(_curves, "product of curves"), Finder.CURVES),
        *sums,
        Attempt(
            "further reductions",
            partial(_reductions, AT_LENGTH),
            Finder.REDUCTIONS,
            reduces=True,
            skip_if_no_signal=True,
        ),
        *wider,
    )


def over_decades() -> Attempt:
    """A power product times a function of another one, for a target whose errors are in proportion to it."""
    return Attempt("scaling function", _scaling_functions, quick=True)


def _scaling_functions(rows: Partition, context: Context) -> Iterator[Finding]:
    fits = fit_all(formulas("scaling function", rows.sample, context), rows)
    yield from _best(fits, rows, "scaling function", context)


def _network(inputs: int, hidden: Hidden) -> Attempt:
    """A network with one hidden layer."""
    width = [inputs, list(hidden) if isinstance(hidden, tuple) else hidden, 1]
    find = partial(_curves, f"network {hidden}")
    return Attempt(f"kan {width}", find, Finder.KAN, trains=True, skip_if_no_signal=True)


def guessed(guesses: Sequence[sympy.Expr]) -> Attempt:
    """Formulas that somebody thinks of, fitted to the rows; a good one ends the search."""
    return Attempt("guesses", partial(_guesses, tuple(guesses)), Finder.GIVEN, thorough=True)


def _guesses(guesses: Sequence[sympy.Expr], rows: Partition, context: Context) -> Iterator[Finding]:
    yield from _best([fit_constants(guess, rows.sample) for guess in guesses], rows, "guess", context)


def _best(
    fits: Sequence[Fit],
    rows: Partition,
    origin: str,
    context: Context,
    graph: Graph | None = None,
    simpler: bool = False,
) -> Iterator[Finding]:
    """The few fits that describe the rows best, finished; of those that are permitted."""
    return best_of(fits, rows, origin, context.deadline.passed, graph, simpler, context.vocabulary)


def _lines(rows: Partition, context: Context) -> Iterator[Finding]:
    data = rows.fitting
    weights = None if data.sigma is None else data.sigma**-2
    mean = sympy.Float(float(np.average(data.y, weights=weights)))
    yield Finding(judged(mean, rows, "mean"))
    line = mean + sympy.Add(*(sympy.Float(FIRST_SLOPE * (i + 1)) * sympy.Symbol(n) for i, n in enumerate(data.names)))
    if data.rows > len(data.names) + 1:
        yield from _best([fit_constants(line, data)], rows, "line", context)


def _power_law(rows: Partition, context: Context) -> Iterator[Finding]:
    """The best power law; beside a number only where that is exact."""
    fits = [fit_constants(expr, rows.sample) for expr in _exprs("best power law", rows, context)]
    if not rows.small and not any(exact(fit, rows.sample) for fit in fits):
        beside = (fit_constants(expr, rows.sample) for expr in _exprs("power law beside a number", rows, context))
        fits += [fit for fit in beside if exact(fit, rows.sample)]
    yield from _best(fits, rows, "power law", context)


def _solved(
    name: str, rows: Partition, context: Context, *, max_misfit: float = 0.0, many_rows: bool = False
) -> Iterator[Finding]:
    """What a terminal makes of the whole table. many_rows: whether it needs so many that some can be held out."""
    kind = BY_NAME[name]
    if not (rows.small and many_rows):
        noise = noise_floor(rows) if kind.noise == "some" and is_noisy(rows) else 0.0
        exprs = _exprs(name, rows, replace(context, noise=noise, max_misfit=max_misfit))
        yield from _best(fit_all(exprs, rows), rows, kind.title, context)


def _exprs(name: str, rows: Partition, context: Context) -> Iterator[sympy.Expr]:
    return formulas(name, rows.sample, replace(context, thorough=True))


def _waves(rows: Partition, context: Context) -> Iterator[Finding]:
    """The shortest sum of waves, and the longest as it is: each of its waves has been tested.

    On all rows, since few say little of a wave. Whether a surrogate sees anything is not asked: it follows no fast one.
    """
    fits = fit_all(formulas("sum of waves", rows.kept, context), rows)
    if not fits:
        return
    shortest = min(fits, key=lambda fit: fit_length(fit, rows.sample))
    if len(fits[-1].expr.atoms(sympy.cos)) > len(shortest.expr.atoms(sympy.cos)):
        yield Finding(judged(fits[-1].expr, rows, "sum of waves"))
    finished = finish(shortest, rows, "sum of waves", context.deadline.passed, whole=True)
    yield Finding(finished, conclusive=simple_waves(finished.expr, float(np.ptp(rows.kept.X))))


def _one_input(rows: Partition, context: Context) -> Iterator[Finding]:
    for noise in (noise_floor(rows),) if is_noisy(rows) else (0.0, SLIGHT_NOISE):
        exprs = _exprs("function of one input", rows, replace(context, noise=noise))
        yield from _best(fit_all(exprs, rows), rows, "one input", context, simpler=True)


def _parametric_curve(kind: str, rows: Partition, context: Context) -> Iterator[Finding]:
    """Growth, peaks, saturation and the like, where the rows are of this kind: few, noisy or clean.

    So the attempt has its place: what looks for exact laws comes first, but where there is noise.
    """
    if kind == ("few" if rows.small else "noisy" if is_noisy(rows) else "clean"):
        noise = noise_floor(rows) if kind == "noisy" else 0.0
        fits = fit_all(_exprs("parametric curve", rows, replace(context, noise=noise)), rows)
        yield from _best(distinct(fits), rows, "parametric curve", context, simpler=True)


def _curves(name: str, rows: Partition, context: Context) -> Iterator[Finding]:
    """Graphs of curves with functions in their place, where they explain nearly as much as a surrogate."""
    graphs = BY_NAME[name].graphs
    assert graphs is not None
    for graph in graphs(rows.sample, rows.judging, replace(context, noise=noise_floor(rows))):
        if _plausible(graph, rows) and not context.expired():
            yield from _read(graph, rows, context)


def _plausible(graph: Graph, rows: Partition) -> bool:
    """Whether a structure explains nearly as much as the best surrogate does: no formula can be better than it."""
    floor = noise_floor(rows)
    return graph.error < min(PLAUSIBLE_MOST, PLAUSIBLE * floor + PLAUSIBLE_LEAST if floor else PLAUSIBLE_MOST)


def _shared(find: Find, rows: Partition, context: Context) -> Iterator[Finding]:
    """What is found in a share of the time, so that something else has its turn."""
    deadline = context.deadline
    yield from find(rows, replace(context, deadline=deadline.share(deadline.budget.reductions)))


def _reductions(steps: int, rows: Partition, context: Context) -> Iterator[Finding]:
    """The exact formula if the search comes to one, otherwise the few best it met."""
    if rows.small:
        return
    routes: list[Route] = []
    for some in _searched(steps, rows, context):
        routes += some
        if any(exact(route.fit, rows.sample) for route in routes):
            break
    routes.sort(key=lambda route: fit_length(route.fit, rows.sample))
    routes = list(islice((route for route in routes if rows.allows(route.fit.expr)), ROUTES + EDITED))
    for number, route in enumerate(routes[:ROUTES]):
        origin = "reductions: " + " → ".join(step.what for step in route.path)
        if not number:  # finishing may take longer than there is time for
            yield Finding(judged(route.fit.expr, rows, origin), path=route.path, unfinished=True, finder=_finder(route))
        yield Finding(finish(route.fit, rows, origin, context.deadline.passed), path=route.path, finder=_finder(route))
        if exact(route.fit, rows.sample):
            return
    for route in routes[ROUTES : ROUTES + EDITED]:  # not worth finishing, but a law may be near one
        origin = "reductions: " + " → ".join(step.what for step in route.path)
        yield Finding(judged(route.fit.expr, rows, origin), path=route.path, finder=_finder(route))


def _finder(route: Route) -> Finder:
    """What found the structure: reductions, or the solver that is the last step where there were none before it."""
    return Finder.REDUCTIONS if len(route.path) > 1 else Finder.TERMINALS


def _searched(steps: int, rows: Partition, context: Context) -> Iterator[Iterator[Route]]:
    """What the searches come to, in turn. What a surrogate misses may be noise, or more than it can follow.

    So exact laws are looked for first unless it looks like noise, less long the more it does, and at length in the end.
    """
    known = replace(context, noise=known_noise(rows), digits=digits_noise(rows))
    exactly = ExactSearch.of(rows.sample, known)
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
    yield from _best(fits, rows, graph.origin, context, with_matches(graph, matches))
