"""Standard streams that are closed or full, and signals while the command is still loading."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from support.command import REAL, environment
from support.faults.cases import PATIENCE, Run, apart
from support.faults.tables import SQUARE


def _closed(*numbers: int) -> Callable[[], None]:
    def close() -> None:
        for number in numbers:
            os.close(number)

    return close


def without_errors(folder: Path) -> None:
    """The law is printed, whatever becomes of stderr."""
    (folder / "data.csv").write_text(SQUARE)
    command = ("discover", "data.csv", "--jobs", "1")
    with Path("/dev/full").open("w") as full:
        given = {"input": b"", "capture_output": False, "stdout": subprocess.PIPE}
        for more in ({"stderr": full}, {"preexec_fn": _closed(2)}):
            done = subprocess.run([*REAL, *command], cwd=folder, env=environment(), **given, **more)  # type: ignore
            assert done.returncode == 0 and done.stdout.startswith(b"b = a**2")


def without_output(folder: Path) -> None:
    """The result is saved, and one sentence says what is wrong."""
    (folder / "data.csv").write_text(SQUARE)
    command = ("discover", "data.csv", "--jobs", "1", "--out", "run")
    code, _, err = apart(folder, *command, preexec_fn=_closed(0, 1))
    assert code == 2 and "cannot write to standard output" in err and "Traceback" not in err
    assert (folder / "run" / "discovery.json").exists()
    code, _, err = apart(folder, "discover", "-", preexec_fn=_closed(0))
    assert code == 2 and "standard input is closed" in err
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*REAL, "--help"], env=environment(), stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2 and b"No space left" in done.stderr and b"Traceback" not in done.stderr


def while_loading(number: signal.Signals) -> Run:
    def run(folder: Path) -> None:
        (folder / "data.csv").write_text(SQUARE)
        command = [*REAL, "discover", "data.csv", "--jobs", "1"]
        heeded = partial(signal.signal, number, signal.SIG_DFL)  # nohup has SIGHUP ignored by all that it starts
        with subprocess.Popen(
            command,
            cwd=folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=heeded,
        ) as process:
            end = time.monotonic() + PATIENCE
            while "/numpy/" not in Path(f"/proc/{process.pid}/maps").read_text() and time.monotonic() < end:
                time.sleep(0.002)
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (128 + number, b"", b"")

    return run
