"""The command line: results on stdout, all else on stderr, and an exit code that says how it went."""

from __future__ import annotations

import contextlib
import gc
import io
import math
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kansr.cli import options
from kansr.cli.bench import bench
from kansr.cli.exits import FOUND, INTERNAL, SIGNALLED, USAGE, conclude, internal
from kansr.cli.export import export
from kansr.cli.library import check
from kansr.cli.predict import predict
from kansr.cli.refine import refine as refine_command
from kansr.cli.report import page_path
from kansr.cli.report import report as report_command
from kansr.errors import KansrError, UsageError
from kansr.runtime.terminal import emit, say
from kansr.version import __version__

if TYPE_CHECKING:
    from kansr.data.dataset import Dataset
    from kansr.result.result import Result

# Whatever needs numpy or more is imported by the command that needs it: --help is to be quick.
UsageProblem: Any = typer.BadParameter.__base__  # click's UsageError, wherever typer keeps it
Abort: Any = typer.Abort  # what it makes of Ctrl-C
REQUIRED = (
    "jinja2",
    "lark",
    "numpy",
    "pandas",
    "pint",
    "rich",
    "scipy",
    "sklearn",
    "sympy",
    "threadpoolctl",
    "torch",
    "typer",
)
OPTIONAL = ("pyarrow", "pyoperon", "pysr", "gplearn", "kan", "distributed")

