"""The right-hand sides of a system, found together.

Sums of terms that explain each state in integral and weak form are offered; combinations of them are fitted to
trajectories and judged by description length. With noise this is done twice: the second time with the trajectories of
the first system in place of smoothing splines, which are much closer to the states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.formula.fit.constants import replaced
from kansr.numeric.arrays import Array
from kansr.pipeline.systems.joint import Combination, Judge, choose, rows_shown
from kansr.pipeline.systems.regression.candidates import FLOOR, State, judged, sums
from kansr.pipeline.systems.regression.integrals import Curves
from kansr.pipeline.systems.regression.terms import terms
from kansr.pipeline.systems.regression.views import NARROW, WIDE, views
from kansr.pipeline.systems.series import Series
from kansr.pipeline.systems.smoothing import smooth_curve
from kansr.pipeline.systems.trajectories import Pieces, TrajectoryFit, cut, fit_trajectories

PIECES = 8  # pieces that the rows of a run are cut in, so that a chaotic system can be followed
LEAST_PIECE = 24  # rows of a piece at least
FEW_ERRORS = 1e-3  # noise level below which splines are as good as a system's trajectories
CLOSE = 3.0  # rms over the errors of the rows up to which a system's trajectories are better curves than splines
AS_CLOSE = 1.15  # rms in whole runs over that in pieces, up to which the constants of whole runs are taken
SURE = 12.0  # standard errors of a constant, above which its term is not left out on trial
SAME_BITS = 1.0  # bits that nice numbers may cost
STEADY = 0.1  # rms over the errors of the rows that whole runs may be worse besides
POLISH = 8  # Levenberg–Marquardt steps after constants have been replaced by nice numbers
MOST_ROWS = 3000  # rows that a system is looked for on: of more, some are left out evenly


@dataclass(frozen=True, eq=False)
class Solved:
    """A system: a right-hand side for each measured state, in the names of the series.

    others: those that came close, for each; rms: of what its trajectories leave of each, over the errors of the rows.
    """

    exprs: tuple[sympy.Expr, ...]
    others: tuple[tuple[sympy.Expr, ...], ...]
    rms: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of all segments, one after another, and how the system is judged on them.

    t: of each segment; x, sigma: (n, states); values: smooth, (n, names); middles: (n - segments, names)
    """

    t: tuple[Array, ...]
    x: Array
    sigma: Array
    values: Array
    middles: Array


