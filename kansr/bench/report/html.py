"""A run as one HTML page: recovery rates, plots and every miss; for tables without a law, accuracy and length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from kansr.bench.record import Record
from kansr.bench.report.plots import (
    accuracy_against_complexity,
    accuracy_against_nodes,
    rate_against_noise,
    rate_against_seconds,
)
from kansr.bench.report.pmlb_tables import (
    HONESTY_HEADER,
    METHODS_HEADER,
    NOTES,
    TABLES_HEADER,
    TITLES,
    honesty_rows,
    method_rows,
    table_rows,
)
from kansr.bench.report.pmlb_tally import parted
from kansr.bench.report.tables import HEADER, group_row, told_gap
from kansr.bench.report.tally import misses, tally
from kansr.show.report.template.html import environment, style
from kansr.version import __version__

TEMPLATE = """{% macro table(header, rows) %}
<div class="wide"><table><tr>{% for name in header %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div>{% endmacro %}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>kansr bench</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{{ style }}</style></head><body>
<h1>{{ title }}</h1>
<p>{{ count }} trials, kansr {{ version }};
{% for name, value in settings.items() %}{{ name }} {{ value }}{{ ", " if not loop.last }}{% endfor %}.</p>
{% if laws %}{{ table(header, rows) }}
<p>Rates in %, with 95 % confidence intervals (Wilson 1927). Undecided verdicts count as not recovered.
front: some formula that was offered meets the criterion, not necessarily the chosen one.
rivals: the skeleton of the chosen formula, or of one that the method does not rule out.
of decidable: the skeleton, among the trials whose noisy rows speak for the law.</p>
{% for figure in figures %}<figure class="paper">{{ figure }}</figure>{% endfor %}
<h2>Not recovered strictly: {{ misses | length }}</h2>
<div class="wide"><table><tr><th>trial</th><th>truth</th><th>found</th><th>but</th><th>bits</th></tr>
{% for r in misses %}<tr><td>{{ r.problem }} {{ r.method }}{% if r.noise %}, noise {{ r.noise }}{% endif %}</td>
<td><code>{{ r.truth }}</code></td><td><code>{{ r.expression or r.error or r.status }}</code></td>
<td>{% for name, said in r.verdicts.items() if said != "no" %}{{ name }}: {{ said }} {% endfor %}</td>
<td>{{ gap(r) }}</td></tr>
{% endfor %}</table></div>{% endif %}
{% if tables %}{% for name, figure in pareto %}<h2>{{ name }}</h2>
<figure class="paper">{{ figure }}</figure>{% endfor %}
{% for header, rows in summaries %}{{ table(header, rows) }}{% endfor %}
{% for note in notes %}<p>{{ note }}.</p>{% endfor %}
<h2>Formulas</h2>
<div class="wide"><table><tr><th>trial</th><th>R²</th><th>formula, in standardised columns</th></tr>
{% for r in tables %}<tr><td>{{ r.problem }} {{ r.method }} {{ r.seed }}</td>
<td>{{ "%.3f" | format(r.r2_test) if r.r2_test is defined else "" }}</td>
<td><code>{{ r.expression or r.error or r.status }}</code></td></tr>
{% endfor %}</table></div>{% endif %}
</body></html>
"""


def page(records: Sequence[Record], settings: dict[str, Any], pmlb: dict[str, Any] | None = None) -> str:
    """The page as HTML text; it needs no other file. pmlb: what `pmlb_tally` gives for the records without a law."""
    laws, tables = parted(records)
    return (
        environment()
        .from_string(TEMPLATE)
        .render(
            style=style(),
            title="How many known laws were found"
            if laws or not tables
            else "How accurate formulas of real tables are",
            count=len(records),
            version=__version__,
            settings=settings,
            laws=laws or not tables,
            header=HEADER,
            rows=[group_row(group) for group in tally(laws)["groups"]],
            figures=_figures(laws),
            misses=misses(laws),
            gap=told_gap,
            tables=tables,
            notes=NOTES,
            **(_of_tables(pmlb) if pmlb else {}),
        )
    )


def _figures(laws: Sequence[Record]) -> list[Markup]:
    drawn = (rate_against_noise, rate_against_seconds, accuracy_against_complexity)
    return [Markup(draw(laws)) for draw in drawn] if laws else []


def _of_tables(pmlb: dict[str, Any]) -> dict[str, Any]:
    """What the template says of tables without a law."""
    titles = {"all": "All tables", **{part: f"Tables: {title}" for part, title in TITLES.items()}}
    pareto = [(titles[part], Markup(accuracy_against_nodes(rows))) for part, rows in pmlb["parts"].items() if rows]
    headers = (METHODS_HEADER, HONESTY_HEADER, TABLES_HEADER)
    return {"pareto": pareto, "summaries": zip(headers, (f(pmlb) for f in (method_rows, honesty_rows, table_rows)))}
