"""`kansr refine`: a form that the user knows, fitted and compared."""

from __future__ import annotations

from typing import Annotated

import typer

from kansr.cli import options
from kansr.cli.supervise import Output, carry_out, typed
from kansr.pipeline.config import Config
from kansr.pipeline.job import Job, Task
from kansr.runtime.pool import cores
from kansr.symbolic.library.library_file import as_library


def refine(
    context: typer.Context,
    file: options.File,
    expr: Annotated[str, typer.Option(metavar="FORMULA", help="The form; what is no column is a free constant.")],
    target: options.Target = None,
    inputs: options.Inputs = None,
    sigma: options.Sigma = None,
    derivative: options.Derivative = None,
    loss: options.Loss = options.LossName.AUTO,
    units: options.Units = None,
    constants: options.Constants = "",
    dimensional_constants: options.Dimensional = False,
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
    """Fit a form that you know, and compare it with what a search finds.

    \b
    Examples:
      kansr refine decay.csv --expr "a*exp(b*t) + c"
      kansr refine data.csv --target force --expr "k*m1*m2/r**p" --time-limit 20 --json
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
        task=Task.COMPARE_FORM,
        form=expr,
        config=Config(
            time_limit=options.checked(time_limit),
            seed=seed,
            jobs=jobs or cores(),
            library=as_library(library),
            loss=loss.value,
        ),
    )
    output = Output(
        as_json=as_json, out=out, force=force, resume=resume, report=report, quiet=quiet, debug=debug, command=typed()
    )
    return carry_out(job, output, options.begun(context))
