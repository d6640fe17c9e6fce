"""A result as text: plain, and styled for a terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import sympy
from rich.console import Group
from rich.text import Text

from kansr.expression.render import readable
from kansr.result.candidate import Candidate
from kansr.result.derivation import Measure, Step
from kansr.result.parameters import groups_of
from kansr.result.result import UNDECIDED, Result, Status
from kansr.result.shape import ShapeVerdict, Verdict
from kansr.show.digits import known, measured
from kansr.show.steps import trial, worded

if TYPE_CHECKING:
    from rich.console import RenderableType

WORDS = {
    Status.FOUND: "found: the residuals look like noise",
    Status.BEST_EFFORT: "best effort: the residuals hold more than noise",
    Status.NOTHING: "nothing found: no formula beats a constant on held-out rows",
    Status.TIMED_OUT: "time ran out: this is the best so far",
    Status.INTERRUPTED: "interrupted: this is the best so far",
}
RESIDUALS = " (residual: measured value minus formula)"  # where WORDS has the word
HEADER = ("complexity", "held-out r²", "bits", "formula")
EXPLAINED = (
    "complexity: how many numbers, names and operations a formula has",
    "bits: how much longer the description of formula and residuals is than that of the best; 10 are strong evidence",
)
PROGRESS_LINES = 3  # that the best formula so far may take

MEASURES = {  # what a misfit is called; the value is in percent
    Measure.GRADIENTS: "gradients agree to {} of a radian",
    Measure.HELD_OUT: "off by {} of the spread on held-out rows",
    Measure.VARIANCE: "{} of the variance is left",
    Measure.RESIDUAL: "off by {} of the spread",
}
WIDTH = 60  # characters of a step up to which the misfits of all steps form a column
MOST = 8  # formulas of the front that are shown
HOPELESS = 50.0  # bits from which a longer formula than the best is not shown: odds of 2**50 to 1 against it
GROUPS = 20  # groups whose constants are shown
DECISIVE = 20.0  # bits from which the evidence against the longer formula is decisive: odds of a million to 1
NEAR_ONE = 0.9999  # r² above which its distance from 1 is shown
NO_NOISE = 1e-9  # noise level up to which it is rounding
SHOWN_ERROR = 5e-4  # standard error of r² from which it is shown: half of its last digit
LABEL = 14  # characters of what stands before a figure


def plain(discovery: Result) -> str:
    """The result as plain text: the law, how sure it is, what else the rows allow, and how it was found."""
    rows = [HEADER, *(cells for _, cells in front_rows(discovery))]
    width = [max(len(row[i]) for row in rows) for i in range(3)]
    table = ["  ".join([*(cell.rjust(w) for cell, w in zip(row, width)), row[3]]) for row in rows]
    first = [law(discovery), *legend(discovery), "", *evidence(discovery)]
    return "\n".join([*first, "", *table, *notes_on_table(discovery), *remarks(discovery)])


def styled(discovery: Result, width: int) -> RenderableType:
    """The same for a terminal of so many columns: lines end between words and at signs, never within a name."""
    rows = list(front_rows(discovery))
    columns = [max(len(row[i]) for row in (HEADER, *(cells for _, cells in rows))) for i in range(3)]
    indent = sum(columns) + GAP * len(columns)

    def lines(texts: list[str], style: str = "") -> list[Text]:
        return [Text(broken(text, width), style=style) for text in texts]

    def row(cells: tuple[str, ...], style: str = "") -> Text:
        figures = (" " * GAP).join(cell.rjust(w) for cell, w in zip(cells, columns))
        return Text(f"{figures}{' ' * GAP}{broken(cells[3], width - indent, indent)}", style=style)

    return Group(
        *lines([law(discovery)], "bold green" if discovery.status is Status.FOUND else "bold"),
        *lines(legend(discovery), "dim"),
        Text(),
        *lines(evidence(discovery)),
        Text(),
        row(HEADER, "dim"),
        *(row(cells, "bold" if candidate is discovery.best else "") for candidate, cells in rows),
        *lines(notes_on_table(discovery), "dim"),
        *lines(remarks(discovery)),
    )


GAP = 2  # columns between two columns of the table
INDENT = 4  # of the further lines of a text that is broken
# Where a line may end: after a space, and after * or / but not within **.
BREAKS = re.compile(r"\S*?(?:\s+|/|(?<!\*)\*(?!\*))|\S+")


def broken(text: str, width: int, indent: int = 0) -> str:
    """The text in lines of at most `width` letters, but for a word that is longer.

    indent: of further lines, beside INDENT and the indent of the text itself; it does not count in the width.
    """
    own = len(text) - len(text.lstrip())
    lines, room = [" " * own], width
    for piece in BREAKS.findall(text.lstrip()):
        if lines[-1].strip() and len(lines[-1]) + len(piece.rstrip()) > room:
            lines.append(" " * (indent + own + INDENT))
            room = width + indent
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def law(discovery: Result) -> str:
    """The best formula as an equation."""
    return f"{discovery.target} = {readable(discovery.best.expr)}"


def progress(discovery: Result, left: int, width: int) -> list[str]:
    """What a search shows while it runs, on lines of at most `width` letters. left: seconds to its limit."""
    tried = f" · trying {trial(discovery.trying)}" if discovery.trying else ""
    r2 = discovery.best.r2_held_out
    error = f", off by {percent(math.sqrt(1 - r2))} of the target's spread on held-out rows" if r2 < 1 else ""
    best = broken(f"  {law(discovery)}", width).split("\n")
    if len(best) > PROGRESS_LINES:
        best = [*best[: PROGRESS_LINES - 1], f"{' ' * INDENT}…"]
    return [f"{left} s left{tried}", f"best so far{error}:", *best]


def legend(discovery: Result) -> list[str]:
    """The column of each name in the law that is not the name of its column."""
    shown = {discovery.target, *discovery.inputs} - set(discovery.ignored_inputs)
    return [f"  {alias} is the column {name!r}" for alias, name in discovery.columns.items() if alias in shown]


def evidence(discovery: Result) -> list[str]:
    """How sure the law is: the status in words, then a line for each figure, with what it means."""
    best, status = discovery.best, WORDS[discovery.status]
    figures = [
        ("held-out r²", f"{held_out(best)} (1 is perfect; on rows that it was not fitted to)"),
        ("noise", noise_of(discovery)),
        *_constants(discovery),
        *_rivalry(discovery),
        ("searched", f"{discovery.rows} rows · {discovery.seconds:.1f} s"),
    ]
    explained = RESIDUALS if "residuals" in status else ""
    return [f"{status}{explained}", *(f"  {name:<{LABEL}}{said}" for name, said in figures)]


def noise_of(discovery: Result) -> str:
    """The noise level, and what it is a share of."""
    level = noise(discovery)
    return level if level == NONE else f"{level} of the spread (standard deviation) of {discovery.target}"


def _constants(discovery: Result) -> Iterator[tuple[str, str]]:
    """Each fitted constant with its standard error, in the order of the formula."""
    text = readable(discovery.best.expr)
    fitted = [c for c in discovery.constants if known(*c)] if discovery.verdict is None else []
    if fitted:
        fitted.sort(key=lambda c: text.find(readable(sympy.Float(abs(c[0])))))
        several = "constants" if len(fitted) > 1 else "constant"
        yield several, f"{', '.join(measured(*c) for c in fitted)} (fitted, with standard errors)"


def _rivalry(discovery: Result) -> Iterator[tuple[str, str]]:
    """What stands against the best formula."""
    best, *others = ranked(discovery)
    if discovery.rivals:
        several = "another formula" if len(discovery.rivals) == 1 else f"{len(discovery.rivals)} other formulas"
        yield "undecided", f"the rows do not rule out {several}, see below"
    elif others and discovery.verdict is None:
        lost = others[0].description_length - best.description_length
        yield (
            "runner-up",
            f"{lost:.0f} bits behind, which is {strength(lost)}"
            if lost >= 0
            else (f"{-lost:.0f} bits shorter, but predicts worse"),
        )


def strength(bits: float) -> str:
    """What so many bits against a formula are called."""
    return "decisive" if bits >= DECISIVE else "clear" if bits >= UNDECIDED else "close"


def held_out(best: Candidate) -> str:
    """The held-out r² with its standard error, where that is more than rounding of what is shown."""
    error = best.r2_held_out_error
    return f"{best.r2_held_out:.3f} ± {error:.3f}" if error >= SHOWN_ERROR else fraction(best.r2_held_out)


def front_rows(discovery: Result) -> Iterator[tuple[Candidate, tuple[str, str, str, str]]]:
    """The MOST best candidates of the front, simplest first, each with its cells: see HEADER.

    Longer formulas than the best that are far behind are left out.
    """
    for c in sorted(_worth_showing(discovery)[:MOST], key=lambda c: c.complexity):
        bits = f"{c.description_length - discovery.best.description_length:+.0f}"
        yield c, (str(c.complexity), fraction(c.r2_held_out), bits, readable(c.expr))


def _worth_showing(discovery: Result) -> list[Candidate]:
    best = discovery.best
    reach = best.description_length + HOPELESS
    return [c for c in ranked(discovery) if c.complexity <= best.complexity or c.description_length < reach]


def notes_on_table(discovery: Result) -> list[str]:
    """What the columns of the table mean, and what is not in it."""
    count = hidden(discovery)
    more = [f"{count} more {'is' if count == 1 else 'are'} in the JSON"] if count else []
    return [*EXPLAINED, *more]


def hidden(discovery: Result) -> int:
    """How many candidates of the front are not in the table."""
    return len(discovery.front) - min(len(_worth_showing(discovery)), MOST)


def remarks(discovery: Result) -> list[str]:
    """Lines on rivals, a form, the derivation and unused inputs."""
    lines = [""]
    for rival in discovery.rivals:
        lost = rival.description_length - discovery.best.description_length
        longer = "longer" if lost >= 0 else "shorter"
        lines.append(f"not ruled out by the rows, {abs(lost):.1f} bits {longer}: {readable(rival.expr)}")
    lines += verdict(discovery)
    lines += parameters(discovery)
    lines += shape(discovery)
    if discovery.structure is None:
        lines.append(f"found as {trial(discovery.best.origin)}")
    else:
        lines += ["how it was found (with the misfit of each step)", *_path(discovery)]
    if discovery.ignored_inputs:
        names = (discovery.columns.get(name, name) for name in discovery.ignored_inputs)
        lines.append(f"inputs not used: {', '.join(map(_printable, names))}")
    return lines


def parameters(discovery: Result) -> list[str]:
    """The table of the constants that differ by group, as many groups as fit."""
    table = by_group(discovery)
    if not table:
        return []
    rows = table[: 1 + GROUPS]
    width = [max(len(_printable(row[i])) for row in rows) for i in range(len(rows[0]))]
    lines = ["  " + "  ".join(_printable(cell).rjust(w) for cell, w in zip(row, width)) for row in rows]
    more = [f"  … and {len(table) - len(rows)} more groups"] if len(table) > len(rows) else []
    return ["constants by group", *lines, *more]


def by_group(discovery: Result) -> list[tuple[str, ...]]:
    """The constants that differ by group, a row for each group below a head; empty where there are none."""
    found = discovery.best.parameters
    if not found:
        return []
    rows = [(group, *(f"{values[group]:.6g}" for values in found.values())) for group in groups_of(found)]
    return [(discovery.group, *found), *rows]


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
    proven = [found.statement for found in discovery.shape if found.verdict is Verdict.PROVEN]
    others = [
        f"{found.statement}: {found.verdict.value}{place(found)}"
        for found in discovery.shape
        if found.verdict is not Verdict.PROVEN
    ]
    said = (("proven in the box of the rows", proven), ("not proven", others))
    return [f"{what}: {'; '.join(statements)}" for what, statements in said if statements]


def place(found: ShapeVerdict) -> str:
    """Where a statement fails, in words; "" where that is not known."""
    where = ", ".join(f"{name} = {value:.6g}" for name, value in (found.at or {}).items())
    return f" at {where}" if where else ""


def _measured(value: float, error: float) -> str:
    """A fitted constant with its standard error."""
    return measured(value, error) if error < float("inf") else f"{value:.6g} (undetermined)"


def _path(discovery: Result) -> list[str]:
    """A line for each step of the derivation, with its misfit."""
    said = steps(discovery)
    width = max((len(what) for what, _ in said if len(what) <= WIDTH), default=0)
    lines = ((f"{what:{width}}", f"  ({misfit})") if misfit else (what, "") for what, misfit in said)
    return [f"  {number}. {what}{misfit}" for number, (what, misfit) in enumerate(lines, 1)]


def steps(discovery: Result) -> list[tuple[str, str]]:
    """(what was done, its misfit) in words for each step of the derivation."""
    if discovery.structure is None:
        return []
    path = discovery.structure.path
    names = {*discovery.inputs, *(discovery.units.constants if discovery.units else ())}
    return [(what, _evidence(step)) for what, step in zip(worded(path, names), path)]


def _evidence(step: Step) -> str:
    if step.measure is None or step.value is None:
        return ""
    if step.value <= NO_NOISE:
        return "exact"
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


NONE = "none"  # where a relative error is rounding


def percent(level: float, error: float = 0.0) -> str:
    """A relative error in percent, with its standard error unless that is 0; NONE where it is rounding."""
    if level <= NO_NOISE:
        return NONE
    if not known(level, error):
        return f"{float(f'{100 * level:.2g}'):g} %"
    return f"{measured(100 * level, 100 * error, 1)} %"


def ranked(discovery: Result) -> list[Candidate]:
    """The front, the best formula first, then the others by description length, least first."""
    return sorted(discovery.front, key=lambda c: (c is not discovery.best, c.description_length, c.complexity))


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)
