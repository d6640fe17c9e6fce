"""How many known laws kansr finds again: rows drawn from each problem of a suite, one search each, graded strictly.

    python benchmarks/recovery.py feynman120 --rows 2000 --time-limit 20 --jobs 2

Prints one line a problem and a summary, with the problems whose id has an even and an odd crc32 apart; `--out FILE`
keeps a JSON line for each and skips those already there, so that a run that was stopped goes on.

Strict: the formula chosen equals the truth to 1e-6 inside the box the rows came from and in boxes half as wide again
and four times as wide (wherever the truth is defined; poles aside), and uses no kind of function (trigonometric,
inverse trigonometric, exponential or logarithmic) that the truth does not use.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
import zlib
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import sympy

from kansr.data.problem import Problem, sample, suite
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.expression.render import render
from kansr.pipeline import Config, search

KINDS = {
    "trigonometric": (sympy.sin, sympy.cos, sympy.tan),
    "inverse": (sympy.asin, sympy.acos, sympy.atan),
    "exponential": (sympy.exp, sympy.log, sympy.sinh, sympy.cosh, sympy.tanh),
}


def kinds(expr: sympy.Expr) -> set[str]:
    """The kinds of function an expression uses; a power with a variable exponent is an exponential."""
    found = {kind for kind, functions in KINDS.items() if expr.has(*functions)}
    if any(p.free_symbols & p.exp.free_symbols for p in expr.atoms(sympy.Pow) if p.exp.free_symbols):
        found.add("exponential")
    return found


def widened(problem: Problem, factor: float) -> Problem:
    """The problem with every uniform range `factor` times as wide about its middle."""

    def stretch(low: float, high: float) -> tuple[float, float]:
        middle, half = (low + high) / 2, (high - low) / 2 * factor
        return middle - half, middle + half

    variables = []
    for v in problem.variables:
        low, high = stretch(v.low, v.high) if v.kind == "uniform" else (v.low, v.high)
        variables.append(replace(v, low=low, high=high))
    return replace(problem, variables=tuple(variables))


def recovered(problem: Problem, expr: sympy.Expr, rows: int = 1000) -> bool:
    """Whether `expr` is the law, strictly."""
    if not kinds(expr) <= kinds(problem.expr):
        return False
    for factor in (1.0, 1.5, 4.0):
        rng = np.random.default_rng(5)
        box = widened(problem, factor)
        X = np.column_stack([draw(v, rows, rng) for v in box.variables])
        truth, found = (Tape(e, problem.names).value(X) for e in (problem.expr, expr))
        defined = np.isfinite(truth)
        if defined.sum() < 5:
            continue
        scale = np.abs(truth[defined]) + (np.std(truth[defined]) if factor == 1 else 0)
        close = np.abs(found[defined] - truth[defined]) <= 1e-6 * scale
        if close.mean() < (1.0 if factor == 1 else 0.98):
            return False
    return True


def draw(variable, rows: int, rng: np.random.Generator) -> np.ndarray:
    if variable.kind == "integer":
        return rng.integers(int(variable.low), int(variable.high) + 1, rows).astype(float)
    if variable.kind == "loguniform":
        low, high = sorted((abs(variable.low), abs(variable.high)))
        x = np.exp(rng.uniform(np.log(low), np.log(high), rows)) * (-1 if variable.high < 0 else 1)
    else:
        x = rng.uniform(variable.low, variable.high, rows)
    return x * rng.choice([-1, 1], rows) if variable.signed else x


def trial(problem: Problem, options: argparse.Namespace) -> dict:
    """One search on rows of one problem."""
    data = sample(problem, options.rows, np.random.default_rng(options.seed), noise=options.noise)
    started = time.perf_counter()
    record = {"problem": problem.id, "noise": options.noise, "seed": options.seed, "truth": problem.text}
    try:
        *_, last = search(data, Config(time_limit=options.time_limit, seed=options.seed))
    except Exception as err:  # a crash is a miss, and says so
        return {**record, "seconds": time.perf_counter() - started, "status": f"error: {err!r}", "strict": False}
    text = render(last.best.expr)
    return {
        **record,
        "seconds": round(time.perf_counter() - started, 3),
        "status": last.status.value,
        "origin": last.best.origin,
        "expression": text,
        "r2_held_out": last.best.r2_held_out,
        "strict": recovered(problem, parse(text)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=20.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--half", choices=["even", "odd"], help="only the ids with this crc32")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    problems = list(suite(options.suite))
    if options.half:
        problems = [p for p in problems if zlib.crc32(p.id.encode()) % 2 == (options.half == "odd")]
    records = []
    if options.out and options.out.exists():
        records = [json.loads(line) for line in options.out.read_text().splitlines()]
    done = {record["problem"] for record in records}
    todo = [p for p in problems if p.id not in done]
    with multiprocessing.get_context("fork").Pool(options.jobs, maxtasksperchild=1) as pool:
        for record in pool.imap(partial(trial, options=options), todo):
            records.append(record)
            print(line(record), flush=True)
            if options.out:
                with options.out.open("a") as file:
                    file.write(json.dumps(record) + "\n")
    summary(records)


def line(record: dict) -> str:
    mark = "found " if record["strict"] else "missed"
    tail = "" if record["strict"] else f"   truth: {record['truth']}"
    found = record.get("expression", record["status"])[:90]
    return f"{mark} {record['problem']:22} {record['seconds']:6.1f} s  {found}{tail}"


def summary(records: list[dict]) -> None:
    seconds = np.array([r["seconds"] for r in records])
    even = [r["strict"] for r in records if zlib.crc32(r["problem"].encode()) % 2 == 0]
    odd = [r["strict"] for r in records if zlib.crc32(r["problem"].encode()) % 2 == 1]
    print(
        f"\nstrict {sum(even) + sum(odd)} of {len(records)} (even ids {sum(even)} of {len(even)}, "
        f"odd ids {sum(odd)} of {len(odd)}); seconds: median {np.median(seconds):.2f}, "
        f"90th percentile {np.quantile(seconds, 0.9):.1f}, all {seconds.sum():.0f}"
    )


if __name__ == "__main__":
    main()
