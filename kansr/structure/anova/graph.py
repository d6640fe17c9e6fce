"""The sparse ANOVA as a pruned network: a curve from each input to the target, and product nodes for interactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import sympy

from kansr.expression.evaluate import Tape
from kansr.expression.render import render
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.structure.anova.components import Component
from kansr.structure.anova.evidence import Anova
from kansr.structure.anova.terms import Rows, Sum

POINTS = 200  # samples of each curve
PRODUCT_SHARE = 0.05  # of the variance of an interaction, below which a product of its decomposition is left out


def anova_graph(
    anova: Anova, named: Sum, rows: Rows, names: Sequence[str], target: str, origin: str, error: float
) -> Graph | None:
    """The graph of an ANOVA of these rows, in raw units; None where the sum that it led to has other inputs.

    named: that sum, whose terms are what curves match; error: relative rms on held-out rows. An interaction is a sum of
    products of two curves, from the singular values of its coefficients. The importance of an edge is the spread of
    what it, or the product that it is a factor of, adds to the target.
    """
    if not anova.components or {i for t in named.terms for i in t.inputs} != set(anova.inputs):
        return None
    builder = _Builder(anova, named, rows, names, target)
    builder.main_effects()
    for place, component in enumerate(anova.components):
        if component.is_pair:
            builder.products(place, component)
    return builder.graph(origin, error)


@dataclass(eq=False)
class _Builder:
    """Collects product nodes and edges. constant: what is still to be added to an edge that ends in the target."""

    anova: Anova
    named: Sum
    rows: Rows
    names: Sequence[str]
    target: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def __post_init__(self) -> None:
        pairs = [k for k, c in enumerate(self.anova.components) if c.is_pair]
        self.constant = self.anova.mean - sum(float(self.anova.centres[k] @ self.anova.coefficients[k]) for k in pairs)

    def taken(self) -> float:
        """The constant, the first time."""
        constant, self.constant = self.constant, 0.0
        return constant

    def main_effects(self) -> None:
        for i in self.anova.inputs:
            own = [k for k, c in enumerate(self.anova.components) if c.inputs == (i,)]
            if own:
                values = sum((self.anova.part(k, self.rows.U) for k in own), np.full(len(self.rows.y), self.taken()))
                self.edges.append(self.edge(i, self.target, values, self.match((i,))))

    def products(self, place: int, component: Component) -> None:
        """The products that an interaction is a sum of, those of much variance."""
        i, j = component.inputs
        first, second = (self.anova.design.paired(k, self.rows.U[:, k]) for k in (i, j))
        coefficients = self.anova.coefficients[place].reshape(first.shape[1], second.shape[1])
        left, sizes, right = np.linalg.svd(coefficients, full_matrices=False)
        factors = [(first @ left[:, r], size * (second @ right[r])) for r, size in enumerate(sizes)]
        variances = np.array([np.var(f * g) for f, g in factors])
        for f, g in (factors[r] for r in np.flatnonzero(variances >= PRODUCT_SHARE * variances.sum())):
            name = f"h{len(self.nodes) + 1}"
            self.nodes.append(Node(name, NodeType.PRODUCT))
            product = f * g
            into = [replace(self.edge(k, name, v), importance=float(np.std(product))) for k, v in ((i, f), (j, g))]
            x = np.sort(product)[evenly_spaced_rows(len(product), POINTS)]
            self.edges += [*into, Edge(name, self.target, x, x + self.taken(), 0.0, float(np.std(product)))]

    def edge(self, i: int, target: str, values: Array, match: sympy.Expr | None = None) -> Edge:
        """The edge that carries values, (rows,), as a curve of one input; its importance is the spread of these."""
        order = np.argsort(self.rows.U[:, i], kind="stable")
        order = order[evenly_spaced_rows(len(order), POINTS)]
        x = self.rows.U[order, i] * self.rows.spreads[i] + self.rows.means[i]
        y = values[order]
        said = "" if match is None else render(_beside(match, self.names[i], x, y))
        return Edge(self.names[i], target, x, y, 0.0, float(np.std(values)), said)

    def match(self, inputs: tuple[int, ...]) -> sympy.Expr | None:
        """The terms of the named sum in one input, where no other term is in it too."""
        near = [k for k, t in enumerate(self.named.terms) if set(inputs) & set(t.inputs)]
        if not near or any(self.named.terms[k].inputs != inputs for k in near):
            return None
        weights = np.append(0.0, self.named.weights[[k + 1 for k in near]])
        some = replace(self.named, terms=tuple(self.named.terms[k] for k in near), weights=weights)
        raw = self.rows.U * self.rows.spreads + self.rows.means
        return some.written(self.rows, self.names, raw, some(self.rows.U))

    def graph(self, origin: str, error: float) -> Graph:
        largest = max(edge.importance for edge in self.edges) or 1.0
        used = [self.names[i] for i in self.anova.inputs]
        return Graph(
            (*(Node(name, NodeType.INPUT) for name in used), *self.nodes, Node(self.target, NodeType.SUM)),
            tuple(replace(edge, importance=edge.importance / largest) for edge in self.edges),
            origin,
            error,
        )


def _beside(match: sympy.Expr, name: str, x: Array, y: Array) -> sympy.Expr:
    """The match with an offset that gives it the mean of the curve."""
    values = Tape(match, (name,)).value(x[:, None])
    return match + sympy.Float(float(np.mean(y) - np.mean(values)))
