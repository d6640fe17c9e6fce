"""Widths, rows and networks that the tests of networks share."""

from __future__ import annotations

import numpy as np
import torch

from kansr.kan import KAN, create_dataset, extend_grid
from kansr.kan.reading.symbolic import fix
from kansr.kan.training.dataset import TrainingRows
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.match import EdgeFit

WIDTHS = [([2, 1, 1], 2), ([3, 2, 1], 2), ([2, [1, 1], 1], 2), ([3, [0, 1], 1], [[], [3], []]), ([2, [2, 1], 2], 2)]


def uniform(rows: int, inputs: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(low, high, (rows, inputs)))


def uniform_knots(G: int, k: int) -> torch.Tensor:
    return extend_grid(torch.linspace(-1, 1, G + 1, dtype=torch.float64)[None], k)


def tutorial(X: torch.Tensor) -> torch.Tensor:
    """The law of the first tutorial, (rows, 1)."""
    return torch.exp(torch.sin(torch.pi * X[:, [0]]) + X[:, [1]] ** 2)


def tutorial_column(X: torch.Tensor) -> torch.Tensor:
    """The same, (rows,)."""
    return tutorial(X)[:, 0]


def law(X: torch.Tensor) -> torch.Tensor:
    """One with a slower wave, (rows, 1)."""
    return torch.exp(torch.sin(3 * X[:, [0]]) + X[:, [1]] ** 2)


def law_rows(count: int = 150, seed: int = 0) -> TrainingRows:
    dataset = create_dataset(law, 2, train_num=count, seed=seed)
    return TrainingRows(dataset["train_input"], dataset["train_label"])


def symbolic_network() -> KAN:
    """exp(sin(pi x) + y**2), with constants that are nearly right."""
    model = KAN([2, 1, 1], base_fun="zero")
    for index, name, constants in (
        ((0, 0, 0), "sin", (3.0, 0.1, 0.9, 0.0)),
        ((0, 1, 0), "x^2", (1.0, 0.05, 1.1, 0.0)),
        ((1, 0, 0), "exp", (1.0, 0.0, 1.0, 0.0)),
    ):
        fix(model, index, EdgeFit(STANDARD[name], *constants, 1.0))
    return model
