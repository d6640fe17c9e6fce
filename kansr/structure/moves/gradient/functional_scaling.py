"""An input along which the target, and one other input, stretch by unknown functions of it: z = s + A(u)·F(x·B(u), …).

∂z/∂u is α(u)·(z − s) + β(u)·x·∂z/∂x then, with α = A'/A and β = B'/B: linear in the two curves. Euler's relation has
a power of u for A and B; here they are splines, and what they are is asked of the matching of one input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from kansr.structure.moves.gradient.functional_scaling_fit import Shapes, Stretch, U, forms, refined
from kansr.structure.moves.gradient.sample import Rows, drop, misfit_of, name_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import TARGET_SYMBOL, State
from kansr.symbolic.matching.match import MatchConfig

G, POINTS = 12, 200
HOPELESS = 0.02  # misfit above which nothing is proposed
POWERS = (1, -1, 2, -2)  # of the target, that a number may be subtracted from
LEAST_OFFSET = 1e-3  # of the target's median, below which a number beside it is none
LEAST_VALUES = 20  # distinct values of an input that curves are drawn over


def stretches(rows: Rows, config: MatchConfig) -> Iterator[Move]:
    """Moves for every input, with and without another one that stretches and a number beside the target."""
    for i in range(rows.n):
        if len(np.unique(rows.X[:100, i])) < LEAST_VALUES:
            continue
        found = []
        b = basis(rows.X[:, i], G)
        for other in (None, *(k for k in range(rows.n) if k != i)):
            for power in (0, *POWERS):
                stretch = _stretch(rows, i, other, power, b)
                if stretch is not None:
                    found.append(stretch)
        for stretch in sorted(found, key=lambda s: s.misfit * 3 ** ((s.other is not None) + (s.power != 0)))[:2]:
            yield _move(rows, stretch, config)


def _stretch(rows: Rows, i: int, other: int | None, power: int, b: Basis) -> Stretch | None:
    """The curves by least squares; power 0: no number beside the target."""
    own, D = rows.gradient[:, i], b(rows.X[:, i])
    value, moved, offset = rows.value, [], sympy.S.Zero
    if other is not None:
        moved = [D * (rows.X[:, other] * rows.gradient[:, other])[:, None]]
    if power % 2 == 0 and power and rows.state.z.min() < 0 < rows.state.z.max():  # its root would lose the sign
        return None
    if power:
        with np.errstate(all="ignore"):
            number = rows.unit * rows.z ** (1.0 - power)
        if not np.isfinite(number).all():
            return None
        w = least_squares(np.hstack([D * value[:, None], D * number[:, None], *moved]), own[:, None])[:, 0]
        alpha, beta = D @ w[: D.shape[1]], D @ w[D.shape[1] : 2 * D.shape[1]]
        s = -float(alpha @ beta / (alpha @ alpha))
        if abs(s) < LEAST_OFFSET * float(np.median(np.abs(rows.z ** float(power)))):
            return None
        nice = factor_near(s)
        offset = sympy.Float(s) if nice is None else nice
        value = value - float(offset) * number
    w = least_squares(np.hstack([D * value[:, None], *moved]), own[:, None])[:, 0]
    misfit = misfit_of(own - np.hstack([D * value[:, None], *moved]) @ w, own)
    if not misfit < HOPELESS:
        return None
    points: Array = np.linspace(float(rows.X[:, i].min()), float(rows.X[:, i].max()), POINTS, dtype=np.float64)
    slopes = b(points) @ w.reshape(-1, D.shape[1]).T * np.array([power or 1, 1])[: 1 + len(moved)]
    curves = tuple(cumulative_trapezoid(slope, points, initial=0.0) for slope in slopes.T)
    return Stretch(i, other, power or 1, offset, points, curves, misfit)


def _move(rows: Rows, stretch: Stretch, config: MatchConfig) -> Move:
    inputs = rows.state.inputs
    with_it = [stretch.index] if stretch.other is None else [stretch.index, stretch.other]
    used = frozenset(inputs[k] for k in with_it)
    cost = 0.7 * len(stretch.curves) + 0.3 * (stretch.offset != 0) + bool(stretch.offset.atoms(sympy.Float))
    target = f"target^{stretch.power} - {stretch.offset}" if stretch.offset != 0 else "target"
    name = f"stretch {target}{''.join(f', {inputs[k]}' for k in with_it[1:])} by {name_of(rows, stretch.index)}"
    return Move(stretch.misfit, cost, name, used, partial(_apply, rows.state, stretch, config))


def _apply(state: State, stretch: Stretch, config: MatchConfig) -> State | None:
    """The state without the input, if formulas are found for its curves."""
    options = [forms(stretch.points, curve, stretch.misfit, config) for curve in stretch.curves]
    if not all(options):
        return None
    if len(state.inputs) == 2:
        fit = refined(state, stretch, [list(chosen) for chosen in product(*options)])
    else:
        fit = Shapes([expr for expr, *_ in options], stretch.offset, stretch.misfit)
    return _without(state, stretch, fit) if fit is not None else None


def _without(state: State, stretch: Stretch, fit: Shapes) -> State | None:
    u, x = state.inputs[stretch.index], state.X[:, [stretch.index]]
    X, inputs = state.X.copy(), list(state.inputs)
    with np.errstate(all="ignore"):
        if stretch.other is not None:
            X[:, stretch.other] *= Tape(fit.exprs[1], (str(U),)).value(x)
            inputs[stretch.other] = inputs[stretch.other] * fit.exprs[1].xreplace({U: u})
        z = (state.z ** float(stretch.power) - float(fit.offset)) / Tape(fit.exprs[0], (str(U),)).value(x)
    if not np.isfinite(z).all() or not np.isfinite(X).all():
        return None
    factor = fit.exprs[0].xreplace({U: u})
    sign = -1 if stretch.power % 2 == 0 and state.z.max() < 0 else 1
    back = partial(_back, state.back, factor, fit.offset, sympy.Rational(1, stretch.power), sign)
    known = not any(expr.atoms(sympy.Float) for expr in (*fit.exprs, fit.offset))
    new = replace(state, X=X, z=z, inputs=tuple(inputs), back=back, blur=max(state.blur, 0.0 if known else fit.misfit))
    said = [
        (TARGET_SYMBOL**stretch.power - fit.offset) / factor,
        *([] if stretch.other is None else [inputs[stretch.other]]),
    ]
    return replace(drop(new, stretch.index), moves=(*state.moves, Step(", ".join(str(e) for e in said))))


def _back(
    back: Callable[[sympy.Expr], sympy.Expr],
    factor: sympy.Expr,
    offset: sympy.Expr,
    root: sympy.Expr,
    sign: int,
    expr: sympy.Expr,
) -> sympy.Expr:
    return back(sign * (factor * expr + offset) ** root)
