"""Lay out a graph for drawing, inputs on the left and the target on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kansr.result.graph import Graph, NodeType

# In pixels.
BOX, TALL = 96.0, 48.0  # width and height of the box of a curve
WIRE, ROW = 40.0, 76.0  # width for wires on either side of it, and height of a row
LETTER, SPARE = 8.2, 24.0  # width of a letter of a name, and of the space beside the name

Point = tuple[float, float]  # (x, y)


@dataclass(frozen=True)
class Layout:
    """nodes: the centre of each node, by name; edges: the centre of each box, by position in the graph; in pixels."""

    nodes: Mapping[str, Point]
    edges: Mapping[int, Point]
    width: float
    height: float


def layout(graph: Graph, longest: int) -> Layout:
    """Places for the nodes and edges that the target depends on.

    Every edge from an input has a row of its own, and a node is in the middle of the edges that end in it.
    longest: letters of the longest name beside a node.
    """
    room = SPARE + LETTER * longest
    level = _levels(graph)
    rows: dict[int, float] = {}
    middle: dict[str, float] = {}
    free = iter(range(len(graph.edges)))

    def place(name: str) -> float:
        if name not in middle:
            for i in graph.into(name):
                source = graph.edges[i].source
                inner = level[source] > 0 and source not in middle
                rows[i] = place(source) if inner else ROW * next(free)
            middle[name] = float(np.mean([rows[i] for i in graph.into(name)] or [0.0]))
        return middle[name]

    target = graph.nodes[-1].name
    place(target)
    middle.update(_inputs(graph, rows))
    across = {name: room + level[name] * (BOX + 2 * WIRE) for name in middle}
    edges = {i: (across[graph.edges[i].target] - WIRE - BOX / 2, y) for i, y in rows.items()}
    low, high = min([*rows.values(), *middle.values()]), max([*rows.values(), *middle.values()])
    shift = ROW / 2 - low
    return Layout(
        {name: (across[name], y + shift) for name, y in middle.items()},
        {i: (x, y + shift) for i, (x, y) in edges.items()},
        across[target] + room,
        high + shift + ROW / 2,
    )


def _levels(graph: Graph) -> dict[str, int]:
    """The level of each node: 0 for inputs, else one more than the highest level of its sources."""
    level: dict[str, int] = {}
    for node in graph.nodes:
        level[node.name] = max((level[graph.edges[i].source] + 1 for i in graph.into(node.name)), default=0)
    return level


def _inputs(graph: Graph, rows: Mapping[int, float]) -> dict[str, float]:
    """The y of each input: in the middle of the edges from it, and apart from other inputs as far as there is room."""
    wanted: dict[str, list[float]] = {}
    for i, y in rows.items():
        wanted.setdefault(graph.edges[i].source, []).append(y)
    inputs = {node.name for node in graph.nodes if node.type is NodeType.INPUT}
    order = sorted((float(np.mean(ys)), name) for name, ys in wanted.items() if name in inputs)
    room = (ROW + max(rows.values()) - min(rows.values())) / max(len(order), 1)
    return dict(zip((name for _, name in order), _apart([y for y, _ in order], min(ROW, room))))


def _apart(places: Sequence[float], distance: float) -> list[float]:
    """The places, ascending, moved to at least `distance` from each other, their mean unchanged."""
    moved: list[float] = []
    for y in places:
        moved.append(max(y, moved[-1] + distance) if moved else y)
    drift = float(np.mean(moved) - np.mean(places)) if moved else 0.0
    return [y - drift for y in moved]
