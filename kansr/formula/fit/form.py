"""Fit a form: a formula with named constants that the user gives. Many starts, by variable projection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import ITERATIONS, Optimum, floats, least_squares, standard_errors
from kansr.formula.fit.projection import Projection
from kansr.formula.fit.starts import draws, part_with
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.robust import mean_square
from kansr.numeric.tolerances import EPS, EQUAL, PERFECT, TINY

# Starts that are drawn; how many of the best are followed for how many steps, in rounds; steps of the last ones, on all
# rows. With them all 27 of NIST's sets for nonlinear regression are solved without a start, in half a second at most
# (benchmarks/recovery/given_forms.py); where 128 are followed for 40 steps, 26 are.
DRAWN, ROUNDS, LAST, STEPS = 3000, ((512, 6), (96, 15), (24, 40)), 6, 40
ROWS = 120  # at most, on which starts are compared
NO_BETTER = 1e-9  # relative difference of rms up to which the fit near a given start stands
CANDIDATES = 2  # ends that all constants are fitted from
# Gauss-Newton steps at the optimum, the relative step that is the last, and the relative rise of the rms that is none.
LAST_STEPS, LAST_STEP, ROUNDED = 20, 1e-13, 1e-12
# Singular value of the Jacobian with columns of length 1, over the largest, up to which a combination of constants
# changes nothing: rounding of a Jacobian (1e-16 to 1e-15) times the condition of what the rows do determine.
UNDETERMINED = 1e-11**0.5
# Part of a constant in such a combination, from which the constant is not determined: 0 up to the rounding of vectors.
TAKES_PART = 1e-3


@dataclass(frozen=True, eq=False)
class Form:
    """A formula with constants to fit. linear: the constants that it is a linear function of, all together.

    written: the values of the constants as the user wrote them, or empty; start: where to begin, by name.
    """

    text: str
    expr: sympy.Expr
    constants: tuple[sympy.Symbol, ...]
    linear: tuple[sympy.Symbol, ...]
    written: tuple[float, ...] = ()
    start: Mapping[str, float] = field(default_factory=dict)

    @property
    def nonlinear(self) -> tuple[sympy.Symbol, ...]:
        """The other constants."""
        return tuple(c for c in self.constants if c not in self.linear)

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
    """The least-squares optimum of the form's constants, the best of many starts; near the start where one is given.

    Linear constants are eliminated by variable projection, so only the others have starts: drawn where their place in
    the form says that they may lie, and followed many at a time. Levenberg-Marquardt in all constants, and at last
    Gauss-Newton steps, go on from the best. passed: whether no further start is to be followed.

    Raises UsageError where the formula has no finite value on some row, whatever the constants.
    Source: Golub and Pereyra 1973.
    """
    near = [_finished(form, data, end) for end in _near(form, data, passed)]
    far = [_finished(form, data, end) for end in _ends(form, data, np.random.default_rng(seed), passed)]
    best = min((fit for fit in near if np.isfinite(fit.rms)), default=None, key=lambda fit: fit.rms)
    other = min((fit for fit in far if np.isfinite(fit.rms)), default=None, key=lambda fit: fit.rms)
    if best is not None and (other is None or best.rms <= other.rms * (1 + NO_BETTER) + PERFECT * float(np.std(data.y))):
        return best
    if other is None:
        raise _without_values(form, data)
    return _in_order(other, data)


def _without_values(form: Form, data: Dataset) -> UsageError:
    return UsageError(
        f"{form.text} has no finite value on some of the rows, whatever its constants are: "
        f"look for roots and logarithms of negative numbers and for zeros below the line"
    )


def _near(form: Form, data: Dataset, passed: Callable[[], bool]) -> Iterator[Array]:
    """Where to begin for what was given, (constants,) each: all of it, and with the linear constants at their optimum."""
    given = [form.start.get(str(c)) for c in form.constants]
    if form.written:
        given = [written if value is None else value for value, written in zip(given, form.written)]
    start = np.array([np.nan if value is None else value for value in given])
    if np.isfinite(start).all():
        yield start
    nonlinear = [i for i, c in enumerate(form.constants) if c not in form.linear]
    if len(start) and np.isfinite(start[nonlinear]).all() and (form.start or form.written):
        projection = Projection.of(form.expr, data, form.nonlinear, form.linear)
        yield from _projected(form, projection, start[None, nonlinear], passed)


def _ends(form: Form, data: Dataset, rng: np.random.Generator, passed: Callable[[], bool]) -> Iterator[Array]:
    """What the best of many starts lead to, (constants,) each. What was given of a start stays in them."""
    drawn = draws(form.expr, form.nonlinear, data)
    given = [form.start.get(str(c)) for c in form.nonlinear]
    if all(value is not None for value in given):  # and nothing else was found from there
        given = [None] * len(given)
    starts = np.array([[draw(rng) for draw in drawn] for _ in range(DRAWN if drawn else 1)]).reshape(-1, len(drawn))
    starts = np.vstack([np.ones(len(drawn)), starts])
    for i, value in enumerate(given):
        starts[:, i] = starts[:, i] if value is None else value
    few = Projection.of(form.expr, data.take(evenly_spaced_rows(data.rows, ROWS)), form.nonlinear, form.linear)
    losses = few.losses(starts)
    for count, steps in ROUNDS:
        best = np.argsort(losses, kind="stable")[:count]
        best = best[np.isfinite(losses[best])]
        if not len(best):
            return
        starts, losses = few.best(starts[best], steps, passed)
    starts = starts[np.argsort(losses, kind="stable")[:LAST]]
    yield from _projected(form, Projection.of(form.expr, data, form.nonlinear, form.linear), starts, passed)


def _projected(form: Form, projection: Projection, starts: Array, passed: Callable[[], bool]) -> Iterator[Array]:
    """The best ends of starts of the nonlinear constants, with the linear ones at their optimum, (constants,) each."""
    ends, losses = projection.best(starts, STEPS, passed)
    for end in ends[np.argsort(losses, kind="stable")][:CANDIDATES]:
        values = {**dict(zip(form.nonlinear, end)), **dict(zip(form.linear, projection.linear_at(end)))}
        yield np.array([float(values[c]) for c in form.constants])


def _finished(form: Form, data: Dataset, start: Array) -> FittedForm:
    """The constants fitted on all rows, with their standard errors.

    By least squares, weighted by stated errors, or by Huber's loss: the form is the user's, and so is what its constants
    minimise. A search asks besides whether errors are relative, or come from rounding.
    """
    tape = Tape(form.expr, data.names, form.constants)
    with np.errstate(all="ignore"):
        best = least_squares(tape, data, start, ITERATIONS)
        if data.sigma is None and not data.robust and np.isfinite(best.rms):
            best = _to_the_last_digits(tape, data, best)
        values = _positive(form, tape, data, best.values)
        undetermined = _undetermined(form, data, values)
    errors = np.where([str(c) in undetermined for c in form.constants], np.inf, best.errors)
    return FittedForm(form, values, errors, best.rms, undetermined)


def _to_the_last_digits(tape: Tape, data: Dataset, best: Optimum) -> Optimum:
    """The optimum after Gauss-Newton steps with the QR decomposition, which keeps digits that normal equations lose."""
    values, rms, J = best.values, best.rms, best.J
    for _ in range(LAST_STEPS):
        scale = np.sqrt(np.sum(J * J, axis=0)) + TINY
        residual = tape.value(data.X, values) - data.y
        if not np.isfinite(J / scale).all():
            break
        step = np.linalg.lstsq(J / scale, residual, rcond=EPS)[0] / scale
        trial, trial_J = tape.jacobian(data.X, values - step)
        trial_rms = float(np.sqrt(mean_square(trial - data.y)))
        if not trial_rms <= rms * (1 + ROUNDED):
            break
        values, rms, J = values - step, trial_rms, trial_J
        if np.all(np.abs(step) <= LAST_STEP * np.abs(values)):
            break
    return best._replace(values=values, rms=rms, J=J, errors=standard_errors(J, rms), error_ms=rms**2)


def _in_order(fitted: FittedForm, data: Dataset) -> FittedForm:
    """The same fit with constants that can be exchanged in order: the slower part first, then the one further left.

    So exp(-b1*x) has the smaller rate, cos(x/b1) the longer period and (x - b1)**2 the smaller place.
    """
    form = fitted.form
    inputs = {name: sympy.Symbol(name) for name in data.names}
    values = dict(zip(form.constants, zip(fitted.values.tolist(), fitted.errors.tolist())))
    for groups in exchangeable(form.expr, form.constants):
        shaping = [tuple(c for c in group if c not in form.linear) for group in groups]
        places = sorted(range(len(groups)), key=lambda i: _order(form.expr, shaping[i], values, inputs))
        ordered = [groups[i] for i in places]
        values |= {to: value for to, value in zip(
            (c for group in groups for c in group), [values[c] for group in ordered for c in group]
        )}  # fmt: skip
    loose = set(fitted.undetermined)
    numbers = np.array([values[c] for c in form.constants]).reshape(-1, 2)
    return fitted if loose else replace(fitted, values=numbers[:, 0], errors=numbers[:, 1])


def _order(
    expr: sympy.Expr,
    group: Sequence[sympy.Symbol],
    values: Mapping[sympy.Symbol, tuple[float, float]],
    inputs: Mapping[str, sympy.Symbol],
) -> tuple[float, ...]:
    """By what exchangeable parts are ordered: how fast each nonlinear constant makes them vary, or its place."""
    order: list[float] = []
    for constant in group:
        part = part_with(expr, constant, inputs)
        symbols = sorted(part.free_symbols & set(inputs.values()), key=str) if part is not None else []
        if part is None or not symbols:
            continue
        rate = part.diff(symbols[0])
        at = values[constant][0]
        if constant not in rate.free_symbols:
            order.append(at if part.is_Add else 0.0)
            continue
        number = rate.xreplace({constant: sympy.Float(at)})
        number = number.xreplace(dict.fromkeys(number.free_symbols, sympy.Float(1.0)))
        order.append(abs(complex(number)))
    return tuple(order)


def exchangeable(
    expr: sympy.Expr, constants: Sequence[sympy.Symbol]
) -> list[tuple[tuple[sympy.Symbol, ...], ...]]:
    """Sets of groups of constants that can be exchanged without changing the form, as those of equal terms of a sum."""
    terms = [term for term in sympy.Add.make_args(expr) if term.free_symbols & set(constants)]
    found: dict[sympy.Expr, list[tuple[sympy.Symbol, ...]]] = {}
    for parts in _joined(terms, constants):
        group = tuple(c for c in constants if any(c in part.free_symbols for part in parts))
        shape = sympy.Add(*parts).xreplace({c: sympy.Symbol(f"constant {i}") for i, c in enumerate(group)})
        found.setdefault(shape, []).append(group)
    return [tuple(groups) for groups in found.values() if len(groups) > 1]


def _joined(terms: Sequence[sympy.Expr], constants: Sequence[sympy.Symbol]) -> list[list[sympy.Expr]]:
    """The terms in sets that share no constant."""
    joined: list[list[sympy.Expr]] = []
    for term in terms:
        own = term.free_symbols & set(constants)
        near = [part for part in joined if any(own & other.free_symbols for other in part)]
        joined = [part for part in joined if part not in near] + [[*(t for part in near for t in part), term]]
    return joined


def _positive(form: Form, tape: Tape, data: Dataset, values: Array) -> Array:
    """The same constants, but positive where the sign does not matter: alone, or with another one, as in c*sin(x/b).

    A nonlinear constant takes a linear one with it, whatever the sign of that becomes.
    """
    before, numbers = tape.value(data.X, values), np.arange(len(values))
    linear = np.array([c in form.linear for c in form.constants], dtype=bool)
    for i in sorted(np.flatnonzero(values < 0), key=lambda i: bool(linear[i])):
        for j in (i, *np.flatnonzero((numbers != i) & ((values < 0) | (linear & ~linear[i])))):
            flipped = np.where((numbers == i) | (numbers == j), -values, values)
            if np.allclose(tape.value(data.X, flipped), before, rtol=EQUAL, atol=0):
                values = flipped
                break
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
