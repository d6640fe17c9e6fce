"""A discovery in words and small tables, for a terminal and as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from kansr.expression.render import mathematics, readable
from kansr.result.candidate import Candidate
from kansr.result.derivation import Measure, Step
from kansr.result.graph import Graph
from kansr.result.result import Result, Status

if TYPE_CHECKING:
    from rich.console import RenderableType

WORDS = {
    Status.FOUND: "found: what is left looks like noise",
    Status.BEST_EFFORT: "best effort: not all that is left looks like noise",
    Status.NOTHING: "nothing found: no formula beats a constant on held-out rows",
    Status.TIMED_OUT: "time ran out: this is the best so far",
    Status.INTERRUPTED: "interrupted: this is the best so far",
}
HEADER = ("complexity", "held-out r²", "bits", "formula")
MEASURES = {
    Measure.GRADIENTS: "gradients agree to {}",
    Measure.HELD_OUT: "held-out error {}",
    Measure.VARIANCE: "scatter about a curve {}",
    Measure.RESIDUAL: "left over {}",
}
WIDTH = 72  # up to which what speaks for the steps stands in one column
MOST = 8  # formulas of the front that are shown


def plain(discovery: Result) -> str:
    """The law first, then what speaks for it."""
    rows = [HEADER, *(cells for _, cells in front_rows(discovery))]
    width = [max(len(row[i]) for row in rows) for i in range(3)]
    table = ["  ".join([*(cell.rjust(w) for cell, w in zip(row, width)), row[3]]) for row in rows]
    return "\n".join([law(discovery), *legend(discovery), "", *evidence(discovery), "", *table, *remarks(discovery)])


def styled(discovery: Result) -> RenderableType:
    """The same for a terminal, with the table laid out to its width."""
    table = Table(box=SIMPLE, show_edge=False, header_style="dim")
    for name in HEADER[:3]:
        table.add_column(name, justify="right")
    table.add_column(HEADER[3], overflow="fold")
    for candidate, cells in front_rows(discovery):
        table.add_row(
            *map(Text, (*cells[:3], mathematics(candidate.expr))), style="bold" if candidate is discovery.best else ""
        )
    figures, words = evidence(discovery)
    return Group(
        Text(law(discovery), style="bold green" if discovery.status is Status.FOUND else "bold"),
        *(Text(line, style="dim") for line in legend(discovery)),
        Text(),
        Text(figures),
        Text(words),
        Text(),
        table,
        *map(Text, remarks(discovery)),
    )


def law(discovery: Result) -> str:
    return f"{discovery.target} = {readable(discovery.best.expr)}"


def legend(discovery: Result) -> list[str]:
    """What the names stand for that are not column names, of those the law uses."""
    shown = {discovery.target, *discovery.inputs} - set(discovery.ignored_inputs)
    return [f"  {alias} is the column {name!r}" for alias, name in discovery.columns.items() if alias in shown]


def evidence(discovery: Result) -> tuple[str, str]:
    """The figures, and the status in words."""
    figures = (
        f"held-out r² {fraction(discovery.best.r2_held_out)}",
        f"noise {percent(discovery.noise, discovery.noise_error)}",
        f"{discovery.rows} rows",
        f"{discovery.seconds:.1f} s",
    )
    return " · ".join(figures), WORDS[discovery.status]


def front_rows(discovery: Result) -> Iterator[tuple[Candidate, tuple[str, str, str, str]]]:
    """The formulas that come closest, simplest first, with the cells that show each."""
    for c in sorted(ranked(discovery)[:MOST], key=lambda c: c.complexity):
        bits = f"{c.description_length - discovery.best.description_length:+.0f}"
        yield c, (str(c.complexity), fraction(c.r2_held_out), bits, readable(c.expr))


def remarks(discovery: Result) -> list[str]:
    """The runner-up, the structure and the ignored inputs, as far as there are any."""
    lines = [""]
    best, *others = ranked(discovery)
    for rival in discovery.rivals:
        lost = rival.description_length - discovery.best.description_length
        lines.append(f"the rows cannot rule out, for {lost:.1f} bits: {readable(rival.expr)}")
    if others and not discovery.rivals and discovery.verdict is None:
        lost = others[0].description_length - best.description_length
        lines.append(f"runner-up, by {lost:.0f} bits: {readable(others[0].expr)}")
    lines += verdict(discovery)
    fitted = [f"{value:.6g} ± {error:.2g}" for value, error in discovery.constants if error > 1e-9 * abs(value)]
    if fitted and discovery.verdict is None:
        lines.append(f"fitted constants: {', '.join(fitted)}")
    if discovery.structure is None:
        lines.append(f"found by: {discovery.best.origin}")
    else:
        lines += ["found by", *_path(discovery.structure)]
    if discovery.ignored_inputs:
        names = (discovery.columns.get(name, name) for name in discovery.ignored_inputs)
        lines.append(f"inputs not used: {', '.join(map(_printable, names))}")
    return lines


def verdict(discovery: Result) -> list[str]:
    """The constants of a form that was given, what one more term would buy, and what a search finds instead."""
    form = discovery.verdict
    if form is None:
        return []
    lines = [f"  {name} = {_measured(value, error)}" for name, value, error in form.constants]
    if form.loose:
        lines.append(f"the rows do not determine {', '.join(form.loose)}, only a combination: leave one out, or fix it")
    lines += [f"one more term would save {bits:.0f} bits: {readable(term)}" for term, bits in form.terms]
    bits = form.bits(discovery.best)
    if form.found is not None and bits is not None:
        lost = "no better" if abs(bits) < 0.5 else f"for {abs(bits):.0f} bits {'more' if bits > 0 else 'less'}"
        lines.append(f"a search in the same time found, {lost}: {readable(form.found.expr)}")
    return lines


def _measured(value: float, error: float) -> str:
    if not error > 1e-12 * abs(value):
        return f"{value:.8g}"
    return f"{value:.6g} ± {error:.2g}" if error < float("inf") else f"{value:.6g} (undetermined)"


def _path(structure: Graph) -> list[str]:
    """A line for each step, with what speaks for it."""
    width = min(max((len(step.what) for step in structure.path), default=0), WIDTH)
    lines = ((f"{what:{width}}", f"  ({said})" if said else "") for what, said in steps(structure))
    return [f"  {number}. {what}{said}" for number, (what, said) in enumerate(lines, 1)]


def steps(structure: Graph) -> list[tuple[str, str]]:
    """What was done and what speaks for it, step by step."""
    return [(step.what, _evidence(step)) for step in structure.path]


def _evidence(step: Step) -> str:
    if step.measure is None or step.value is None:
        return ""
    return MEASURES[step.measure].format(percent(step.value))


def fraction(r2: float) -> str:
    """An r², by its distance from 1 where that is small."""
    if 0.9999 < r2 < 1:
        return f"1 − {1 - r2:.1e}"
    r2 = round(r2, 4) + 0.0 if r2 < 1 else r2  # and no -0.0000
    return f"{r2:.4f}" if -10 < r2 < 1 else f"{r2:.3g}"


def percent(noise: float, error: float = 0.0) -> str:
    if noise <= 1e-9:
        return "none"
    return f"{_short(100 * noise, 2)} ± {_short(100 * error, 1)} %" if error else f"{_short(100 * noise, 2)} %"


def _short(value: float, digits: int) -> str:
    """So many significant digits, and no exponent where zeros do."""
    return f"{float(f'{value:.{digits}g}'):g}"


def ranked(discovery: Result) -> list[Candidate]:
    """The front, best first."""
    return sorted(discovery.front, key=lambda c: (c.description_length, c.complexity))


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)
