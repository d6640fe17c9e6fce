"""What a table holds, as one JSON object: python -m kansr.cli.mcp.inspect FILE"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from kansr.cli import Exit
from kansr.cli.mcp.call import READING_SECONDS
from kansr.data.read.file import Table, read_table
from kansr.data.roles import default_target
from kansr.errors import KansrError
from kansr.numeric.arrays import Array
from kansr.runtime.deadline import Deadline
from kansr.runtime.terminal import emit, say, say_internal, without_warnings

MOST_COLUMNS = 200  # that are described: beyond them the answer is longer than anybody reads
FIRST_ROWS = 3


def inspected(table: Table) -> dict[str, Any]:
    """Rows, columns with their ranges, the target unless another is named, and what stands in the way of a search."""
    shown = table.columns[:MOST_COLUMNS]
    return {
        "rows": table.total or len(table.values),
        "columns": [_column(table, name, table.values[:, i]) for i, name in enumerate(shown)],
        "columns_left_out": len(table.columns) - len(shown),
        "default_target": default_target(table),
        "first_rows": [[_number(v) for v in row[:MOST_COLUMNS]] for row in table.values[:FIRST_ROWS].tolist()],
        "notes": list(table.notes),
    }


def _column(table: Table, name: str, values: Array) -> dict[str, Any]:
    there = values[np.isfinite(values)]
    return {
        "name": name,
        "min": _number(float(there.min())) if there.size else None,
        "max": _number(float(there.max())) if there.size else None,
        "distinct": int(np.unique(there).size),
        "missing": int(np.isnan(values).sum()),
        "note": table.refusals.get(name) or table.remarks.get(name) or "",
        "usable": name not in table.refusals,
    }


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def main(file: str) -> int:
    """Prints the object, or one sentence on stderr; returns the exit code."""
    try:
        with without_warnings():
            table = read_table(file, enough=Deadline(READING_SECONDS).passed)
            emit(json.dumps(inspected(table), allow_nan=False) + "\n")
    except KansrError as err:
        say([str(err)])
        return Exit.USAGE
    except Exception as err:  # a traceback would tell the client where the folder is
        say_internal(err, debug=False)
        return Exit.INTERNAL
    return Exit.FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
