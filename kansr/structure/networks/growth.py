"""Growth: a network under each transform of the target, with one product more at a time while held-out rows ask for it.

All transforms take turns, those with the least complexity first: what is a sum of many products under one of them is
often a sum of curves under another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.structure.networks.product_network import product_network, with_one_more
from kansr.structure.surrogate.target_transforms import TRANSFORMS, Transform, transformed

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from kansr.kan.network.network import Network

MOST_ROWS = 1500  # that a network is trained on
MOST_PRODUCTS = 4  # in a network
STARTS = 3  # random factors of a new product, of which the best are kept
STEPS = 60  # of Levenberg-Marquardt for each network
GRIDS = (6, 12, 24)  # intervals: the first while a network grows, then each while it helps
GAIN = 0.05  # share of the held-out error that one more product must remove for another one to follow
FINER_GAIN = 0.7  # share of the error that a finer grid must remove to be kept; that of a cubic spline falls by 0.94
SMOOTHING = 1e-9  # weight of the squared differences of coefficients: below the errors of splines on such grids
NOISY_SMOOTHINGS = (1e-5, 1e-3, 1e-1)  # tried in turn in noise, each while it helps
NOISY = 2e-3  # held-out error above which stronger smoothing is tried
ROWS_PER_COEFFICIENT = 1.5  # of the first layer, at least
BEAM = (8, 5, 4, 3)  # transforms, those of least error, whose networks grow by a first product, a second, …
GROWABLE = 2  # complexity of a transform up to which its network grows; others are only asked for a sum of curves
GROWING_ROWS, GROWING_PER_COEFFICIENT = 400, 2.5  # that a network is trained on while it grows: at least, and for each
DECADES = 20.0  # largest over smallest value of an input, from which the network takes its logarithm
SEPARATING = (1, 0)  # powers of transforms, 0 for the logarithm, under which a curve can be taken out of the target
PER_COMPLEXITY = 0.2  # by which an error counts for more, for each node that the transform adds to the formula


@dataclass(frozen=True, eq=False)
class Grown:
    """A network under a transform of the target.

    t = transform.forward(sign · y) is what the network gives, times scale, plus mean. t_error: rms of t on held-out
    rows, in standard deviations of it; error: that of y, in standard deviations of y. smoothing: that it was trained
    with. converging: whether a finer grid lowered the error as it does where the structure is that of the law.
    logs: the inputs that the network takes as logarithms.
    """

    transform: Transform
    sign: float
    mean: float
    scale: float
    model: Network
    t_error: float
    error: float
    products: int
    smoothing: float = SMOOTHING
    converging: bool = False
    logs: tuple[bool, ...] = ()

    def coordinates(self, X: Array) -> Array:
        """The inputs as the network takes them. X: (rows, inputs)"""
        return in_coordinates(X, self.logs)

    @property
    def rank(self) -> float:
        """What it is compared with others by; less is better."""
        return self.error * (1 + PER_COMPLEXITY * self.transform.complexity)


@dataclass(frozen=True, eq=False)
class _Rows:
    """A transformed target, and the rows to fit and to judge on. y: of the judging rows, (rows,)"""

    transform: Transform
    sign: float
    X: Tensor
    t: Tensor
    judging: Tensor
    y: Array
    mean: float
    scale: float
    logs: tuple[bool, ...]

    def judged(self, model: Network, products: int, smoothing: float) -> Grown:
        import torch

        with torch.no_grad():
            value = model(self.judging)[:, 0].numpy()
        with np.errstate(all="ignore"):
            y = self.sign * self.transform.inverse(self.mean + self.scale * value)
            t = (self.transform.forward(self.sign * self.y) - self.mean) / self.scale
            errors = [float(np.sqrt(np.mean(r**2))) for r in (value - t, (y - self.y) / (np.std(self.y) or 1.0))]
        t_error, error = (e if np.isfinite(e) else np.inf for e in errors)
        return Grown(
            self.transform, self.sign, self.mean, self.scale, model, t_error, error, products, smoothing, logs=self.logs
        )

    def train(self, models: Sequence[Network], smoothing: float, growing: bool = False) -> None:
        """Train networks of one shape (which are changed). growing: on no more rows than their curves ask for"""
        from kansr.kan.training.dataset import TrainingRows
        from kansr.kan.training.levenberg_marquardt import LMConfig
        from kansr.kan.training.train import TrainConfig, train_together

        lm = LMConfig(steps=STEPS, smoothing=smoothing)
        most = max(GROWING_ROWS, int(GROWING_PER_COEFFICIENT * coefficients(models[0]))) if growing else len(self.X)
        rows = TrainingRows(self.X[:most], self.t[:most])
        train_together(models, rows, TrainConfig(steps=STEPS, update_grid=False, lm=lm))


def grown_networks(
    fitting: Dataset, judging: Dataset, seed: int, enough: float, expired: Callable[[], bool]
) -> Iterator[Grown]:
    """The networks whose held-out error comes to `enough`, as they come, and the best of the others in the end.

    Those under a transform that separates inputs come at every size.

    A transform whose network has come so far, or that one more product helps little, grows no further.
    """
    import torch

    from kansr.kan.network.threads import one_thread

    generator = torch.Generator().manual_seed(seed)
    with one_thread():
        found: list[tuple[_Rows, Grown]] = []
        others: dict[str, Grown] = {}  # the best so far under each transform that has not come so far
        for rows in _under_transforms(fitting, judging):
            if expired():
                return
            model = product_network(rows.X, 0, GRIDS[0])
            rows.train([model], SMOOTHING)
            found.append((rows, rows.judged(model, 0, SMOOTHING)))
        for products in range(MOST_PRODUCTS + 1):
            good = sorted((one for one in found if one[1].error < enough), key=lambda one: one[1].rank)
            for rows, grown in good:
                yield _on_finer_grids(rows, grown, expired)
            found = [one for one in found if one not in good]
            others.update({rows.transform.name: grown for rows, grown in found})
            for rows, _ in good:
                others.pop(rows.transform.name, None)
            yield from (grown for rows, grown in found if rows.transform.power in SEPARATING)
            if products == MOST_PRODUCTS:
                break
            growable = [one for one in found if one[1].transform.complexity <= GROWABLE]
            following = []
            for rows, before in sorted(growable, key=lambda one: one[1].t_error)[: BEAM[products]]:
                if expired():
                    return
                after = _grown(rows, before, generator)
                if after is not None and after.t_error < (1 - GAIN) * before.t_error:
                    following.append((rows, after))
            found = following
        yield from sorted(others.values(), key=lambda grown: grown.rank)


def logarithmic(*parts: Array) -> tuple[bool, ...]:
    """The inputs of one sign that range over DECADES. parts: (rows, inputs) each"""
    return tuple(bool(x.min() > 0 and x.max() > DECADES * x.min()) for x in np.vstack(parts).T)


def in_coordinates(X: Array, logs: Sequence[bool]) -> Array:
    """The inputs, those that `logs` says as logarithms. X: (rows, inputs)"""
    U = np.ascontiguousarray(X).copy()
    U[:, np.array(logs, dtype=bool)] = np.log(U[:, np.array(logs, dtype=bool)])
    return U


def _under_transforms(fitting: Dataset, judging: Dataset) -> Iterator[_Rows]:
    """The rows under each transform that suits all of them."""
    import torch

    known = {t.name: number for number, t in enumerate(TRANSFORMS)}
    data = fitting.take(slice(0, MOST_ROWS))
    both = np.append(data.y, judging.y)
    logs = logarithmic(data.X, judging.X)
    X, held = (torch.from_numpy(in_coordinates(part, logs)) for part in (data.X, judging.X))
    for transform, sign, t in sorted(transformed(both), key=lambda row: (row[0].complexity, known[row[0].name])):
        inner = t[: data.rows]
        mean, scale = float(np.mean(inner)), float(np.std(inner))
        yield _Rows(
            transform, sign, X, torch.from_numpy((inner - mean) / scale)[:, None], held, judging.y, mean, scale, logs
        )


def _grown(rows: _Rows, before: Grown, generator: torch.Generator) -> Grown | None:
    """The best network with one more product; None where there are too few rows for it."""
    trials = [with_one_more(before.model, rows.X, generator) for _ in range(STARTS)]
    if len(rows.X) < ROWS_PER_COEFFICIENT * coefficients(trials[0]):
        return None
    rows.train(trials, before.smoothing, growing=True)
    judged = [rows.judged(model, before.products + 1, before.smoothing) for model in trials]
    return min(judged, key=lambda grown: grown.t_error)


def coefficients(model: Network) -> int:
    """How many coefficients the curves have that enter the hidden nodes."""
    first = model.layers[0]
    return int(first.mask.sum()) * int(first.coef.shape[2])


def _on_finer_grids(rows: _Rows, grown: Grown, expired: Callable[[], bool]) -> Grown:
    """The network on the finest grid, or in noise with the smoothing, that lowers its held-out error."""
    from kansr.kan.training.grids import fit_grids, input_grid_eps

    for intervals in GRIDS[1:]:
        finer = grown.model.copy()
        fit_grids(finer, rows.X, intervals, input_grid_eps(rows.X))
        if expired() or len(rows.X) < ROWS_PER_COEFFICIENT * coefficients(finer):
            break
        rows.train([finer], grown.smoothing)
        trial = rows.judged(finer, grown.products, grown.smoothing)
        if not trial.t_error < (1 - FINER_GAIN) * grown.t_error:
            break
        grown = replace(trial, converging=True)
    for smoothing in NOISY_SMOOTHINGS if grown.t_error > NOISY else ():
        smoother = grown.model.copy()
        rows.train([smoother], smoothing)
        trial = rows.judged(smoother, grown.products, smoothing)
        if not trial.t_error < grown.t_error:
            break
        grown = trial
    return grown
