"""A result as one HTML page that needs no other file, no network and no script."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from kansr.errors import printable
from kansr.expression.render import readable, render
from kansr.numeric.robust import mean_square, r_squared
from kansr.result.candidate import Candidate
from kansr.result.result import Result
from kansr.show.digits import constants, shortener
from kansr.show.report.drawing import drawing
from kansr.show.report.mathml import equation, pieces
from kansr.show.report.plots import INPUTS, PlottedRows, front_chart, law_over_input, parity, residuals, shown, titled
from kansr.show.report.reasons import reasons, rivals
from kansr.show.report.template.html import environment, style
from kansr.show.steps import FINDERS, trial
from kansr.show.summary import (
    BREAKS,
    DECISIVE,
    WORDS,
    by_group,
    fraction,
    front_rows,
    held_out,
    hidden,
    legend,
    noise,
    steps,
)
from kansr.version import __version__

LONG = 30  # complexity above which the law is set smaller, and formulas in tables are text
TABLE_DIGITS = 4  # of numbers in formulas other than the law
LISTED = 20  # outliers that are listed


@dataclass(frozen=True)
class Chart:
    """A chart with its caption."""

    svg: Markup
    caption: str


@dataclass(frozen=True)
class ColumnRow:
    """A row of the table of columns."""

    name: str
    label: str
    unit: str
    low: str
    high: str
    role: str


@dataclass(frozen=True)
class Accuracy:
    """A row of the table of accuracies: the law on one part of the rows."""

    part: str
    rows: int
    r2: str
    rms: str
    largest: str


def page(discovery: Result) -> str:
    """The page as HTML text."""
    number = shortener(discovery.constants)
    rows = shown(discovery)
    labels = labels_of(discovery)
    best = discovery.best
    title = discovery.columns.get(discovery.target, discovery.target)
    return printable(
        environment()
        .get_template("page.html")
        .render(
            style=style(),
            d=discovery,
            best=best,
            version=__version__,
            python=platform.python_version(),
            title=title,
            call=f"kansr.discover(table, target={title!r}, seed={discovery.seed})",
            status=discovery.status.value,
            words=WORDS[discovery.status],
            law=equation(discovery.target, best.expr, number),
            long=best.complexity > LONG,
            text=f"{discovery.target} = {readable(best.expr)}",
            exact=render(best.expr),
            breakable=breakable,
            at_underscores=at_underscores,
            held_out=held_out,
            trial=trial,
            finders=FINDERS,
            legend=[line.strip() for line in legend(discovery)],
            fraction=fraction,
            noise=noise,
            reasons=list(reasons(discovery)),
            rivals=[
                (
                    formula(r.candidate),
                    f"{r.bits:+.{1 if r.bits < DECISIVE else 0}f}",
                    fraction(r.candidate.r2_held_out),
                )
                for r in rivals(discovery)
            ],
            constants=constants(discovery.constants, discovery.rows),
            named=_named(discovery),
            groups=by_group(discovery),
            charts=list(_charts(discovery, rows, labels)) if rows else [],
            beyond=max(len(discovery.inputs) - INPUTS, 0),
            parts=_legend(rows) if rows else [],
            accuracy=list(_accuracy(rows)) if rows else [],
            drawn=rows and len(rows.y),
            network=_network(discovery),
            steps=steps(discovery),
            front=[(c is best, cells[:3], formula(c)) for c, cells in front_rows(discovery)],
            more=hidden(discovery),
            front_chart=front_chart(discovery) if len(discovery.front) > 1 else "",
            columns=list(_columns(discovery, rows)),
            left_out=_left_out(discovery, rows) if rows else [],
        )
    )


def formula(candidate: Candidate) -> Markup:
    """A formula in a table: typeset, or as text, which can break, where it is long."""
    if candidate.complexity <= LONG:
        return Markup(" ").join(pieces(candidate.expr, lambda value: f"{value:.{TABLE_DIGITS}g}"))
    return Markup("<code>{}</code>").format(breakable(readable(candidate.expr)))


def breakable(text: str) -> Markup:
    """A formula as text, with a place after each sign where a line may end: names stay whole."""
    return Markup("<wbr/>").join(piece for piece in BREAKS.findall(text))


def at_underscores(name: str) -> Markup:
    """A name that may be broken between its words."""
    return Markup("_<wbr/>").join(name.split("_"))


def labels_of(discovery: Result) -> dict[str, str]:
    """The axis label of each input and of the target: its column and unit."""
    unit = discovery.units.text if discovery.units else {}
    names = (*discovery.inputs, discovery.target)
    return {name: titled(discovery.columns.get(name, name), unit.get(name, "")) for name in names}


def _named(discovery: Result) -> list[tuple[str, str, str]]:
    """(name, value, unit) of each named constant in the law."""
    offered = discovery.units.constants if discovery.units else {}
    used = {str(atom) for atom in discovery.best.expr.atoms()}
    return [(name, f"{c.value:.10g}", c.unit) for name, c in offered.items() if name in used]


def _charts(discovery: Result, rows: PlottedRows, labels: dict[str, str]) -> Iterator[Chart]:
    over = law_over_input(discovery, rows, labels)
    if over is not None:
        yield Chart(over, "The law (line) and the rows.")
    yield Chart(parity(discovery, rows, labels), "Measured against predicted values; on the line they agree.")
    law = residuals(discovery, rows, rows.law, f"{labels[discovery.target]}: the law")
    yield Chart(law, "Residuals. The strip is one noise level wide to either side.")
    for name, x in list(zip(discovery.inputs, rows.X.T))[:INPUTS]:
        said = " (not in the law)" if name in discovery.ignored_inputs else ""
        yield Chart(residuals(discovery, rows, x, labels[name]), f"Residuals against {labels[name]}{said}.")


def _legend(rows: PlottedRows) -> list[tuple[str, str]]:
    """The legend of the colours of the dots: CSS class and words."""
    kinds = [("", "rows fitted"), ("held", "rows held out"), ("out", "rows left out")]
    return [kind for kind, part in zip(kinds, (~rows.held & ~rows.out, rows.held, rows.out)) if part.any()]


def _accuracy(rows: PlottedRows) -> Iterator[Accuracy]:
    parts: list[tuple[str, NDArray[np.bool_]]] = [
        ("rows fitted", ~rows.held & ~rows.out),
        ("rows held out", rows.held),
        ("rows left out", rows.out),
    ]
    for name, part in parts:
        if part.any():
            left = rows.residual[part]
            square = mean_square(left)
            r2 = r_squared(square, float(np.var(rows.y[part]))) if part.sum() > 1 else float("nan")
            cells = (fraction(r2), f"{np.sqrt(square):.3g}", f"{np.max(np.abs(left)):.3g}")
            finite = np.isfinite([r2, square, square])  # not where the law is nan on some row
            yield Accuracy(name, int(part.sum()), *(cell if good else "–" for cell, good in zip(cells, finite)))


def _network(discovery: Result) -> Markup | None:
    if discovery.structure is None:
        return None
    return drawing(discovery.structure, {n: discovery.columns.get(n, n) for n in (*discovery.inputs, discovery.target)})


def _columns(discovery: Result, rows: PlottedRows | None) -> Iterator[ColumnRow]:
    """A row for each column, with the range in which the law was observed."""
    unit: Any = discovery.units.text if discovery.units else {}
    for i, name in enumerate((*discovery.inputs, discovery.target)):
        role = "target" if name == discovery.target else "not used" if name in discovery.ignored_inputs else "input"
        low = high = "–"
        if rows is not None:
            values = np.column_stack([rows.X, rows.y])[~rows.out, i]
            low, high = f"{values.min():.4g}", f"{values.max():.4g}"
        yield ColumnRow(name, discovery.columns.get(name, name), unit.get(name, ""), low, high, role)


def _left_out(discovery: Result, rows: PlottedRows) -> list[tuple[str, ...]]:
    """(row number from 1, target, prediction) of outliers that are in the excerpt."""
    some = np.flatnonzero(rows.out)[:LISTED]
    return [(str(rows.row[i] + 1), f"{rows.y[i]:.5g}", f"{rows.law[i]:.5g}") for i in some]
