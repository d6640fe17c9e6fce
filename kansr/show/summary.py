"""A result as text: plain, and styled for a terminal."""

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
from kansr.result.parameters import groups_of
from kansr.result.result import Result, Status
from kansr.result.shape import ShapeVerdict, Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

WORDS = {
    Status.FOUND: "found: the residuals look like noise",
    Status.BEST_EFFORT: "best effort: the residuals hold more than noise",
    Status.NOTHING: "nothing found: no formula beats a constant on held-out rows",
    Status.TIMED_OUT: "time ran out: this is the best so far",
    Status.INTERRUPTED: "interrupted: this is the best so far",
}
HEADER = ("complexity", "held-out r²", "bits", "formula")
MEASURES = {  # what a misfit is called; the value is in percent
    Measure.GRADIENTS: "gradients agree to {}",
    Measure.HELD_OUT: "held-out error {}",
    Measure.VARIANCE: "variance ratio {}",
    Measure.RESIDUAL: "residual {}",
}
WIDTH = 72  # characters of a step up to which the misfits of all steps form a column
MOST = 8  # formulas of the front that are shown
GROUPS = 20  # groups whose constants are shown
NEAR_ONE = 0.9999  # r² above which its distance from 1 is shown
NO_NOISE = 1e-9  # noise level up to which it is rounding
EXACT_ERROR = 1e-9  # standard error over the constant, up to which it is rounding
SHOWN_ERROR = 5e-4  # standard error of r² from which it is shown: half of its last digit


def plain(discovery: Result) -> str:
    """The result as plain text: the law, how good it is, the front, and how it was found."""
    rows = [HEADER, *(cells for _, cells in front_rows(discovery))]
    width = [max(len(row[i]) for row in rows) for i in range(3)]
    table = ["  ".join([*(cell.rjust(w) for cell, w in zip(row, width)), row[3]]) for row in rows]
    return "\n".join([law(discovery), *legend(discovery), "", *evidence(discovery), "", *table, *remarks(discovery)])


def styled(discovery: Result) -> RenderableType:
    """The same for a terminal, with the table fitted to its width."""
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
    """The best formula as an equation."""
    return f"{discovery.target} = {readable(discovery.best.expr)}"


def legend(discovery: Result) -> list[str]:
    """The column of each name in the law that is not the name of its column."""
    shown = {discovery.target, *discovery.inputs} - set(discovery.ignored_inputs)
    return [f"  {alias} is the column {name!r}" for alias, name in discovery.columns.items() if alias in shown]


def evidence(discovery: Result) -> tuple[str, str]:
    """How good the law is, in figures, and the status in words."""
    figures = (
        f"held-out r² {_with_error(discovery.best)}",
        f"noise {noise(discovery)}",
        f"{discovery.rows} rows",
        f"{discovery.seconds:.1f} s",
    )
    return " · ".join(figures), WORDS[discovery.status]


def _with_error(best: Candidate) -> str:
    """The held-out r² with its standard error, where that is more than rounding of what is shown."""
    error = best.r2_held_out_error
    return f"{best.r2_held_out:.3f} ± {error:.3f}" if error >= SHOWN_ERROR else fraction(best.r2_held_out)


def front_rows(discovery: Result) -> Iterator[tuple[Candidate, tuple[str, str, str, str]]]:
    """The MOST best candidates of the front, simplest first, each with its cells: see HEADER."""
    for c in sorted(ranked(discovery)[:MOST], key=lambda c: c.complexity):
        bits = f"{c.description_length - discovery.best.description_length:+.0f}"
        yield c, (str(c.complexity), fraction(c.r2_held_out), bits, readable(c.expr))


def remarks(discovery: Result) -> list[str]:
    """Lines on rivals or the runner-up, a form, fitted constants, the derivation and unused inputs."""
    lines = [""]
    best, *others = ranked(discovery)
    for rival in discovery.rivals:
        lost = rival.description_length - discovery.best.description_length
        longer = "longer" if lost >= 0 else "shorter"
        lines.append(f"not ruled out by the rows, {abs(lost):.1f} bits {longer}: {readable(rival.expr)}")
    if others and not discovery.rivals and discovery.verdict is None:
        lost = others[0].description_length - best.description_length
        rank = f"runner-up, by {lost:.0f} bits" if lost >= 0 else f"{-lost:.0f} bits shorter, but predicts worse"
        lines.append(f"{rank}: {readable(others[0].expr)}")
    lines += verdict(discovery)
    lines += parameters(discovery)
    lines += shape(discovery)
    fitted = [f"{value:.6g} ± {error:.2g}" for value, error in discovery.constants if error > EXACT_ERROR * abs(value)]
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


