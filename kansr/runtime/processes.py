"""What every worker process does first: one thread, a memory limit, and an end together with its parent."""

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

# The numerical libraries read these when they are loaded. With one thread, sums have the same order on every machine.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


PR_SET_PDEATHSIG = 1  # linux/prctl.h


def single_thread() -> None:
    """Limits the numerical libraries of this process to one thread, those loaded already and those loaded later."""
    os.environ.update(dict.fromkeys(THREADS, "1"))
    threadpool_limits(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def start_context() -> BaseContext:
    """How processes are started: by fork on Linux, where it is safe and quick, and by spawn elsewhere."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def settle(parent: int) -> None:
    """Makes this child process use one thread, ignore Ctrl-C, and end when its parent does. parent: its process id."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):  # not the handlers of the parent
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it had died before the call
            os._exit(1)
    single_thread()


def limit_memory(more: int) -> None:
    """Limits the memory of this process to `more` bytes beside what it has; does nothing where there is no such limit.

    Writable private pages count (Linux since 4.7); mapped files and reserved address space do not.
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
