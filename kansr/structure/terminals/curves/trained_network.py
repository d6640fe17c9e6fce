"""A trained, pruned Kolmogorov–Arnold network as a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kansr.data.dataset import Dataset
from kansr.result.graph import Graph

MOST_ROWS, COARSE_ROWS = 3000, 600  # a network is trained on, and tried out on first
COARSE = 0.1  # error over the spread at which a network that was tried out is worth training


def network(
    fitting: Dataset, held_out: Dataset, width: tuple, seed: int, attainable: float, expired: Callable[[], bool]
) -> Graph | None:
    """The graph of a network of this width, or None where the rows are too few or a coarse one comes nowhere near.

    attainable: the held-out error of the best smooth model over the target's spread.
    """
    import torch

    from kansr.kan.reading.importance import prune_by_error
    from kansr.kan.reading.trace import trace
    from kansr.kan.training.multistart import FitConfig, fit_kan

    if fitting.rows < 8 * sum(w if isinstance(w, int) else sum(w) for w in width[:-1]):
        return None
    torch.set_num_threads(1)
    data = fitting.take(slice(0, MOST_ROWS))
    arity = [[], [len(fitting.names)] * width[1][1], []] if isinstance(width[1], tuple) else 2
    additive = width[1:] == (1, 1)  # then least squares finds the start, and random ones add nothing
    config = FitConfig(mult_arity=arity, starts=0 if additive else 4, survivors=2)
    coarse = replace(config, grids=config.grids[:1], steps=15, smoothings=config.smoothings[:1], survivors=1)
    rough = data.take(slice(0, COARSE_ROWS))
    worst = max(COARSE / 2 if additive else COARSE, 2 * attainable)
    if fit_kan(rough.X, rough.y, width, coarse, seed=seed, expired=expired)[1] > worst:
        return None
    model, error = fit_kan(data.X, data.y, width, config, seed=seed, expired=expired)
    X, y = torch.as_tensor(held_out.X), torch.as_tensor(held_out.y)

    def misfit(network: torch.nn.Module) -> float:
        with torch.no_grad():
            return float((network(X)[:, 0] - y).square().mean().sqrt())

    pruned, _ = prune_by_error(model, torch.as_tensor(data.X), misfit, expired=expired)
    return trace(pruned, data.X, data.names, data.target, pruned.describe(), error)
