"""The network drawn, every edge with its curve, the fainter the less it matters; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from kansr.kan.network.network import Network
from kansr.kan.reading.importance import importance
from kansr.kan.reading.symbolic import edge_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPLINE, FIXED, NODE = "black", "tab:red", "black"
CURVE, GAP, LEVEL = 0.8, 0.25, 2.4  # width of a curve's box, room between two, height of a layer, in inches
FAINTEST = 0.03  # edges fainter than this are left out
NARROWEST, TITLE = 3.2, 0.45  # least width of a drawing, room for its title, in inches


class _OnUse(ModuleType):
    """A module that is imported when something in it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


plt: Any = _OnUse("matplotlib.pyplot")


@dataclass(frozen=True)
class Names:
    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    title: str = ""


@torch.no_grad()
def rows_over_grid(model: Network, rows: int = 500) -> Tensor:
    """Rows spread evenly at random over the grids of the inputs, the same every time. (rows, inputs)"""
    layer = model.layers[0]
    low, high = layer.grid[:, layer.k], layer.grid[:, layer.k + layer.G]
    rng = torch.Generator().manual_seed(0)
    return low + (high - low) * torch.rand(rows, layer.in_dim, generator=rng, dtype=torch.float64, device="cpu").to(low)


def plot(model: Network, X: Tensor, beta: float = 3.0, names: Names = Names(), scale: float = 1.0) -> Figure:
    """The network from the inputs below to the outputs above, on curves and importance over the rows of X.

    beta: how soon an edge is drawn in full: its opacity is tanh(beta · importance / the largest of its layer).
    """
    from matplotlib.figure import Figure

    layout = _Layout(model, names.title)
    figure = Figure(figsize=(scale * layout.width, scale * layout.height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, layout.width), ylim=(0, layout.height))
    axes.axis("off")
    for n, weights in enumerate(importance(model, X).edges):
        largest = float(weights.max()) or 1.0
        for i, o in model.layers[n].mask.nonzero().tolist():
            opacity = float(np.tanh(beta * float(weights[i, o]) / largest))
            if opacity >= FAINTEST:
                _edge(axes, layout, model, (n, i, o), X, opacity)
    _nodes(axes, layout, names, scale)
    return figure


def plot_training(results: Mapping[str, Sequence[float]]) -> Figure:
    """The errors after each step, on a logarithmic scale, and the penalty where there is one."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6, 4), layout="constrained")
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
    """Errors against sizes, both logarithmic, with the slope of each line in the legend."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, values in errors.items():
        slope = np.polyfit(np.log(sizes), np.log(values), 1)[0]
        axes.plot(sizes, values, "o-", label=f"{name}, slope {slope:.2f}")
    first = max(values[0] for values in errors.values())
    power = first * (np.asarray(sizes, dtype=float) / sizes[0]) ** -4
    axes.plot(sizes, power, "--", color="black", label="slope -4")
    axes.set(xlabel=xlabel, ylabel="test rms", xscale="log", yscale="log")
    axes.set_xticks(list(sizes), [f"{size:g}" for size in sizes], minor=False)
    axes.set_xticks([], minor=True)
    axes.legend()
    return figure


