"""How long `kansr discover` really takes with a time limit: no more than the limit, a tenth of it, and a second.

    python benchmarks/speed/time_limits.py [--limits 1 2 5 …] [--problems 50] [--suite NAME] [--noise 0.1]
        [--out limits.jsonl] [--figure limits.svg]

Seconds are those of the whole command, from before Python starts until it has ended. What is in --out already is not
measured again. Searches that end before their time is up say little, and are counted apart. Anything that a quiet
search prints on standard error is a fault too. Run this on a machine that has nothing else to do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from matplotlib.figure import Figure

from benchmarks.arguments import parser
from kansr.bench.problem import SUITES, suite

# Hard, wide, noisy, long: what may not ask the clock often enough.
HARD = (
    *("feynman_I_6_2b", "feynman_I_44_4", "feynman_II_11_28", "bonus_03", "feynman_I_9_18", "korns_12"),
    *("vladislavleva_05", "pagie_1", "law_mech_13", "strogatz_barmag1"),
)
COMMAND = [sys.executable, "-m", "kansr"]


def problems(count: int, of: str = "") -> list[str]:
    """The hard ones, and others from all suites, or those of one suite, drawn by the checksum of their names."""
    first = () if of else HARD
    known = {p.id for name in ([of] if of else SUITES) for p in suite(name)}
    return [*first, *sorted(known - set(first), key=lambda id: crc32(id.encode()))][:count]


def measured(problem: str, limit: float, rows: int, noise: float) -> dict[str, Any]:
    sample = [*COMMAND, "sample", problem, "-n", str(rows), "--noise", str(noise)]
    table = subprocess.run(sample, stdout=subprocess.PIPE, check=True).stdout
    begun = time.monotonic()
    command = [*COMMAND, "discover", "-", "--json", "--quiet", "--time-limit", str(limit)]
    done = subprocess.run(command, input=table, capture_output=True, check=False)
    seconds = time.monotonic() - begun
    status = json.loads(done.stdout)["status"]
    said = done.stderr.decode()
    given = {"problem": problem, "limit": limit, "rows": rows, "noise": noise}
    return {**given, "seconds": seconds, "status": status, "stderr": said}


def over(record: dict[str, Any]) -> float:
    return float(record["seconds"] - record["limit"])


def table(records: Sequence[dict[str, Any]]) -> bool:
    """Prints a line for each limit; whether all were kept."""
    kept = True
    print("   limit  problems  ended before  over: median       most  of")
    for limit in sorted({r["limit"] for r in records}):
        rows = sorted((r for r in records if r["limit"] == limit), key=over)
        late = [r for r in rows if r["status"] == "timed_out"]
        good = over(rows[-1]) <= 0.1 * limit + 1 and not any(r["stderr"] for r in rows)
        kept &= good
        most = f"{over(late[len(late) // 2]):10.2f} s  {over(late[-1]):7.2f} s  {late[-1]['problem']}" if late else ""
        print(
            f"{limit:6g} s  {len(rows):8}  {len(rows) - len(late):12}  {most}: {'kept' if good else 'NOT KEPT'}",
            flush=True,
        )
    return kept


def drawn(records: Sequence[dict[str, Any]], path: Path) -> None:
    late = [r for r in records if r["status"] == "timed_out"]
    limits = sorted({r["limit"] for r in late})
    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(
        [r["limit"] for r in late], [over(r) for r in late], ".", alpha=0.5, label="searches that ran out of time"
    )
    axes.plot(
        limits, [0.1 * limit + 1 for limit in limits], "-", color="grey", label="a tenth of the limit and a second"
    )
    axes.set_xscale("log")
    axes.set_xticks(limits, [f"{limit:g}" for limit in limits])
    axes.minorticks_off()
    axes.set_xlabel("time limit, s")
    axes.set_ylabel("whole command beyond its limit, s")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    arguments = parser(__doc__, rows=2000, noise=0.1, out=Path("limits.jsonl"))
    arguments.add_argument("--problems", type=int, default=50)
    arguments.add_argument("--limits", type=float, nargs="*", default=[1, 2, 5, 10, 30, 60, 300, 600])
    arguments.add_argument("--suite", default="")
    arguments.add_argument("--figure", type=Path)
    options = arguments.parse_args()
    lines = options.out.read_text(encoding="utf-8").splitlines() if options.out.exists() else []
    records = [json.loads(line) for line in lines]
    done = {(r["problem"], r["limit"], r["rows"], r["noise"]) for r in records}
    for limit in options.limits:
        for problem in problems(options.problems, options.suite):
            if (problem, limit, options.rows, options.noise) not in done:
                records.append(measured(problem, limit, options.rows, options.noise))
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(records[-1]) + "\n")
    kept = table(records)
    if options.figure:
        drawn(records, options.figure)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
