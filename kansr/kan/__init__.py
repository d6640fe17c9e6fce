"""Kolmogorov-Arnold networks (KANs): rows come in; a network, its importance, drawings and formulas come out.

Every edge has an activation of its own, a spline, and nodes add or multiply. `network` computes the outputs, `training`
fits the splines to rows by Levenberg-Marquardt from several starts, `fitting` is what `KAN.fit` does with a dataset,
and `reading` prunes a network and turns it into a graph of curves or a formula. `kan.py` has the class KAN, with the
methods of pykan. `from kansr.kan import *` gives the names that pykan's tutorials take from `from kan import *`, with
torch, np and plt. Besides this room, only `structure/networks`, `structure/terminals/curves` and `bench/methods` (for
pykan) import torch.
Source: Z. Liu et al., KAN: Kolmogorov-Arnold Networks, 2024, arXiv 2404.19756, and KAN 2.0, 2024, arXiv 2408.10205.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from kansr.kan.kan import KAN, MultKAN
from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network
from kansr.kan.network.spline import B_batch, coef2curve, curve2coef, extend_grid, grid_from_samples
from kansr.kan.reading.importance import Importance, importance
from kansr.kan.reading.plot import plot_scaling, plot_training
from kansr.kan.reading.prune import Pruned, prune, prune_by_error
from kansr.kan.reading.trace import trace
from kansr.kan.training.dataset import create_dataset
from kansr.kan.training.grids import fit_grids, refine
from kansr.kan.training.levenberg_marquardt import History, LMConfig, levenberg_marquardt
from kansr.kan.training.multistart import FitConfig, fit_kan
from kansr.kan.training.train import TrainConfig, train
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.standard import STANDARD

__all__ = [
    "KAN",
    "STANDARD",
    "B_batch",
    "FitConfig",
    "Function",
    "History",
    "Importance",
    "KANLayer",
    "LMConfig",
    "Library",
    "MultKAN",
    "Network",
    "Pruned",
    "TrainConfig",
    "coef2curve",
    "create_dataset",
    "curve2coef",
    "extend_grid",
    "fit_grids",
    "fit_kan",
    "grid_from_samples",
    "importance",
    "levenberg_marquardt",
    "nn",
    "np",
    "plot_scaling",
    "plot_training",
    "plt",
    "prune",
    "prune_by_error",
    "refine",
    "torch",
    "trace",
    "train",
]


def __getattr__(name: str) -> Any:
    """`plt`, which is matplotlib.pyplot and slow to load, is imported when it is asked for."""
    if name != "plt":
        raise AttributeError(f"module 'kansr.kan' has no attribute {name!r}")
    import matplotlib.pyplot as plt

    return plt
