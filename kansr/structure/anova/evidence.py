"""A sparse functional ANOVA, its components chosen by marginal likelihood.

The target is y ~ N(mean, s²·(I + Σ τ_g Z_g Z_gᵀ)) with the columns Z_g of each component g that is in the model and a
variance τ_g of its coefficients; s² is profiled out. What a component gains is known in closed form for every τ, so all
of them are weighed at every step: empirical Bayes (MacKay 1992, Tipping and Faul 2003) with components in place of
columns. A component is added while the gain pays its price: the choice among many has to be paid for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.structure.anova.components import Component, Design, Kind

VARIANCES = np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0])  # τ that are tried, in units of s²
PRICE = {Kind.LINE: 2.0, Kind.CURVE: 3.0, Kind.PAIR: 3.0}  # nats, beside the choice among its kind
LEAST_GAIN = 1.5  # nats below which a component is dropped again
MOST_COMPONENTS = 30
ALL_PAIRS = 12  # inputs up to which the interactions of all pairs are weighed, not only those with an input already in
MOST_PAIRS = 400  # interactions weighed at a step
MOST_ROWS = 2000  # rows that a model is chosen on


@dataclass(frozen=True, eq=False)
class Anova:
    """A model: mean + Σ (columns − centres)·coefficients.

    components: in the order in which they came in; gains: nats of log marginal likelihood that each is worth, with the
    others as they are; coefficients, centres: one array for each, centres the means of its columns.
    """

    design: Design
    mean: float
    components: tuple[Component, ...]
    gains: tuple[float, ...]
    coefficients: tuple[Array, ...]
    centres: tuple[Array, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        return tuple(sorted({i for c in self.components for i in c.inputs}))

    def part(self, place: int, X: Array) -> Array:
        """The values of one component, (rows,); 0 on average over the rows that it was fitted to."""
        columns = self.design.columns(self.components[place], X)
        return np.asarray((columns - self.centres[place]) @ self.coefficients[place])

    def __call__(self, X: Array) -> Array:
        """X: (rows, inputs) -> (rows,)"""
        return self.mean + sum((self.part(k, X) for k in range(len(self.components))), np.zeros(len(X)))


@dataclass(eq=False)
class _Active:
    """A component that is in the model: its centred columns and its variance."""

    component: Component
    Z: Array
    tau: float


@dataclass(frozen=True, eq=False)
class _Solved:
    """V⁻¹ of a model through its columns A: V⁻¹ = I − A·M⁻¹·Aᵀ, M = D⁻¹ + AᵀA, D the variances of the columns."""

    A: Array
    chol_inverse: Array  # L⁻¹, M = L·Lᵀ
    residual: Array  # V⁻¹·y
    quadratic: float  # yᵀ·V⁻¹·y

    @classmethod
    def of(cls, y: Array, active: Sequence[_Active]) -> _Solved:
        if not active:
            return cls(np.empty((len(y), 0)), np.empty((0, 0)), y, float(y @ y))
        A = np.column_stack([a.Z for a in active])
        variances = np.concatenate([np.full(a.Z.shape[1], a.tau) for a in active])
        L = np.linalg.cholesky(np.diag(1 / variances) + A.T @ A)
        inverse = np.linalg.inv(L)
        half = inverse @ (A.T @ y)
        residual = y - A @ (inverse.T @ half)
        return cls(A, inverse, residual, float(y @ y - half @ half))

    def gains(self, Z: Array) -> Array:
        """Nats that a component with these columns gains, for each of VARIANCES."""
        half = self.chol_inverse @ (self.A.T @ Z)
        values, vectors = np.linalg.eigh(Z.T @ Z - half.T @ half)
        values = np.maximum(values, 0.0)
        c = vectors.T @ (Z.T @ self.residual)
        shrink = VARIANCES[:, None] / (1 + VARIANCES[:, None] * values)
        left = np.maximum(self.quadratic - shrink @ (c * c), TINY)
        penalty = np.sum(np.log1p(VARIANCES[:, None] * values), axis=1) / 2
        return np.asarray(len(Z) / 2 * np.log(self.quadratic / left) - penalty)


def choose_components(X: Array, y: Array, expired: Callable[[], bool] = lambda: False, *, pairs: bool = True) -> Anova:
    """The sparse ANOVA of a table. X: (rows, inputs); y: (rows,), rows in no particular order.

    expired: whether it is time to stop adding components; pairs: whether inputs may interact.
    """
    X, y = X[:MOST_ROWS], y[:MOST_ROWS]
    search = _Search(Design(X), X, y, pairs)
    while len(search.active) < MOST_COMPONENTS and not expired() and search.add():
        search.retune()
    return search.model_of()


@dataclass(eq=False)
class _Search:
    design: Design
    X: Array
    y: Array
    interact: bool = True

    def __post_init__(self) -> None:
        self.rows = len(self.y)
        self.mean = float(np.mean(self.y))
        self.active: list[_Active] = []
        self.main = self.design.main_effects()
        self.known: dict[Component, Array] = {}
        self.factors: dict[int, Array] = {}

    def solved(self, without: int | None = None) -> _Solved:
        return _Solved.of(self.y - self.mean, [a for k, a in enumerate(self.active) if k != without])

    def columns(self, component: Component) -> Array:
        """The centred columns of a component, computed once for main effects."""
        if component in self.known:
            return self.known[component]
        if component.is_pair:
            first, second = (self.paired(i) for i in component.inputs)
            raw: Array = (first[:, :, None] * second[:, None, :]).reshape(self.rows, -1)
        else:
            raw = self.design.columns(component, self.X)
        Z: Array = raw - raw.mean(0)
        if not component.is_pair:  # the pairs of many inputs are too many to be kept
            self.known[component] = Z
        return Z

    def paired(self, i: int) -> Array:
        """The columns of an input that enter interactions, computed once."""
        if i not in self.factors:
            self.factors[i] = self.design.paired(i, self.X[:, i])
        return self.factors[i]

    def price(self, component: Component, inside: set[int]) -> float:
        """Nats that a component has to gain: a choice among as many of its kind, and PRICE."""
        d = self.X.shape[1]
        if not component.is_pair:
            among = d
        elif set(component.inputs) <= inside:
            among = max(len(inside) * (len(inside) - 1) // 2, 1)
        else:
            among = d * (d - 1) // 2
        return math.log(among) + PRICE[component.kind]

    def candidates(self, solved: _Solved) -> list[Component]:
        inside = {i for a in self.active for i in a.component.inputs}
        present = {a.component for a in self.active}
        d = self.X.shape[1]
        if not self.interact:
            pairs = []
        elif d <= ALL_PAIRS:
            pairs = self.design.pairs(range(d))
        else:
            pairs = self._screened(inside, solved)
        return [c for c in (*self.main, *pairs) if c not in present]

    def _screened(self, inside: set[int], solved: _Solved) -> list[Component]:
        """The interactions that the residual speaks for most, by the products of lines; of an input that is in."""
        lines = np.column_stack([self.design.bases[i].line(self.X[:, i]) for i in range(self.X.shape[1])])
        first = sorted(inside) if inside else range(lines.shape[1])
        scored: dict[tuple[int, int], float] = {}
        for i in first:
            products = lines * lines[:, [i]]
            size = np.sqrt(np.sum((products - products.mean(0)) ** 2, axis=0)) + TINY
            for j, score in enumerate(np.abs(products.T @ solved.residual) / size):
                if i != j:
                    scored[min(i, j), max(i, j)] = max(float(score), scored.get((min(i, j), max(i, j)), 0.0))
        best = sorted(scored, key=lambda pair: (-scored[pair], pair))[:MOST_PAIRS]
        own = [pair for pair in scored if set(pair) <= inside]
        return [Component(Kind.PAIR, pair) for pair in dict.fromkeys([*own, *best])]

    def add(self) -> bool:
        """Adds the component that gains most beyond its price; whether there was one."""
        solved = self.solved()
        inside = {i for a in self.active for i in a.component.inputs}
        best: tuple[float, Component, float] | None = None
        for component in self.candidates(solved):
            gains = solved.gains(self.columns(component))
            k = int(np.argmax(gains))
            worth = float(gains[k]) - self.price(component, inside)
            if worth > 0 and (best is None or worth > best[0]):
                best = worth, component, float(VARIANCES[k])
        if best is None:
            return False
        self.active.append(_Active(best[1], self.columns(best[1]), best[2]))
        return True

    def retune(self) -> None:
        """Chooses every variance again with the others held, and drops what gains too little."""
        place = 0
        while place < len(self.active):
            gains = self.solved(without=place).gains(self.active[place].Z)
            k = int(np.argmax(gains))
            if gains[k] < LEAST_GAIN:
                del self.active[place]
                continue
            self.active[place].tau = float(VARIANCES[k])
            place += 1

    def model_of(self) -> Anova:
        solved = self.solved()
        return Anova(
            self.design,
            self.mean,
            tuple(a.component for a in self.active),
            tuple(float(self.solved(without=k).gains(a.Z).max()) for k, a in enumerate(self.active)),
            tuple(a.tau * (a.Z.T @ solved.residual) for a in self.active),
            tuple(self.design.columns(a.component, self.X).mean(0) for a in self.active),
        )
