"""A form with unknown functions, such as f(x) + g(y, z), solved: each function is a table of its own for the search.

The functions are first followed by smooth models; one after another is then read by the search, the last from the rows
themselves. The constants of the whole are fitted and judged on the rows of the table.
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
from kansr.numeric.arrays import Array
from kansr.pipeline.assemble import discovery_of
from kansr.pipeline.config import Config
from kansr.pipeline.run import partitioned, search
from kansr.refinement.forms.backfitting import backfit
from kansr.refinement.forms.skeleton import TARGET, Skeleton, Unknown, read_skeleton
from kansr.result.derivation import Measure, Step
from kansr.result.result import Result, Status
from kansr.runtime.deadline import Deadline
from kansr.search.attempt import Finding
from kansr.search.finish import best_of, polished
from kansr.search.stopping import status_of

SAMPLE = 400  # rows that smooth models of several functions are made on
KEPT = 3  # formulas of each function that may stand in the whole
TURNED = 0.8  # share of the rows on which the form must have a value when turned
TINY = 1e-9  # of the typical factor of a function, below which a row says nothing about it
NEAR, SHORT = 3.0, 4  # times their error that values may be missed by, and constants, of a formula that ends a search
LOST = 0.1  # of the target's spread, beyond which a form does not describe the rows


def templated(data: Dataset, text: str, config: Config) -> Iterator[Result]:
    """The form with formulas for its functions, once all have one.

    Raises FormulaError or UsageError for a form that cannot be solved, and says in a note if it does not fit the rows.
    """
    if config.refine:
        raise UsageError("the functions of a form are found by the search alone: leave out --refine or --form")
    deadline = Deadline(config.time_limit)
    skeleton = read_skeleton(text, data)
    rows, notes = partitioned(data, config, deadline)
    solving = _Solving(skeleton, rows.sample, deadline)
    known: dict[sympy.Dummy, list[sympy.Expr]] = {}
    steps: list[Step] = []
    left = 0.0
    while remaining := [u for u in skeleton.unknowns if u.symbol not in known]:
        values, errors, missed = solving.values(remaining, {symbol: found[0] for symbol, found in known.items()})
        left = max(left, missed)
        if missed > LOST and len(remaining) == len(skeleton.unknowns):
            notes.append(f"no smooth functions make {text} fit: they leave {100 * missed:.0f} % of the target's spread")
        unknown = min(remaining, key=lambda u: len(u.arguments))
        part = solving.table(unknown, values[unknown.symbol])
        seconds = deadline.remaining(deadline.budget.form_search) / len(remaining)
        near = NEAR * left * errors[unknown.symbol]
        found = _searched(part, replace(config, time_limit=max(seconds, deadline.budget.form_least)), near)
        known[unknown.symbol] = [expr.xreplace(_back(part, unknown)) for expr in found]
        steps.append(Step(f"{unknown.said} = {readable(known[unknown.symbol][0])}", Measure.RESIDUAL, left))
    findings = list(best_of(polished(_wholes(skeleton, known), rows), rows, f"form {text}", deadline.passed))
    if not findings:
        raise UsageError(f"no formulas for the functions of {text} have a value on every row")
    findings = [Finding(finding.candidate, path=tuple(steps)) for finding in findings]
    drafted = discovery_of(rows.kept, rows, findings, Status.BEST_EFFORT, deadline.seconds(), config.seed)
    yield replace(drafted, status=status_of(drafted.best, rows.kept), notes=tuple(notes))


def _searched(part: Dataset, config: Config, near: float) -> list[sympy.Expr]:
    """The formulas that a search comes to, the best first; it ends at a short one as near as the values are known."""
    for last in search(part, config):
        if last.best.loss <= near**2 and len(last.best.expr.atoms(sympy.Float)) <= SHORT:
            break
    return [c.expr for c in sorted(last.front, key=lambda c: c.description_length)][:KEPT]


def _back(part: Dataset, unknown: Unknown) -> dict[sympy.Symbol, sympy.Expr]:
    return {sympy.Symbol(name): argument for name, argument in zip(part.names, unknown.arguments)}


def _wholes(skeleton: Skeleton, known: dict[sympy.Dummy, list[sympy.Expr]]) -> Iterator[sympy.Expr]:
    """The form with the best formula for each function, and with the next best for one of them.

    What is a constant more in one function is one less in another, so each is given a factor and a constant to fit.
    """
    free = {}
    for number, symbol in enumerate(known, 1):
        free[symbol] = sympy.Float(1 + 1e-9 * number), sympy.Float(1e-9 * number)

    def whole(chosen: dict[sympy.Dummy, sympy.Expr]) -> sympy.Expr:
        return skeleton.expr.xreplace({s: free[s][0] * expr + free[s][1] for s, expr in chosen.items()})

    best = {symbol: exprs[0] for symbol, exprs in known.items()}
    yield whole(best)
    yield skeleton.expr.xreplace(best)
    for symbol, exprs in known.items():
        yield from (whole({**best, symbol: expr}) for expr in exprs[1:])


def _size(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2))) or 1.0


@dataclass(frozen=True, eq=False)
class _Solving:
    """A skeleton on rows."""

    skeleton: Skeleton
    data: Dataset
    deadline: Deadline

    def values(
        self, remaining: Sequence[Unknown], known: dict[sympy.Dummy, sympy.Expr]
    ) -> tuple[dict[sympy.Dummy, Array], dict[sympy.Dummy, float], float]:
        """The values of the functions that are not known on the rows, nan where they cannot be told.

        Then what they are off by where the whole is off by all of its spread. The last one is as exact as those that
        are known; others come from smooth models, which leave the third thing that is returned of the spread.
        """
        left = self._left()
        right = self.skeleton.right.xreplace(known)
        symbols = [unknown.symbol for unknown in remaining]
        names = {s: sympy.Symbol(f"function {i}") for i, s in enumerate(symbols)}
        tape = Tape(right.xreplace(names), [*self.data.names, *map(str, names.values())])
        chosen = np.flatnonzero(np.isfinite(left))[: SAMPLE if len(remaining) > 1 else None]

        def parts(values: Sequence[Array], number: int) -> tuple[Array, Array]:
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
            return found, {symbols[0]: spread / _size(b)}, 0.0
        arguments = [self._arguments(unknown)[chosen] for unknown in remaining]
        smoothing = self.deadline.within(self.deadline.budget.form_surrogate * self.deadline.limit)
        fitted, missed = backfit(arguments, left[chosen], parts, self.skeleton.linear, smoothing.passed)
        for symbol, values in zip(symbols, fitted):
            found[symbol][chosen] = values
        return found, {s: spread / _size(parts(fitted, i)[1]) for i, s in enumerate(symbols)}, missed

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
