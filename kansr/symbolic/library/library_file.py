"""Read a .library file: one function a line, defined by a formula, so that it prints in the formula language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import VisitError

from kansr.errors import DataError, FormulaError, UsageError
from kansr.expression.complexity import complexity
from kansr.expression.evaluate import Tape
from kansr.expression.identifiers import is_identifier
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.runtime.resources import shipped
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.redundancy import without_redundant
from kansr.symbolic.library.standard import STANDARD

# Limits for hostile files; libraries that people write stay below.
MAX_BYTES = 1 << 20
MAX_FUNCTIONS = 100
MAX_LETTERS = 1000  # of a line
MAX_COMPLEXITY = 100
SHOWN = 12  # characters that a message shows from the place of a mistake


@dataclass(frozen=True, eq=False)
class LibraryFormula:
    """An expression in the one variable u, callable on sympy expressions and on arrays of any shape."""

    expr: sympy.Expr
    tape: Tape

    def __call__(self, u: Any) -> Any:
        return self.expr.xreplace({_U: u})

    def array(self, u: Array) -> Array:
        flat = np.asarray(u, dtype=float)
        return self.tape.value(flat.reshape(-1, 1)).reshape(flat.shape)


_U = sympy.Symbol("u")  # the variable of every function of a file


@dataclass(frozen=True)
class LibraryEntry:
    """A function of a file.

    line: its number; text: the line; places: the positions in it of the name, the formula and the clauses.
    """

    function: Function
    formula: LibraryFormula
    line: int
    text: str
    places: Mapping[str, int]
    title: str = ""


def as_library(library: Library | str | PathLike[str] | None) -> Library:
    """A library as it is, the standard one for None, or the standard one with the functions of the file at a path.

    Raises UsageError for anything else, and as `read_library` does.
    """
    if library is None:
        return STANDARD
    if isinstance(library, Library):
        return library
    if not isinstance(library, str | PathLike):
        raise UsageError(f"a library is a Library or the path of a .library file, not {type(library).__name__}")
    return STANDARD + Library(tuple(entry.function for entry in read_library(library)))


def read_library(path: str | PathLike[str]) -> tuple[LibraryEntry, ...]:
    """The functions of a file, in its order.

    Raises FormulaError, with line and column, for what cannot be read; DataError for a file that cannot be read or has
    no functions.
    """
    entries: dict[str, LibraryEntry] = {}
    for number, line in enumerate(_lines(Path(path)), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            entry = _read_line(line, number)
            name = entry.function.name
            if name in entries:
                raise _error(f"a second function called {name!r}; the first is in line {entries[name].line}", line, 0)
            if len(entries) == MAX_FUNCTIONS:
                raise _error(f"more than {MAX_FUNCTIONS} functions", line, 0)
        except FormulaError as err:
            raise FormulaError(f"{path}, line {number}: {err}", line, err.position) from None
        entries[name] = entry
    if not entries:
        raise DataError(f"{path} holds no functions; one is a line such as: softplus(u) = log(1 + exp(u))")
    return tuple(entries.values())


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise DataError(f"{path} has more than {MAX_BYTES >> 20} MiB: it is not a library of functions")
        return raw.decode("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError(f"no such file: {path}; a library is a text with one function a line") from None
    except (OSError, ValueError) as err:
        raise DataError(f"cannot read the functions in {path}: {getattr(err, 'strerror', None) or err}") from err


def _read_line(line: str, number: int) -> LibraryEntry:
    """The function in a line. Raises FormulaError with the position."""
    if len(line) > MAX_LETTERS:
        raise _error(f"the line has {len(line)} letters; at most {MAX_LETTERS} are allowed", line, MAX_LETTERS)
    try:
        tree = _parser().parse(line)
    except UnexpectedInput as err:
        ended = getattr(getattr(err, "token", None), "type", "") == "$END"
        position = len(line) if ended else err.pos_in_stream or 0
        came = repr(line[position : position + SHOWN]) if position < len(line) else "end of the line"
        raise _error(f"unexpected {came}", line, position) from None
    try:
        name, variable, formula, clauses = _Clauses(line).transform(tree)
    except VisitError as err:
        raise err.orig_exc from None
    return _entry(name, variable, formula, clauses, line, number)


def _entry(
    name: Token, variable: Token, formula: Token, clauses: dict[str, Any], line: str, number: int
) -> LibraryEntry:
    for word in (name, variable):
        if not is_identifier(word):
            raise _error(f"{str(word)!r} is a word of the formula language", line, word.start_pos)
    if name in STANDARD.names:
        raise _error(f"{str(name)!r} is in the standard library already", line, name.start_pos)
    start = line.index(formula.strip(), formula.start_pos)
    # with the blanks, positions in the formula are positions in the line
    expr = parse(" " * start + formula.strip(), names=[str(variable)])
    if not expr.free_symbols:
        raise _error(f"the formula does not use {variable}", line, start)
    expr = expr.xreplace({sympy.Symbol(str(variable)): _U})
    value, slope = LibraryFormula(expr, Tape(expr, ["u"])), _slope(expr)
    places = {"name": name.start_pos, "formula": start, **clauses.pop("places")}
    function = Function(
        str(name),
        value,
        value.array,
        slope,
        clauses.get("complexity", min(complexity(expr), MAX_COMPLEXITY)),
        clauses.get("free") or "",
        clauses.get("domain", (-math.inf, math.inf)),
        clauses.get("periodic", False),
    )
    if "free" not in clauses:
        function = without_redundant(function)
    return LibraryEntry(function, value, number, line, places, clauses.get("title", ""))


def _slope(expr: sympy.Expr) -> Any:
    """The derivative on arrays, None where it is not in the formula language, as for abs."""
    real = sympy.Symbol("u", real=True)
    slope = expr.xreplace({_U: real}).diff(real).xreplace({real: _U})
    try:
        return LibraryFormula(slope, Tape(slope, ["u"])).array
    except FormulaError:
        return None


def _error(message: str, line: str, position: int | None) -> FormulaError:
    position = position or 0
    return FormulaError(f"{message} (at column {position + 1})", line, position)


@cache
def _parser() -> Lark:
    grammar = shipped("grammars/library.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True)


@v_args(meta=True)
class _Clauses(Transformer[Token, Any]):
    """Parse tree of a line to its parts; each method is the grammar rule of that name.

    A clause becomes (name, value, position in the line).
    """

    def __init__(self, line: str) -> None:
        super().__init__(visit_tokens=False)
        self.line = line

    def start(self, meta: Any, children: list[Any]) -> Any:
        name, variable, formula, *clauses = children
        found: dict[str, Any] = {}
        places: dict[str, int] = {}
        for key, value, place in clauses:
            if key in found:
                raise _error(f"{key} is given twice", self.line, place)
            found[key], places[key] = value, place
        return name, variable, formula, {**found, "places": places}

    def complexity(self, meta: Any, children: list[Token]) -> tuple[str, int, int]:
        value = int(children[0]) if len(children[0]) < 9 else 0
        if not 1 <= value <= MAX_COMPLEXITY:
            raise _error(f"the complexity must be from 1 to {MAX_COMPLEXITY}", self.line, meta.start_pos)
        return "complexity", value, meta.start_pos

    def domain(self, meta: Any, children: list[Token]) -> tuple[str, tuple[float, float], int]:
        ends = children[0][1:-1].split(",")  # no constant of the language has a comma in it
        if len(ends) != 2:
            raise _error("a domain is written as (0, inf)", self.line, meta.start_pos)
        start = (children[0].start_pos or 0) + 1
        low, high = _bound(ends[0], start), _bound(ends[1], start + len(ends[0]) + 1)
        if not low < high:
            raise _error("the domain must go from a number to a larger one", self.line, meta.start_pos)
        return "domain", (low, high), meta.start_pos

    def free(self, meta: Any, children: list[Token]) -> tuple[str, str, int]:
        return "free", "".join(sorted({str(letter) for letter in children})), meta.start_pos

    def periodic(self, meta: Any, children: list[Token]) -> tuple[str, bool, int]:
        return "periodic", True, meta.start_pos

    def title(self, meta: Any, children: list[Token]) -> tuple[str, str, int]:
        return "title", str(children[0])[1:-1], meta.start_pos


def _bound(text: str, start: int) -> float:
    """An end of a domain: a constant expression of the formula language, inf or -inf. start: its position."""
    if text.strip() in ("inf", "+inf", "-inf"):
        return float(text)
    return float(parse(" " * start + text, names=[]))
