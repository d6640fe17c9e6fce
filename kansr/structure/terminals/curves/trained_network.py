"""A trained and pruned Kolmogorov-Arnold network as a Graph of curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kansr.data.dataset import Dataset
from kansr.result.graph import Graph

ROWS_PER_NODE = 8  # fewer rows than this for each node are too few for a network
MOST_ROWS = 3000  # that a network is trained on
STARTS = 4  # random starts
SURVIVORS = 2  # starts that are trained to the end
COARSE_ROWS = 600  # that a coarse network is trained on, to find out whether the width fits the rows
COARSE_STEPS = 15
# A network is trained only if the coarse one has an error below these limits, rms in standard deviations of the target.
COARSE_ERROR = 0.1
COARSE_ADDITIVE_ERROR = 0.05  # for one hidden node, whose start is solved and not left to chance
COARSE_ATTAINABLE = 2.0  # times the attainable error: a limit lower than this would be below the noise


def network(
    fitting: Dataset, held_out: Dataset, width: tuple, seed: int, attainable: float, expired: Callable[[], bool]
) -> Graph | None:
    """The graph of a network of this width; None where rows are too few or a coarse network fits badly.

    width: as for `Network`, with one hidden layer; attainable: held-out error of the best surrogate model, rms in
    standard deviations of the target
    """
    import torch

    from kansr.kan.reading.importance import prune_by_error
    from kansr.kan.reading.trace import trace
    from kansr.kan.training.multistart import FitConfig, fit_kan

    if fitting.rows < ROWS_PER_NODE * sum(w if isinstance(w, int) else sum(w) for w in width[:-1]):
        return None
    torch.set_num_threads(1)
    data = fitting.take(slice(0, MOST_ROWS))
    arity = [[], [len(fitting.names)] * width[1][1], []] if isinstance(width[1], tuple) else 2
    additive = width[1:] == (1, 1)  # its start is solved by least squares, and random ones add nothing
    config = FitConfig(mult_arity=arity, starts=0 if additive else STARTS, survivors=SURVIVORS)
    coarse = replace(config, grids=config.grids[:1], steps=COARSE_STEPS, smoothings=config.smoothings[:1], survivors=1)
    few = data.take(slice(0, COARSE_ROWS))
    limit = max(COARSE_ADDITIVE_ERROR if additive else COARSE_ERROR, COARSE_ATTAINABLE * attainable)
    if fit_kan(few.X, few.y, width, coarse, seed=seed, expired=expired)[1] > limit:
        return None
    model, error = fit_kan(data.X, data.y, width, config, seed=seed, expired=expired)
    X, y = torch.as_tensor(held_out.X), torch.as_tensor(held_out.y)

    def rms(network: torch.nn.Module) -> float:
        with torch.no_grad():
            return float((network(X)[:, 0] - y).square().mean().sqrt())

    pruned, _ = prune_by_error(model, torch.as_tensor(data.X), rms, expired=expired)
    return trace(pruned, data.X, data.names, data.target, pruned.describe(), error)
