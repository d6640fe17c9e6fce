"""What a working process does first: one thread, a limit of memory, and the end of its parent is its own."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import signal
import sys
from multiprocessing.context import BaseContext
from pathlib import Path

from threadpoolctl import threadpool_limits

# The libraries read these when they are loaded; with one thread, sums are added in the same order on any machine.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


PR_SET_PDEATHSIG = 1  # linux/prctl.h


def single_thread() -> None:
    """One thread from now on for the numerical libraries of this process, loaded already or later."""
    os.environ.update(dict.fromkeys(THREADS, "1"))
    threadpool_limits(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def start_context() -> BaseContext:
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def settle(parent: int) -> None:
    """Makes this child process single-threaded, deaf to Ctrl-C, and mortal with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
    single_thread()


def limit_memory(more: int) -> None:
    """Refuses this process more than so many bytes beside what it has; where the system knows no such limit, nothing.

    Counted are writable pages of its own (Linux since 4.7), so that mapped files and what is only reserved are free.
    """
    try:
        import resource

        status = Path("/proc/self/status").read_text()
    except (ImportError, OSError):
        return
    sizes = dict(re.findall(r"^(Vm\w+):\s+(\d+) kB", status, re.MULTILINE))
    limit = int(sizes["VmData"]) * 1024 + more
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
