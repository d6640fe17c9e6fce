"""The graph of a formula: its sums and products as nodes, everything that depends on one of them alone as an edge."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.render import render
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.result.graph import Edge, Graph, Node, NodeType

POINTS = 200  # of each curve


def formula_graph(expr: sympy.Expr, data: Dataset, origin: str, error: float) -> Graph | None:
    """The structure of `expr`, with every curve sampled on the rows of `data`; None for a constant."""
    if not expr.free_symbols:
        return None
    builder = _Builder(data)
    core = _core(expr)
    if core == expr and not expr.is_Symbol:
        builder.node(expr, data.target)
    else:
        builder.nodes.append(Node(data.target, NodeType.SUM))
        builder.edge(core, expr, data.target)
    used = {str(symbol) for symbol in expr.free_symbols}
    inputs = (Node(name, NodeType.INPUT) for name in data.names if name in used)
    target = builder.nodes.index(next(node for node in builder.nodes if node.name == data.target))
    nodes = [*inputs, *builder.nodes[:target], *builder.nodes[target + 1 :], builder.nodes[target]]
    return Graph(tuple(nodes), tuple(builder.edges), origin, error)


def _core(expr: sympy.Expr) -> sympy.Expr:
    """The one thing that `expr` depends on: an input, or a sum or product that involves several."""
    if len(expr.free_symbols) == 1:
        return next(iter(expr.free_symbols))
    parts = [arg for arg in expr.args if arg.free_symbols]
    if len(parts) == 1:
        return _core(parts[0])
    if expr.is_Pow:  # a**b with inputs in both is a function of log(a)·b
        return sympy.Mul(sympy.log(expr.base), expr.exp)
    return expr


def _over(core: sympy.Expr, expr: sympy.Expr, source: str) -> sympy.Expr:
    """`expr` as a function of the one thing that it depends on, called `source`."""
    powers = expr.atoms(sympy.Pow)
    expr = expr.xreplace({p: sympy.exp(core) for p in powers if core == sympy.Mul(sympy.log(p.base), p.exp)})
    return expr.xreplace({core: sympy.Symbol(source)})


@dataclass
class _Builder:
    data: Dataset
    nodes: list[Node] = field(default_factory=list)  # without the inputs, each after what it depends on
    edges: list[Edge] = field(default_factory=list)
    names: dict[sympy.Expr, str] = field(default_factory=dict)

    def node(self, expr: sympy.Expr, name: str | None = None) -> str:
        """The name of the node that computes `expr`, made with all that runs into it."""
        if expr.is_Symbol:
            return str(expr)
        if expr not in self.names:
            kind = NodeType.PRODUCT if expr.is_Mul else NodeType.SUM
            number = sympy.Mul(*(a for a in expr.args if not a.free_symbols)) if expr.is_Mul else expr.as_coeff_Add()[0]
            parts = [arg for arg in expr.args if arg.free_symbols]
            name = name or f"h{len(self.names) + 1}"
            self.names[expr] = name
            parts[0] = sympy.Mul(number, parts[0]) if expr.is_Mul else sympy.Add(number, parts[0])
            for part in parts:
                self.edge(_core(part), part, name)
            self.nodes.append(Node(name, kind))
        return self.names[expr]

    def edge(self, core: sympy.Expr, expr: sympy.Expr, target: str) -> None:
        """The curve of `expr` over `core`, from the core's node to `target`."""
        source = self.node(core)
        x, y = self._values(core), self._values(expr)
        good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        order = good[np.argsort(x[good], kind="stable")]
        order = order[evenly_spaced_rows(len(order), POINTS)]
        self.edges.append(Edge(source, target, x[order], y[order], match=render(_over(core, expr, source))))

    def _values(self, expr: sympy.Expr) -> Array:
        return Tape(expr, self.data.names).value(self.data.X)
