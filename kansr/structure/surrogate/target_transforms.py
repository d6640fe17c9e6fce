"""What may be done to a target before it becomes a sum: one row each, with the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from kansr.numeric.arrays import Array


@dataclass(frozen=True)
class Transform:
    """t = forward(y), y = inverse(t), on arrays and as sympy; `applies` says for which targets it is one to one."""

    name: str
    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    symbolic: Callable[[sympy.Expr], sympy.Expr]
    applies: Callable[[Array], bool]
    complexity: int = 2


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
    Transform("y", lambda y: y, lambda t: t, lambda t: t, _anything, 0),
    Transform("log(y)", np.log, np.exp, sympy.exp, _positive, 1),
    Transform("1/y", np.reciprocal, np.reciprocal, lambda t: 1 / t, _positive, 1),
    Transform("y^2", np.square, _sqrt, sympy.sqrt, _positive, 1),
    Transform("1/y^2", lambda y: y**-2.0, lambda t: 1 / _sqrt(t), lambda t: 1 / sympy.sqrt(t), _positive),
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


View = tuple[str, Array, Array]


def views(z: Array, noisy: bool = False) -> list[View]:
    """(name, T(z), T'(z)) for the transforms T that are one to one on these values.

    noisy: whether a few small values of the other sign may be noise; asinh is their logarithm.
    """
    rows = [("z", z, np.ones_like(z))]
    floor = _floor(z)
    if noisy and floor > 0:
        rows += [("asinh z", np.arcsinh(z / floor), 1 / np.hypot(z, floor))]
    if z.min() > 0 or z.max() < 0:
        with np.errstate(all="ignore"):
            rows += [("log z", np.log(np.abs(z)), 1 / z), ("1/z", 1 / z, -1 / z**2), ("z^2", z * z, 2 * z)]
    return [row for row in rows if np.isfinite(row[1]).all() and np.isfinite(row[2]).all() and np.std(row[1]) > 0]


def seen_from(name: str, t: Array, z: Array) -> Array:
    """The values behind those of a view: views(z) named `name` turned back, at any t. z: what the view was of."""
    sign = -1.0 if z.max() < 0 else 1.0
    if name == "log z":
        return sign * np.exp(t)
    if name == "asinh z":
        return np.asarray(_floor(z) * np.sinh(t))
    if name == "1/z":
        return 1 / t
    return sign * np.sqrt(np.maximum(t, 0)) if name == "z^2" else t


def _floor(z: Array) -> float:
    """The typical size of the few values of the other sign; 0 where there are none, or where they are no noise."""
    other = z[z * np.sign(z.sum()) < 0]
    return float(np.sqrt(np.mean(other**2))) if 0 < np.abs(other).sum() < FEW_OTHERS * np.abs(z).sum() else 0.0


FEW_OTHERS = 0.03  # share of the values of the other sign in all, by size, up to which they may be noise
