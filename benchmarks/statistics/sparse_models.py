"""Which sparse model reads the inputs of a noisy table better: a functional ANOVA or a trained and pruned KAN?

    python benchmarks/statistics/sparse_models.py --seed 0

Tables of Friedman's (1991) function of five inputs beside idle ones, with noise of 20 % of its spread. For each: r² on
fresh rows without noise, how many of the five inputs and how many idle ones are kept, and seconds of the processor.
The network is [inputs, 2, 1] and is pruned; once with a weak penalty on activations, once with a strong one; and once
with the weak one on the inputs that the ANOVA kept.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks.arguments import parser
from kansr.kan import KAN
from kansr.numeric.arrays import Array
from kansr.structure.anova.evidence import choose_components

TABLES = ((100, 5), (250, 25), (500, 50))  # rows, inputs
NOISE = 0.2
FRESH = 2000  # rows
WEAK, STRONG = 0.01, 0.05  # penalties on activations
STEPS, STEPS_AFTER = 20, 15  # before and after pruning
PRUNED = 0.03  # importance below which edges and nodes are pruned

Fitted = tuple[Callable[[Array], Array], set[int]]


def friedman(X: Array) -> Array:
    return 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]


def anova(X: Array, y: Array, seed: int) -> Fitted:
    model = choose_components(X, y)
    return model, set(model.inputs)


def network(penalty: float) -> Callable[[Array, Array, int], Fitted]:
    def fit(X: Array, y: Array, seed: int) -> Fitted:
        return trained(X, y, seed, penalty, range(X.shape[1]))

    return fit


def network_on_its_inputs(X: Array, y: Array, seed: int) -> Fitted:
    return trained(X, y, seed, WEAK, choose_components(X, y).inputs)


def trained(X: Array, y: Array, seed: int, penalty: float, inputs: Sequence[int]) -> Fitted:
    """A penalised network on some inputs, pruned and trained on."""
    kept = list(inputs)
    shift, scale = float(y.mean()), float(y.std())
    rows = torch.from_numpy(X[:, kept])
    values = torch.from_numpy((y - shift) / scale)[:, None]
    held = len(y) // 5
    data: dict[str, Any] = {"train_input": rows[held:], "train_label": values[held:]}
    data |= {"test_input": rows[:held], "test_label": values[:held]}
    model = KAN(width=[len(kept), 2, 1], grid=3, k=3, seed=seed)
    model.fit(data, steps=STEPS, lamb=penalty, lamb_coefdiff=0.1)
    model = model.prune(PRUNED, PRUNED)
    model.fit(data, steps=STEPS_AFTER)
    used = {i for i, edges in zip(kept, model.act_fun[0].mask.reshape(len(kept), -1)) if bool((edges != 0).any())}

    def predict(Z: Array) -> Array:
        with torch.no_grad():
            return np.asarray(model(torch.from_numpy(Z[:, kept]))[:, 0]) * scale + shift

    return predict, used


MODELS: dict[str, Callable[[Array, Array, int], Fitted]] = {
    "ANOVA": anova,
    "KAN, weak penalty": network(WEAK),
    "KAN, strong penalty": network(STRONG),
    "KAN on the ANOVA's inputs": network_on_its_inputs,
}


def main() -> None:
    options = parser(__doc__, seed=0).parse_args()
    print(f"{'rows':>5} {'inputs':>6}  {'model':28} {'r²':>7} {'kept':>6} {'idle':>5} {'s':>7}")
    for rows, inputs in TABLES:
        rng = np.random.default_rng(options.seed)
        X, fresh = rng.uniform(size=(rows, inputs)), rng.uniform(size=(FRESH, inputs))
        y, true = friedman(X), friedman(fresh)
        y = y + NOISE * np.std(y) * rng.normal(size=rows)
        for name, fit in MODELS.items():
            begun = time.process_time()
            predict, used = fit(X, y, options.seed)
            seconds = time.process_time() - begun
            r2 = 1 - float(np.mean((predict(fresh) - true) ** 2) / np.var(true))
            line = f"{rows:5} {inputs:6}  {name:28} {r2:7.3f}"
            print(f"{line} {len(used & set(range(5))):6} {len(used - set(range(5))):5} {seconds:7.2f}", flush=True)


if __name__ == "__main__":
    main()
