"""`kansr bench` and `kansr sample`: known laws, looked for again, and as tables."""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from kansr.bench.backends import Backend
from kansr.bench.methods import method
from kansr.bench.problem import find_problem, is_zoo
from kansr.bench.problem import sample as draw
from kansr.bench.real.folder import check
from kansr.bench.real.odebench import ode_problems, ode_tally, run_odebench
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
from kansr.cli.signature.bench import Bench
from kansr.cli.signature.sample import Sample
from kansr.errors import UsageError
from kansr.pipeline.config import Config
from kansr.runtime.files import exists, is_file, write
from kansr.runtime.signals import SIGNALLED
from kansr.runtime.terminal import emit, say
from kansr.version import __version__

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kansr.bench.record import Record

SCHEMA = 1  # of the JSON object
ODEBENCH, ODE_RECORDS = "odebench", "odebench.json"  # the suite of systems, and the file of its records
ROWS = 2000  # of a table, where the law does not say itself how many
LONGEST = 10  # digits of the number of a law are fewer


def bench(given: Bench) -> int:
    """Searches, or shows what earlier runs have brought."""
    if sum(option is not None for option in (given.suite, given.summary, given.compare)) != 1:
        raise UsageError("say what to do: kansr bench SUITE --out DIR, or --summary DIR, or --compare DIR DIR")
    if given.compare is not None:
        return _compare(given.compare, given.as_json)
    if given.summary is not None:
        records, data = read(given.summary), {"data": str(given.data)} if given.data else {}
        return _print(records, given.as_json, given.html, read_settings(given.summary) | data)
    if given.suite == ODEBENCH:
        return _odebench(given, _levels(given.noise or "0"), _listed(given.only or []))
    if given.out is None:
        raise UsageError(
            "--out DIR is missing: the records have to go somewhere, and a run that was stopped goes on there"
        )
    settings = Settings(
        rows=given.rows or (None if is_zoo(given.suite or "") else ROWS),
        time_limit=given.time_limit,
        distractors=given.distractors,
        units=given.units,
        outliers=given.outliers,
        data=str(given.data.resolve()) if given.data else "",
        structure=given.structure.value,
    )
    backend = Backend(jobs=given.jobs, scheduler=given.scheduler)
    records, ended = run(_trials(given, settings), settings, backend, given.out, resume=given.resume, quiet=given.quiet)
    _print(records, given.as_json, given.html, read_settings(given.out))
    return SIGNALLED + ended if ended else 0


def sample(given: Sample) -> None:
    """Writes the rows."""
    law = find_problem(given.problem)
    rng = np.random.default_rng(given.seed)
    data = draw(law, given.rows, rng, noise=given.noise, distractors=law.irrelevant > 0)
    text = io.StringIO()
    groups = [] if data.grouping is None else [data.grouping]
    header = ",".join([*data.names, *(grouping.column for grouping in groups), data.target])
    labels = [np.array(grouping.labels, dtype=float)[grouping.codes] for grouping in groups]
    rows = np.column_stack([data.X, *labels, data.y])
    np.savetxt(text, rows, fmt="%.17g", delimiter=",", header=header, comments="")
    if given.out is None:
        emit(text.getvalue())
    elif exists(given.out) and not given.force:
        raise UsageError(f"{given.out} is there already; use --force to replace it")
    else:
        write(given.out, text.getvalue())


def _trials(given: Bench, settings: Settings) -> tuple[Trial, ...]:
    suite = given.suite or ""
    names = list(dict.fromkeys(method(name).name for name in _listed(given.method or ["kansr"])))
    levels = _levels(given.noise) if given.noise is not None else [] if is_zoo(suite) else [0.0]
    other = {"distractors": settings.distractors, "outliers": settings.outliers, "units": settings.units}
    check(suite, settings.data, levels, **other)
    half = given.half and given.half.value
    ids = chosen_ids(suite, _listed(given.only or []), half, settings.data, _span(given.laws))
    return trials(ids, suite, names, levels, given.seeds)


def _span(text: str | None) -> tuple[int, int] | None:
    """The first and the last number in A..B, or in A alone."""
    if text is None:
        return None
    first, _, last = text.partition("..")
    ends = (first, last or first)
    if not all(end.isdecimal() and len(end) < LONGEST for end in ends) or int(ends[0]) > int(ends[1]):
        raise UsageError(f"--laws {text}: give the numbers of the first and the last law, such as 0..99")
    return int(ends[0]), int(ends[1])


def _levels(text: str) -> list[float]:
    levels = []
    for word in _listed([text]):
        try:
            level = float(word)
        except ValueError:
            level = -1.0
        if not 0 <= level < math.inf:
            raise UsageError(f"--noise {word}: give numbers of 0 or more, separated by commas")
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


def _odebench(given: Bench, levels: Sequence[float], only: Sequence[str]) -> int:
    """Searches, and writes the records to the folder of the run."""
    if given.data is None or not is_file(given.data):
        raise UsageError("odebench needs --data FILE: ODEBench's systems, strogatz_extended.json")
    if given.method not in (None, ["kansr"]) or given.resume or given.scheduler or given.jobs != 1:
        raise UsageError("odebench is run by kansr alone, in one process: leave out --method, --resume, --jobs")
    if given.out is None:
        raise UsageError("--out DIR is missing: the records have to go somewhere")
    problems = [p for p in ode_problems(given.data) if not only or any(fnmatch(p.id, pattern) for pattern in only)]
    if not problems:
        raise UsageError(f"--only {','.join(only)}: no system of {given.data} is called so; they are ode_1, ode_2, …")
    records: list[dict[str, Any]] = []

    def keep(record: dict[str, Any]) -> None:
        records.append(record)
        write(given.out / ODE_RECORDS, _ode_text(records))  # type: ignore[operator]
        if not given.quiet:
            said = ("skeleton" if record["skeleton"] else "", "generalises" if record["generalises"] else "")
            words = ", ".join(filter(None, said)) or "missed"
            say([f"{record['problem']} at noise {record['noise']:g}: {words} ({record['cpu_seconds']:.1f} s)"])

    given.out.mkdir(parents=True, exist_ok=True)
    run_odebench(problems, levels, given.seeds, Config(time_limit=given.time_limit), keep)
    if given.as_json:
        emit(_ode_text(records))
        return 0
    emit("noise  trials  skeleton  generalises  CPU s, median  90 %\n")
    for row in ode_tally(records):
        emit(
            f"{row['noise']:<6g} {row['trials']:<7d} {row['skeleton']:<9.0%} {row['generalises']:<12.0%} "
            f"{row['median_cpu_seconds']:<14.1f} {row['p90_cpu_seconds']:.1f}\n"
        )
    return 0


def _ode_text(records: Sequence[dict[str, Any]]) -> str:
    made = {"schema": SCHEMA, "kansr": __version__, "records": list(records), "summary": ode_tally(records)}
    return json.dumps(made, indent=2, allow_nan=False) + "\n"
