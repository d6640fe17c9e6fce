"""A child process for each search and each grading, which talks in JSON lines.

    python -m kansr.bench.child search|grade        # one JSON object on stdin, JSON lines on stdout

With a process of its own, a hang, a segmentation fault or a memory leak of a method costs one record. A fresh
interpreter, unlike a fork, has no trouble with threads, and works the same on a worker of a cluster.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import IO, Any

from kansr.bench.grade import decided, graded
from kansr.bench.grade.by_group import graded_by_group
from kansr.bench.methods import Question, method
from kansr.bench.real import pmlb
from kansr.bench.real.figures import figures
from kansr.bench.real.folder import PMLB
from kansr.bench.trial import Settings, Trial, posed, rows_of
from kansr.runtime.processes import THREADS, settle, single_thread

POLL_SECONDS = 0.2  # between checks whether to stop
DEATH_SECONDS = 5.0  # to wait for the exit code of a process that has closed its output
STDERR_LETTERS, ERROR_LETTERS = 300, 500  # of the last line of stderr, and of an exception, in a record
Message = dict[str, Any]
Send = Callable[[Message], None]


class Child:
    """A running child process. job: "search" or "grade"; task: the JSON object that it gets."""

    def __init__(self, job: str, task: Mapping[str, Any]) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  it is open as long as the child runs
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kansr.bench.child", job],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            start_new_session=True,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended already, which `next` reports
            self.process.stdin.write(json.dumps({**task, "parent": os.getpid()}).encode())
            self.process.stdin.close()
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()

    def next(self, deadline: float, stop: threading.Event) -> Message | None:
        """The next message; None where the deadline (of `time.monotonic`), the end or a stop comes first."""
        while (left := deadline - time.monotonic()) > 0 and not stop.is_set():
            try:
                line = self._lines.get(timeout=min(left, POLL_SECONDS))
            except queue.Empty:
                continue
            return None if line is None else json.loads(line)
        return None

    def death(self) -> str:
        """How the child died, in words; "" where it still runs or ended normally."""
        try:
            code = self.process.wait(timeout=DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            return ""
        if code == 0:
            return ""
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{how}: {said[-1][:STDERR_LETTERS]}" if said else how

    def close(self) -> None:
        """Kills the child and every process that it started."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.errors.close()

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                if line.endswith(b"\n"):  # a last line without an end is incomplete
                    self._lines.put(line)
        self._lines.put(None)


def search(task: Message, send: Send) -> None:
    """The job "search": sends that it has started, each answer with its seconds, and that it has ended."""
    trial, settings = Trial(**task["trial"]), Settings(**task["settings"])
    run = method(trial.method).load()
    single_thread()
    data, units = rows_of(trial, settings)
    question = Question(data, settings.time_limit, trial.seed, units if settings.units else {}, settings.structure)
    send({"started": True})
    started, used = time.perf_counter(), time.process_time()

    def spent() -> Message:
        return {"seconds": round(time.perf_counter() - started, 3), "cpu_seconds": round(time.process_time() - used, 3)}

    for answer in run(question):
        send({**asdict(answer), **spent()})
    send({"ended": True, **spent(), "peak_mb": peak_mb()})


def grade(task: Message, send: Send) -> None:
    """The job "grade": sends the verdicts on a formula for a law, or its figures on the test rows of a table."""
    trial, settings = Trial(**task["trial"]), Settings(**task["settings"])
    if trial.suite == PMLB:
        send(figures(pmlb.split(trial.problem, settings.data, trial.seed), task["expression"]))
        return
    problem, text = posed(trial, settings), task["expression"]
    if problem.own:
        send({} if text is None else graded_by_group(problem, trial.seed, text, task["parameters"]))
        return
    verdicts = graded(problem, text, task["front"], task["rivals"]) if text is not None else {}
    if trial.noise > 0:
        verdicts |= decided(problem, text, rows_of(trial, settings)[0], trial.seed, verdicts)
    send(verdicts)


def peak_mb() -> float | None:
    """The peak resident memory of this process in MiB, None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(size / (2**20 if sys.platform == "darwin" else 2**10), 1)


def main() -> None:
    """The entry point of the child; what a method prints goes to stderr."""
    task = json.load(sys.stdin)
    settle(task.pop("parent"))
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(message: Message) -> None:
        print(json.dumps(message), file=ours, flush=True)

    try:
        JOBS[sys.argv[1]](task, send)
    except Exception as err:
        send({"error": f"{type(err).__name__}: {err}"[:ERROR_LETTERS]})
    os._exit(0)  # without waiting for threads that a package has left running


JOBS: dict[str, Callable[[Message, Send], None]] = {"search": search, "grade": grade}

if __name__ == "__main__":
    main()
