"""A form that the user knows, with its free constants fitted: many starts, linear constants solved for, errors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import floats, minimise, optimum
from kansr.formula.fit.error_model import spread_of
from kansr.numeric.arrays import Array, evenly_spaced_rows

STARTS, REFINED = 200, 12  # points that constants are looked for from, and those that are followed to the end
DECADES = 1.5  # about the natural size of a constant that starts are drawn from
ROWS = 500  # that starts are compared on
ITERATIONS = 60
FREE = 1e-11  # of the largest singular value, below which a combination of constants changes nothing
SETTLED = 1e-12  # error over the spread at which no other start is followed


@dataclass(frozen=True, eq=False)
class Form:
    """A formula with free constants. linear: those that it is a linear function of, together; written: their values
    as the user wrote them, if so.
    """

    text: str
    expr: sympy.Expr
    constants: tuple[sympy.Symbol, ...]
    linear: tuple[sympy.Symbol, ...]
    written: tuple[float, ...] = ()

    def at(self, values: Array) -> sympy.Expr:
        """The formula with numbers for its constants."""
        return self.expr.xreplace({c: sympy.Float(float(v)) for c, v in zip(self.constants, values)})


@dataclass(frozen=True, eq=False)
class FittedForm:
    """values, errors: of the constants in the order of the form, the errors inf where the rows do not determine one.

    rms: of what is left, in the units of the target; loose: the constants of which the rows determine only some
    combination.
    """

    form: Form
    values: Array
    errors: Array
    rms: float
    loose: tuple[str, ...] = ()

    @property
    def expr(self) -> sympy.Expr:
        return self.form.at(self.values)


def read_form(text: str, data: Dataset, columns: Collection[str] = ()) -> Form:
    """The form that `text` spells: names that are not inputs are free constants.

    Where there are none, the decimals of the formula are fitted, from what they are. Raises FormulaError for what is no
    formula, UsageError for one that names a column it cannot use, has no input or nothing to fit.
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
    free = (name for i in range(1, 10**6) if (name := f"c{i}") not in taken)
    names = {number: sympy.Symbol(next(free)) for number in floats(expr)}
    expr = expr.xreplace(names)
    constants = tuple(names.values())
    return Form(text, expr, constants, _linear(expr, constants), tuple(map(float, names)))


def _linear(expr: sympy.Expr, constants: Sequence[sympy.Symbol]) -> tuple[sympy.Symbol, ...]:
    chosen: list[sympy.Symbol] = []
    for constant in constants:
        if not expr.diff(constant).free_symbols & {*chosen, constant}:
            chosen.append(constant)
    return tuple(chosen)


def fit_form(form: Form, data: Dataset, seed: int = 0, expired: Callable[[], bool] = lambda: False) -> FittedForm:
    """The least-squares optimum of the form's constants, the best of many starts.

    Golub and Pereyra's variable projection (1973) picks the starts, Levenberg–Marquardt in all constants does the rest.
    Raises UsageError where the formula has no finite value on some row, whatever the constants.
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
            if rms <= SETTLED * float(np.std(some.y * weight)) or (expired() and np.isfinite(rms)):
                break
    best = min(followed, default=None, key=lambda one: one[:2])
    if best is None or not np.isfinite(best[0]):
        raise _without_values(form, data)
    return _finished(form, data, best[2])


def _without_values(form: Form, data: Dataset) -> UsageError:
    return UsageError(
        f"{form.text} has no finite value on some of the rows, whatever its constants are: "
        f"look for roots and logarithms of negative numbers and for zeros below the line"
    )


def _best_starts(form: Form, data: Dataset, rng: np.random.Generator) -> Iterator[Array]:
    """Values of all constants, the most promising first; those that are linear are the best for the others."""
    curved = [c for c in form.constants if c not in form.linear]
    rest = Tape(form.expr.xreplace(dict.fromkeys(form.linear, sympy.S.Zero)), data.names, curved or [sympy.Dummy()])
    slopes = [Tape(form.expr.diff(c), data.names, curved or [sympy.Dummy()]) for c in form.linear]
    weight = np.ones(data.rows) if data.sigma is None else 1 / data.sigma
    tried: list[tuple[float, int, Array]] = []
    for number, theta in enumerate(_draws(form, curved, data, rng)):
        inner = theta if curved else np.zeros(1)
        base = rest.value(data.X, inner)
        columns = np.column_stack([slope.value(data.X, inner) for slope in slopes] or [np.zeros((data.rows, 0))])
        if not (np.isfinite(base).all() and np.isfinite(columns).all()):
            continue
        solved = np.linalg.lstsq(columns * weight[:, None], (data.y - base) * weight, rcond=None)[0]
        residual = (base + columns @ solved - data.y) * weight
        known = {**dict(zip(curved, theta)), **dict(zip(form.linear, solved))}
        tried.append((float(residual @ residual), number, np.array([float(known[c]) for c in form.constants])))
    tried.sort(key=lambda one: one[:2])
    yield from (values for _, _, values in tried[:REFINED])


def _draws(form: Form, curved: Sequence[sympy.Symbol], data: Dataset, rng: np.random.Generator) -> Iterator[Array]:
    """Values for the constants that are not linear: what was written, ones, then chance ones of natural sizes."""
    if form.written:
        yield np.array([form.written[form.constants.index(c)] for c in curved])
    yield np.ones(len(curved))
    if not curved:
        return
    sizes = np.array([spread_of(x) for x in data.X.T] + [spread_of(data.y)])
    sizes = np.concatenate([sizes, 1 / sizes, np.ones(len(sizes))])
    for _ in range(STARTS):
        natural = rng.choice(sizes, len(curved))
        yield natural * 10 ** rng.uniform(-DECADES, DECADES, len(curved)) * rng.choice([-1.0, 1.0, 1.0], len(curved))


def _finished(form: Form, data: Dataset, start: Array) -> FittedForm:
    """The constants on all rows, with their errors; numbers that the user wrote stay what they are."""
    tape = Tape(form.expr, data.names, form.constants)
    with np.errstate(all="ignore"):
        best = optimum(tape, data, start, ITERATIONS)
        values = _signed(tape, data, best.values)
        loose = _loose(form, data, values)
    errors = np.where([str(c) in loose for c in form.constants], np.inf, best.errors)
    return FittedForm(form, values, errors, best.rms, loose)


def _signed(tape: Tape, data: Dataset, values: Array) -> Array:
    """The same constants, those positive whose sign does not matter."""
    same = tape.value(data.X, values)
    for i in np.flatnonzero(values < 0):
        turned = np.where(np.arange(len(values)) == i, -values, values)
        if np.allclose(tape.value(data.X, turned), same, rtol=1e-12, atol=0):
            values = turned
    return values


def _loose(form: Form, data: Dataset, values: Array) -> tuple[str, ...]:
    """The constants that can change together without changing anything on the rows."""
    _, J = Tape(form.expr, data.names, form.constants).jacobian(data.X, values)
    scale = np.sqrt(np.sum(J * J, axis=0))
    if not np.isfinite(scale).all():
        return ()
    dead = scale <= 0
    _, sizes, rows = np.linalg.svd(J / np.where(dead, 1.0, scale), full_matrices=False)
    idle = [row for size, row in zip(sizes, rows) if size <= FREE**0.5 * sizes[0]]
    moved = np.max(np.abs(idle), axis=0, initial=0.0) if idle else np.zeros(len(values))
    return tuple(str(c) for c, d, m in zip(form.constants, dead, np.atleast_1d(moved)) if d or m > 1e-3)
