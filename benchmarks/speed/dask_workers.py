"""What two workers of a dask cluster gain over one, on this machine:

    python benchmarks/cluster.py [SUITE] [--method kansr] [--time-limit 20]

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


def seconds(workers: int, options: argparse.Namespace, folder: Path) -> tuple[float, int, int]:
    """Seconds from the first trial to the last record, the number of records and how many were recovered."""
    out = folder / str(workers)
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as here:
        command = [
            sys.executable,
            "-m",
            "kansr.cli.main",
            "bench",
            options.suite,
            "--method",
            options.method,
            "--rows",
            "500",
        ]
        started = time.monotonic()
        subprocess.run(
            [
                *command,
                "--time-limit",
                options.time_limit,
                "--scheduler",
                here.scheduler_address,
                "--out",
                str(out),
                "--json",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        spent = time.monotonic() - started
    records = [json.loads(line) for line in (out / "records.jsonl").read_text().splitlines()]
    assert len(records) == len({record["problem"] for record in records})
    return spent, len(records), sum(record["recovered"]["strict"] for record in records)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", nargs="?", default="nguyen")
    parser.add_argument("--method", default="kansr")
    parser.add_argument("--time-limit", default="20")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spent = {}
        for workers in (1, 2):
            spent[workers], records, strict = seconds(workers, options, Path(folder))
            print(f"{workers} worker(s): {records} records, {strict} strict, {spent[workers]:.1f} s", flush=True)
    print(f"2 workers are {spent[1] / spent[2]:.2f} times as fast as 1")


if __name__ == "__main__":
    main()
