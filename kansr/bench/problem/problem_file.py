"""Problems read from a text file, one a line."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from lark import Lark, Token, Transformer, UnexpectedInput

from kansr.bench.problem.known_law import Problem, Variable
from kansr.errors import DataError, FormulaError
from kansr.expression.parse import parse
from kansr.runtime.files import read
from kansr.runtime.resources import shipped

MOST_BYTES = 1 << 22  # of a file of problems; those that are shipped have a tenth of it at most
SHOWN = 12  # characters that a message shows from the place of a mistake


def read_problems(path: str | Path, only: str = "") -> tuple[Problem, ...]:
    """The problems of a file, in its order, or the one with the id `only`.

    Raises DataError for a file that cannot be read, and FormulaError, with file and line, for a mistake in it.
    """
    path = Path(path)
    try:
        lines = read(path, MOST_BYTES).decode().splitlines()
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or err
        raise DataError(f"cannot read the problems in {path}: {reason}") from err
    problems: dict[str, Problem] = {}
    heading: dict[str, Any] = {"suite": path.stem}
    for number, line in enumerate(lines, start=1):
        first = re.match(r"\s*([A-Za-z_]\w*|[^#\s])", line)
        if first is None or (only and first[1] not in (only, "suite")):
            continue
        try:
            found = _read_line(line)
            if isinstance(found, Problem) and found.id in problems:
                raise FormulaError(f"a second problem with the id {found.id}", line, 0)
        except FormulaError as err:
            raise FormulaError(f"{path}, line {number}: {err}", line, err.position) from None
        if isinstance(found, Problem):
            problems[found.id] = replace(found, **heading)
        else:
            heading = found
    return tuple(problems.values())


@cache
def _parser() -> Lark:
    grammar = shipped("grammars/problem.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_ProblemBuilder())


def _read_line(line: str) -> Any:
    """The problem in a line, or what a heading says of all problems below it. Raises FormulaError with the position."""
    try:
        found: Any = _parser().parse(line)
    except UnexpectedInput as err:
        position = err.pos_in_stream if err.pos_in_stream is not None and err.pos_in_stream >= 0 else len(line)
        came = repr(line[position : position + SHOWN]) if position < len(line) else "the end of the line"
        raise FormulaError(f"unexpected {came} (at column {position + 1})", line, position) from None
    if "formula" not in found:
        return found
    formula = found.pop("formula")
    own = found.get("own", ())
    variables = found["variables"] + found.get("distractors", ()) + own
    _check_variables(variables, line)
    names = [variable.name for variable in found["variables"] + own]
    # with the blanks, positions in the formula are positions in the line
    expr = parse(" " * formula.start_pos + formula, names=names)
    if not 0 < found.get("valid_fraction", 1.0) <= 1:
        raise FormulaError("the share of valid draws must be above 0 and at most 1", line)
    unused = set(names) - {symbol.name for symbol in expr.free_symbols}
    if unused:
        raise FormulaError(f"the formula does not use {', '.join(sorted(unused))}", line, formula.start_pos)
    return Problem(suite="", text=formula.strip(), expr=expr, **found)


def _check_variables(variables: tuple[Variable, ...], line: str) -> None:
    names = [variable.name for variable in variables]
    for v in variables:
        if names.count(v.name) > 1:
            raise FormulaError(f"{v.name} is given twice", line)
        if not -np.inf < v.low < v.high < np.inf:
            raise FormulaError(f"the range of {v.name} must go from a number to a larger one", line)
        if v.kind == "loguniform" and not v.low * v.high > 0:
            raise FormulaError(f"the loguniform range of {v.name} must lie on one side of 0", line)
        if v.kind == "integer" and not (v.low.is_integer() and v.high.is_integer()):
            raise FormulaError(f"the ends of the integer range of {v.name} must be whole numbers", line)


class _ProblemBuilder(Transformer[Token, Any]):
    """Parse tree to the fields of `Problem`; each method is the grammar rule of that name."""

    def suite(self, children: list[Any]) -> dict[str, Any]:
        said = dict(children[1:])
        return {"suite": str(children[0]), "source": said.get("title", ""), "single": said.get("single", False)}

    def precision(self, children: list[Token]) -> tuple[str, bool]:
        return "single", True

    def problem(self, children: list[Any]) -> dict[str, Any]:
        fields: dict[str, Any] = dict(child for child in children if isinstance(child, tuple))
        id, target, formula = (child for child in children if isinstance(child, Token))
        if "units" in fields:
            fields["target_units"] = fields.pop("units")
        return {"id": str(id), "target": str(target), "formula": formula, **fields}

    def difficulty(self, children: list[Token]) -> tuple[str, str]:
        return "difficulty", str(children[0])

    def variables(self, children: list[Variable]) -> tuple[str, tuple[Variable, ...]]:
        return "variables", tuple(children)

    def unused(self, children: list[Variable]) -> tuple[str, tuple[Variable, ...]]:
        return "distractors", tuple(children)

    def own(self, children: list[Variable]) -> tuple[str, tuple[Variable, ...]]:
        return "own", tuple(children)

    def variable(self, children: list[Any]) -> Variable:
        name, *rest = children
        units = rest.pop(0)[1] if isinstance(rest[0], tuple) else ""
        kind, low, high, *signed = rest
        return Variable(str(name), kind, float(low), float(high), units, bool(signed))

    def units(self, children: list[str]) -> tuple[str, str]:
        return "units", "".join(children)

    def valid(self, children: list[Token]) -> tuple[str, float]:
        return "valid_fraction", float(children[0])

    def title(self, children: list[Token]) -> tuple[str, str]:
        return "title", str(children[0])[1:-1]

    def kind(self, children: list[Token]) -> str:
        return str(children[0])

    def unit(self, children: list[str]) -> str:
        return "".join(children)

    def base(self, children: list[Token]) -> str:
        return str(children[0])
