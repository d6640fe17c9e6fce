"""How long a search with a time limit really takes: no more than the limit, a tenth of it, and a second to start up.

python benchmarks/limits.py [--limits 1 2 5 10 30 60 300 600] [PROBLEM …]

Searches that end before their limit say nothing and are counted apart. Start-up is what `kansr discover` needs with a
limit of a hundredth of a second, the least of three times; run this on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

# Hard, wide, noisy, long: what may not ask the clock often enough.
PROBLEMS = (
    *("feynman_I_6_2b", "feynman_I_44_4", "feynman_II_11_28", "bonus_03", "feynman_I_9_18", "korns_12"),
    *("vladislavleva_5", "pagie_1", "law_mech_13", "strogatz_barmag1"),
)
COMMAND = [sys.executable, "-m", "kansr.cli"]


def rows(problem: str, count: int, noise: float) -> bytes:
    command = [*COMMAND, "sample", problem, "-n", str(count), "--noise", str(noise)]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def timed(table: bytes, limit: float) -> tuple[float, dict[str, Any]]:
    begun = time.monotonic()
    command = [*COMMAND, "discover", "-", "--json", "-q", "--time-limit", str(limit)]
    out = subprocess.run(command, input=table, stdout=subprocess.PIPE, check=False).stdout
    return time.monotonic() - begun, json.loads(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problems", nargs="*", default=list(PROBLEMS))
    parser.add_argument("--limits", type=float, nargs="+", default=[1, 2, 5, 10, 30, 60, 300, 600])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--noise", type=float, default=0.1)
    options = parser.parse_args()
    tables = {problem: rows(problem, options.rows, options.noise) for problem in options.problems}
    first = next(iter(tables.values()))
    start_up = min(timed(first, 0.01)[0] for _ in range(3))
    print(f"start-up {start_up:.2f} s; {options.rows} rows, noise {options.noise:g}")
    late = []
    for limit in options.limits:
        over, early = [], 0
        for problem, table in tables.items():
            seconds, found = timed(table, limit)
            if found["status"] != "timed_out":
                early += 1
            over.append((seconds - start_up - limit, problem))
        worst, problem = max(over)
        kept = worst <= 0.1 * limit + 1
        late += [] if kept else [limit]
        verdict = "kept" if kept else "NOT KEPT"
        ended = f"{early} of {len(tables)} ended before"
        print(f"limit {limit:5g} s: at most {worst:+6.2f} s over ({problem}), {ended}: {verdict}", flush=True)
    sys.exit(bool(late))


if __name__ == "__main__":
    main()
