"""The plots of a report, as SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kansr.bench.record import Record
from kansr.bench.report.tally import tally

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (6.0, 3.6)  # inches
LEAST_R2 = 0.0  # lower end of the axis of r²
LABEL, LOOK = (3, 3), {"fontsize": "x-small"}  # of the name of a method: points from its marker, and how it is written
PERFECT, WORST = 1e-16, 10.0  # limits of 1 − r² that is drawn


def rate_against_noise(records: Sequence[Record]) -> str:
    """The strict and skeleton rates of each suite and method against the noise level, with 95 % intervals."""
    figure, axes = _figure("noise level (std over rms of the target)", "recovered, %")
    groups = [g for g in tally(records)["groups"] if g["part"] == "all"]
    for number, (suite, method) in enumerate(dict.fromkeys((g["suite"], g["method"]) for g in groups)):
        rows = [g for g in groups if (g["suite"], g["method"]) == (suite, method)]
        for column, style in (("strict", "o-"), ("skeleton", "s--")):
            rates = np.array([[100 * g[column][k] for k in ("rate", "low", "high")] for g in rows])
            reach = np.abs(rates[:, 1:].T - rates[:, 0])
            noises = [g["noise"] for g in rows]
            label = f"{suite} {method}, {column}"
            axes.errorbar(noises, rates[:, 0], yerr=reach, fmt=style, color=f"C{number}", capsize=3, label=label)
    if len({g["noise"] for g in groups}) > 1:
        axes.set_xscale("symlog", linthresh=min((g["noise"] for g in groups if g["noise"]), default=1.0))
    axes.set_ylim(-3, 103)
    return _svg(figure)


def rate_against_seconds(records: Sequence[Record]) -> str:
    """The share of trials recovered strictly within so many seconds, a line for each method and noise level."""
    figure, axes = _figure("seconds", "recovered strictly within, %")
    for method, noise in dict.fromkeys((r["method"], r["noise"]) for r in records):
        rows = [r for r in records if (r["method"], r["noise"]) == (method, noise)]
        seconds = np.sort([r["seconds"] for r in rows if r["recovered"]["strict"]])
        end = max(r["seconds"] for r in rows)
        share = 100 * np.arange(len(seconds) + 1) / len(rows)
        label = method + (f", noise {noise:g}" if noise else "")
        axes.step([0.0, *seconds, end], [*share, share[-1]], where="post", label=label)
    axes.set_ylim(-3, 103)
    return _svg(figure)


def accuracy_against_complexity(records: Sequence[Record]) -> str:
    """1 − r² on fresh rows against the complexity of the formula over that of the law."""
    figure, axes = _figure("nodes of the formula over nodes of the law", "1 − r² without noise")
    for method in dict.fromkeys(r["method"] for r in records):
        rows = [r for r in records if r["method"] == method and r.get("r2") is not None]
        length = [r["complexity"] / r["complexity_of_truth"] for r in rows]
        left = [min(max(1 - r["r2"], PERFECT), WORST) for r in rows]
        axes.plot(length, left, ".", alpha=0.7, label=method)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axvline(1.0, color="grey", linewidth=0.7)
    return _svg(figure)


def accuracy_against_nodes(rows: Sequence[dict[str, Any]]) -> str:
    """r² of methods against the nodes of their models, medians over tables, with the Pareto front of those shown.

    rows: of one part of `pmlb_tally`. A method below LEAST_R2 is drawn there.
    """
    figure, axes = _figure("nodes of the model (median)", "R² on test rows (median)")
    heights = [max(row["r2"], LEAST_R2) for row in rows]
    for row, height in zip(rows, heights):
        marker, colour = (("o", "grey") if row["symbolic"] else ("s", "darkgrey")) if row["published"] else ("*", "C3")
        axes.plot(max(row["nodes"], 1.0), height, marker, color=colour)
        axes.annotate(row["method"], (max(row["nodes"], 1.0), height), LABEL, textcoords="offset points", **LOOK)
    steps, best = [], LEAST_R2
    for nodes, height in sorted((max(row["nodes"], 1.0), -height) for row, height in zip(rows, heights)):
        if -height > best:
            best = -height
            steps.append((nodes, best))
    if steps:
        axes.step(*zip(*steps), where="post", color="C0", linewidth=0.7)
    axes.set_xscale("log")
    axes.set_ylim(LEAST_R2 - 0.03, 1.03)
    return _svg(figure)


def _figure(x: str, y: str) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure  # only --html needs it, and it takes 0.3 s to load

    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    return figure, axes


def _svg(figure: Figure) -> str:
    import matplotlib

    (axes,) = figure.axes
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small")
    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "kansr", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
