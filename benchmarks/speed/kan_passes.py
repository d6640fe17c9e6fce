"""How long a pass forward, and one forward and backward, takes, and how much memory: widths × rows × precision.

    python benchmarks/speed/kan_passes.py [--repeats 30] [--threads 1]

Milliseconds are CPU milliseconds, first quartiles of the repeats; megabytes are what the first pass forward and
backward adds to the memory of a new process (Linux). G = 5, k = 3. Where a package efficient_kan can be imported, the
same is measured for it.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.arguments import parser
from kansr.kan import KAN

WIDTHS = ([2, 5, 1], [10, 10, 1], [64, 64, 64])


def quartile(run: Callable[[], Any], repeats: int) -> float:
    """The first quartile of the CPU milliseconds it takes."""
    run()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return 1000 * float(np.quantile(seconds, 0.25))


def status(entry: str) -> float:
    """An entry of the status of this process, in megabytes; not a number where there is no such file."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith(entry)), float("nan"))


def network(package: str, width: list[int]) -> torch.nn.Module:
    if package == "kansr":
        return KAN(width, grid=5, k=3)
    from efficient_kan import KAN as Efficient

    return Efficient(width, grid_size=5, spline_order=3)


def passes(case: tuple[str, list[int], int, torch.dtype, int, int]) -> tuple[float, float, float]:
    """Milliseconds forward, those forward and backward, and megabytes."""
    package, width, rows, dtype, repeats, threads = case
    torch.set_num_threads(threads)
    model = network(package, width).to(dtype)
    small, x = (
        2 * torch.rand(n, width[0], dtype=dtype, generator=torch.Generator().manual_seed(0)) - 1 for n in (2, rows)
    )

    def forward() -> torch.Tensor:
        return model(x)

    def both() -> None:
        model.zero_grad()
        model(x).sum().backward()

    model(small).sum().backward()  # what is loaded at the first use is not counted
    before = status("VmHWM")
    both()
    memory = status("VmHWM") - before
    with torch.no_grad():
        first = quartile(forward, repeats)
    return first, quartile(both, repeats), memory


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--repeats", type=int, default=30)
    arguments.add_argument("--threads", type=int, default=1)
    options = arguments.parse_args()
    packages = ["kansr", *(["efficient_kan"] if find_spec("efficient_kan") else [])]
    print(f"{'width':14}  rows  dtype   " + "".join(f"{name:>15}: fwd  +bwd ms    MB" for name in packages))
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:  # a new process for each case
        for width in WIDTHS:
            for rows in (1000, 10_000):
                for dtype in (torch.float64, torch.float32):
                    cases = [(name, width, rows, dtype, options.repeats, options.threads) for name in packages]
                    found = [pool.apply(passes, (case,)) for case in cases]
                    cells = "".join(f"{fwd:20.2f} {both:8.2f} {memory:5.0f}" for fwd, both, memory in found)
                    print(f"{width!s:14} {rows:5}  {str(dtype).removeprefix('torch.')}{cells}", flush=True)


if __name__ == "__main__":
    main()
