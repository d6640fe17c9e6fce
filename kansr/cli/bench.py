"""`kansr bench` and `kansr sample`: known laws, looked for again, and as tables."""

from __future__ import annotations

import enum
import io
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console

from kansr.bench.backends import Backend
from kansr.bench.methods import method
from kansr.bench.problem import find_problem, is_zoo
from kansr.bench.problem import sample as draw
from kansr.bench.real.folder import check
from kansr.bench.real.published import published
from kansr.bench.records import read, read_settings
from kansr.bench.report.html import page
from kansr.bench.report.pmlb_compare import pmlb_compared, pmlb_comparison
from kansr.bench.report.pmlb_tables import pmlb_summary
from kansr.bench.report.pmlb_tally import parted, pmlb_tally
from kansr.bench.report.tables import compared, comparison, summary
from kansr.bench.report.tally import tally
from kansr.bench.run import run
from kansr.bench.trial import Settings, Trial, chosen_ids, trials
from kansr.errors import UsageError
from kansr.runtime.files import write
from kansr.runtime.signals import SIGNALLED
from kansr.runtime.terminal import emit, say
from kansr.version import __version__

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kansr.bench.record import Record

SCHEMA = 1  # of the JSON object
ROWS = 2000  # of a table, where the law does not say itself how many
LONGEST = 10  # digits of the number of a law are fewer


class Half(str, enum.Enum):
    """The problems whose id has an even or an odd crc32."""

    EVEN = "even"
    ODD = "odd"


