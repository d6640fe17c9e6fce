"""The terms that a right-hand side is made of: derivatives of powers, which a weak form needs no derivative for.

u·u_x is half of the derivative of u², and so on: the conservative form. Of a term that is written out, as u*u_x, the
number is left out, and goes into the coefficient.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.numeric.arrays import Array

MOST_POWER = 4  # of u in ∂(u^p): u³·u_x is the last
MOST_ORDER = 4  # of all derivatives of a term together


@dataclass(frozen=True)
class Term:
    """∂^q (u^p). power: p; orders: q along each axis of space, (axes,)."""

    power: int
    orders: tuple[int, ...]

    @property
    def order(self) -> int:
        return sum(self.orders)

    @property
    def bits(self) -> float:
        """The length of its name: one bit for each power and derivative and for the end of both, and for the axes."""
        return self.power + 1 + self.order * (1 + math.log2(len(self.orders))) + 1

    def values(self, u: Array, noise: float) -> Array:
        """u^p, unbiased where u has Gaussian noise of this standard deviation: Hermite's polynomials of u."""
        return _hermite(u, noise**2, self.power)

    def slopes(self, u: Array, noise: float) -> Array:
        """The derivative of `values` by u."""
        return self.power * _hermite(u, noise**2, self.power - 1) if self.power else np.zeros_like(u)

    def written(self, name: str, axes: Sequence[str]) -> tuple[int, sympy.Expr]:
        """A whole number and an expression in u, u_x, …, whose product the term is. name: of u."""
        expr: sympy.Expr = sympy.Integer(1)
        base = {(0,) * len(self.orders): self.power}
        sums = {tuple(sorted(base.items())): 1}
        for axis, order in enumerate(self.orders):
            for _ in range(order):
                sums = _differentiated(sums, axis)
        common = math.gcd(*sums.values())
        products = [
            sympy.Mul(count // common, *(symbol(name, axes, orders) ** power for orders, power in product))
            for product, count in sums.items()
        ]
        expr = sympy.Add(*products)
        return common, expr


Product = tuple[tuple[tuple[int, ...], int], ...]  # powers of derivatives of u, by their orders along each axis


def _differentiated(sums: dict[Product, int], axis: int) -> dict[Product, int]:
    """The derivative of a sum of products along an axis: the product rule."""
    result: dict[Product, int] = {}
    for product, count in sums.items():
        for orders, power in product:
            factors = dict(product)
            factors[orders] -= 1
            raised = tuple(order + (place == axis) for place, order in enumerate(orders))
            factors[raised] = factors.get(raised, 0) + 1
            key = tuple(sorted((o, p) for o, p in factors.items() if p))
            result[key] = result.get(key, 0) + count * power
    return result


def _hermite(u: Array, variance: float, degree: int) -> Array:
    """He_n with this variance: its mean over u + noise is u^n."""
    before, value = np.zeros_like(u), np.ones_like(u)
    for n in range(degree):
        before, value = value, u * value - n * variance * before
    return value


def symbol(name: str, axes: Sequence[str], orders: Sequence[int]) -> sympy.Symbol:
    """The symbol of a derivative: u, u_x, u_xx, u_xy; of axes with longer names u_pos_pos."""
    letters = [axis for axis, order in zip(axes, orders) for _ in range(order)]
    joint = "" if all(len(axis) == 1 for axis in axes) else "_"
    return sympy.Symbol(f"{name}_{joint.join(letters)}" if letters else name)


def terms_of(axes: int) -> list[Term]:
    """All terms for so many axes of space: 1, powers of u, and derivatives of powers."""
    every = [q for q in itertools.product(range(MOST_ORDER + 1), repeat=axes) if sum(q) <= MOST_ORDER]
    every.sort(key=lambda q: (sum(q), tuple(-n for n in q)))
    flat = (0,) * axes
    return [Term(0, flat), *(Term(p, q) for p in range(1, MOST_POWER + 1) for q in every)]
