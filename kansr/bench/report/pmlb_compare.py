"""Compare two runs on tables of PMLB: on which of the splits that are in both the test r² has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.text import Text

from kansr.bench.record import Record
from kansr.bench.report.tables import plain_table

if TYPE_CHECKING:
    from rich.console import RenderableType

CHANGED = 0.01  # of r², from which a split counts as better or worse
HEADER = ("changed", "split", "first R²", "second R²", "first nodes", "second nodes")
Key = tuple[str, str, int]


def pmlb_compared(before: Sequence[Record], after: Sequence[Record]) -> dict[str, Any]:
    """Medians of both runs over the splits that are in both, and those that the second does better or worse.

    Splits are ordered by the size of the change. A trial without a formula counts as the mean: r² 0, one node.
    """
    old, new = (_by_key(records) for records in (before, after))
    both = [key for key in old if key in new]
    changes = sorted((_change(key, old[key], new[key]) for key in both), key=lambda c: -abs(c["gain"]))
    return {
        "splits": len(both),
        "r2": [_median(c[run]["r2"] for c in changes) for run in ("before", "after")],
        "nodes": [_median(c[run]["nodes"] for c in changes) for run in ("before", "after")],
        "seconds": [sum(run[key]["seconds"] for key in both) for run in (old, new)],
        "mean_gain": float(np.mean([c["gain"] for c in changes])) if changes else None,
        "better": [c for c in changes if c["gain"] > CHANGED],
        "worse": [c for c in changes if c["gain"] < -CHANGED],
    }


def pmlb_comparison(result: dict[str, Any]) -> RenderableType:
    """What `pmlb_compared` gives, as text and a table."""
    if not result["splits"]:
        return Text("no split of a table is in both runs")
    pairs = {name: "{:.3f} and {:.3f}".format(*result[name]) for name in ("r2", "nodes")}
    said = Text(
        f"{result['splits']} splits of tables in both: median R² {pairs['r2']}, mean gain {result['mean_gain']:+.4f}, "
        f"median nodes {pairs['nodes']}, {result['seconds'][0]:.0f} s and {result['seconds'][1]:.0f} s; "
        f"{len(result['better'])} better by more than {CHANGED:g}, {len(result['worse'])} worse"
    )
    rows = [(name, *_cells(change)) for name in ("worse", "better") for change in result[name]]
    return Group(said, plain_table(HEADER, rows, first_left=2)) if rows else said


def _by_key(records: Iterable[Record]) -> dict[Key, Record]:
    return {(r["problem"], r["method"], r["seed"]): r for r in records}


def _change(key: Key, before: Record, after: Record) -> dict[str, Any]:
    runs = {
        name: {"r2": r.get("r2_test") or 0.0, "nodes": r.get("nodes") or 1, "expression": r["expression"]}
        for name, r in (("before", before), ("after", after))
    }
    split = dict(zip(("problem", "method", "seed"), key))
    return {**split, **runs, "gain": runs["after"]["r2"] - runs["before"]["r2"]}


def _cells(change: dict[str, Any]) -> tuple[str, ...]:
    runs = (change["before"], change["after"])
    split = f"{change['problem']} {change['method']} {change['seed']}"
    return (split, *(f"{run['r2']:.3f}" for run in runs), *(str(run["nodes"]) for run in runs))


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return float(np.median(known)) if known else None
