"""`kansr discover`: a formula for one column of a table."""

from __future__ import annotations

from typing import Annotated

import typer

from kansr.cli import options
from kansr.cli.supervise import Output, carry_out, typed
from kansr.pipeline.config import Config
from kansr.pipeline.job import Job, Task
from kansr.runtime.pool import cores
from kansr.symbolic.library.library_file import as_library


def discover(
    context: typer.Context,
    file: options.File,
    target: options.Target = None,
    inputs: options.Inputs = None,
    sigma: options.Sigma = None,
    derivative: options.Derivative = None,
    loss: options.Loss = options.LossName.AUTO,
    units: options.Units = None,
    constants: options.Constants = "",
    dimensional_constants: options.Dimensional = False,
    refine: Annotated[
        list[str] | None,
        typer.Option(metavar="operon|pysr|all", help="Also ask this search, in 0.4 of the time; repeatable."),
    ] = None,
    form: Annotated[
        str, typer.Option(metavar='"f(x)+g(y,z)"', help="The form of the law, with functions that are not known.")
    ] = "",
    library: options.Functions = None,
    seed: options.Seed = 0,
    time_limit: options.TimeLimit = 60.0,
    jobs: options.Jobs = None,
    as_json: options.Json = False,
    out: options.Out = None,
    report: options.Report = None,
    force: options.Force = False,
    resume: options.Resume = False,
    missing: options.Missing = options.MissingName.ERROR,
    sep: options.Sep = None,
    decimal: options.Decimal = ".",
    no_header: options.NoHeader = False,
    encoding: options.Encoding = "utf-8",
    na_values: options.NaValues = "",
    memory: options.Memory = "2GB",
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> int:
    """Find a formula for one column of a table.

    \b
    Examples:
      kansr discover kepler.csv
      kansr discover data.csv --target force --inputs mass,acceleration --time-limit 20
      kansr discover data.csv --json --out results | jq .best.expression
      kansr discover fall.csv --units "h=m,g=m/s**2,v=m/s"
      kansr discover series.csv --derivative t --target prey
      kansr discover data.csv --report law.html
      kansr discover data.csv --form "x*f(y) + g(z)" --time-limit 30

    \b
    Exit codes:
      0 found        1 nothing beats a constant    2 bad usage or data
      3 internal     4 time ran out                130, 143 interrupted
    """
    job = Job(
        table=file,
        reading=options.reading(sep, decimal, no_header, encoding, na_values, memory),
        target=target,
        inputs=inputs,
        sigma=sigma,
        derivative=derivative,
        missing=missing.value,
        units=units,
        constants=constants,
        dimensional_constants=dimensional_constants,
        task=Task.SOLVE_FORM if form else Task.SEARCH,
        form=form,
        config=Config(
            time_limit=options.checked(time_limit),
            seed=seed,
            jobs=jobs or cores(),
            library=as_library(library),
            loss=loss.value,
            refine=tuple(refine or ()),
        ),
    )
    output = Output(
        as_json=as_json, out=out, force=force, resume=resume, report=report, quiet=quiet, debug=debug, command=typed()
    )
    return carry_out(job, output, options.begun(context))
