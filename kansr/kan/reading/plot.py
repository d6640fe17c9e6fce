"""Drawings: a network with the activation of every edge, curves of training, and scaling laws.

All are matplotlib figures that are not shown and not saved. matplotlib is slow to load and is imported when something
is drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from kansr.kan.network.network import EdgeIndex, Network
from kansr.kan.reading.importance import importance
from kansr.kan.reading.symbolic import edge_curve
from kansr.numeric.tolerances import EQUAL_VALUES, TINY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPLINE_COLOUR = "black"
SYMBOLIC_COLOUR = "tab:red"
NODE_COLOUR = "black"
FAINTEST = 0.03  # opacity below which an edge is not drawn
BOX_OPACITY = 0.5  # of a box beside that of its curve

# Lengths in inches, before scaling.
CURVE = 0.8  # side of the box of a curve
FILLED = 0.84  # share of its box that a curve fills
GAP = 0.25  # between two boxes
BOX_LOWERED = 0.1  # from the middle of a layer down to that of its boxes
LAYER = 2.4  # height of a layer
MARGIN = 0.6  # under the inputs and over the outputs, for their names
FACTOR_GAP = 0.3  # between the factors of a product
FACTOR_LOWERED = 0.35  # from a product down to its factors
INPUT_NAME = 0.18  # from an input down to its name
OUTPUT_NAME = 0.16  # from an output up to its name
PRODUCT_SIGN = 0.14  # from a product to its sign
LEAST_WIDTH = 3.2  # of a drawing
TITLE = 0.45  # room for the title
TITLE_MARGIN = 0.12  # from the upper edge to the title

# Sizes in points, before scaling.
LINE = 1.2
BOX_LINE = 0.8
CURVE_LINE = 1.8
TEXT = 14
NODE = 6
FACTOR = 3

FIGURE = (6.0, 4.0)  # of training curves, in inches
SCALING_FIGURE = (6.0, 4.5)
SCALING_POWER = -4  # slope of error against intervals that cubic splines can reach


@dataclass(frozen=True)
class Labels:
    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    title: str = ""


def plot(model: Network, X: Tensor, beta: float = 3.0, labels: Labels = Labels(), scale: float = 1.0) -> Figure:
    """A drawing of a network from the inputs at the bottom to the outputs at the top.

    X: (rows, inputs), on which activations and importance are computed; beta: the opacity of an edge is
    tanh(beta · importance / largest importance in its layer); scale: of the figure
    """
    layout = _Layout(model, labels.title)
    figure = _figure(scale * layout.width, scale * layout.height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, layout.width), ylim=(0, layout.height))
    axes.axis("off")
    for n, weights in enumerate(importance(model, X).edges):
        largest = float(weights.max()) or 1.0
        for i, o in model.layers[n].mask.nonzero().tolist():
            opacity = float(np.tanh(beta * float(weights[i, o]) / largest))
            if opacity >= FAINTEST:
                _edge(axes, layout, model, (n, i, o), X, opacity)
    _nodes(axes, layout, labels, scale)
    return figure


def _figure(width: float, height: float) -> Figure:
    """An empty figure; the current one of matplotlib.pyplot where that is loaded, so that plt.gcf() finds it."""
    from matplotlib.figure import Figure

    if (pyplot := sys.modules.get("matplotlib.pyplot")) is None:
        return Figure(figsize=(width, height))
    with pyplot.rc_context({"figure.max_open_warning": 0}):
        figure: Figure = pyplot.figure(figsize=(width, height))
    return figure


def plot_training(results: Mapping[str, Sequence[float]]) -> Figure:
    """The errors and the penalty of `KAN.fit` after each step, on a logarithmic scale."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=FIGURE, layout="constrained")
    axes = figure.add_subplot()
    for name, style in (("train_loss", "-"), ("test_loss", "--"), ("reg", ":")):
        values = np.asarray(results.get(name, ()), dtype=float)
        if np.any(values > 0):
            axes.plot(np.arange(1, len(values) + 1), values, style, label=name.replace("_loss", " rms"))
    axes.set(xlabel="step", ylabel="rms error, penalty", yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


def plot_scaling(sizes: Sequence[float], errors: Mapping[str, Sequence[float]], xlabel: str = "grid") -> Figure:
    """Errors against sizes, both on logarithmic scales, with the slope of each line and a line of slope -4."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SCALING_FIGURE, layout="constrained")
    axes = figure.add_subplot()
    for name, values in errors.items():
        slope = np.polyfit(np.log(sizes), np.log(values), 1)[0]
        axes.plot(sizes, values, "o-", label=f"{name}, slope {slope:.2f}")
    first = max(values[0] for values in errors.values())
    power = first * (np.asarray(sizes, dtype=float) / sizes[0]) ** SCALING_POWER
    axes.plot(sizes, power, "--", color="black", label=f"slope {SCALING_POWER}")
    axes.set(xlabel=xlabel, ylabel="test rms", xscale="log", yscale="log")
    axes.set_xticks(list(sizes), [f"{size:g}" for size in sizes], minor=False)
    axes.set_xticks([], minor=True)
    axes.legend()
    return figure


class _Layout:
    """The positions of nodes, factors and curves, in inches."""

    def __init__(self, model: Network, title: str = "") -> None:
        self.stages = list(model.stages())
        most = max(layer.mask.numel() for layer, _ in self.stages)
        self.width = max(most * (CURVE + GAP) + GAP, LEAST_WIDTH)
        self.height = LAYER * len(self.stages) + 2 * MARGIN + (TITLE if title else 0.0)
        self.masks = [layer.mask for layer, _ in self.stages]

    def level(self, n: int) -> float:
        """The height of the nodes before layer n."""
        return MARGIN + LAYER * n

    def _centre(self, number: int, count: int) -> float:
        """The middle of one of `count` equal parts of the width."""
        return self.width * (number + 0.5) / count

    def node(self, n: int, j: int) -> tuple[float, float]:
        """Node j before layer n."""
        count = self.stages[0][0].in_dim if n == 0 else self._ends(n)[0] + self._ends(n)[1]
        return self._centre(j, count), self.level(n)

    def _ends(self, n: int) -> tuple[int, int]:
        nodes = self.stages[n - 1][1]
        return nodes.sums, len(nodes.groups)

    def sum(self, n: int, o: int) -> tuple[float, float]:
        """Where the edges into sum o of layer n end: at its node, or at a factor below its product."""
        nodes = self.stages[n][1]
        for product, group in enumerate(nodes.groups):
            if o in group:
                x, y = self.node(n + 1, nodes.sums + product)
                return x + FACTOR_GAP * (o - group.start - (len(group) - 1) / 2), y - FACTOR_LOWERED
        return self.node(n + 1, o)

    def curve(self, n: int, i: int, o: int) -> tuple[float, float]:
        """The middle of the box of an edge."""
        outs = self.masks[n].shape[1]
        return self._centre(i * outs + o, self.masks[n].numel()), self.level(n) + LAYER / 2 - BOX_LOWERED

    def products(self) -> Iterator[tuple[int, int, range]]:
        """Every product: its layer of edges, its node, and its factors."""
        for n, (_, nodes) in enumerate(self.stages):
            for product, group in enumerate(nodes.groups):
                yield n, nodes.sums + product, group


def _edge(axes: Axes, layout: _Layout, model: Network, index: EdgeIndex, X: Tensor, opacity: float) -> None:
    n, i, o = index
    colour = SYMBOLIC_COLOUR if (i, o) in model.layers[n].fixed else SPLINE_COLOUR
    edge = edge_curve(model, index, X)
    x, y = layout.curve(n, i, o)
    half = CURVE / 2
    for (x0, y0), (x1, y1) in ((layout.node(n, i), (x, y - half)), ((x, y + half), layout.sum(n, o))):
        axes.plot([x0, x1], [y0, y1], color=colour, alpha=opacity, lw=LINE, zorder=1)
    u = (edge.x - edge.x[0]) / (np.ptp(edge.x) or 1.0) - 0.5
    flat = np.ptp(edge.y) <= EQUAL_VALUES * max(float(np.max(np.abs(edge.y))), TINY)
    v = np.zeros_like(u) if flat else (edge.y - edge.y.min()) / np.ptp(edge.y) - 0.5
    box = [x - half, x + half, x + half, x - half, x - half], [y - half, y - half, y + half, y + half, y - half]
    axes.fill(*box, color="white", zorder=2)
    axes.plot(*box, color=colour, alpha=BOX_OPACITY * opacity, lw=BOX_LINE, zorder=3)
    axes.plot(x + FILLED * CURVE * u, y + FILLED * CURVE * v, color=colour, alpha=opacity, lw=CURVE_LINE, zorder=4)


def _nodes(axes: Axes, layout: _Layout, labels: Labels, scale: float) -> None:
    inputs, depth = layout.masks[0].shape[0], len(layout.stages)
    outputs = sum(layout._ends(depth))
    size = TEXT * scale**0.5
    for n in range(depth + 1):
        for j in range(inputs if n == 0 else sum(layout._ends(n))):
            axes.plot(*layout.node(n, j), "o", color=NODE_COLOUR, ms=NODE * scale**0.5, zorder=5)
    for n, node, group in layout.products():
        x, y = layout.node(n + 1, node)
        for factor in group:
            x0, y0 = layout.sum(n, factor)
            axes.plot([x0, x], [y0, y], color=NODE_COLOUR, lw=LINE, zorder=1)
            axes.plot(x0, y0, "o", color=NODE_COLOUR, ms=FACTOR * scale**0.5, zorder=5)
        axes.text(x + PRODUCT_SIGN, y, "×", fontsize=size, va="center", ha="left", zorder=6)
    for j, name in enumerate(labels.inputs or [f"$x_{{{i + 1}}}$" for i in range(inputs)]):
        x, y = layout.node(0, j)
        axes.text(x, y - INPUT_NAME, name, fontsize=size, ha="center", va="top")
    several = [f"$y_{{{q + 1}}}$" for q in range(outputs)]
    for j, name in enumerate(labels.outputs or (several if outputs > 1 else ["$y$"])):
        x, y = layout.node(depth, j)
        axes.text(x, y + OUTPUT_NAME, name, fontsize=size, ha="center", va="bottom")
    if labels.title:
        top = layout.width / 2, layout.height - TITLE_MARGIN
        axes.text(*top, labels.title, fontsize=size, ha="center", va="top", wrap=True)
