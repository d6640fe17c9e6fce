"""Formulas for the curves A and B of a functional scaling, with their constants fitted to the rows and rounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import sympy
from scipy.optimize import least_squares as nonlinear_least_squares

from kansr.expression.domain import is_real_formula
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import fractions_near
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import floats
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import basis, least_squares
from kansr.result.graph import Edge
from kansr.structure.moves.move import TILT
from kansr.structure.moves.state import State
from kansr.structure.moves.thresholds import INTERVALS, KEPT, MISFIT_ROUNDING, NEGLIGIBLE, ROUNDED, SAMPLE_ROWS
from kansr.symbolic.matching.match import MatchConfig, match, score

U = sympy.Symbol("u")  # the input whose functions are looked for
NEAR = 0.01  # share of a constant within which fractions are tried; never measured alone
DENOMINATORS = (1, 2, 3, 4)  # of these fractions
EVALUATIONS = 12  # evaluations of the residuals in a fit of constants
VIEWS = tuple((p, q) for p in (1, -1, 2) for q in (0, 1, -1, 2, -2))  # curve**p·u**q is matched to the library
BITS_OF_VIEW = 2.0  # bits that p ≠ 1, and q ≠ 0, add to the length of a match


@dataclass(frozen=True, eq=False)
class Scaling:
    """The curves of input `index`: log A, and log B where input `other` scales too, at `points`; (POINTS,) each.

    power: of the target, before `offset` is subtracted. misfit: relative rms of the slope along the input.
    """

    index: int
    other: int | None
    power: int
    offset: sympy.Expr
    points: Array
    curves: tuple[Array, ...]
    misfit: float


@dataclass(frozen=True, eq=False)
class Formulas:
    """Formulas in U for A, and for B where another input scales; misfit: relative rms on the rows, less is better."""

    exprs: list[sympy.Expr]
    misfit: float


def formulas_of_curve(points: Array, curve: Array, misfit: float, config: MatchConfig) -> list[sympy.Expr]:
    """The formulas nearest to exp(curve), up to a factor. points, curve: (POINTS,); misfit: relative error of both."""
    if np.ptp(curve) < misfit:
        return [sympy.S.One]
    found: list[tuple[float, int, sympy.Expr]] = []
    for power, q in VIEWS:
        if q and np.any(points == 0):
            continue
        y = np.exp(power * (curve - curve.mean())) * points ** float(q)
        for fit in match(Edge("u", "A", points, y, misfit * float(np.std(y))), config)[:KEPT]:
            length = score(fit, max(misfit, MISFIT_ROUNDING) ** 2) + BITS_OF_VIEW * ((q != 0) + (power != 1))
            expr = canonical(fit.expr(U) * U**-q) ** sympy.Rational(1, power)
            found.append((length, len(found), canonical(expr).as_coeff_Mul()[1]))
    return list(dict.fromkeys(expr for _, _, expr in sorted(found, key=lambda row: row[:2])))[:KEPT]


def fitted_to_rows(state: State, scaling: Scaling, options: Sequence[list[sympy.Expr]]) -> Formulas | None:
    """The best of the options, its constants fitted to the rows of a state of two inputs and rounded.

    None where its misfit is not negligible.
    """
    rows = _Rows(state, scaling)
    best = min((rows.fitted(exprs) for exprs in options), key=_short_and_near)
    return rows.rounded(best) if best.misfit < NEGLIGIBLE else None


def _short_and_near(formulas: Formulas) -> float:
    length = sum(expr.count_ops() + len(floats(expr)) for expr in formulas.exprs)
    return max(formulas.misfit, MISFIT_ROUNDING) * (1 + TILT * length)


class _Rows:
    """Rows on which t = s + A(u)·F(x·B(u)) is fitted: F is a spline, and only the constants of A and B are searched.

    t: the power of the target, less the offset, in standard deviations; constant: whether s is fitted too.
    """

    def __init__(self, state: State, scaling: Scaling) -> None:
        self.u = state.X[:SAMPLE_ROWS, [scaling.index]]
        self.x = state.X[:SAMPLE_ROWS, 1 - scaling.index]
        t = state.z[:SAMPLE_ROWS] ** float(scaling.power)
        self.t = (t - float(scaling.offset)) / np.std(t)
        self.constant = bool(scaling.offset.atoms(sympy.Float))

    def fitted(self, exprs: Sequence[sympy.Expr]) -> Formulas:
        """The formulas with their constants fitted, from the values that they have."""
        constants = [floats(expr) for expr in exprs]
        tapes = [Tape(expr, (str(U),), own) for expr, own in zip(exprs, constants)]
        start = np.array([float(c) for own in constants for c in own])
        scale = np.where(start != 0, np.abs(start), 1.0)
        ends = np.cumsum([len(own) for own in constants])[:-1]

        def residual(step: Array) -> Array:
            values = np.split(start + step * scale, ends)
            return self._residual(*(tape.value(self.u, own) for tape, own in zip(tapes, values)))

        with np.errstate(all="ignore"):
            step = np.zeros(len(start))
            if len(start):
                step = nonlinear_least_squares(residual, step, max_nfev=EVALUATIONS).x
            misfit = float(np.sqrt(np.mean(residual(step) ** 2)))
        values: Iterator[sympy.Float] = (sympy.Float(float(v)) for v in start + step * scale)
        new = [expr.xreplace({c: next(values) for c in own}) for expr, own in zip(exprs, constants)]
        return Formulas(new, misfit)

    def _residual(self, A: Array, B: Array | None = None) -> Array:
        """Target minus the best A·F, (rows,); twice the spread where A or B has no values. A, B: (rows,)"""
        v = self.x if B is None else self.x * B
        if not (np.isfinite(A).all() and np.isfinite(v).all() and np.ptp(v) > 0):
            return np.full(len(self.t), 2.0)
        columns = basis(v, 3 * INTERVALS)(v) * (A / np.abs(A).max())[:, None]
        if self.constant:
            columns = np.column_stack([columns, np.ones_like(A)])
        return columns @ least_squares(columns, self.t[:, None])[:, 0] - self.t

    def rounded(self, formulas: Formulas) -> Formulas:
        """The formulas with every constant at 0 or a fraction where the rows allow it, the others fitted again."""
        for k, expr in enumerate(formulas.exprs):
            for constant in floats(expr):
                for number in (sympy.S.Zero, *fractions_near(float(constant), DENOMINATORS, NEAR)):
                    new = expr.xreplace({constant: number})
                    if new.has(U) and is_real_formula(new):
                        trial = self.fitted([*formulas.exprs[:k], new, *formulas.exprs[k + 1 :]])
                        if trial.misfit < max(ROUNDED * formulas.misfit, MISFIT_ROUNDING):
                            return self.rounded(trial)
        return formulas
