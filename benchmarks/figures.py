"""The figures that hold today, results/current.json: what they are, and how a run of `kansr bench` gives new ones."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kansr.bench.record import Record
from kansr.bench.records import RECORDS, read, read_settings
from kansr.bench.report.tally import tally
from kansr.bench.trial import chosen
from kansr.errors import DataError

RESULTS = Path(__file__).resolve().parent / "results"
CURRENT = RESULTS / "current.json"

# (suite, half) -> laws that are left out where a second count is given: those of the odd half whose formulas were seen
# while moves were written (results/2026-11-24-unlike-terms-noise-units.md), and those that their own rows cannot tell
# from others (statistics/identifiability.py srsd).
LEFT_OUT = {
    ("laws", "odd"): tuple(f"law_mech_{n:02}" for n in (4, 5, 6, 7, 10, 11, 12, 13))
    + tuple(f"law_fluid_{n:02}" for n in (1, 2, 3, 8)),
    ("srsd", "all"): tuple(
        f"srsd_{id}"
        for id in (
            *("I_41_16", "II_11_28", "II_36_38", "III_9_52", "III_15_12", "III_17_37"),
            *("bonus_04", "bonus_08", "bonus_11", "bonus_16", "bonus_17"),
        )
    ),
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How many laws of a suite, or of one half of it, were found under one set of conditions.

    noise: standard deviation over the target's root mean square. outliers: share of the rows that are made outliers.
    strict, skeleton: how many of the `of` laws were found by each criterion, one number for each data seed from 0 on;
    empty where it was not recorded. fewer_of, fewer_strict: the same without the laws in LEFT_OUT. median, p90: seconds
    of a search. version: the commit. results: the file in results/ that tells the whole.
    """

    suite: str
    half: str = "all"
    noise: float = 0.0
    units: bool = False
    outliers: float = 0.0
    distractors: int = 0
    rows: int = 2000
    time_limit: float = 60.0
    of: int
    strict: tuple[int, ...] = ()
    skeleton: tuple[int, ...] = ()
    fewer_of: int | None = None
    fewer_strict: tuple[int, ...] = ()
    median: float | None = None
    p90: float | None = None
    date: str
    version: str
    machine: str
    cores: int
    command: str
    results: str

    @property
    def seeds(self) -> int:
        return len(self.strict or self.skeleton)

    @property
    def conditions(self) -> tuple[Any, ...]:
        """Of two figures with the same conditions the later one holds."""
        kind = (self.suite, self.noise, self.units, self.outliers, self.distractors)
        return (*kind, self.rows, self.time_limit, self.seeds)

    @property
    def halves(self) -> frozenset[str]:
        return frozenset(("even", "odd") if self.half == "all" else (self.half,))


def load() -> list[Figure]:
    rows: list[dict[str, Any]] = json.loads(CURRENT.read_text(encoding="utf-8"))
    for row in rows:
        row.update({name: tuple(value) for name, value in row.items() if isinstance(value, list)})
    return [Figure(**row) for row in rows]


def save(figures: Iterable[Figure]) -> None:
    """One figure a line, in a fixed order, without what is as it is by default."""
    ordered = sorted(figures, key=lambda f: (*f.conditions, f.half))
    lines = [
        json.dumps({f.name: getattr(figure, f.name) for f in fields(Figure) if getattr(figure, f.name) != f.default})
        for figure in ordered
    ]
    CURRENT.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def merged(before: Iterable[Figure], new: Sequence[Figure]) -> list[Figure]:
    """The new figures, and those of before whose laws none of them counts again."""
    again = [(f.conditions, f.halves) for f in new]
    return [*new, *(f for f in before if not any(f.conditions == c and f.halves & halves for c, halves in again))]


def of_run(folder: Path, *, machine: str, cores: int, version: str, results: str) -> list[Figure]:
    """The figures of kansr in a folder of `kansr bench`, one for each noise level, and each half where it has both.

    Raises DataError when a suite or a half of it is not complete: a part says nothing of the whole.
    """
    records, settings = [r for r in read(folder) if r["method"] == "kansr"], read_settings(folder)
    day = datetime.date.fromtimestamp((folder / RECORDS).stat().st_mtime).isoformat()
    about = {"machine": machine, "cores": cores, "version": version, "results": results, "date": day}
    return [figure for rows in _by_condition(records) for figure in _figures(rows, settings, about)]


def _by_condition(records: Sequence[Record]) -> Iterator[list[Record]]:
    for key in sorted({(r["suite"], r["noise"]) for r in records}):
        yield [r for r in records if (r["suite"], r["noise"]) == key]


def _figures(rows: Sequence[Record], settings: dict[str, Any], about: dict[str, Any]) -> Iterator[Figure]:
    suite, noise, halves = rows[0]["suite"], rows[0]["noise"], _complete(rows)
    asked = {name: settings[name] for name in ("rows", "time_limit", "units", "outliers", "distractors")}
    seeds = len({r["seed"] for r in rows})
    command = _command(suite, halves[0], noise, seeds, about["cores"], asked)
    for half in halves:
        yield Figure(suite=suite, half=half, noise=noise, command=command, **_counts(rows, half), **asked, **about)


def _complete(rows: Sequence[Record]) -> tuple[str, ...]:
    """What all laws are there of: the suite and so both of its halves, or one of them."""
    suite, done = rows[0]["suite"], {(r["problem"], r["seed"]) for r in rows}
    seeds = range(1 + max(r["seed"] for r in rows))
    for halves, which in ((("all", "even", "odd"), None), (("even",), "even"), (("odd",), "odd")):
        if done == {(problem.id, seed) for problem in chosen(suite, which=which) for seed in seeds}:
            return halves
    raise DataError(f"{suite}, noise {rows[0]['noise']:g}: {len(done)} records, neither all laws nor those of a half")


def _counts(rows: Sequence[Record], half: str) -> dict[str, Any]:
    each = [[r for r in rows if r["seed"] == seed] for seed in sorted({r["seed"] for r in rows})]
    groups = [_group(some, half) for some in each]
    out = LEFT_OUT.get((rows[0]["suite"], half), ())
    fewer = [_group([r for r in some if r["problem"] not in out], half) for some in each if out]
    seconds = _group(rows, half)["seconds"]
    return {
        "of": groups[0]["trials"],
        **{name: tuple(group[name]["yes"] for group in groups) for name in ("strict", "skeleton")},
        "fewer_of": fewer[0]["trials"] if fewer else None,
        "fewer_strict": tuple(group["strict"]["yes"] for group in fewer),
        **{name: float(f"{seconds[name]:.3g}") for name in ("median", "p90")},
    }


def _group(rows: Sequence[Record], half: str) -> dict[str, Any]:
    return next(group for group in tally(rows)["groups"] if group["part"] == half)


def _command(suite: str, half: str, noise: float, seeds: int, jobs: int, asked: dict[str, Any]) -> str:
    parts = {
        f"--half {half}": half != "all",
        f"--noise {noise:g}": noise > 0,
        f"--outliers {asked['outliers']:g}": asked["outliers"] > 0,
        f"--distractors {asked['distractors']}": asked["distractors"] > 0,
        "--units": asked["units"],
        f"--seeds {seeds}": seeds > 1,
        f"--rows {asked['rows']} --time-limit {asked['time_limit']:g} --jobs {jobs}": True,
    }
    return " ".join(["kansr bench", suite, *(part for part, wanted in parts.items() if wanted)])
