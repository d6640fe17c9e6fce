"""Free knots: the knots of the last layer where its curves bend, by least squares.

The last layer is linear in its coefficients, so for given knots its best coefficients are a linear least-squares
problem, and only the knots are left as unknowns (variable projection, Golub and Pereyra 1973). They are kept in order
by taking the logarithms of ratios of interval widths as unknowns.
Source: D. Jupp, Approximation to data by splines with free knots, SIAM J. Numer. Anal. 15, 328 (1978).
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import least_squares
from torch import Tensor

from kansr.kan.network.layer import KANLayer
from kansr.kan.network.network import Network
from kansr.kan.network.spline import dense_basis, extend_grid
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.grids import set_knots
from kansr.numeric.arrays import Array

LEAST_INTERVAL = 0.01  # of the mean interval: a narrower one would hold too few rows
EVALUATIONS = 30  # of the projected residuals and their derivatives
MOST_UNKNOWNS = 40  # more interval widths are not moved: each of them costs a least-squares problem at every step
STEP = 1e-5  # of an unknown: far above the rounding of a residual, far below the 1 that doubles a width
ROWS = 500  # on which knots are moved
RIDGE = 1e-6  # times the root of the rows, beside basis functions of size 1: intervals without rows stay determined


@torch.no_grad()
def move_knots(model: Network, rows: TrainingRows) -> bool:
    """Move the knots of the last layer (which is changed, with its splines fitted anew). Whether they could be moved.

    Grids keep their ends. Nothing is moved where the last layer ends in products, has symbolic edges, or has more
    intervals than can be moved in reasonable time.
    """
    layer = model.layers[-1]
    used = [i for i in range(layer.in_dim) if bool(layer.mask[i].any())]
    unknowns = len(used) * (layer.G - 1)
    if model.arities[-1] or layer.fixed or not 0 < unknowns <= MOST_UNKNOWNS:
        return False
    few = rows.take(torch.arange(0, len(rows.X), max(len(rows.X) // ROWS, 1), device=rows.X.device))
    values = model.node_values(few.X)[-2]
    problem = _Problem(layer, used, values, few)
    found = least_squares(problem.residual, np.zeros(unknowns), problem.slopes, max_nfev=EVALUATIONS)
    if not np.isfinite(found.cost):
        return False
    knots = layer.grid.clone()
    knots[used] = problem.knots(found.x)[used]
    set_knots(layer, knots)
    return True


class _Problem:
    """The residuals of the last layer after linear least squares, as a function of the interval widths."""

    def __init__(self, layer: KANLayer, used: list[int], values: Tensor, rows: TrainingRows) -> None:
        self.layer, self.used, self.values = layer, used, values
        self.root = torch.ones_like(rows.y[:, 0]) if rows.weight is None else rows.weight.sqrt()
        base = layer.base_fun(values)[:, used] if bool(layer.scale_base.any()) else values[:, :0]
        self.base = base * self.root[:, None]
        self.y = rows.y * self.root[:, None]
        self.logs = layer.grid[used, layer.k : layer.k + layer.G + 1].diff(dim=1).log()

    def knots(self, unknown: Array) -> Tensor:
        """The knots of all inputs, for changes of the logarithms of all interval widths but the last one of an input,
        which changes so that their sum stays. unknown: (used · (G - 1),)"""
        layer = self.layer
        change = torch.from_numpy(unknown.reshape(len(self.used), -1)).to(self.values)
        share = torch.softmax(self.logs + torch.cat([change, -change.sum(1, keepdim=True)], 1), 1)
        least = LEAST_INTERVAL / layer.G
        share = least + (1 - LEAST_INTERVAL) * share
        inner = layer.grid[:, layer.k : layer.k + layer.G + 1].clone()
        low, width = inner[self.used, :1], inner[self.used, -1:] - inner[self.used, :1]
        inner[self.used, 1:-1] = low + width * share.cumsum(1)[:, :-1]
        return extend_grid(inner, layer.k)

    def residual(self, unknown: Array) -> Array:
        layer = self.layer
        basis = dense_basis(self.values, self.knots(unknown), layer.k, layer.outside)[:, self.used].flatten(1)
        A = torch.cat([basis * self.root[:, None], self.base], 1)
        ridge = RIDGE * len(A) ** 0.5 * torch.eye(A.shape[1], dtype=A.dtype, device=A.device)
        A, y = torch.cat([A, ridge]), torch.cat([self.y, self.y.new_zeros(A.shape[1], self.y.shape[1])])
        Q = torch.linalg.qr(A).Q
        return (y - Q @ (Q.T @ y)).flatten().cpu().numpy()

    def slopes(self, unknown: Array) -> Array:
        """The derivatives of the residuals by the unknowns, by differences."""
        here = self.residual(unknown)
        return np.stack([(self.residual(unknown + d) - here) / STEP for d in STEP * np.eye(len(unknown))], 1)
