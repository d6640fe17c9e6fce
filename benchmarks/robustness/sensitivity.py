"""Which of the numbers that steer the search matter: each is halved and doubled, and laws are searched again.

    python benchmarks/robustness/sensitivity.py --out sensitivity.jsonl [--thorough] [--alone]
    python benchmarks/robustness/sensitivity.py --only search.reductions.exact:FEW,SURE
    python benchmarks/robustness/sensitivity.py --report     the table of what is in --out; nothing is searched

A number is a constant of a module in ROOMS (search_numbers.py), a float, an integer or a tuple of floats, or the
default of a field of a frozen keyword-only dataclass there. A trial gives some numbers other values and searches one
law, in a child process that imports kansr anew and binds the numbers again on the lines after their definitions: what
is imported or derived from them follows. Integers are rounded, and never 0.

A law's search is traced first (read_numbers.py), and tried only with other values of the numbers that it reads. Those
are tried together: where the answer is the same, none of them is said to move it, otherwise the group is halved, down
to single numbers (group testing: Dorfman 1943). One change may hide another, so who takes a number out tries it alone:
--alone. A number that has moved the answer of one law is left out of the laws that follow, unless --thorough.

A law is solved when the formula has its skeleton; an answer is moved when anything in its JSON differs but the seconds.
Seconds are of the processor. What --out holds is not tried again, so a new version of kansr needs a new file; nor may
its source change while this runs.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch  # noqa: F401  loaded once, not by every child

from benchmarks.arguments import asked_for, parser
from benchmarks.robustness.read_numbers import traced
from benchmarks.robustness.search_numbers import Number, Values, imported_with, numbers
from kansr.bench.grade import bounded
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import find_problem, sample
from kansr.expression.parse import parse
from kansr.runtime.child import stream
from kansr.runtime.files import write

FACTORS = (0.5, 2.0)
FIRST_GROUP = 8  # numbers that are tried together at first: one in eight or less moves an answer
# Seconds of a search, by the clock. Those of LAWS end by themselves in 1 to 15 of the processor; a traced one takes
# several times as long, and no share of its limit may end anything then, else its answer would be another one.
TIME_LIMIT = 300.0
LONGEST = 600.0  # seconds that a child may take
VERDICT = 20.0  # seconds for the verdict on a formula
VOLATILE = ("seconds", "kansr")  # keys of the JSON object that differ from run to run

Record = dict[str, Any]


class Law(NamedTuple):
    problem: str
    rows: int
    noise: float = 0.0

    def __str__(self) -> str:
        return f"{self.problem} {self.noise:g}"


# first those whose answers say most in the least time: decimals that are fitted in noise follow nearly everything
LAWS = (
    Law("strogatz_glider1", 500, 0.01),
    Law("strogatz_glider1", 500),
    Law("nguyen_05", 500),
    Law("feynman_I_44_4", 500),
    Law("feynman_I_32_17", 500),
    Law("feynman_II_6_15a", 500),
    Law("feynman_I_41_16", 500),
    Law("strogatz_barmag1", 500, 0.01),
    Law("feynman_I_27_6", 500, 0.01),
    Law("feynman_I_8_14", 500, 0.01),
    Law("law_mech_07", 500, 0.01),
    Law("pykan_exp_sin", 500),
    Law("keijzer_11", 500, 0.01),
    Law("law_fluid_04", 500),  # the longest: it searches on for its whole limit where a number is wrong for it
)


class Trial(NamedTuple):
    """numbers: none for the search as it is."""

    law: Law
    numbers: tuple[Number, ...] = ()
    factor: float = 1.0

    @property
    def values(self) -> Values:
        return {number: number.scaled(self.factor) for number in self.numbers}

    def halves(self) -> Iterator[Trial]:
        middle = len(self.numbers) // 2
        for some in (self.numbers[:middle], self.numbers[middle:]):
            yield self._replace(numbers=some)


@cache
def table(law: Law) -> pd.DataFrame:
    data = sample(find_problem(law.problem), law.rows, np.random.default_rng(0), noise=law.noise)
    return pd.DataFrame(data.X, columns=list(data.names)).assign(**{"target value": data.y})


def searched(trial: Trial, rows: pd.DataFrame) -> Iterator[Record]:
    """What kansr finds as the trial has it; for a process that does nothing else."""
    kansr = imported_with(trial.values)
    begun = time.process_time()
    found = kansr.discover(rows, time_limit=TIME_LIMIT, seed=0)
    yield {**_answer(found), "seconds": round(time.process_time() - begun, 2)}


def _answer(found: Any) -> Record:
    """The formula, the status, and a checksum of the whole answer."""
    answer = {key: value for key, value in found.to_dict().items() if key not in VOLATILE}
    checksum = hashlib.sha1(json.dumps(answer).encode()).hexdigest()
    return {"expression": answer["best"]["expression"], "status": answer["status"], "sha1": checksum}


def searched_in_trace(trial: Trial, rows: pd.DataFrame, every: Sequence[Number]) -> Iterator[Record]:
    """The same as it is, with the numbers that it reads; for a process that does nothing else."""
    with traced() as trace:
        (answer,) = searched(trial, rows)
    yield {**answer, "read": trace.read(every)}


def tried(trial: Trial, default: Record) -> Record:
    """The answer of a trial. default: that of the law as it is."""
    try:
        (answer,) = stream(searched, (trial, table(trial.law)), seconds=LONGEST)
    except Exception as err:  # another value may break anything, or kill its process, or have no end
        return {"error": f"{type(err).__name__}: {err}", "solved": False}
    same = answer["sha1"] == default.get("sha1")
    return {**answer, "solved": default["solved"] if same else solved(trial.law, answer["expression"])}


def found_out(trial: Trial, default: Record) -> Iterator[Record]:
    """A record for each number of a trial; a group that moves the answer is halved."""
    answer = tried(trial, default)
    if answer.get("sha1") == default["sha1"] or len(trial.numbers) == 1:
        for number in trial.numbers:
            key = {"law": str(trial.law), "number": str(number), "factor": trial.factor}
            yield {**key, "value": number.scaled(trial.factor), "together": len(trial.numbers), **answer}
    else:
        for half in trial.halves():
            yield from found_out(half, default)


def as_it_is(law: Law, every: Sequence[Number]) -> Record:
    """The record of a law as it is, with the numbers that it reads.

    Raises: RuntimeError where the trace changes the answer: what is read is not known then.
    """
    record = {"law": str(law), "number": "", "factor": 1.0, **tried(Trial(law), {})}
    (traced_too,) = stream(searched_in_trace, (Trial(law), table(law), every), seconds=LONGEST)
    if traced_too["sha1"] != record.get("sha1"):
        raise RuntimeError(f"{law}: the answer is not the same twice: {record}, {traced_too}")
    return {**record, "read": traced_too["read"]}


def solved(law: Law, text: str) -> bool:
    return bounded(_skeleton, (law.problem, text), VERDICT) is Recovery.YES


def _skeleton(problem: str, text: str) -> Iterator[Recovery]:
    yield skeleton(find_problem(problem), parse(text))


class Records:
    """What has been tried, by the keys of the trials, kept in a file that a run goes on with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[tuple[str, str, float], Record] = {}
        if path.exists():
            text = path.read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]  # a killed run leaves an incomplete last line
            if whole != text:
                write(path, whole)
            for line in whole.splitlines():
                self._keep(json.loads(line))

    def _keep(self, record: Record) -> None:
        self.known[record["law"], record["number"], record["factor"]] = record

    def add(self, record: Record) -> None:
        self._keep(record)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def default(self, law: str) -> Record:
        return self.known[law, "", 1.0]

    def of(self, number: str) -> list[Record]:
        return [record for (_, name, _), record in self.known.items() if name == number]

    def defaults(self) -> list[Record]:
        return self.of("")

    def moved(self, record: Record) -> bool:
        return bool(record.get("sha1") != self.default(record["law"])["sha1"])


