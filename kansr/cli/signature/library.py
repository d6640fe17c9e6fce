"""`kansr library`, a group of commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options
from kansr.runtime.terminal import emit

library = typer.Typer(add_completion=False, rich_markup_mode=None)


@library.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """The functions that formulas are made of.

    \b
    Example:
      kansr library list
    """
    if context.invoked_subcommand is None:
        emit(context.get_help() + "\n")


@library.command("list")
@dataclass(frozen=True, kw_only=True)
class ListFunctions(Signature):
    """The functions that a curve is matched with: name, formula, weight, domain.

    \b
    Example:
      kansr library list
    """

    done_by = "kansr.cli.library.list_functions"


@library.command("check")
@dataclass(frozen=True, kw_only=True)
class Check(Signature):
    """Print the functions of a .library file as they were read, and hold what it says of them against their numbers.

    Exit code 2 where the file is not understood, or a function has no value inside its domain.

    \b
    Example:
      kansr library check mine.library

    \b
    A line of such a file:
      softplus(u) = log(1 + exp(u)); complexity 4; domain (-inf, inf); free a b
    """

    done_by = "kansr.cli.library.check"

    file: Annotated[str, typer.Argument(metavar="FILE", help="The .library file.", show_default=False)]
    debug: options.Debug = False
