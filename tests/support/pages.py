"""Discoveries around formulas of our own, for what shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import sympy

from kansr.api.discovery import Discovery
from kansr.data.dataset import Dataset
from kansr.data.declare_units import with_units
from kansr.data.excerpt import excerpt
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.result.derivation import Measure, Step
from kansr.result.formula_graph import formula_graph
from kansr.result.pareto import pareto
from kansr.result.result import Status, unused

NAMES = ("a", "b", "c")
ODD = {"a": "<script>alert(1)</script>", "b": "__import__('os').system('true')", "c": 'a <b>long</b> "name" & more'}
LONG = (
    "-5.40794*sin(2.134*a*b + 1.1)*exp(-0.3*c**2/(1.7*a)) + 2.2909*b**(-2.7) - sqrt(3.2*c + a/(1 + 2*b**2))*tanh(a - c)"
    " + 0.825508*log(a + b*c)/(a**2 + abs(c - 2)) + 7.2e-5*cos(c)**3 + a/sqrt(2*pi)*(c + 3)**(1/3)"
)


def made(
    text: str,
    *others: str,
    noise: float = 0.0,
    rows: int = 200,
    columns: Mapping[str, str] = {},
    wrong: Sequence[int] = (),
) -> Discovery:
    """The discovery of a formula, among others, from rows of it. noise: over the target's spread."""
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, (rows, len(NAMES)))
    expr = parse(text, names=NAMES)
    values = Tape(expr, NAMES).value(X)
    X, values = X[np.isfinite(values)], values[np.isfinite(values)]
    y = values + noise * (float(np.std(values)) or 1.0) * rng.normal(size=len(values))
    y[list(wrong)] += 30 * np.std(y)
    data = Dataset(X, y, NAMES, "y", columns)
    data = with_units(
        data, {columns.get(n, n): unit for n, unit in zip((*NAMES, "y"), ("m", "s", "kg", "1"))}, free=True
    )
    front = pareto([judge(parse(t), data, data, "made") for t in (text, *others)], float(np.var(y)))
    held_out = np.zeros(data.rows, dtype=bool)
    held_out[rng.permutation(data.rows)[: data.rows // 4]] = True
    graph = formula_graph(expr, data, "made", noise)
    return Discovery(
        Status.FOUND,
        "y",
        NAMES,
        unused(expr, NAMES),
        front,
        columns,
        graph and replace(graph, path=(Step("made up", Measure.RESIDUAL, noise), Step("as it is"))),
        noise,
        data.rows - len(wrong),
        1.5,
        constants=tuple((float(f), abs(float(f)) * 0.003) for f in sorted(expr.atoms(sympy.Float), key=float)),
        units=data.units,
        noise_error=noise / 10,
        outliers=tuple(wrong),
        excerpt=excerpt(data, held_out, 0),
    )


def hostile() -> Discovery:
    """A long formula, names that are markup and code, outliers, rivals and notes."""
    text = LONG.replace("c", "a").replace("aos", "cos")  # the third input is not used
    found = made(text, "3.1", "1.2*a", "2.1*a/b + 0.3*sqrt(b)", noise=0.01, rows=3000, columns=ODD, wrong=(3, 77))
    return replace(
        found,
        status=Status.BEST_EFFORT,
        rivals=found.front.candidates[1:3],
        notes=("a note with <i>tags</i>",),
        command="kansr discover table.csv --seed 3",
    )
