"""Affine symmetries: an input along which the target and other inputs only scale or shift is taken out exactly.

For every coordinate of every input the relations of `symmetry_relation.py` are solved, all combinations of terms at
once;
those that hold have their numbers rounded and become moves. z is a function of what the flow of such a relation leaves
alone, which `symmetry_flow.py` makes the new inputs and target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby

import numpy as np
import sympy

from kansr.expression.nice_numbers import exponent_near, factor_near
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING, TINY
from kansr.structure.moves.gradient.sample import GradientSample, misfit_of
from kansr.structure.moves.gradient.symmetry_flow import Flow, FlowCoordinate, divide, follow
from kansr.structure.moves.gradient.symmetry_relation import (
    SAME,
    TARGET,
    Relation,
    Term,
    choices,
    relation,
)
from kansr.structure.moves.move import Factor, Move
from kansr.structure.moves.thresholds import CERTAIN, DOUBTFUL, LEAST_SHARE, MISFIT_ROUNDING, ROUNDED, SIMPLER
from kansr.structure.surrogate.coordinates import COORDINATES

PLAIN = 1.5  # cost up to which factors are taken out together: they have no fitted number
SINGULAR = 2.0  # cost of a division by what changes its sign, unless it is a factor of the target
MOST = 30  # relations of one coordinate that are worked out; ten missed some (results/2026-11-27-noisy-textbook-laws)
FEW_VALUES = 3  # distinct values of an input up to which any function of it is a straight line or nearly one

Numbers = Mapping[Term, sympy.Expr]


def symmetries(sample: GradientSample) -> Iterator[Move]:
    """The moves by the relations of every coordinate of every input, and all factors that are certain at once."""
    found: list[Move] = []
    for i in range(sample.n):
        few = len(np.unique(sample.state.X[:, i])) <= FEW_VALUES
        for name, coordinate in COORDINATES.items():
            euler = relation(sample, i, coordinate) if name == "x" or not few else None
            if euler is not None:
                found += _moves(euler)
    yield from found
    yield from _joint_factors(sample, found)


def _moves(euler: Relation) -> Iterator[Move]:
    """The relations that hold, as moves; none with more terms than another that holds nearly as well."""
    factor = 1.0 if euler.sample.noisy else SIMPLER  # noise hides how much better a relation holds
    simpler: list[tuple[set[Term], float]] = []
    for terms in _promising(euler):
        move = _move(euler, terms)
        if move is None:
            continue
        limit = max(factor * move.misfit, MISFIT_ROUNDING)
        if not any(fewer < set(terms) and misfit <= limit for fewer, misfit in simpler):
            simpler.append((set(terms), move.misfit))
            yield move


def _promising(euler: Relation) -> list[list[Term]]:
    """The combinations of terms by which the relation holds best, those of the fewest terms first.

    Of every combination a system of normal equations is solved, all of one size in one batch.
    """
    terms = list(euler.columns)
    place = {term: k for k, term in enumerate(terms)}
    A = np.column_stack(list(euler.columns.values()))
    A = A / (np.sqrt(np.mean(A**2, axis=0)) + TINY)
    own = euler.own / (np.sqrt(np.mean(euler.own**2)) + TINY)
    gram, right = A.T @ A / len(A), A.T @ own / len(A)
    found: list[tuple[float, int, tuple[int, ...]]] = []
    for count, chosen in groupby(sorted(choices(euler), key=len), key=len):
        batch = np.array([[place[term] for term in choice] for choice in chosen])
        matrices = gram[batch[:, :, None], batch[:, None, :]] + ROUNDING * np.eye(count)
        weights = np.linalg.solve(matrices, right[batch][..., None])[..., 0]
        left = np.sqrt(np.abs(1 - np.einsum("bi,bi->b", weights, right[batch])))
        share = np.abs(weights).min(axis=1)  # every term has to matter, and more than what the relation leaves
        good = (left < 2 * euler.sample.max_misfit) & (share > LEAST_SHARE) & (share > left)
        found += [(float(left[b]), count, tuple(batch[b].tolist())) for b in np.flatnonzero(good)]
    best = sorted(found, key=lambda row: (max(row[0], MISFIT_ROUNDING) * 2 ** row[1], row[2]))[:MOST]
    return [[terms[k] for k in columns] for _, _, columns in sorted(best, key=lambda row: row[1:])]


def _move(euler: Relation, terms: Sequence[Term]) -> Move | None:
    """The relation with its numbers rounded, as a move; None where it does not hold or cannot be carried out."""
    sample, i, inputs = euler.sample, euler.i, euler.sample.state.inputs
    numbers, misfit = _numbers(euler, terms)
    if misfit > sample.max_misfit or not _has_one_offset(numbers):
        return None
    origin, origin_values = _sum(sample, {t: number for t, number in numbers.items() if t.index == i})
    if origin.is_number and 0 < abs(float(origin)) < LEAST_SHARE * float(np.abs(euler.base).max()):
        return None
    flows = [_flow(sample, k, numbers) for k in dict.fromkeys(term.index for term in terms if term.index != i)]
    c = FlowCoordinate(euler.coordinate.symbolic(inputs[i]) + origin, euler.base + origin_values)
    if not _is_defined(c, flows):
        return None
    factor = _factor(i, c, flows) if not any(term.by is not None for term in terms) else None
    fitted = sum(bool(number.atoms(sympy.Float)) for number in numbers.values())
    cost = euler.coordinate.cost + len(terms) - 1 + fitted + sum(map(_cost, flows))
    cost += SINGULAR * (factor is None and bool(c.values.min() < 0 < c.values.max()))
    name = f"scale {c.symbolic}: {', '.join(flow.said(inputs) for flow in flows)}"
    apply = partial(follow, sample.state, i, c, tuple(flows), misfit if fitted else 0.0)
    used = sample.used({i, *(flow.index for flow in flows)} - {TARGET})
    return Move(misfit, cost, name, used, apply, factor)


def _has_one_offset(numbers: Numbers) -> bool:
    """Whether all terms by which (target + offset) is scaled have the same offset, where one depends on an input."""
    scales = {t: number for t, number in numbers.items() if t.index == TARGET and t.kind == "scale"}
    shifts = {t: Term(TARGET, "shift", t.by, t.power) for t in scales}
    offsets = [numbers[shifts[t]] / number for t, number in scales.items() if shifts[t] in numbers]
    return all(t.by is None for t in scales) or all(abs(float(o / offsets[0] - 1)) < SAME for o in offsets)


def _is_defined(c: FlowCoordinate, flows: Sequence[Flow]) -> bool:
    """Whether the powers and logarithms of c by which things flow have values on all rows."""
    if any(not flow.scale.is_integer or flow.shift != 0 for flow in flows):
        return bool(c.values.min() > 0)
    return bool(np.all(c.values != 0)) or not any(flow.scale.is_negative for flow in flows)


def _cost(flow: Flow) -> float:
    """What a flow adds to the cost: a scale that is no integer, a logarithm, a shift."""
    return 0.5 * (not flow.scale.is_integer) + bool(flow.log or flow.shift != 0)


def _factor(i: int, c: FlowCoordinate, flows: Sequence[Flow]) -> Factor | None:
    """The factor of the target that a move only divides by, a function of x_i alone."""
    flow = flows[0]
    only = len(flows) == 1 and flow.index == TARGET and flow.offset == 0 and not flow.log
    return Factor(i, c.symbolic, c.values, flow.scale) if only and flow.scale.is_number and flow.scale != 0 else None


def _flow(sample: GradientSample, k: int, numbers: Numbers) -> Flow:
    """How input k, or the target, moves by the numbers of its terms."""
    own = {t: number for t, number in numbers.items() if t.index == k}
    scale, shift = own.get(Term(k, "scale"), sympy.S.Zero), own.get(Term(k, "shift"), sympy.S.Zero)
    log, turn = own.get(Term(k, "log scale")), own.get(Term(k, "turn"))
    if log is not None:
        return _numeric_flow(k, log, scale, log=True)
    if turn is not None:
        return _numeric_flow(k, -scale, turn, inverse=True)
    by_inputs = {t: number for t, number in own.items() if t.kind == "scale" and t.by is not None}
    if by_inputs:
        offset = shift / scale if scale != 0 else sympy.S.Zero
        scale, values = _sum(sample, {Term(k, "scale"): scale, **by_inputs})
        return Flow(k, scale, sympy.S.Zero, offset, float(offset), scale_values=values)
    if scale == 0:
        return _numeric_flow(k, scale, shift)
    offset, values = _sum(sample, {t: number / scale for t, number in own.items() if t.kind == "shift"})
    return Flow(k, scale, sympy.S.Zero, offset, values)


def _numeric_flow(k: int, scale: sympy.Expr, shift: sympy.Expr, log: bool = False, inverse: bool = False) -> Flow:
    """A flow whose scale and shift are numbers; beside a scale, the shift is an offset."""
    if scale == 0:
        return Flow(k, scale, shift, sympy.S.Zero, 0.0, log, inverse)
    return Flow(k, scale, sympy.S.Zero, shift / scale, float(shift / scale), log, inverse)


def _sum(sample: GradientSample, numbers: Numbers) -> tuple[sympy.Expr, Array | float]:
    """Σ number·x_by**power over terms, as sympy and on all rows."""
    total: sympy.Expr = sympy.S.Zero
    values: Array | float = 0.0
    for term, number in numbers.items():
        if term.by is None:
            total, values = total + number, values + float(number)
        else:
            total = total + number * sample.state.inputs[term.by] ** term.power
            values = values + float(number) * sample.state.X[:, term.by] ** float(term.power)
    return total, values


def _numbers(euler: Relation, terms: Sequence[Term]) -> tuple[Numbers, float]:
    """The numbers of all terms, rounded where the data allow it, and the relative rms of the relation.

    Exponents are rounded first and the others fitted again; infinite misfit where an exponent is no simple fraction.
    """
    A = np.column_stack([euler.columns[term] for term in terms])
    size = np.sqrt(np.mean(A**2, axis=0)) + TINY
    w = np.linalg.lstsq(A / size, euler.own, rcond=ROUNDING)[0] / size
    exponents: dict[Term, sympy.Expr] = {}
    for term, value in zip(terms, w.tolist()):
        if _is_exponent(euler, term, terms):
            exponent = exponent_near(value)
            if exponent is None or exponent == 0:
                return {}, np.inf
            exponents[term] = exponent
    own = euler.own
    free = [k for k, term in enumerate(terms) if term not in exponents]
    left = own - sum((A[:, k] * float(exponents[term]) for k, term in enumerate(terms) if term in exponents), 0.0)
    if not free:
        return exponents, misfit_of(left, own)
    w = np.linalg.lstsq(A[:, free] / size[free], left, rcond=ROUNDING)[0] / size[free]
    fitted = {terms[k]: sympy.Float(value) for k, value in zip(free, w.tolist())}
    rounded = {term: _rounded(term, number, exponents) for term, number in fitted.items()}
    misfit = misfit_of(left - A[:, free] @ w, own)
    nice_misfit = misfit_of(left - A[:, free] @ np.array([float(v) for v in rounded.values()]), own)
    if nice_misfit <= max(ROUNDED * misfit, MISFIT_ROUNDING):
        return exponents | rounded, nice_misfit
    return exponents | fitted, misfit


def _is_exponent(euler: Relation, term: Term, terms: Sequence[Term]) -> bool:
    """Whether the number of a term is an exponent in the law, so that only fractions are likely."""
    scales_log = Term(term.index, "log scale") in terms  # then "scale" is an offset
    is_offset = term.kind in ("shift", "turn") or (term.kind == "scale" and scales_log)
    return not is_offset and (not euler.coordinate.any_exponent or Term(euler.i, "shift") in terms)


def _rounded(term: Term, number: sympy.Float, exponents: Numbers) -> sympy.Expr:
    """A nice number near that of an offset, which is rounded as it will stand: over the exponent that it belongs to."""
    owner = exponents.get(Term(term.index, "log scale" if term.kind == "scale" else "scale"), sympy.S.One)
    nice = factor_near(float(number / owner))
    return number if nice is None else nice * owner


def _joint_factors(sample: GradientSample, found: Sequence[Move]) -> Iterator[Move]:
    """All factors of single inputs that are certain, and all that are not doubtful, together: they commute."""
    last = 0
    for limit in (CERTAIN, DOUBTFUL):
        best: dict[int, Move] = {}
        for move in found:
            if move.factor is not None and move.misfit < limit and move.cost <= PLAIN:
                known = best.get(move.factor.index)
                if known is None or (move.cost, move.misfit) < (known.cost, known.misfit):
                    best[move.factor.index] = move
        factors = [move.factor for move in best.values() if move.factor is not None]
        if len(factors) > max(last, 1):
            misfit = float(np.mean([move.misfit for move in best.values()])) / len(factors)
            used = sample.used(factor.index for factor in factors)
            apply = partial(divide, sample.state, factors)
            yield Move(misfit, 0.0, "all certain factors", used, apply, removes=len(factors))
        last = len(factors)
