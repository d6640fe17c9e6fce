"""The console script: the commands by name, and how a command line becomes one of them and is carried out.

The signature of a command is loaded when the command is asked for, and what carries it out when it is called: neither
`kansr --help` nor the help of a command loads numpy.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import CompletionItem, TyperGroup
from typer.main import get_command

from kansr.cli import Exit
from kansr.cli.signature import Signature
from kansr.errors import FormulaError, KansrError
from kansr.runtime.signals import CAME, SIGNALLED
from kansr.runtime.terminal import close_streams, emit, open_streams, say, say_internal
from kansr.version import __version__

UsageProblem: Any = typer.BadParameter.__base__  # click's UsageError, wherever typer keeps it
Abort: Any = typer.Abort  # what it makes of Ctrl-C
TYPERS_OWN = "Value error, "  # what it puts before a word that is none of a choice


class Command(NamedTuple):
    """signature: the full name of a class, or of a group of commands. help: the first line of its docstring."""

    signature: str
    help: str


COMMANDS: Mapping[str, Command] = {
    "discover": Command("kansr.cli.signature.discover.Discover", "Find a formula for one column of a table."),
    "demo": Command("kansr.cli.signature.demo.Demo", "Find the law of a table that comes with kansr."),
    "refine": Command(
        "kansr.cli.signature.refine.Refine", "Fit a form that you know, and compare it with what a search finds."
    ),
    "field": Command("kansr.cli.signature.field.Field", "Find the partial differential equation of a field on a grid."),
    "predict": Command("kansr.cli.signature.results.predict.Predict", "Apply a formula to each row of a table."),
    "export": Command(
        "kansr.cli.signature.results.export.Export",
        "Write a formula as code: a function of the inputs that it uses, or as LaTeX.",
    ),
    "report": Command(
        "kansr.cli.signature.results.report.Report",
        "Write a result as one HTML page, with plots and all that speaks for the formula.",
    ),
    "sample": Command("kansr.cli.signature.sample.Sample", "Draw rows from a known law, as CSV with the target last."),
    "mcp": Command(
        "kansr.cli.signature.mcp.Mcp",
        "Serve programs and agents by the Model Context Protocol, on standard input and output.",
    ),
    "bench": Command("kansr.cli.signature.bench.Bench", "Look for known laws, and say how many were found."),
    "library": Command("kansr.cli.signature.library.library", "The functions that formulas are made of."),
    "doctor": Command(
        "kansr.cli.signature.doctor.Doctor",
        "The versions of all that kansr builds on; exit code 3 when something it needs is missing.",
    ),
}


def loaded(name: str) -> Any:
    """What has this full name; its module is loaded for it."""
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def _loaded_at_once(name: str) -> Any:
    """The same, without looking for garbage meanwhile: hardly anything is, and to look takes a fifth of the time."""
    if name.rpartition(".")[0] in sys.modules:
        return loaded(name)
    gc.disable()
    try:
        return loaded(name)
    finally:
        gc.freeze()  # what is loaded stays
        gc.enable()


class Commands(Mapping[str, Any]):
    """The commands as typer makes them, each loaded when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        signature = loaded(COMMANDS[name].signature)
        if isinstance(signature, typer.Typer):
            return get_command(signature)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name)(signature)
        return get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Group(TyperGroup):
    """The group of all commands, which lists and completes them without loading any."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = Commands()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in COMMANDS.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[CompletionItem]:
        named = [CompletionItem(name, help=COMMANDS[name].help) for name in COMMANDS if name.startswith(incomplete)]
        return [*named, *super(TyperGroup, self).shell_complete(ctx, incomplete)]


app = typer.Typer(
    name="kansr",
    cls=Group,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Symbolic regression: a table in, a law out.

    \b
    Examples:
      kansr demo
      kansr discover data.csv
      kansr sample feynman_I_12_2 -n 500 --noise 0.01 | kansr discover - --json
    """
    if version:
        emit(f"kansr {__version__}\n")
    elif context.invoked_subcommand is None:
        emit(context.get_help() + "\n")


def main() -> None:
    """The command line of this process, which ends with its exit code."""
    open_streams()
    code = run(sys.argv[1:])
    close_streams()
    gc.freeze()  # what is about to end need not be searched for garbage, which takes a fifth of a second
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Does what the arguments say, and returns the exit code. The time that loading takes counts from here."""
    begun, debug = time.monotonic(), "--debug" in arguments
    if not debug:  # what a library warns of says nothing to a user; workers are told by the environment
        warnings.simplefilter("ignore")
        os.environ.setdefault("PYTHONWARNINGS", "ignore")
    try:
        given = app(arguments, prog_name="kansr", standalone_mode=False, obj=begun)
        if not isinstance(given, Signature):  # all is said, as after --help; or typer has swallowed a signal
            return SIGNALLED + CAME[0] if CAME else Exit.FOUND
        return _loaded_at_once(given.done_by)(given) or Exit.FOUND
    except UsageProblem as err:
        say([err.format_message().replace(TYPERS_OWN, "")])
        return Exit.USAGE
    except (KeyboardInterrupt, Abort):
        return SIGNALLED + (CAME[0] if CAME else signal.SIGINT)
    except KansrError as err:
        _trace(debug)
        say(_lines(err, arguments))
        return Exit.USAGE
    except (OSError, MemoryError) as err:  # a stream that is closed, a disk or the memory that is full
        _trace(debug)
        say([f"operating system error: {err or 'out of memory'}"])
        return Exit.USAGE
    except Exception as err:
        say_internal(err, debug)
        return Exit.INTERNAL


def _trace(wanted: bool) -> None:
    """Prints the traceback of the exception that is being handled, where that is wanted and stderr can be written."""
    with contextlib.suppress(OSError):
        if wanted:
            traceback.print_exc()


def _lines(error: KansrError, arguments: list[str]) -> list[str]:
    """What is printed of an error; of one in a formula of the command line, the formula with a caret below, too."""
    if isinstance(error, FormulaError) and any(argument.endswith(error.text) for argument in arguments):
        caret = import_module("kansr.expression.parse").caret  # loaded already by whatever has read the formula
        return [str(error), *(line for line in caret(error).split("\n") if line)]
    return [str(error)]


if __name__ == "__main__":
    main()