def bench(
    suite: Annotated[
        str | None, typer.Argument(metavar="[SUITE]", help="The laws to look for.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the records go.")] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="kansr, operon, gplearn, pykan, pysr, linear; a list, or more than once.")
    ] = None,
    noise: Annotated[
        str | None, typer.Option(metavar="LEVELS", help="Noise levels, such as 0,.01: std over rms(y).")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many sets of rows of each law.")] = 1,
    rows: Annotated[int | None, typer.Option(min=1, help="Rows of each table.")] = None,
    time_limit: Annotated[float, typer.Option(metavar="SECONDS", help="For each search.")] = 60.0,
    units: Annotated[bool, typer.Option("--units", help="Tell the methods the units.")] = False,
    distractors: Annotated[int, typer.Option(min=0, help="Columns to add that the law does not use.")] = 0,
    outliers: Annotated[float, typer.Option(metavar="SHARE", help="Share of grossly wrong rows.")] = 0.0,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The tables of pmlb or empirical.")] = None,
    laws: Annotated[str | None, typer.Option(metavar="A..B", help="Numbers of the laws of the zoo.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="IDS", help="Ids or patterns such as 'feynman_I_1*'.")
    ] = None,
    half: Annotated[Half | None, typer.Option(help="Only the ids with an even or an odd crc32.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Searches at a time.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A dask scheduler whose workers search.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    summary: Annotated[Path | None, typer.Option(metavar="DIR", help="Show the run in DIR.")] = None,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="DIR DIR", help="What the second run won and lost.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a report with plots.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> int:
    """Look for known laws, and say how many were found.

    \b
    Examples:
      kansr bench feynman120 --rows 2000 --time-limit 20 --jobs 2 --out runs/feynman
      kansr bench nguyen --method kansr,operon --noise 0,.01 --seeds 3 --out runs/nguyen
      kansr bench --summary runs/feynman --json
      kansr bench --compare runs/before runs/after
      kansr bench pmlb --data tables --seeds 3 --out runs/pmlb
      kansr bench zoo --laws 0..99 --noise .01 --rows 2000 --out runs/zoo

    \b
    Suites: feynman feynman_bonus feynman120 laws composed srsd srsd_easy srsd_medium srsd_hard
      strogatz
      nguyen keijzer korns vladislavleva livermore jin constant rational koza pagie classic pykan
      empirical, and pmlb: real tables in --data, as in SRBench
      zoo: laws drawn at random, without end (zoo7: with seed 7)
    """
    if sum(option is not None for option in (suite, summary, compare)) != 1:
        raise UsageError("say what to do: kansr bench SUITE --out DIR, or --summary DIR, or --compare DIR DIR")
    if compare is not None:
        return _compare(compare, as_json)
    if summary is not None:
        records = read(summary)
        return _print(records, as_json, html, read_settings(summary) | ({"data": str(data)} if data else {}))
    if out is None:
        raise UsageError(
            "--out DIR is missing: the records have to go somewhere, and a run that was stopped goes on there"
        )
    shared = Settings(
        rows=rows or (None if is_zoo(suite or "") else ROWS),
        time_limit=time_limit,
        distractors=distractors,
        units=units,
        outliers=outliers,
        data=str(data.resolve()) if data else "",
    )
    trials = _trials(suite or "", method, noise, seeds, (only, half, laws), shared)
    records, ended = run(trials, shared, Backend(jobs=jobs, scheduler=scheduler), out, resume=resume, quiet=quiet)
    _print(records, as_json, html, read_settings(out))
    return SIGNALLED + ended if ended else 0


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
    law = find_problem(problem)
    data = draw(law, rows, np.random.default_rng(seed), noise=noise, distractors=law.idle > 0)
    text = io.StringIO()
    header = ",".join([*data.names, data.target])
    np.savetxt(text, np.column_stack([data.X, data.y]), fmt="%.17g", delimiter=",", header=header, comments="")
    if out is None:
        emit(text.getvalue())
    elif out.exists() and not force:
        raise UsageError(f"{out} is there already; use --force to replace it")
    else:
        write(out, text.getvalue())


def _trials(
    suite: str,
    methods: list[str] | None,
    noise: str | None,
    seeds: int,
    which: tuple[list[str] | None, Half | None, str | None],
    settings: Settings,
) -> tuple[Trial, ...]:
    names = list(dict.fromkeys(method(name).name for name in _listed(methods or ["kansr"])))
    only, half, laws = which
    levels = _levels(noise) if noise is not None else [] if is_zoo(suite) else [0.0]
    other = {"distractors": settings.distractors, "outliers": settings.outliers, "units": settings.units}
    check(suite, settings.data, levels, **other)
    ids = chosen_ids(suite, _listed(only or []), half and half.value, settings.data, _span(laws))
    return trials(ids, suite, names, levels, seeds)


def _span(text: str | None) -> tuple[int, int] | None:
    """The first and the last number in A..B, or in A alone."""
    if text is None:
        return None
    first, _, last = text.partition("..")
    ends = (first, last or first)
    if not all(end.isdecimal() and len(end) < LONGEST for end in ends) or int(ends[0]) > int(ends[1]):
        raise UsageError(f"--laws {text}: the numbers of the first and the last law are meant, such as 0..99")
    return int(ends[0]), int(ends[1])


def _levels(text: str) -> list[float]:
    levels = []
    for word in _listed([text]):
        try:
            level = float(word)
        except ValueError:
            level = -1.0
        if not 0 <= level < math.inf:
            raise UsageError(f"--noise {word}: a noise level is a number of 0 or more, and levels are parted by commas")
        levels.append(level)
    return list(dict.fromkeys(levels)) or [0.0]


def _listed(texts: Sequence[str]) -> list[str]:
    return [word.strip() for text in texts for word in text.split(",") if word.strip()]


def _print(records: list[Record], as_json: bool, html: Path | None, settings: dict[str, Any]) -> int:
    laws, tables = parted(records)
    summed = tally(laws) | {"records": len(records)}
    if tables:
        summed["pmlb"] = pmlb_tally(tables, published(settings.get("data", "")))
    if html is not None:
        write(html, page(records, settings, summed.get("pmlb")))
    if as_json:
        found = {"schema": SCHEMA, "kansr": __version__, "settings": settings}
        emit(json.dumps({**found, "records": records, "summary": summed}, indent=2, allow_nan=False) + "\n")
        return 0
    if laws or not tables:
        _draw(summary(laws))
    if tables:
        _draw(pmlb_summary(summed["pmlb"]))
    return 0


def _compare(folders: tuple[Path, Path], as_json: bool) -> int:
    (laws, tables), (new_laws, new_tables) = (parted(read(folder)) for folder in folders)
    result = compared(laws, new_laws)
    if tables and new_tables:
        result["pmlb"] = pmlb_compared(tables, new_tables)
    before, after = map(read_settings, folders)
    if before != after:
        changed = ", ".join(f"{k} {before.get(k)} and {after.get(k)}" for k in after if before.get(k) != after.get(k))
        say([f"the two runs had other settings: {changed}"])
    if as_json:
        emit(json.dumps(result, indent=2) + "\n")
        return 0
    if laws or new_laws or "pmlb" not in result:
        _draw(comparison(result))
    if "pmlb" in result:
        _draw(pmlb_comparison(result["pmlb"]))
    return 0


def _draw(what: RenderableType) -> None:
    """Prints tables to stdout; where that is no terminal, wide and without colours."""
    console = Console(width=None if sys.stdout.isatty() else 200)
    with console.capture() as captured:
        console.print(what)
    emit("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))
