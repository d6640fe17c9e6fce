"""Run the command line, in a process of its own or in this one."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from kansr.cli.main import run
from support import standin
from support.paths import ROOT

REAL = [sys.executable, "-m", "kansr"]


STAND_IN = [sys.executable, str(Path(__file__).with_name("standin.py"))]


KEYS = {"schema", "kansr", "status", "target", "inputs", "ignored_inputs", "names", "best", "front", "structure"}


KEYS |= {
    "constants",
    "units",
    "named_constants",
    "noise",
    "noise_error",
    "outliers",
    "undecided",
    "baselines",
    "shape",
    "rows",
    "seconds",
    "seed",
    "notes",
}

CANDIDATE_KEYS = {
    "expression",
    "latex",
    "complexity",
    "loss",
    "r2",
    "r2_held_out",
    "r2_held_out_error",
    "description_length",
    "origin",
}


def environment(ending: str = "found") -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "ENDING": ending, "PYTHONIOENCODING": "utf-8"}


def call(
    *arguments: object, program: list[str] = STAND_IN, ending: str = "found", stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """The finished process, stdout and stderr as text: for what only a process of its own can show."""
    command = [*program, *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, env=environment(ending), timeout=120)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def children(pid: int) -> list[int]:
    done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(child) for child in done.stdout.split()]


def gone(pid: int, patience: float = 5.0) -> bool:
    """Whether the process ends within `patience` seconds; one that waits to be reaped has ended."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def told(*arguments: object, stdin: bytes = b"", ending: str = "") -> CompletedProcess[str]:
    """What the command line does, in this process, which spares a second or two.

    ending: of the stand-in for the search; without one it is the search itself.
    """
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as held:
        held.enter_context(contextlib.redirect_stdout(out))
        held.enter_context(contextlib.redirect_stderr(err))
        held.enter_context(mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin))))
        held.enter_context(mock.patch("sys.argv", ["kansr", *map(str, arguments)]))
        if ending:
            held.enter_context(mock.patch.dict(os.environ, ENDING=ending))
            held.enter_context(mock.patch("kansr.pipeline.job.search_partition", standin.search))
        code = run(list(map(str, arguments)))
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
