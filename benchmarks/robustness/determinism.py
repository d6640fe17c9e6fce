"""Looks for the same laws under different circumstances: the JSON has to be the same to the last bit, times aside.

    python benchmarks/robustness/determinism.py [--again 1] [PROBLEM …]

Each table is searched once, again as often as that, and under the circumstances below.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from benchmarks.arguments import parser

PROBLEMS = ("feynman_I_12_2", "feynman_I_6_2b", "nguyen_07", "law_mech_07")
LIMIT = 600  # seconds: a search that reaches its limit is not repeatable
GERMAN = {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
# What is different -> options and environment.
VARIANTS: dict[str, tuple[list[str], dict[str, str]]] = {
    "2 workers": (["--jobs", "2"], {}),
    "4 workers": (["--jobs", "4"], {}),
    "hash seed 1": ([], {"PYTHONHASHSEED": "1"}),
    "hash seed 2": ([], {"PYTHONHASHSEED": "2"}),
    "4 threads": ([], {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4", "MKL_NUM_THREADS": "4"}),
    "German": ([], GERMAN),
    "no locale": ([], {"LC_ALL": "C"}),
}


def run(*arguments: str, rows: bytes = b"", **more: str) -> bytes:
    command = [sys.executable, "-m", "kansr", *arguments]
    return subprocess.run(command, input=rows, stdout=subprocess.PIPE, env={**os.environ, **more}, check=False).stdout


def main() -> None:
    arguments = parser(__doc__, rows=500)
    arguments.add_argument("problems", nargs="*", default=PROBLEMS)
    arguments.add_argument("--again", type=int, default=1)
    wanted = arguments.parse_args()
    plain = ["once", *(f"again {i}" for i in range(1, wanted.again + 1))]
    circumstances = {**dict.fromkeys(plain, ([], {})), **VARIANTS}
    differ = 0
    for problem in wanted.problems:
        for noise in ("0", "0.01"):
            rows = run("sample", problem, "-n", str(wanted.rows), "--noise", noise)
            answers = {}
            begun = time.monotonic()
            for name, (options, more) in circumstances.items():
                out = json.loads(
                    run("discover", "-", "--json", "-q", "--time-limit", str(LIMIT), *options, rows=rows, **more)
                )
                assert out.pop("seconds") < LIMIT, "it came to its limit"
                answers[name] = json.dumps(out)
            others = [name for name, answer in answers.items() if answer != answers["once"]]
            differ += bool(others)
            verdict = f"DIFFERENT: {', '.join(others)}" if others else f"the same {len(answers)} times"
            found = json.loads(answers["once"])["best"]["expression"]
            print(
                f"{problem:>16}, noise {noise:>4}: {verdict} ({time.monotonic() - begun:.0f} s)  {found[:60]}",
                flush=True,
            )
    sys.exit(differ > 0)


if __name__ == "__main__":
    main()
