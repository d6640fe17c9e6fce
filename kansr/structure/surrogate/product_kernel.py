"""A surrogate that knows along which inputs the target is a straight line, once they are bent the right way.

With the kernel Π_i (1 + φ_i(x_i)·φ_i(x_i')) · exp(−|u − u'|²/2l²), T(z) is linear in every φ_i and any smooth function
of the inputs u that are left (a Gaussian process with a product kernel, Duvenaud et al. 2011). Which inputs are bent,
and how, is chosen greedily by the error on held-out rows. Few inputs are left for what takes many rows to be learned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.numeric.kernel_ridge import gaussian, kernel, slopes, solve
from kansr.numeric.standardise import standard
from kansr.structure.surrogate.coordinates import COORDINATES, Coordinate
from kansr.structure.surrogate.gradient_field import GradientField, capped_square, displacement_error
from kansr.structure.surrogate.kernel import HELD_OUT, LENGTHS
from kansr.structure.surrogate.target_transforms import View, views

FEW, MANY = 300, 1000  # rows of a draft, and of the model
RIDGE = 1e-14  # over the trace of the matrix
WORSE, HOPELESS = 1.3, 10.0  # times the error that one more bend may leave; from which a bend is not tried again
PLAIN = 0.02  # share of the error by which anything else must be better than a straight line
MOST = 6  # inputs that are bent
NOTHING = 3.0  # times the misfit that a part must be
VIEWS = 2  # of the target that are followed to the end
STEEP, REACH = ("exp", "sin", "cos"), 20.0  # coordinates of inputs that are not larger than this


BENDS = {name: COORDINATES[name] for name in ("x", "log", "inverse", "exp", "sin", "cos")} | {
    "square": Coordinate(np.square, lambda x: 2 * x, lambda x: x**2),
    "root": Coordinate(np.sqrt, lambda x: 0.5 / np.sqrt(x), sympy.sqrt),
}


@dataclass(frozen=True, eq=False)
class Composite:
    """T(z) = Σ_A h_A(rest)·Π_{i in A} φ_i, fitted for one view T of the target.

    bends: the inputs that are bent, and how; parts: the sets A; P: (rows, n) bent inputs, standardised,
    0 where there is none; weights: (centres,); misfit: held-out rms error over the spread of T(z).
    """

    X: Array
    z: Array
    view: View
    bends: dict[int, str]
    parts: tuple[frozenset[int], ...]
    logs: tuple[bool, ...]
    P: Array
    length: float
    weights: Array
    misfit: float = np.inf

    @property
    def rest(self) -> list[int]:
        return [k for k in range(self.X.shape[1]) if k not in self.bends]

    def beside(self, i: int) -> list[int]:
        """The inputs that φ_i's factor depends on."""
        return sorted({*self.rest, *(j for part in self.parts if i in part for j in part if j != i)})

    def slope(self, i: int) -> Array:
        """The factor of φ_i: T(z) = φ_i·slope + what has no x_i. (rows,)"""
        columns = [np.prod(self.P[:, sorted(part - {i})], axis=1) * (i in part) for part in self.parts]
        own = self._radial() * (np.column_stack(columns) @ self._features()[: len(self.weights)].T)
        bent = BENDS[self.bends[i]].value(self.X[:, i])
        return np.asarray(own @ self.weights * self.view.t.std() / bent.std())

    def kernel(self) -> Array:
        """(rows, centres)"""
        features = self._features()
        return np.asarray(self._radial() * (features @ features[: len(self.weights)].T))

    def fitted(self) -> Composite:
        """The same with the weights and the misfit at this length and for these parts."""
        K, count = self.kernel(), len(self.weights)
        t = (self.view.t - self.view.t.mean()) / self.view.t.std()
        w = _solved(K[:count], t[:count])
        if w is None:
            return self
        return replace(self, weights=w, misfit=float(np.sqrt(np.mean((K @ w - t)[-HELD_OUT:] ** 2))))

    def pruned(self) -> Composite:
        """Without the parts that are no more than the misfit, where that makes it better."""
        features, radial = self._features(), self._radial()
        h = radial @ (self.weights[:, None] * features[: len(self.weights)])
        share = np.sqrt(np.mean((h * features) ** 2, axis=0))
        kept = tuple(part for part, s in zip(self.parts, share) if s > NOTHING * self.misfit or not part)
        if len(kept) == len(self.parts):
            return self
        trial = replace(self, parts=kept).fitted()
        return trial.pruned() if trial.misfit < self.misfit else self

    def field(self) -> GradientField:
        """Values and gradients as those of any other surrogate."""
        gradient, rest, spread = np.empty_like(self.X), self.rest, float(self.view.t.std())
        for i, kind in self.bends.items():
            gradient[:, i] = self.slope(i) * BENDS[kind].slope(self.X[:, i])
        K = self.kernel()
        if rest:
            W, widths = (a[..., rest] for a in standard(self.X, np.array(self.logs)))
            inner = np.where(np.array(self.logs)[rest], self.X[:, rest], 1.0) * widths
            moved = slopes(W, W[: len(self.weights)], K * self.weights, self.length)
            gradient[:, rest] = moved * spread / inner
        held = slice(len(self.z) - HELD_OUT, None)
        missed = K[held] @ self.weights - (self.view.t[held] - self.view.t.mean()) / spread
        gradient_error = displacement_error(missed, gradient[held] * self.X.std(0) / spread)
        return GradientField(
            self.X,
            self.z,
            self.view.slope,
            gradient,
            self.view.name,
            self.misfit**2,
            gradient_error,
            self.logs,
            linear=self,
        )

    def _features(self) -> Array:
        return np.column_stack([np.prod(self.P[:, sorted(part)], axis=1) for part in self.parts])

    def _radial(self) -> Array:
        W = standard(self.X, np.array(self.logs))[0][:, self.rest]
        return kernel(W, W[: len(self.weights)], self.length)


