"""The tutorials of pykan on kansr's networks, with what they reach and how long they take.

    python benchmarks/recovery/kan_tutorials.py ladder|scaling|walk|grids|all [--seeds 10] [--rows 1000,3000] [--k 3]
    python benchmarks/recovery/kan_tutorials.py ladder --pykan    the same by pykan 0.2.8 afterwards, where installed

Seconds are CPU seconds of one thread, imports apart; they do not depend on what else the machine is doing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from typing import Any

import numpy as np
import sympy
import torch

import kansr.kan
from benchmarks.arguments import parser

GRIDS = (5, 10, 20, 50, 100)
SIZES = (100, 300, 1000, 3000)


def target(x: torch.Tensor) -> torch.Tensor:
    return torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)


class Package:
    """The names that a tutorial takes from `from kansr.kan import *`, or from pykan's `from kan import *`."""

    def __init__(self, name: str, module: Any, **options: Any) -> None:
        self.name, self.module, self.options = name, module, options

    def network(self, width: list, G: int, k: int = 3, seed: int = 0) -> Any:
        return self.module.KAN(width=width, grid=G, k=k, seed=seed, **self.options)


def rows_of_target(rows: int, seed: int) -> Mapping[str, torch.Tensor]:
    """The same rows for every package."""
    return kansr.kan.create_dataset(target, n_var=2, train_num=rows, seed=seed)


def ladder(kan: Package, rows: int, seed: int, k: int = 3, data_seed: int | None = None) -> list[float]:
    """Example 1: [2, 1, 1] on ever finer grids; the rms error on test rows at each."""
    dataset, errors, model = rows_of_target(rows, seed if data_seed is None else data_seed), [], None
    for G in GRIDS:
        finer = kan.network([2, 1, 1], G, k, seed)
        model = finer if model is None else finer.initialize_from_another_model(model, dataset["train_input"])
        results = model.fit(dataset, opt="LBFGS", steps=50, stop_grid_update_step=30)
        errors.append(float(results["test_loss"][-1]))
    return errors


def walk(kan: Package, seed: int, rows: int = 1000) -> sympy.Expr:
    """The way to a formula: train for few edges, prune, train, name the functions, train, read."""
    dataset = rows_of_target(rows, seed)
    model = kan.network([2, 5, 1], 5, 3, seed)
    model.fit(dataset, opt="LBFGS", steps=20, lamb=0.01, lamb_entropy=10.0)
    model = model.prune()
    model(dataset["train_input"])
    model.suggest_symbolic(0, 0, 0)
    model.fit(dataset, opt="LBFGS", steps=20)
    model.auto_symbolic()
    model.fit(dataset, opt="LBFGS", steps=20)
    return model.symbolic_formula(var=["x", "y"])[0][0]


def is_the_law(formula: sympy.Expr) -> bool:
    """Whether it is exp(sin(pi x) + y²) itself, every constant exact."""
    x, y = sympy.symbols("x y")
    return formula == sympy.exp(sympy.sin(sympy.pi * x) + y**2)


def has_its_values(formula: sympy.Expr) -> bool:
    """Whether it has the values of exp(sin(pi x) + y²) to 1e-6, inside the data and around them."""
    x, y = sympy.symbols("x y")
    law = sympy.exp(sympy.sin(sympy.pi * x) + y**2)
    points = ({x: a, y: b} for a, b in ((0.3, -0.7), (-0.9, 0.1), (0.05, 0.95), (1.7, -1.4)))
    return all(abs(complex(formula.subs(at).evalf() / law.subs(at).evalf()) - 1) < 1e-6 for at in points)


def grids(kan: Package) -> Iterator[tuple[str, float]]:
    """API 5: what is shown there, with how far it is off."""
    G, k = 5, 3
    knots = kan.module.extend_grid(torch.linspace(-1, 1, G + 1, dtype=torch.float64)[None], k_extend=k)
    yield "knots run from -2.2 to 2.2", float(np.abs(knots[0].numpy() - np.linspace(-2.2, 2.2, 12)).max())
    x = torch.linspace(-1, 1, 1001, dtype=torch.float64)[None]
    basis = kan.module.B_batch(x, knots, k=k)
    yield "the basis sums to one", float((basis.sum(2) - 1).abs().max())
    model = kan.network([1, 1], G, k)
    edge = model.act_fun[0]
    spline = torch.einsum("j,ij->i", edge.coef[0][0], basis[0])[:, None]
    whole = edge.scale_base * torch.nn.SiLU()(x[0][:, None]) + edge.scale_sp * spline
    yield "an edge is base and spline", float((model(x[0][:, None]) - whole).detach().abs().max())
    for reach in (10.0, 0.5):
        model = kan.network([1, 1], G, k)
        model.update_grid_from_samples(torch.linspace(-reach, reach, 1001, dtype=torch.float64)[:, None])
        moved = model.act_fun[0].grid[0].detach()
        yield f"samples on ±{reach} move the grid", float((moved - reach * knots[0]).abs().max())


