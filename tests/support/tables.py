"""Tables of numbers drawn from formulas, and what a fit misses of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy

from kansr.data.dataset import Dataset, split
from kansr.data.declare_units import constant_values, with_units
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.search.reductions.exact import ExactSearch
from kansr.search.reductions.routes import Route
from kansr.structure.context import Context
from kansr.structure.moves.state import State

TO_THE_END = 10**6  # steps of a search
DEFAULT = Context()

FOUR = ("x", "y", "z", "w")


def table(
    text: str, *, low: float = 0.5, high: float = 2.0, rows: int = 600, noise: float = 0.0, seed: int = 0
) -> Dataset:
    """Rows of the formula; noise is a share of each value."""
    expr = parse(text)
    names = tuple(sorted(str(s) for s in expr.free_symbols))
    rng = np.random.default_rng(seed)
    X = rng.uniform(low, high, (rows, len(names)))
    y = evaluate(expr, dict(zip(names, X.T)))
    return Dataset(X, y * (1 + noise * rng.normal(size=rows)), names, "t")


def state_of(data: Dataset) -> State:
    return State(data.X, data.y, tuple(sympy.Symbol(name) for name in data.names))


def halves(data: Dataset) -> tuple[Dataset, Dataset]:
    return split(data, 0.25, np.random.default_rng(1))


def misfit(expr: sympy.Expr, data: Dataset) -> float:
    residual = evaluate(expr, dict(zip(data.names, data.X.T))) - data.y
    return float(np.sqrt(np.mean(residual**2)) / np.std(data.y))


def routes(data: Dataset, context: Context = DEFAULT) -> list[Route]:
    """All that the search over reductions of exact rows comes to."""
    with np.errstate(all="ignore"):  # formulas are tried where they have no value
        return list(ExactSearch.of(data, context).advance(TO_THE_END))


def differences(text: str, data: Dataset, h: float = 1e-5) -> Array:
    """The gradient of the formula at the rows by central differences, (rows, inputs)."""
    columns = []
    for name in data.names:
        ends = [{n: x + s * h * (n == name) for n, x in zip(data.names, data.X.T)} for s in (1, -1)]
        columns.append((evaluate(parse(text), ends[0]) - evaluate(parse(text), ends[1])) / (2 * h))
    return np.column_stack(columns)


def inside(data: Dataset, share: float = 0.05) -> Array:
    """Which rows are clear of the ends of every input's range."""
    low, high = data.X.min(0), data.X.max(0)
    return np.asarray((np.abs(data.X - (low + high) / 2) < (high - low) * (0.5 - share)).all(axis=1))


def noisy_table(
    text: str, *, rows: int = 300, low: float = 0.5, high: float = 3.0, noise: float = 0.0, seed: int = 0
) -> Dataset:
    """Rows of the formula on its names in alphabetical order; noise is a share of the target's rms."""
    expr = parse(text)
    names = tuple(sorted(str(s) for s in expr.free_symbols))
    rng = np.random.default_rng(seed)
    X = rng.uniform(low, high, (rows, len(names)))
    y = evaluate(expr, dict(zip(names, X.T)))
    return Dataset(X, y + noise * float(np.sqrt(np.mean(y * y))) * rng.normal(size=rows), names, "t")


def with_noise(text: str, share: float, rows: int = 1000) -> Dataset:
    """Rows of the formula; noise is a share of the target's spread."""
    data = table(text, rows=rows)
    noise = np.random.default_rng(7).normal(0, share * float(np.std(data.y)), data.rows)
    return Dataset(data.X, data.y + noise, data.names, data.target)


def over_decades(text: str, rows: int = 1200, decades: float = 2.0, signed: bool = False) -> Dataset:
    """Rows of the formula in FOUR inputs drawn by their logarithm, as physical quantities are."""
    rng = np.random.default_rng(11)
    X = 10.0 ** rng.uniform(-decades / 2, decades / 2, (rows, len(FOUR)))
    if signed:
        X = X * rng.choice([-1.0, 1.0], X.shape)
    return Dataset(X, evaluate(parse(text), dict(zip(FOUR, X.T))), FOUR, "t")


def wide(text: str, low: float = -30.0, high: float = 30.0, rows: int = 1500, seed: int = 0) -> Dataset:
    """Rows of the formula in three inputs with poles and many turns in their range."""
    names = FOUR[:3]
    X = np.random.default_rng(seed).uniform(low, high, (rows, len(names)))
    return Dataset(X, Tape(parse(text), names).value(X), names, "t")


def table_with_units(
    text: str, units: Mapping[str, str], rows: int = 400, noise: float = 0.0, constants: str = ""
) -> Dataset:
    """Rows of the formula, every input uniform in (1, 3); the last of the units is that of the target y."""
    rng = np.random.default_rng(3)
    names = [name for name in units if name != "y"]
    columns = {name: rng.uniform(1, 3, rows) for name in names}
    values = {name: np.full(rows, constant.value) for name, constant in constant_values(constants).items()}
    y = evaluate(parse(text), {**columns, **values})
    y = y + rng.normal(0, noise * np.std(y), rows) if noise else y
    return with_units(Dataset(np.column_stack(list(columns.values())), y, tuple(names)), dict(units), constants)


def spoilt(rows: int, share: float, noise: float = 0.02, seed: int = 0) -> tuple[Dataset, Array]:
    """2.5·x**2/z with noise, of which a share is off by 5 or more, and which rows those are."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(1, 3, (rows, 2))
    wrong = rng.random(rows) < share
    y = 2.5 * X[:, 0] ** 2 / X[:, 1] + noise * rng.normal(size=rows)
    y += wrong * rng.choice([-1, 1], rows) * rng.uniform(5, 50, rows)
    return Dataset(X, y, ("x", "z")), wrong
