"""A table of ten million rows: how long a search over it takes, what it holds, and how exact its constants are.

    python benchmarks/speed/large_table.py [--rows 10000000] [--memory 1GB] [--time-limit 60] [csv|parquet …]

The table is y = 2.3457·a·exp(-0.7654·e)/i with noise of 0.01, nine inputs from 1 to 3, written to a temporary folder.
Needs: pip install pyarrow
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow.csv import CSVWriter
from pyarrow.parquet import ParquetWriter

from benchmarks.arguments import parser

NAMES = "abcdefghi"
PIECE = 500_000  # rows


def generated(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    schema = pa.schema([(name, pa.float64()) for name in (*NAMES, "y")])
    with (CSVWriter if path.suffix == ".csv" else ParquetWriter)(path, schema) as writer:
        for start in range(0, rows, PIECE):
            X = rng.uniform(1, 3, (min(PIECE, rows - start), len(NAMES))).round(6)
            y = 2.3457 * X[:, 0] * np.exp(-0.7654 * X[:, 4]) / X[:, 8] + 0.01 * rng.standard_normal(len(X))
            writer.write_table(pa.table([*X.T.copy(), y], schema=schema))


def main() -> None:
    arguments = parser(__doc__, rows=10**7, time_limit=60.0)
    arguments.add_argument("formats", nargs="*", default=["csv", "parquet"])
    arguments.add_argument("--memory", default="1GB")
    options = arguments.parse_args()
    for suffix in options.formats:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"table.{suffix}"
            generated(path, options.rows)
            print(f"{options.rows} rows in {path.stat().st_size / 1e6:.0f} MB of {suffix}", flush=True)
            search = ["discover", str(path), "--json", "--memory", options.memory, "--time-limit", options.time_limit]
            begun = time.monotonic()
            process = subprocess.Popen([sys.executable, "-m", "kansr", *map(str, search)], stdout=subprocess.PIPE)
            assert process.stdout is not None
            out = process.stdout.read()
            _, _, usage = os.wait4(process.pid, 0)
            found = json.loads(out)
            print(f"  {time.monotonic() - begun:.0f} s, at most {usage.ru_maxrss / 1e3:.0f} MB in one process")
            print(f"  {found['status']} after {found['seconds']:.1f} s: {found['best']['expression']}")
            for constant in found["constants"]:
                print(f"  {constant['value']:.8g} ± {constant['error']:.2g}")
            print(*(f"  {note}" for note in found["notes"]), sep="\n", flush=True)


if __name__ == "__main__":
    main()
