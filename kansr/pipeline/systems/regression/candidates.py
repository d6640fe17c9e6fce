"""Right-hand sides for one state: sparse sums of terms that explain it in several views, fitted and judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.expression.complexity import bits
from kansr.expression.evaluate import Tape
from kansr.formula.judge.description_length import bits_per_float
from kansr.numeric.arrays import Array
from kansr.pipeline.systems.regression.integrals import Curves, IntegralFit, fit_integral
from kansr.pipeline.systems.regression.subsets import best_subsets
from kansr.pipeline.systems.regression.terms import Terms, form_of
from kansr.pipeline.systems.regression.views import View

# Rms over that of the state in a view, below which nothing is decided: solvers whose rows have no noise are good to
# 1e-6 a step, and their errors add up to some 1e-5 (ODEBench: 1e-6 to 1e-4).
FLOOR = 3e-5
LEAST_RMS = 0.1  # rms in a view, where errors of the rows are of size 1, below which nothing is decided
SMOOTH_ROWS = 20.0  # independent rows of a residual that is smooth: one each half wave
# Right-hand sides of a kind that are kept for a state. Kinds: polynomials, others, those with constants inside.
KEPT_OF_KIND = 3


@dataclass(frozen=True, eq=False)
class State:
    """One state: its measured values and their errors, (n,), and its views."""

    x: Array
    sigma: Array
    views: tuple[View, ...]

    def noise(self) -> float:
        """The noise level: error over spread, no less than what solvers leave."""
        return max(float(np.sqrt(np.mean(self.sigma**2))) / float(np.std(self.x) or 1.0), FLOOR)


def independent_rows(residual: Array) -> float:
    """How many independent errors a residual (n,) shows: twice its sign changes, n of white noise."""
    changes = int(np.count_nonzero(np.diff(np.sign(residual)) != 0))
    return float(np.clip(2 * changes, min(SMOOTH_ROWS, len(residual)), len(residual)))


def expression_bits(expr: sympy.Expr, noise: float, rows: int, inputs: int) -> float:
    """The code length of a right-hand side."""
    return bits(expr, bits_per_float(noise, rows), inputs)


def sums(state: State, terms: Terms, integrals: Array, passed: Callable[[], bool]) -> list[sympy.Expr]:
    """The best sums of terms in each view, with their coefficients there. integrals: of the terms, (n, terms)."""
    made: list[sympy.Expr] = []
    per_number = bits_per_float(state.noise(), len(state.x))
    cost = terms.bits + terms.numbers * per_number
    for view in state.views:
        if passed():
            break
        y, A = view.of(state.x), view.of(integrals)
        floor = max(FLOOR * float(np.sqrt(np.mean(y**2))), LEAST_RMS)
        quick = best_subsets(y, A[:, terms.kind < 1], cost[terms.kind < 1], SMOOTH_ROWS, floor)
        rows = float(len(y))
        if view.white and quick:
            monomials = A[:, np.flatnonzero(terms.kind < 1)[list(quick[0])]]
            rows = independent_rows(y - monomials @ _solved(monomials, y))
        elif floor > LEAST_RMS:
            rows = SMOOTH_ROWS
        for most in (0, 1, 2):
            among = np.flatnonzero(terms.kind <= most)
            for subset in best_subsets(y, A[:, among], cost[among], rows, floor, terms.family[among]):
                chosen = among[list(subset)]
                made.append(
                    sympy.Add(
                        *(sympy.Float(float(c)) * terms.exprs[k] for c, k in zip(_solved(A[:, chosen], y), chosen))
                    )
                )
    return list(dict.fromkeys(made))


def _solved(A: Array, y: Array) -> Array:
    scale = np.sqrt(np.sum(A * A, axis=0))
    return np.asarray(np.linalg.lstsq(A / scale, y, rcond=None)[0] / scale)


def judged(state: State, curves: Curves, exprs: Sequence[sympy.Expr], passed: Callable[[], bool]) -> list[sympy.Expr]:
    """The best of the right-hand sides, and of those with a term less, fitted in the white views, best first."""
    fits: dict[sympy.Expr, _Pair] = {}
    _fit(exprs, fits, state, curves, passed)
    kept = _varied(_ranked(list(fits.values()), state, curves), curves.names)
    shorter = [expr - term for expr in kept for term in sympy.Add.make_args(expr)]
    _fit([expr for expr in shorter if expr.free_symbols], fits, state, curves, passed)
    return _varied(_ranked(list(fits.values()), state, curves), curves.names)


_Pair = list[IntegralFit]  # a right-hand side fitted in each of the white views


def _fit(
    exprs: Sequence[sympy.Expr],
    fits: dict[sympy.Expr, _Pair],
    state: State,
    curves: Curves,
    passed: Callable[[], bool],
) -> None:
    """Fits the right-hand sides, and adds them by form; a sum of terms without constants inside has one optimum."""
    for expr in exprs:
        form = form_of(expr)
        if form in fits and _plain(expr):
            continue
        if passed():
            break
        pair = [fit_integral(expr, curves, state.x, view) for view in state.views if view.white]
        if None in pair:
            continue
        better = [fit for fit in pair if fit is not None]
        if form not in fits or sum(fit.rms for fit in better) < sum(fit.rms for fit in fits[form]):
            fits[form] = better


def _ranked(fits: list[_Pair], state: State, curves: Curves) -> list[sympy.Expr]:
    """Fitted right-hand sides by description length, in the view that likes each most."""
    white = [view for view in state.views if view.white]
    n, inputs, noise = len(state.x), len(curves.names), state.noise()
    if not fits:
        return []
    scores = np.zeros((len(fits), len(white)))
    for v, view in enumerate(white):
        y = view.of(state.x)
        floor = max(FLOOR * float(np.sqrt(np.mean(y**2))), LEAST_RMS)
        rms = np.array([pair[v].rms for pair in fits])
        best = fits[int(np.argmin(rms))][v]
        rows = _rows_of(best.expr, curves, state, view)
        length = np.array([expression_bits(pair[v].expr, noise, n, inputs) for pair in fits])
        scores[:, v] = rows / 2 * np.log2(rms**2 + floor**2) + length
    scores -= scores.min(axis=0)
    order = np.argsort(scores.min(axis=1), kind="stable")
    return [fits[k][int(np.argmin(scores[k]))].expr for k in order]


def _varied(found: list[sympy.Expr], names: tuple[str, ...]) -> list[sympy.Expr]:
    """The best, with the best polynomials and the best without constants inside among them; no form twice."""
    symbols = [sympy.Symbol(name) for name in names]
    forms: dict[sympy.Expr, sympy.Expr] = {}
    for expr in found:
        forms.setdefault(form_of(expr), expr)
    taken = [0, 0, 0]
    kept = []
    for expr in forms.values():
        kind = 0 if expr.is_polynomial(*symbols) else 1 if _plain(expr) else 2
        if taken[kind] < KEPT_OF_KIND:
            taken[kind] += 1
            kept.append(expr)
    return kept


def _plain(expr: sympy.Expr) -> bool:
    """Whether the expression has constants as coefficients of terms alone."""
    return not any(term.as_coeff_Mul()[1].has(sympy.Float) for term in sympy.Add.make_args(expr))


def _rows_of(expr: sympy.Expr, curves: Curves, state: State, view: View) -> float:
    tape = Tape(expr, curves.names)
    f = curves.integrals(tape.value(curves.values), tape.value(curves.middles))
    return independent_rows(view.of(f) - view.of(state.x))
