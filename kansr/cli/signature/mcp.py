"""`kansr mcp`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


@dataclass(frozen=True, kw_only=True)
class Mcp(Signature):
    """Serve programs and agents by the Model Context Protocol, on standard input and output.

    The tools are inspect_table, discover, refine, predict and report. They read and write nothing outside the folder.

    \b
    Example:
      kansr mcp --folder tables
    """

    done_by = "kansr.cli.mcp.serve.serve"

    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder with the tables; results go there.", show_default=False)
    ]
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", help="The longest that a search may be asked to take.")
    ] = 600.0
    jobs: options.Jobs = None
    debug: options.Debug = False
