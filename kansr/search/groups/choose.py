"""Which constants of a form all groups share: one after another, while the description gets shorter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.domain import is_real_formula
from kansr.expression.nice_numbers import proposals
from kansr.formula.fit.by_group import GroupFit, fit_separately, fit_together
from kansr.formula.fit.constants import replaced
from kansr.formula.polish.snap import LEAST_TOLERANCE, TOLERANCE, ZERO_TOLERANCE
from kansr.numeric.arrays import Array
from kansr.search.groups.length import group_length
from kansr.search.groups.templates import apart

Expired = Callable[[], bool]


def with_shared_constants(fit: GroupFit, data: Dataset, expired: Expired) -> GroupFit:
    """The fit with those of its constants shared whose sharing shortens the description, the best one first."""
    length = group_length(fit, data)
    while fit.own:
        trials = [trial for place in range(len(fit.own)) for trial in _sharing(fit, place, data, length, expired)]
        best = min(trials, key=lambda one: group_length(one, data), default=fit)
        if not group_length(best, data) < length:
            return fit
        fit, length = best, group_length(best, data)
    return fit


def _sharing(fit: GroupFit, place: int, data: Dataset, length: float, expired: Expired) -> Iterator[GroupFit]:
    """The fit with one constant shared, from the middle of its values; and from that of the surest group if need be.

    Where signs or phases make up for each other, the groups may have gone different ways; so the others are fitted with
    that constant held first. length: below which a description is good enough.
    """
    column, weights = fit.values[:, place], _certainty(fit, place, data)
    order = np.argsort(column, kind="stable")
    middle = column[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)]
    for held, start in ((False, float(middle)), (True, float(column[int(np.argmax(weights))]))):
        if expired() or not np.isfinite(start):
            return
        number = apart(start, fit.expr.atoms(sympy.Float))
        others = tuple(symbol for i, symbol in enumerate(fit.own) if i != place)
        shared = GroupFit(fit.expr.xreplace({fit.own[place]: number}), others, np.delete(fit.values, place, axis=1))
        trial = fit_together(fit_separately(shared, data) if held else shared, data)
        yield trial
        if group_length(trial, data) < length:
            return


def _certainty(fit: GroupFit, place: int, data: Dataset) -> Array:
    """What the value of each group counts for, (groups,): its inverse variance, 0 for a group without rows."""
    assert data.grouping is not None
    there = data.grouping.counts > 0
    if fit.own_errors is None:
        return there.astype(float)
    with np.errstate(all="ignore"):
        weights = 1 / fit.own_errors[:, place] ** 2
    weights = np.where(np.isfinite(weights) & there, weights, 0.0)
    return weights if weights.sum() > 0 else there.astype(float)


def with_nice_numbers(fit: GroupFit, data: Dataset, expired: Expired) -> GroupFit:
    """The fit with shared constants as nice numbers where that shortens the description, the others fitted again."""
    length = group_length(fit, data)
    fixed: set[sympy.Float] = set()
    for value, error in fit.errors:
        old = sympy.Float(value)
        if old not in fit.expr.atoms(sympy.Float):  # fitted again since
            near = [c for c in fit.expr.atoms(sympy.Float) if abs(float(c) - value) <= TOLERANCE * error]
            if len(near) != 1:
                continue
            old = near[0]
        tolerance = max(TOLERANCE * error, LEAST_TOLERANCE * abs(value))
        options = proposals(float(old), tolerance)
        options += [sympy.S.Zero] if abs(value) < ZERO_TOLERANCE * error else []
        for number in options:
            if expired():
                return fit
            expr = replaced(fit.expr, {old: number})
            if not is_real_formula(expr) or not set(fit.own) <= expr.free_symbols:
                continue
            keep = fixed | ({number} if number.is_Float else set())
            trial = fit_together(replace(fit, expr=expr), data, fixed=keep)
            if group_length(trial, data) < length:
                fit, length, fixed = trial, group_length(trial, data), keep
                break
    return fit
