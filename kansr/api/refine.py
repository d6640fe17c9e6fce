"""`kansr.refine`: a form that the user knows, fitted and compared with what a search finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kansr.api.discover import discovery_of
from kansr.api.discovery import Discovery
from kansr.data.stated_errors import Sigma
from kansr.pipeline.config import Config, Loss, listed
from kansr.pipeline.job import Job, Task
from kansr.structure.moves.registry import MoveKind, Proposer
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.library_file import as_library
from kansr.symbolic.library.standard import STANDARD
from kansr.units.units import ConstantSpec, Spec

if TYPE_CHECKING:
    import pandas as pd


def refine(
    table: str | Path | pd.DataFrame | tuple[Any, Any],
    form: str,
    *,
    start: Mapping[str, float] | str | None = None,
    target: str | None = None,
    inputs: str | Sequence[str] | None = None,
    ignore: str | Sequence[str] = (),
    derivative: str | None = None,
    sigma: Sigma | None = None,
    group: str | None = None,
    absolute_sigma: bool = True,
    loss: Loss = "auto",
    library: Library | str | Path = STANDARD,
    time_limit: float = 60.0,
    seed: int = 0,
    jobs: int = 1,
    executor: Executor | None = None,
    moves: Sequence[MoveKind | Proposer] = (),
    missing: Literal["error", "drop"] = "error",
    units: Spec | None = None,
    constants: ConstantSpec = "",
    dimensional_constants: bool = False,
    progress: Callable[[Discovery], object] = lambda discovery: None,
) -> Discovery:
    """A form that you know, such as "a*exp(b*x) + c", fitted to a table and compared with what a search finds.

    Names that are not inputs are free constants, and numbers stay as they are; without such names every decimal of the
    form is a constant of its own. Constants are those of least squares. start: where they begin, by name or as the text
    "a=1,b=2e-3"; the rest is looked for, and everything else is tried too in case that it fits better. `best` of what
    comes back is the form; `verdict` says what its constants are, what a search finds in the same time, and what one
    more term would save. With `group`, constants are shared or differ by group, as the rows say, and nothing is
    searched. The other arguments are those of `kansr.discover`: `loss` decides for form and search alike
    which rows count for how much; library, jobs, executor and moves are for the search.

    Raises FormulaError, DataError or UsageError, which say what to do.
    """
    job = Job(
        table=table,
        target=target,
        inputs=inputs,
        ignore=ignore,
        derivative=derivative,
        sigma=sigma,
        group=group,
        absolute_sigma=absolute_sigma,
        missing=missing,
        units=units,
        constants=constants,
        dimensional_constants=dimensional_constants,
        task=Task.COMPARE_FORM,
        form=form,
        start=start,
        config=Config(
            time_limit=time_limit,
            seed=seed,
            jobs=jobs,
            library=as_library(library),
            loss=loss,
            moves=listed(moves),
            executor=executor,
        ),
    )
    return discovery_of(job, progress)
