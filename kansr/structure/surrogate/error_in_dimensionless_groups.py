"""The held-out error of a surrogate in dimensionless groups, where the units of the table are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kansr.data.dataset import Dataset
from kansr.data.dimensionless import choices
from kansr.structure.surrogate.noisy_kernel import JUDGED, MANY, NoisyRows, best_settings, nearby_models


def held_out_error_in_dimensionless_groups(data: Dataset, held_out: Dataset) -> float:
    """The held-out error of the best surrogate of target / scale, over the target's spread; inf without units.

    It uses the simplest groups, and the rows that formulas are judged on: of few groups a surrogate is as good as the
    law, and on different rows the two would differ by chance.
    """
    offered = choices(data)
    if not offered:
        return np.inf
    held_out, data = held_out.take(slice(0, JUDGED)), data.take(slice(0, MANY))
    data = replace(
        data, X=np.vstack([data.X, held_out.X]), y=np.concatenate([data.y, held_out.y]), sigma=None, rounding=None
    )
    reduced, sizes = offered[0].dataset(data), offered[0].sizes(data)
    if reduced.names:
        rows = NoisyRows(reduced.X, reduced.y, 1 / np.abs(sizes))
        error = min(smooth.error for smooth in nearby_models(rows, best_settings(rows), data.rows - held_out.rows))
    else:
        y, fitting = data.y, slice(-held_out.rows)
        factor = float(y[fitting] @ sizes[fitting] / (sizes[fitting] @ sizes[fitting]))
        error = float(np.sqrt(np.mean((y - factor * sizes)[-held_out.rows :] ** 2)))
    return error / (float(np.std(held_out.y)) or 1.0)
