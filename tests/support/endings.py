"""How a process may end, or not: for what has to survive it."""

from __future__ import annotations

import faulthandler
import os
import signal
import time

import numpy as np


def crash() -> None:
    faulthandler.disable()  # pytest has it write where the crash was
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    """Deaf to every signal but the last."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)


def eat() -> None:
    eaten = []
    while True:
        eaten.append(np.empty(10**8))


def fail() -> None:
    raise ZeroDivisionError("by zero")
