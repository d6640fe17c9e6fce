"""The golden record: answers of about sixty searches. A change that is meant to change nothing changes none of them.

    python benchmarks/robustness/golden.py record [--only A,B] [--jobs 2]   writes golden/*.json beside this script
    python benchmarks/robustness/golden.py check [--only A,B] [--jobs 2]    runs them again; exits 1 if any differs

A case is a table and a command line. The whole JSON object is compared, but for seconds and version, and every key that
differs is printed. No case comes to its time limit: that would depend on the machine. A record is bit-identical twice:
after `record`, `check` reports no difference on the same machine; a case that differs then is no case.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.arguments import asked_for, parser

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).resolve().parent / "golden"
LIMIT = 300  # seconds; a case that comes to it is no case
VOLATILE = ("seconds", "kansr")  # keys of the JSON object that differ from run to run


class Case(NamedTuple):
    """rows: arguments of `kansr sample`, or a file of datasets; command: discover, or refine; more: its options.

    resumed: the search is made twice, the second time with the first half of the journal of the first.
    """

    name: str
    rows: str
    more: tuple[str, ...] = ()
    command: str = "discover"
    resumed: bool = False


def _drawn(problem: str, n: int = 500, noise: float = 0.0, seed: int = 0) -> str:
    return f"{problem} -n {n} --noise {noise} --seed {seed}"


EXACT = (
    "feynman_I_12_2",
    "feynman_I_6_2b",
    "feynman_I_9_18",
    "feynman_I_15_3x",
    "feynman_I_26_2",
    "feynman_I_30_3",
    "feynman_I_37_4",
    "feynman_I_40_1",
    "feynman_I_44_4",
    "feynman_I_50_26",
    "feynman_II_6_15a",
    "feynman_II_11_27",
    "feynman_II_35_18",
    "feynman_III_9_52",
    "bonus_05",
    "bonus_15",
    "nguyen_07",
    "nguyen_12",
    "keijzer_11",
    "strogatz_barmag1",
    "law_mech_07",
    "law_heat_08",
    "law_chem_13",
    "law_bio_03",
)
NOISY = (
    "feynman_I_12_2",
    "feynman_I_6_2b",
    "feynman_I_8_14",
    "feynman_I_12_11",
    "feynman_I_14_3",
    "feynman_I_27_6",
    "feynman_I_39_22",
    "feynman_II_3_24",
    "nguyen_07",
    "law_mech_07",
)

CASES = (
    *(Case(f"exact {p}", _drawn(p)) for p in EXACT),
    *(Case(f"noise .01 {p}", _drawn(p, noise=0.01)) for p in NOISY),
    *(Case(f"noise .1 {p}", _drawn(p, noise=0.1)) for p in NOISY[:4]),
    *(Case(f"two jobs {p}", _drawn(p), ("--jobs", "2")) for p in EXACT[:3]),
    *(Case(f"two jobs noise .01 {p}", _drawn(p, noise=0.01), ("--jobs", "2")) for p in NOISY[:2]),
    Case("units I.12.2", _drawn("feynman_I_12_2"), ("--units", "q1=C,q2=C,epsilon=F/m,r=m,F=N")),
    Case("units I.14.3 noise .01", _drawn("feynman_I_14_3", noise=0.01), ("--units", "m=kg,g=m/s**2,z=m,U=J")),
    Case("units ideal gas", "ideal_gas.csv", ()),
    Case("form of two functions", _drawn("feynman_I_12_11"), ("--form", "q*f(Ef,B,v,theta)")),
    Case("form sum", _drawn("nguyen_12"), ("--form", "f(x)+g(y)")),
    Case("form huber", _drawn("feynman_I_14_3", noise=0.01), ("--form", "m*f(g,z)", "--loss", "huber")),
    Case("refine power", _drawn("feynman_I_12_2", noise=0.01), ("--expr", "k*q1*q2/epsilon/r**p"), "refine"),
    Case("refine kepler", "kepler.csv", ("--expr", "a*semi_major_axis_au**b"), "refine"),
    Case("refine hubble", "hubble_1929.csv", ("--expr", "a*distance_mpc+b"), "refine"),
    Case("resumed I.12.2", _drawn("feynman_I_12_2", noise=0.01), resumed=True),
    Case("resumed nguyen_07", _drawn("nguyen_07"), resumed=True),
    Case("derivative", "lynx_hare.csv", ("--derivative", "year")),
    Case("sigma", "cobe_firas.csv", ("--sigma", "sigma_kjy_sr")),
    Case("huber", _drawn("feynman_I_14_3", noise=0.01), ("--loss", "huber")),
    Case("squared", _drawn("feynman_I_14_3", noise=0.01), ("--loss", "squared")),
    Case("seed 3", _drawn("feynman_I_6_2b"), ("--seed", "3")),
    Case("kepler", "kepler.csv"),
    Case("hubble", "hubble_1929.csv"),
    Case("leavitt", "leavitt_1912.csv"),
    Case("rydberg", "rydberg.csv"),
    Case("exp sin", "exp_sin.csv"),
    Case("smooth pipe", "smooth_pipe_2004.csv"),
)


def _kansr(*arguments: str, rows: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "kansr", *arguments]
    return subprocess.run(command, input=rows, capture_output=True, env={**os.environ, **threads}, check=False)


def answer(case: Case) -> dict[str, Any]:
    """What the command line says of a case, and the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        if case.rows.endswith(".csv"):
            table.write_bytes((ROOT / "datasets" / case.rows).read_bytes())
        else:
            table.write_bytes(_kansr("sample", *case.rows.split()).stdout)
        arguments = [case.command, str(table), "--json", "-q", "--time-limit", str(LIMIT), *case.more]
        if case.resumed:
            out = Path(folder) / "run"
            _kansr(*arguments, "--out", str(out))
            journal = out / "attempts.jsonl"
            lines = journal.read_text().splitlines(keepends=True)
            journal.write_text("".join(lines[: 1 + len(lines) // 2]))
            arguments += ["--out", str(out), "--resume"]
        done = _kansr(*arguments)
    said = json.loads(done.stdout) if done.stdout else {"stderr": done.stderr.decode()}
    return {"exit": done.returncode, **{key: value for key, value in said.items() if key not in VOLATILE}}


def differences(before: Any, now: Any, place: str = "") -> Iterator[str]:
    """The places where two JSON values differ, with both."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            yield from differences(before.get(key), now.get(key), f"{place}.{key}" if place else key)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for i, pair in enumerate(zip(before, now)):
            yield from differences(*pair, f"{place}[{i}]")
    elif before != now and not (before is now is None):
        both_nan = isinstance(before, float) and isinstance(now, float) and math.isnan(before) and math.isnan(now)
        if not both_nan:
            yield f"{place}: {_short(before)} → {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 160 else text[:160] + "…"


def main() -> int:
    arguments = parser(__doc__, only="", jobs=2)
    arguments.add_argument("what", choices=("record", "check"))
    wanted = arguments.parse_args()
    cases = [case for case in CASES if asked_for(case.name, wanted.only)]
    KEPT.mkdir(exist_ok=True)
    changed = 0

    def timed(case: Case) -> tuple[Case, dict[str, Any], float]:
        begun = time.monotonic()
        return case, answer(case), time.monotonic() - begun

    with ThreadPoolExecutor(wanted.jobs) as pool:
        for case, now, seconds in pool.map(timed, cases):
            path = KEPT / (case.name.replace(" ", "_").replace(".", "") + ".json")
            found = (now.get("best") or {}).get("expression", now.get("stderr", "nothing"))
            if wanted.what == "record":
                path.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
                print(f"{case.name}: {found} ({seconds:.1f} s)", flush=True)
                continue
            lines = list(differences(json.loads(path.read_text(encoding="utf-8")), now))
            changed += bool(lines)
            print(f"{'DIFFERENT' if lines else 'same'}: {case.name} ({seconds:.1f} s)", flush=True)
            print(*(f"    {line}" for line in lines[:12]), sep="\n", end="\n" if lines else "", flush=True)
    print(f"{changed} of {len(cases)} differ" if wanted.what == "check" else f"{len(cases)} recorded")
    return int(changed > 0)


if __name__ == "__main__":
    sys.exit(main())
