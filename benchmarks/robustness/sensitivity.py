"""Which of the numbers that steer the search matter: each is halved and doubled, and the same laws are searched again.

    python benchmarks/robustness/sensitivity.py --jobs 2 --out sensitivity.jsonl [--shard 1/4]
    python benchmarks/robustness/sensitivity.py --only search.reductions.exact:FEW,SURE
    python benchmarks/robustness/sensitivity.py --report     the table of what is in --out; nothing is searched

A number is a constant of a module in ROOMS (search_numbers.py), a float, an integer or a tuple of floats, or the
default of a field of a frozen keyword-only dataclass there. A trial gives one number one other value and searches all
LAWS, in a child process that imports kansr anew and binds the number again on the line after its definition: what is
imported or derived from it follows. Integers are rounded, and never 0. A law is solved when the formula has its
skeleton; an answer has changed when anything in its JSON differs but the seconds. Seconds are of the processor. What
--out holds is not tried again, so a new version of kansr needs a new file; nor may its source change while this runs.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch  # noqa: F401  loaded once, not by every child

from benchmarks.arguments import asked_for, parser
from benchmarks.robustness.search_numbers import Number, Value, imported_with, numbers
from kansr.bench.grade import bounded
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import find_problem, sample
from kansr.expression.parse import parse
from kansr.runtime.child import stream
from kansr.runtime.files import drop_torn_line

FACTORS = (0.5, 2.0)
TIME_LIMIT = 20.0  # seconds of a search; those of LAWS end by themselves in 1 to 3
START, ALLOWANCE = 30.0, 1.2  # seconds that a child may take beside its searches; and of their limits, for these
VERDICT = 20.0  # seconds for the verdict on a formula
VOLATILE = ("seconds", "kansr")  # keys of the JSON object that differ from run to run


class Law(NamedTuple):
    problem: str
    rows: int
    noise: float = 0.0

    def __str__(self) -> str:
        return f"{self.problem} {self.noise:g}"


LAWS = (
    Law("feynman_I_41_16", 500),
    Law("feynman_I_44_4", 500),
    Law("feynman_I_32_17", 500),
    Law("feynman_II_6_15a", 500),
    Law("law_fluid_04", 500),
    Law("nguyen_05", 500),
    Law("strogatz_glider1", 500),
    Law("pykan_exp_sin", 500),
    Law("feynman_I_8_14", 500, 0.01),
    Law("feynman_I_27_6", 500, 0.01),
    Law("law_mech_07", 500, 0.01),
    Law("strogatz_glider1", 500, 0.01),
    Law("strogatz_barmag1", 500, 0.01),
    Law("keijzer_11", 500, 0.01),
)


class Trial(NamedTuple):
    """number: None for the searches as they are."""

    number: Number | None
    factor: float

    @property
    def key(self) -> tuple[str, float]:
        return str(self.number or ""), self.factor

    @property
    def value(self) -> Value | None:
        return self.number.scaled(self.factor) if self.number else None


@cache
def tables() -> dict[Law, pd.DataFrame]:
    made = {}
    for law in LAWS:
        data = sample(find_problem(law.problem), law.rows, np.random.default_rng(0), noise=law.noise)
        made[law] = pd.DataFrame(data.X, columns=list(data.names)).assign(**{"target value": data.y})
    return made


def searched(trial: Trial, rows: dict[Law, pd.DataFrame]) -> Iterator[tuple[Law, dict[str, Any]]]:
    """What is found for each law by kansr as the trial has it; for a process that does nothing else."""
    kansr = imported_with(trial.number, trial.value)
    for law, table in rows.items():
        begun = time.process_time()
        try:
            found = kansr.discover(table, time_limit=TIME_LIMIT, seed=0)
        except Exception as err:  # another value may break anything
            yield law, {"error": f"{type(err).__name__}: {err}"}
            continue
        seconds = time.process_time() - begun
        yield law, {**_answer(found), "seconds": round(seconds, 2)}


def _answer(found: Any) -> dict[str, Any]:
    """The formula, the status, and a checksum of the whole answer."""
    answer = {key: value for key, value in found.to_dict().items() if key not in VOLATILE}
    checksum = hashlib.sha1(json.dumps(answer).encode()).hexdigest()
    return {"expression": answer["best"]["expression"], "status": answer["status"], "sha1": checksum}


def tried(trial: Trial) -> dict[str, Any]:
    """The record of a trial. A law that its process did not come to is not solved."""
    laws: dict[str, dict[str, Any]] = {}
    end = ""
    try:
        for law, answer in stream(searched, (trial, tables()), seconds=START + len(LAWS) * ALLOWANCE * TIME_LIMIT):
            verdict = bounded(_skeleton, (law.problem, answer.get("expression")), VERDICT)
            laws[str(law)] = {**answer, "solved": verdict is Recovery.YES}
    except Exception as err:  # the import failed, or a search killed its process, or did not end
        end = f"{type(err).__name__}: {err}"
    missing: dict[str, Any] = {"error": end, "solved": False}
    record = dict(zip(("number", "factor"), trial.key), was=trial.number and trial.number.value, value=trial.value)
    return {**record, "laws": {str(law): laws.get(str(law), missing) for law in LAWS}}


def _skeleton(problem: str, text: str | None) -> Iterator[Recovery]:
    yield skeleton(find_problem(problem), parse(text)) if text else Recovery.NO


def recorded(path: Path) -> dict[tuple[str, float], dict[str, Any]]:
    """The records that there are, by the keys of their trials; a last line that was cut off is dropped."""
    if not path.exists():
        return {}
    drop_torn_line(path)
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {(record["number"], record["factor"]): record for record in records}


def asked(options: argparse.Namespace) -> list[Trial]:
    """The searches as they are, then both values of every number, but those that rounding leaves as they were."""
    chosen = [number for number in numbers() if asked_for(str(number), options.only)]
    every = [Trial(n, factor) for n in chosen for factor in FACTORS if n.scaled(factor) != n.value]
    shard, _, of = options.shard.partition("/")
    return [Trial(None, 1.0), *every[int(shard) - 1 :: int(of)]]


def run(trials: Sequence[Trial], jobs: int, out: Path) -> None:
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool, out.open("a", encoding="utf-8") as file:
        for done in as_completed([pool.submit(tried, trial) for trial in trials]):
            record = done.result()
            file.write(json.dumps(record) + "\n")
            file.flush()
            solved = sum(law["solved"] for law in record["laws"].values())
            print(f"{record['number'] or 'as it is'} ×{record['factor']:g}: {solved} solved", flush=True)


class Effect(NamedTuple):
    """Laws solved, won and lost, answers that changed, searches that broke (shown after a !), and seconds in all."""

    solved: int
    won: int
    lost: int
    changed: int
    broken: int
    seconds: float

    def __str__(self) -> str:
        gain = f"+{self.won} −{self.lost}" if self.won or self.lost else ""
        broken = f"!{self.broken}" if self.broken else ""
        return f"{self.solved:9} {gain:6}{self.changed:8}{self.seconds:7.1f}{broken}"


MOVED = ("no answer", "answers, but not which laws are solved", "which laws are solved")
HEAD = f"{'solved':>9} {'':6}{'changed':>8}{'s':>7}"


def effect(record: dict[str, Any], default: dict[str, Any]) -> Effect:
    pairs = [(record["laws"][law], before) for law, before in default["laws"].items()]
    return Effect(
        solved=sum(now["solved"] for now, _ in pairs),
        won=sum(now["solved"] > before["solved"] for now, before in pairs),
        lost=sum(now["solved"] < before["solved"] for now, before in pairs),
        changed=sum(now.get("sha1") != before.get("sha1") for now, before in pairs),
        broken=sum("error" in now for now, _ in pairs),
        seconds=sum(now.get("seconds", 0.0) for now, _ in pairs),
    )


def report(records: dict[tuple[str, float], dict[str, Any]]) -> None:
    """A line for each number, then which of them move nothing, answers, or laws."""
    if ("", 1.0) not in records:
        sys.exit("the searches as they are have no record yet: run without --report")
    default = records["", 1.0]
    as_it_is = effect(default, default)
    print(f"\nas it is: {as_it_is.solved} of {len(LAWS)} laws solved, {as_it_is.seconds:.1f} s")
    print(f"\n{'number':60} {'value':>12}{'halved':>20}{'doubled':>31}")
    print(f"{'':73}{2 * HEAD}")
    moved: list[list[str]] = [[] for _ in MOVED]
    for label in sorted({name for name, _ in records if name}):
        given = {factor: records[label, factor] for factor in FACTORS if (label, factor) in records}
        effects = {factor: effect(record, default) for factor, record in given.items()}
        was = _short(next(iter(given.values()))["was"])
        cells = "".join(f"{effects.get(factor, '')!s:31}" for factor in FACTORS)
        print(f"{label.removeprefix('kansr.'):60} {was:>12}{cells}".rstrip())
        moved[max(2 if e.won or e.lost else int(e.changed > 0) for e in effects.values())].append(label)
    for what, labels in zip(MOVED, moved):
        print(f"\n{len(labels)} numbers move {what}")
        print(*(f"  {label}" for label in labels), sep="\n", end="\n" if labels else "")


def _short(value: Any) -> str:
    return "(" + " ".join(f"{v:g}" for v in value) + ")" if isinstance(value, list) else f"{value:g}"


def main() -> None:
    arguments = parser(__doc__, jobs=1, only="", out=Path("sensitivity.jsonl"))
    arguments.add_argument("--shard", default="1/1", metavar="I/N", help="the I-th of N parts of the trials (1/1)")
    arguments.add_argument("--report", action="store_true", help="print the table of --out, and search nothing")
    options = arguments.parse_args()
    if not options.report:
        known = recorded(options.out)
        run([trial for trial in asked(options) if trial.key not in known], options.jobs, options.out)
    report(recorded(options.out))


if __name__ == "__main__":
    main()
