"""Additive terms: T(z) = number·Π x_k**p_k + rest, where the rest does not depend on x_i.

The slope of T(z) along x_i is a power product then, whose exponents are a regression of logarithms. T is z itself, a
power of it or its logarithm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy

from kansr.expression.nice_numbers import factor_near
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING
from kansr.result.derivation import Step
from kansr.structure.moves.gradient.sample import (
    GradientSample,
    half,
    halves,
    limited,
    misfit_of,
    monomial,
    power_of,
)
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import TARGET_SYMBOL, Back, State, without_inputs
from kansr.structure.moves.thresholds import CERTAIN, MISFIT_ROUNDING, ROUNDED
from kansr.structure.surrogate.target_transforms import IDENTITY, Transform, View, powers, sign_under

TRANSFORMS = powers(1, 0, -1, 2, -2)  # of a target of one sign, that a term is subtracted from


@dataclass(frozen=True, eq=False)
class Term:
    """number·Π x_k**powers[k], subtracted from the transformed target, which then does not depend on input `index`.

    misfit: relative rms of the slope along this input; less is better.
    """

    index: int
    transform: Transform
    number: sympy.Expr
    powers: dict[int, sympy.Rational]
    misfit: float

    def values(self, X: Array) -> Array:
        """X: (rows, n) -> (rows,)"""
        product: Array = np.full(len(X), float(self.number))
        for k, e in self.powers.items():
            product = product * power_of(X[:, k], e)
        return product

    def product(self, inputs: Sequence[sympy.Expr]) -> sympy.Expr:
        """The term without its number, in the inputs of the table."""
        return sympy.Mul(*(inputs[k] ** e for k, e in self.powers.items()))


def additive_terms(sample: GradientSample) -> Iterator[Move]:
    """For each transform of the target, single terms, and all that are certain at once."""
    z = sample.state.z
    for transform in TRANSFORMS if z.min() > 0 or z.max() < 0 else (IDENTITY,):
        found = [term for i in range(sample.n) if (term := _term(sample, i, transform)) is not None]
        for term in found:
            yield _move(sample, [term], f"peel {sample.name(term.index)}{_from(transform)}")
        certain = [term for term in found if term.misfit < CERTAIN]
        if len(certain) > 1:
            yield _move(sample, certain, f"peel all certain terms{_from(transform)}")


def _from(transform: Transform) -> str:
    power = transform.power
    return "" if power == 1 else " from the logarithm" if power == 0 else f" from the power {power}"


def _move(sample: GradientSample, terms: Sequence[Term], name: str) -> Move:
    fitted = any(term.number.atoms(sympy.Float) for term in terms)
    misfit = min(term.misfit for term in terms)
    cost = (1.0 if len(terms) == 1 else 0.5) + (terms[0].transform.power != 1) + fitted
    apply = partial(_without_terms, sample.state, terms, misfit if fitted else 0.0)
    return Move(misfit, cost, name, sample.used(term.index for term in terms), apply, removes=len(terms))


def _term(sample: GradientSample, i: int, transform: Transform) -> Term | None:
    """The term that input i stands in, None where the slope along it is no power product, or its integral is none."""
    slope = sample.plain_gradient[:, i] * View.of(transform, sample.z).slope
    e = _exponents(sample, slope)
    if e is None or e[i] == -1:
        return None
    product = monomial(sample.X, e)
    c = float(np.sum(slope * product) / np.sum(product * product))
    misfit = misfit_of(slope - c * product, slope)
    if misfit > sample.max_misfit / 2:
        return None
    e[i] += 1
    number = factor_near(c / e[i])
    if number is None or misfit_of(slope - float(number) * e[i] * product, slope) > max(
        ROUNDED * misfit, MISFIT_ROUNDING
    ):
        number = sympy.Float(c / e[i])
    return Term(i, transform, number, {k: half(e[k]) for k in range(sample.n) if e[k]}, misfit)


def _exponents(sample: GradientSample, slope: Array) -> Array | None:
    """The exponents of a power product nearest to the slope, (n,); None where they are no integers or halves.

    slope: (m,)
    """
    if np.any(sample.X == 0) or np.any(slope == 0) or not np.isfinite(slope).all():
        return None
    weight = limited(np.abs(slope))
    A = np.column_stack([np.ones(len(slope)), np.log(np.abs(sample.X))])
    fitted = np.linalg.lstsq(A * weight[:, None], np.log(np.abs(slope)) * weight, rcond=ROUNDING)[0][1:]
    e = halves(fitted)
    return e if e is not None and all(sample.positive(k) for k in np.flatnonzero(e % 1)) else None


def _without_terms(state: State, terms: Sequence[Term], value_error: float) -> State | None:
    """The state without the distinct ones of the terms. value_error: relative error of their numbers."""
    distinct = {term.product(state.inputs): term for term in terms}
    expr = sympy.Add(*(term.number * product for product, term in distinct.items()))
    values = np.sum([term.values(state.X) for term in distinct.values()], axis=0)
    new = subtract_term(state, terms[0].transform, expr, values, [term.index for term in terms])
    return None if new is None else replace(new, value_error=max(state.value_error, value_error))


def subtract_term(
    state: State, transform: Transform, term: sympy.Expr, values: Array, gone: Sequence[int]
) -> State | None:
    """T(z) − term as a function of the inputs but for those at `gone`; None where a value is not finite.

    values: (rows,) of the term.
    """
    sign = int(sign_under(transform, state.z))
    with np.errstate(all="ignore"):
        z = transform.forward(sign * state.z) - values
    if not np.isfinite(z).all():
        return None
    step = Step(str(transform.written(sign * TARGET_SYMBOL) - term))
    back = partial(_back, state.back, term, transform, sign)
    return replace(without_inputs(state, gone), z=z, back=back, moves=(*state.moves, step))


def _back(back: Back, term: sympy.Expr, transform: Transform, sign: int, expr: sympy.Expr) -> sympy.Expr:
    return back(sign * transform.symbolic(term + expr))