def composite(X: Array, z: Array, logs: tuple[bool, ...], expired: Callable[[], bool]) -> Composite | None:
    """The best model with a bent input at least; None where there is none, or too few rows.

    X: (rows, n); z: (rows,); logs: inputs taken as logarithms where they are not bent.
    """
    if X.shape[1] < 2 or len(z) < FEW + HELD_OUT:
        return None
    chosen = views(z)
    U = standard(X, np.array(logs))[0]
    options = [_bent(x) for x in X.T]
    small = np.r_[0:FEW, len(z) - HELD_OUT : len(z)]
    T = np.column_stack([(view.t - view.t.mean()) / view.t.std() for view in chosen])
    draft = _Draft(U[small], T[small], [{k: p[small] for k, p in option.items()} for option in options])
    first = draft.errors({})
    order = np.argsort(first[0], kind="stable")[:VIEWS]
    found: list[Composite] = []
    for v in order:
        if expired():
            break
        bends, length = draft.greedy(int(v), float(first[0][v]), float(first[1][v]), expired)
        if bends:
            P = np.column_stack([options[i][bends[i]] if i in bends else np.zeros(len(z)) for i in range(len(options))])
            parts = tuple(frozenset(part) for size in range(len(bends) + 1) for part in combinations(bends, size))
            weights = np.zeros(min(MANY, len(z) - HELD_OUT))
            found.append(_full(Composite(X, z, chosen[v], bends, parts, logs, P, length, weights)))
    return min(found, key=lambda model: model.misfit, default=None)


def _full(model: Composite) -> Composite:
    """The same with many rows, for lengths about the present one, with logarithms or without."""
    options = [model.logs]
    if (model.X[:, model.rest] > 0).all():
        options.append((True,) * len(model.logs))
    trials = [replace(model, logs=logs, length=f * model.length).fitted() for logs in options for f in (0.5, 1, 2, 4)]
    best = min(trials, key=lambda trial: trial.misfit)
    shorter = best.pruned()
    if shorter is best:
        return best
    again = [replace(shorter, length=f * shorter.length).fitted() for f in (0.25, 0.5, 2.0)]
    return min([shorter, *again], key=lambda trial: trial.misfit).pruned()


def _bent(x: Array) -> dict[str, Array]:
    """The standardised values of the bends that an input can have."""
    found: dict[str, Array] = {}
    for kind, bend in BENDS.items():
        with np.errstate(all="ignore"):
            p = bend.value(x)
        if np.isfinite(p).all() and np.std(p) > 0 and (kind not in STEEP or np.abs(x).max() <= REACH):
            found[kind] = (p - p.mean()) / p.std()
    return found


@dataclass(eq=False)
class _Draft:
    """The choice of bends on few rows: the first FEW fit, the others judge."""

    U: Array
    T: Array
    options: list[dict[str, Array]]

    def __post_init__(self) -> None:
        self.squares: list[Array] = [(u[:, None] - u[None, :FEW]) ** 2 for u in self.U.T]
        self.total: Array = np.sum(self.squares, axis=0)

    def errors(self, bends: dict[int, str], lengths: tuple[float, ...] = LENGTHS) -> tuple[Array, Array]:
        """The least held-out error of every view, and the length it is reached with."""
        D: Array = self.total - sum((self.squares[i] for i in bends), np.zeros_like(self.total))
        A: Array = np.ones_like(D)
        for i, kind in bends.items():
            A *= 1 + np.outer(self.options[i][kind], self.options[i][kind][:FEW])
        best: Array = np.full(self.T.shape[1], np.inf)
        at: Array = np.ones(self.T.shape[1])
        for length in lengths:
            K = A * gaussian(D, length)
            w = _solved(K[:FEW], self.T[:FEW])
            if w is not None:
                error = np.sqrt(capped_square(K[FEW:] @ w - self.T[FEW:]))
                at = np.where(error < best, length, at)
                best = np.minimum(best, error)
        return best, at

    def greedy(self, v: int, error: float, length: float, expired: Callable[[], bool]) -> tuple[dict[int, str], float]:
        """Inputs bent one after the other, the best each time; the best of what is met on the way."""
        left = [(i, kind) for i, option in enumerate(self.options) for kind in option]
        path: list[tuple[float, dict[int, str], float]] = [(error, {}, length)]
        while left and len(path) <= MOST and not expired():
            trials = []
            for i, kind in left:
                errors, lengths = self.errors({**path[-1][1], i: kind}, (path[-1][2], 2 * path[-1][2]))
                trials.append((float(errors[v]) * (1 + (kind != "x") * PLAIN), i, kind, float(lengths[v])))
            error, i, kind, length = min(trials)
            if not error < WORSE * path[-1][0]:
                break
            path.append((error, {**path[-1][1], i: kind}, length))
            left = [trial[1:3] for trial in trials if trial[0] < HOPELESS * path[0][0] and trial[1] != i]
        return min(path, key=lambda step: step[0])[1:]


def _solved(K: Array, T: Array) -> Array | None:
    return solve(K, T, RIDGE * float(np.trace(K)))