app = typer.Typer(
    name="kansr",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
library = typer.Typer(rich_markup_mode=None)
app.add_typer(library, name="library")
app.command()(bench)
app.command()(predict)
app.command()(export)
library.command("check")(check)
app.command()(report_command)
app.command("refine")(refine_command)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Symbolic regression: a table in, a law out.

    \b
    Examples:
      kansr discover kepler.csv
      kansr sample feynman_I_12_2 -n 500 --noise 0.01 | kansr discover - --json
    """
    if version:
        emit(f"kansr {__version__}\n")
    elif context.invoked_subcommand is None:
        emit(context.get_help() + "\n")


@app.command()
def discover(
    file: options.File,
    target: options.Target = None,
    inputs: options.Inputs = None,
    sigma: options.Sigma = None,
    derivative: Annotated[
        str | None, typer.Option(metavar="T", help="Explain the target's rate of change along this column.")
    ] = None,
    loss: options.Loss = options.LossName.AUTO,
    units: options.Units = None,
    constants: options.Constants = "",
    dimensional_constants: options.Dimensional = False,
    refine: Annotated[
        list[str] | None,
        typer.Option(metavar="operon|pysr|all", help="Also ask this search, in 0.4 of the time; repeatable."),
    ] = None,
    form: Annotated[
        str, typer.Option(metavar='"f(x)+g(y,z)"', help="The form of the law, with functions that are not known.")
    ] = "",
    library: Annotated[
        str | None, typer.Option(metavar="FILE", help="A .library file with functions of your own.")
    ] = None,
    seed: options.Seed = 0,
    time_limit: options.TimeLimit = 60.0,
    jobs: options.Jobs = 1,
    as_json: options.Json = False,
    out: options.Out = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page to read and to print.")] = None,
    force: options.Force = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search in --out.")] = False,
    missing: options.Missing = options.MissingName.ERROR,
    sep: options.Sep = None,
    decimal: options.Decimal = ".",
    no_header: options.NoHeader = False,
    encoding: options.Encoding = "utf-8",
    na_values: options.NaValues = "",
    memory: options.Memory = "2GB",
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> int:
    """Find a formula for one column of a table.

    \b
    Examples:
      kansr discover kepler.csv
      kansr discover data.csv --target force --inputs mass,acceleration --time-limit 20
      kansr discover data.csv --json --out results | jq .best.expression
      kansr discover fall.csv --units "h=m,g=m/s**2,v=m/s"
      kansr discover series.csv --derivative t --target prey
      kansr discover data.csv --report law.html
      kansr discover data.csv --form "x*f(y) + g(z)" --time-limit 30

    \b
    Exit codes:
      0 found        1 nothing beats a constant    2 bad usage or data
      3 internal     4 time ran out                130, 143 interrupted
    """
    begun = time.monotonic()
    from kansr.data.read.reservoir import bytes_of
    from kansr.data.roles import dataset

    options.checked(time_limit)
    if resume and (out is None or force or form):
        raise UsageError(
            "--resume goes on with the search in --out DIR, which has to be given, without --force or --form"
        )
    absent = [cell.strip() for cell in na_values.split(",") if cell.strip()]
    more = {"encoding": encoding, "missing": absent, "memory": bytes_of(memory), "seed": seed}
    table, names = options.read(file, sep, decimal, no_header, inputs, **more)
    data, notes = dataset(table, target=target, inputs=names, missing=missing.value, sigma=sigma, derivative=derivative)
    data = options.with_units(data, units, constants, dimensional_constants, table)
    if not quiet:
        say(notes)
    from kansr.cli.supervise import display, run
    from kansr.pipeline.config import Config
    from kansr.pipeline.journal import Journal, key, opened
    from kansr.runtime.files import write
    from kansr.store.folder import COMMAND, claimed
    from kansr.symbolic.library.library_file import as_library

    functions = as_library(library)
    command = shlex.join(["kansr", *sys.argv[1:]])
    page = None if report is None else page_path(report)
    config = Config(
        time_limit=options.remaining(time_limit, begun),
        seed=seed,
        jobs=jobs,
        loss=loss.value,
        library=functions,
        refine=tuple(refine or ()),
    )
    visible = sys.stderr.isatty() and not quiet
    look = _looking(form, data)
    with claimed(out, force=force, resume=resume) if out else contextlib.nullcontext():
        journal = Journal()
        if out and not form:
            journal = opened(out, key(data, config), resume=resume)
            look = partial(look, journal=journal)
        if out:
            write(out / COMMAND, command + "\n")
        with display(config.time_limit) if visible else contextlib.nullcontext(lambda discovery: None) as show:
            ending = run(data, config, show=show, out=out, journal=journal, warn=lambda note: say([note]), look=look)
        if table.again and not (ending.signal or ending.error):
            from kansr.pipeline.all_rows import on_all_rows

            with contextlib.suppress(KeyboardInterrupt):  # what was found before is enough then
                refitted = on_all_rows(ending.discovery, table.columns, table.again(), alike=sigma is None)
                ending = ending._replace(discovery=refitted)
        ending = ending._replace(discovery=replace(ending.discovery, command=command))
        if not quiet:
            say(note for note in ending.discovery.notes if note not in notes)
        return conclude(ending, as_json, out, page, debug)


def _looking(form: str, data: Dataset) -> Callable[..., Iterator[Result]]:
    """What searches: for the whole law, or for the functions of a form that is read here, where mistakes are told."""
    if not form:
        from kansr.pipeline.run import search

        return search
    from kansr.pipeline.solve_form import templated
    from kansr.refinement.forms.skeleton import read_skeleton

    read_skeleton(form, data)
    return partial(templated, text=form)


@app.command()
def sample(
    problem: Annotated[str, typer.Argument(metavar="PROBLEM", help="The id of a known law.", show_default=False)],
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="How many rows.")] = 1000,
    noise: Annotated[float, typer.Option(min=0.0, help="Gaussian noise with std = this times rms(y).")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same rows.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there; standard output otherwise.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Draw rows from a known law, as CSV with the target last.

    \b
    Examples:
      kansr sample feynman_I_12_2 -n 500 > force.csv
      kansr sample feynman_I_12_2 -n 500 --noise 0.01 --seed 1 --out force.csv
    """
    import numpy as np

    from kansr.bench.problem import find_problem
    from kansr.bench.problem import sample as draw
    from kansr.runtime.files import write

    data = draw(find_problem(problem), rows, np.random.default_rng(seed), noise=noise)
    text = io.StringIO()
    header = ",".join([*data.names, data.target])
    np.savetxt(text, np.column_stack([data.X, data.y]), fmt="%.17g", delimiter=",", header=header, comments="")
    if out is None:
        emit(text.getvalue())
    elif out.exists() and not force:
        raise UsageError(f"{out} is there already; use --force to replace it")
    else:
        write(out, text.getvalue())


@library.callback(invoke_without_command=True)
def library_start(context: typer.Context) -> None:
    """The functions that formulas are made of.

    \b
    Example:
      kansr library list
    """
    if context.invoked_subcommand is None:
        emit(context.get_help() + "\n")


@library.command("list")
def library_list() -> None:
    """The functions that a curve is matched with: name, formula, weight, domain.

    \b
    Example:
      kansr library list
    """
    import sympy

    from kansr.expression.render import readable
    from kansr.symbolic.library.standard import STANDARD

    x = sympy.Symbol("x")
    rows = [("name", "weight", "domain", "formula")]
    for f in STANDARD:
        formula = "x**a" if f.free == "p" else readable(f.symbolic(x))
        low, high = f.domain
        domain = "all" if (low, high) == (-math.inf, math.inf) else f"{low:.4g} … {high:.4g}"
        rows.append((f.name, str(f.complexity), domain, formula))
    width = [max(len(row[i]) for row in rows) for i in range(3)]
    emit("".join("  ".join([*(c.ljust(w) for c, w in zip(row, width)), row[3]]) + "\n" for row in rows))


@app.command()
def doctor() -> int:
    """The versions of all that kansr builds on; exit code 3 when something it needs is missing.

    \b
    Example:
      kansr doctor
    """
    import platform
    from importlib.metadata import PackageNotFoundError, packages_distributions, version
    from importlib.util import find_spec

    from kansr.refinement.refiners.refiner import REFINERS

    called = packages_distributions()  # sklearn is the package of scikit-learn

    def line(package: str, absent: str) -> str:
        name = called.get(package, [package])[0]
        try:
            return f"{name:<14} {version(name) if find_spec(package) else absent}"
        except PackageNotFoundError:
            return f"{package:<14} present, version unknown"

    broken = [package for package in REQUIRED if find_spec(package) is None]
    lines = [
        f"{'kansr':<14} {__version__}",
        f"{'python':<14} {platform.python_version()}",
        f"{'platform':<14} {platform.platform()}",
        f"{'processors':<14} {os.cpu_count()}",
        *(line(package, "missing: reinstall kansr") for package in REQUIRED),
        *(line(package, "not installed (optional)") for package in OPTIONAL),
        *(f"{f'--refine {name}':<14} {refiner.missing() or 'can run'}" for name, refiner in REFINERS.items()),
    ]
    emit("\n".join(lines) + "\n")
    return INTERNAL if broken else FOUND


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shall show the rest
    code = _run(sys.argv[1:])
    gc.freeze()  # what is about to end need not be searched for garbage, which takes a fifth of a second
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    debug = "--debug" in arguments
    try:
        return app(arguments, prog_name="kansr", standalone_mode=False) or 0
    except UsageProblem as err:
        say([err.format_message()])
        return USAGE
    except (KeyboardInterrupt, Abort):
        return SIGNALLED + signal.SIGINT
    except KansrError as err:
        if debug:
            traceback.print_exc()
        say([str(err)])
        return USAGE
    except Exception as err:
        return internal(err, debug)


if __name__ == "__main__":
    main()
