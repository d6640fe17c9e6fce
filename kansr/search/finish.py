"""A fitted formula made ready to print: tidied, terms dropped, constants snapped, simplified, judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.expression.simplify import simplify
from kansr.formula.fit.constants import Fit, fit_constants, tied_floats
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.exactness import exact
from kansr.formula.judge.judge import cross_validated, judge
from kansr.formula.polish.eliminate import eliminate
from kansr.formula.polish.snap import snap
from kansr.formula.polish.tidy import tidy
from kansr.formula.shape.impose import imposed
from kansr.formula.shape.reading import Shape
from kansr.result.candidate import Candidate
from kansr.result.graph import Graph
from kansr.search.attempt import Finding
from kansr.search.partition import Partition

READABLE = 12  # constants up to which a formula is snapped and rewritten: a longer one nobody reads
FINISHED = 3  # formulas of an attempt that are finished; two forms of one formula may lose different terms
SHAPED = 12  # fits of an attempt that meet a known shape, after which no more are looked at
LOOKED = 150  # fits that are held against a known shape at most; one takes a hundredth of a second or more
FINISHED_OF_FEW = 8  # the same for curves of few rows, which take little time; results/2026-11-30-curves
ALL_TERMS = 1e-6  # rms over the spread up to which no term of a formula is dropped
SIMPLIFIED_ON = 500  # rows on which a rewritten formula is compared with the one before
SAME = 1e-6  # relative difference of mean squared residuals up to which two fits of one form are one
FORM_CONSTANT = sympy.Symbol("constant")  # stands for any constant of a form
# Bits of likelihood that rounding constants costs, from which the formula is also given as it was: 1.7 standard errors.
LOST = 2.0
NOT_FINISHED = 60.0  # bits by which a formula is longer than the best of an attempt, from which it is not finished


def finish(fit: Fit, rows: Partition, origin: str, passed: Callable[[], bool], whole: bool = False) -> Candidate:
    """The fit with its constants snapped and its form simplified, judged; what is too long to read stays as it is.

    So does what is exact only with all its digits: many constants have to come closer than is worth writing down.
    passed: whether there is no more time; whole: whether formulas with fewer terms have been compared already.
    """
    data, first = rows.fitting, fit
    if len(fit.constants) <= READABLE:
        fit = tidy(fit, data, passed) if whole else _needed(fit, data, passed)
        snapped = snap(fit, data, passed)
        still = exact(fit_constants(snapped.expr, data, iterations=0), data)
        fit = snapped if still or not exact(fit, data) else fit
        simple = simplify(fit.expr, data.X[:SIMPLIFIED_ON], data.names, expired=passed)
        if len(tied_floats(simple)) <= len(tied_floats(fit.expr)):  # expanded, c*(1 - exp(-x))**2 - c has one more
            fit = replace(fit, expr=simple)
    if fit.expr != first.expr and not rows.allows(fit.expr):  # a rounded constant may be against a known shape
        fit = first
    return judged(fit.expr, rows, origin)


def _needed(fit: Fit, data: Dataset, passed: Callable[[], bool]) -> Fit:
    """The fit without what changes nothing and, where it is not exact, without terms that the rows do not speak for."""
    fit = tidy(fit, data, passed)
    return eliminate(fit, data, passed) if fit.error_ms > (ALL_TERMS * float(np.std(data.y))) ** 2 else fit


def best_of(
    fits: Iterable[Fit],
    rows: Partition,
    origin: str,
    passed: Callable[[], bool],
    graph: Graph | None = None,
    simpler: bool = False,
) -> Iterator[Finding]:
    """The few fits that describe the rows best, finished.

    One whose constants could be rounded at a cost of more than LOST is given as it was too: the rows do not say that
    they are round. simpler: whether the best of each smaller number of constants are finished as well, and more of few
    rows: what their description is with round constants, as of 3 for 2.95, is hardly known before.
    """
    ranked = sorted(((fit_length(f, rows.sample), i, f) for i, f in enumerate(fits)), key=lambda r: r[:2])
    if rows.shape is not None:
        ranked = _shaped(ranked, rows, rows.shape, passed)
    near = [fit for length, _, fit in ranked if np.isfinite(length) and length < ranked[0][0] + NOT_FINISHED]
    count = FINISHED_OF_FEW if simpler and rows.small else FINISHED
    for fit in _with_needed(
        [*near[:count], *(_simpler(near, count) if simpler else ())], count > FINISHED, rows, passed
    ):
        candidate = finish(fit, rows, origin, passed, whole=True)
        yield Finding(candidate, graph)
        if _lost(fit, candidate, rows.fitting) > LOST and not passed():
            yield Finding(judged(fit.expr, rows, origin), graph)


def _shaped(
    ranked: Sequence[tuple[float, int, Fit]], rows: Partition, shape: Shape, passed: Callable[[], bool]
) -> list[tuple[float, int, Fit]]:
    """The first of the ranked fits that a known shape does not refute, and of those that it does what can be mended."""
    kept: list[tuple[float, int, Fit]] = []
    for length, number, fit in ranked[:LOOKED]:
        if len(kept) >= SHAPED or passed() or not np.isfinite(length):
            break
        if rows.allows(fit.expr):
            kept.append((length, number, fit))
            continue
        for new in imposed(fit, shape, rows.sample):
            if rows.allows(new.expr):
                kept.append((fit_length(new, rows.sample), number, new))
    return sorted(kept, key=lambda row: row[:2])


def _lost(fit: Fit, candidate: Candidate, data: Dataset) -> float:
    """The bits of likelihood that rounding constants has cost; none where the fit is exact."""
    free = fit_constants(fit.expr, data, iterations=0)
    if exact(free, data) or not free.error_ms > 0:
        return 0.0
    return 0.5 * data.rows * math.log2(max(candidate.error_ms / free.error_ms, 1.0))


def _with_needed(fits: Sequence[Fit], both: bool, rows: Partition, passed: Callable[[], bool]) -> Iterator[Fit]:
    """The fits without terms that the rows do not speak for. both: as they were, too, where there were such terms."""
    for fit in fits:
        needed = _needed(fit, rows.fitting, passed) if len(fit.constants) <= READABLE else fit
        if both and len(needed.constants) < len(fit.constants):
            yield fit
        yield needed


def _simpler(ranked: Sequence[Fit], finished: int) -> Iterator[Fit]:
    """Of the fits, the shortest description first, the first of each number of constants below those of the first."""
    least = min((len(fit.constants) for fit in ranked[:finished]), default=0)
    for count in range(1, least):
        yield from [fit for fit in ranked if len(fit.constants) == count][:1]


def fit_all(exprs: Iterable[sympy.Expr], rows: Partition) -> list[Fit]:
    """The formulas with no redundant constant, fitted."""
    size = typical_size(rows.sample.X, rows.sample.names)
    return [fit_constants(canonical(expr, size), rows.sample) for expr in exprs]


def distinct(fits: Iterable[Fit]) -> list[Fit]:
    """The fits without those that another one is too: of the same form and, up to SAME, the same residual."""
    found: dict[sympy.Expr, list[Fit]] = {}
    for fit in fits:
        form = fit.expr.xreplace(dict.fromkeys(fit.expr.atoms(sympy.Float), FORM_CONSTANT))
        alike = found.setdefault(form, [])
        if not any(abs(fit.error_ms - other.error_ms) <= SAME * other.error_ms for other in alike):
            alike.append(fit)
    return [fit for alike in found.values() for fit in alike]


def judged(expr: sympy.Expr, rows: Partition, origin: str) -> Candidate:
    """The formula as it is, judged; by cross-validation where there are few rows."""
    candidate = judge(expr, rows.fitting, rows.judging, origin)
    return cross_validated(candidate, rows.fitting, rows.seed) if rows.small else candidate
