"""Functional scalings: one input scales the target, and another input, by unknown functions: z**p = s + A(u)·F(x·B(u)).

With t = z**p the slope ∂t/∂u is α(u)·(t − s) + β(u)·x·∂t/∂x then, where α = A'/A and β = B'/B: linear in the two
curves, which are splines here. In Euler's relation A and B are powers of u. `functional_scaling_fit.py` finds formulas
for A and B.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import sympy
from scipy.integrate import cumulative_trapezoid

from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import factor_near
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import Basis, basis, least_squares
from kansr.result.derivation import Step
from kansr.structure.moves.gradient.functional_scaling_fit import (
    Formulas,
    Scaling,
    U,
    fitted_to_rows,
    formulas_of_curve,
)
from kansr.structure.moves.gradient.sample import GradientSample, is_continuous, misfit_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import TARGET_SYMBOL, Back, State, without_input
from kansr.structure.moves.thresholds import DOUBTFUL, INTERVALS, NEGLIGIBLE, POINTS, SIMPLER
from kansr.symbolic.matching.match import MatchConfig

POWERS = (1, -1, 2, -2)  # of the target, that a number may be subtracted from
MOVES_OF_INPUT = 2  # moves for each input; carrying one out takes a second


def functional_scalings(sample: GradientSample, config: MatchConfig) -> Iterator[Move]:
    """The best moves for every input: with and without another input that scales, and a number beside the target."""
    for i in range(sample.n):
        if not is_continuous(sample.X[:, i]):
            continue
        spline = basis(sample.X[:, i], INTERVALS)
        others = (None, *(k for k in range(sample.n) if k != i))
        options = [_scaling(sample, spline, i, other, power) for other in others for power in (None, *POWERS)]
        found = sorted((option for option in options if option is not None), key=_simple_and_near)
        for scaling in found[:MOVES_OF_INPUT]:
            yield _move(sample, scaling, config)


def _simple_and_near(scaling: Scaling) -> float:
    return scaling.misfit * SIMPLER ** ((scaling.other is not None) + (scaling.offset != 0))


def _scaling(sample: GradientSample, spline: Basis, i: int, other: int | None, power: int | None) -> Scaling | None:
    """The curves of input i by least squares; None where their misfit is large.

    power: of the target beside a number s; None for the target itself, and s = 0.
    """
    slope, D = sample.gradient[:, i], spline(sample.X[:, i])
    moved = [] if other is None else [D * (sample.X[:, other] * sample.gradient[:, other])[:, None]]
    value, offset = sample.value, sympy.S.Zero
    if power is not None:
        unit = _unit(sample, power)
        number = None if unit is None else _offset(sample, D, moved, slope, unit, power)
        if unit is None or number is None:
            return None
        offset = number
        value = value - float(offset) * unit
    A = np.hstack([D * value[:, None], *moved])
    w = least_squares(A, slope[:, None])[:, 0]
    misfit = misfit_of(slope - A @ w, slope)
    if not misfit < DOUBTFUL:
        return None
    x = sample.X[:, i]
    points: Array = np.linspace(float(x.min()), float(x.max()), POINTS, dtype=np.float64)
    slopes = spline(points) @ w.reshape(-1, D.shape[1]).T * np.array([power or 1, 1])[: 1 + len(moved)]
    curves = tuple(cumulative_trapezoid(curve, points, initial=0.0) for curve in slopes.T)
    return Scaling(i, other, power or 1, offset, points, curves, misfit)


def _unit(sample: GradientSample, power: int) -> Array | None:
    """The slope of w·T(z) along z**power, up to a factor, (m,); None where it is not finite."""
    if power % 2 == 0 and sample.state.z.min() < 0 < sample.state.z.max():  # its root would lose the sign
        return None
    with np.errstate(all="ignore"):
        unit = sample.slope * sample.z ** (1.0 - power)
    return unit if np.isfinite(unit).all() else None


def _offset(
    sample: GradientSample, D: Array, moved: Sequence[Array], slope: Array, unit: Array, power: int
) -> sympy.Expr | None:
    """The number s beside z**power, a nice number where one is near; None where it is negligible.

    ∂t/∂u = α(u)·t − α(u)·s + …, with both curves free: s is the ratio of the second curve to the first.
    """
    w = least_squares(np.hstack([D * sample.value[:, None], D * unit[:, None], *moved]), slope[:, None])[:, 0]
    alpha, beta = D @ w[: D.shape[1]], D @ w[D.shape[1] : 2 * D.shape[1]]
    s = -float(alpha @ beta / (alpha @ alpha))
    if abs(s) < NEGLIGIBLE * float(np.median(np.abs(sample.z ** float(power)))):
        return None
    nice = factor_near(s)
    return sympy.Float(s) if nice is None else nice


def _move(sample: GradientSample, scaling: Scaling, config: MatchConfig) -> Move:
    scaled = [scaling.index] if scaling.other is None else [scaling.index, scaling.other]
    cost = 0.5 * (len(scaled) + (scaling.offset != 0)) + bool(scaling.offset.atoms(sympy.Float))
    target = f"target^{scaling.power} - {scaling.offset}" if scaling.offset != 0 else "target"
    name = f"stretch {target}{''.join(f', {sample.name(k)}' for k in scaled[1:])} by {sample.name(scaling.index)}"
    return Move(scaling.misfit, cost, name, sample.used(scaled), partial(_apply, sample.state, scaling, config))


def _apply(state: State, scaling: Scaling, config: MatchConfig) -> State | None:
    """The state without the input, if formulas are found for its curves."""
    options = [formulas_of_curve(scaling.points, curve, scaling.misfit, config) for curve in scaling.curves]
    if not all(options):
        return None
    if len(state.inputs) == 2:
        formulas = fitted_to_rows(state, scaling, [list(chosen) for chosen in product(*options)])
    else:
        formulas = Formulas([expr for expr, *_ in options], scaling.misfit)
    return _scaled(state, scaling, formulas) if formulas is not None else None


def _scaled(state: State, scaling: Scaling, formulas: Formulas) -> State | None:
    """(z**power − offset)/A(u) as a function of x·B(u) and the other inputs; None where a value is not finite."""
    u, values = state.inputs[scaling.index], state.X[:, [scaling.index]]
    A, *B = (expr.xreplace({U: u}) for expr in formulas.exprs)
    X, inputs = state.X.copy(), list(state.inputs)
    with np.errstate(all="ignore"):
        a, *b = (Tape(expr, (str(U),)).value(values) for expr in formulas.exprs)
        if scaling.other is not None:
            X[:, scaling.other] *= b[0]
            inputs[scaling.other] = inputs[scaling.other] * B[0]
        z = (state.z ** float(scaling.power) - float(scaling.offset)) / a
    if not np.isfinite(z).all() or not np.isfinite(X).all():
        return None
    sign = -1 if scaling.power % 2 == 0 and state.z.max() < 0 else 1
    back = partial(_back, state.back, A, scaling.offset, sympy.Rational(1, scaling.power), sign)
    fitted = any(expr.atoms(sympy.Float) for expr in (*formulas.exprs, scaling.offset))
    value_error = max(state.value_error, formulas.misfit if fitted else 0.0)
    said = [
        (TARGET_SYMBOL**scaling.power - scaling.offset) / A,
        *(inputs[k] for k in (scaling.other,) if k is not None),
    ]
    new = replace(state, X=X, z=z, inputs=tuple(inputs), back=back, value_error=value_error)
    step = Step(", ".join(map(str, said)))
    return replace(without_input(new, scaling.index), moves=(*state.moves, step))


def _back(back: Back, A: sympy.Expr, offset: sympy.Expr, root: sympy.Expr, sign: int, expr: sympy.Expr) -> sympy.Expr:
    return back(sign * (A * expr + offset) ** root)
