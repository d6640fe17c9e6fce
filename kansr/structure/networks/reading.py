"""Reading: what a grown network says of each input, and what is left of the target when sure curves are taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.structure.networks.growth import SEPARATING, Grown
from kansr.structure.networks.product_network import factor_input, sizes_of_other_factors
from kansr.structure.networks.spans import Span, span_of
from kansr.symbolic.matching.match import EdgeFit

IDENTITY, LOGARITHM = SEPARATING
DENOMINATORS = (1, 2, 3)  # of exponents that are likely
LEAST_NEAR = 1e-2  # of an exponent: how exactly it is known at most, as what the rest misses is no chance
MOST_NEAR = 0.05  # of an exponent: a likely one farther away than this is never taken


@dataclass(frozen=True, eq=False)
class Reading:
    """What a network says: the span of each input's curves, and the inputs that each product depends on."""

    spans: tuple[Span, ...]
    products: tuple[frozenset[int], ...]

    @property
    def alone(self) -> list[int]:
        """The inputs whose curves stand in the sum only."""
        inside: frozenset[int] = frozenset().union(*self.products)
        return [i for i, span in enumerate(self.spans) if i not in inside and span.dimensions]

    @property
    def unused(self) -> list[int]:
        """The inputs without effect."""
        return [i for i, span in enumerate(self.spans) if not span.dimensions]


def read(grown: Grown, X: Array) -> Reading:
    """What the network says on these rows. X: (rows, inputs)"""
    import torch

    from kansr.kan.reading.trace import sample_points

    U = grown.coordinates(X)
    values = torch.from_numpy(U)
    first, inputs = grown.model.layers[0], X.shape[1]
    sizes = sizes_of_other_factors(grown.model, values)
    spans = []
    products: list[set[int]] = [set() for _ in range(grown.products)]
    for i in range(inputs):
        u = sample_points(U[:, i])
        x = np.exp(u) if grown.logs[i] else u
        points = values.mean(0).repeat(len(u), 1)
        points[:, i] = torch.from_numpy(u)
        with torch.no_grad():
            activations = first.activations(points)[:, i].numpy()
        columns = [0, *(c for c in range(1, first.out_dim) if factor_input(c, inputs) == i)]
        curves = activations[:, columns] * np.array([sizes[c] for c in columns])
        spans.append(span_of(x, curves, grown.t_error))
        for product, curve in zip(products, curves.T[1:]):
            if float(np.std(curve)) > spans[-1].error:
                product.add(i)
    return Reading(tuple(spans), tuple(map(frozenset, products)))


@dataclass(frozen=True, eq=False)
class Taken:
    """Named curves of inputs that stand alone, taken out of the target: of its logarithm as factors, else as terms.

    inputs: those that are left; curves: (input, its function, its coefficient) of each that is taken out.
    """

    inputs: tuple[int, ...]
    curves: tuple[tuple[int, EdgeFit, float], ...]
    as_factors: bool

    def left(self, data: Dataset) -> Dataset:
        """What is left of the target, as a table of the other inputs."""
        total = np.zeros(data.rows)
        for i, fit, c in self.curves:
            total += c * fit.function.inner(data.X[:, i], fit.a, fit.b)
        y = data.y / np.exp(total) if self.as_factors else data.y - total
        X = np.ascontiguousarray(data.X[:, self.inputs])
        return Dataset(X, y, tuple(data.names[i] for i in self.inputs), data.target)

    def whole(self, expr: sympy.Expr, names: Sequence[str]) -> sympy.Expr:
        """A formula for what is left as one for the target. names: of all inputs"""
        if self.as_factors:
            return sympy.Mul(*(_factor(fit, c, names[i]) for i, fit, c in self.curves), expr)
        return sympy.Add(*(sympy.Float(c) * _written(fit, names[i]) for i, fit, c in self.curves), expr)

    def step(self, names: Sequence[str]) -> str:
        """What was done, in words."""
        shown = ", ".join(f"f({names[i]})" for i, _, _ in self.curves)
        return f"network: {'factors' if self.as_factors else 'terms'} {shown} taken out"


def _written(fit: EdgeFit, name: str) -> sympy.Expr:
    return fit.function.expr(sympy.Symbol(name), fit.a, fit.b)


def _factor(fit: EdgeFit, c: float, name: str) -> sympy.Expr:
    """exp(c·f), of a logarithm as a power."""
    if fit.function.name != "log":
        return sympy.exp(sympy.Float(c) * _written(fit, name))
    near = likely(c, 0.0)
    x = sympy.Symbol(name)
    return (x + sympy.Float(fit.b) if fit.b else x) ** (near if float(near) == c else sympy.Float(c))


def likely(c: float, error: float) -> sympy.Expr:
    """The fraction of a likely denominator that is no farther away than an exponent's error, else the exponent."""
    allowed = min(max(error, LEAST_NEAR), MOST_NEAR)
    for denominator in DENOMINATORS:
        near = Fraction(round(c * denominator), denominator)
        if abs(float(near) - c) <= allowed:
            return sympy.Rational(near.numerator, near.denominator)
    return sympy.Float(c)


def taken_out(grown: Grown, reading: Reading, names: Mapping[int, EdgeFit], data: Dataset) -> Taken | None:
    """The curves of inputs that stand alone, with coefficients fitted to what the rest of the network leaves.

    names: of the inputs that may be taken out. None where nothing can be taken out, or nothing would be left.
    """
    import torch

    power = grown.transform.power
    chosen = [i for i in reading.alone if i in names]
    left = tuple(i for i in range(len(reading.spans)) if i not in chosen and i not in reading.unused)
    if not left or not chosen:
        return None
    first = grown.model.layers[0]
    X = torch.from_numpy(grown.coordinates(data.X))
    with torch.no_grad():
        outer = float(grown.model.layers[1].constants[0, 0, 2])
        rest = grown.model(X)[:, 0].numpy() - outer * first.activations(X)[:, chosen, 0].sum(1).numpy()
    t = grown.transform.forward(grown.sign * data.y) - grown.mean - grown.scale * rest
    fits = [names[i] for i in chosen]
    columns = [fit.function.inner(data.X[:, i], fit.a, fit.b) for i, fit in zip(chosen, fits)]
    A = np.column_stack([*columns, np.ones(data.rows)])
    w = np.linalg.lstsq(A, t, rcond=None)[0]
    errors = float(np.std(t - A @ w)) * np.sqrt(np.diag(np.linalg.pinv(A.T @ A)))
    taken = []
    for i, fit, c, error, column in zip(chosen, fits, w.tolist(), errors.tolist(), columns):
        exponent = power == LOGARITHM and fit.function.name == "log"
        missed = grown.t_error * grown.scale / (float(np.std(column)) or 1.0)
        taken.append(
            (
                i,
                fit,
                float(likely(c, max(error, missed))) if exponent else c * (1 if power == LOGARITHM else grown.sign),
            )
        )
    return Taken(left, tuple(taken), power == LOGARITHM)