def asked(law: Law, factor: float, chosen: Sequence[Number], records: Records, thorough: bool) -> list[Number]:
    """The numbers that are tried on a law: those that it reads, and that are not known to move anything."""
    read = set(records.default(str(law))["read"])
    able = [n for n in chosen if str(n) in read and n.scaled(factor) != n.value]
    open_ = [n for n in able if (str(law), str(n), factor) not in records.known]
    return [n for n in open_ if thorough or not any(map(records.moved, records.of(str(n))))]


def run(chosen: Sequence[Number], records: Records, *, thorough: bool = False, alone: bool = False) -> None:
    every = numbers()
    for law in LAWS:
        if (str(law), "", 1.0) not in records.known:
            records.add(as_it_is(law, every))
        for factor in FACTORS:
            open_ = asked(law, factor, chosen, records, thorough)
            size = 1 if alone else FIRST_GROUP
            print(f"{law}, ×{factor:g}: {len(open_)} numbers", flush=True)
            while open_:
                group, open_ = open_[:size], open_[size:]
                done = list(found_out(Trial(law, tuple(group), factor), records.default(str(law))))
                for record in done:
                    records.add(record)
                if not alone:  # the next group is larger if nothing was in this one
                    size = max(FIRST_GROUP, size // 2) if any(map(records.moved, done)) else 2 * size


KINDS = ("which laws are solved", "answers", "no answer", "nothing: no search reads them")


def kind(number: str, records: Records) -> int:
    """What a number moves, as a place in KINDS."""
    tried_with = records.of(number)
    if any(r["solved"] != records.default(r["law"])["solved"] for r in tried_with):
        return 0
    if any(map(records.moved, tried_with)):
        return 1
    return 2 if any(number in d["read"] for d in records.defaults()) else 3


def report(chosen: Sequence[Number], records: Records) -> None:
    """A line for each number: the laws that read it, the trials, what they moved; then how many move what."""
    defaults = records.defaults()
    print(f"\nas it is: {sum(d['solved'] for d in defaults)} of {len(defaults)} laws solved")
    print(f"\n{'number':68} {'value':>12} {'read by':>8} {'trials':>7} {'seconds':>8}  moved")
    counts: Counter[int] = Counter()
    for number in chosen:
        name, made = str(number), records.of(str(number))
        counts[kind(name, records)] += 1
        readers = sum(name in d["read"] for d in defaults)
        figures = f"{_short(number.value):>12} {readers:>8} {len(made):>7} {_ratio(made, records):>8}"
        moved = ", ".join(_moved(r, records) for r in made if records.moved(r))
        print(f"{name.removeprefix('kansr.'):68} {figures}  {moved}".rstrip())
    for place, what in enumerate(KINDS):
        print(f"{counts[place]} numbers move {what}")


def _ratio(made: Sequence[Record], records: Records) -> str:
    """Seconds with other values over seconds as it is, where they were tried alone."""
    ended = [r for r in made if "seconds" in r and r["together"] == 1]
    before = sum(records.default(r["law"])["seconds"] for r in ended)
    return f"{sum(r['seconds'] for r in ended) / before:.2f}" if before else ""


def _moved(record: Record, records: Records) -> str:
    change = record["solved"] - records.default(record["law"])["solved"]
    how = "broken" if "error" in record else ("answer", "won", "lost")[change]
    return f"{how} ×{record['factor']:g} {record['law']}"


def _short(value: Any) -> str:
    return "(" + " ".join(f"{v:g}" for v in value) + ")" if isinstance(value, tuple) else f"{value:g}"


def main() -> None:
    arguments: argparse.ArgumentParser = parser(__doc__, only="", out=Path("sensitivity.jsonl"))
    arguments.add_argument("--thorough", action="store_true", help="all laws, also for numbers known to move something")
    arguments.add_argument("--alone", action="store_true", help="each number by itself")
    arguments.add_argument("--report", action="store_true", help="print the table of --out, and search nothing")
    options = arguments.parse_args()
    chosen = [number for number in numbers() if asked_for(str(number), options.only)]
    records = Records(options.out)
    if not options.report:
        run(chosen, records, thorough=options.thorough, alone=options.alone)
    report(chosen, records)


if __name__ == "__main__":
    main()
