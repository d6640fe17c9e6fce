"""`kansr demo`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


@dataclass(frozen=True, kw_only=True)
class Demo(Signature):
    """Find the law of a table that comes with kansr.

    It is that of the planets and their years, unless you name another. A name that there is none of is answered by the
    list of all tables.

    \b
    Examples:
      kansr demo
      kansr demo hubble_1929 --report hubble.html
      kansr demo --table > kepler.csv
    """

    done_by = "kansr.cli.search.demo"

    context: typer.Context
    name: Annotated[str, typer.Argument(metavar="[TABLE]", help="A table that comes with kansr.")] = "kepler"
    table: Annotated[bool, typer.Option("--table", help="Print the table instead, as CSV.")] = False
    report: options.Report = None
    time_limit: options.TimeLimit = 60.0
    jobs: options.Jobs = None
    as_json: options.Json = False
    quiet: options.Quiet = False
    debug: options.Debug = False
