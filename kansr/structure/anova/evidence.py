"""A sparse functional ANOVA, its components chosen by marginal likelihood.

The target is y ~ N(mean, s²·(I + Σ τ_g Z_g Z_gᵀ)) with the columns Z_g of each component g that is in the model and a
variance τ_g of its coefficients; s² is profiled out. What a component gains is known in closed form for every τ, so all
of them are weighed at every step: empirical Bayes (MacKay 1992, Tipping and Faul 2003) with components in place of
columns. A component is added while the gain pays its price: the choice among many has to be paid for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.structure.anova.components import Component, Design, Kind

VARIANCES = np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0])  # τ that are tried, in units of s²
PRICE = {Kind.LINE: 2.0, Kind.CURVE: 3.0, Kind.PAIR: 3.0}  # nats, beside the choice among its kind
LEAST_GAIN = 1.5  # nats below which a component is dropped again
MOST_COMPONENTS = 30
ALL_PAIRS = 12  # inputs up to which the interactions of all pairs are weighed, not only those with an input already in
MOST_PAIRS = 200  # interactions weighed at a step
ALL_CURVES = 200  # inputs up to which all curves are weighed; of more, as many that the residual speaks for most
SCREENED_TOGETHER = 256  # inputs whose products with all others are looked at together
MOST_VALUES = 4_000_000  # of the columns of interactions that are weighed together: 32 MB
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
    """A component that is in the model: its centred columns, their products, and its variance."""

    component: Component
    Z: Array
    gram: Array
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

    def gains(self, Z: Array, gram: Array) -> Array:
        """Nats that components gain, each for every one of VARIANCES: (components, variances).

        Z: (components, rows, columns), centred; gram: (components, columns, columns), ZᵀZ.
        """
        half = self.chol_inverse @ (self.A.T @ Z)
        values, vectors = np.linalg.eigh(gram - half.swapaxes(1, 2) @ half)
        values = np.maximum(values, 0.0)[:, None, :]
        c = vectors.swapaxes(1, 2) @ (Z.swapaxes(1, 2) @ self.residual)[..., None]
        shrink = VARIANCES[:, None] / (1 + VARIANCES[:, None] * values)
        left = np.maximum(self.quadratic - (shrink @ (c * c))[..., 0], TINY)
        penalty = np.sum(np.log1p(VARIANCES[:, None] * values), axis=2) / 2
        return np.asarray(Z.shape[1] / 2 * np.log(self.quadratic / left) - penalty)


class _Stack(NamedTuple):
    """Components with as many columns each. Z: (components, rows, columns), centred; gram: ZᵀZ of each."""

    components: Sequence[Component]
    Z: Array
    gram: Array

    @classmethod
    def of(cls, components: Sequence[Component], raw: Array) -> _Stack:
        """raw: (components, rows, columns)"""
        Z = raw - raw.mean(1, keepdims=True)
        return cls(components, Z, Z.swapaxes(1, 2) @ Z)


def choose_components(
    X: Array,
    y: Array,
    expired: Callable[[], bool] = lambda: False,
    *,
    pairs: bool = True,
    design: Design | None = None,
) -> Anova:
    """The sparse ANOVA of a table. X: (rows, inputs); y: (rows,), rows in no particular order.

    expired: whether it is time to stop adding components; pairs: whether inputs may interact; design: that of an
    earlier call with the same X.
    """
    X, y = X[:MOST_ROWS], y[:MOST_ROWS]
    search = _Search(design or Design(X), X, y, pairs)
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
        self.curves: dict[int, Array] = {}
        self.factors: dict[int, Array] = {}

    @cached_property
    def lines(self) -> _Stack:
        """The lines of all inputs."""
        varying = list(self.design.varying)
        return _Stack.of([Component(Kind.LINE, (i,)) for i in varying], self.design.lines.T[varying, :, None])

    @cached_property
    def all_curves(self) -> list[_Stack]:
        return list(self.curves_of(self.design.varying))

    def main_effects(self, solved: _Solved) -> Iterator[_Stack]:
        """Lines, and curves; of very many inputs the curves that the residual speaks for most."""
        yield self.lines
        if len(self.design.varying) <= ALL_CURVES:
            yield from self.all_curves
            return
        score = np.sum((solved.residual @ self.design.polynomials) ** 2, axis=0)
        yield from self.curves_of(np.sort(np.argsort(-score, kind="stable")[:ALL_CURVES]).tolist())

    def curves_of(self, inputs: Sequence[int]) -> Iterator[_Stack]:
        """The curves of some inputs; the columns of each are computed once."""
        alike: dict[int, list[Component]] = {}
        for component in self.design.curved(inputs):
            (i,) = component.inputs
            if i not in self.curves:
                self.curves[i] = self.design.columns(component, self.X)
            alike.setdefault(self.curves[i].shape[1], []).append(component)
        for some in alike.values():
            yield _Stack.of(some, np.stack([self.curves[c.inputs[0]] for c in some]))

    def solved(self, without: int | None = None) -> _Solved:
        return _Solved.of(self.y - self.mean, [a for k, a in enumerate(self.active) if k != without])

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

    def candidates(self, solved: _Solved) -> Iterator[_Stack]:
        """All components that may be added, and those that are in already."""
        yield from self.main_effects(solved)
        inside = {i for a in self.active for i in a.component.inputs}
        d = self.X.shape[1]
        pairs: list[Component] = []
        if self.interact:
            pairs = self.design.pairs(range(d)) if d <= ALL_PAIRS else self._screened(inside, solved)
        alike: dict[tuple[int, int], list[Component]] = {}
        for pair in pairs:
            first, second = (self.paired(i).shape[1] for i in pair.inputs)
            alike.setdefault((first, second), []).append(pair)
        for (first, second), some in alike.items():  # the pairs of many inputs are too many to be kept
            together = max(MOST_VALUES // (self.rows * first * second), 1)
            for begin in range(0, len(some), together):
                part = some[begin : begin + together]
                left = np.stack([self.paired(pair.inputs[0]) for pair in part])
                right = np.stack([self.paired(pair.inputs[1]) for pair in part])
                raw = left[:, :, :, None] * right[:, :, None, :]
                yield _Stack.of(part, raw.reshape(len(part), self.rows, first * second))

    def _screened(self, inside: set[int], solved: _Solved) -> list[Component]:
        """The interactions that the residual speaks for most, by the products of lines; of an input that is in."""
        L, d = self.design.lines, self.X.shape[1]
        first = np.array(sorted(inside) if inside else range(d))
        scored: list[tuple[float, int, int]] = []
        for begin in range(0, len(first), SCREENED_TOGETHER):
            some = first[begin : begin + SCREENED_TOGETHER]
            P = L[:, some]
            variance = (P * P).T @ (L * L) - (P.T @ L) ** 2 / self.rows
            score = np.abs((P * solved.residual[:, None]).T @ L) / np.sqrt(np.maximum(variance, TINY))
            twice = np.isin(np.arange(d), first) & (np.arange(d) <= some[:, None])
            score[twice] = -1.0
            top = np.argpartition(-score, min(MOST_PAIRS, score.size - 1), axis=None)[:MOST_PAIRS]
            i, j = some[top // d], top % d
            scored += zip((-score.flat[top]).tolist(), np.minimum(i, j).tolist(), np.maximum(i, j).tolist())
        best = [(i, j) for score, i, j in sorted(scored)[:MOST_PAIRS] if score <= 0]
        own = [c.inputs for c in self.design.pairs(inside)]
        return [Component(Kind.PAIR, (i, j)) for i, j in dict.fromkeys([*own, *best])]

    def add(self) -> bool:
        """Adds the component that gains most beyond its price; whether there was one."""
        solved = self.solved()
        inside = {i for a in self.active for i in a.component.inputs}
        present = {a.component for a in self.active}
        best, most = None, 0.0
        for stack in self.candidates(solved):
            gains = solved.gains(stack.Z, stack.gram)
            prices = [np.inf if c in present else self.price(c, inside) for c in stack.components]
            worth = gains.max(1) - prices
            k = int(np.argmax(worth))
            if worth[k] > most:
                tau = float(VARIANCES[np.argmax(gains[k])])
                best, most = _Active(stack.components[k], stack.Z[k], stack.gram[k], tau), float(worth[k])
        if best is None:
            return False
        self.active.append(best)
        return True

    def gains_of(self, place: int) -> Array:
        """Nats that a component of the model gains, with the others held, for each of VARIANCES."""
        one = self.active[place]
        return self.solved(without=place).gains(one.Z[None], one.gram[None])[0]

    def retune(self) -> None:
        """Chooses every variance again with the others held, and drops what gains too little."""
        place = 0
        while place < len(self.active):
            gains = self.gains_of(place)
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
            tuple(float(self.gains_of(k).max()) for k in range(len(self.active))),
            tuple(a.tau * (a.Z.T @ solved.residual) for a in self.active),
            tuple(self.design.columns(a.component, self.X).mean(0) for a in self.active),
        )
