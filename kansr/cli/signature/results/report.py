"""`kansr report`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


@dataclass(frozen=True, kw_only=True)
class Report(Signature):
    """Write a result as one HTML page, with plots and all that speaks for the formula.

    \b
    Examples:
      kansr discover data.csv --out results && kansr report results
      kansr report results --out law.html
    """

    done_by = "kansr.cli.report.report"

    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder that discover --out named.", show_default=False)
    ]
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write there; RUN/report.html otherwise.")] = (
        None
    )
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not say where the page is.")] = False
    debug: options.Debug = False
