"""Fit a form: a formula with named constants that the user gives. Many starts, by variable projection."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import ITERATIONS, MOST_ROWS, Optimum, least_squares, standard_errors
from kansr.formula.fit.exchangeable import in_order
from kansr.formula.fit.projection import Projection
from kansr.formula.fit.starts import draws
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
TOKEN = r"[A-Za-z_]\w*|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"  # a name or a number of a formula
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


def read_form(
    text: str, data: Dataset, columns: Collection[str] = (), start: Mapping[str, float] | str | None = None
) -> Form:
    """The form that `text` spells: names that are not inputs are constants to fit, and numbers stay as they are.

    Where there are no such names, every decimal of the formula is a constant of its own, c1, c2 and so on in the order
    of the text, and starts from its value; whole numbers and fractions stay. start: where constants begin, by name, or
    as a text "a=1,b=2e-3".

    Raises FormulaError where the text is no formula, UsageError where it names a column that it cannot use, has no
    input or nothing to fit, or where `start` names no constant.
    """
    expr = parse(text)
    names = {str(symbol) for symbol in expr.free_symbols}
    if data.target in names:
        raise UsageError(f"the formula uses {data.target!r}, which is the target: leave it out")
    unusable = sorted(names & (set(columns) - set(data.names)))
    if unusable:
        raise UsageError(
            f"the formula uses the column {unusable[0]!r}, which is not an input here ({', '.join(data.names)}): "
            "name it with --inputs, or see the notes for why it was left out"
        )
    if not names & set(data.names):
        raise UsageError(f"the formula uses none of the inputs ({', '.join(data.names)})")
    written: dict[str, float] = {}
    if not names - set(data.names):
        named, written = _with_names(text, {*names, *data.names, data.target})
        if not written:
            raise UsageError("the formula has nothing to fit: give a constant a name, or write it as a decimal")
        expr = parse(named)
    constants = tuple(sorted((s for s in expr.free_symbols if str(s) not in data.names), key=_by_name))
    values = tuple(written[str(c)] for c in constants) if written else ()
    return Form(text, expr, constants, _linear(expr, constants), values, read_start(start, constants))


def _by_name(symbol: sympy.Symbol) -> tuple[str, int]:
    """c2 before c10."""
    digits = re.search(r"\d*$", symbol.name)
    number = digits[0] if digits else ""
    return symbol.name[: len(symbol.name) - len(number)], int(number or 0)


def _with_names(text: str, taken: set[str]) -> tuple[str, dict[str, float]]:
    """A formula with a name in place of each decimal, and the values by name."""
    free = (name for i in count(1) if (name := f"c{i}") not in taken)
    values: dict[str, float] = {}

    def named(match: re.Match[str]) -> str:
        token = match[0]
        if not (token[0].isdigit() or token[0] == ".") or token.isdecimal():
            return token
        name = next(free)
        values[name] = float(token)
        return name

    return re.sub(TOKEN, named, text), values


def read_start(start: Mapping[str, float] | str | None, constants: Sequence[sympy.Symbol]) -> Mapping[str, float]:
    """Where constants begin, by name. Raises UsageError for what is no number, and for names that are no constants."""
    if start is None:
        return {}
    pairs = [part.partition("=") for part in start.split(",") if part.strip()] if isinstance(start, str) else [
        (name, "=", value) for name, value in start.items()
    ]  # fmt: skip
    known, found = [str(c) for c in constants], dict[str, float]()
    for name, equals, value in ((name.strip(), equals, value) for name, equals, value in pairs):
        if name not in known:
            raise UsageError(f"the start names {name!r}, which is not a constant of the form: {', '.join(known)}")
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            equals = ""
        if not equals or not np.isfinite(found[name]):
            raise UsageError(f"the start of {name} must be a number, as in {name}=0.5, not {str(value)!r}")
    return found


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
    near = [fit_from(form, data, end) for end in _near(form, data, passed)]
    far = [fit_from(form, data, end) for end in _ends(form, data, np.random.default_rng(seed), passed)]
    best = min((fit for fit in near if np.isfinite(fit.rms)), default=None, key=lambda fit: fit.rms)
    other = min((fit for fit in far if np.isfinite(fit.rms)), default=None, key=lambda fit: fit.rms)
    if best is not None and (
        other is None or best.rms <= other.rms * (1 + NO_BETTER) + PERFECT * float(np.std(data.y))
    ):
        return best
    if other is None:
        raise _without_values(form, data)
    order = in_order(form.expr, form.constants, form.linear, other.values, data.names)
    return replace(other, values=other.values[order], errors=other.errors[order]) if not other.undetermined else other


def _without_values(form: Form, data: Dataset) -> UsageError:
    return UsageError(
        f"{form.text} has no finite value on some rows for any constants tried: "
        "check for roots or logarithms of negative numbers and for zero denominators"
    )


def _near(form: Form, data: Dataset, passed: Callable[[], bool]) -> Iterator[Array]:
    """Where what was given leads, (constants,) each: as it is, and with the linear constants at their optimum."""
    given = [form.start.get(str(c)) for c in form.constants]
    if form.written:
        given = [written if value is None else value for value, written in zip(given, form.written)]
    start = np.array([np.nan if value is None else value for value in given])
    if np.isfinite(start).all():
        yield start
    nonlinear = [i for i, c in enumerate(form.constants) if c not in form.linear]
    if len(start) and np.isfinite(start[nonlinear]).all() and (form.start or form.written):
        projection = Projection.of(form.expr, _some(data, MOST_ROWS), form.nonlinear, form.linear)
        yield from _projected(form, projection, start[None, nonlinear], passed)


def _ends(form: Form, data: Dataset, rng: np.random.Generator, passed: Callable[[], bool]) -> Iterator[Array]:
    """What the best of many starts lead to, (constants,) each. What was given of a start stays in them."""
    drawn = draws(form.expr, form.nonlinear, data)
    given = [form.start.get(str(c)) for c in form.nonlinear]
    if all(value is not None for value in given):  # and nothing else was found from there
        given = [None] * len(given)
    some = [[draw(rng) for draw in drawn] for _ in range(DRAWN if drawn else 0)]
    starts = np.array([np.ones(len(drawn)), *some])
    for i, value in enumerate(given):
        starts[:, i] = starts[:, i] if value is None else value
    few = Projection.of(form.expr, _some(data, ROWS), form.nonlinear, form.linear)
    losses = few.losses(starts)
    for most, steps in ROUNDS:
        best = np.argsort(losses, kind="stable")[:most]
        best = best[np.isfinite(losses[best])]
        if not len(best):
            return
        starts, losses = few.best(starts[best], steps, passed)
    starts = starts[np.argsort(losses, kind="stable")[:LAST]]
    more = Projection.of(form.expr, _some(data, MOST_ROWS), form.nonlinear, form.linear)
    yield from _projected(form, more, starts, passed)


def _some(data: Dataset, rows: int) -> Dataset:
    return data.take(evenly_spaced_rows(data.rows, rows)) if data.rows > rows else data


def _projected(form: Form, projection: Projection, starts: Array, passed: Callable[[], bool]) -> Iterator[Array]:
    """The best ends of starts of the nonlinear constants, with the linear ones at their optimum, (constants,) each."""
    ends, losses = projection.best(starts, STEPS, passed)
    for end in ends[np.argsort(losses, kind="stable")][:CANDIDATES]:
        values = {**dict(zip(form.nonlinear, end)), **dict(zip(form.linear, projection.linear_at(end)))}
        yield np.array([float(values[c]) for c in form.constants])


def fit_from(form: Form, data: Dataset, start: Array) -> FittedForm:
    """The constants fitted on all rows, with their standard errors.

    By least squares, weighted by stated errors, or by Huber's loss. A search asks besides whether errors are relative,
    or come from rounding, but what the constants of a form minimise is the user's to say.
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
