"""Tables for the terminal: recovery rates, misses, and the comparison of two runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from kansr.bench.grade.decidable import DECIDING_BITS
from kansr.bench.record import Record
from kansr.bench.report.tally import COLUMNS, misses, tally

if TYPE_CHECKING:
    from rich.console import RenderableType

DECIDED = "of decidable"
HEADER = ("suite", "method", "noise", "ids", "trials", *COLUMNS, "rivals", DECIDED, "median s", "p90 s")
FORMULA = 70  # characters shown of a formula, times two


def summary(records: Sequence[Record]) -> RenderableType:
    """Rates with 95 % intervals, seconds, and every miss: the law beside what was found."""
    if not records:
        return Text("no records yet")
    missed = misses(records)
    rows = [group_row(group) for group in tally(records)["groups"]]
    # a column that no row fills would take the room of names
    shown = [place for place, name in enumerate(HEADER) if name != DECIDED or any(row[place] for row in rows)]
    header, *cells = ([row[place] for place in shown] for row in (HEADER, *rows))
    parts: list[RenderableType] = [plain_table(header, cells, first_left=4)]
    undecided = sum(r["verdicts"][c] == "undecided" for r in records for c in COLUMNS)
    parts.append(
        Text(
            "rates in %, with Wilson's 95 % interval; front: strict anywhere on the front; rivals: the "
            "skeleton of the formula or of one that is not ruled out; of decidable: the skeleton, where the rows "
            f"speak for the law, by {DECIDING_BITS:g} bits against what was chosen, or what was chosen has it"
        )
    )
    if undecided:
        parts.append(Text(f"{undecided} verdicts are undecided, and count as not recovered"))
    if missed:
        parts += [Text(f"\nnot recovered strictly: {len(missed)}"), _misses(missed)]
    return Group(*parts)


def compared(before: Sequence[Record], after: Sequence[Record]) -> dict[str, Any]:
    """For each criterion, the trials in both runs that `after` recovers and `before` does not, and the reverse."""
    old, new = ({_key(r): r for r in records} for records in (before, after))
    both = [key for key in old if key in new]
    changes = {}
    for column in COLUMNS:
        gains = [k for k in both if _yes(new[k], column) and not _yes(old[k], column)]
        losses = [k for k in both if _yes(old[k], column) and not _yes(new[k], column)]
        changes[column] = {
            "won": [_pair(old[k], new[k]) for k in gains],
            "lost": [_pair(old[k], new[k]) for k in losses],
            "before": sum(_yes(old[k], column) for k in both),
            "after": sum(_yes(new[k], column) for k in both),
        }
    only = {"only_before": len(old.keys() - new.keys()), "only_after": len(new.keys() - old.keys())}
    seconds = {name: sum(run[k]["seconds"] for k in both) for name, run in (("before", old), ("after", new))}
    return {"trials": len(both), **only, "seconds": seconds, "changes": changes}


def comparison(result: dict[str, Any]) -> RenderableType:
    """What `compared` gives, as tables."""
    rows = [
        (column, str(c["before"]), str(c["after"]), f"+{len(c['won'])}", f"-{len(c['lost'])}")
        for column, c in result["changes"].items()
    ]
    seconds = result["seconds"]
    parts: list[RenderableType] = [
        Text(
            f"{result['trials']} trials in both, {result['only_before']} only in the first, "
            f"{result['only_after']} only in the second; {seconds['before']:.0f} s and {seconds['after']:.0f} s"
        ),
        plain_table(("criterion", "first", "second", "won", "lost"), rows, first_left=1),
    ]
    strict = result["changes"]["strict"]
    for name in ("won", "lost"):
        if strict[name]:
            cells = [(p["problem"], p["method"], f"{p['noise']:g}", p["before"], p["after"]) for p in strict[name]]
            header = ("problem", "method", "noise", "first", "second")
            parts += [Text(f"\n{name} strictly:"), plain_table(header, cells, first_left=5)]
    return Group(*parts)


def group_row(group: dict[str, Any]) -> tuple[str, ...]:
    def rate(cell: dict[str, Any]) -> str:
        return f"{cell['yes']} ({100 * cell['rate']:.0f}: {100 * cell['low']:.0f}–{100 * cell['high']:.0f})"

    return (
        *(group["suite"], group["method"], f"{group['noise']:g}", group["part"], str(group["trials"])),
        *(rate(group[column]) for column in (*COLUMNS, "among_rivals")),
        decided(group.get("decidable")),
        *(f"{group['seconds']['median']:.2f}", f"{group['seconds']['p90']:.1f}"),
    )


def decided(rate: dict[str, Any] | None) -> str:
    """The rate among the decidable, "" where there are none."""
    if rate is None:
        return ""
    share, low, high = (round(100 * rate[name]) for name in ("rate", "low", "high"))
    return f"{rate['yes']} of {rate['trials']} ({share}: {low}–{high})"


def told_gap(record: Record) -> str:
    """In a row of a miss: the bits by which the law is shorter than what was chosen, and whether that decides."""
    gap = record.get("bits_gap")
    return "" if gap is None else f"{gap:+.0f}{' decidable' if record.get('decidable') else ''}"


def _misses(records: Sequence[Record]) -> RenderableType:
    rows = []
    for r in records:
        others = [column for column in COLUMNS[1:] if r["verdicts"][column] == "yes"]
        found = r["expression"] or f"{r['status']}: {r.get('error', 'no formula')}"
        trial = f"{r['problem']} {r['method']}" + (f" {r['noise']:g}" if r["noise"] else "")
        rows.append((trial, r["truth"], found, ", ".join(others), told_gap(r)))
    return plain_table(("trial", "truth", "found", "but", "bits"), rows, first_left=4)


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]], first_left: int) -> RenderableType:
    """Cells under a header. first_left: how many of the first columns are set to the left."""
    table = Table(box=SIMPLE, show_edge=False, header_style="dim")
    for number, name in enumerate(header):
        table.add_column(name, justify="left" if number < first_left else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell if len(cell) <= 2 * FORMULA else cell[: 2 * FORMULA - 1] + "…") for cell in row))
    return table


def _key(record: Record) -> tuple[Any, ...]:
    return tuple(record[name] for name in ("problem", "method", "noise", "seed"))


def _yes(record: Record, column: str) -> bool:
    return bool(record["verdicts"][column] == "yes")


def _pair(before: Record, after: Record) -> dict[str, Any]:
    shared = {name: after[name] for name in ("problem", "method", "noise", "seed", "truth")}
    return {**shared, **{n: r["expression"] or r["status"] for n, r in (("before", before), ("after", after))}}