def solve(series: Series, passed: Callable[[], bool] = lambda: False) -> Iterator[Solved]:
    """Better and better systems; passed: whether there is no more time."""
    rows = _smooth_rows(series)
    width = NARROW if _least_noise(rows) < FEW_ERRORS else WIDE
    states = [
        State(rows.x[:, k], rows.sigma[:, k], tuple(views(list(rows.t), rows.sigma[:, k], width, series.order)))
        for k in range(len(series.states))
    ]
    noise = np.array([state.noise() for state in states])
    longest = max(len(t) for t in rows.t)
    pieces = _pieces(series, rows, max(longest // PIECES, LEAST_PIECE))
    judge = Judge(series.names, pieces, np.full(len(states), float(len(rows.x))), noise, len(rows.x))
    offers: list[list[sympy.Expr]] = [[] for _ in states]
    best: Combination | None = None
    for _ in range(1 if float(noise.max()) < FEW_ERRORS else 2):
        offers = _offers(states, series, rows, offers, passed)
        best = choose(offers, judge, passed, best)
        yield _solved(best, offers)
        if passed() or not np.all(best.fit.rms(pieces.weight) < CLOSE):
            break
        rows = _followed(rows, best.fit, pieces)
    assert best is not None
    if not passed():
        yield _solved(_polished(series, rows, best, passed), offers)


def _least_noise(rows: _Rows) -> float:
    return float(np.max(np.sqrt(np.mean(rows.sigma**2, axis=0)) / np.maximum(np.std(rows.x, axis=0), FLOOR)))


def _smooth_rows(series: Series) -> _Rows:
    segments = series.segments()
    stride = max(-(-sum(len(t) for t, _ in segments) // MOST_ROWS), 1)
    segments = [(t[::stride], x[::stride]) for t, x in segments] if stride > 1 else segments
    made = [[smooth_curve(t, x[:, k]) for k in range(x.shape[1])] for t, x in segments]
    x = np.concatenate([x for _, x in segments])
    least = FLOOR * np.std(x, axis=0) + np.finfo(float).tiny
    sigma = np.concatenate([np.column_stack([curve.sigma for curve in curves]) for curves in made])
    values = np.concatenate([np.column_stack([c.values for c in curves]) for curves in made])
    middles = np.concatenate([np.column_stack([c.middles for c in curves]) for curves in made])
    if series.order == 2:
        slopes = np.concatenate([np.column_stack([c.slopes for c in curves]) for curves in made])
        halfway = np.concatenate([np.column_stack([c.middle_slopes for c in curves]) for curves in made])
        values, middles = np.hstack([values, slopes]), np.hstack([middles, halfway])
    return _Rows(tuple(t for t, _ in segments), x, np.hypot(sigma, least), values, middles)


def _pieces(series: Series, rows: _Rows, length: int) -> Pieces:
    bounds = np.cumsum([len(t) for t in rows.t])[:-1]
    parts = zip(rows.t, np.split(rows.x, bounds), np.split(rows.sigma, bounds), np.split(rows.values, bounds))
    return cut(list(parts), range(len(series.states)), length)


def _offers(
    states: Sequence[State], series: Series, rows: _Rows, before: list[list[sympy.Expr]], passed: Callable[[], bool]
) -> list[list[sympy.Expr]]:
    """For each state the likeliest right-hand sides, those of the last round among them."""
    offered = terms(series.names, rows.values, rows.middles)
    curves = Curves(series.names, rows.t, rows.values, rows.middles, series.order)
    integrals = curves.integrals(offered.values, offered.middles)
    made = []
    for state, old in zip(states, before):
        found = judged(state, curves, [*sums(state, offered, integrals, passed), *old], passed)
        made.append(found or old or [sympy.Float(float(np.mean(state.x)))])
    return made


def _followed(rows: _Rows, fit: TrajectoryFit, pieces: Pieces) -> _Rows:
    """The rows with the trajectories of a system in place of smooth curves."""
    path = pieces.joined(fit.trajectory)
    bounds = np.cumsum([len(t) for t in rows.t])[:-1]
    middles = [
        np.column_stack([smooth_curve(t, values[:, k]).middles for k in range(values.shape[1])])
        for t, values in zip(rows.t, np.split(path, bounds))
    ]
    return _Rows(rows.t, rows.x, rows.sigma, path, np.concatenate(middles))


def _polished(series: Series, rows: _Rows, best: Combination, passed: Callable[[], bool]) -> Combination:
    """Terms that do little are dropped, constants fitted to whole runs as far as the system can be followed, and nice
    numbers put in their places."""
    best = _without_little(best, passed)
    fit, judge = best.fit, best.judge
    whole = _pieces(series, rows, max(len(t) for t in rows.t))
    longer = fit_trajectories(fit.exprs, judge.names, whole)
    if np.all(longer.rms(whole.weight) < AS_CLOSE * fit.rms(judge.pieces.weight) + STEADY):
        judge = Judge(judge.names, whole, rows_shown(longer, whole), judge.noise, judge.count)
        fit = longer
    plain = Combination(fit, judge.length(fit), judge)
    nice = judge.snapped(fit)
    fitted = fit_trajectories(
        nice.exprs, judge.names, judge.pieces, fixed=nice.fixed, starts=fit.starts, iterations=POLISH
    )
    new = Combination(fitted, judge.length(fitted), judge)
    return new if new.length < plain.length + SAME_BITS else plain


def _without_little(best: Combination, passed: Callable[[], bool]) -> Combination:
    """The system without terms whose loss makes the description shorter."""
    while not passed():
        trials = list(_shorter(best))
        fits = [
            fit_trajectories(trial, best.judge.names, best.judge.pieces, starts=best.fit.starts, iterations=POLISH)
            for trial in trials
        ]
        made = [Combination(fit, best.judge.length(fit), best.judge) for fit in fits]
        new = min(made, key=lambda one: one.length, default=best)
        if new.length >= best.length:
            break
        best = new
    return best


def _shorter(best: Combination) -> Iterator[tuple[sympy.Expr, ...]]:
    """The right-hand sides without one of their terms that is not sure to be there."""
    errors = np.sqrt(np.diag(best.fit.covariance) * best.judge.count / np.min(best.judge.rows))
    owners = [k for k, own in enumerate(best.fit.equations.constants) for _ in own]
    for k, value, error in zip(owners, best.fit.values, errors):
        if abs(value) < SURE * error:
            shorter = replaced(best.fit.exprs[k], {sympy.Float(float(value)): sympy.S.Zero})
            if shorter.is_real is not False and not shorter.has(sympy.zoo, sympy.nan):
                yield (*best.fit.exprs[:k], shorter, *best.fit.exprs[k + 1 :])


def _solved(best: Combination, offers: list[list[sympy.Expr]]) -> Solved:
    count = len(offers)
    exprs = best.fit.exprs[len(best.fit.exprs) - count :]
    rms = best.fit.rms(best.judge.pieces.weight)
    return Solved(exprs, tuple(tuple(offer) for offer in offers), tuple(float(value) for value in rms))
