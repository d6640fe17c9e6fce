"""Draws the figures of the documentation: python docs/figures.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import kansr
from kansr.bench.problem import find_problem, sample
from kansr.show.report.drawing import drawing
from kansr.show.report.plots import residuals, shown
from kansr.show.report.template.html import style

HERE = Path(__file__).parent


def standalone(svg: str) -> str:
    """An SVG file that brings its colours along, in the light and in the dark."""
    head, rest = svg.split(">", 1)
    return f"{head}><style>{style()}svg {{ background: var(--paper) }}</style>{rest}\n"


def arrow(x: float, z: float, east: float, north: float) -> str:
    """A short arrow of one length at a point of a square of 2 by 2, whatever the size of the gradient."""
    length = 0.1 / np.hypot(east, north)
    dx, dy = 85 * length * east, -85 * length * north
    u, v = 85 * x, 170 - 85 * z
    ends = [(u + dx - 0.4 * (dx + s * dy), v + dy - 0.4 * (dy - s * dx)) for s in (0.7, -0.7)]
    head = " ".join(f"L{a:.1f},{b:.1f} M{u + dx:.1f},{v + dy:.1f}" for a, b in ends)
    return f"M{u - dx:.1f},{v - dy:.1f} L{u + dx:.1f},{v + dy:.1f} {head}"


def gradients() -> str:
    """Directions of the gradient of three laws in two inputs."""
    laws = (
        ("tanh(x − z)·e^w", lambda x, z: (1.0, -1.0)),
        ("log(1 + x·z)/w", lambda x, z: (z, x)),
        ("w·exp(−x² − z²)", lambda x, z: (-x, -z)),
    )
    places = np.linspace(0.15, 1.85, 8)
    panels = []
    for i, (name, slopes) in enumerate(laws):
        path = " ".join(arrow(x, z, *slopes(x, z)) for x in places for z in places)
        panels.append(
            f'<g transform="translate({20 + 200 * i},10)"><rect width="170" height="170"/><path d="{path}"/>'
            f'<text x="85" y="190">x →</text><text x="-8" y="85" transform="rotate(-90 -8 85)">z →</text>'
            f'<text class="law" x="85" y="212">{name}</text></g>'
        )
    look = (
        "rect { fill: none; stroke: var(--rule) } path { fill: none; stroke: var(--first); stroke-width: 1.4 } "
        "text { fill: var(--soft); font: 12px system-ui, sans-serif; text-anchor: middle } "
        ".law { fill: var(--ink); font: 13px ui-monospace, monospace }"
    )
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 610 232" width="610" height="232" role="img">'
    return f"{head}<style>{look}</style>{''.join(panels)}</svg>"


def main() -> None:
    (HERE / "gradients.svg").write_text(standalone(gradients()), encoding="utf-8")
    data = sample(find_problem("feynman_I_12_2"), 300, np.random.default_rng(0), noise=0.05)
    units = {"q1": "C", "q2": "C", "epsilon": "C**2/N/m**2", "r": "m", "y": "N"}
    table = np.column_stack([data.X, data.y])
    import pandas as pd

    found = kansr.discover(pd.DataFrame(table, columns=list(units)), units=units)
    assert found.structure is not None
    rows = shown(found)
    assert rows is not None
    (HERE / "structure.svg").write_text(standalone(drawing(found.structure, {})), encoding="utf-8")
    chart = residuals(found, rows, rows.X[:, 3], "r [m]")
    (HERE / "residuals.svg").write_text(standalone(chart), encoding="utf-8")


if __name__ == "__main__":
    main()
