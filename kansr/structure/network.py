"""A trained, pruned Kolmogorov–Arnold network as a graph."""

from __future__ import annotations

from collections.abc import Callable

from kansr.data.dataset import Dataset
from kansr.graph import Graph

MOST_ROWS = 3000    # a network is trained on


def network(
    fitting: Dataset, held_out: Dataset, width: tuple, seed: int, expired: Callable[[], bool]
) -> Graph | None:
    """The graph of a network of this width, or None where there are too few rows for it."""
    import torch

    from kansr.kan.fit import FitConfig, fit_kan
    from kansr.kan.prune import prune_by_error
    from kansr.kan.trace import trace

    if fitting.rows < 8 * sum(w if isinstance(w, int) else sum(w) for w in width[:-1]):
        return None
    torch.set_num_threads(1)
    data = fitting.take(slice(0, MOST_ROWS))
    arity = [[], [len(fitting.names)] * width[1][1], []] if isinstance(width[1], tuple) else 2
    model, error = fit_kan(data.X, data.y, width, FitConfig(mult_arity=arity), seed=seed, expired=expired)
    X, y = torch.as_tensor(held_out.X), torch.as_tensor(held_out.y)

    def misfit(network: torch.nn.Module) -> float:
        with torch.no_grad():
            return float((network(X)[:, 0] - y).square().mean().sqrt())

    pruned, _ = prune_by_error(model, torch.as_tensor(data.X), misfit, expired=expired)
    return trace(pruned, data.X, data.names, data.target, pruned.describe(), error)


