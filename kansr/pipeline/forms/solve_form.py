"""A form with unknown functions, such as f(x) + g(y, z), solved: each function is a table of its own for the search.

Surrogate models follow all functions first; one after another is then found by the search, the last from the rows
themselves. The constants of the whole are fitted, and it is judged, on the rows of the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.render import readable
from kansr.formula.judge.vocabulary import EVERYTHING, Vocabulary
from kansr.numeric.arrays import Array
from kansr.pipeline.assemble import assemble
from kansr.pipeline.conclude import conclude_in_time
from kansr.pipeline.config import Config
from kansr.pipeline.journal import Journal
from kansr.pipeline.partition import without_outliers
from kansr.pipeline.run import permitted, search
from kansr.refinement.forms.backfitting import backfit
from kansr.refinement.forms.skeleton import TARGET, Skeleton, Unknown, read_skeleton
from kansr.result.derivation import Finder, Measure, Step
from kansr.result.result import Result, Status
from kansr.runtime.deadline import Deadline
from kansr.search.attempt import Finding
from kansr.search.finish import best_of, fit_all
from kansr.search.partition import Partition
from kansr.search.stopping import status_of

SAMPLE = 400  # rows that surrogate models of several functions are fitted to
KEPT = 3  # formulas of each function that may stand in the whole
TURNED = 0.8  # share of the rows on which the form must have a value when turned
TINY = 1e-9  # of the typical factor of a function, below which a row says nothing about it
NEAR, SHORT = 3.0, 4  # times their error that values may be missed by, and constants, of a formula that ends a search
LOST = 0.1  # relative rms beyond which a form does not describe the rows
APART = 1e-9  # by which the free numbers of the whole differ at first: one number that comes twice would stay one


def solve_form(text: str, rows: Partition, config: Config, deadline: Deadline, journal: Journal) -> Iterator[Result]:
    """The form with formulas for its functions, once all have one.

    journal: stays as it is; such a search cannot be resumed. Raises FormulaError or UsageError for a form that
    cannot be solved, and says in a note if it does not fit the rows.
    """
    skeleton = read_skeleton(text, rows.table)
    _check(skeleton, config.vocabulary)
    solving = _Solving(skeleton, rows.sample, deadline)
    notes: list[str] = []
    known: dict[sympy.Dummy, list[sympy.Expr]] = {}
    steps: list[Step] = []
    misfit = 0.0  # relative rms of the surrogate models that the functions so far were found from
    timed_out = False
    while remaining := [u for u in skeleton.unknowns if u.symbol not in known]:
        seen = solving.values(remaining, {symbol: found[0] for symbol, found in known.items()})
        misfit = max(misfit, seen.misfit)
        if seen.misfit > LOST and len(remaining) == len(skeleton.unknowns):
            percent = f"{100 * seen.misfit:.0f} %"
            left = f"leave a residual of {percent} of the target's spread"
            notes.append(f"even smooth functions in {text} {left}: the form may be wrong")
        unknown = min(remaining, key=lambda u: len(u.arguments))
        part = solving.table(unknown, seen.values[unknown.symbol])
        seconds = deadline.remaining(deadline.budget.form_search) / len(remaining)
        near = NEAR * misfit * seen.size[unknown.symbol]
        found = _searched(part, replace(config, time_limit=max(seconds, deadline.budget.form_least)), near)
        timed_out |= found.status is Status.TIMED_OUT
        known[unknown.symbol] = [expr.xreplace(_back(part, unknown)) for expr in _shortest(found)]
        steps.append(Step(f"{unknown.text} = {readable(known[unknown.symbol][0])}", Measure.RESIDUAL, misfit))
    wholes = fit_all(_wholes(skeleton, known), rows)
    offered = best_of(wholes, rows, f"form {text}", deadline.passed, vocabulary=config.vocabulary)
    findings = permitted(offered, config.vocabulary)
    if not findings:
        why = "have a value on every row" if config.vocabulary == EVERYTHING else "are permitted and fit the rows"
        raise UsageError(f"no formulas for the functions of {text} {why}")
    rows, findings = without_outliers(rows, findings, config, deadline)
    findings = [Finding(finding.candidate, path=tuple(steps), finder=Finder.GIVEN) for finding in findings]
    drafted = assemble(rows, findings, Status.BEST_EFFORT, deadline.seconds(), config.seed)
    status = status_of(drafted.best, rows.kept)
    if timed_out and status is not Status.FOUND:  # no search has shown that there is nothing better
        status = Status.TIMED_OUT
    yield conclude_in_time(replace(drafted, status=status, notes=tuple(notes)), rows, deadline)


def _check(skeleton: Skeleton, vocabulary: Vocabulary) -> None:
    """Raises UsageError for a form with a function that formulas may not have."""
    known = {unknown.symbol: sympy.Symbol("f") for unknown in skeleton.unknowns}
    if not vocabulary.may_become(skeleton.expr.xreplace(known)):
        raise UsageError(f"the form {skeleton.text} uses a function that is not in --functions: add it there")


def _searched(part: Dataset, config: Config, near: float) -> Result:
    """What a search comes to; it ends at a short formula as near as the values are known."""
    for last in search(part, config):
        if last.best.loss <= near**2 and len(last.best.expr.atoms(sympy.Float)) <= SHORT:
            break
    return last


def _shortest(found: Result) -> list[sympy.Expr]:
    """The formulas of the front with the shortest descriptions, the best first."""
    return [c.expr for c in sorted(found.front, key=lambda c: c.description_length)][:KEPT]


def _back(part: Dataset, unknown: Unknown) -> dict[sympy.Symbol, sympy.Expr]:
    return {sympy.Symbol(name): argument for name, argument in zip(part.names, unknown.arguments)}


def _wholes(skeleton: Skeleton, known: dict[sympy.Dummy, list[sympy.Expr]]) -> Iterator[sympy.Expr]:
    """The form with the best formula for each function, and with the next best for one of them.

    What is a constant more in one function is one less in another, so each is given a factor and a constant to fit.
    """
    free = {}
    for number, symbol in enumerate(known, 1):
        free[symbol] = sympy.Float(1 + APART * number), sympy.Float(APART * number)

    def whole(chosen: dict[sympy.Dummy, sympy.Expr]) -> sympy.Expr:
        return skeleton.expr.xreplace({s: free[s][0] * expr + free[s][1] for s, expr in chosen.items()})

    best = {symbol: exprs[0] for symbol, exprs in known.items()}
    yield whole(best)
    yield skeleton.expr.xreplace(best)
    for symbol, exprs in known.items():
        yield from (whole({**best, symbol: expr}) for expr in exprs[1:])


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2))) or 1.0


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is known of the values of unknown functions.

    values: of each, (rows,), nan where they are not determined; size: what a function is off by where the whole is off
    by all of its spread; misfit: relative rms of the surrogate models that the values come from, 0 without any.
    """

    values: dict[sympy.Dummy, Array]
    size: dict[sympy.Dummy, float]
    misfit: float


