"""Why are laws missed in noise? Each law's way to its formula on exact rows, walked again on noisy rows.

    python benchmarks/recovery/replay.py zoo --laws 0..99 --noise .01 --out runs/replay       walk, and the histogram
    python benchmarks/recovery/replay.py --out runs/replay                                    the histogram alone

For every law that the rows decide for and that the search misses, the first thing that went wrong: the right move was
not proposed, not looked at closely, ranked out, not reached in time, or the terminal at the end lacks the form. Time is
that of the processor. What is in --out is not walked again; `--minutes` ends the walk early, and it goes on from there.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.arguments import parser
from benchmarks.recovery.noisy_walk import Recorded, clean_way, has_form, processor_deadline, walked
from kansr.bench.grade.decidable import decidability
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import find_problem
from kansr.bench.trial import Settings, Trial, asked, chosen_ids
from kansr.data.dataset import Dataset
from kansr.expression.render import render
from kansr.formula.fit.constants import fit_constants
from kansr.pipeline.config import Config
from kansr.pipeline.journal import Journal
from kansr.pipeline.partition import partition_rows
from kansr.pipeline.run import Search
from kansr.search import strategies
from kansr.search.partition import Partition

Record = dict[str, Any]
FOUND, UNDECIDABLE = "found", "the rows do not decide"
WALK = 2.0  # times the limit of a search that the walk may take
LOG = "replay.jsonl"


def replayed(id: str, suite: str, noise: float, settings: Settings) -> Record:
    """The record of a law: what a run finds on its noisy rows, whether they decide, and the walk along its way."""
    trial = Trial(id, suite, "kansr", noise, 0)
    problem, data = asked(trial, settings)
    clean = asked(replace(trial, noise=0.0), settings)[1]
    error = float(np.sqrt(np.mean(np.square(data.y - clean.y))))
    found, searches = run(data, settings.time_limit)
    best = found.pop("best")
    right = skeleton(problem, best)
    among = any(has_form(problem, [fit_constants(c.expr, data, iterations=0) for c in found.pop("candidates")], error))
    met = any(has_form(problem, [route.fit for search in searches for route in search.met], error))
    record: Record = {"problem": id, "noise": noise, "family": problem.difficulty, "truth": problem.text, **found}
    record |= {"expression": render(best), "right": right is Recovery.YES, "among": among or met, "finished": among}
    record |= decidability(problem, best, data, 0, right)
    missed = record["decidable"] and right is not Recovery.YES
    found_way = clean_way(_sample(clean), 0, settings.time_limit) if missed else None
    if found_way is not None:
        way, record["terminal"] = found_way
        walk = walked(problem, way, _sample(data), error, searches, WALK * settings.time_limit)
        record |= {"steps": [asdict(step) for step in walk.steps], "forms": walk.forms, "broken": walk.broken}
    return record | {"cause": cause(record)}


def run(data: Dataset, seconds: float) -> tuple[Record, list[Recorded]]:
    """What kansr chooses, all that it finished, and its searches over reductions."""
    searches: list[Recorded] = []

    class Kept(Recorded):
        def __post_init__(self) -> None:
            super().__post_init__()
            searches.append(self)

    config, deadline = Config(time_limit=seconds), processor_deadline(seconds)
    with mock.patch.object(strategies, "NoisySearch", Kept):
        partition, _ = partition_rows(data, config, deadline)
        search = Search(partition, config, deadline, Journal())
        result = list(search.results())[-1]
    candidates = [finding.candidate for finding in search.findings]
    seconds = round(deadline.seconds(), 2)
    return {"best": result.best.expr, "candidates": candidates, "seconds": seconds, "status": result.status}, searches


def _sample(data: Dataset) -> Dataset:
    """The rows that formulas are looked for on, in their order, which noise does not change."""
    return Partition.of(data, Config().held_out, 0).sample


def cause(record: Record) -> str:
    """The first thing that went wrong."""
    if record["right"]:
        return FOUND
    if not record["decidable"]:
        return UNDECIDABLE
    if record["among"]:
        return "form found, another chosen" if record["finished"] else "form met, not finished"
    if "steps" not in record:
        return "no way without noise either"
    for step in record["steps"]:
        if step["opened"] is None:
            return _missing(step)
    if record["broken"]:
        return record["broken"]
    return "terminal not asked in time" if record["forms"] else "terminal lacks the form"


def _missing(step: Record) -> str:
    if not step["proposed"]:
        return "right move not proposed"
    if not step["looked"]:
        return "right move not looked at closely"
    return "right move kept, not made in time" if step["kept"] else "right move ranked out"


def histogram(records: Sequence[Record]) -> Iterator[str]:
    """The causes, the largest first, by level of noise, and what is at fault in moves and terminals."""
    for noise in sorted({record["noise"] for record in records}):
        some = [record for record in records if record["noise"] == noise]
        decided = [record for record in some if record["decidable"]]
        right = sum(record["right"] for record in decided)
        times = [record["seconds"] for record in some]
        middle, late = np.quantile(times, [0.5, 0.9])
        share = 100 * right / max(len(decided), 1)
        yield f"noise {noise:g}: {len(some)} laws, {len(decided)} decidable, {right} of these found ({share:.0f} %)"
        yield f"  seconds of the processor: median {middle:.1f}, 90th percentile {late:.1f}"
        causes = Counter(record["cause"] for record in some)
        for name, count in causes.most_common():
            yield f"  {count:4}  {'#' * count}  {name}"
        kinds = Counter(kind for record in some if (kind := _at_fault(record)))
        for name, count in kinds.most_common():
            yield f"        {count:4}  {name}"


def _at_fault(record: Record) -> str:
    """The kind of move at which a walk broke off, and how far behind the right one was; or the terminal."""
    if record["cause"].startswith("terminal"):
        return f"{record['cause']}: {record.get('terminal', 'of unknown name')}, after {len(record['steps'])} moves"
    if not record["cause"].startswith("right move"):
        return ""
    step = next(step for step in record["steps"] if step["opened"] is None)
    behind = "" if step["bits"] is None else f", {'over' if step['bits'] > 30 else 'under'} 30 bits behind"
    return f"{record['cause'].removeprefix('right move ')}: {step['kind']}{behind}"


def read(folder: Path) -> list[Record]:
    path = folder / LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def walk_all(ids: Sequence[str], suite: str, noise: float, settings: Settings, folder: Path, minutes: float) -> None:
    """Walks laws that are not in the folder yet, for as long as there is time."""
    folder.mkdir(parents=True, exist_ok=True)
    done = {(record["problem"], record["noise"]) for record in read(folder)}
    began = time.monotonic()
    for id in ids:
        if (id, noise) in done or time.monotonic() - began > 60 * minutes:
            continue
        try:
            record = replayed(id, suite, noise, settings)
        except Exception as err:  # one law costs one record
            problem = find_problem(id)
            record = {"problem": id, "noise": noise, "truth": problem.text, "error": f"{type(err).__name__}: {err}"}
            record |= {"right": False, "decidable": None, "seconds": 0.0, "cause": "the walk broke off"}
        with (folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        print(f"{id} {noise:g}: {record['cause']}", flush=True)


def main() -> None:
    arguments = parser(__doc__, time_limit=20.0, noise=0.01, only="", half=None, rows=None, out=Path("runs/replay"))
    arguments.add_argument("suite", nargs="?", default="", help="a suite of kansr bench; none for the histogram alone")
    arguments.add_argument("--laws", metavar="A..B", default="", help="numbers of the laws of the zoo")
    arguments.add_argument("--minutes", type=float, default=np.inf, help="after which no law is begun (no limit)")
    given = arguments.parse_args()
    if given.suite:
        first, _, last = given.laws.partition("..")
        span = (int(first), int(last or first)) if first else None
        only = [pattern for pattern in given.only.split(",") if pattern]
        ids = chosen_ids(given.suite, only, given.half, laws=span)
        settings = Settings(rows=given.rows, time_limit=given.time_limit)
        walk_all(ids, given.suite, given.noise, settings, given.out, given.minutes)
    print("\n".join(histogram(read(given.out))))


if __name__ == "__main__":
    main()
