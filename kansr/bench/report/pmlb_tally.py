"""Sum up records on tables of PMLB: accuracy, length and seconds beside published methods, and how honest they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kansr.bench.real.folder import PMLB
from kansr.bench.real.published import Published, Reached
from kansr.bench.record import Record

PARTS = ("all", "friedman", "other")  # all tables, those drawn from Friedman's function, and the others
BELOW = 0.03  # of r² under that of a linear model, from which a table is counted as a failure
LINE_SEES = 0.1  # r² of a linear model, from which it is a failure to answer with a constant
NO_ANSWER = Reached(0.0, 1.0, 0.0)  # what a trial without a formula counts as: the mean


def parted(records: Iterable[Record]) -> tuple[list[Record], list[Record]]:
    """The records on laws, and those on tables of PMLB."""
    known = list(records)
    return [r for r in known if r["suite"] != PMLB], [r for r in known if r["suite"] == PMLB]


def pmlb_tally(records: Sequence[Record], others: Sequence[Published]) -> dict[str, Any]:
    """The summary of records on tables.

    tables: a row for each table and method, medians over splits. parts: for all tables, Friedman's and the others, a
    row for each method, medians over tables, ours and the published ones ranked together. honesty: a row for each
    method, see `_honesty`. Only tables that every method of the run has done are compared.
    """
    methods = list(dict.fromkeys(r["method"] for r in records))
    done = [{r["problem"] for r in records if r["method"] == method} for method in methods]
    names = sorted(set.intersection(*done)) if done else []
    rows = [_table(name, method, _of(records, name, method), others) for name in names for method in methods]
    parts = {part: _part([row for row in rows if part in ("all", row["group"])], others) for part in PARTS}
    honesty = [_honesty(method, [r for r in records if r["method"] == method], rows) for method in methods]
    return {"tables": rows, "parts": parts, "honesty": honesty}


def _of(records: Iterable[Record], table: str, method: str) -> list[Record]:
    return [r for r in records if r["problem"] == table and r["method"] == method]


def _table(name: str, method: str, records: Sequence[Record], others: Sequence[Published]) -> dict[str, Any]:
    """What a method reached on a table, beside a linear model and the best published method that gives a formula."""
    rivals = [(other.tables[name].r2, other.name) for other in others if other.symbolic and name in other.tables]
    best = max(rivals, default=None)
    return {
        "table": name,
        "group": records[0]["group"],
        "method": method,
        "splits": len(records),
        "r2": _median(r.get("r2_test") or NO_ANSWER.r2 for r in records),
        "r2_linear": _median(r["r2_test_linear"] for r in records if "r2_test_linear" in r),
        "r2_best_published": None if best is None else best[0],
        "best_published": None if best is None else best[1],
        "nodes": _median(r.get("nodes") or NO_ANSWER.nodes for r in records),
        "inputs_used": _median(r.get("inputs_used") or 0 for r in records),
        "inputs": max(r.get("inputs", 0) for r in records),
        "seconds": _median(r["seconds"] for r in records),
        "r2_held_out": _median(r["r2_held_out"] for r in records if r.get("r2_held_out") is not None),
        "status": "/".join(dict.fromkeys(r["status"] for r in records)),
    }


def _part(rows: Sequence[dict[str, Any]], others: Sequence[Published]) -> list[dict[str, Any]]:
    """The methods on some tables, the most accurate first.

    rank: by the median r²; mean_rank: the mean over tables of the rank there, ties sharing theirs.
    """
    names = list(dict.fromkeys(row["table"] for row in rows))
    reached: dict[tuple[str, bool], dict[str, Reached]] = {}
    for row in rows:
        one = reached.setdefault((row["method"], False), {})
        one[row["table"]] = Reached(row["r2"], row["nodes"], row["seconds"])
    for other in others:
        known = {name: other.tables[name] for name in names if name in other.tables}
        if known:
            reached[other.name, True] = known
    symbolic = {other.name: other.symbolic for other in others}
    summed = [
        {
            "method": method,
            "published": public,
            "symbolic": symbolic[method] if public else True,
            "tables": len(known),
            "r2": _median(one.r2 for one in known.values()),
            "nodes": _median(one.nodes for one in known.values()),
            "seconds": _median(one.seconds for one in known.values()),
            "mean_rank": float(np.mean([_rank(one.r2, name, reached.values()) for name, one in known.items()])),
        }
        for (method, public), known in reached.items()
    ]
    summed.sort(key=lambda row: -row["r2"])
    return [{**row, "rank": 1 + sum(better["r2"] > row["r2"] for better in summed)} for row in summed]


def _rank(r2: float, table: str, methods: Iterable[dict[str, Reached]]) -> float:
    """The rank of an r² among those of all methods on a table, the best is 1; equal ones share the mean rank."""
    known = [one[table].r2 for one in methods if table in one]
    return 1 + sum(other > r2 for other in known) + (sum(other == r2 for other in known) - 1) / 2


def _honesty(method: str, records: Sequence[Record], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Whether a method keeps what it says, and does at least what a linear model does.

    gap, gap_size: the mean, and the mean size, of its own held-out r² minus the test r²; None where it states none.
    below_linear: tables on which it is more than BELOW under a linear model; constants: trials that end in a constant,
    though a linear model has an r² of LINE_SEES or more; failed: trials without a formula.
    """
    stated = [r for r in records if r.get("r2_held_out") is not None and r.get("r2_test") is not None]
    gaps = [r["r2_held_out"] - r["r2_test"] for r in stated]
    mine = [row for row in rows if row["method"] == method and row["r2_linear"] is not None]
    flat = [r for r in records if not r.get("inputs_used") and (r.get("r2_test_linear") or 0.0) >= LINE_SEES]
    return {
        "method": method,
        "trials": len(records),
        "failed": sum(r["expression"] is None for r in records),
        "gap": _mean(gaps),
        "gap_size": _mean([abs(gap) for gap in gaps]),
        "stated": len(gaps),
        "tables": len(mine),
        "below_linear": [row["table"] for row in mine if row["r2"] < row["r2_linear"] - BELOW],
        "constants": [r["problem"] for r in flat],
    }


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _median(values: Iterable[float]) -> Any:
    known = list(values)
    return float(np.median(known)) if known else None
