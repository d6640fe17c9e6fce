"""What was found beside simple models, all judged by nested cross-validation: no formula may be worse than a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape, typical_size
from kansr.expression.rules import canonical
from kansr.expression.simplify import simplify
from kansr.formula.fit.constants import Fit, fit_constants
from kansr.formula.judge.judge import judge, left_out
from kansr.formula.polish.snap import snap
from kansr.numeric.arrays import Array, Mask
from kansr.numeric.robust import r_squared
from kansr.numeric.tolerances import TINY
from kansr.result.baseline import Baseline
from kansr.result.candidate import Candidate
from kansr.result.derivation import Finder
from kansr.result.result import Status
from kansr.search.attempt import Finding
from kansr.search.finish import READABLE, SIMPLIFIED_ON
from kansr.search.models.sparse import ANOVA, PATH
from kansr.search.partition import Partition
from kansr.search.stopping import FAR_BEHIND, bits_behind
from kansr.structure.anova.models import MODELS, SPARSE_SUM, Compared, Fitted, compared

FOLDED = 1000  # rows up to which all are left out in turn; of more, those that are held out judge well enough
FOLDS = 5  # in which they are left out
REPEATED, REPEATS = 5000, 3  # values of inputs of a table whose rows are left out more than once, and how often
MOST_FITTED, MOST_JUDGED = 5000, 5000  # rows
# Standard errors of a difference of mean squared errors by which a model may be better by chance: where nothing is
# asserted, where a formula leaves only noise, and where no formula was better than the mean.
CHANCE, CHANCE_OF_FOUND, CHANCE_OF_NOTHING = 1.0, 2.0, 3.0
# Of r², that a formula may lose against the line with all inputs, and the standard errors that make it sure: the level
# of 5 %. Rows that are too few to tell leave the line, which needs no choice: results/2026-11-30-never-worse.
MARGIN, CERTAIN = 0.03, 1.645
SMOOTH_GAIN = 0.02  # of r², by which a smooth model predicts better for it to be said
SMOOTH = ("additive", "smooth")
MOST_TERMS = 150  # of a formula that is written: a longer one nobody reads
LINE = "line"  # origin of the line that a search begins with, its terms dropped by description length
SIMPLE = ("mean", "line", "sparse_line", "quadratic")
TITLES = {"line": "line", "sparse_line": "sparse line", "quadratic": "sparse quadratic", SPARSE_SUM: "sparse sum"}


@dataclass(frozen=True, eq=False)
class Judged:
    """A formula with its squared errors on rows that it was not fitted to, (rows,), in the order of the comparison.

    name: of the model that it is.
    """

    name: str
    finding: Finding
    errors: Array

    @property
    def complexity(self) -> int:
        return self.finding.candidate.complexity


@dataclass(frozen=True, eq=False)
class Comparison:
    """Simple models, and how far they are off on rows that they do not know.

    rows: those of the search; data: those that were compared, as they come; judged: which of them a search holds out,
    (rows,); variance: of the target there.
    """

    models: tuple[Compared, ...]
    rows: Partition
    data: Dataset
    judged: Mask
    variance: float

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        """All models but sums of terms, which are formulas of the search."""
        return tuple(_baseline(m, self.data.names, self.variance) for m in self.models if m.name != SPARSE_SUM)

    @property
    def written(self) -> tuple[Compared, ...]:
        """The models that can be written as formulas."""
        return tuple(model for model in self.models if model.fitted.sums)

    @cached_property
    def errors(self) -> Mapping[str, Array]:
        """The squared errors of each model, (rows,)."""
        return {model.name: model.errors for model in self.models}

    @property
    def _reference(self) -> str:
        """The line with all inputs, or the mean where that predicts better."""
        return min(("line", "mean"), key=lambda name: float(np.mean(self.errors[name])))

    @cached_property
    def formulas(self) -> tuple[Judged, ...]:
        """The models written as formulas, which takes longer than to compare them."""
        return tuple(
            Judged(model.name, finding, model.errors)
            for model in self.written
            for finding in _findings(model, self.data, self.rows, self.variance)
        )

    def better_than(self, best: Candidate, status: Status, accepts: Callable[[Candidate], bool]) -> Finding | None:
        """The formula that predicts better than what a search has found; None where none does.

        Of the formulas that are no worse than the line, the simplest that nothing beats by more than a standard error
        (Breiman et al. 1984). It has to be better by more than chance where the search asserts that its formula is the
        law, or that there is none; but what may be worse than the line gives way.
        """
        own = self._errors_of(best)
        safe_as_it_is = bool(np.isfinite(own).all()) and self._safe(best, own)
        if status is Status.FOUND and safe_as_it_is and not self._beaten(own):
            return None
        offered = [j for j in self.formulas if accepts(j.finding.candidate)]
        if not offered:
            return None
        every = np.ones(len(self.judged), dtype=bool)
        safe = [j for j in offered if j.name == self._reference or self._no_worse_than_line(j.errors, every)]
        rival = _simplest(safe or offered, CHANCE)
        if best.r2_held_out <= 0:  # all rows say whether there is anything
            return rival.finding if _worse(self.errors["mean"], rival.errors, CHANCE_OF_NOTHING) else None
        other = rival.errors[self.judged]
        if not np.isfinite(own).all():
            return rival.finding
        if best.origin == LINE and status is not Status.FOUND:  # all rows know better which line is best
            return rival.finding
        if rival.finding.candidate.expr == best.expr:
            return None
        if safe and not safe_as_it_is:
            return rival.finding
        if status is Status.FOUND:
            return rival.finding if _worse(own, other, CHANCE_OF_FOUND) else None
        return rival.finding if np.mean(other) < np.mean(own) else None

    def _beaten(self, own: Array) -> bool:
        """Whether a model that can be written has less than these squared errors by more than chance."""
        return any(_worse(own, model.errors[self.judged], CHANCE_OF_FOUND) for model in self.written)

    def _safe(self, best: Candidate, own: Array) -> bool:
        """Whether what a search has found is no worse than the line. own: its squared errors on the rows held out.

        They are too few to be sure, so all rows say so too, with its constants fitted without each part in turn. Where
        errors are in proportion to the target, the largest values say nothing of the others.
        """
        if self.rows.table.proportional or "line" not in self.errors:  # there was no time for it
            return True
        if self.judged.all():
            return self._no_worse_than_line(own, self.judged)
        every = np.asarray((left_out(best.expr, self.data, self.rows.seed) - self.data.y) ** 2)
        return float(np.mean(self._lost(own, self.judged))) <= MARGIN and self._no_worse_than_line(
            every, np.ones(len(every), dtype=bool)
        )

    def _no_worse_than_line(self, errors: Array, some: Mask) -> bool:
        """Whether squared errors on some rows show that nothing is lost against the line with all inputs.

        Where the mean predicts better than that line, as where one row has an input far from all others, nothing may be
        lost against the mean. They are no larger on average; and by a one-sided test of non-inferiority the difference
        of r² is less than MARGIN, at the level of CERTAIN, also without the one row that speaks most for them.
        """
        lost = self._lost(errors, some)
        others = np.sort(lost)[1:]
        most = np.mean(others) + CERTAIN * np.std(others) / np.sqrt(len(others))
        return bool(np.mean(lost) <= 0 and most <= MARGIN)

    def _lost(self, errors: Array, some: Mask) -> Array:
        """What each of some rows contributes to the r² that is lost against the reference."""
        return (errors - self.errors[self._reference][some]) / (float(np.mean(self.errors["mean"])) or 1.0)

    def contradicts(self, best: Candidate) -> bool:
        """Whether any model is so much likelier on the held-out rows that a formula is not the law."""
        own = float(np.mean(self._errors_of(best)))
        least = min((float(np.mean(errors[self.judged])) for errors in self.errors.values()), default=np.inf)
        return bits_behind(own, least, int(self.judged.sum())) > FAR_BEHIND

    def _errors_of(self, best: Candidate) -> Array:
        """The squared errors of a formula on rows that it was not fitted to, those that a search holds out."""
        own = self.formulas if best.origin in TITLES.values() else ()
        mine = next((j.errors for j in own if j.finding.candidate.expr == best.expr), None)
        return _errors_outside(best, self.rows)[: int(self.judged.sum())] if mine is None else mine[self.judged]

    def of_all_rows(self) -> list[Finding]:
        """The sums of terms that were looked for on all rows."""
        return [j.finding for j in self.formulas if j.finding.candidate.origin == TITLES[SPARSE_SUM]]

    def with_error(self, best: Candidate) -> Candidate:
        """The candidate with the standard error of its held-out r²."""
        if np.isfinite(best.r2_held_out_error):
            return best
        errors = _errors_outside(best, self.rows)
        return replace(best, r2_held_out_error=_r2(errors, float(np.var(self.rows.judging.y)) or 1.0)[1])

    def notes(self, best: Candidate) -> Iterator[str]:
        """Where a line does as well as anything, and where a smooth model does better, in words."""
        smooth = [b for b in self.baselines if b.name in SMOOTH]
        if not smooth:
            return
        top = max(smooth, key=lambda b: b.r2_held_out)
        own, other = self._errors_of(best), self.errors[top.name][self.judged]
        if _worse(own, other, CHANCE) and top.r2_held_out - best.r2_held_out > SMOOTH_GAIN:
            yield (
                f"a smooth model of the inputs predicts better than this formula: held-out r² {top.r2_held_out:.2f} "
                f"against {best.r2_held_out:.2f}"
            )
        elif _straight(best):
            yield f"a straight line does as well as anything that was tried: held-out r² {best.r2_held_out:.2f}"


def _worse(own: Array, other: Array, chance: float) -> bool:
    """Whether squared errors, (rows,), are larger than others by more than so many standard errors."""
    difference = own - other
    return bool(np.mean(difference) > chance * np.std(difference) / np.sqrt(len(difference)))


def _simplest(offered: Sequence[Judged], chance: float) -> Judged:
    """The simplest formula that the one with the least error does not beat by more than chance."""
    best = min(offered, key=lambda j: float(np.mean(j.errors)))
    near = [j for j in offered if j is best or not _worse(j.errors, best.errors, chance)]
    return min(near, key=lambda j: (j.complexity, float(np.mean(j.errors))))


def _straight(best: Candidate) -> bool:
    """Whether a formula is linear in its inputs."""
    symbols = sorted(best.expr.free_symbols, key=str)
    return bool(symbols) and all(best.expr.diff(a).is_number for a in symbols)


def compare(rows: Partition, thorough: bool, expired: Callable[[], bool]) -> Comparison:
    """The simple models of a table. thorough: the smooth ones and sparse sums too, which take longer."""
    data, rounds, held_out = _folds(rows)
    names = tuple(MODELS) if thorough else SIMPLE
    models = compared(data.X, data.y, rounds, rows.seed, expired, names)
    places = np.sort(np.concatenate(rounds[0]))
    variance = float(np.var(data.y[places])) or 1.0
    return Comparison(tuple(models), rows, data, held_out[places], variance)


def _errors_outside(candidate: Candidate, rows: Partition) -> Array:
    """The squared errors of a formula that a search has found, on the rows that it was not found on, as they come.

    Of too few rows to hold any out, the constants are fitted without each part in turn.
    """
    if rows.small:
        data, _, _ = _folds(rows)
        return np.asarray((left_out(candidate.expr, data, rows.seed) - data.y) ** 2)
    data = rows.judging
    return np.asarray((Tape(candidate.expr, data.names).value(data.X) - data.y) ** 2)


def _folds(rows: Partition) -> tuple[Dataset, list[list[NDArray[np.intp]]], Mask]:
    """The kept rows, rounds of positions that are left out together, and which rows a search is judged on."""
    fitting, judging = np.flatnonzero(~rows.outlier & ~rows.held_out), np.flatnonzero(rows.held_out)[:MOST_JUDGED]
    order = np.random.default_rng(rows.seed).permutation(len(fitting))[:MOST_FITTED]  # that of the sample
    data = rows.table.take(np.append(fitting[order], judging))
    held_out = np.arange(data.rows) >= (0 if rows.small else len(order))
    if data.rows > FOLDED:
        return data, [[np.flatnonzero(held_out)]], held_out
    rng = np.random.default_rng(rows.seed)
    rounds = range(REPEATS if data.X.size <= REPEATED else 1)
    mixed = (np.array_split(rng.permutation(data.rows), min(FOLDS, data.rows)) for _ in rounds)
    return data, [[np.sort(part) for part in parts] for parts in mixed], held_out


def _baseline(model: Compared, names: Sequence[str], variance: float) -> Baseline:
    r2, error = _r2(model.errors, variance)
    return Baseline(model.name, r2, error, tuple(names[i] for i in model.fitted.inputs))


def _r2(errors: Array, variance: float) -> tuple[float, float]:
    """1 − mean/variance, and its standard error."""
    error = float(np.std(errors / variance)) / np.sqrt(max(len(errors), 1))
    return r_squared(float(np.mean(errors)), variance), float(error)


def _findings(model: Compared, data: Dataset, rows: Partition, variance: float) -> Iterator[Finding]:
    """The formula of a model, its constants snapped, with the r² that the model has on rows that it does not know."""
    r2, error = _r2(model.errors, variance)
    sparse = model.fitted.sparse
    found_by = Finder.BASELINE if model.name == LINE else Finder.SPARSE_MODEL
    for expr in _written(model.fitted, data):
        candidate = judge(expr, rows.fitting, rows.judging, TITLES[model.name])
        graph = None if sparse is None else sparse.graph(data.names, data.target, ANOVA, rows.judging)
        yield Finding(
            replace(candidate, r2_held_out=r2, r2_held_out_error=error), graph, PATH if sparse else (), finder=found_by
        )


def _written(fitted: Fitted, data: Dataset) -> list[sympy.Expr]:
    """The formula of a model in the inputs of the table; none of a model without one."""
    if not 0 < len(fitted.sums[0].terms) <= MOST_TERMS:
        return []
    expr = fitted.sums[0].written(fitted.rows, data.names, data.X, data.y)
    if fitted.sums[0].shrunk or len(fitted.sums[0].terms) > READABLE:
        return [expr]
    fit = fit_constants(canonical(expr, typical_size(data.X, data.names)), data)
    if not np.isfinite(fit.rms):
        return []
    if len(fit.constants) > READABLE:
        return [fit.expr]
    short = snap(fit, data)
    if not _predicts_as_well(short, fit, data.rows):
        return [fit.expr]
    return [simplify(short.expr, data.X[:SIMPLIFIED_ON], data.names)]


def _predicts_as_well(short: Fit, fit: Fit, rows: int) -> bool:
    """Whether a formula with some constants snapped, or dropped, predicts no worse by Akaike's criterion (1974).

    Description length may drop terms that predict: what was compared is what has to be written.
    """
    dropped = len(fit.constants) - len(short.constants)
    return rows * np.log(max(short.error_ms, TINY) / max(fit.error_ms, TINY)) <= 2 * dropped
