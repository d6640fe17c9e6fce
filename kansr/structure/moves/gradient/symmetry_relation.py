"""The relation of an affine symmetry: its terms as columns over the rows, and the combinations of them that are tried.

Let c be a coordinate of input x_i. Euler's relation for homogeneous functions, with everything in it unknown, is
c·∂z/∂c = Σ number·term, where a term is z, 1, x_k·∂z/∂x_k, ∂z/∂x_k and the like: the target and the x_k scale or shift
along log c. The relation is linear in its numbers, so signs and zeros of the values do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from kansr.numeric.arrays import Array
from kansr.structure.moves.gradient.sample import GradientSample, misfit_of
from kansr.structure.surrogate.coordinates import Coordinate

TARGET = -1  # stands for the target where other places stand for inputs
SAME = 0.01  # relative difference up to which two coordinates, or two offsets, are one; never measured alone


@dataclass(frozen=True)
class Term:
    """What moves along the coordinate, and how: one column of the relation.

    index: an input, the input of the coordinate itself, or TARGET. kind: "scale", "shift", "log scale" (the logarithm
    of the target is scaled) or "turn" (1/x is shifted). by, power: where they are given, the number of the term is
    multiplied by x_by**power.
    """

    index: int
    kind: str
    by: int | None = None
    power: int = 1


SCALE, SHIFT, LOG_SCALE = Term(TARGET, "scale"), Term(TARGET, "shift"), Term(TARGET, "log scale")
Choice = tuple[Term, ...]


@dataclass(frozen=True, eq=False)
class Relation:
    """own = Σ number·columns[term] for a coordinate c of input i.

    own: (m,) c·∂z/∂c; columns: (m,) each; base: (rows,) c on all rows of the state.
    """

    sample: GradientSample
    i: int
    coordinate: Coordinate
    own: Array
    base: Array
    columns: dict[Term, Array]


def relation(sample: GradientSample, i: int, coordinate: Coordinate) -> Relation | None:
    """The relation for a coordinate of input i; None where it is not finite, or no other coordinate than x_i."""
    x = sample.X[:, i]
    with np.errstate(all="ignore"):
        slope = sample.gradient[:, i] / coordinate.slope(x)
        own, base = coordinate.value(x) * slope, coordinate.value(sample.state.X[:, i])
    if np.abs(x).max() > coordinate.reach or not all(np.isfinite(a).all() for a in (slope, own, base)):
        return None
    plain = x * sample.gradient[:, i]
    if coordinate.cost and misfit_of(own - plain, plain) < SAME:  # sin(x) of small x is x
        return None
    columns = dict(_columns(sample, i, coordinate, slope))
    return Relation(sample, i, coordinate, own, base, columns)


def _columns(sample: GradientSample, i: int, coordinate: Coordinate, slope: Array) -> Iterator[tuple[Term, Array]]:
    """The columns of all terms. slope: (m,) ∂z/∂c"""
    yield SCALE, sample.value
    yield SHIFT, sample.slope
    if sample.state.z.min() > 0 or sample.state.z.max() < 0:
        yield LOG_SCALE, sample.value * np.log(np.abs(sample.z))
    yield Term(i, "shift"), -slope
    for k in (k for k in range(sample.n) if k != i):
        x, along = sample.X[:, k], sample.gradient[:, k]
        yield Term(k, "scale"), x * along
        yield Term(k, "shift"), along
        if coordinate.flows:
            yield Term(k, "turn"), -(x**2) * along
            yield from _with_powers(sample, TARGET, "scale", sample.value, k)  # x_i**x_k, exp(x_i·x_k)
        if coordinate.cost == 0:
            yield from _with_powers(sample, TARGET, "shift", sample.slope, k)
            yield from _with_powers(sample, i, "shift", -slope, k)


def _with_powers(sample: GradientSample, index: int, kind: str, column: Array, k: int) -> Iterator[tuple[Term, Array]]:
    """A term by x_k, and by 1/x_k where that is finite."""
    yield Term(index, kind, k), column * sample.X[:, k]
    if np.all(sample.state.X[:, k] != 0):
        yield Term(index, kind, k, -1), column / sample.X[:, k]


def choices(found: Relation) -> list[Choice]:
    """The combinations of terms that are tried: fewer kinds of them the more inputs take part."""
    i, own = found.i, Term(found.i, "shift")
    others = [k for k in range(found.sample.n) if k != i]
    tried = [*_of_target(own, found.coordinate.flows)]
    for k in others:
        tried += _with_one_input(own, k, found.coordinate.flows)
        tried += _by_one_input(own, k)
    if found.coordinate.flows:
        tried += _with_several_inputs(others)
    if found.coordinate.cost and not _is_bent(found.base, found.sample.state.X[:, i]):
        tried = [choice for choice in tried if own not in choice]
    if found.coordinate.shifted:
        tried = [choice for choice in tried if any(term.index == i for term in choice)]
    return [choice for choice in tried if all(term in found.columns for term in choice)]


def _of_target(own: Term, flows: bool) -> Iterator[Choice]:
    """The target alone moves."""
    yield from [(SCALE,), (SHIFT,), (SCALE, SHIFT), (LOG_SCALE,), (LOG_SCALE, SCALE), (SCALE, own), (SHIFT, own)]
    if flows:
        yield from [(SCALE, SHIFT, own), (LOG_SCALE, own), (LOG_SCALE, SCALE, own)]


def _with_one_input(own: Term, k: int, flows: bool) -> Iterator[Choice]:
    """Input k moves, and the target perhaps."""
    targets: list[Choice] = [(), (SCALE,), (SHIFT,), (SCALE, SHIFT)]
    scale, shift, turn = Term(k, "scale"), Term(k, "shift"), Term(k, "turn")
    one: list[Choice] = [(scale,), (shift,), (scale, shift)]
    for target, moved in product(targets, [*one, (turn,), (scale, turn)]):
        yield (*target, *moved)
    if flows:
        for target, moved in product(targets, one[:2]):
            yield (*target, *moved, own)


def _by_one_input(own: Term, k: int) -> Iterator[Choice]:
    """The target moves, and the numbers of the terms depend on x_k, which stays."""
    moved, by, over = Term(TARGET, "shift", k), Term(own.index, "shift", k), Term(own.index, "shift", k, -1)
    yield from [(SCALE, moved), (SCALE, moved, own), (SCALE, moved, by), (SCALE, moved, over)]
    yield from [(SCALE, by), (SCALE, over), (SCALE, SHIFT, by), (SCALE, SHIFT, over)]
    for power in (1, -1):
        grows, beside = Term(TARGET, "scale", k, power), Term(TARGET, "shift", k, power)
        yield from [(grows,), (SCALE, grows), (SCALE, SHIFT, grows, beside)]


def _with_several_inputs(others: Iterable[int]) -> Iterator[Choice]:
    """Two or three inputs move in the same way, and the target scales perhaps."""
    targets: list[Choice] = [(), (SCALE,)]
    for pair, kind, target in product(combinations(others, 2), ("scale", "shift"), targets):
        yield (*target, *(Term(k, kind) for k in pair))
    for three, target in product(combinations(others, 3), targets):
        yield (*target, *(Term(k, "scale") for k in three))


def _is_bent(c: Array, x: Array) -> bool:
    """Whether c is no straight line over x, nor over log x: a shift would make it any power of x. c, x: (rows,)"""
    lines = (x, np.log(x)) if x.min() > 0 else (x,)
    return all(1 - np.corrcoef(c, line)[0, 1] ** 2 > SAME for line in lines)
