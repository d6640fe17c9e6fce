"""`kansr field`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


@dataclass(frozen=True, kw_only=True)
class Field(Signature):
    """Find the partial differential equation of a field on a grid.

    \b
    Examples:
      kansr field field.npz
      kansr field wave.npz --time t --space x,y --target h --json
    """

    done_by = "kansr.cli.search.field"

    context: typer.Context
    file: Annotated[
        str, typer.Argument(metavar="FILE.npz|-", help="Arrays of numbers, or - for stdin.", show_default=False)
    ]
    time: Annotated[str, typer.Option(metavar="NAME", help="The array with the times, evenly spaced.")] = "t"
    space: Annotated[
        str, typer.Option(metavar="X[,Y]", help="The arrays with the places along each axis, evenly spaced.")
    ] = "x"
    target: Annotated[
        str, typer.Option(metavar="NAME", help="The array with the field, one value for each time and place.")
    ] = "u"
    seed: options.Seed = 0
    time_limit: options.TimeLimit = 60.0
    as_json: options.Json = False
    out: options.Out = None
    force: options.Force = False
    quiet: options.Quiet = False
    debug: options.Debug = False
