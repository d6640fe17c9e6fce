"""Networks as structure finders: grown under transforms of the target, read, and finished like any other formula."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import sympy

from kansr.formula.judge.exactness import exact
from kansr.numeric.spline_basis import samples
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.search.attempt import Finding
from kansr.search.finish import best_of, fit_all
from kansr.search.noise_floor import noise_floor
from kansr.search.partition import Partition
from kansr.structure.context import Context
from kansr.structure.networks.growth import Grown, grown_networks
from kansr.structure.networks.product_network import factor_input, sizes_of_other_factors
from kansr.structure.networks.spans import Span, names_of, span_of
from kansr.structure.networks.terms import sum_of_terms

PLAUSIBLE, LEAST = 3.0, 3e-3  # times the noise floor, and error over the spread, up to which a network may be the law
COMBINATIONS = 16  # of names of all inputs that are tried
SUMMED = "h"  # the name of the node that holds the transformed target


def grown_network(rows: Partition, context: Context) -> Iterator[Finding]:
    """Formulas of networks that grow by one product at a time, under transforms of the target."""
    if rows.small:
        return
    enough = max(LEAST, PLAUSIBLE * noise_floor(rows))
    for grown in grown_networks(rows.sample, rows.judging, context.seed, enough, context.expired):
        graph = _graph(grown, rows)
        fits = fit_all(_formulas(grown, rows, context), rows)
        yield from best_of(
            fits, rows, graph.origin, context.deadline.passed, graph, simpler=False, vocabulary=context.vocabulary
        )
        if any(exact(fit, rows.sample) for fit in fits) or context.expired():
            return


def _graph(grown: Grown, rows: Partition) -> Graph:
    """The network as a graph in the units of the table, with the way back from the transformed target."""
    from kansr.kan.reading.trace import trace

    data = rows.sample
    inner = trace(grown.model, data.X, data.names, SUMMED, error=grown.t_error)
    origin = f"{grown.model.describe()} of {grown.transform.name}"
    h = samples(grown.transform.forward(grown.sign * data.y))
    out = Edge(SUMMED, data.target, (h - grown.mean) / grown.scale, grown.sign * grown.transform.inverse(h))
    return Graph((*inner.nodes, Node(data.target, NodeType.SUM)), (*inner.edges, out), origin, grown.error)


def _formulas(grown: Grown, rows: Partition, context: Context) -> Iterator[sympy.Expr]:
    """Formulas for the target: names for the functions of each input, and the sums of products of them."""
    data = rows.sample
    spans, nodes = _spans(grown, rows)
    named = [names_of(span, context.match.library) for span in spans]
    symbols = [sympy.Symbol(name) for name in data.names]
    t = grown.transform.forward(grown.sign * data.y)
    seen: set[sympy.Expr] = set()
    for chosen in islice(_combinations(named), COMBINATIONS):
        if context.expired():
            return
        names = dict(enumerate(chosen))
        expr = sum_of_terms(data.X, t, names, nodes, grown.t_error, symbols)
        if expr is not None and expr not in seen:
            seen.add(expr)
            yield sympy.Integer(int(grown.sign)) * grown.transform.symbolic(expr)


def _combinations(named: Sequence[Sequence[tuple]]) -> Iterator[list[tuple]]:
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


def _spans(grown: Grown, rows: Partition) -> tuple[list[Span], list[frozenset[int]]]:
    """The space of the curves of each input, and the inputs that each product depends on."""
    import torch

    from kansr.kan.reading.trace import sample_points

    X = torch.from_numpy(np.ascontiguousarray(rows.sample.X))
    first = grown.model.layers[0]
    inputs = X.shape[1]
    sizes = sizes_of_other_factors(grown.model, X)
    spans, active = [], [set[int]() for _ in range(grown.products)]
    for i in range(inputs):
        x = sample_points(rows.sample.X[:, i])
        points = X.mean(0).repeat(len(x), 1)
        points[:, i] = torch.from_numpy(x)
        with torch.no_grad():
            values = first.activations(points)[:, i].numpy()
        columns = [0, *(c for c in range(1, first.out_dim) if factor_input(c, inputs) == i)]
        curves = values[:, columns] * np.array([sizes[c] for c in columns])
        span = span_of(x, curves, grown.t_error)
        spans.append(span)
        for number, curve in enumerate(curves.T[1:]):
            if float(np.std(curve)) > span.error:
                active[number].add(i)
    return spans, [frozenset(one) for one in active]
