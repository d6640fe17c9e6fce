"""A case: what is wrong, and a function that brings it about in an empty folder and looks at what comes of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kansr.expression.parse import parse
from support.command import REAL, environment, told

Run = Callable[[Path], None]
PATIENCE = 240  # seconds that a search with its time limit may take on a busy machine


class Case(NamedTuple):
    number: int
    what: str
    run: Run
    slow: bool = False


def discover(folder: Path, table: bytes | str | None, *options: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a search in data.csv, which holds `table`; in this process."""
    if table is not None:
        (folder / "data.csv").write_bytes(table.encode() if isinstance(table, str) else table)
    return kansr(folder, "discover", "data.csv", *options)


def kansr(folder: Path, *arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """The same of any command."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        done = told(*arguments, stdin=stdin)
    finally:
        os.chdir(before)
    return done.returncode, done.stdout, done.stderr


def apart(folder: Path, *arguments: object, **more: Any) -> tuple[int, str, str]:
    """The same in a process of its own. more: for subprocess.run."""
    options = {"env": environment(), "cwd": folder, "input": b"", "capture_output": True, "timeout": PATIENCE}
    done = subprocess.run([*REAL, *map(str, arguments)], **{**options, **more})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def refused(
    number: int, what: str, table: bytes | str | None, *words: str, options: str = "", slow: bool = False
) -> Case:
    """The table is refused with code 2, in one sentence at the end of stderr that has the words in it."""

    def run(folder: Path) -> None:
        code, out, err = discover(folder, table, *options.split())
        assert (code, out) == (2, ""), err
        sentence = err.splitlines()[-1]
        assert sentence.startswith("kansr: ") and all(word in sentence for word in words), sentence
        assert "Traceback" not in err

    return Case(number, what, run, slow)


def answered(
    number: int,
    what: str,
    table: bytes | str,
    *words: str,
    options: str = "",
    code: int = 0,
    formula: str = "",
    check: Callable[[dict[str, Any]], object] = lambda result: True,
    slow: bool = False,
) -> Case:
    """A search ends with `code`, says the words on stderr, and finds the formula, up to rounding."""

    def run(folder: Path) -> None:
        got, out, err = discover(folder, table, "--json", "--time-limit", "60", *options.split())
        assert got == code, (out, err)
        assert all(word in err for word in words), err
        result = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        if formula:
            assert same(result["best"]["expression"], formula), result["best"]["expression"]
        assert check(result), result

    return Case(number, what, run, slow)


def same(found: str, formula: str) -> bool:
    difference = parse(found) / parse(formula)
    names = sorted(map(str, difference.free_symbols))
    return all(
        abs(complex(difference.subs({n: 1.3 + 0.7 * i + shift for i, n in enumerate(names)})) - 1) < 1e-6
        for shift in (0.0, 0.4)
    )


def without_times(text: str) -> dict[str, Any]:
    return {name: value for name, value in json.loads(text).items() if name != "seconds"}
