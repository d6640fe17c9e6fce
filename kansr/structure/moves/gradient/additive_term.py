"""Terms that stand alone: under a power of the target, or its logarithm, an input's slope is a power product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy

from kansr.expression.nice_numbers import factor_near
from kansr.numeric.arrays import Array
from kansr.result.derivation import Step
from kansr.structure.moves.gradient.sample import MOST_EXPONENT, Rows, drop, misfit_of, name_of, power_product, raised
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import TARGET_SYMBOL, State
from kansr.structure.surrogate.target_transforms import IDENTITY, Transform, View, powers, sign_under

CERTAIN = 2e-3  # misfit of a term that is taken off together with others
TARGETS = powers(1, 0, -1, 2, -2)  # that a term is taken from


@dataclass(frozen=True, eq=False)
class Peel:
    """number·Π x_k**powers[k], taken off the transformed target, which leaves no input `index`."""

    index: int
    transform: Transform
    number: sympy.Expr
    powers: dict[int, sympy.Rational]
    misfit: float

    def values(self, X: Array) -> Array:
        product: Array = np.full(len(X), float(self.number))
        for k, e in self.powers.items():
            product = product * raised(X[:, k], e)
        return product

    def symbolic(self, inputs: Sequence[sympy.Expr]) -> sympy.Expr:
        return self.number * self.product(inputs)

    def product(self, inputs: Sequence[sympy.Expr]) -> sympy.Expr:
        return sympy.Mul(*(inputs[k] ** e for k, e in self.powers.items()))


def peels(rows: Rows) -> Iterator[Move]:
    """Single terms, and all that are as good as certain at once, under every power of the target that has any."""
    for transform in TARGETS if rows.state.z.min() > 0 or rows.state.z.max() < 0 else (IDENTITY,):
        found = [peel for i in range(rows.n) if (peel := _peel(rows, i, transform)) is not None]
        for peel in found:
            yield _move(rows, [peel], f"peel {name_of(rows, peel.index)}{_under(transform)}")
        certain = [peel for peel in found if peel.misfit < CERTAIN]
        if len(certain) > 1:
            yield _move(rows, certain, f"peel all certain terms{_under(transform)}")


def _under(transform: Transform) -> str:
    power = transform.power
    return "" if power == 1 else " from the logarithm" if power == 0 else f" from the power {power}"


def _move(rows: Rows, found: list[Peel], name: str) -> Move:
    used = frozenset(rows.state.inputs[peel.index] for peel in found)
    floats = any(peel.number.atoms(sympy.Float) for peel in found)
    misfit = min(peel.misfit for peel in found)
    cost = (1.0 if len(found) == 1 else 0.5) + (found[0].transform.power != 1) + floats
    apply = partial(_apply, rows.state, tuple(found), floats * misfit)
    return Move(1.5 * misfit, cost, name, used, apply, removes=len(found))


def _peel(rows: Rows, i: int, transform: Transform) -> Peel | None:
    if np.any(rows.X == 0):
        return None
    g = rows.plain[:, i] * View.of(transform, rows.z).slope
    if np.any(g == 0) or not np.isfinite(g).all():
        return None
    A = np.column_stack([np.ones(len(rows.X)), np.log(np.abs(rows.X))])
    weight = np.minimum(np.abs(g), 3 * np.median(np.abs(g)))
    w = np.linalg.lstsq(A * weight[:, None], np.log(np.abs(g)) * weight, rcond=1e-10)[0]
    e = np.round(2 * w[1:]) / 2
    if np.abs(w[1:] - e).max() > 0.15 or np.count_nonzero(e) > 5 or np.abs(e).max() > MOST_EXPONENT:
        return None
    if e[i] == -1 or any(rows.state.X[:, k].min() <= 0 for k in range(rows.n) if e[k] % 1):
        return None
    shape = power_product(rows.X, e)
    c = float(np.sum(g * shape) / np.sum(shape * shape))
    misfit = misfit_of(g - c * shape, g)
    if misfit > rows.tolerance / 2:
        return None
    factor = c / (e[i] + 1)
    nice = factor_near(factor)
    if nice is not None and misfit_of(g - float(nice) * (e[i] + 1) * shape, g) > max(1.5 * misfit, 1e-7):
        nice = None
    e[i] += 1
    powers = {k: sympy.Rational(int(2 * e[k]), 2) for k in range(rows.n) if e[k]}
    return Peel(i, transform, sympy.Float(factor) if nice is None else nice, powers, misfit)


def _apply(state: State, found: Sequence[Peel], blur: float) -> State | None:
    distinct = {peel.product(state.inputs): peel for peel in found}
    term = sympy.Add(*(peel.symbolic(state.inputs) for peel in distinct.values()))
    values = np.sum([peel.values(state.X) for peel in distinct.values()], axis=0)
    new = taken_off(state, found[0].transform, term, values, [peel.index for peel in found])
    return None if new is None else replace(new, blur=max(state.blur, blur))


def taken_off(state: State, transform: Transform, term: sympy.Expr, values: Array, gone: list[int]) -> State | None:
    """A power of z, or its logarithm, without a term, as a function of the inputs but for `gone`; values: (rows,)."""
    sign = int(sign_under(transform, state.z))
    with np.errstate(all="ignore"):
        z = transform.forward(sign * state.z) - values
    new = replace(state, z=z, back=partial(_back, state.back, term, transform, sign))
    for index in sorted(gone, reverse=True):
        new = drop(new, index)
    said = str(transform.written(sign * TARGET_SYMBOL) - term)
    return replace(new, moves=(*state.moves, Step(said))) if np.isfinite(z).all() else None


def _back(
    back: Callable[[sympy.Expr], sympy.Expr], term: sympy.Expr, transform: Transform, sign: int, expr: sympy.Expr
) -> sympy.Expr:
    return back(sign * transform.symbolic(term + expr))
