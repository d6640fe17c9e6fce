"""Tables for the terminal about runs on tables of PMLB: methods beside published ones, honesty, and each table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from kansr.bench.report.pmlb_tally import BELOW, LINE_SEES
from kansr.bench.report.tables import plain_table

if TYPE_CHECKING:
    from rich.console import RenderableType

Cells = tuple[str, ...]
TITLES = {"friedman": "Friedman", "other": "others"}
PART_COLUMNS = ("tables", "R²", "nodes", "rank")
METHODS_HEADER = (
    *("method", *PART_COLUMNS, "mean rank", "s"),
    *(f"{title}\n{column}" for title in TITLES.values() for column in PART_COLUMNS),
)
HONESTY_HEADER = ("method", "trials", "failed", "own r² − R²", "its size", "below linear", "constants")
TABLES_HEADER = (
    *("table", "method", "status", "best published", "R²", "linear", "published"),
    *("own r²", "nodes", "inputs", "s"),
)
NOTES = (
    "R²: on test rows, medians over splits, then over tables; published: medians in pmlb_published.csv; "
    "* gives a formula; a trial without a formula counts as the mean",
    f"own r²: what the method says of rows that it held out; below linear: tables more than {BELOW:g} under a linear "
    f"model; constants: answers that use no input where a linear model has R² of {LINE_SEES:g} or more",
)


def pmlb_summary(tally: dict[str, Any]) -> RenderableType:
    """What `pmlb_tally` gives, as tables."""
    return Group(
        plain_table(METHODS_HEADER, method_rows(tally), first_left=1),
        plain_table(HONESTY_HEADER, honesty_rows(tally), first_left=1),
        *(Text(note) for note in NOTES),
        Text(),
        plain_table(TABLES_HEADER, table_rows(tally), first_left=4),
    )


def method_rows(tally: dict[str, Any]) -> list[Cells]:
    """A row for each method, ours behind an arrow, with its figures on all tables, Friedman's and the others."""
    found = {part: {(r["method"], r["published"]): r for r in rows} for part, rows in tally["parts"].items()}
    return [
        (
            *(_name(row), *_part_cells(row), f"{row['mean_rank']:.1f}", f"{row['seconds']:.0f}"),
            *(cell for part in TITLES for cell in _part_cells(found[part].get((row["method"], row["published"])))),
        )
        for row in tally["parts"]["all"]
    ]


def honesty_rows(tally: dict[str, Any]) -> list[Cells]:
    """A row for each method of the run."""
    return [
        (
            *(row["method"], str(row["trials"]), str(row["failed"]), _number(row["gap"], "+.3f")),
            *(_number(row["gap_size"]), f"{len(row['below_linear'])} of {row['tables']}", str(len(row["constants"]))),
        )
        for row in tally["honesty"]
    ]


def table_rows(tally: dict[str, Any]) -> list[Cells]:
    """A row for each table and method."""
    return [
        (
            *(row["table"], row["method"], row["status"], row["best_published"] or ""),
            *(_number(row[name]) for name in ("r2", "r2_linear", "r2_best_published", "r2_held_out")),
            *(f"{row['nodes']:.0f}", f"{row['inputs_used']:.0f} of {row['inputs']}", f"{row['seconds']:.1f}"),
        )
        for row in tally["tables"]
    ]


def _name(row: dict[str, Any]) -> str:
    if not row["published"]:
        return f"→ {row['method']}"
    return ("* " if row["symbolic"] else "  ") + str(row["method"])


def _part_cells(row: dict[str, Any] | None) -> Cells:
    if row is None:
        return ("",) * len(PART_COLUMNS)
    return str(row["tables"]), f"{row['r2']:.3f}", f"{row['nodes']:.0f}", str(row["rank"])


def _number(value: float | None, form: str = ".3f") -> str:
    return "" if value is None else format(value, form)