def timed(run: Callable[..., Any], *args: Any) -> tuple[Any, float]:
    """What it gives, with what it prints kept back, and the CPU seconds it took."""
    start = time.process_time()
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        value = run(*args)
    return value, time.process_time() - start


def show_ladder(kan: Package, options: argparse.Namespace) -> None:
    for rows in options.rows:
        print(f"\n{kan.name}: the ladder of grids, {rows} rows, k={options.k}: test rms at G = {GRIDS}")
        seconds: list[float] = []
        last: list[float] = []
        for seed in range(options.seeds):
            errors, t = timed(ladder, kan, rows, seed, options.k)
            seconds.append(t)
            last.append(errors[-1])
            print(f"  seed {seed}: " + "  ".join(f"{e:.1e}" for e in errors) + f"   {t:.2f} s", flush=True)
        print(f"  at G = {GRIDS[-1]}: median {np.median(last):.1e}, worst {max(last):.1e}; {np.median(seconds):.2f} s")


def show_scaling(kan: Package, options: argparse.Namespace) -> None:
    print(f"\n{kan.name}: Example 8, the best and the worst test rms of {options.seeds} seeds on the same rows")
    medians = {}
    print("   rows  " + "".join(f"G={G:<18}" for G in GRIDS) + "slope of the median over G")
    for rows in SIZES:
        cells = np.array([timed(ladder, kan, rows, seed, 3, 0)[0] for seed in range(options.seeds)])
        medians[f"{rows} rows"] = np.median(cells, axis=0).tolist()
        slope = np.polyfit(np.log(GRIDS), np.log(np.median(cells, axis=0)), 1)[0]
        spans = "".join(f"{low:<7.1e} {high:<12.1e}" for low, high in zip(cells.min(0), cells.max(0)))
        print(f"  {rows:5}  {spans}{slope:.2f}", flush=True)
    if options.figure:
        kansr.kan.plot_scaling(GRIDS, medians).savefig(options.figure)


def show_walk(kan: Package, options: argparse.Namespace) -> None:
    print(f"\n{kan.name}: the walk-through on [2, 5, 1]")
    exact, right, seconds = 0, 0, []
    for seed in range(options.seeds):
        formula, t = timed(walk, kan, seed)
        exact, right, seconds = exact + is_the_law(formula), right + has_its_values(formula), [*seconds, t]
        print(f"  seed {seed}: {formula}   {t:.2f} s", flush=True)
    print(f"  the values of exp(sin(pi*x) + y**2): {right} of {options.seeds}; written exactly so: {exact}")
    print(f"  {np.median(seconds):.2f} s, at most {max(seconds):.2f} s")
    dataset = rows_of_target(1000, 0)
    model = kan.network([2, 1, 1], 5)
    timed(lambda: model.fit(dataset, opt="LBFGS", steps=20))
    edges = [timed(model.suggest_symbolic, *place)[1] for place in ((0, 0, 0), (0, 1, 0), (1, 0, 0))]
    print("  suggest_symbolic: " + ", ".join(f"{1000 * t:.0f} ms" for t in edges))


def show_grids(kan: Package, options: argparse.Namespace) -> None:
    print(f"\n{kan.name}: API 5")
    for what, off in grids(kan):
        print(f"  {what}: off by {off:.1e}")


SHOWS = {"ladder": show_ladder, "scaling": show_scaling, "walk": show_walk, "grids": show_grids}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("what", choices=[*SHOWS, "all"])
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--rows", type=lambda text: [int(n) for n in text.split(",")], default=[1000, 3000])
    arguments.add_argument("--k", type=int, default=3)
    arguments.add_argument("--figure", help="where to write the plot of `scaling`")
    arguments.add_argument("--pykan", action="store_true", help="run pykan as well, in float64")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    packages = [Package("kansr", kansr.kan)]
    if options.pykan:
        try:
            packages.append(Package("pykan", import_module("kan"), ckpt_path=tempfile.mkdtemp()))
        except ImportError:
            sys.exit("--pykan needs: pip install pykan==0.2.8")
    for kan in packages:
        if kan.name == "pykan":
            torch.set_default_dtype(torch.float64)
        for name in SHOWS if options.what == "all" else [options.what]:
            SHOWS[name](kan, options)


if __name__ == "__main__":
    main()
