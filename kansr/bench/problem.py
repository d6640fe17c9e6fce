"""Problems: known laws with ranges of their inputs, read from a text file, one a line, and sampled to rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from lark import Lark, Token, Transformer, UnexpectedInput
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.errors import DataError, FormulaError, UsageError
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import did_you_mean, parse
from kansr.numeric.arrays import Array
from kansr.runtime.resources import shipped

# The suites in each shipped file: the whole file, the parts under its headings, or those of one difficulty.
SUITES: dict[str, tuple[str, ...]] = {
    "feynman": ("feynman", "feynman120"),
    "feynman_bonus": ("feynman_bonus", "feynman120"),
    "laws": ("laws",),
    "composed": ("composed",),
    "srsd": ("srsd", "srsd_easy", "srsd_medium", "srsd_hard"),
    "strogatz": ("strogatz",),
    "classic": (
        *("classic", "nguyen", "keijzer", "korns", "vladislavleva", "livermore"),
        *("jin", "constant", "rational", "koza", "pagie"),
    ),
    "pykan": ("pykan",),
    "empirical": ("empirical",),
}
SMALLEST, LARGEST = 1.18e-38, 3.40e38  # the range of single precision, to which targets of SRSD are limited
ROUNDS = 1000  # of drawing as many rows as are wanted, after which sampling gives up
OUTLIER_SIZE = 10.0  # standard deviation of the error of an outlier, over that of the target
SHOWN = 12  # characters that a message shows from the place of a mistake


@dataclass(frozen=True)
class Variable:
    """An input and its distribution.

    kind: uniform, integer (both ends included) or loguniform (of the absolute value; negative for negative bounds).
    signed: whether the sign is changed with probability 1/2; units: "" where they are not known.
    """

    name: str
    kind: str
    low: float
    high: float
    units: str = ""
    signed: bool = False


@dataclass(frozen=True)
class Problem:
    """A law with the ranges of its inputs.

    text, expr: the law as text and as an expression; variables: its inputs.
    distractors: inputs of the published table that the law does not use.
    valid_fraction: the share of draws that is kept; below 1, targets outside single precision are drawn again.
    """

    id: str
    suite: str
    target: str
    text: str
    expr: sympy.Expr
    variables: tuple[Variable, ...]
    distractors: tuple[Variable, ...] = ()
    target_units: str = ""
    valid_fraction: float = 1.0
    difficulty: str = ""
    source: str = ""
    title: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables)


def read_problems(path: str | Path, only: str = "") -> tuple[Problem, ...]:
    """The problems of a file, in its order, or the one with the id `only`.

    Raises DataError for a file that cannot be read, and FormulaError, with file and line, for a mistake in it.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise DataError(f"cannot read the problems in {path}: {err}") from err
    problems: dict[str, Problem] = {}
    heading, source = path.stem, ""
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
            problems[found.id] = replace(found, suite=heading, source=source)
        else:
            heading, source = found
    return tuple(problems.values())


def suite(name: str) -> tuple[Problem, ...]:
    """The problems of a shipped suite, such as "feynman" or "srsd_easy". Raises UsageError where there is none."""
    files = [file for file, suites in SUITES.items() if name in suites]
    if not files:
        known = list(dict.fromkeys(suite for suites in SUITES.values() for suite in suites))
        raise UsageError(f"no suite {name!r} ({', '.join(known)}).{did_you_mean(name, known)}")
    problems = [problem for file in files for problem in _shipped_problems(file)]
    if name == "feynman120" or name in files:
        return tuple(problems)
    return tuple(p for p in problems if name in (p.suite, f"{p.suite}_{p.difficulty}"))


def find_problem(id: str) -> Problem:
    """The shipped problem with this id. Raises UsageError where there is none."""
    for file in SUITES:
        for problem in _shipped_problems(file, id):
            return problem
    ids = [problem.id for file in SUITES for problem in _shipped_problems(file)]
    raise UsageError(f"no problem {id!r} in the shipped suites.{did_you_mean(id, ids)}")


