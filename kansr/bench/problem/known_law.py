"""A known law with ranges of its inputs, and rows drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.data.grouping import Grouping
from kansr.errors import DataError, UsageError
from kansr.expression.evaluate import evaluate
from kansr.numeric.arrays import Array

SMALLEST, LARGEST = 1.18e-38, 3.40e38  # the range of single precision, to which targets of SRSD are limited
GROUPS = 10  # of rows with constants of their own, as in the published tables
ROUNDS = 1000  # of drawing as many rows as are wanted, after which sampling gives up
GROUP = "group"  # the column that says which group a row belongs to
OUTLIER_SIZE = 10.0  # standard deviation of the error of an outlier, over that of the target


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
    rows, noise: of its table, unless others are asked for; relative_errors: whether they are in proportion to the
    target; irrelevant: how many of the distractors are columns of its table; single: whether that is in float32.
    own: constants that differ between groups of rows, GROUPS of them with as many rows each.
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
    rows: int = 2000
    noise: float = 0.0
    relative_errors: bool = False
    irrelevant: int = 0
    own: tuple[Variable, ...] = ()
    single: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables)


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

    Where the tables of the problem are in single precision, inputs and target are rounded to it at the end.

    noise: the standard deviation of Gaussian noise over the rms of the target, or over the target where the problem has
    relative errors.
    outliers: the probability that a row has a Gaussian error of OUTLIER_SIZE standard deviations as well.
    distractors: whether the unused inputs are columns too.
    Raises UsageError for arguments out of range, DataError where too few draws have a finite target.
    """
    if rows < 1 or noise < 0:
        raise UsageError(f"a sample needs at least one row and a noise level of 0 or more, not {rows} and {noise}")
    if not 0 <= outliers <= 1:
        raise UsageError(f"the share of outliers must be between 0 and 1, not {outliers:g}")
    if problem.own:
        return _of_groups(problem, rows, rng, noise=noise, outliers=outliers, distractors=distractors)
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
    y = _with_errors(problem, y, rng, noise, outliers)
    if problem.single:
        X, y = (column.astype(np.float32).astype(float) for column in (X, y))
    return Dataset(X, y, names, problem.target)


def laws_of_groups(problem: Problem, seed: int) -> dict[str, Problem]:
    """The law of each group of rows that are sampled with this seed, by the label of the group."""
    return _drawn_laws(problem, np.random.default_rng(seed))


def _drawn_laws(problem: Problem, rng: np.random.Generator) -> dict[str, Problem]:
    drawn = {sympy.Symbol(v.name): draw(v, GROUPS, rng) for v in problem.own}
    laws = {}
    for group in range(GROUPS):
        numbers = {symbol: sympy.Float(float(values[group])) for symbol, values in drawn.items()}
        laws[str(group + 1)] = replace(problem, expr=problem.expr.xreplace(numbers), own=())
    return laws


def _of_groups(
    problem: Problem, rows: int, rng: np.random.Generator, *, noise: float, outliers: float, distractors: bool
) -> Dataset:
    """As many rows of each group, or one more of the first ones; the level of the noise is that of all rows."""
    laws = _drawn_laws(problem, rng)
    counts = [len(part) for part in np.array_split(np.arange(rows), GROUPS)]
    parts = [sample(law, n, rng, distractors=distractors) for law, n in zip(laws.values(), counts) if n]
    X, y = np.vstack([part.X for part in parts]), np.concatenate([part.y for part in parts])
    codes = np.repeat(np.arange(len(parts)), [part.rows for part in parts])
    y = _with_errors(problem, y, rng, noise, outliers)
    grouping = Grouping(GROUP, tuple(laws)[: len(parts)], codes)
    return Dataset(X, y, parts[0].names, problem.target, grouping=grouping)


def _with_errors(problem: Problem, y: Array, rng: np.random.Generator, noise: float, outliers: float) -> Array:
    """The targets with errors as `sample` has them, (rows,)."""
    if noise:
        size = np.abs(y) if problem.relative_errors else float(np.sqrt(np.mean(np.square(y))))
        y = y + noise * size * rng.normal(0.0, 1.0, len(y))
    if outliers:
        y = y + (rng.random(len(y)) < outliers) * rng.normal(0.0, OUTLIER_SIZE * float(np.std(y)), len(y))
    return y


def exact(problem: Problem) -> Problem:
    """The problem with rows in double precision, to compare a formula with the law rather than with its table."""
    return replace(problem, single=False)


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
    if problem.single:
        return np.abs(y) <= LARGEST
    return np.isfinite(y)
