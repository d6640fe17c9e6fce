"""kansr as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sympy
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from kansr.api.discover import discovery_of
from kansr.api.discovery import Discovery
from kansr.errors import DataError, UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.render import latex
from kansr.numeric.arrays import Array
from kansr.pipeline.config import Config, Loss, Refine
from kansr.pipeline.job import Job
from kansr.result.candidate import Candidate
from kansr.show.report.notebook import html, latex_line
from kansr.show.summary import law
from kansr.store.estimator import load, save
from kansr.structure.context import Structure
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.library_file import as_library

SEEDS = 2**31 - 1


class SymbolicRegressor(RegressorMixin, BaseEstimator):
    """Symbolic regression with scikit-learn's conventions: a formula for `y` in the columns of `X`.

    Parameters
    ----------
    max_time : float
        Seconds after which `fit` stops with the best formula so far.
    random_state : int, RandomState or None
        The same int gives the same formula, unless the time runs out; None draws a seed from numpy's global state.
    n_jobs : int
        Processes to use; changes when an answer comes, not which.
    library : Library, path or None
        The functions that curves are matched with: None for the standard ones, the path of a .library file to add to
        them.
    loss : {"auto", "squared", "huber"}
        What rows far from the others count for: "auto" leaves out those that are grossly wrong, "huber" lets the others
        count by their distance instead of its square too, "squared" counts all in full.
    refine : str, callable or sequence of them
        Other searches that go on where this one ends: "operon", "pysr", "all", or refiners of your own, see
        docs/refiners.md. Four tenths of max_time are set aside for them.
    structure : {"auto", "kan", "reductions"}
        What finds the structure of the law: networks alone ("kan"), all but networks ("reductions"), or both.
    warm_start : bool
        Whether `fit` begins with the formulas of the fit before, with their constants fitted again: where one of them
        leaves only noise it is the answer, otherwise everything else is tried too.

    Attributes
    ----------
    equations_ : DataFrame
        The Pareto front, simplest first: complexity, loss (mean squared error), score (drop in log loss a unit of
        complexity), equation, sympy_format, lambda_format (a function of X), r2_held_out, description_length.
    discovery_ : Discovery
        All that is known about the formulas: status, noise, structure, constants with errors.
    n_features_in_, feature_names_in_
        As in scikit-learn.
    names_ : tuple of str
        What the formulas call the columns of X: x0, x1, …, or their names where those can be said in a formula.
    """

    def __init__(
        self,
        *,
        max_time: float = 60.0,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int = 1,
        library: Library | str | PathLike[str] | None = None,
        loss: Loss = "auto",
        refine: Refine = (),
        structure: Structure = "auto",
        warm_start: bool = False,
    ) -> None:
        self.max_time = max_time
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.library = library
        self.loss = loss
        self.refine = refine
        self.structure = structure
        self.warm_start = warm_start

    def fit(
        self,
        X: ArrayLike | pd.DataFrame,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_units: Sequence[str] | Mapping[str, str] | None = None,
        y_units: str | None = None,
    ) -> SymbolicRegressor:
        """Looks for the formula. X: (rows, inputs); y: (rows,).

        sample_weight: (rows,), what each row counts for in the sum of squares, as 1/variance of its error does; only
        ratios matter, and rows of weight 0 are left out. X_units: the unit of each column of X in order, or by name,
        "1" for none; y_units: that of y. With them every formula has the units of y, and its fitted numbers have
        none.

        Raises ValueError for arrays that scikit-learn would not take, DataError or UsageError (which say what to do)
        for what kansr cannot use.
        """
        import kansr.kan.network.network  # noqa: F401  torch is loaded before the clock starts

        if np.ma.is_masked(X) or np.ma.is_masked(y):
            raise DataError("X and y must not be masked: leave such rows out")
        rows, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)])
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)
            rows, target, weight = (array[weight > 0] for array in (rows, target, weight))
            if not len(rows):
                raise DataError("sample_weight is 0 for all rows: none is left")
        table = _table(rows, target, names)
        columns, sigma = list(table.columns), None
        if weight is not None and np.ptp(weight) > 0:
            sigma = _unused("sigma", columns)
            table = table.assign(**{sigma: 1 / np.sqrt(weight)})
        job = Job(
            table=table,
            target=columns[-1],
            sigma=sigma,
            absolute_sigma=False,
            units=_units(columns, X_units, y_units),
            guesses=self._known(columns[:-1]) if self.warm_start else (),
            config=Config(
                time_limit=self.max_time,
                seed=_seed(self.random_state),
                jobs=self.n_jobs or 1,
                library=as_library(self.library),
                loss=self.loss,
                refine=self.refine,
                structure=self.structure,
            ),
        )
        self.discovery_: Discovery = discovery_of(job)
        self._name(names)
        return self

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a folder from which `from_file` makes the fitted estimator again: that of a run, and what X was.

        Own functions of a library are not written; a `random_state` that is no int becomes the seed that it gave.
        Raises UsageError where nothing can be written.
        """
        check_is_fitted(self)
        save(self, Path(path))

    @classmethod
    def from_file(
        cls, run_directory: str | PathLike[str], *, library: Library | str | PathLike[str] | None = None
    ) -> SymbolicRegressor:
        """The fitted estimator that was saved to a folder, or one with what `kansr discover --out` found.

        library: for fitting again. Raises DataError for a folder that is damaged or of another version.
        """
        model = load(cls, Path(run_directory), library)
        model.discovery_ = Discovery.of(model.discovery_)
        return model

    def _known(self, columns: Iterable[str]) -> list[sympy.Expr]:
        """The formulas of the fit before, if it was one of the same columns."""
        before = getattr(self, "discovery_", None)
        if before is None or {before.columns.get(name, name) for name in before.inputs} != set(columns):
            return []
        return [c.expr for c in before.front]

    def _name(self, columns: Iterable[Any]) -> None:
        """What the formulas call the columns of X, and the table of formulas."""
        alias = {column: name for name, column in self.discovery_.columns.items()}
        self.names_ = tuple(alias.get(str(name), str(name)) for name in columns)
        self.equations_ = _equations(self.discovery_, self.names_)

    def predict(self, X: ArrayLike | pd.DataFrame, index: int | None = None) -> Array:
        """The values of the best formula, or of that at `index` in `equations_`, (rows,).

        Not a number where the formula has no real value.
        """
        check_is_fitted(self)
        rows: Array = validate_data(self, X, dtype=np.float64, reset=False)
        return Tape(self._candidate(index).expr, self.names_).value(rows)

    def get_best(self) -> pd.Series[Any]:
        """The row of `equations_` with the formula that was chosen: the shortest description of the rows."""
        check_is_fitted(self)
        return self.equations_.iloc[list(self.discovery_.front).index(self.discovery_.best)]

    def sympy(self, index: int | None = None) -> sympy.Expr:
        """The best formula, or that at `index`, as a sympy expression."""
        check_is_fitted(self)
        return self._candidate(index).expr

    def latex(self, index: int | None = None, digits: int = 6) -> str:
        """The best formula, or that at `index`, as LaTeX with numbers of `digits` significant digits."""
        return latex(self.sympy(index), digits)

    def __str__(self) -> str:
        return f"{self!r}\n{law(self.discovery_)}" if hasattr(self, "discovery_") else repr(self)

    def _repr_html_(self) -> str:
        return html(self.discovery_) if hasattr(self, "discovery_") else str(super()._repr_html_inner())

    def _repr_latex_(self) -> str | None:
        return latex_line(self.discovery_) if hasattr(self, "discovery_") else None

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """What a notebook shows: the law of a fitted estimator, scikit-learn's diagram of one that is not."""
        if not hasattr(self, "discovery_"):
            return super()._repr_mimebundle_(**kwargs)
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True  # where the time runs out
        return tags

    def _candidate(self, index: int | None) -> Candidate:
        if index is None:
            return self.discovery_.best
        candidates = self.discovery_.front.candidates
        if not -len(candidates) <= index < len(candidates):
            raise UsageError(f"there is no equation {index}: equations_ has {len(candidates)} rows")
        return candidates[index]


