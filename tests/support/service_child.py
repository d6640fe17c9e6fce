"""A process that serves, and does as it is told: crash, hang, eat, print garbage, answer by halves."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

from kansr.runtime.server import serve


def handle(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"pid": os.getpid(), "said": request.get("say")}
    what = request.get("then")
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "exit":
        os._exit(3)
    if what == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(60)
    if what == "eat":
        eaten = bytearray()
        while True:
            eaten += b"x" * 10**7
    if what == "fail":
        raise ZeroDivisionError("by zero")
    if what == "garbage":
        print("garbage")
        os.write(1, b'{"number": 1, "said": "a lie"}\n')
        os.write(2, b"\xff\xfe\n")
        yield {"said": "and more"}


if __name__ == "__main__":
    if os.environ.get("DEAF"):
        time.sleep(60)
    sys.stdout.flush()
    serve(handle)
