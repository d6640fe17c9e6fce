"""A server process that answers one request after another, for packages that are slow to start.

It is a fresh interpreter: Julia does not work after a fork, nor after torch has been loaded. Requests and answers are
lines of JSON; anything else that it prints is discarded.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from kansr.runtime.alarm import OutOfTime
from kansr.runtime.child import WorkerDied
from kansr.runtime.processes import THREADS, settle

POLL_SECONDS = 0.2  # between checks whether the process is alive and how much memory it holds
MESSAGE_LETTERS = 500  # of an error that is passed on
Message = dict[str, Any]


class ServiceError(RuntimeError):
    """The server answered with an error."""


class Service:
    """The server `python -m module`. It is started at the first request, and again after its end.

    memory: bytes of resident memory that it may hold. They are watched from outside, since Julia reserves more address
    space than it uses and a limit in the process would stop it.
    """

    def __init__(self, module: str, memory: int) -> None:
        self.module, self.memory = module, memory
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = os.getpid()
        self._number = 0
        self._lines: queue.Queue[bytes | None] = queue.Queue()

    def ask(self, request: Mapping[str, Any], seconds: float) -> Iterator[Message]:
        """The answers to a request, as they come; to leave the iterator early ends the process.

        Raises, after the answers that came: OutOfTime after `seconds`, WorkerDied and MemoryError, which end the
        process, and ServiceError, which does not.
        """
        deadline = time.monotonic() + seconds
        process = self._running()
        self._number += 1
        line = json.dumps({**request, "number": self._number}).encode() + b"\n"
        threading.Thread(
            target=_write, args=(process.stdin, line), daemon=True
        ).start()  # it would block where the process never reads
        ended = False
        try:
            for message in self._answers(process, deadline):
                ended = "end" in message or "error" in message
                if "error" in message:
                    raise ServiceError(message["error"])
                if ended:
                    return
                yield message
        finally:
            if not ended:
                self.close()

    def close(self) -> None:
        """Kills the process and every process that it started."""
        process, self.process = self.process, None
        if process is None:
            return
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is not None and self.process.poll() is None:
            return self.process
        self.close()
        self.process = process = subprocess.Popen(
            [sys.executable, "-m", self.module, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,  # nothing is left in a buffer when the process has ended
            start_new_session=True,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
        )
        self._lines = queue.Queue()
        threading.Thread(target=_listen, args=(process.stdout, self._lines), daemon=True).start()
        return process

    def _answers(self, process: subprocess.Popen[bytes], deadline: float) -> Iterator[Message]:
        """The answers to the last request; any other line is ignored."""
        while (left := deadline - time.monotonic()) > 0:
            if resident(process.pid) > self.memory:
                raise MemoryError(f"the working process took more than {self.memory / 2**30:.3g} GiB of memory")
            try:
                line = self._lines.get(timeout=min(left, POLL_SECONDS))
            except queue.Empty:
                continue
            if line is None:
                raise WorkerDied(process.wait())
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict) and message.get("number") == self._number:
                    yield message
        raise OutOfTime("the working process ran out of time")


def resident(pid: int) -> int:
    """The resident memory of a process in bytes; 0 where it cannot be read."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def serve(handle: Callable[[Message], Iterable[Message]]) -> None:
    """The server's loop: answers each line of stdin by what `handle` yields for it, then by "end" or "error".

    The first argument of the command is the process id of the parent.
    """
    settle(int(sys.argv[1]))
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(message: Message) -> None:
        print(json.dumps(message), file=ours, flush=True)

    for line in sys.stdin:
        request = json.loads(line)
        number = {"number": request.pop("number")}
        try:
            for answer in handle(request):
                send({**answer, **number})
            send({"end": True, **number})
        except Exception as err:
            send({"error": f"{type(err).__name__}: {err}"[:MESSAGE_LETTERS], **number})
    os._exit(0)  # without waiting for threads that a package has left running


def _write(stream: IO[bytes] | None, line: bytes) -> None:
    left = memoryview(line)
    with contextlib.suppress(OSError, ValueError):  # the process has ended, which `_answers` reports
        while stream is not None and left:
            left = left[stream.write(left) :]


def _listen(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    with stream, contextlib.suppress(OSError, ValueError):
        for line in stream:
            if line.endswith(b"\n"):  # a last line without an end is incomplete
                lines.put(line)
    lines.put(None)
