"""`kansr.discover`: a table in, a law out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import sympy
from threadpoolctl import threadpool_limits

from kansr.api.discovery import Discovery
from kansr.data.dataset import Dataset
from kansr.data.declare_units import with_units
from kansr.data.roles import as_table, dataset
from kansr.errors import UsageError
from kansr.expression.parse import parse
from kansr.expression.render import readable
from kansr.formula.judge.baseline import baseline
from kansr.pipeline.all_rows import on_all_rows
from kansr.pipeline.config import Config, Loss, Refine
from kansr.pipeline.run import search
from kansr.pipeline.solve_form import templated
from kansr.result.result import Status
from kansr.structure.moves.registry import Proposer
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.library_file import as_library
from kansr.symbolic.library.standard import STANDARD
from kansr.units.units import ConstantSpec, Spec

if TYPE_CHECKING:
    import pandas as pd


def _formulas(guesses: Sequence[str | sympy.Expr], data: Dataset) -> tuple[sympy.Expr, ...]:
    """The guesses read, each in nothing but the inputs."""
    if isinstance(guesses, str):
        raise UsageError(f"guesses are a list of formulas: [{guesses!r}]")
    exprs = tuple(parse(guess) if isinstance(guess, str) else guess for guess in guesses)
    for expr in exprs:
        if not isinstance(expr, sympy.Expr):
            raise UsageError(f"guesses are text or sympy expressions, not {type(expr).__name__}")
        other = min({str(symbol) for symbol in expr.free_symbols} - set(data.names), default="")
        if other:
            raise UsageError(f"the guess {readable(expr)} has {other} in it; the inputs are {', '.join(data.names)}")
    return exprs


def discover(
    table: str | Path | pd.DataFrame | tuple[Any, Any],
    *,
    target: str | None = None,
    inputs: Sequence[str] | None = None,
    derivative: str | None = None,
    sigma: str | None = None,
    absolute_sigma: bool = True,
    loss: Loss = "auto",
    refine: Refine = (),
    form: str = "",
    guesses: Sequence[str | sympy.Expr] = (),
    library: Library | str | Path = STANDARD,
    time_limit: float = 60.0,
    seed: int = 0,
    jobs: int = 1,
    executor: Executor | None = None,
    moves: Sequence[Proposer] = (),
    missing: Literal["error", "drop"] = "error",
    units: Spec | None = None,
    constants: ConstantSpec = "",
    dimensional_constants: bool = False,
    progress: Callable[[Discovery], object] = lambda discovery: None,
) -> Discovery:
    """The law behind a table.

    table: a path, a DataFrame, or (X, y) with X (rows, inputs) and y (rows,). target: a column, the last one when
    not given; inputs: the columns to use, all others when not given. derivative: a column along which the target's
    rate of change is explained instead, by the other columns (see kansr.data.derivative). sigma: the column with the
    standard error of each value of the target, of which only the ratios count unless absolute_sigma. loss, refine,
    executor, moves: see Config. form: a form with unknown functions, such as "f(x) + g(y, z)", to be solved instead.
    guesses: formulas to begin with, text or sympy; decimal numbers in them are fitted, whole ones and fractions stay.
    library: the functions that curves are matched with, or the path of a .library file that adds to the standard ones.
    units: unit by column, as a mapping, a CSV file with the header name,unit, or "a=m,b=m/s"; then every formula has
    the units of the target. constants: (value, unit) by name of what formulas may use beside the columns;
    dimensional_constants: whether fitted numbers may carry units. `progress` is called with every better discovery, and
    with the best one so far when something else is tried.
    Ctrl-C ends the search and returns the best so far, with status "interrupted".

    Raises DataError for a table that cannot be used as it is, UsageError for options that do not fit together.
    """
    whole = as_table(table, seed=seed)
    data, notes = dataset(
        whole,
        target=target,
        inputs=inputs,
        missing=missing,
        sigma=sigma,
        absolute_sigma=absolute_sigma,
        derivative=derivative,
    )
    data = with_units(data, units, constants, free=dimensional_constants, known=whole.columns)
    config = Config(
        time_limit=time_limit,
        seed=seed,
        jobs=jobs,
        library=as_library(library),
        loss=loss,
        refine=refine,
        moves=tuple(moves),
        executor=executor,
        guesses=_formulas(guesses, data),
    )
    if form and guesses:
        raise UsageError("guesses are for a search without a form")
    best = baseline(data, seed)
    with threadpool_limits(1):  # sums in one order, whatever the machine
        try:
            for best in templated(data, form, config) if form else search(data, config):
                progress(Discovery.of(best))
        except KeyboardInterrupt:
            best = replace(best, status=Status.INTERRUPTED)
    if whole.again and best.status is not Status.INTERRUPTED:
        best = on_all_rows(best, whole.columns, whole.again(), alike=sigma is None)
    return Discovery.of(replace(best, notes=notes + best.notes))
