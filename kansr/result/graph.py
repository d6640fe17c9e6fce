"""The structure found in the data: inputs, nodes, and edges that carry a sampled curve each."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.errors import DataError
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.result.derivation import Step
from kansr.result.json_value import Value

WRITTEN = 33  # points of a curve in JSON


class NodeType(enum.Enum):
    """How a node makes one value of the curves that run into it."""

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
    name: str
    type: NodeType


@dataclass(frozen=True, eq=False)
class Edge:
    """A univariate function from one node to another, known by samples.

    x, y: (samples,), x ascending and spread like the data that pass through the edge; `error`: the rms error of y
    as far as it is known, in the units of y; `importance`: how much the edge matters, the largest of a graph is 1;
    `match`: the function of the source that comes closest to the curve, in the formula language; empty if not known.
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
    """Nodes in topological order (inputs first, the target last) and the edges between them.

    Input nodes carry the units of the table, and so does the last node: nothing after the graph needs to know that
    values were ever scaled. `origin` says what found it ("kan [2, 1, 1]"), `error` is its rms error on held-out rows
    over the target's standard deviation. `path` says how the formula was found, step by step, with the evidence.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    origin: str
    error: float
    path: tuple[Step, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.nodes if node.type is NodeType.INPUT)

    def into(self, name: str) -> Iterator[int]:
        """The positions of the edges that end in the node `name`."""
        return (i for i, edge in enumerate(self.edges) if edge.target == name)

    def to_dict(self) -> dict[str, Any]:
        """The graph as plain values, for JSON; of long curves, WRITTEN points."""
        return {
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
        """The graph in a JSON object that `to_dict` wrote; raises DataError where it is none."""
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
        return cls(nodes, edges, value["origin"].text(), value["error"].number(math.inf), path)

    @classmethod
    def from_dict(cls, data: Any) -> Graph:
        """The graph that `to_dict` gave, but for the points of curves that it left out."""
        return cls.read(Value(data, "structure"))


def _edge(value: Value, places: Mapping[str, int]) -> Edge:
    """An edge between two of the nodes, whose places in topological order are given."""
    source, target = value["source"].text(), value["target"].text()
    if places.get(source, len(places)) >= places.get(target, -1):
        raise DataError(
            f"{value.where} must run from a node to a later one, not from {source[:40]!r} to {target[:40]!r}"
        )
    x = np.array([item.number() for item in value["x"]])
    y = np.array([item.number(math.nan) for item in value["y"]])
    if len(x) != len(y) or not len(x) or (np.diff(x) < 0).any():
        raise DataError(f"{value.where}: a curve has as many x, which ascend, as y")
    match = "" if value["match"].absent else value["match"].text()
    return Edge(source, target, x, y, value["error"].number(math.inf), value["importance"].number(), match)


def _written(x: Array) -> NDArray[np.intp]:
    """The points of a curve that go into JSON."""
    return evenly_spaced_rows(len(x), WRITTEN, nearest=True)
