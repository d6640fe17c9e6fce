"""What two workers of a dask cluster gain over one, on this machine:

    python benchmarks/speed/dask_workers.py [SUITE] [--method kansr] [--time-limit 20]

Starts a scheduler and one worker process, then two, and runs the same `kansr bench --scheduler` on each. Needs the
extra `kansr[dask]`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distributed import LocalCluster

from benchmarks.arguments import parser


def seconds(workers: int, options: argparse.Namespace, folder: Path) -> tuple[float, int, int]:
    """Seconds from the first trial to the last record, the number of records and how many were recovered."""
    out = folder / str(workers)
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as here:
        command = [sys.executable, "-m", "kansr", "bench", options.suite, "--json"]
        command += ["--method", options.method, "--rows", str(options.rows), "--time-limit", str(options.time_limit)]
        command += ["--scheduler", here.scheduler_address, "--out", str(out)]
        started = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        spent = time.monotonic() - started
    records = [json.loads(line) for line in (out / "records.jsonl").read_text().splitlines()]
    assert len(records) == len({record["problem"] for record in records})
    return spent, len(records), sum(record["recovered"]["strict"] for record in records)


def main() -> None:
    arguments = parser(__doc__, rows=500, time_limit=20.0)
    arguments.add_argument("suite", nargs="?", default="nguyen")
    arguments.add_argument("--method", default="kansr")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spent = {}
        for workers in (1, 2):
            spent[workers], records, strict = seconds(workers, options, Path(folder))
            print(f"{workers} worker(s): {records} records, {strict} strict, {spent[workers]:.1f} s", flush=True)
    print(f"2 workers are {spent[1] / spent[2]:.2f} times as fast as 1")


if __name__ == "__main__":
    main()
