"""What a refiner adds: composed laws with and without Operon behind the search, at the same total time.

    python benchmarks/recovery/refiners.py --out runs/refiners --time-limit 60

Three ways for each law: kansr alone for the time that it has before a refiner, kansr with the refiner for 5/3 of
it, and kansr alone for all of that time. Records are written one by one, and what has one is not run again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.arguments import asked_for, parser
from kansr.bench.methods import Answer, Question
from kansr.bench.methods.ours import search as ours
from kansr.bench.problem import suite
from kansr.bench.record import record
from kansr.bench.trial import Settings, Trial
from kansr.runtime.deadline import Budget

RECORDS = "records.jsonl"
REFINED = "benchmarks.recovery.refiners"  # this module as a method: kansr with Operon
GOOD = 0.999  # r² far enough for a forecast


def search(question: Question) -> Iterator[Answer]:
    return ours(question, refine=("operon",))


def ways(seconds: float) -> dict[str, tuple[str, float]]:
    """Name -> the method and its seconds."""
    return {
        "kansr": ("kansr", seconds),
        "kansr + operon": (REFINED, seconds / (1 - Budget().refiners)),
        "kansr, same total": ("kansr", seconds / (1 - Budget().refiners)),
    }


def done(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The records that there are; a last line that was cut off is none."""
    records = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        records[found["way"], found["problem"]] = found
    return records


def main() -> None:
    arguments = parser(__doc__, out=Path("runs/refiners"), time_limit=60.0, rows=1000, noise=0.0, only="", every=1)
    arguments.add_argument("--ways", default="", help="names of ways, with commas; all unless given")
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / RECORDS
    known = done(path)
    asked = [problem.id for problem in suite("composed") if asked_for(problem.id, options.only)][:: options.every]
    wanted = [name for name in options.ways.split(",") if name] or list(ways(options.time_limit))
    with path.open("a", encoding="utf-8") as file:
        for problem in asked:
            for name in wanted:
                if (name, problem) in known:
                    continue
                method, seconds = ways(options.time_limit)[name]
                settings = Settings(rows=options.rows, time_limit=seconds)
                found = {"way": name, **record(Trial(problem, "composed", method, options.noise, 0), settings)}
                known[name, problem] = found
                file.write(json.dumps(found) + "\n")
                file.flush()
                print(f"{problem}  {name:<18} {told(found)}", flush=True)
    report(known, asked, wanted)


def told(found: dict[str, Any]) -> str:
    verdict = "strict" if found["recovered"]["strict"] else "      "
    return f"{verdict} r2 {found.get('r2') or float('nan'):.6f} {found['seconds']:5.1f} s  {found['expression']}"


def report(known: dict[tuple[str, str], dict[str, Any]], asked: list[str], wanted: list[str]) -> None:
    """One line a way, over the problems that all ways have been asked."""
    common = [p for p in asked if all((name, p) in known for name in wanted)]
    print(f"\n{len(common)} problems")
    for name in wanted:
        rows = [known[name, p] for p in common]
        strict = sum(row["recovered"]["strict"] for row in rows)
        good = sum((row.get("r2") or 0) > GOOD for row in rows)
        seconds = sorted(row["seconds"] for row in rows)
        median = seconds[len(seconds) // 2] if seconds else 0.0
        print(f"{name:<18} strict {strict}, r2 > {GOOD} for {good}, median {median:.1f} s")


if __name__ == "__main__":
    main()
