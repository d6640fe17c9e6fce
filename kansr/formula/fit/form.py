"""Fit a form: a formula with named constants that the user gives. Many starts, by variable projection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import ITERATIONS, floats, minimise, optimum
from kansr.formula.fit.error_model import spread_of
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.tolerances import EQUAL, PERFECT

# None of these has been measured alone.
RANDOM_STARTS = 200  # random starting points
FITTED_STARTS = 12  # the best starting points, from which all constants are fitted
DECADES = 1.5  # in either direction from a natural size, that random starts are drawn from
ROWS = 500  # at most, on which starts are compared
# Signs of random starts, one drawn for each constant: constants are more often positive.
SIGNS = (-1.0, 1.0, 1.0)
# Singular value of the Jacobian with columns of length 1, over the largest, up to which a combination of constants
# changes nothing: rounding of a Jacobian (1e-16 to 1e-15) times the condition of what the rows do determine.
UNDETERMINED = 1e-11**0.5
# Part of a constant in such a combination, from which the constant is not determined: 0 up to the rounding of vectors.
TAKES_PART = 1e-3


@dataclass(frozen=True, eq=False)
class Form:
    """A formula with constants to fit. linear: the constants that it is a linear function of, all together.

    written: the values of the constants as the user wrote them, or empty.
    """

    text: str
    expr: sympy.Expr
    constants: tuple[sympy.Symbol, ...]
    linear: tuple[sympy.Symbol, ...]
    written: tuple[float, ...] = ()

    def at(self, values: Array) -> sympy.Expr:
        """The formula with values, (constants,), for its constants."""
        return self.expr.xreplace({c: sympy.Float(float(v)) for c, v in zip(self.constants, values)})


@dataclass(frozen=True, eq=False)
class FittedForm:
    """values, errors: the constants and their standard errors, (constants,), inf where the rows do not determine one.

    rms: root mean squared residual, in the unit of the target; undetermined: the names of the constants of which the
    rows determine only a combination.
    """

    form: Form
    values: Array
    errors: Array
    rms: float
    undetermined: tuple[str, ...] = ()

    @property
    def expr(self) -> sympy.Expr:
        return self.form.at(self.values)


def read_form(text: str, data: Dataset, columns: Collection[str] = ()) -> Form:
    """The form that `text` spells: names that are not inputs are constants to fit.

    Where there are none, the decimals of the formula are fitted, starting from their values.

    Raises FormulaError where the text is no formula, UsageError where it names a column that it cannot use, has no
    input or nothing to fit.
    """
    expr = parse(text)
    names = {str(symbol) for symbol in expr.free_symbols}
    if data.target in names:
        raise UsageError(f"the formula uses {data.target!r}, which is the target: say how it follows from the inputs")
    unusable = sorted(names & (set(columns) - set(data.names)))
    if unusable:
        raise UsageError(
            f"the formula uses the column {unusable[0]!r}, which is no input here ({', '.join(data.names)}): "
            "name it with --inputs, or see the notes for why it was left out"
        )
    if not names & set(data.names):
        raise UsageError(f"the formula uses none of the inputs ({', '.join(data.names)})")
    if not names - set(data.names):
        if not floats(expr):
            raise UsageError("the formula has nothing to fit: give a constant a name, or write it as a decimal")
        return _with_decimals(text, expr, data)
    constants = tuple(sorted((s for s in expr.free_symbols if str(s) not in data.names), key=str))
    return Form(text, expr, constants, _linear(expr, constants))


def _with_decimals(text: str, expr: sympy.Expr, data: Dataset) -> Form:
    """A form whose constants are the decimals of the formula, named c1, c2 and so on."""
    taken = {str(symbol) for symbol in expr.free_symbols} | {*data.names, data.target}
    names = (name for i in count(1) if (name := f"c{i}") not in taken)
    symbols = {number: sympy.Symbol(next(names)) for number in floats(expr)}
    expr = expr.xreplace(symbols)
    constants = tuple(symbols.values())
    return Form(text, expr, constants, _linear(expr, constants), tuple(map(float, symbols)))


def _linear(expr: sympy.Expr, constants: Sequence[sympy.Symbol]) -> tuple[sympy.Symbol, ...]:
    """The constants that the expression is linear in, all together; the first ones win."""
    chosen: list[sympy.Symbol] = []
    for constant in constants:
        if not expr.diff(constant).free_symbols & {*chosen, constant}:
            chosen.append(constant)
    return tuple(chosen)


def fit_form(form: Form, data: Dataset, seed: int = 0, passed: Callable[[], bool] = lambda: False) -> FittedForm:
    """The least-squares optimum of the form's constants, the best of many starts.

    Starts are ranked with their linear constants eliminated by variable projection; Levenberg-Marquardt in all
    constants goes on from the best. passed: whether no further start is to be followed.

    Raises UsageError where the formula has no finite value on some row, whatever the constants.
    Source: Golub and Pereyra 1973.
    """
    rng = np.random.default_rng(seed)
    some = data.take(evenly_spaced_rows(data.rows, ROWS))
    tape = Tape(form.expr, data.names, form.constants)
    weight = np.ones(some.rows) if some.sigma is None else 1 / some.sigma
    followed: list[tuple[float, int, Array]] = []
    with np.errstate(all="ignore"):
        for number, start in enumerate(_best_starts(form, some, rng)):
            values, rms, _ = minimise(tape, some.X, some.y, start, ITERATIONS, weight)
            followed.append((rms, number, values))
            if rms <= PERFECT * float(np.std(some.y * weight)) or (passed() and np.isfinite(rms)):
                break
    best = min(followed, default=None, key=lambda fitted: fitted[:2])
    if best is None or not np.isfinite(best[0]):
        raise _without_values(form, data)
    return _finished(form, data, best[2])


def _without_values(form: Form, data: Dataset) -> UsageError:
    return UsageError(
        f"{form.text} has no finite value on some of the rows, whatever its constants are: "
        f"look for roots and logarithms of negative numbers and for zeros below the line"
    )


def _best_starts(form: Form, data: Dataset, rng: np.random.Generator) -> Iterator[Array]:
    """The best starting points, (constants,) each, least residual first; the linear constants are at their optimum."""
    nonlinear = [c for c in form.constants if c not in form.linear]
    rest = Tape(form.expr.xreplace(dict.fromkeys(form.linear, sympy.S.Zero)), data.names, nonlinear or [sympy.Dummy()])
    slopes = [Tape(form.expr.diff(c), data.names, nonlinear or [sympy.Dummy()]) for c in form.linear]
    weight = np.ones(data.rows) if data.sigma is None else 1 / data.sigma
    tried: list[tuple[float, int, Array]] = []
    for number, theta in enumerate(_draws(form, nonlinear, data, rng)):
        inner = theta if nonlinear else np.zeros(1)
        base = rest.value(data.X, inner)
        columns = np.column_stack([slope.value(data.X, inner) for slope in slopes] or [np.zeros((data.rows, 0))])
        if not (np.isfinite(base).all() and np.isfinite(columns).all()):
            continue
        solved = np.linalg.lstsq(columns * weight[:, None], (data.y - base) * weight, rcond=None)[0]
        residual = (base + columns @ solved - data.y) * weight
        values = {**dict(zip(nonlinear, theta)), **dict(zip(form.linear, solved))}
        tried.append((float(residual @ residual), number, np.array([float(values[c]) for c in form.constants])))
    tried.sort(key=lambda start: start[:2])
    yield from (values for _, _, values in tried[:FITTED_STARTS])


def _draws(form: Form, nonlinear: Sequence[sympy.Symbol], data: Dataset, rng: np.random.Generator) -> Iterator[Array]:
    """Values of the nonlinear constants: as the user wrote them, ones, then random ones near natural sizes.

    Natural sizes are the spreads of the columns, their inverses, and 1.
    """
    if form.written:
        yield np.array([form.written[form.constants.index(c)] for c in nonlinear])
    yield np.ones(len(nonlinear))
    if not nonlinear:
        return
    sizes = np.array([spread_of(x) for x in data.X.T] + [spread_of(data.y)])
    sizes = np.concatenate([sizes, 1 / sizes, np.ones(len(sizes))])
    for _ in range(RANDOM_STARTS):
        natural = rng.choice(sizes, len(nonlinear))
        factors = 10 ** rng.uniform(-DECADES, DECADES, len(nonlinear))
        yield natural * factors * rng.choice(SIGNS, len(nonlinear))


def _finished(form: Form, data: Dataset, start: Array) -> FittedForm:
    """The constants fitted on all rows, with their standard errors."""
    tape = Tape(form.expr, data.names, form.constants)
    with np.errstate(all="ignore"):
        best = optimum(tape, data, start, ITERATIONS)
        values = _positive(tape, data, best.values)
        undetermined = _undetermined(form, data, values)
    errors = np.where([str(c) in undetermined for c in form.constants], np.inf, best.errors)
    return FittedForm(form, values, errors, best.rms, undetermined)


def _positive(tape: Tape, data: Dataset, values: Array) -> Array:
    """The same constants, but positive where the sign does not matter."""
    before = tape.value(data.X, values)
    for i in np.flatnonzero(values < 0):
        flipped = np.where(np.arange(len(values)) == i, -values, values)
        if np.allclose(tape.value(data.X, flipped), before, rtol=EQUAL, atol=0):
            values = flipped
    return values


def _undetermined(form: Form, data: Dataset, values: Array) -> tuple[str, ...]:
    """The names of the constants that can change together without changing any value on the rows."""
    _, J = Tape(form.expr, data.names, form.constants).jacobian(data.X, values)
    scale = np.sqrt(np.sum(J * J, axis=0))
    if not np.isfinite(scale).all():
        return ()
    without_effect = scale <= 0
    _, sizes, vectors = np.linalg.svd(J / np.where(without_effect, 1.0, scale), full_matrices=False)
    null = [vector for size, vector in zip(sizes, vectors) if size <= UNDETERMINED * sizes[0]]
    part = np.max(np.abs(null), axis=0, initial=0.0) if null else np.zeros(len(values))
    undetermined = without_effect | (np.atleast_1d(part) > TAKES_PART)
    return tuple(str(constant) for constant, free in zip(form.constants, undetermined) if free)
