"""Gives an answer and then misbehaves, in another way for each law."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kansr.bench.methods import Answer, Question


def search(question: Question) -> Iterator[Answer]:
    yield Answer("x", ("x",))
    print("what a method prints is not an answer")
    rows = question.data.rows
    if rows == 31:
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(os.environ["BENCH_HELPER"]).write_text(str(helper.pid))
        time.sleep(600)
    elif rows == 32:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif rows == 33:
        raise ValueError("no such rows")
    elif rows == 34:
        os._exit(7)
