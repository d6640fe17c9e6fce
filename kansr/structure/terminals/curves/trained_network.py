"""A trained and pruned Kolmogorov–Arnold network (Liu et al., arXiv 2404.19756) as a graph of curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kansr.data.dataset import Dataset
from kansr.result.graph import Graph
from kansr.structure.terminals.thresholds import COARSE_ROWS, PROMISING

# Rows that a network is trained on.
MOST_ROWS = 3000

# Rows for each node, at least.
ROWS_PER_NODE = 8

# Random starts: with one, a law in nine was lost (results/2026-11-24-networks).
STARTS = 4


def network(
    fitting: Dataset, held_out: Dataset, width: tuple, seed: int, noise_floor: float, expired: Callable[[], bool]
) -> Graph | None:
    """The graph of a network of this width; None where rows are too few or a coarse trial is not promising.

    width: nodes of each layer, sums or (sums, products); noise_floor: relative rms of the best surrogate on held-out
    rows.
    """
    import torch

    from kansr.kan.reading.prune import prune_by_error
    from kansr.kan.reading.trace import trace
    from kansr.kan.training.multistart import FitConfig, fit_kan

    nodes = sum(layer if isinstance(layer, int) else sum(layer) for layer in width[:-1])
    if fitting.rows < ROWS_PER_NODE * nodes:
        return None
    torch.set_num_threads(1)
    data = fitting.take(slice(0, MOST_ROWS))
    arity: Any = [[], [len(fitting.names)] * width[1][1], []] if isinstance(width[1], tuple) else 2
    is_sum = width[1:] == (1, 1)  # least squares finds its start, and random ones add nothing
    config = FitConfig(mult_arity=arity, starts=0 if is_sum else STARTS)
    first: dict[str, Any] = {"grids": config.grids[:1], "smoothings": config.smoothings[:1]}
    coarse = replace(config, **first, steps=config.tries, survivors=1)
    trial = data.take(slice(0, COARSE_ROWS))
    most = max(PROMISING / 2 if is_sum else PROMISING, 2 * noise_floor)
    if fit_kan(trial.X, trial.y, width, coarse, seed=seed, expired=expired)[1] > most:
        return None
    model, error = fit_kan(data.X, data.y, width, config, seed=seed, expired=expired)
    X, y = torch.as_tensor(held_out.X), torch.as_tensor(held_out.y)

    def misfit(network: torch.nn.Module) -> float:
        with torch.no_grad():
            return float((network(X)[:, 0] - y).square().mean().sqrt())

    pruned, _ = prune_by_error(model, torch.as_tensor(data.X), misfit, expired=expired)
    return trace(pruned, data.X, data.names, data.target, pruned.describe(), error)
