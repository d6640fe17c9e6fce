"""Draws the figures of docs/report.md: python docs/figures.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import kansr
from kansr.data.problem import find_problem, sample
from kansr.report.network import drawing
from kansr.report.plots import residuals, shown
from kansr.report.template import style

HERE = Path(__file__).parent


def standalone(svg: str) -> str:
    """An SVG file that brings its colours along, in the light and in the dark."""
    head, rest = svg.split(">", 1)
    return f"{head}><style>{style()}svg {{ background: var(--paper) }}</style>{rest}\n"


def main() -> None:
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
