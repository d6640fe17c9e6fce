"""Networks as structure finders: grown under transforms of the target, read, and finished like any other formula."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.render import readable
from kansr.formula.judge.exactness import exact
from kansr.numeric.spline_basis import samples
from kansr.result.derivation import Measure, Step
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.search.attempt import Finding
from kansr.search.finish import best_of, fit_all
from kansr.search.noise_floor import NOISY, noise_floor
from kansr.search.partition import Partition
from kansr.structure.context import Context
from kansr.structure.networks.growth import Grown, grown_networks
from kansr.structure.networks.hidden_nodes import HiddenNodes, hidden_nodes
from kansr.structure.networks.reading import read, taken_out
from kansr.structure.networks.spans import names_of
from kansr.structure.networks.terms import sum_of_terms
from kansr.structure.terminals.registry import formulas
from kansr.symbolic.matching.match import EdgeFit

PLAUSIBLE, LEAST = 3.0, 3e-3  # times the noise floor, and error over the spread, up to which a network may be the law
COMBINATIONS = 16  # of names of all inputs that are tried
SUMMED = "h"  # the name of the node that holds the transformed target
# Held-out error of a network up to which curves are taken out, by the power of its transform: exponents are rounded,
# so that factors may be exact where the network is not.
NODES = (1, 2)  # hidden nodes of the networks whose nodes become inputs
LINK = "kan [n, 1, 1], its node named"
TAKEN = {0: 0.3, 1: 1e-3}
DIGITS = 3  # of coefficients by which curves that are taken out are told apart
BRANCHES = 3  # sets of curves that are taken out of one table, one instead of another
ROUGH = 2  # networks of the table that are read in the end though they come no nearer to it on finer grids
ALL_NOISE = 1.3  # times the noise floor, up to which a network leaves noise alone
SPLINES_ALONE = 1e-6  # error over the spread up to which a network needs no finer grid to be believed
DEEPEST = 3  # times that curves are taken out, one after another

Named = Sequence[tuple[EdgeFit, ...]]  # sets of functions of one input, the best first
Key = tuple[tuple[int, str, float], ...]  # curves that are taken out: input, function, coefficient
Back = Callable[[sympy.Expr], sympy.Expr]  # a formula for what is left of the target as one for the target


def grown_network(rows: Partition, context: Context) -> Iterator[Finding]:
    """Formulas of networks that grow by one product at a time, under transforms of the target.

    Where none of them is exact, curves of inputs that stand alone are named and taken out of the target, and networks
    of the other inputs are trained on what is left.
    """
    if not rows.small:
        yield from _Search(rows, context).found(rows, lambda expr: expr, ())


@dataclass(eq=False)
class _Search:
    """A search with networks. rows: of the whole table; exact: whether a formula leaves nothing but rounding."""

    rows: Partition
    context: Context
    exact: bool = False

    def found(self, part: Partition, back: Back, path: tuple[Step, ...]) -> Iterator[Finding]:
        """What networks of a part come to: of the table itself, or of what is left of it after the steps of a path."""
        context, floor = self.context, noise_floor(part)
        if path and floor > max(NOISY, ALL_NOISE * noise_floor(self.rows)):  # what was taken out was not in the law
            return
        enough = max(LEAST, PLAUSIBLE * floor)
        rough: list[Grown] = []
        tried: set[Key] = set()
        for grown in grown_networks(part.sample, part.judging, context.seed, enough, context.expired):
            if _is_sure(grown, floor):
                yield from self._finished(grown, part, back, path)
            elif grown.error < enough:
                rough.append(grown)
            if not self.exact and len(path) < DEEPEST and len(tried) < BRANCHES:
                yield from self._further(grown, part, back, path, tried)
            if self.exact or context.expired():
                return
        for count in NODES if len(part.sample.names) > 1 and len(path) < DEEPEST else ():
            if not self.exact and not context.expired() and count < len(part.sample.names):
                yield from self._linked(count, part, back, path)
        for grown in sorted(rough, key=lambda grown: grown.rank)[:ROUGH] if not path else ():
            if not self.exact and not context.expired():
                yield from self._finished(grown, part, back, path)

    def _linked(self, count: int, part: Partition, back: Back, path: tuple[Step, ...]) -> Iterator[Finding]:
        """What a network of so many hidden nodes comes to, when its nodes are named and become the inputs."""
        context, data = self.context, part.sample
        options = hidden_nodes(data, part.judging, count, context.seed, context.match.library, context.expired)
        for nodes in options:
            if not self.exact and not context.expired():
                yield from self._of_nodes(nodes, part, back, path)

    def _of_nodes(self, nodes: HiddenNodes, part: Partition, back: Back, path: tuple[Step, ...]) -> Iterator[Finding]:
        count = len(nodes.exprs)
        said = f"network: curves of {', '.join(map(readable, nodes.exprs))}"
        steps = (*path, Step(said, Measure.HELD_OUT, nodes.error))
        names = tuple(f"u{number}" for number in range(1, count + 1))
        known = dict(zip(map(sympy.Symbol, names), nodes.exprs))

        def reduced(rows: Dataset) -> Dataset:
            X = np.column_stack([Tape(expr, rows.names).value(rows.X) for expr in nodes.exprs])
            return Dataset(X, rows.y, names, rows.target)

        def whole(expr: sympy.Expr) -> sympy.Expr:
            return back(expr.xreplace(known))

        smaller = part.reduced(reduced)
        if not np.isfinite(smaller.table.X).all():
            return
        if count > 1:
            yield from self.found(smaller, whole, steps)
        else:
            yield from self._one_curve(smaller, whole, steps, 0.0 if nodes.exact else nodes.error)

    def _one_curve(self, part: Partition, back: Back, path: tuple[Step, ...], noise: float) -> Iterator[Finding]:
        """The functions that a curve of one input may be."""
        rows, context = self.rows, replace(self.context, noise=noise)
        for name in ("plain function of one input", "function of one input"):
            fits = fit_all(map(back, formulas(name, part.sample, replace(context, thorough=True))), rows)
            self.exact = self.exact or any(exact(fit, rows.sample) for fit in fits)
            for finding in best_of(fits, rows, LINK, context.deadline.passed, vocabulary=context.vocabulary):
                yield replace(finding, path=path)
            if self.exact or context.expired():
                return

    def _finished(self, grown: Grown, part: Partition, back: Back, path: tuple[Step, ...]) -> Iterator[Finding]:
        rows, context = self.rows, self.context
        graph = _graph(grown, part.sample)
        fits = fit_all(map(back, _formulas(grown, part.sample, context)), rows)
        self.exact = self.exact or any(exact(fit, rows.sample) for fit in fits)
        steps = (*path, Step(graph.origin, Measure.HELD_OUT, grown.error))
        passed, own = context.deadline.passed, None if path else graph
        for finding in best_of(fits, rows, graph.origin, passed, own, vocabulary=context.vocabulary):
            yield replace(finding, path=steps)

    def _further(
        self, grown: Grown, part: Partition, back: Back, path: tuple[Step, ...], tried: set[Key]
    ) -> Iterator[Finding]:
        """What is found when sure curves are taken out. tried: which have been, added to"""
        if grown.transform.power not in TAKEN or grown.error > TAKEN[grown.transform.power]:
            return
        reading, names = read(grown, part.sample.X), part.sample.names
        curves: dict[int, EdgeFit] = {}
        for i in reading.alone:
            sets = names_of(reading.spans[i], self.context.match.library)
            if sets and len(sets[0]) == 1:
                curves[i] = sets[0][0]
        taken = taken_out(grown, reading, curves, part.sample)
        key = tuple((i, fit.function.name, round(c, DIGITS)) for i, fit, c in taken.curves) if taken else ()
        if taken is None or key in tried:
            return
        tried.add(key)
        step = Step(taken.step(names), Measure.HELD_OUT, grown.error)
        yield from self.found(part.reduced(taken.left), lambda expr: back(taken.whole(expr, names)), (*path, step))


def _is_sure(grown: Grown, floor: float) -> bool:
    """Whether a network has the structure of the law: what it misses is noise, or what splines miss."""
    return grown.error < ALL_NOISE * floor if floor > NOISY else grown.converging or grown.error < SPLINES_ALONE


def _graph(grown: Grown, data: Dataset) -> Graph:
    """The network as a graph in the units of the table, with the way back from the transformed target."""
    from kansr.kan.reading.trace import trace

    inner = trace(grown.model, grown.coordinates(data.X), data.names, SUMMED, error=grown.t_error)
    logs = {name for name, log in zip(data.names, grown.logs) if log}
    edges = (replace(edge, x=np.exp(edge.x)) if edge.source in logs else edge for edge in inner.edges)
    origin = f"{grown.model.describe()} of {grown.transform.name}"
    h = samples(grown.transform.forward(grown.sign * data.y))
    out = Edge(SUMMED, data.target, (h - grown.mean) / grown.scale, grown.sign * grown.transform.inverse(h))
    return Graph((*inner.nodes, Node(data.target, NodeType.SUM)), (*edges, out), origin, grown.error)


def _formulas(grown: Grown, data: Dataset, context: Context) -> Iterator[sympy.Expr]:
    """Formulas for the target: the sums of products of the functions that the inputs' curves may be."""
    reading = read(grown, data.X)
    named = [names_of(span, context.match.library) for span in reading.spans]
    symbols = [sympy.Symbol(name) for name in data.names]
    t = grown.transform.forward(grown.sign * data.y)
    seen: set[sympy.Expr] = set()
    for chosen in islice(_combinations(named), COMBINATIONS):
        if context.expired():
            return
        expr = sum_of_terms(data.X, t, dict(enumerate(chosen)), reading.products, grown.t_error, symbols)
        if expr is not None and expr not in seen:
            seen.add(expr)
            yield sympy.Integer(int(grown.sign)) * grown.transform.symbolic(expr)


def _combinations(named: Sequence[Named]) -> Iterator[list[tuple[EdgeFit, ...]]]:
    """One set of names for each input, the least sum of ranks first."""
    if not all(named):
        return
    start = (0,) * len(named)
    heap, seen = [(0, start)], {start}
    while heap:
        total, index = heapq.heappop(heap)
        yield [named[i][k] for i, k in enumerate(index)]
        for i in range(len(index)):
            following = (*index[:i], index[i] + 1, *index[i + 1 :])
            if following[i] < len(named[i]) and following not in seen:
                seen.add(following)
                heapq.heappush(heap, (total + 1, following))
