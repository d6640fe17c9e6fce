"""What all tests share."""

from __future__ import annotations

import os

# One thread a process: sums come in one order, and the tests of two workers do not fight for the cores. It has to be
# set before numpy or torch is loaded.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
