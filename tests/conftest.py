"""What all tests share."""

from __future__ import annotations

import os
import signal

import pytest

# One thread a process: sums come in one order, and the tests of two workers do not fight for the cores. It has to be
# set before numpy or torch is loaded.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

pytest.register_assert_rewrite("support")  # what helpers assert is shown as what tests do

# A shell that starts the tests in the background has Ctrl-C ignored, and what they start inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that need Julia are skipped where it is not set up: importing pysr would fetch it."""
    if item.get_closest_marker("requires_julia") is not None:
        from kansr.refinement.refiners.refiner import REFINERS

        if reason := REFINERS["pysr"].missing():
            pytest.skip(reason)
