"""`kansr discover`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


@dataclass(frozen=True, kw_only=True)
class Discover(Signature):
    """Find a formula for one column of a table.

    \b
    Examples:
      kansr discover kepler.csv
      kansr discover data.csv --target force --inputs mass,acceleration --time-limit 20
      kansr discover data.csv --json --out results | jq .best.expression
      kansr discover fall.csv --units "h=m,g=m/s**2,v=m/s"
      kansr discover series.csv --derivative t --target prey
      kansr discover series.csv --derivative t --target prey,predator --run trial
      kansr discover decay.csv --sigma error --sigma t=0.1
      kansr discover springs.csv --target length --group spring
      kansr discover data.csv --report law.html
      kansr discover data.csv --form "x*f(y) + g(z)" --time-limit 30
      kansr discover uptake.csv --shape "y(c=0) = 0; monotone c +; limit c->inf finite"

    \b
    Exit codes:
      0 found        1 nothing beats a constant    2 bad usage or data
      3 internal     4 time ran out                130, 143 interrupted
    """

    done_by = "kansr.cli.search.discover"

    context: typer.Context
    file: options.File
    target: options.Targets = None
    inputs: options.Inputs = None
    ignore: options.Ignore = ""
    sigma: options.Sigma = None
    group: options.Group = None
    derivative: options.Derivative = None
    run: options.Run = None
    order: options.Order = 1
    loss: options.Loss = options.LossName.AUTO
    units: options.Units = None
    constants: options.Constants = ""
    dimensional_constants: options.Dimensional = False
    refine: Annotated[
        list[str] | None,
        typer.Option(metavar="operon|pysr|all", help="Also run this search, with 40 % of the time limit; repeatable."),
    ] = None
    form: Annotated[str, typer.Option(metavar='"f(x)+g(y,z)"', help="The form of the law, with unknown functions.")] = (
        ""
    )
    shape: Annotated[
        str,
        typer.Option(
            metavar='"monotone x +; y >= 0"',
            help="Known properties of the law; formulas that contradict them are left out.",
        ),
    ] = ""
    library: options.Functions = None
    functions: options.OnlyFunctions = None
    max_complexity: options.MaxComplexity = None
    structure: options.Structure = options.StructureName.AUTO
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
