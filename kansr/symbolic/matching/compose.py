"""Compose the expression of a graph whose edges are replaced by formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import sympy

from kansr.result.graph import Graph, NodeType


class Curve(Protocol):
    """A formula for the curve of an edge, such as an EdgeFit."""

    def expr(self, x: sympy.Expr) -> sympy.Expr: ...


def compose(graph: Graph, fits: Sequence[Curve]) -> sympy.Expr:
    """The expression of the graph's last node. fits: one for each edge, in the order of the graph."""
    value: dict[str, sympy.Expr] = {}
    for node in graph.nodes:  # inputs first
        if node.type is NodeType.INPUT:
            value[node.name] = sympy.Symbol(node.name)
        else:
            value[node.name] = node.type.symbolic(
                [fits[i].expr(value[graph.edges[i].source]) for i in graph.into(node.name)]
            )
    return value[graph.nodes[-1].name]
