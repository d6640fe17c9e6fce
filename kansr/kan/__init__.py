"""Kolmogorov-Arnold networks: splines on edges, trained by Levenberg-Marquardt, pruned, and read as formulas.

The one part of the package that imports torch. `from kansr.kan import *` gives what the tutorials of pykan take from
`from kan import *`, torch, np and plt among it.
"""

import numpy as np
import torch
from torch import nn

from kansr.kan.kan import KAN, MultKAN
from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network
from kansr.kan.network.spline import B_batch, coef2curve, curve2coef, extend_grid, grid_from_samples
from kansr.kan.reading.importance import Importance, Pruned, importance, prune, prune_by_error
from kansr.kan.reading.plot import plot_scaling, plot_training, plt
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
