"""The expression a graph computes once each of its edges is replaced by a formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import sympy

from kansr.result.graph import Graph, NodeType


class Curve(Protocol):
    """A formula for a curve, such as a fit from the library."""

    def expr(self, x: sympy.Expr) -> sympy.Expr: ...


def compose(graph: Graph, fits: Sequence[Curve]) -> sympy.Expr:
    """fits: one for each edge of the graph, in its order."""
    value: dict[str, sympy.Expr] = {}
    for node in graph.nodes:  # inputs first
        if node.type is NodeType.INPUT:
            value[node.name] = sympy.Symbol(node.name)
        else:
            value[node.name] = node.type.symbolic(
                [fits[i].expr(value[graph.edges[i].source]) for i in graph.into(node.name)]
            )
    return value[graph.nodes[-1].name]
