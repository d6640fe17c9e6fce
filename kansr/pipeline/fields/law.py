"""The equation of a field as a result: u_t in terms of u, u_x, u_xx, …, as for any other target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from kansr.expression.complexity import bits, complexity
from kansr.expression.render import readable
from kansr.formula.judge.description_length import LEAST_BITS, MOST_BITS
from kansr.formula.judge.levels import CHI_SQUARE_LEVEL, normal_quantile
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square
from kansr.pipeline.fields.estimate import Equation
from kansr.pipeline.fields.field import Field
from kansr.pipeline.fields.solve import Parts, Solved
from kansr.pipeline.fields.terms import MOST_ORDER, symbol
from kansr.pipeline.fields.weak import PRECISION, Rows
from kansr.pipeline.systems.snapping import snapped
from kansr.result.candidate import Candidate
from kansr.result.pareto import ParetoFront, pareto
from kansr.result.result import Result, Status, unused

ORIGIN = "weak form"
SURE = normal_quantile(0.05)  # standard errors on both sides of a number that hold it in 95 of 100 cases


@dataclass(frozen=True, eq=False)
class Written:
    """An equation in u, u_x, …: expressions and their coefficients with standard errors."""

    parts: tuple[sympy.Expr, ...]
    values: Array
    covariance: Array

    @property
    def constants(self) -> tuple[sympy.Float, ...]:
        return tuple(sympy.Float(float(value)) for value in self.values)

    @property
    def expr(self) -> sympy.Expr:
        return sympy.Add(*(constant * part for constant, part in zip(self.constants, self.parts)))

    @property
    def errors(self) -> Array:
        return np.sqrt(np.diag(self.covariance))


def written(equation: Equation, rows: Rows) -> Written:
    """An equation in the names of its field."""
    field = rows.weak.field
    made = [rows.weak.terms[k].written(field.name, field.space) for k in equation.chosen]
    factors = np.array([number for number, _ in made], dtype=float)
    covariance = equation.covariance * np.outer(factors, factors)
    return Written(tuple(part for _, part in made), equation.values * factors, covariance)


def names_of(field: Field) -> tuple[str, ...]:
    """The names that a right-hand side may hold: u, u_x, …, by order."""
    axes = len(field.space)
    orders = [(0,) * axes]
    for order in range(1, MOST_ORDER + 1):
        orders += sorted({q for q in np.ndindex(*(order + 1,) * axes) if sum(q) == order}, reverse=True)
    return tuple(str(symbol(field.name, field.space, q)) for q in orders)


def before_search(field: Field, status: Status, seconds: float, seed: int) -> Result:
    """What there is before anything has been found: a field that does not change."""
    names = names_of(field)
    return Result(status, field.target, names, names, ParetoFront((_constant(),)), seconds=seconds, seed=seed)


def _constant() -> Candidate:
    """u_t = 0."""
    return Candidate(sympy.Integer(0), 1, math.nan, math.nan, 0.0, 0.0, 0.0, ORIGIN)


def result_of(solved: Solved, seconds: float, seed: int) -> Result:
    """The result of a search that has come to its end."""
    parts, field = solved.parts, solved.parts.every.weak.field
    candidates = [_candidate(length, equation, solved) for length, equation in solved.equations]
    final = written(solved.final, parts.every)
    expr = _nice(final, parts.every)
    chosen = replace(candidates[0], expr=expr, complexity=complexity(expr))
    status = _status(solved, chosen)
    candidates[0] = chosen
    if status is Status.NOTHING:
        chosen = next((one for one in candidates if not one.expr.free_symbols), _constant())
        final = Written((), np.zeros(0), np.zeros((0, 0)))
    front = pareto(candidates, float(np.var(parts.fitting.target))).choosing(chosen)
    left = math.sqrt(max(1 - chosen.r2_held_out, 0.0))
    names = names_of(field)
    return Result(
        status,
        field.target,
        names,
        unused(chosen.expr, names),
        front,
        noise=left,
        noise_error=left / math.sqrt(2 * len(parts.held_out)),
        rows=len(parts.every),
        seconds=seconds,
        seed=seed,
        notes=_notes(parts, final),
        constants=_constants(chosen.expr, final),
    )


def _candidate(length: float, equation: Equation, solved: Solved) -> Candidate:
    fitting, held_out = solved.parts.fitting, solved.parts.held_out
    expr = written(equation, fitting).expr
    loss = mean_square(fitting.target - fitting.columns[:, list(equation.chosen)] @ equation.values)
    r2, r2_held_out = solved.r2(equation, fitting), solved.r2(equation, held_out)
    return Candidate(expr, complexity(expr), loss, loss, r2, r2_held_out, length, ORIGIN)


def _status(solved: Solved, best: Candidate) -> Status:
    """Found where the rows leave no more than the noise of the field, which its own differences tell."""
    if not best.expr.free_symbols or not best.r2_held_out > 0:
        return Status.NOTHING
    deviation = math.sqrt(2 / len(solved.parts.every))
    most = 1 + normal_quantile(2 * CHI_SQUARE_LEVEL) * deviation
    return Status.FOUND if solved.chi_square() <= most else Status.BEST_EFFORT


def _nice(final: Written, rows: Rows) -> sympy.Expr:
    """The equation with nice numbers in place of coefficients where its description gets shorter."""
    if not final.parts:
        return final.expr
    known = np.log2(np.maximum(np.abs(final.values) / final.errors, 1.0))
    per_float = float(np.clip(np.mean(known), LEAST_BITS, MOST_BITS))
    inputs = len(names_of(rows.weak.field))

    def length(expr: sympy.Expr) -> float:
        return bits(expr, per_float, inputs)

    return snapped((final.expr,), (final.constants,), final.values, final.covariance, [length]).exprs[0]


def _constants(expr: sympy.Expr, final: Written) -> tuple[tuple[float, float], ...]:
    """The floats that are left in an expression, with their standard errors: those of the nearest coefficients."""
    floats = sorted({abs(float(number)) for number in expr.atoms(sympy.Float)}) if final.parts else []
    places = [int(np.argmin(np.abs(np.abs(final.values) - value))) for value in floats]
    return tuple((float(np.sign(final.values[k])) * value, float(final.errors[k])) for k, value in zip(places, floats))


def _notes(parts: Parts, final: Written) -> tuple[str, ...]:
    weak = parts.every.weak
    field = weak.field
    names = (field.time, *field.space)
    supports = ", ".join(f"{2 * bump.half + 1} points of {name}" for bump, name in zip(weak.bumps, names))
    noise = weak.noise / math.sqrt(mean_square(np.ravel(field.values)))
    notes = [
        f"weak form: each row is a mean of {field.target} and of the terms, weighted by a test function that spans "
        f"{supports}; r² is measured on these rows, and the last quarter of {names[parts.axis]!r} is held out",
        f"the noise of {field.name} is about {100 * noise:.2g} % of its root mean square",
    ]
    if final.parts:
        notes.append(f"95 % intervals: {intervals(final)}")
    coarse = [n for n, error in zip(_labels(parts), _quadrature(parts)) if error > PRECISION]
    if coarse:
        notes.append(f"the grid is too coarse for accurate sums of {', '.join(coarse)}: use a finer grid")
    return tuple(notes)


def intervals(final: Written) -> str:
    """The 95 % interval of each coefficient, before it was rounded."""
    both = zip(final.parts, final.values, final.errors)
    return "; ".join(f"{readable(part)}: {v - SURE * e:.5g} to {v + SURE * e:.5g}" for part, v, e in both)


def _labels(parts: Parts) -> Sequence[str]:
    field = parts.every.weak.field
    return [field.target, *(f"{field.name}_{axis * MOST_ORDER}" for axis in field.space)]


def _quadrature(parts: Parts) -> list[float]:
    """The error of the sums for u_t and the highest derivative along each axis, over their rms."""
    weak, rows = parts.every.weak, parts.every
    orders = [
        tuple(MOST_ORDER * (k == axis) for k in range(len(weak.field.space))) for axis in range(len(weak.field.space))
    ]
    places = [next(k for k, term in enumerate(weak.terms) if term.power == 1 and term.orders == q) for q in orders]
    sizes = [mean_square(rows.target), *(mean_square(rows.columns[:, k]) for k in places)]
    errors = weak.quadrature[[0, *(k + 1 for k in places)]]
    return [float(error / math.sqrt(size)) if size > 0 else 0.0 for error, size in zip(errors, sizes)]
