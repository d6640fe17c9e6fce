"""A result as a notebook cell shows it: the law typeset, how good it is, and the front."""

from __future__ import annotations

import sympy
from markupsafe import Markup

from kansr.expression.render import latex
from kansr.result.result import Result
from kansr.show.digits import shortener
from kansr.show.report.mathml import equation
from kansr.show.report.page import formula
from kansr.show.summary import HEADER, evidence, front_rows, legend, notes_on_table, remarks


def html(discovery: Result) -> str:
    """An HTML fragment without scripts and style sheets; names are escaped."""
    law = Markup(" ").join(equation(discovery.target, discovery.best.expr, shortener(discovery.constants)))
    above = Markup("<br>").join([*legend(discovery), *evidence(discovery)])
    below = Markup("<br>").join([*notes_on_table(discovery), *filter(None, remarks(discovery))])
    rows = [_row("th", HEADER), *(_row("td", (*cells[:3], formula(c))) for c, cells in front_rows(discovery))]
    return Markup('<p style="font-size:1.3em">{}</p><p>{}</p><table>{}</table><p>{}</p>').format(
        law, above, Markup("").join(rows), below
    )


def latex_line(discovery: Result) -> str:
    """The law as an equation in LaTeX, in display style."""
    return f"$\\displaystyle {latex(sympy.Symbol(discovery.target))} = {discovery.best.latex()}$"


def _row(tag: str, cells: tuple[str, ...]) -> Markup:
    opened, closed = Markup(f"<{tag}>"), Markup(f"</{tag}>")
    return Markup("<tr>{}</tr>").format(Markup("").join(opened + cell + closed for cell in cells))
