"""Draw a result with matplotlib, for notebooks and papers; figures are returned, and no file is written."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from kansr.errors import UsageError
from kansr.formula.fit.error_model import spans_decades
from kansr.result.graph import Edge, Graph, NodeType
from kansr.result.result import Result
from kansr.show.report.charts import shortened
from kansr.show.report.drawing import LETTERS, NAME, SIGNS, label
from kansr.show.report.layout import BOX, TALL, Layout, layout
from kansr.show.report.page import labels_of
from kansr.show.report.plots import EXACT, PlottedRows, shown

PIXELS = 75.0  # of a layout, per inch


class Drawing(Figure):
    """A figure that a notebook shows, also where pyplot is not in use."""

    def _repr_png_(self) -> bytes:
        raw = io.BytesIO()
        self.savefig(raw, format="png", bbox_inches="tight")
        return raw.getvalue()


def figure(discovery: Result, kind: str) -> Figure:
    """The figure of a kind: "law", "front" or "structure". Raises UsageError for any other, or without data for it."""
    if kind not in KINDS:
        raise UsageError(f"there is no plot {kind!r}; there are {', '.join(KINDS)}")
    return KINDS[kind](discovery)


def law(discovery: Result) -> Figure:
    """Measured against predicted values, and residuals against predicted values."""
    rows = shown(discovery)
    if rows is None:
        raise UsageError("this discovery has no rows to draw: they are beside discovery.json, as rows.csv")
    name = plain(labels_of(discovery)[discovery.target])
    drawn = Drawing(figsize=(9.0, 3.8), layout="constrained")
    parity, left = drawn.subplots(1, 2)
    for axes, y in ((parity, rows.y), (left, rows.residual)):
        _dots(axes, rows, y)
        axes.set_xlabel(f"{name}, predicted")
        axes.grid(alpha=0.3)
    values = np.concatenate([rows.y, rows.law])
    if spans_decades(rows.y) and np.nanmin(values) > 0:
        parity.set(xscale="log", yscale="log")
        left.set_xscale("log")
    ends = [float(np.nanmin(values)), float(np.nanmax(values))]
    parity.plot(ends, ends, color="grey", linewidth=0.8, zorder=0)
    parity.set_ylabel(f"{name}, measured")
    left.axhline(0.0, color="grey", linewidth=0.8, zorder=0)
    left.set_ylabel("measured − predicted")
    reach = float(np.nanmax(np.abs(rows.residual[~rows.out]), initial=0.0))
    if reach > 0:  # rows that were left out may be far away
        left.set_ylim(-1.1 * reach, 1.1 * reach)
    if rows.held.any() or rows.out.any():
        parity.legend(fontsize="small")
    return drawn


def front(discovery: Result) -> Figure:
    """1 − held-out r² of each candidate of the front, against its complexity."""
    drawn = Drawing(figsize=(5.5, 3.8), layout="constrained")
    axes = drawn.subplots()
    length = [c.complexity for c in discovery.front]
    left = [min(max(1 - c.r2_held_out, EXACT), 10.0) for c in discovery.front]
    axes.plot(length, left, ":o", color="grey", markersize=5)
    place = list(discovery.front).index(discovery.best)
    axes.plot(length[place], left[place], "o", color="C0", markersize=9, label="chosen")
    axes.set(xlabel="complexity", ylabel="1 − held-out r²", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return drawn


def structure(discovery: Result) -> Figure:
    """The graph, every edge with its curve."""
    graph = discovery.structure
    if graph is None:
        raise UsageError("a constant has no structure to draw")
    titles = {n: discovery.columns.get(n, n) for n in (*discovery.inputs, discovery.target)}
    names = [titles[name] for name in (*graph.inputs, graph.nodes[-1].name)]
    places = layout(graph, min(max(map(len, names)), NAME))
    drawn = Drawing(figsize=(places.width / PIXELS, places.height / PIXELS))
    axes = drawn.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, places.width), ylim=(places.height, 0))
    axes.axis("off")
    for i, at in places.edges.items():
        _edge(axes, graph.edges[i], places, at)
    _nodes(axes, graph, places, titles)
    return drawn


KINDS: Mapping[str, Callable[[Result], Figure]] = {"law": law, "front": front, "structure": structure}


def plain(text: str) -> str:
    """Text with $ escaped, which matplotlib would read as mathematics."""
    return text.replace("$", r"\$")


def _dots(axes: Any, rows: PlottedRows, y: Any) -> None:
    kinds = ((~rows.held & ~rows.out, "grey", "fitted"), (rows.held, "C0", "held out"), (rows.out, "C3", "left out"))
    for part, colour, said in kinds:
        if part.any():
            axes.plot(rows.law[part], y[part], ".", color=colour, alpha=0.6, markersize=5, label=said)


def _edge(axes: Any, edge: Edge, places: Layout, at: tuple[float, float]) -> None:
    (x, y), (x0, y0), (x1, y1) = at, places.nodes[edge.source], places.nodes[edge.target]
    axes.plot([x0, x0 + 30, x - BOX / 2], [y0, y, y], color="grey", linewidth=0.8, zorder=0)
    axes.plot([x + BOX / 2, x1], [y, y1], color="grey", linewidth=0.8, zorder=0)
    corner, style = (x - BOX / 2, y - TALL / 2 - 6), "round,pad=0,rounding_size=5"
    axes.add_patch(FancyBboxPatch(corner, BOX, TALL, boxstyle=style, facecolor="#f6f7f9", edgecolor="#cccccc"))
    reach, across = float(np.ptp(edge.y)) or 1.0, float(np.ptp(edge.x)) or 1.0
    u, v = (edge.x - edge.x.min()) / across - 0.5, (edge.y - edge.y.min()) / reach - 0.5
    axes.plot(x + 0.87 * BOX * u, y - 6 - 0.75 * TALL * v, color="black", linewidth=1.4)
    axes.text(x, y + TALL / 2 + 7, plain(shortened(label(edge), LETTERS)), fontsize=7.5, ha="center", va="center")


def _nodes(axes: Any, graph: Graph, places: Layout, titles: Mapping[str, str]) -> None:
    for node in graph.nodes:
        if node.name not in places.nodes:
            continue
        x, y = places.nodes[node.name]
        name = plain(shortened(titles.get(node.name, node.name), NAME))
        if node.type is NodeType.INPUT:
            axes.plot(x, y, "o", color="black", markersize=4)
            axes.text(x - 9, y, name, ha="right", va="center", fontsize=9)
            continue
        axes.plot(x, y, "o", color="white", markeredgecolor="black", markersize=12)
        axes.text(x, y, SIGNS[node.type], ha="center", va="center_baseline", fontsize=10)
        if node is graph.nodes[-1]:
            axes.text(x + 14, y, name, ha="left", va="center", fontsize=9)
