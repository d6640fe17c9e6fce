"""Which right-hand sides together: combinations that are fitted to trajectories and judged by description length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.pipeline.systems.regression.candidates import expression_bits, independent_rows
from kansr.pipeline.systems.regression.terms import form_of
from kansr.pipeline.systems.snapping import Snapped, snapped
from kansr.pipeline.systems.trajectories import Pieces, TrajectoryFit, fit_trajectories

QUICK = 6  # Levenberg–Marquardt steps for a combination that is compared
ROUNDS = 2  # rounds in which each state's right-hand side is exchanged
FAR = 1e3  # rms over the errors of the rows, of a system that is not compared
FLOOR_RMS = 0.3  # rms over the errors of the rows, that is as good as none


@dataclass(frozen=True, eq=False)
class Judge:
    """How systems are compared on the same pieces.

    rows: independent rows of each measured state; noise: level of each; count: of all rows.
    """

    names: tuple[str, ...]
    pieces: Pieces
    rows: Array
    noise: Array
    count: int

    def length(self, fit: TrajectoryFit) -> float:
        """The description length of a fitted system and the rows, in bits; less is better."""
        rms = fit.rms(self.pieces.weight)
        if not np.all(rms < FAR):
            return np.inf
        of_rows = float(np.sum(self.rows / 2 * np.log2(rms**2 + FLOOR_RMS**2)))
        nice = self.snapped(fit)
        return of_rows + nice.loss + sum(length(expr) for length, expr in zip(self._lengths(fit), nice.exprs))

    def snapped(self, fit: TrajectoryFit) -> Snapped:
        """The right-hand sides with nice numbers where these make the description shorter."""
        rms = fit.rms(self.pieces.weight)
        # residuals that are smooth say less of the constants than as many independent ones
        inflated = float(np.mean((rms**2 + FLOOR_RMS**2) * self.count / self.rows))
        equations = fit.equations
        return snapped(equations.exprs, equations.constants, fit.values, fit.covariance * inflated, self._lengths(fit))

    def _lengths(self, fit: TrajectoryFit) -> list[Callable[[sympy.Expr], float]]:
        """The code length of each right-hand side; that of x' = v in a system of second order is nothing."""
        free = len(fit.exprs) - len(self.noise)
        levels = [0.0] * free + [float(noise) for noise in self.noise]
        return [partial(self._bits, level) for level in levels]

    def _bits(self, noise: float, expr: sympy.Expr) -> float:
        return expression_bits(expr, noise, self.count, len(self.names)) if noise else 0.0


def rows_shown(fit: TrajectoryFit, pieces: Pieces) -> Array:
    """The independent rows of each measured state that a fit's residuals show."""
    rows = pieces.weight > 0
    return np.array([independent_rows(fit.residual[..., k][rows]) for k in range(len(pieces.measured))])


@dataclass(frozen=True, eq=False)
class Combination:
    """A system fitted to pieces, its description length, and how it was judged."""

    fit: TrajectoryFit
    length: float
    judge: Judge


def choose(
    offers: Sequence[Sequence[sympy.Expr]],
    judge: Judge,
    passed: Callable[[], bool],
    begin: Combination | None = None,
) -> Combination:
    """The combination of least description length, one right-hand side being exchanged at a time.

    offers: for each state, the likeliest first; begin: what the search begins with instead of these.
    """
    given = tuple(sympy.Symbol(name) for name in judge.names[len(offers) :])  # x' = v
    if begin is None:
        fit = fit_trajectories([*given, *(offer[0] for offer in offers)], judge.names, judge.pieces)
    else:
        fit = fit_trajectories(begin.fit.exprs, judge.names, judge.pieces, iterations=QUICK)
    judge = replace(judge, rows=rows_shown(fit, judge.pieces))
    best = Combination(fit, judge.length(fit), judge)
    compared: set[tuple[sympy.Expr, ...]] = {_forms(fit.exprs)}
    for _ in range(ROUNDS):
        before = best
        for k, offer in enumerate(offers, len(given)):
            for expr in offer:
                trial = (*best.fit.exprs[:k], expr, *best.fit.exprs[k + 1 :])
                if _forms(trial) in compared:
                    continue
                if passed():
                    return best
                compared.add(_forms(trial))
                best = _better(
                    best, fit_trajectories(trial, judge.names, judge.pieces, starts=best.fit.starts, iterations=QUICK)
                )
        if best is before or len(offers) == 1:
            break
    return best


def _forms(exprs: Sequence[sympy.Expr]) -> tuple[sympy.Expr, ...]:
    return tuple(form_of(expr) for expr in exprs)


def _better(best: Combination, new: TrajectoryFit) -> Combination:
    """The combination of the two that has the shorter description, by the independent rows of the closer one."""
    judge = best.judge
    if np.sum(new.rms(judge.pieces.weight) ** 2) < np.sum(best.fit.rms(judge.pieces.weight) ** 2):
        judge = replace(judge, rows=np.maximum(judge.rows, rows_shown(new, judge.pieces)))
        best = Combination(best.fit, judge.length(best.fit), judge)
    length = judge.length(new)
    return Combination(new, length, judge) if length < best.length else best
