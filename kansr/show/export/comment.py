"""Describe a law beside its code: the formula, its names with columns and units, and its domain."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from kansr.expression.domain import domain
from kansr.expression.render import readable
from kansr.result.law import Law
from kansr.show.export.names import CodeNames


def about(law: Law, names: CodeNames) -> list[str]:
    """The description, line by line; no line can end a comment or a docstring in any language."""
    lines = [f"{names.function} = {readable(law.expr.xreplace(_renamed(law, names.of)))}", ""]
    lines += [f"{_named(names.of[name], law, name)}{_unit(law, name)}" for name in law.measured]
    lines += [f"{names.of[name]}: a constant that differs by {_quoted(law.group)}" for name in law.parameters]
    lines.append(f"returns {_named(law.target, law, law.target)}{_unit(law, law.target)}")
    lines += [f"{names.of[c.name]} = {c.value!r}{_unit(law, c.name)}" for c in law.constants]
    conditions = domain(law.expr.xreplace(_renamed(law, names.of)))
    lines.append(f"domain: {'; '.join(map(str, conditions)) or 'all real numbers'}")
    return lines


def hashed(lines: list[str], mark: str = "#") -> str:
    """The lines as comments, each after `mark`."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in lines)


def docstring(lines: list[str], indent: str = "    ") -> str:
    """The lines as an indented Python docstring."""
    safe = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    body = "".join(f"{indent}{line}".rstrip() + "\n" for line in safe[1:])
    return f'{indent}"""{safe[0]}\n{body}{indent}"""\n'


def _named(identifier: str, law: Law, name: str) -> str:
    """A name in code, with its column where that has another name."""
    column = law.column(name)
    return identifier if column == identifier else f"{identifier}: the column {_quoted(column)}"


def _unit(law: Law, name: str) -> str:
    return f" [{_quoted(law.units[name])[1:-1]}]" if name in law.units else ""


def _quoted(text: str) -> str:
    """The text between apostrophes, with unprintable characters, quotation marks and backslashes as code points."""
    plain = "".join(c if c.isprintable() and c not in '\\"' else f"<{ord(c):x}>" for c in text)
    return f"'{plain}'"


def _renamed(law: Law, of: Mapping[str, str]) -> dict[sympy.Symbol, sympy.Symbol]:
    return {sympy.Symbol(name): sympy.Symbol(of[name]) for name in law.inputs}
