"""Kolmogorov-Arnold networks: splines on edges, trained by Levenberg-Marquardt, pruned, and traced to a Graph.

The one part of the package that imports torch.
"""

from kansr.kan.fit import FitConfig, fit_kan
from kansr.kan.layer import KANLayer
from kansr.kan.lm import History, LMConfig, levenberg_marquardt
from kansr.kan.model import Network as KAN
from kansr.kan.prune import Importance, Pruned, importance, prune, prune_by_error
from kansr.kan.regrid import fit_grids, refine
from kansr.kan.spline import B_batch, coef2curve, curve2coef, extend_grid, grid_from_samples
from kansr.kan.trace import trace
from kansr.kan.train import TrainConfig, train

__all__ = [
    "KAN",
    "B_batch",
    "FitConfig",
    "History",
    "Importance",
    "KANLayer",
    "LMConfig",
    "Pruned",
    "TrainConfig",
    "coef2curve",
    "curve2coef",
    "extend_grid",
    "fit_grids",
    "fit_kan",
    "grid_from_samples",
    "importance",
    "levenberg_marquardt",
    "prune",
    "prune_by_error",
    "refine",
    "trace",
    "train",
]
