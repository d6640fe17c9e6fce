"""What would make the sparse ANOVA better: a transformed target, functions of one linear combination, a network?

    python benchmarks/statistics/sparse_extensions.py --noise .1 --seeds 2
    python benchmarks/statistics/sparse_extensions.py --data DIR --seeds 3

Beside the ANOVA itself: its target transformed (logarithm, root, reciprocal, of the target less its least value), where
five folds in the target's units say that this predicts better; one more input, the line with all inputs, whose curve is
a function of a linear combination; and a network [inputs, [1, products], 1, 1] that starts as the ANOVA, is trained on
lightly smoothed, and keeps the weights that are best on a fifth of the rows, perhaps those that it started with; what
it predicts ends where the target does. For each r² on rows that were not fitted to, without noise where the law is
known, and seconds of the processor.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.arguments import parser
from kansr.bench.real import pmlb
from kansr.bench.real.folder import PMLB, tables
from kansr.kan.network.network import Network
from kansr.kan.network.spline import curve2coef, grid_from_samples
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.initialise import empty_network
from kansr.kan.training.levenberg_marquardt import LMConfig, levenberg_marquardt
from kansr.numeric.arrays import Array
from kansr.structure.anova.evidence import Anova, choose_components
from kansr.structure.anova.linear import line
from kansr.structure.anova.terms import Rows

ROWS, INPUTS, FRESH = 300, 8, 2000
MOST_ROWS, MOST_INPUTS = 800, 15  # of a real table that is measured
FOLDS = 5
SHIFTS = (0.2, 1.0)  # spreads of the target, between its least value and 0
SHARE_HELD = 0.2  # of the rows, that the network stops by
SMOOTHINGS = (1e-5, 1e-3, 1e-1)
G, STEPS = 5, 30

Predict = Callable[[Array], Array]

LAWS: dict[str, Callable[[Array], Array]] = {
    "exp of a sum": lambda X: np.exp(np.sin(2 * X[:, 0]) + X[:, 1] ** 2 + 0.5 * X[:, 2]),
    "radius": lambda X: np.sqrt(X[:, 0] ** 2 + X[:, 1] ** 2 + X[:, 2] ** 2 + 0.05),
    "wave of a line of four": lambda X: np.sin(1.5 * (X[:, 0] + X[:, 1] - X[:, 2] + 0.5 * X[:, 3])),
    "ratio of sums": lambda X: (2 + X[:, 0] + X[:, 1]) / (1.5 + X[:, 2] ** 2 + X[:, 3]),
    "step of a sum": lambda X: np.tanh(2 * (X[:, 0] ** 2 + X[:, 1] - X[:, 2] ** 3)),
    "Friedman's": lambda X: (
        np.sin(np.pi * (X[:, 0] + 1) * (X[:, 1] + 1) / 4) + X[:, 2] ** 2 + X[:, 3] / 2 + X[:, 4] / 4
    ),
}


def anova(X: Array, y: Array) -> Predict:
    return choose_components(X, y)


def transformed(X: Array, y: Array) -> Predict:
    """The target under the transform that five folds speak for."""
    options = [lambda A, b: choose_components(A, b)]
    low, spread = float(y.min()), float(y.std())
    for c in SHIFTS:
        shift = c * spread - low
        options += [
            _under(np.log, np.exp, shift),
            _under(np.sqrt, np.square, shift),
            _under(np.reciprocal, np.reciprocal, shift),
        ]
    order = np.random.default_rng(0).permutation(len(y))
    errors = []
    for option in options:
        error = 0.0
        for fold in np.array_split(order, FOLDS):
            others = np.setdiff1d(order, fold)
            error += float(np.sum((option(X[others], y[others])(X[fold]) - y[fold]) ** 2))
        errors.append(error)
    return options[int(np.argmin(errors))](X, y)


def _under(
    into: Callable[[Array], Array], back: Callable[[Array], Array], shift: float
) -> Callable[[Array, Array], Predict]:
    def fit(X: Array, y: Array) -> Predict:
        kept = y + shift > 0
        t = into(y[kept] + shift)
        model = choose_components(X[kept], t)
        low, high = t.min(), t.max()
        left = t - model(X[kept])

        def predict(Z: Array) -> Array:
            """The mean of the target: that of the residuals is carried through the inverse (Duan 1983, smearing)."""
            values = np.clip(np.clip(model(Z), low, high)[:, None] + left[None, ::3], low, high)
            return np.asarray(back(values).mean(1) - shift)

        return predict

    return fit


def indexed(X: Array, y: Array) -> Predict:
    """One more input: the line with all inputs, whose direction is that of a single index (Brillinger 1982)."""
    rows = Rows.of(X, y)
    index = line(rows)

    def more(Z: Array) -> Array:
        return np.column_stack([Z, index((Z - rows.means) / rows.spreads)])

    model = choose_components(more(X), y)
    return lambda Z: model(more(Z))


def network(X: Array, y: Array) -> Predict:
    """A network that starts as the ANOVA."""
    rows = Rows.of(X, y)
    held = np.arange(len(y)) < SHARE_HELD * len(y)
    model = choose_components(rows.U[~held], y[~held])
    if not model.components:
        return lambda Z: model((Z - rows.means) / rows.spreads)
    shift, scale = float(y.mean()), float(y.std())
    parts = [
        TrainingRows(torch.from_numpy(rows.U[k]), torch.from_numpy((y[k] - shift) / scale)[:, None])
        for k in (~held, held)
    ]
    start = from_anova(model, rows.U[~held], shift, scale)
    trials: list[tuple[float, Network]] = []
    with torch.no_grad():
        for smoothing in (None, *SMOOTHINGS):  # None: not trained at all
            trial = start.copy()
            if smoothing is not None:
                levenberg_marquardt([trial], parts[0], parts[1], LMConfig(steps=STEPS, smoothing=smoothing))
            trials.append((float((trial(parts[1].X) - parts[1].y).square().mean()), trial))
    best = min(trials, key=lambda t: t[0])[1]

    def predict(Z: Array) -> Array:
        low, high = rows.U.min(0), rows.U.max(0)
        with torch.no_grad():
            U = torch.from_numpy(np.clip((Z - rows.means) / rows.spreads, low, high))
            return np.clip(np.asarray(best(U)[:, 0]) * scale + shift, y.min(), y.max())

    return predict


def from_anova(model: Anova, U: Array, shift: float, scale: float) -> Network:
    """The network [inputs, [1, products], 1, 1] that computes the ANOVA, standardised. U: (rows, inputs)."""
    factors = list(_factors(model, U))
    d, p = U.shape[1], len(factors)
    net = empty_network([d, [1, p], 1, 1] if p else [d, 1, 1, 1], G, 3)
    first, second, third = net.layers
    curves = np.zeros((len(U), d, 1 + 2 * p))
    for k, component in enumerate(model.components):
        if not component.is_pair:
            curves[:, component.inputs[0], 0] += model.part(k, U) / scale
    for q, (i, f, j, g) in enumerate(factors):
        curves[:, i, 1 + 2 * q], curves[:, j, 2 + 2 * q] = f, g / scale
    rows = torch.from_numpy(U)
    with torch.no_grad():
        first.mask.copy_(torch.from_numpy((np.abs(curves).max(0) > 0).astype(float)))
        first.grid = grid_from_samples(rows, G, 3)
        first.coef.copy_(curve2coef(rows, torch.from_numpy(curves), first.grid, 3))
        for layer, n in ((second, 1), (third, 2)):
            hidden = net.node_values(rows)[n]
            layer.grid = grid_from_samples(hidden, G, 3)
            layer.coef.copy_(curve2coef(hidden, hidden[:, :, None], layer.grid, 3))
        net.layers[-1].bias += (model.mean - shift) / scale - _mean_of_pairs(model, scale)
    return net


def _mean_of_pairs(model: Anova, scale: float) -> float:
    pairs = [k for k, c in enumerate(model.components) if c.is_pair]
    return sum(float(model.centres[k] @ model.coefficients[k]) for k in pairs) / scale


def _factors(model: Anova, U: Array) -> Iterator[tuple[int, Array, int, Array]]:
    """The products of curves that interactions are sums of, the two largest of each."""
    for k, component in enumerate(model.components):
        if component.is_pair:
            i, j = component.inputs
            first, second = (model.design.paired(m, U[:, m]) for m in (i, j))
            left, sizes, right = np.linalg.svd(model.coefficients[k].reshape(first.shape[1], -1), full_matrices=False)
            for r in range(min(2, len(sizes))):
                yield i, first @ left[:, r], j, sizes[r] * (second @ right[r])


MODELS = {"ANOVA": anova, "target transformed": transformed, "line as an input": indexed, "network from it": network}


def measured(X: Array, y: Array, fresh: Array, true: Array) -> list[tuple[float, float]]:
    """(r² on the fresh rows, seconds) of each model."""
    found = []
    for fit in MODELS.values():
        begun = time.process_time()
        predicted = fit(X, y)(fresh)
        found.append((1 - float(np.mean((predicted - true) ** 2) / np.var(true)), time.process_time() - begun))
    return found


def synthetic(noise: float, seeds: int) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    for name, law in LAWS.items():
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            X, fresh = rng.uniform(-1, 1, (ROWS, INPUTS)), rng.uniform(-1, 1, (FRESH, INPUTS))
            y = law(X)
            yield (
                f"{name}, noise {noise:g}",
                measured(X, y + noise * np.std(y) * rng.normal(size=ROWS), fresh, law(fresh)),
            )


def real(data: str, seeds: int) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    for name in sorted(tables(PMLB, data)):
        for seed in pmlb.seeds(seeds):
            split = pmlb.split(name, data, seed)
            known, test = split.training, split.test
            if not pmlb.friedman(name) and known.rows <= MOST_ROWS and known.X.shape[1] <= MOST_INPUTS:
                yield f"{name}, {seed}", measured(known.X, known.y, test.X, test.y)


def main() -> None:
    options = parser(__doc__, noise=0.1)
    options.add_argument("--data", default="", help="folder with pmlb/; without it laws are measured")
    options.add_argument("--seeds", type=int, default=2, help="tables of each law, or splits of each table (2)")
    chosen = options.parse_args()
    runs = real(chosen.data, chosen.seeds) if chosen.data else synthetic(chosen.noise, chosen.seeds)
    print(f"{'':44} " + " ".join(f"{name:>20}" for name in MODELS))
    every = []
    for name, found in runs:
        every.append(found)
        print(f"{name:44} " + " ".join(f"{r2:13.3f} {s:5.2f}s" for r2, s in found), flush=True)
    r2 = np.array(every)[:, :, 0]
    print(f"{'mean, none below 0':44} " + " ".join(f"{v:20.3f}" for v in np.maximum(r2, 0).mean(0)))
    print(
        f"{'better than the ANOVA by .02 / worse':44} "
        + " ".join(
            f"{np.sum(r2[:, k] > r2[:, 0] + 0.02):14} / {np.sum(r2[:, k] < r2[:, 0] - 0.02)}"
            for k in range(len(MODELS))
        )
    )


if __name__ == "__main__":
    main()