class _Layout:
    """Where nodes, sums and curves are, in inches."""

    def __init__(self, model: Network, title: str = "") -> None:
        self.stages = list(model.stages())
        most = max(layer.mask.numel() for layer, _ in self.stages)
        self.width = max(most * (CURVE + GAP) + GAP, NARROWEST)
        self.height = LEVEL * len(self.stages) + 1.2 + (TITLE if title else 0.0)
        self.masks = [layer.mask for layer, _ in self.stages]

    def level(self, n: int) -> float:
        return 0.6 + LEVEL * n

    def _spread(self, place: int, count: int) -> float:
        return self.width * (place + 0.5) / count

    def node(self, n: int, j: int) -> tuple[float, float]:
        count = self.stages[0][0].in_dim if n == 0 else self._ends(n)[0] + self._ends(n)[1]
        return self._spread(j, count), self.level(n)

    def _ends(self, n: int) -> tuple[int, int]:
        nodes = self.stages[n - 1][1]
        return nodes.sums, len(nodes.groups)

    def sum(self, n: int, o: int) -> tuple[float, float]:
        """Where what enters the node above layer n arrives: at the node, or at a factor below a product."""
        nodes = self.stages[n][1]
        for product, group in enumerate(nodes.groups):
            if o in group:
                x, y = self.node(n + 1, nodes.sums + product)
                return x + 0.3 * (o - group.start - (len(group) - 1) / 2), y - 0.35
        return self.node(n + 1, o)

    def curve(self, n: int, i: int, o: int) -> tuple[float, float]:
        outs = self.masks[n].shape[1]
        return self._spread(i * outs + o, self.masks[n].numel()), self.level(n) + LEVEL / 2 - 0.1

    def products(self) -> Iterator[tuple[int, int, range]]:
        for n, (_, nodes) in enumerate(self.stages):
            for product, group in enumerate(nodes.groups):
                yield n, nodes.sums + product, group


def _edge(axes: Axes, layout: _Layout, model: Network, place: tuple[int, int, int], X: Tensor, opacity: float) -> None:
    n, i, o = place
    colour = FIXED if (i, o) in model.layers[n].fixed else SPLINE
    edge = edge_curve(model, place, X)
    x, y = layout.curve(n, i, o)
    half = CURVE / 2
    for (x0, y0), (x1, y1) in ((layout.node(n, i), (x, y - half)), ((x, y + half), layout.sum(n, o))):
        axes.plot([x0, x1], [y0, y1], color=colour, alpha=opacity, lw=1.2, zorder=1)
    u = (edge.x - edge.x[0]) / (np.ptp(edge.x) or 1.0) - 0.5
    flat = np.ptp(edge.y) <= 1e-9 * max(float(np.max(np.abs(edge.y))), 1e-300)
    v = np.zeros_like(u) if flat else (edge.y - edge.y.min()) / np.ptp(edge.y) - 0.5
    box = [x - half, x + half, x + half, x - half, x - half], [y - half, y - half, y + half, y + half, y - half]
    axes.fill(*box, color="white", zorder=2)
    axes.plot(*box, color=colour, alpha=0.5 * opacity, lw=0.8, zorder=3)
    axes.plot(x + 0.84 * CURVE * u, y + 0.84 * CURVE * v, color=colour, alpha=opacity, lw=1.8, zorder=4)


def _nodes(axes: Axes, layout: _Layout, names: Names, scale: float) -> None:
    inputs, depth = layout.masks[0].shape[0], len(layout.stages)
    outputs = sum(layout._ends(depth))
    size = 14 * scale**0.5
    for n in range(depth + 1):
        for j in range(inputs if n == 0 else sum(layout._ends(n))):
            axes.plot(*layout.node(n, j), "o", color=NODE, ms=6 * scale**0.5, zorder=5)
    for n, node, group in layout.products():
        x, y = layout.node(n + 1, node)
        for factor in group:
            x0, y0 = layout.sum(n, factor)
            axes.plot([x0, x], [y0, y], color=NODE, lw=1.2, zorder=1)
            axes.plot(x0, y0, "o", color=NODE, ms=3 * scale**0.5, zorder=5)
        axes.text(x + 0.14, y, "×", fontsize=size, va="center", ha="left", zorder=6)
    for j, name in enumerate(names.inputs or [f"$x_{{{i + 1}}}$" for i in range(inputs)]):
        x, y = layout.node(0, j)
        axes.text(x, y - 0.18, name, fontsize=size, ha="center", va="top")
    several = [f"$y_{{{q + 1}}}$" for q in range(outputs)]
    for j, name in enumerate(names.outputs or (several if outputs > 1 else ["$y$"])):
        x, y = layout.node(depth, j)
        axes.text(x, y + 0.16, name, fontsize=size, ha="center", va="bottom")
    if names.title:
        at = layout.width / 2, layout.height - 0.12
        axes.text(*at, names.title, fontsize=size, ha="center", va="top", wrap=True)