def _table(X: Array, y: Array, names: Any) -> pd.DataFrame:
    """Inputs and target as a table, the target last and called by a name that no input has."""
    return pd.DataFrame(np.column_stack([X, y]), columns=[*map(str, names), _unused("y", names)])


def _unused(name: str, names: Iterable[Any]) -> str:
    """The name, made longer until none of `names` is the same."""
    while name in set(map(str, names)):
        name += "_"
    return name


def _units(
    columns: Iterable[str], X_units: Sequence[str] | Mapping[str, str] | None, y_units: str | None
) -> dict[str, str] | None:
    """The units by column, the target last; None where none are given."""
    if X_units is None and y_units is None:
        return None
    if X_units is None or y_units is None or isinstance(X_units, str):
        raise UsageError('units are given for all: X_units=["m", "s"] and y_units="m/s", "1" for a plain number')
    *names, target = columns
    if not isinstance(X_units, Mapping):
        if len(X_units) != len(names):
            raise UsageError(f"X_units has {len(X_units)} units, but X has {len(names)} columns")
        X_units = dict(zip(names, X_units))
    return {**X_units, target: y_units}


def _seed(random_state: int | np.random.RandomState | None) -> int:
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(SEEDS))


def _equations(discovery: Discovery, names: tuple[str, ...]) -> pd.DataFrame:
    """The front in PySR's columns, and two of our own."""
    frame = discovery.front.to_frame()
    with np.errstate(divide="ignore"):
        logs = np.log(np.maximum(frame["loss"].to_numpy(), np.finfo(float).tiny))
    frame["score"] = np.concatenate([[0.0], -np.diff(logs) / np.diff(frame["complexity"])])
    functions: list[Any] = [Formula(expr, names) for expr in frame["sympy_format"]]
    frame = frame.assign(lambda_format=functions)
    order = ["complexity", "loss", "score", "equation", "sympy_format", "lambda_format"]
    return frame[[*order, "r2_held_out", "description_length"]]


class Formula:
    """A formula as a function of X, (rows, inputs) -> (rows,); unlike a lambda it can be pickled."""

    def __init__(self, expr: sympy.Expr, inputs: tuple[str, ...]) -> None:
        self.expr, self.inputs = expr, inputs

    def __call__(self, X: ArrayLike) -> Array:
        return Tape(self.expr, self.inputs).value(np.asarray(X, dtype=float))

    def __repr__(self) -> str:
        return f"f({', '.join(self.inputs)}) = {self.expr}"
