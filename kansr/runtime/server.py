"""A process that serves one request after another, for packages that take long to start.

It is a fresh interpreter, not a fork: Julia does not survive one, nor torch loaded before it. Requests and answers are
lines of JSON; whatever else it prints goes nowhere.
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

LOOK = 0.2  # seconds between looks at whether it lives and how large it is
Message = dict[str, Any]


class ServiceError(RuntimeError):
    """The process answered that it could not do what it was asked."""


class Service:
    """`python -m module` as a server: started at the first request, and again after it has died or was stopped.

    memory: bytes that it may hold, watched from outside (Julia reserves far more than it uses).
    """

    def __init__(self, module: str, memory: int) -> None:
        self.module, self.memory = module, memory
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = os.getpid()
        self._number = 0
        self._lines: queue.Queue[bytes | None] = queue.Queue()

    def ask(self, request: Mapping[str, Any], seconds: float) -> Iterator[Message]:
        """The answers to a request as they come.

        Raises OutOfTime, WorkerDied, MemoryError or ServiceError after those that came; the first three end the
        process. So does leaving the iterator before its end.
        """
        deadline = time.monotonic() + seconds
        process = self._running()
        self._number += 1
        line = json.dumps({**request, "number": self._number}).encode() + b"\n"
        threading.Thread(target=_write, args=(process.stdin, line), daemon=True).start()  # it may never be read
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
        """Ends the process and all that it has started."""
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
            bufsize=0,  # what cannot be written is not kept
            start_new_session=True,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
        )
        self._lines = queue.Queue()
        threading.Thread(target=_listen, args=(process.stdout, self._lines), daemon=True).start()
        return process

    def _answers(self, process: subprocess.Popen[bytes], deadline: float) -> Iterator[Message]:
        """The answers to the last request; what is no answer is passed over."""
        while (left := deadline - time.monotonic()) > 0:
            if resident(process.pid) > self.memory:
                raise MemoryError(f"the working process took more than {self.memory / 2**30:.3g} GiB of memory")
            try:
                line = self._lines.get(timeout=min(left, LOOK))
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
    """Bytes of memory that a process holds; 0 where that cannot be known."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def serve(handle: Callable[[Message], Iterable[Message]]) -> None:
    """What the process does: handles each line of stdin until there is no more, and says when it has."""
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
            send({"error": f"{type(err).__name__}: {err}"[:500], **number})
    os._exit(0)  # threads that a package has left behind are not waited for


def _write(stream: IO[bytes] | None, line: bytes) -> None:
    left = memoryview(line)
    with contextlib.suppress(OSError, ValueError):  # it has ended, and who waits for the answer will be told
        while stream is not None and left:
            left = left[stream.write(left) :]


def _listen(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    with stream, contextlib.suppress(OSError, ValueError):
        for line in stream:
            if line.endswith(b"\n"):  # the last one may have been cut off in the middle
                lines.put(line)
    lines.put(None)
