"""The processes that do the work: a fresh interpreter for each search and for each grading, spoken to in JSON lines.

    python -m kansr.bench.child search|grade        # one JSON object on stdin, JSON lines on stdout

A process of its own makes a hang, a segmentation fault or a leak of a method cost one record. A fresh interpreter,
unlike a fork, is safe from threads and works the same on a worker of a cluster.
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
from typing import IO, Any

from kansr.bench.grade import graded
from kansr.bench.methods import Question, method
from kansr.bench.problem import find_problem
from kansr.bench.trial import Settings, Trial, asked, with_distractors
from kansr.runtime.processes import THREADS, settle, single_thread

LOOK = 0.2  # seconds between looks at whether to stop
Message = dict[str, Any]
Send = Callable[[Message], None]


class Child:
    """A running child; `messages` yields what it says until it ends, `close` ends it and all that it started."""

    def __init__(self, job: str, task: Mapping[str, Any]) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the child
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kansr.bench.child", job],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            start_new_session=True,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended already, and `messages` will tell
            self.process.stdin.write(json.dumps({**task, "parent": os.getpid()}).encode())
            self.process.stdin.close()
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()

    def next(self, deadline: float, stop: threading.Event) -> Message | None:
        """The next message, None when there is none before the deadline (`time.monotonic`), the end or a stop."""
        while (left := deadline - time.monotonic()) > 0 and not stop.is_set():
            try:
                line = self._lines.get(timeout=min(left, LOOK))
            except queue.Empty:
                continue
            return None if line is None else json.loads(line)
        return None

    def death(self) -> str:
        """How it ended by itself, in words, "" when it still runs or ended well."""
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ""
        if code == 0:
            return ""
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{how}: {said[-1][:300]}" if said else how

    def close(self) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.errors.close()

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                if line.endswith(b"\n"):  # the last one may have been cut off in the middle
                    self._lines.put(line)
        self._lines.put(None)


def search(task: Message, send: Send) -> None:
    """Says that it has started, then each answer with its seconds, then that it has ended."""
    trial, settings = Trial(**task["trial"]), Settings(**task["settings"])
    run = method(trial.method).load()
    single_thread()
    problem, data = asked(trial, settings)
    units = {v.name: v.units for v in problem.variables + problem.distractors} | {problem.target: problem.target_units}
    question = Question(data, settings.time_limit, trial.seed, units if settings.units else {})
    send({"started": True})
    started, used = time.perf_counter(), time.process_time()

    def spent() -> Message:
        return {"seconds": round(time.perf_counter() - started, 3), "cpu_seconds": round(time.process_time() - used, 3)}

    for answer in run(question):
        send({"expression": answer.expression, "front": answer.front, "status": answer.status, **spent()})
    send({"ended": True, **spent(), "peak_mb": peak_mb()})


def grade(task: Message, send: Send) -> None:
    """Says what `kansr.bench.grade.graded` finds out."""
    problem = with_distractors(find_problem(task["problem"]), task["distractors"])
    send(graded(problem, task["expression"], task["front"]))


def peak_mb() -> float | None:
    """The most memory this process has held at once, in MiB."""
    try:
        import resource
    except ImportError:
        return None
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(size / (2**20 if sys.platform == "darwin" else 2**10), 1)


def main() -> None:
    """The entry point of the child; whatever the method prints goes to stderr."""
    task = json.load(sys.stdin)
    settle(task.pop("parent"))
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(message: Message) -> None:
        print(json.dumps(message), file=ours, flush=True)

    try:
        JOBS[sys.argv[1]](task, send)
    except Exception as err:
        send({"error": f"{type(err).__name__}: {err}"[:500]})
    os._exit(0)  # threads that a package has left behind are not waited for


JOBS: dict[str, Callable[[Message, Send], None]] = {"search": search, "grade": grade}

if __name__ == "__main__":
    main()
