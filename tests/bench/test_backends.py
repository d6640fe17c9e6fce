"""`kansr bench --scheduler` on a real dask scheduler and two workers on this machine, one of which is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.paths import TESTS

pytest.importorskip("distributed")

import contextlib

from kansr.bench.records import read

ENV = {**os.environ, "PYTHONPATH": str(TESTS)}
Process = subprocess.Popen[bytes]


def dask(*arguments: str) -> Process:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        env=ENV,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(process: Process) -> None:
    """Kills a process and those of its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def worker(address: str) -> Process:
    return dask("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[Process]]]:
    """The address of a scheduler, and two workers of one thread each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = dask("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show")
    workers = [worker(address) for _ in range(2)]
    try:
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            end(process)


@pytest.mark.long
def test_every_record_arrives_once_though_a_worker_is_killed(
    cluster: tuple[str, list[Process]], tmp_path: Path
) -> None:
    address, workers = cluster
    options = ("nguyen", "--method", "support.bench_methods.slow", "--rows", "40", "--out", str(tmp_path / "run"))
    run = subprocess.Popen(
        [sys.executable, "-m", "kansr", "bench", *options, "--scheduler", address, "--quiet"],
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    path = tmp_path / "run" / "records.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and run.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= 3:
            break
        time.sleep(0.05)
    end(workers[0])
    out, err = run.communicate(timeout=240)
    assert run.returncode == 0, err
    records = read(tmp_path / "run")
    assert len(records) == len({r["problem"] for r in records}) == 12
    assert {r["status"] for r in records} == {"done"}
    assert sum(r["recovered"]["strict"] for r in records) == 1
