"""`kansr refine`: a form that the user knows, fitted and compared."""

from __future__ import annotations

import contextlib
import sys
import time
from functools import partial
from typing import Annotated

import typer

from kansr.cli import options
from kansr.cli.exits import conclude
from kansr.runtime.terminal import say


def refine(
    file: options.File,
    expr: Annotated[str, typer.Option(metavar="FORMULA", help="The form; what is no column is a free constant.")],
    target: options.Target = None,
    inputs: options.Inputs = None,
    sigma: options.Sigma = None,
    units: options.Units = None,
    constants: options.Constants = "",
    dimensional_constants: options.Dimensional = False,
    seed: options.Seed = 0,
    time_limit: options.TimeLimit = 60.0,
    as_json: options.Json = False,
    out: options.Out = None,
    force: options.Force = False,
    missing: options.Missing = options.MissingName.ERROR,
    sep: options.Sep = None,
    decimal: options.Decimal = ".",
    no_header: options.NoHeader = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> int:
    """Fit a form that you know, and compare it with what a search finds.

    \b
    Examples:
      kansr refine decay.csv --expr "a*exp(b*t) + c"
      kansr refine data.csv --target force --expr "k*m1*m2/r**p" --time-limit 20 --json
    """
    begun = time.monotonic()
    from kansr.data.roles import dataset

    options.checked(time_limit)
    table, names = options.read(file, sep, decimal, no_header, inputs)
    data, notes = dataset(table, target=target, inputs=names, missing=missing.value, sigma=sigma)
    data = options.with_units(data, units, constants, dimensional_constants, table)
    if not quiet:
        say(notes)
    from kansr.cli.supervise import display, run
    from kansr.formula.fit.form import read_form
    from kansr.pipeline.compare_form import compared
    from kansr.pipeline.config import Config
    from kansr.store.folder import claim

    read_form(expr, data, table.columns)  # a mistake in it is told before anything is tried
    if out is not None:
        claim(out, force=force)
    config = Config(time_limit=options.remaining(time_limit, begun), seed=seed)
    look = partial(compared, text=expr, columns=table.columns)
    visible = sys.stderr.isatty() and not quiet
    with display(config.time_limit) if visible else contextlib.nullcontext(lambda discovery: None) as show:
        ending = run(data, config, show=show, out=out, warn=lambda note: say([note]), look=look)
    return conclude(ending, as_json, out, None, debug)
