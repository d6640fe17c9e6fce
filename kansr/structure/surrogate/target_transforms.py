"""Transforms of the target: what it may be before it becomes simple or smooth, one row each, with the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sympy

from kansr.numeric.arrays import Array


@dataclass(frozen=True)
class Transform:
    """t = forward(y), y = inverse(t), on arrays; `applies` says for which targets it is one to one.

    symbolic: the inverse as sympy; power: t = y**power, 0 where t = log(y), None where it is no power; slope: dt/dy,
    where it is asked for.
    """

    name: str
    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    symbolic: Callable[[sympy.Expr], sympy.Expr]
    applies: Callable[[Array], bool]
    complexity: int = 2
    power: int | None = None
    slope: Callable[[Array], Array] | None = None

    def written(self, y: sympy.Expr) -> sympy.Expr:
        """t as sympy, for powers."""
        return sympy.log(y) if self.power == 0 else y**self.power


def _anything(y: Array) -> bool:
    return True


def _positive(y: Array) -> bool:
    return bool(y.min() > 0)


def _within(low: float, high: float) -> Callable[[Array], bool]:
    return lambda y: bool(y.min() >= low and y.max() <= high)


def _sqrt(t: Any) -> Any:
    return np.sqrt(np.maximum(t, 0))


# Targets of one negative sign are turned round first, so "positive" rows serve them as well.
# fmt: off
TRANSFORMS: tuple[Transform, ...] = (
    Transform("y", lambda y: y, lambda t: t, lambda t: t, _anything, 0, 1, np.ones_like),
    Transform("log(y)", np.log, np.exp, sympy.exp, _positive, 1, 0, lambda y: 1 / y),
    Transform("1/y", np.reciprocal, np.reciprocal, lambda t: 1 / t, _positive, 1, -1, lambda y: -1 / y**2),
    Transform("y^2", np.square, _sqrt, sympy.sqrt, _positive, 1, 2, lambda y: 2 * y),
    Transform(
        "1/y^2", lambda y: y**-2.0, lambda t: 1 / _sqrt(t), lambda t: 1 / sympy.sqrt(t), _positive, 2, -2,
        lambda y: -2 * y**-3.0,
    ),
    Transform("sqrt(y)", np.sqrt, np.square, lambda t: t**2, _positive),
    Transform("1/sqrt(y)", lambda y: y**-0.5, lambda t: t**-2.0, lambda t: t**-2, _positive),
    Transform("exp(y)", np.exp, lambda t: np.log(np.maximum(t, 1e-300)), sympy.log, _within(-20, 20)),
    Transform("sin(y)", np.sin, lambda t: np.arcsin(np.clip(t, -1, 1)), sympy.asin, _within(-np.pi / 2, np.pi / 2), 3),
    Transform("cos(y)", np.cos, lambda t: np.arccos(np.clip(t, -1, 1)), sympy.acos, _within(0, np.pi), 3),
    Transform("tan(y)", np.tan, np.arctan, sympy.atan, _within(-1.57, 1.57), 3),
    Transform(
        "log(sin(y))", lambda y: np.log(np.sin(y)), lambda t: np.arcsin(np.exp(np.minimum(t, 0))),
        lambda t: sympy.asin(sympy.exp(t)), _within(1e-12, np.pi / 2), 4,
    ),
    Transform(
        "log(cos(y))", lambda y: np.log(np.cos(y)), lambda t: np.arccos(np.exp(np.minimum(t, 0))),
        lambda t: sympy.acos(sympy.exp(t)), _within(0, np.pi / 2 - 1e-12), 4,
    ),
    Transform(
        "log(tan(y))", lambda y: np.log(np.tan(y)), lambda t: np.arctan(np.exp(t)),
        lambda t: sympy.atan(sympy.exp(t)), _within(1e-12, np.pi / 2 - 1e-12), 4,
    ),
    Transform("asin(y)", np.arcsin, np.sin, sympy.sin, _within(-1, 1), 3),
    Transform("atanh(y)", np.arctanh, np.tanh, sympy.tanh, _within(-1 + 1e-9, 1 - 1e-9), 3),
)
# fmt: on


def transformed(y: Array) -> list[tuple[Transform, float, Array]]:
    """(transform, sign, forward(sign·y)) for every transform that suits the target and stays finite."""
    sign = -1.0 if y.max() < 0 else 1.0
    rows = []
    for transform in TRANSFORMS:
        if transform.applies(sign * y):
            with np.errstate(all="ignore"):
                t = transform.forward(sign * y)
            if np.isfinite(t).all() and np.std(t) > 1e-12 * np.abs(t).mean():
                rows.append((transform, sign, t))
    return rows


class View(NamedTuple):
    """A target z under a transform T, as surrogates are fitted to it: t = T(sign·z) and dt/dz, (rows,) each.

    Targets of one negative sign are turned round, but for odd powers, which take them as they are.
    """

    transform: Transform
    sign: float
    t: Array
    slope: Array

    @classmethod
    def of(cls, transform: Transform, z: Array) -> View:
        """The view of z, not finite where it has none; for transforms with a slope."""
        assert transform.slope is not None
        sign = sign_under(transform, z)
        with np.errstate(all="ignore"):
            return cls(transform, sign, transform.forward(sign * z), sign * transform.slope(sign * z))

    @property
    def name(self) -> str:
        return self.transform.name

    def target(self, t: Array) -> Array:
        """The values of z at any values of t."""
        return self.sign * self.transform.inverse(t)


def sign_under(transform: Transform, z: Array) -> float:
    """What z is multiplied by before the transform, and its inverse after it."""
    odd = transform.power is not None and transform.power % 2 == 1
    return -1.0 if z.max() < 0 and not odd else 1.0


def powers(*exponents: int) -> tuple[Transform, ...]:
    """The transforms to these powers, 0 for the logarithm."""
    by_power = {transform.power: transform for transform in TRANSFORMS}
    return tuple(by_power[exponent] for exponent in exponents)


IDENTITY, *OTHERS = powers(1, 0, -1, 2)


def views(z: Array, noisy: bool = False) -> list[View]:
    """The views that surrogates are fitted to: those that are one to one on these values.

    noisy: whether a few small values of the other sign may be noise; asinh is their logarithm.
    """
    floor = _floor(z)
    chosen = [IDENTITY, *([_asinh(floor)] if noisy and floor > 0 else [])]
    chosen += OTHERS if z.min() > 0 or z.max() < 0 else []
    found = [View.of(transform, z) for transform in chosen]
    return [v for v in found if np.isfinite(v.t).all() and np.isfinite(v.slope).all() and np.std(v.t) > 0]


def _asinh(floor: float) -> Transform:
    """The logarithm of values far above the floor, of either sign, and a straight line below it."""
    return Transform(
        "asinh(y)",
        lambda y: np.arcsinh(y / floor),
        lambda t: floor * np.sinh(t),
        lambda t: sympy.Float(floor) * sympy.sinh(t),
        _anything,
        slope=lambda y: 1 / np.hypot(y, floor),
    )


def _floor(z: Array) -> float:
    """The typical size of the few values of the other sign; 0 where there are none, or where they are no noise."""
    other = z[z * np.sign(z.sum()) < 0]
    return float(np.sqrt(np.mean(other**2))) if 0 < np.abs(other).sum() < FEW_OTHERS * np.abs(z).sum() else 0.0


FEW_OTHERS = 0.03  # share of the values of the other sign in all, by size, up to which they may be noise
