"""`kansr refine`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


@dataclass(frozen=True, kw_only=True)
class Refine(Signature):
    """Fit a form that you know, and compare it with what a search finds.

    \b
    Examples:
      kansr refine decay.csv --expr "a*exp(b*t) + c"
      kansr refine growth.csv --expr "b1*(1-exp(-b2*x))" --start b1=500,b2=1e-4
      kansr refine line.csv --expr "a + b*x" --sigma y=error_y --sigma x=error_x
      kansr refine data.csv --target force --expr "k*m1*m2/r**p" --time-limit 20 --json
    """

    done_by = "kansr.cli.search.refine"

    context: typer.Context
    file: options.File
    expr: Annotated[
        str, typer.Option(metavar="FORMULA", help="The form; names that are not columns are constants to fit.")
    ]
    start: Annotated[
        str | None, typer.Option(metavar="A=1,B=2E-3", help="Starting values of constants; found if not given.")
    ] = None
    target: options.Target = None
    inputs: options.Inputs = None
    ignore: options.Ignore = ""
    sigma: options.Sigma = None
    group: options.Group = None
    derivative: options.Derivative = None
    loss: options.Loss = options.LossName.AUTO
    units: options.Units = None
    constants: options.Constants = ""
    dimensional_constants: options.Dimensional = False
    library: options.Functions = None
    seed: options.Seed = 0
    time_limit: options.TimeLimit = 60.0
    jobs: options.Jobs = None
    as_json: options.Json = False
    out: options.Out = None
    report: options.Report = None
    force: options.Force = False
    resume: options.Resume = False
    missing: options.Missing = options.MissingName.ERROR
    sep: options.Sep = None
    decimal: options.Decimal = "."
    thousands: options.Thousands = ""
    header: options.Header = ""
    no_header: options.NoHeader = False
    sheet: options.Sheet = ""
    encoding: options.Encoding = "utf-8"
    na_values: options.NaValues = ""
    memory: options.Memory = "2GB"
    quiet: options.Quiet = False
    debug: options.Debug = False
