"""The graph of a law: input, sum and product nodes, joined by edges that carry a sampled curve."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from html import escape
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.errors import DataError
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.result.derivation import Finder, Step
from kansr.result.json_value import Value

JSON_POINTS = 33  # of a curve: enough to draw it
SHOWN = 40  # characters of a name that a message repeats


class NodeType(enum.Enum):
    """How a node combines the curves of the edges that end in it."""

    INPUT = "input"
    SUM = "sum"
    PRODUCT = "product"

    def symbolic(self, terms: list[sympy.Expr]) -> sympy.Expr:
        return sympy.Mul(*terms) if self is NodeType.PRODUCT else sympy.Add(*terms)

    def array(self, terms: list[Array]) -> Array:
        combine: Callable[[Any, Any], Any] = np.multiply if self is NodeType.PRODUCT else np.add
        return reduce(combine, terms)


@dataclass(frozen=True)
class Node:
    """A node. Its name is that of the input or the target, or h1, h2, … for those between."""

    name: str
    type: NodeType


@dataclass(frozen=True, eq=False)
class Edge:
    """A univariate function from one node to another, given by samples: a curve.

    x, y: (samples,), x ascending and distributed as the values of the source on the rows.
    error: the rms error of y, in its unit; 0 where it is not known.
    importance: how much the edge matters, the largest of a graph is 1; more matters more.
    match: the library function closest to the curve, as a formula in the source; "" where none is known.
    """

    source: str
    target: str
    x: Array
    y: Array
    error: float = 0.0
    importance: float = 1.0
    match: str = ""


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in topological order, inputs first and the target last, and the edges between them.

    Inputs and target are in the units of the table, whatever was scaled on the way.
    origin: what found it, such as "kan [2, 1, 1]"; error: relative rms on held-out rows, less is better;
    path: the derivation of the formula; finder: the kind of search that found the structure, None where it is not known
    as of results that earlier versions wrote.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    origin: str
    error: float
    path: tuple[Step, ...] = ()
    finder: Finder | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.nodes if node.type is NodeType.INPUT)

    def into(self, name: str) -> Iterator[int]:
        """The positions in `edges` of those that end in the node `name`."""
        return (i for i, edge in enumerate(self.edges) if edge.target == name)

    def __repr__(self) -> str:
        return "\n".join([f"<Graph found by: {self.origin}>", *(f"  {line}" for line in self._lines())])

    def _repr_html_(self) -> str:
        return (
            f"<p>found by: {escape(self.origin)}</p><ul>{''.join(f'<li>{escape(x)}</li>' for x in self._lines())}</ul>"
        )

    def _lines(self) -> Iterator[str]:
        """A line for each node that is no input: what it adds or multiplies."""
        for node in self.nodes:
            curves = [self.edges[i] for i in self.into(node.name)]
            sign = " * " if node.type is NodeType.PRODUCT else " + "
            if curves:
                yield f"{node.name} = {sign.join(edge.match or f'curve of {edge.source}' for edge in curves)}"

    def to_dict(self) -> dict[str, Any]:
        """The graph as plain values, for JSON, with at most JSON_POINTS points of each curve."""
        return {
            **({"finder": self.finder.value} if self.finder else {}),
            "origin": self.origin,
            "error": self.error,
            "path": [step.to_dict() for step in self.path],
            "nodes": [{"name": n.name, "type": n.type.value} for n in self.nodes],
            "edges": [
                {
                    "source": e.source,
                    "target": e.target,
                    "importance": e.importance,
                    "error": e.error,
                    "match": e.match,
                    "x": e.x[_written(e.x)].tolist(),
                    "y": e.y[_written(e.x)].tolist(),
                }
                for e in self.edges
            ],
        }

    @classmethod
    def read(cls, value: Value) -> Graph:
        """The graph in a JSON object that `to_dict` gave. Raises DataError where it is none."""
        nodes = tuple(Node(item["name"].text(), item["type"].choice(NodeType)) for item in value["nodes"])
        places = {node.name: place for place, node in enumerate(nodes)}
        if len(places) < len(nodes) or not nodes:
            raise DataError(f"{value.where}.nodes: every node needs a name of its own")
        edges = tuple(_edge(item, places) for item in value["edges"])
        ends = {edge.target for edge in edges}
        for node in nodes:
            if (node.type is NodeType.INPUT) == (node.name in ends):
                raise DataError(f"{value.where}: an edge must end in each node but the inputs; see {node.name!r}")
        path = tuple(map(Step.read, value["path"]))
        finder = None if value["finder"].absent else value["finder"].choice(Finder)
        return cls(nodes, edges, value["origin"].text(), value["error"].number(math.inf), path, finder)

    @classmethod
    def from_dict(cls, data: Any) -> Graph:
        """The graph that `to_dict` gave. Raises DataError where it is none."""
        return cls.read(Value(data, "structure"))


def _edge(value: Value, places: Mapping[str, int]) -> Edge:
    """The edge in a JSON object. places: the position of each node in topological order."""
    source, target = value["source"].text(), value["target"].text()
    if places.get(source, len(places)) >= places.get(target, -1):
        raise DataError(
            f"{value.where} must run from a node to a later one, not from {source[:SHOWN]!r} to {target[:SHOWN]!r}"
        )
    x = np.array([item.number() for item in value["x"]])
    y = np.array([item.number(math.nan) for item in value["y"]])
    if len(x) != len(y) or not len(x) or (np.diff(x) < 0).any():
        raise DataError(f"{value.where}: a curve has as many x, which ascend, as y")
    match = "" if value["match"].absent else value["match"].text()
    return Edge(source, target, x, y, value["error"].number(math.inf), value["importance"].number(), match)


def _written(x: Array) -> NDArray[np.intp]:
    """The points of a curve that go into JSON."""
    return evenly_spaced_rows(len(x), JSON_POINTS, nearest=True)
