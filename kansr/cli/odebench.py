"""`kansr bench odebench`: systems of differential equations, found again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatch
from typing import Any

from kansr.bench.real.odebench import ode_problems, ode_tally, run_odebench
from kansr.cli.signature.bench import Bench
from kansr.errors import UsageError
from kansr.pipeline.config import Config
from kansr.runtime.files import write
from kansr.runtime.terminal import emit, say
from kansr.version import __version__

SUITE = "odebench"
RECORDS = "odebench.json"
SCHEMA = 1  # of the JSON object


def odebench(given: Bench, levels: Sequence[float], only: Sequence[str]) -> int:
    """Searches, and writes the records to the folder of the run."""
    if given.data is None or not given.data.is_file():
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
        write(given.out / RECORDS, _text(records))  # type: ignore[operator]
        if not given.quiet:
            said = ("skeleton" if record["skeleton"] else "", "generalises" if record["generalises"] else "")
            words = ", ".join(filter(None, said)) or "missed"
            say([f"{record['problem']} at noise {record['noise']:g}: {words} ({record['cpu_seconds']:.1f} s)"])

    given.out.mkdir(parents=True, exist_ok=True)
    run_odebench(problems, levels, given.seeds, Config(time_limit=given.time_limit), keep)
    if given.as_json:
        emit(_text(records))
        return 0
    emit("noise  trials  skeleton  generalises  CPU s, median  90 %\n")
    for row in ode_tally(records):
        emit(
            f"{row['noise']:<6g} {row['trials']:<7d} {row['skeleton']:<9.0%} {row['generalises']:<12.0%} "
            f"{row['median_cpu_seconds']:<14.1f} {row['p90_cpu_seconds']:.1f}\n"
        )
    return 0


def _text(records: Sequence[dict[str, Any]]) -> str:
    made = {"schema": SCHEMA, "kansr": __version__, "records": list(records), "summary": ode_tally(records)}
    return json.dumps(made, indent=2, allow_nan=False) + "\n"
