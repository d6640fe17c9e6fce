"""Affine symmetries: an input along which the target and other inputs only scale and shift is taken out exactly.

Euler's relation for homogeneous functions with everything in it unknown: where c·∂z/∂c, for a coordinate c of x_i, is
a combination of z, 1, x_k·∂z/∂x_k and ∂z/∂x_k, the target and the x_k move along log c, by scaling or by shifting, and
z is a function of what this leaves alone. The relation is linear in its unknowns, so signs and zeros do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product

import numpy as np
import sympy

from kansr.expression.nice_numbers import exponent_near, factor_near
from kansr.numeric.arrays import Array
from kansr.structure.moves.gradient.sample import Rows, misfit_of
from kansr.structure.moves.gradient.symmetry_flow import TARGET, Flow, divide, follow
from kansr.structure.moves.move import Factor, Move
from kansr.structure.surrogate.coordinates import COORDINATES, Coordinate

CERTAIN = (2e-3, 0.03)  # misfits of factors that are taken out together
PLAIN = 1.5  # cost of factors that are taken out together: without fitted numbers
STRAIGHT = 0.01  # 1 − r² up to which a coordinate is a straight line
SAME = 0.01  # difference below which a coordinate is the input itself
SAME_OFFSET = 1e-2  # relative difference of two offsets that are one
SINGULAR = 2.0  # cost of a division by what changes its sign, where it is no factor of the target
LEAST_SHARE = 0.02  # of the relation that every one of its terms has to carry
CLOSE = 1e-5  # what a relation may leave without a simpler one being preferred to it
MUCH = 3.0  # times better that a relation must hold than one of fewer terms; noise hides by how much
MOST, MOST_IN_NOISE = 10, 30  # relations of one coordinate that are worked out
FEW = 3  # distinct values of an input up to which it is told apart from no function of it

Numbers = dict["Term", sympy.Expr]


@dataclass(frozen=True)
class Term:
    """A column of the relation: how input `index` (or TARGET, or the coordinate's own input) moves.

    kind: "scale", "shift", "log scale" or "turn", a shift of 1/x; a shift, or a scale of the target, may be by
    number·x_by**power, not by a number.
    """

    index: int
    kind: str
    by: int | None = None
    power: int = 1


@dataclass(frozen=True, eq=False)
class Relation:
    """The coordinate of x_i whose derivative `own`, (rows,), the `columns` of the terms are to make up.

    base: the coordinate on all rows.
    """

    rows: Rows
    i: int
    coordinate: Coordinate
    own: Array
    base: Array
    columns: dict[Term, Array]

    @property
    def simple(self) -> bool:
        return self.coordinate.flows


def symmetries(rows: Rows) -> Iterator[Move]:
    """The relations of every coordinate of every input that hold to the tolerance."""
    for i in range(rows.n):
        few = len(np.unique(rows.state.X[:50, i])) <= FEW
        for kind, coordinate in COORDINATES.items():
            if kind == "x" or not few:
                relation = _relation(rows, i, coordinate)
                if relation is not None:
                    yield from _moves(relation)


def _relation(rows: Rows, i: int, coordinate: Coordinate) -> Relation | None:
    x, everywhere = rows.X[:, i], rows.state.X[:, i]
    with np.errstate(all="ignore"):
        slope = rows.gradient[:, i] / coordinate.slope(x)
        own, base = coordinate.value(x) * slope, coordinate.value(everywhere)
    plain = x * rows.gradient[:, i]
    if np.abs(x).max() > coordinate.reach or not all(np.isfinite(a).all() for a in (slope, own, base)):
        return None
    if coordinate.cost and misfit_of(own - plain, plain) < SAME:  # sin(x) of small x is x
        return None
    columns = {Term(TARGET, "scale"): rows.value, Term(TARGET, "shift"): rows.unit}
    if rows.state.z.min() > 0 or rows.state.z.max() < 0:
        columns[Term(TARGET, "log scale")] = rows.value * np.log(np.abs(rows.z))
    columns[Term(i, "shift")] = -slope
    for k in range(rows.n):
        if k != i:
            columns[Term(k, "scale")] = rows.X[:, k] * rows.gradient[:, k]
            columns[Term(k, "shift")] = rows.gradient[:, k]
            if coordinate.flows:
                columns[Term(k, "turn")] = -(rows.X[:, k] ** 2) * rows.gradient[:, k]
                # x_i**x_k, exp(x_i·x_k)
                columns[Term(TARGET, "scale", k)] = rows.value * rows.X[:, k]
                if np.all(rows.state.X[:, k] != 0):
                    columns[Term(TARGET, "scale", k, -1)] = rows.value / rows.X[:, k]
            if coordinate.cost == 0:
                columns[Term(TARGET, "shift", k)] = rows.unit * rows.X[:, k]
                columns[Term(i, "shift", k)] = -slope * rows.X[:, k]
                if np.all(rows.state.X[:, k] != 0):
                    columns[Term(TARGET, "shift", k, -1)] = rows.unit / rows.X[:, k]
                    columns[Term(i, "shift", k, -1)] = -slope / rows.X[:, k]
    return Relation(rows, i, coordinate, own, base, columns)


def _choices(relation: Relation) -> list[tuple[Term, ...]]:
    """The combinations of terms that are tried: fewer kinds of them the more inputs take part."""
    i, known = relation.i, relation.columns
    scale, shift, log, own = Term(TARGET, "scale"), Term(TARGET, "shift"), Term(TARGET, "log scale"), Term(i, "shift")
    others = [k for k in range(relation.rows.n) if k != i]
    targets: list[tuple[Term, ...]] = [(), (scale,), (shift,), (scale, shift)]
    chosen = [*targets[1:], (log,), (log, scale), (scale, own), (shift, own)]
    if relation.simple:
        chosen += [(scale, shift, own), (log, own), (log, scale, own)]
    for k in others:
        one_input = [(Term(k, "scale"),), (Term(k, "shift"),), (Term(k, "scale"), Term(k, "shift"))]
        one_input += [(Term(k, "turn"),), (Term(k, "scale"), Term(k, "turn"))]
        chosen += [(*target, *one) for target, one in product(targets, one_input)]
        if relation.simple:
            chosen += [(*target, *one, own) for target, one in product(targets, one_input[:2])]
        moved, by, over = Term(TARGET, "shift", k), Term(i, "shift", k), Term(i, "shift", k, -1)
        chosen += [(scale, moved), (scale, moved, own), (scale, moved, by), (scale, moved, over)]
        chosen += [(scale, by), (scale, over), (scale, shift, by), (scale, shift, over)]
        for power in (1, -1):
            grows, beside = Term(TARGET, "scale", k, power), Term(TARGET, "shift", k, power)
            chosen += [(grows,), (scale, grows), (scale, shift, grows, beside)]
    if relation.simple:
        for pair in combinations(others, 2):
            for kind, target in product(("scale", "shift"), targets[:2]):
                chosen.append((*target, *(Term(k, kind) for k in pair)))
        for three, target in product(combinations(others, 3), targets[:2]):
            chosen.append((*target, *(Term(k, "scale") for k in three)))
    if relation.coordinate.cost and not _bent(relation.base, relation.rows.state.X[:, i]):
        chosen = [choice for choice in chosen if own not in choice]
    if relation.coordinate.shifted:
        chosen = [choice for choice in chosen if any(term.index == i for term in choice)]
    return [choice for choice in chosen if all(term in known for term in choice)]


def _bent(u: Array, x: Array) -> bool:
    """Whether u differs from a straight line over x and over log x: otherwise a shift would make it any power of x."""
    lines = (x, np.log(x)) if x.min() > 0 else (x,)
    return all(1 - np.corrcoef(u, line)[0, 1] ** 2 > STRAIGHT for line in lines)


def _moves(relation: Relation) -> Iterator[Move]:
    terms = list(relation.columns)
    place = {term: k for k, term in enumerate(terms)}
    A = np.column_stack(list(relation.columns.values()))
    A = A / (np.sqrt(np.mean(A**2, axis=0)) + 1e-300)
    own = relation.own / (np.sqrt(np.mean(relation.own**2)) + 1e-300)
    gram, right = A.T @ A / len(A), A.T @ own / len(A)
    choices = [tuple(place[t] for t in choice) for choice in _choices(relation)]
    promising: list[tuple[float, int, tuple[int, ...]]] = []
    for count in sorted({len(c) for c in choices}):
        batch = np.array([c for c in choices if len(c) == count])
        matrices = gram[batch[:, :, None], batch[:, None, :]] + 1e-12 * np.eye(count)
        weights = np.linalg.solve(matrices, right[batch][..., None])[..., 0]
        left = np.sqrt(np.abs(1 - np.einsum("bi,bi->b", weights, right[batch])))
        share = np.abs(weights).min(axis=1)  # every term has to matter, and more than what the relation leaves
        good = (left < 2 * relation.rows.tolerance) & (share > LEAST_SHARE) & (share > left)
        promising += [(float(left[b]), count, tuple(batch[b])) for b in np.flatnonzero(good)]
    most, much = (MOST_IN_NOISE, 1.0) if relation.rows.noisy else (MOST, MUCH)
    promising = sorted(promising, key=lambda row: (max(row[0], CLOSE) * 2 ** row[1], row[2]))[:most]
    simpler: list[tuple[set[Term], float]] = []
    for _, _, columns in sorted(promising, key=lambda row: row[1:]):
        chosen = [terms[k] for k in columns]
        move = _proposal(relation, chosen)
        if move is None or any(kept < set(chosen) and m <= max(much * move.misfit, 1e-6) for kept, m in simpler):
            continue
        simpler.append((set(chosen), move.misfit))
        yield move


def _proposal(relation: Relation, terms: list[Term]) -> Move | None:
    """The relation with its numbers rounded, as a move."""
    rows, i, inputs = relation.rows, relation.i, relation.rows.state.inputs
    numbers, misfit = _numbers(relation, terms)
    if misfit > rows.tolerance or not numbers or not _one_offset(numbers):
        return None
    floats = sum(bool(value.atoms(sympy.Float)) for value in numbers.values())
    origin, move_of_origin = _sum(rows, [(t, numbers[t]) for t in terms if t.index == i])
    if origin.is_number and origin != 0 and abs(float(origin)) < 0.02 * float(np.abs(relation.base).max()):
        return None
    flows = [_flow(rows, k, numbers) for k in dict.fromkeys(term.index for term in terms if term.index != i)]
    values = relation.base + move_of_origin
    fractional = any(not f.scale.is_integer or f.shift != 0 for f in flows)
    if (fractional and values.min() <= 0) or (np.any(values == 0) and any(f.scale.is_negative for f in flows)):
        return None
    symbol = relation.coordinate.symbolic(inputs[i]) + origin
    cost = relation.coordinate.cost + len(terms) - 1 + 0.5 * sum(not f.scale.is_integer for f in flows) + floats
    cost += sum(f.log or (f.shift != 0) for f in flows)
    used = frozenset(inputs[k] for k in {i, *(f.index for f in flows)} - {TARGET})
    name = f"scale {symbol}: {', '.join(f.said(inputs) for f in flows)}"
    apply = partial(follow, rows.state, i, symbol, values, tuple(flows), misfit if floats else 0.0)
    factor = _factor(i, symbol, values, flows, not any(t.by is not None for t in terms))
    if factor is None and values.min() < 0 < values.max():
        cost += SINGULAR
    return Move(misfit + (0.02 if misfit > 0.03 and cost > 0 else 0.0), cost, name, used, apply, factor)


def _one_offset(numbers: Numbers) -> bool:
    """Whether all terms by which (target + offset) grows say the same offset."""
    offsets = [
        numbers[shift] / value
        for t, value in numbers.items()
        if t.index == TARGET and t.kind == "scale" and (shift := Term(TARGET, "shift", t.by, t.power)) in numbers
    ]
    grows = any(t.index == TARGET and t.kind == "scale" and t.by is not None for t in numbers)
    return not grows or all(abs(float(offset / offsets[0] - 1)) < SAME_OFFSET for offset in offsets)


def _factor(i: int, symbol: sympy.Expr, values: Array, flows: list[Flow], own_alone: bool) -> Factor | None:
    """What only divides the target by a function of x_i alone."""
    flow = flows[0]
    alone = len(flows) == 1 and flow.index == TARGET and flow.offset == 0 and not flow.log
    alone = alone and flow.scale.is_number and flow.scale != 0
    return Factor(i, symbol, values, flow.scale) if alone and own_alone else None


def _flow(rows: Rows, k: int, numbers: Numbers) -> Flow:
    log = Term(k, "log scale") in numbers
    scale = numbers.get(Term(k, "log scale" if log else "scale"), sympy.S.Zero)
    if log:
        offset = numbers.get(Term(k, "scale"), sympy.S.Zero) / scale
        return Flow(k, scale, sympy.S.Zero, offset, float(offset), log)
    if (turn := Term(k, "turn")) in numbers:
        if scale == 0:
            return Flow(k, scale, numbers[turn], sympy.S.Zero, 0.0, inverse=True)
        offset = -numbers[turn] / scale
        return Flow(k, -scale, sympy.S.Zero, offset, float(offset), inverse=True)
    grows = {t: value for t, value in numbers.items() if t.index == k and t.kind == "scale" and t.by is not None}
    if grows:
        offset = numbers.get(Term(k, "shift"), sympy.S.Zero) / scale if scale != 0 else sympy.S.Zero
        scale, scale_values = _sum(rows, [(Term(k, "scale"), scale), *grows.items()])
        return Flow(k, scale, sympy.S.Zero, offset, float(offset), scale_values=scale_values)
    if scale == 0:
        return Flow(k, scale, numbers[Term(k, "shift")], sympy.S.Zero, 0.0)
    shifts = [(t, value / scale) for t, value in numbers.items() if t.index == k and t.kind == "shift"]
    offset, values = _sum(rows, shifts)
    return Flow(k, scale, sympy.S.Zero, offset, values)


def _sum(rows: Rows, shifts: Sequence[tuple[Term, sympy.Expr]]) -> tuple[sympy.Expr, Array | float]:
    """Σ number·x_by**power, as sympy and on all rows."""
    total: sympy.Expr = sympy.S.Zero
    values: Array | float = 0.0
    for term, number in shifts:
        if term.by is None:
            total, values = total + number, values + float(number)
        else:
            total = total + number * rows.state.inputs[term.by] ** term.power
            values = values + float(number) * rows.state.X[:, term.by] ** float(term.power)
    return total, values


def _numbers(relation: Relation, terms: list[Term]) -> tuple[Numbers, float]:
    """The weights of all terms, exponents rounded, the others refitted and rounded where it costs nothing; the misfit.

    Nothing where an exponent is no simple number.
    """
    own, A = relation.own, np.column_stack([relation.columns[term] for term in terms])
    size = np.sqrt(np.mean(A**2, axis=0)) + 1e-300
    w = np.linalg.lstsq(A / size, own, rcond=1e-12)[0] / size
    logs = {term.index for term in terms if term.kind == "log scale"}
    exponents: Numbers = {}
    for term, value in zip(terms, w):
        offset = term.kind in ("shift", "turn") or (term.kind == "scale" and term.index in logs)
        if not offset and (not relation.coordinate.any_exponent or Term(relation.i, "shift") in terms):
            exponent = exponent_near(float(value))
            if exponent is None or exponent == 0:
                return {}, np.inf
            exponents[term] = exponent
    free = [k for k, term in enumerate(terms) if term not in exponents]
    left = own - sum((A[:, k] * float(exponents[term]) for k, term in enumerate(terms) if term in exponents), 0.0)
    if not free:
        return exponents, misfit_of(left, own)
    w = np.linalg.lstsq(A[:, free] / size[free], left, rcond=1e-12)[0] / size[free]
    misfit = misfit_of(left - A[:, free] @ w, own)
    loose = {terms[k]: sympy.Float(float(v)) for k, v in zip(free, w)}
    rounded: Numbers = {}
    for term, value in loose.items():  # an offset is rounded as it will stand: over the exponent it belongs to
        owner = exponents.get(Term(term.index, "log scale" if term.kind == "scale" else "scale"), sympy.S.One)
        nice = factor_near(float(value / owner))
        rounded[term] = value if nice is None else nice * owner
    near = misfit_of(left - A[:, free] @ np.array([float(v) for v in rounded.values()]), own)
    return exponents | (rounded if near <= max(1.5 * misfit, 1e-7) else loose), min(near, max(1.5 * misfit, 1e-7))


def joint_factors(rows: Rows, found: Sequence[Move]) -> Iterator[Move]:
    """All factors of single inputs that are as good as certain, or nearly so, taken out together: they commute."""
    last = 0
    for limit in CERTAIN:
        best: dict[int, Move] = {}
        for move in found:
            if move.factor is not None and move.misfit < limit and move.cost <= PLAIN:
                known = best.get(move.factor.index)
                if known is None or (move.cost, move.misfit) < (known.cost, known.misfit):
                    best[move.factor.index] = move
        factors = [move.factor for move in best.values() if move.factor is not None]
        if len(factors) > max(last, 1):
            misfit = float(np.mean([move.misfit for move in best.values()])) / len(factors)
            used = frozenset(rows.state.inputs[factor.index] for factor in factors)
            apply = partial(divide, rows.state, factors)
            yield Move(misfit, 0.0, "all certain factors", used, apply, removes=len(factors))
        last = len(factors)
