"""Searches that a signal, a kill or a closed pipe ends, in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

from support.command import REAL, children, environment, gone
from support.faults.cases import PATIENCE, Run, discover, without_times
from support.faults.tables import SQUARE, noisy
from support.paths import ROOT


def begun(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """A search of a minute whose first formula has been saved in run/."""
    (folder / "data.csv").write_text(noisy(1000))
    command = [*REAL, "discover", "data.csv", "--out", "run", "--json", "--time-limit", "60", *options]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + PATIENCE
    while not (folder / "run" / "front.csv").exists() and time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def signalled(number: signal.Signals, code: int) -> Run:
    def run(folder: Path) -> None:
        with begun(folder, "--jobs", "2") as process:
            workers = children(process.pid)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        assert json.loads(out)["status"] == "interrupted"
        assert json.loads((folder / "run" / "discovery.json").read_text()) == json.loads(out)
        assert workers and all(map(gone, workers))

    return run


def twice(folder: Path) -> None:
    """A second signal ends what the first has left to do; here the process is stopped while both come."""
    with begun(folder) as process:
        workers = children(process.pid)
        process.send_signal(signal.SIGSTOP)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode in (130, 143) and not out
    assert workers and all(map(gone, workers))


def killed(folder: Path) -> None:
    table = (ROOT / "datasets" / "exp_sin.csv").read_text()
    options = ["--json", "--time-limit", "200", "--seed", "3"]
    code, alone, err = discover(folder, table, "--out", "alone", *options)
    assert code == 0, err
    command = [*REAL, "discover", "data.csv", "--out", "run", *options]
    for attempts in (1, 3):  # written when it is killed
        with subprocess.Popen(
            [*command, *(["--resume"] if attempts > 1 else [])], cwd=folder, env=environment()
        ) as process:
            end = time.monotonic() + PATIENCE
            journal = folder / "run" / "attempts.jsonl"
            while not (journal.exists() and journal.read_bytes().count(b"\n") > attempts) and time.monotonic() < end:
                time.sleep(0.01)
            process.kill()
    with journal.open("ab") as file:
        file.write(b'{"attempt": 3, "sec')  # as a power cut leaves it
    code, resumed, err = discover(folder, None, "--out", "run", "--resume", *options)
    assert code == 0, err
    assert without_times(resumed) == without_times(alone)
    assert json.loads(resumed)["seconds"] > 0


def closed_pipe(folder: Path) -> None:
    (folder / "data.csv").write_text(SQUARE)
    with subprocess.Popen(
        [*REAL, "discover", "data.csv"], cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 0 and b"Traceback" not in err and b"Broken pipe" not in err
