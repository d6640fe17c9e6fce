"""What is said about a law beside its code: the formula, what the names stand for, where it has a value."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from kansr.expression.domain import domain
from kansr.expression.render import readable
from kansr.result.law import Law
from kansr.show.export.names import Names


def about(law: Law, names: Names) -> list[str]:
    """Lines without line ends, controls, or marks that end a comment in any language."""
    lines = [f"{names.function} = {readable(law.expr.xreplace(_renamed(law, names.of)))}", ""]
    lines += [f"{_named(names.of[name], law, name)}{_unit(law, name)}" for name in law.inputs]
    lines.append(f"returns {_named(law.target, law, law.target)}{_unit(law, law.target)}")
    lines += [f"{names.of[c.name]} = {c.value!r}{_unit(law, c.name)}" for c in law.constants]
    conditions = domain(law.expr.xreplace(_renamed(law, names.of)))
    lines.append(f"domain: {'; '.join(map(str, conditions)) or 'all real numbers'}")
    return lines


def hashed(lines: list[str], mark: str = "#") -> str:
    """The lines as comments."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in lines)


def docstring(lines: list[str], indent: str = "    ") -> str:
    """The lines as a docstring, each line of which is indented."""
    safe = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    body = "".join(f"{indent}{line}".rstrip() + "\n" for line in safe[1:])
    return f'{indent}"""{safe[0]}\n{body}{indent}"""\n'


def _named(identifier: str, law: Law, name: str) -> str:
    """What it is called in code, and the column where that has another name."""
    column = law.column(name)
    return identifier if column == identifier else f"{identifier}: the column {_quoted(column)}"


def _unit(law: Law, name: str) -> str:
    return f" [{_quoted(law.units[name])[1:-1]}]" if name in law.units else ""


def _quoted(text: str) -> str:
    """The text between apostrophes; what is not printable, and the backslash, as numbers."""
    plain = "".join(c if c.isprintable() and c not in '\\"' else f"<{ord(c):x}>" for c in text)
    return f"'{plain}'"


def _renamed(law: Law, of: Mapping[str, str]) -> dict[sympy.Symbol, sympy.Symbol]:
    return {sympy.Symbol(name): sympy.Symbol(of[name]) for name in law.inputs}
