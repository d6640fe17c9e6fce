"""`kansr sample`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


@dataclass(frozen=True, kw_only=True)
class Sample(Signature):
    """Draw rows from a known law, as CSV with the target last.

    \b
    Examples:
      kansr sample feynman_I_12_2 -n 500 > force.csv
      kansr sample feynman_I_12_2 -n 500 --noise 0.01 --seed 1 --out force.csv
    """

    done_by = "kansr.cli.bench.sample"

    problem: Annotated[str, typer.Argument(metavar="PROBLEM", help="The id of a known law.", show_default=False)]
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="How many rows.")] = 1000
    noise: Annotated[float, typer.Option(min=0.0, help="Gaussian noise with std = this times rms(y).")] = 0.0
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same rows.")] = 0
    out: options.OutFile = None
    force: options.Replace = False
    debug: options.Debug = False
