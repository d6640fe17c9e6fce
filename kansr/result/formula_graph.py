"""The graph of an expression: its sums and products are nodes, univariate functions of one node are edges."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.render import render
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.result.graph import Edge, Graph, Node, NodeType

POINTS = 200  # samples of each curve


def formula_graph(expr: sympy.Expr, data: Dataset, origin: str, error: float) -> Graph | None:
    """The graph of `expr`, each curve sampled on the rows of `data`; None for a constant.

    origin: what found the formula; error: its relative rms on held-out rows.
    """
    if not expr.free_symbols:
        return None
    builder = _GraphBuilder(data)
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
    """The subexpression that `expr` is a univariate function of: an input, or a sum or product of several inputs."""
    if len(expr.free_symbols) == 1:
        return next(iter(expr.free_symbols))
    parts = [arg for arg in expr.args if arg.free_symbols]
    if len(parts) == 1:
        return _core(parts[0])
    if expr.is_Pow:  # a**b with inputs in both is a function of log(a)·b
        return sympy.Mul(sympy.log(expr.base), expr.exp)
    return expr


def _over(core: sympy.Expr, expr: sympy.Expr, source: str) -> sympy.Expr:
    """`expr` with its core replaced by the symbol `source`: the function on an edge."""
    powers = expr.atoms(sympy.Pow)
    expr = expr.xreplace({p: sympy.exp(core) for p in powers if core == sympy.Mul(sympy.log(p.base), p.exp)})
    return expr.xreplace({core: sympy.Symbol(source)})


@dataclass
class _GraphBuilder:
    """Collects nodes and edges from the expression, from the target down to the inputs."""

    data: Dataset
    nodes: list[Node] = field(default_factory=list)  # without the inputs; each after those it depends on
    edges: list[Edge] = field(default_factory=list)
    names: dict[sympy.Expr, str] = field(default_factory=dict)

    def node(self, expr: sympy.Expr, name: str | None = None) -> str:
        """The name of the node that computes `expr`; the node and its edges are added if they are new."""
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
        """Adds the edge that carries `expr` as a function of `core`, from the node of the core to `target`."""
        source = self.node(core)
        x, y = self._values(core), self._values(expr)
        good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        order = good[np.argsort(x[good], kind="stable")]
        order = order[evenly_spaced_rows(len(order), POINTS)]
        self.edges.append(Edge(source, target, x[order], y[order], match=render(_over(core, expr, source))))

    def _values(self, expr: sympy.Expr) -> Array:
        """The values on the rows, (rows,)."""
        return Tape(expr, self.data.names).value(self.data.X)
