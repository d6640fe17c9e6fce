"""Rows for laws of history: as they were measured, or drawn with the errors that measurements have.

EmpiricalBench (Cranmer 2023, arXiv 2305.01582): few rows, large errors, and quantities over many decades. With a folder
of tables, `hubble.csv` and so on, their rows are taken: the inputs in the order of the law, the target last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kansr.bench.problem import Problem, draw
from kansr.bench.real.folder import EMPIRICAL, tables
from kansr.data.dataset import Dataset
from kansr.data.read.file import read_table
from kansr.errors import DataError
from kansr.expression.evaluate import evaluate
from kansr.numeric.arrays import Array
from kansr.runtime.resources import shipped

DRAWS = 20  # rows that are drawn for each one that is wanted: where a law has no positive value, the row is not used


@dataclass(frozen=True)
class Measured:
    """A shipped table of measurements, and its columns in the order of the law, the target last."""

    file: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """Rows from the law. error: standard deviation of the error of a row, over the row's value."""

    rows: int
    error: float


SOURCES: Mapping[str, Measured | Drawn] = {
    "hubble": Measured("hubble_1929.csv", ("distance_mpc", "velocity_km_s")),
    "kepler": Measured("kepler.csv", ("semi_major_axis_au", "period_years")),
    "leavitt": Measured("leavitt_1912.csv", ("period_days", "magnitude_max")),
    "bode": Measured("titius_bode.csv", ("n", "semi_major_axis_au")),
    "newton": Drawn(30, 0.1),
    "planck": Drawn(100, 0.1),
    "schechter": Drawn(27, 0.2),
    "ideal_gas": Drawn(30, 0.1),
    "rydberg": Drawn(50, 0.01),
}


def rows_for(problem: Problem, data: str, seed: int) -> Dataset:
    """The rows of a law: those of its table in the folder `data`, or shipped or drawn ones where `data` is "".

    Raises DataError for a table that does not fit the law.
    """
    source = SOURCES[problem.id]
    if data:
        return _read(problem, tables(EMPIRICAL, data, tuple(SOURCES))[problem.id], ())
    if isinstance(source, Measured):
        return _read(problem, shipped(f"datasets/{source.file}"), source.columns)
    return drawn(problem, source, np.random.default_rng(seed))


def drawn(problem: Problem, source: Drawn, rng: np.random.Generator) -> Dataset:
    """Rows from the ranges of a law that is positive there, with Gaussian errors in proportion to each value."""
    X = np.column_stack([draw(variable, DRAWS * source.rows, rng) for variable in problem.variables])
    y = evaluate(problem.expr, dict(zip(problem.names, X.T)))
    good = np.flatnonzero(np.isfinite(y) & (y >= np.finfo(float).tiny))[: source.rows]
    if len(good) < source.rows:
        raise DataError(f"{problem.id}: only {len(good)} of {DRAWS * source.rows} draws have a positive target")
    return _dataset(problem, X[good], y[good] * (1 + source.error * rng.standard_normal(source.rows)))


def _read(problem: Problem, path: Path, columns: tuple[str, ...]) -> Dataset:
    """The rows of a table. columns: those to be used, all of them where empty."""
    table = read_table(path)
    places = [table.columns.index(column) for column in columns or table.columns]
    values = table.values[:, places]
    if len(places) != len(problem.names) + 1:
        wanted = ", ".join((*problem.names, problem.target))
        raise DataError(f"{path} has {len(places)} columns, but {problem.id} needs {wanted} in this order")
    if not np.isfinite(values).all():
        raise DataError(f"{path} has cells without a number")
    return _dataset(problem, values[:, :-1], values[:, -1])


def _dataset(problem: Problem, X: Array, y: Array) -> Dataset:
    return Dataset(X, y, problem.names, problem.target)
