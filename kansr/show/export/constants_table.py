"""The constants of a law that differ by group, as a table beside its code."""

from __future__ import annotations

import sympy

from kansr.expression.render import latex
from kansr.result.law import Law
from kansr.result.parameters import groups_of
from kansr.show.export.names import CodeNames

TABLE = "constants_by_group"  # the name of the table in code
PLAIN = frozenset(chr(code) for code in range(32, 127)) - set('"\\?')  # what stands for itself in a C string
LATEX = str.maketrans({c: f"\\{c}" for c in "#$%&_{}"} | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}"})
LATEX |= {ord("^"): r"\textasciicircum{}"}


def as_dict(law: Law, names: CodeNames) -> str:
    """The table in Python: for each group its constants by the name of the argument; "" where there are none."""
    if not law.parameters:
        return ""
    rows = []
    for group in groups_of(law.parameters):
        constants = ", ".join(f"{names.of[name]!a}: {values[group]!r}" for name, values in law.parameters.items())
        rows.append(f"    {group!a}: {{{constants}}},\n")
    return f"\n\n{TABLE} = {{\n{''.join(rows)}}}\n"


def as_struct(law: Law, names: CodeNames) -> str:
    """The table in C99: an array of groups with their constants; "" where there are none."""
    if not law.parameters:
        return ""
    fields = ", ".join(names.of[name] for name in law.parameters)
    rows = [
        f'    {{"{_c_string(group)}", {", ".join(repr(values[group]) for values in law.parameters.values())}}},\n'
        for group in groups_of(law.parameters)
    ]
    return f"\nstatic const struct {{ const char *group; double {fields}; }} {TABLE}[] = {{\n{''.join(rows)}}};\n"


def as_array(law: Law) -> str:
    """The table in LaTeX, for display mathematics; "" where there are none."""
    if not law.parameters:
        return ""
    symbols = (latex(sympy.Symbol(name)) for name in law.parameters)
    head = " & ".join([rf"\text{{{law.group.translate(LATEX)}}}", *symbols])
    rows = []
    for group in groups_of(law.parameters):
        numbers = [repr(values[group]) for values in law.parameters.values()]
        rows.append(" & ".join([rf"\text{{{group.translate(LATEX)}}}", *numbers]))
    columns = "l" + "r" * len(law.parameters)
    lines = r" \\" + "\n"
    return f"\\begin{{array}}{{{columns}}}\n{lines.join([head, *rows])}\n\\end{{array}}\n"


def _c_string(text: str) -> str:
    """The text between quotation marks in C: other than plain letters by their bytes in UTF-8."""
    return "".join(chr(b) if chr(b) in PLAIN else f"\\{b:03o}" for b in text.encode())