def sample(
    problem: Problem,
    rows: int,
    rng: np.random.Generator,
    *,
    noise: float = 0.0,
    outliers: float = 0.0,
    distractors: bool = False,
) -> Dataset:
    """`rows` rows drawn from the ranges of the problem. Rows whose target is not finite are drawn again.

    noise: the standard deviation of Gaussian noise over the rms of the target.
    outliers: the probability that a row has a Gaussian error of OUTLIER_SIZE standard deviations as well.
    distractors: whether the unused inputs are columns too.
    Raises UsageError for arguments out of range, DataError where too few draws have a finite target.
    """
    if rows < 1 or noise < 0:
        raise UsageError(f"a sample needs at least one row and a noise level of 0 or more, not {rows} and {noise}")
    if not 0 <= outliers <= 1:
        raise UsageError(f"the share of outliers must be between 0 and 1, not {outliers:g}")
    variables = problem.variables + (problem.distractors if distractors else ())
    names = tuple(variable.name for variable in variables)
    kept: list[tuple[Array, Array]] = []
    missing = rows
    for _ in range(ROUNDS):
        X = np.column_stack([draw(variable, rows, rng) for variable in variables])
        y = evaluate(problem.expr, dict(zip(names, X.T)))
        good = np.flatnonzero(_usable(y, problem))[:missing]
        kept.append((X[good], y[good]))
        missing -= len(good)
        if not missing:
            break
    else:
        raise DataError(f"{problem.id}: only {rows - missing} of {ROUNDS * rows} draws have a target that can be used")
    X, y = (np.concatenate(parts) for parts in zip(*kept))
    if noise:
        y = y + rng.normal(0.0, noise * float(np.sqrt(np.mean(np.square(y)))), rows)
    if outliers:
        y = y + (rng.random(rows) < outliers) * rng.normal(0.0, OUTLIER_SIZE * float(np.std(y)), rows)
    return Dataset(X, y, names, problem.target)


def draw(variable: Variable, rows: int, rng: np.random.Generator) -> Array:
    """Values of one input, drawn from its distribution, (rows,)."""
    low, high = variable.low, variable.high
    if variable.kind == "integer":
        values = rng.integers(int(low), int(high), size=rows, endpoint=True).astype(float)
    elif variable.kind == "loguniform":
        small, large = sorted((abs(low), abs(high)))
        values = np.copysign(np.exp(rng.uniform(np.log(small), np.log(large), size=rows)), low)
    else:
        values = rng.uniform(low, high, size=rows)
    return values * rng.choice([-1.0, 1.0], size=rows) if variable.signed else values


def _usable(y: Array, problem: Problem) -> NDArray[np.bool_]:
    """Which rows have a valid target, (rows,)."""
    if problem.valid_fraction < 1:
        return (np.abs(y) >= SMALLEST) & (np.abs(y) <= LARGEST)
    return np.isfinite(y)


@cache
def _shipped_problems(file: str, only: str = "") -> tuple[Problem, ...]:
    return read_problems(shipped(f"datasets/{file}.problems"), only)


@cache
def _parser() -> Lark:
    grammar = shipped("grammars/problem.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_ProblemBuilder())


def _read_line(line: str) -> Any:
    """The problem in a line, or (suite, source) of a heading. Raises FormulaError with the position."""
    try:
        found = _parser().parse(line)
    except UnexpectedInput as err:
        position = err.pos_in_stream if err.pos_in_stream is not None and err.pos_in_stream >= 0 else len(line)
        came = repr(line[position : position + SHOWN]) if position < len(line) else "the end of the line"
        raise FormulaError(f"unexpected {came} (at column {position + 1})", line, position) from None
    if not isinstance(found, dict):
        return found
    formula = found.pop("formula")
    variables = found["variables"] + found.get("distractors", ())
    _check_variables(variables, line)
    names = [variable.name for variable in found["variables"]]
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

    def suite(self, children: list[Any]) -> tuple[str, str]:
        return str(children[0]), dict(children[1:]).get("title", "")

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
