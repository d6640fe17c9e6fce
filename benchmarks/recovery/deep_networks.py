"""Networks of two hidden layers on two functions that need them: kansr's error, and pykan's on the same rows.

    python benchmarks/recovery/deep_networks.py [--seeds 10] [--grid 5] [--steps 50]
    python benchmarks/recovery/deep_networks.py --pykan 9    pykan 0.2.8 for the first seeds too, where installed

Errors are rms on 1000 test rows over the standard deviation of the target. A seed is that of the rows and of the
network. Seconds are CPU seconds of one thread, imports apart.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from typing import Any

import torch

import kansr.kan
from benchmarks.arguments import parser

Target = Callable[[torch.Tensor], torch.Tensor]


def cone(x: torch.Tensor) -> torch.Tensor:
    return ((x[:, [0]] - x[:, [1]]) ** 2 + (x[:, [2]] - x[:, [3]]) ** 2 + 0.1).sqrt()


def waves(x: torch.Tensor) -> torch.Tensor:
    """Example 3 of pykan."""
    a, b = (torch.sin(torch.pi * (x[:, [i]] ** 2 + x[:, [i + 1]] ** 2)) for i in (0, 2))
    return torch.exp((a + b) / 2)


TARGETS: tuple[tuple[Target, int], ...] = ((cone, 2000), (waves, 3000))  # with numbers of rows
WIDTH = [4, 2, 1, 1]


def measure(module: Any, target: Target, rows: int, seed: int, options: argparse.Namespace) -> tuple[float, float]:
    """The relative test error, and the seconds."""
    dataset = kansr.kan.create_dataset(target, n_var=4, train_num=rows, seed=seed)
    extra = {} if module is kansr.kan else {"auto_save": False}
    began = time.process_time()
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        model = module.KAN(width=WIDTH, grid=options.grid, k=3, seed=seed, **extra)
        results = model.fit(dataset, opt="LBFGS", steps=options.steps)
    seconds = time.process_time() - began
    return float(results["test_loss"][-1]) / float(dataset["test_label"].std()), seconds


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--seeds", type=int, default=10, help="seeds 0, 1, … (10)")
    arguments.add_argument("--grid", type=int, default=5, help="intervals (5)")
    arguments.add_argument("--steps", type=int, default=50, help="of LBFGS (50)")
    arguments.add_argument("--pykan", type=int, default=0, metavar="SEEDS", help="seeds of pykan, where installed (0)")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    best: dict[str, float] = {}
    packages = [("kansr", kansr.kan, options.seeds)]
    if options.pykan:
        torch.set_default_dtype(torch.float64)
        packages.insert(0, ("pykan", import_module("kan"), options.pykan))
    for name, module, seeds in packages:
        for target, rows in TARGETS:
            found = []
            for seed in range(seeds):
                with tempfile.TemporaryDirectory() as folder, chdir(folder):  # pykan writes files
                    error, seconds = measure(module, target, rows, seed, options)
                found.append(error)
                print(f"{name:6} {target.__name__:6} seed {seed}  error {error:.2e}  {seconds:.1f} s", flush=True)
            if name == "pykan":
                best[target.__name__] = min(found)
            elif target.__name__ in best:
                better = sum(error <= best[target.__name__] for error in found)
                print(
                    f"{name:6} {target.__name__:6} no worse than pykan's best of {options.pykan}: {better} of {seeds}"
                )


if __name__ == "__main__":
    main()
