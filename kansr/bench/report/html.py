"""A run as one HTML page: the recovery rates, three plots, and every miss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from kansr.bench.record import Record
from kansr.bench.report.plots import accuracy_against_complexity, rate_against_noise, rate_against_seconds
from kansr.bench.report.tables import HEADER, group_row
from kansr.bench.report.tally import misses, tally
from kansr.show.report.template.html import environment, style
from kansr.version import __version__

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>kansr bench</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{{ style }}</style></head><body>
<h1>How many known laws were found</h1>
<p>{{ records | length }} trials, kansr {{ version }};
{% for name, value in settings.items() %}{{ name }} {{ value }}{{ ", " if not loop.last }}{% endfor %}.</p>
<div class="wide"><table><tr>{% for name in header %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
<p>Rates in %, with 95 % confidence intervals (Wilson 1927). Undecided verdicts count as not recovered.
front: some formula that was offered meets the criterion, not necessarily the chosen one.</p>
{% for figure in figures %}<figure class="paper">{{ figure }}</figure>{% endfor %}
<h2>Not recovered strictly: {{ misses | length }}</h2>
<div class="wide"><table><tr><th>trial</th><th>truth</th><th>found</th><th>but</th></tr>
{% for r in misses %}<tr><td>{{ r.problem }} {{ r.method }}{% if r.noise %}, noise {{ r.noise }}{% endif %}</td>
<td><code>{{ r.truth }}</code></td><td><code>{{ r.expression or r.error or r.status }}</code></td>
<td>{% for name, said in r.verdicts.items() if said != "no" %}{{ name }}: {{ said }} {% endfor %}</td></tr>
{% endfor %}</table></div>
</body></html>
"""


def page(records: Sequence[Record], settings: dict[str, Any]) -> str:
    """The page as HTML text; it needs no other file."""
    figures = [f(records) for f in (rate_against_noise, rate_against_seconds, accuracy_against_complexity)]
    return (
        environment()
        .from_string(TEMPLATE)
        .render(
            style=style(),
            records=records,
            version=__version__,
            settings=settings,
            header=HEADER,
            rows=[group_row(group) for group in tally(records)["groups"]],
            figures=[Markup(figure) for figure in figures] if records else [],
            misses=misses(records),
        )
    )
