"""What the curves of a stretch are: formulas that are refined, and rounded, on the rows themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy
from scipy.optimize import least_squares as nonlinear

from kansr.expression.domain import is_real_formula
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import fractions_near
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import floats
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import basis, least_squares
from kansr.result.graph import Edge
from kansr.structure.moves.state import State
from kansr.symbolic.matching.match import MatchConfig, match, score

U = sympy.Symbol("u")
ROWS, G = 500, 36  # rows and intervals that constants are refined on
KEEP = 3  # formulas of each curve that are refined
BELIEVED = 3e-4  # misfit on the rows up to which the formulas are believed
ROUNDS_UP = 1.2  # how much more a rounded constant may leave
NEAR, DENOMINATORS = 0.01, (1, 2, 3, 4)  # share of a constant within which fractions are tried
FLOOR = 1e-7  # misfit below which the shorter formula is the better one
# The curve's power that is matched, and what it is multiplied by: a power of u
VIEWS = tuple((p, q) for p in (1, -1, 2) for q in (0, 1, -1, 2, -2))


@dataclass(frozen=True, eq=False)
class Stretch:
    """Curves of input `index`: log A, and log B where input `other` stretches, at `points`, (POINTS,) each.

    The target's `power` is taken before `offset` is subtracted.
    """

    index: int
    other: int | None
    power: int
    offset: sympy.Expr
    points: Array
    curves: tuple[Array, ...]
    misfit: float


@dataclass(frozen=True, eq=False)
class Shapes:
    """Formulas in U for the curves, and the number beside the target; misfit: what they leave over the spread."""

    exprs: list[sympy.Expr]
    offset: sympy.Expr
    misfit: float


def forms(points: Array, curve: Array, misfit: float, config: MatchConfig) -> list[sympy.Expr]:
    """What exp(curve), known up to a factor, may be: the likeliest first. points, curve: (points,)"""
    if np.ptp(curve) < misfit:
        return [sympy.S.One]
    found: list[tuple[float, int, sympy.Expr]] = []
    for power, q in VIEWS:
        if q and np.any(points == 0):
            continue
        y = np.exp(power * (curve - curve.mean())) * points ** float(q)
        for fit in match(Edge("u", "A", points, y, misfit * float(np.std(y))), config)[:KEEP]:
            cost = score(fit, max(misfit, FLOOR) ** 2) + 4.0 * bool(q) + 2.0 * (power != 1)
            expr = canonical(fit.expr(U) * U**-q) ** sympy.Rational(1, power)
            found.append((cost, len(found), canonical(expr).as_coeff_Mul()[1]))
    return list(dict.fromkeys(expr for _, _, expr in sorted(found, key=lambda row: row[:2])))[:KEEP]


def refined(state: State, stretch: Stretch, options: Sequence[list[sympy.Expr]]) -> Shapes | None:
    """The best of the options with its constants fitted to the rows of a state of two inputs, and rounded."""
    rows = _Rows(state, stretch)
    fits = [rows.fitted(exprs) for exprs in options]
    best = min(
        fits, key=lambda fit: max(fit.misfit, FLOOR) * 1.1 ** sum(e.count_ops() + len(floats(e)) for e in fit.exprs)
    )
    return rows.rounded(best) if best.misfit < BELIEVED else None


class _Rows:
    """Rows to fit T = s + A(u)·F(x·B(u)) on, F a spline: only the constants of A and B are searched."""

    def __init__(self, state: State, stretch: Stretch) -> None:
        rows = slice(0, ROWS)
        self.offset = stretch.offset
        self.u = state.X[rows, [stretch.index]]
        self.x = state.X[rows, 1 - stretch.index]
        t = state.z[rows] ** float(stretch.power)
        self.t = (t - float(self.offset)) / np.std(t)
        self.s = np.ones_like(t) if self.offset.atoms(sympy.Float) else None

    def fitted(self, exprs: list[sympy.Expr]) -> Shapes:
        constants = [floats(e) for e in exprs]
        tapes = [Tape(e, (str(U),), c) for e, c in zip(exprs, constants)]
        start = np.array([float(c) for group in constants for c in group])
        split = len(constants[0])

        def residual(step: Array) -> Array:
            values = start + step * scale
            parts = [tapes[0].value(self.u, values[:split])]
            parts += [tape.value(self.u, values[split:]) for tape in tapes[1:]]
            return self._left(*parts)

        scale = np.abs(start) + 1e-3
        with np.errstate(all="ignore"):
            step = nonlinear(residual, np.zeros(len(start)), max_nfev=12).x if len(start) else start
            misfit = float(np.sqrt(np.mean(residual(step) ** 2)))
        values = iter(sympy.Float(float(v)) for v in start + step * scale)
        new = [e.xreplace({c: next(values) for c in group}) for e, group in zip(exprs, constants)]
        return Shapes(new, self.offset, misfit)

    def _left(self, A: Array, B: Array | None = None) -> Array:
        """What the best F leaves of the target."""
        v = self.x if B is None else self.x * B
        if not (np.isfinite(A).all() and np.isfinite(v).all() and np.ptp(v) > 0):
            return np.full(len(self.t), 10.0)
        columns = basis(v, G)(v) * A[:, None]
        size = np.abs(A).max()
        columns = columns / size if self.s is None else np.column_stack([columns / size, self.s])
        return columns @ least_squares(columns, self.t[:, None])[:, 0] - self.t

    def rounded(self, fit: Shapes) -> Shapes:
        """With every constant rounded that may be without a word from the rows, the others fitted again."""
        for k in range(len(fit.exprs)):
            for constant in floats(fit.exprs[k]):
                for number in dict.fromkeys((sympy.S.Zero, *fractions_near(float(constant), DENOMINATORS, NEAR))):
                    exprs = [*fit.exprs[:k], fit.exprs[k].xreplace({constant: number}), *fit.exprs[k + 1 :]]
                    if exprs[k].has(U) and is_real_formula(exprs[k]):
                        trial = self.fitted(exprs)
                        if trial.misfit < max(ROUNDS_UP * fit.misfit, FLOOR):
                            return self.rounded(trial)
        return fit