def parameters(discovery: Result) -> list[str]:
    """The table of the constants that differ by group, as many groups as fit."""
    found = discovery.best.parameters
    if not found:
        return []
    groups = groups_of(found)
    rows = [[discovery.group, *found], *([g, *(f"{v[g]:.6g}" for v in found.values())] for g in groups[:GROUPS])]
    width = [max(len(_printable(row[i])) for row in rows) for i in range(len(rows[0]))]
    lines = ["  " + "  ".join(_printable(cell).rjust(w) for cell, w in zip(row, width)) for row in rows]
    more = [f"  … and {len(groups) - GROUPS} more groups"] if len(groups) > GROUPS else []
    return ["constants by group", *lines, *more]


def verdict(discovery: Result) -> list[str]:
    """Lines on a form that the user gave: its constants, terms to add, and what a search finds instead."""
    form = discovery.verdict
    if form is None:
        return []
    lines = [f"  {name} = {_measured(value, error)}" for name, value, error in form.constants]
    if form.loose:
        lines.append(f"the rows do not determine {', '.join(form.loose)}, only a combination: leave one out, or fix it")
    lines += [f"one more term would save {bits:.0f} bits: {readable(term)}" for term, bits in form.terms]
    bits = form.bits(discovery.best)
    if form.found is not None and bits is not None:
        lost = "no better" if abs(bits) < 0.5 else f"{abs(bits):.0f} bits {'longer' if bits > 0 else 'shorter'}"
        lines.append(f"a search in the same time found, {lost}: {readable(form.found.expr)}")
    return lines


def shape(discovery: Result) -> list[str]:
    """Lines on the shape of the law: the verdicts on statements of the user's, or what holds of it."""
    said = [
        found.statement
        if found.verdict is Verdict.PROVEN
        else f"{found.statement}: {found.verdict.value}{place(found)}"
        for found in discovery.shape
    ]
    return [f"proven in the box of the rows: {'; '.join(said)}"] if said else []


def place(found: ShapeVerdict) -> str:
    """Where a statement fails, in words; "" where that is not known."""
    where = ", ".join(f"{name} = {value:.6g}" for name, value in (found.at or {}).items())
    return f" at {where}" if where else ""


def _measured(value: float, error: float) -> str:
    """A fitted constant with its standard error."""
    if not error > 1e-12 * abs(value):
        return f"{value:.8g}"
    return f"{value:.6g} ± {error:.2g}" if error < float("inf") else f"{value:.6g} (undetermined)"


def _path(structure: Graph) -> list[str]:
    """A line for each step of the derivation, with its misfit."""
    width = min(max((len(step.what) for step in structure.path), default=0), WIDTH)
    lines = ((f"{what:{width}}", f"  ({said})" if said else "") for what, said in steps(structure))
    return [f"  {number}. {what}{said}" for number, (what, said) in enumerate(lines, 1)]


def steps(structure: Graph) -> list[tuple[str, str]]:
    """(what was done, its misfit in words) for each step of the derivation."""
    return [(step.what, _evidence(step)) for step in structure.path]


def _evidence(step: Step) -> str:
    if step.measure is None or step.value is None:
        return ""
    return MEASURES[step.measure].format(percent(step.value))


def fraction(r2: float) -> str:
    """An r² with four digits, or by its distance from 1 where that is small."""
    if NEAR_ONE < r2 < 1:
        return f"1 − {1 - r2:.1e}"
    r2 = round(r2, 4) + 0.0 if r2 < 1 else r2  # and no -0.0000
    return f"{r2:.4f}" if -10 < r2 < 1 else f"{r2:.3g}"


def noise(discovery: Result) -> str:
    """The noise level in words: an upper bound where the search did not come to its end."""
    level = percent(discovery.noise, discovery.noise_error)
    bound = discovery.status in (Status.TIMED_OUT, Status.INTERRUPTED) and discovery.noise > NO_NOISE
    return f"at most {level}" if bound else level


def percent(noise: float, error: float = 0.0) -> str:
    """A relative error in percent, with its standard error unless that is 0; "none" where it is rounding."""
    if noise <= NO_NOISE:
        return "none"
    return f"{_short(100 * noise, 2)} ± {_short(100 * error, 1)} %" if error else f"{_short(100 * noise, 2)} %"


def _short(value: float, digits: int) -> str:
    """A number with so many significant digits, without an exponent where possible."""
    return f"{float(f'{value:.{digits}g}'):g}"


def ranked(discovery: Result) -> list[Candidate]:
    """The front, the best formula first, then the others by description length, least first."""
    return sorted(discovery.front, key=lambda c: (c is not discovery.best, c.description_length, c.complexity))


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)
