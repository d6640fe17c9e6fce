"""What all moves share: the rows they are judged on, coordinates, and how an input leaves a state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.result.derivation import Step
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import Field

MOST_EXPONENT, TRIM = 6, 0.92
MILDER = 0.7  # of the tail of a product, for its inverse to be taken


class Rows:
    """The sample of rows that the moves are judged on, weighted so that every row's gradient counts alike."""

    def __init__(self, state: State, field: Field, sample: int) -> None:
        self.state, self.n = state, state.X.shape[1]
        self.tolerance, self.noisy = field.tolerance, field.blur > 0
        steep = np.sqrt(np.sum((field.gradient * state.X.std(0)) ** 2, axis=1))
        weight = 1 / (steep + max(0.1 * float(np.median(steep)), field.blur) + 1e-300)
        good = np.flatnonzero(np.isfinite(field.gradient).all(1) & np.isfinite(weight))
        rows = good[-sample:]
        self.X = state.X[rows]
        self.gradient = field.gradient[rows] * weight[rows, None]  # of T(z)
        self.z = state.z[rows]
        self.unit = field.slope[rows] * weight[rows]  # T'(z)
        self.value = self.z * self.unit  # z·T'(z)
        self.plain = field.gradient[rows] / field.slope[rows, None]  # of z itself
        reach = np.abs(self.gradient * state.X.std(0))
        self.reach = reach / (np.sqrt(np.mean(reach**2)) + 1e-300)

    def weight(self, i: int, j: int) -> Array:
        """What a row counts for where the slopes along two inputs are compared, (rows,): little where either is 0."""
        weight = 1 / np.sqrt(1 / (self.reach[:, i] ** 2 + 1e-12) + 1 / (self.reach[:, j] ** 2 + 1e-12))
        return np.asarray(np.minimum(weight, 3 * np.median(weight)))


def misfit_of(residual: Array, reference: Array) -> float:
    """The rms residual over the rms of the reference, without the worst rows."""
    keep = np.abs(residual) <= np.quantile(np.abs(residual), TRIM)
    return float(np.sqrt(np.mean(residual[keep] ** 2) / (np.mean(reference[keep] ** 2) + 1e-300)))


def power_product(X: Array, e: Array) -> Array:
    """Π x_k**e_k, (rows,), where half exponents are of sizes; X: (rows, n), e: (n,) whole or half."""
    odd = np.where(e % 2 == 1, np.sign(X), 1.0)
    return np.asarray(np.prod(np.where(e == 0, 1.0, np.abs(X) ** e * odd), axis=1))


def raised(x: Array, power: sympy.Rational) -> Array:
    return x ** int(power) if power.is_Integer and power > 0 else x ** float(power)


def milder(u: Array, expr: sympy.Expr) -> tuple[Array, sympy.Expr]:
    """u or 1/u, whichever has its largest values nearer to the typical one: a smooth model follows it better."""
    with np.errstate(all="ignore"):
        tails = [float(np.max(size) / np.median(size)) for size in (np.abs(u), np.abs(1 / u))]
    return (1 / u, 1 / expr) if tails[1] < MILDER * tails[0] else (u, expr)


def drop(state: State, i: int) -> State:
    keep = [k for k in range(len(state.inputs)) if k != i]
    return replace(state, X=state.X[:, keep], inputs=tuple(state.inputs[k] for k in keep),
                   moves=(*state.moves, Step(f"without {state.inputs[i]}")))  # fmt: skip


def multiplied(back: Callable[[sympy.Expr], sympy.Expr], factor: sympy.Expr, expr: sympy.Expr) -> sympy.Expr:
    return back(factor * expr)


def added(back: Callable[[sympy.Expr], sympy.Expr], term: sympy.Expr, expr: sympy.Expr) -> sympy.Expr:
    return back(term + expr)


def name_of(rows: Rows, i: int) -> str:
    return str(rows.state.inputs[i])
