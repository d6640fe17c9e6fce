"""Sum up records: recovery rates with confidence intervals, seconds, and misses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kansr.bench.grade import VERDICTS
from kansr.bench.record import Record

Z = 1.959963984540054  # quantile of the normal distribution for a 95 % interval
COLUMNS = VERDICTS


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a rate (Wilson 1927); (0, 1) without trials."""
    if not of:
        return 0.0, 1.0
    rate, spread = hits / of, Z * Z / of
    middle = (rate + spread / 2) / (1 + spread)
    reach = Z * math.sqrt(rate * (1 - rate) / of + spread / (4 * of)) / (1 + spread)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def tally(records: Sequence[Record]) -> dict[str, Any]:
    """The summary: how many records there are, and groups by suite, method and noise level, of all and each half."""
    return {"records": len(records), "groups": [group for key in _keys(records) for group in _groups(key, records)]}


def misses(records: Iterable[Record]) -> list[Record]:
    """The records that are not strictly recovered."""
    return [record for record in records if not record["recovered"]["strict"]]


def decided_rate(records: Sequence[Record]) -> dict[str, Any] | None:
    """How many of the trials whose noisy rows decide for the law have its skeleton; None where none do.

    Beside what every rate has: `trials`, how many there are.
    """
    some = [record["verdicts"]["skeleton"] for record in records if record.get("decidable")]
    return {"trials": len(some), **_rate(some)} if some else None


def _keys(records: Sequence[Record]) -> list[tuple[str, str, float]]:
    return sorted({(r["suite"], r["method"], r["noise"]) for r in records})


def _groups(key: tuple[str, str, float], records: Sequence[Record]) -> list[dict[str, Any]]:
    rows = [r for r in records if (r["suite"], r["method"], r["noise"]) == key]
    parts = {"all": rows} | {half: [r for r in rows if r["half"] == half] for half in ("even", "odd")}
    return [_group(key, part, some) for part, some in parts.items() if some]


def _group(key: tuple[str, str, float], part: str, records: Sequence[Record]) -> dict[str, Any]:
    seconds = np.array([record["seconds"] for record in records])
    peaks = [record["peak_mb"] for record in records if record["peak_mb"] is not None]
    return {
        "suite": key[0],
        "method": key[1],
        "noise": key[2],
        "part": part,
        "trials": len(records),
        **{column: _rate([record["verdicts"][column] for record in records]) for column in COLUMNS},
        "among_rivals": _rate([record.get("among_rivals", record["verdicts"]["skeleton"]) for record in records]),
        "decidable": decided_rate(records),
        "seconds": {
            "median": float(np.median(seconds)),
            "p90": float(np.quantile(seconds, 0.9)),
            "sum": float(seconds.sum()),
        },
        "peak_mb": max(peaks, default=None),
        "failed": sum(record["status"] in ("crashed", "error") for record in records),
    }


def _rate(verdicts: Sequence[str]) -> dict[str, Any]:
    hits = verdicts.count("yes")
    low, high = wilson(hits, len(verdicts))
    return {
        "yes": hits,
        "undecided": verdicts.count("undecided"),
        "rate": hits / len(verdicts),
        "low": low,
        "high": high,
    }
