"""`kansr.refine`: a form that the user knows, fitted and compared with what a search finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from threadpoolctl import threadpool_limits

from kansr.api.discovery import Discovery
from kansr.data.declare_units import with_units
from kansr.data.roles import as_table, dataset
from kansr.formula.judge.baseline import baseline
from kansr.pipeline.compare_form import compared
from kansr.pipeline.config import Config
from kansr.result.result import Status
from kansr.units.units import ConstantSpec, Spec

if TYPE_CHECKING:
    import pandas as pd


def refine(
    table: str | Path | pd.DataFrame | tuple[Any, Any],
    form: str,
    *,
    target: str | None = None,
    inputs: Sequence[str] | None = None,
    sigma: str | None = None,
    absolute_sigma: bool = True,
    time_limit: float = 60.0,
    seed: int = 0,
    missing: Literal["error", "drop"] = "error",
    units: Spec | None = None,
    constants: ConstantSpec = "",
    dimensional_constants: bool = False,
    progress: Callable[[Discovery], object] = lambda discovery: None,
) -> Discovery:
    """A form that you know, such as "a*exp(b*x) + c", fitted to a table and compared with what a search finds.

    Names that are not inputs are free constants; without any, the decimals of the form are fitted. `best` of what comes
    back is the form; `verdict` says what its constants are, what a search finds in the same time, and what one more
    term would buy. The other arguments are those of `kansr.discover`.

    Raises FormulaError, DataError or UsageError, which say what to do.
    """
    whole = as_table(table)
    data, notes = dataset(
        whole, target=target, inputs=inputs, missing=missing, sigma=sigma, absolute_sigma=absolute_sigma
    )
    data = with_units(data, units, constants, free=dimensional_constants, known=whole.columns)
    best = baseline(data, seed)
    with threadpool_limits(1):
        try:
            for best in compared(data, form, Config(time_limit=time_limit, seed=seed), whole.columns):
                progress(Discovery.of(best))
        except KeyboardInterrupt:
            best = replace(best, status=Status.INTERRUPTED)
    return Discovery.of(replace(best, notes=notes + best.notes))
