"""The expression a graph computes once each of its edges is replaced by a formula."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from kansr.graph import Graph, NodeType
from kansr.symbolic.match import EdgeFit


def compose(graph: Graph, fits: Sequence[EdgeFit]) -> sympy.Expr:
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
