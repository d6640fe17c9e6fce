"""Draw a graph as SVG: every edge as a box with its curve, and the function that matches it below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import sympy
from markupsafe import Markup, escape

from kansr.errors import FormulaError
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.expression.render import mathematics
from kansr.numeric.arrays import Array
from kansr.result.graph import Edge, Graph, NodeType
from kansr.show.report.charts import path, picture, shortened, words
from kansr.show.report.layout import BOX, TALL, Layout, Point, layout

SIGNS = {NodeType.SUM: "+", NodeType.PRODUCT: "×"}
INSET = 6.0  # pixels between a curve and its box
FAINTEST = 0.35  # opacity of the least important edge
DIFFERENT = 1e-3  # rms difference of match and curve over the range of the curve, from which both are drawn
FLAT = 1e-9  # range of a curve over its largest value, up to which it is drawn as constant
LETTERS, NAME = 24, 20  # letters shown of a match, and of a node's name
SHORT_NAME = 8  # letters up to which a name is shown in a match; longer ones are x there


def drawing(graph: Graph, titles: Mapping[str, str]) -> Markup:
    """The graph as SVG. titles: what to call a node, where that is not its name."""
    names = [titles.get(name, name) for name in (*graph.inputs, graph.nodes[-1].name)]
    places = layout(graph, min(max(map(len, names)), NAME))
    share = shares(graph)
    parts = [
        *(_wires(edge, places, i) for i, edge in enumerate(graph.edges) if i in places.edges),
        *(_box(edge, places.edges[i], share.get(i)) for i, edge in enumerate(graph.edges) if i in places.edges),
        *_nodes(graph, places, titles),
    ]
    said = f"Network from {', '.join(graph.inputs)} to {graph.nodes[-1].name}, with the curve on every edge"
    return picture(places.width, places.height, parts, said)


def shares(graph: Graph) -> dict[int, float]:
    """The share of each curve in what the curves of a sum vary, for the edges that end in the target; by position.

    Samples lie as the values of the source do, so the variance of a curve is that over the rows.
    """
    last = graph.nodes[-1]
    variances = {i: float(np.var(graph.edges[i].y)) for i in graph.into(last.name)}
    total = sum(variances.values())
    if last.type is not NodeType.SUM or len(variances) < 2 or not 0 < total < np.inf:
        return {}
    return {i: variance / total for i, variance in variances.items()}


def matched(edge: Edge) -> Array | None:
    """The values of the match of an edge, (samples,); None without one."""
    try:
        return evaluate(parse(edge.match, names=[edge.source]), {edge.source: edge.x}) if edge.match else None
    except FormulaError:  # the match has a named constant: then it is part of the formula, and the curve has its values
        return None


def label(edge: Edge) -> str:
    """The match of an edge as text for people, "" without one."""
    try:
        expr = parse(edge.match) if edge.match else None
        if expr is not None and len(edge.source) > SHORT_NAME:
            expr = expr.xreplace({sympy.Symbol(edge.source): sympy.Symbol("x")})
        return "" if expr is None else mathematics(expr, 3)
    except FormulaError:
        return edge.match


def _opacity(edge: Edge) -> float:
    return max(FAINTEST, min(1.0, float(np.sqrt(max(edge.importance, 0.0)))))


def _wires(edge: Edge, places: Layout, i: int) -> str:
    (x, y), (x0, y0), (x1, y1) = places.edges[i], places.nodes[edge.source], places.nodes[edge.target]
    left, right = x - BOX / 2, x + BOX / 2
    bend = x0 + 36
    come = f"M{x0:.1f} {y0:.1f}C{bend:.1f} {y0:.1f} {x0:.1f} {y:.1f} {bend:.1f} {y:.1f}H{left:.1f}"
    go = f"M{right:.1f} {y:.1f}C{x1 - 14:.1f} {y:.1f} {x1 - 24:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    return f'<path class="line wire" d="{come}{go}" opacity="{_opacity(edge):.2f}"/>'


def _box(edge: Edge, at: Point, share: float | None) -> str:
    x, y = at
    left, top = x - BOX / 2, y - TALL / 2 - 6
    rect = f'<rect class="box" x="{left:.1f}" y="{top:.1f}" width="{BOX}" height="{TALL}" rx="5"/>'
    match = matched(edge)
    shown, places = f"{label(edge)}", _curves(edge, match, left, top)
    reach = f"{edge.source} from {edge.x[0]:.4g} to {edge.x[-1]:.4g}" if len(edge.x) else ""
    part = "" if share is None else f"{100 * share:.0f} %"
    said = "; ".join(filter(None, [reach, edge.match if shown else "", part and f"{part} of the variance"]))
    title = f"<title>{escape(said)}</title>"
    curve, other = places
    own = f'<path class="line curve" d="{curve}" opacity="{_opacity(edge):.2f}"/>'
    beside = f'<path class="line match" d="{other}"/>' if other else ""
    text = words(x, top + TALL + 13, shortened(shown, LETTERS), "middle") + words(left - 5, y - 4, part, "end")
    return f"<g>{title}{rect}{own}{beside}{text}</g>"


def _curves(edge: Edge, match: Array | None, left: float, top: float) -> tuple[str, str]:
    """The paths of the curve in its box, and of the match where it differs."""
    low, high = float(np.min(edge.y)), float(np.max(edge.y))
    reach, across = high - low, float(edge.x[-1] - edge.x[0]) or 1.0
    flat = reach <= FLAT * max(abs(low), abs(high), 1e-300)

    def places(values: Array) -> Array:
        u = left + INSET + (edge.x - edge.x[0]) / across * (BOX - 2 * INSET)
        share = np.full(len(values), 0.5) if flat else np.clip((values - low) / reach, -0.1, 1.1)
        return np.column_stack([u, top + TALL - INSET - share * (TALL - 2 * INSET)])

    if match is None or flat or not float(np.sqrt(np.nanmean((match - edge.y) ** 2))) > DIFFERENT * reach:
        return path(places(edge.y)), ""
    return path(places(edge.y)), path(places(match))


def _nodes(graph: Graph, places: Layout, titles: Mapping[str, str]) -> Iterator[str]:
    for node in graph.nodes:
        if node.name not in places.nodes:
            continue
        x, y = places.nodes[node.name]
        name = shortened(titles.get(node.name, node.name), NAME)
        if node.type is NodeType.INPUT:
            yield f'<circle class="node" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>{words(x - 9, y + 4, name, "end", "name")}'
            continue
        single = sum(1 for _ in graph.into(node.name)) == 1
        last = node is graph.nodes[-1]
        kind, radius = ("small", 4) if single else ("sign", 10)
        yield f'<circle class="node {kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'
        if not single:
            yield words(x, y + 5, SIGNS[node.type], "middle", "operator")
        yield words(x + 15, y + 4, name, "start", "name") if last else words(x, y + 24, name, "middle")