@dataclass(frozen=True, eq=False)
class _Solving:
    """A skeleton on rows."""

    skeleton: Skeleton
    data: Dataset
    deadline: Deadline

    def values(self, remaining: Sequence[Unknown], known: dict[sympy.Dummy, sympy.Expr]) -> _Seen:
        """The values of the functions that remain on the rows, those that are known put in.

        The last function is solved for row by row, and is as exact as the others; several come from surrogate models.
        """
        left = self._left()
        right = self.skeleton.right.xreplace(known)
        symbols = [unknown.symbol for unknown in remaining]
        names = {s: sympy.Symbol(f"function {i}") for i, s in enumerate(symbols)}
        tape = Tape(right.xreplace(names), [*self.data.names, *map(str, names.values())])
        chosen = np.flatnonzero(np.isfinite(left))[: SAMPLE if len(remaining) > 1 else None]

        def parts(values: Sequence[Array], number: int) -> tuple[Array, Array]:
            """(a, b), (chosen rows,) each, such that the right side is a + b·(the function of that number)."""

            def at(value: float) -> Array:
                columns = [np.full(len(chosen), value) if i == number else v for i, v in enumerate(values)]
                return tape.value(np.column_stack([self.data.X[chosen], *columns]))

            a = at(0.0)
            return a, at(1.0) - a

        found: dict[sympy.Dummy, Array] = {symbol: np.full(self.data.rows, np.nan) for symbol in symbols}
        spread = float(np.std(left[chosen])) or 1.0
        if len(remaining) == 1:
            a, b = parts([np.zeros(len(chosen))], 0)
            clear = np.abs(b) > TINY * float(np.median(np.abs(b)))
            with np.errstate(all="ignore"):
                found[symbols[0]][chosen] = np.where(clear, (left[chosen] - a) / b, np.nan)
            return _Seen(found, {symbols[0]: spread / _rms(b)}, 0.0)
        arguments = [self._arguments(unknown)[chosen] for unknown in remaining]
        smoothing = self.deadline.within(self.deadline.budget.form_surrogate * self.deadline.limit)
        fitted, misfit = backfit(arguments, left[chosen], parts, self.skeleton.linear, smoothing.passed)
        for symbol, values in zip(symbols, fitted):
            found[symbol][chosen] = values
        return _Seen(found, {s: spread / _rms(parts(fitted, i)[1]) for i, s in enumerate(symbols)}, misfit)

    def table(self, unknown: Unknown, values: Array) -> Dataset:
        """The rows of an unknown function. Columns that are inputs keep their names."""
        X, good = self._arguments(unknown), np.isfinite(values)
        names = [str(a) if a.is_Symbol else f"u{i}" for i, a in enumerate(unknown.arguments)]
        plain = tuple(name if names.count(name) == 1 else f"{name}_{i}" for i, name in enumerate(names))
        return Dataset(np.ascontiguousarray(X[good]), values[good], plain, "f")

    def _left(self) -> Array:
        """The turned target, (rows,), nan where it has no value."""
        expr = self.skeleton.left.xreplace({TARGET: sympy.Symbol("the target")})
        with np.errstate(all="ignore"):
            tape = Tape(expr, [*self.data.names, "the target"])
            left = tape.value(np.column_stack([self.data.X, self.data.y]))
        good = np.isfinite(left)
        if good.mean() < TURNED:
            raise UsageError(
                f"{self.skeleton.text} cannot be solved for its functions on {int((~good).sum())} of {len(left)} rows: "
                f"{expr.xreplace({sympy.Symbol('the target'): sympy.Symbol(self.data.target)})} has no real value there"
            )
        return np.where(good, left, np.nan)

    def _arguments(self, unknown: Unknown) -> Array:
        """(rows, arguments)"""
        return np.column_stack([Tape(a, self.data.names).value(self.data.X) for a in unknown.arguments])
