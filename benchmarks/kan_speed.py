"""How long a pass forward, and one forward and backward, takes: widths × rows × precision, one thread, milliseconds.

    python benchmarks/kan_speed.py [--repeats 30] [--threads 1]

Each figure is the first quartile of the repeats; G = 5, k = 3. "target" is what efficient-kan took in an earlier
measurement, in float64 with 1000 rows; where the package efficient_kan can be imported it is timed beside.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from kansr.kan import KAN

WIDTHS = ([2, 5, 1], [10, 10, 1], [64, 64, 64])
TARGET = {(2, 5, 1): (0.92, 1.7), (10, 10, 1): (2.8, 5.0), (64, 64, 64): (24.0, 45.0)}


def quartile(run: Callable[[], Any], repeats: int) -> float:
    """The first quartile of the milliseconds it takes."""
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.quantile(seconds, 0.25))


def passes(model: torch.nn.Module, x: torch.Tensor, repeats: int) -> tuple[float, float]:
    """Milliseconds forward, and forward and backward."""

    def forward() -> torch.Tensor:
        return model(x)

    def both() -> None:
        model.zero_grad()
        model(x).sum().backward()

    with torch.no_grad():
        first = quartile(forward, repeats)
    return first, quartile(both, repeats)


def efficient(width: list[int]) -> torch.nn.Module | None:
    try:
        from efficient_kan import KAN as Efficient
    except ImportError:
        return None
    return Efficient(width, grid_size=5, spline_order=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("width          rows   dtype     forward  +backward   (efficient-kan)")
    for width in WIDTHS:
        for rows in (1000, 10_000):
            for dtype in (torch.float64, torch.float32):
                x = 2 * torch.rand(rows, width[0], dtype=dtype, generator=torch.Generator().manual_seed(0)) - 1
                ours = passes(KAN(width, grid=5, k=3).to(dtype), x, options.repeats)
                other = efficient(width)
                beside = TARGET[tuple(width)] if rows == 1000 and dtype is torch.float64 else None
                note = "" if beside is None else f"   target {beside[0]}, {beside[1]}"
                if other is not None:
                    their = passes(other.to(dtype), x, options.repeats)
                    note = f"   {their[0]:.2f}, {their[1]:.2f}{note}"
                name = str(dtype).removeprefix("torch.")
                print(f"{width!s:14} {rows:5}  {name}  {ours[0]:8.2f}  {ours[1]:8.2f}{note}", flush=True)


if __name__ == "__main__":
    main()
