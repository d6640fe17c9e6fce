"""Kills a search at random moments and goes on with it: the answer must be that of a search that was left alone.

    python benchmarks/robustness/kill_resume.py [--kills 20] [--seed 0] [--table datasets/exp_sin.csv]

The search is started, killed with SIGKILL after a random time and started again with --resume, until all its attempts
are written down; each time, what discovery.json holds may only get better. Then it may come to its end. All of this is
done again, from the beginning, until enough kills have been made.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.arguments import parser

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300  # seconds for the search


def command(table: Path, out: Path, *more: str) -> list[str]:
    options = ["--out", str(out), "--json", "--quiet", "--time-limit", str(LIMIT)]
    return [sys.executable, "-m", "kansr", "discover", str(table), *options, *more]


def answer(folder: Path) -> dict[str, Any] | None:
    """What is saved; None where nothing is yet. A file that is there is whole."""
    path = folder / "discovery.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def written(folder: Path) -> int:
    """How many attempts are in the journal."""
    path = folder / "attempts.jsonl"
    return max(path.read_bytes().count(b"\n") - 1, 0) if path.exists() else 0


def without_times(discovery: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in discovery.items() if name != "seconds"}


def killed_after(seconds: float, arguments: list[str]) -> bool:
    """Whether the process was killed, not done before."""
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return True
        if process.returncode:
            assert process.stderr is not None
            raise SystemExit(f"it failed: {process.stderr.read().decode()}")
    return False


def main() -> None:
    arguments = parser(__doc__, seed=0)
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--table", type=Path, default=ROOT / "datasets" / "exp_sin.csv")
    options = arguments.parse_args()
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        begun = time.monotonic()
        subprocess.run(command(options.table, Path(scratch) / "alone"), check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        whole = time.monotonic() - begun
        truth = answer(Path(scratch) / "alone")
        assert truth is not None
        complete = written(Path(scratch) / "alone")
        print(f"left alone: {truth['best']['expression']} after {whole:.1f} s and {complete} attempts", flush=True)
        kills = runs = 0
        while kills < options.kills:
            out = Path(scratch) / f"run{runs}"
            runs += 1
            bits = float("inf")
            more: tuple[str, ...] = ()
            while True:
                enough = kills >= options.kills or written(out) == complete
                after = 10 * LIMIT if enough else moments.uniform(0.0, whole)
                killed = killed_after(after, command(options.table, out, *more))
                more = ("--resume",)
                now = answer(out)
                if now is not None:
                    assert now["best"]["description_length"] <= bits, "an earlier formula was lost"
                    bits = now["best"]["description_length"]
                kills += killed
                shown = "nothing yet" if now is None else now["best"]["expression"]
                event = f"kill {kills:2} after {after:5.2f} s" if killed else "came to its end "
                print(f"run {runs}: {event}: {written(out):2} attempts written, {shown}", flush=True)
                if not killed:
                    break
            same = now is not None and without_times(now) == without_times(truth)
            print(f"run {runs}: the answer is {'the same' if same else 'ANOTHER ONE'}")
            if not same:
                raise SystemExit(1)
        print(f"{kills} kills, {runs} searches, every answer the same, no formula lost")


if __name__ == "__main__":
    main()
