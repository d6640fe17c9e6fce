"""Names for components: which family, with which inner constants, a partial residual is likeliest to be.

Random draws of the inner constants are scored by their correlation with the target; the best few of each family are
refined by variable projection. The partial residual of a component keeps the noise in it: a smooth component would be
named as what it was smoothed to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY
from kansr.structure.anova.families import (
    FAMILIES,
    FEWEST_IN_INDEX,
    OF_INDEX,
    ONE_INPUT,
    TWO_INPUTS,
    Family,
    Range,
    drawn,
    index_constants,
    index_name,
)
from kansr.structure.anova.terms import Rows, Sum, Term, fitted

DRAWS = 150  # random starts of each family for each of its inner constants
DRAWN_ON = 250  # rows that they are scored on
REFINED = 5  # families that are refined
STARTS = 2  # of each, from which
REFINED_ON = 500  # rows
STEPS = 10  # of a refinement


def names_for(inputs: Sequence[int], target: Array, rows: Rows, rng: np.random.Generator) -> list[Sum]:
    """Sums of one term each for a target, (rows,), the least cost first. inputs: positions.

    A term of more than two inputs is a function of one linear combination of them.
    """
    part = replace(rows, y=target).take(slice(0, REFINED_ON))
    drawn_terms = _drawn(inputs, part, rng) if len(inputs) < FEWEST_IN_INDEX else _drawn_along(inputs, part, rng)
    scored = sorted(drawn_terms, key=lambda s: -s[0])
    best: dict[str, list[Term]] = {}
    for _, term in scored:
        best.setdefault(term.family, []).append(term)
    # plain families cost least, so they compete however many others come a little nearer
    refined = dict.fromkeys([*(f for f in best if FAMILIES[f].plain), *list(best)[:REFINED]])
    found = []
    for family in refined:
        sums = [fitted([term], part, STEPS) for term in best[family]]
        found.append(min(sums, key=lambda s: s.cost))
    return sorted((s for s in found if np.isfinite(s.cost)), key=lambda s: s.cost)


def _drawn(inputs: Sequence[int], rows: Rows, rng: np.random.Generator) -> Iterator[tuple[float, Term]]:
    """The best draws of each family with the share of the variance that they explain."""
    U, y = rows.U[:DRAWN_ON], rows.y[:DRAWN_ON]
    y = y - y.mean()
    columns = [U[:, i] for i in inputs]
    for family in filter(lambda f: rows.have(f.name), ONE_INPUT if len(inputs) == 1 else TWO_INPUTS):
        ranges = [rows.ranges[i] for i in inputs]
        for score, p in _scored(family, columns, ranges, y, rng):
            yield score, Term(family.name, tuple(inputs), p)


def _drawn_along(inputs: Sequence[int], rows: Rows, rng: np.random.Generator) -> Iterator[tuple[float, Term]]:
    """The best draws of functions of one linear combination, along a few directions."""
    U, y = rows.U[:DRAWN_ON][:, list(inputs)], rows.y[:DRAWN_ON]
    for direction in _directions(rows.U[:, list(inputs)], rows.y):
        z = U @ direction
        ranges = [*Range.of_all(z[:, None])]
        for name in filter(lambda f: rows.have(index_name(f, len(inputs))), OF_INDEX):
            for score, p in _scored(FAMILIES[name], [z], ranges, y - y.mean(), rng):
                term = Term(index_name(name, len(inputs)), tuple(inputs), index_constants(name, p, direction))
                yield score, term


def _directions(U: Array, y: Array) -> Iterator[Array]:
    """Where a function of one linear combination may point, scaled so that this has spread 1.

    The slopes of the target, by least squares (Brillinger 1982), for what rises; its principal Hessian direction (Li
    1992), for what is even.
    """
    y = y - y.mean()
    slopes = np.linalg.lstsq(U, y, rcond=None)[0]
    values, vectors = np.linalg.eigh((U * (y - U @ slopes)[:, None]).T @ U / len(U))
    for direction in (slopes, vectors[:, int(np.argmax(np.abs(values)))]):
        spread = float(np.std(U @ direction))
        if spread > 0:
            yield np.asarray(direction / spread)


def _scored(
    family: Family, columns: Sequence[Array], ranges: Sequence[Range], y: Array, rng: np.random.Generator
) -> Iterator[tuple[float, tuple[float, ...]]]:
    """The best draws of the constants of a family, with the share of the variance of y, (rows,), centred."""
    count = max(DRAWS * len(family.roles), 1)
    constants = [drawn(role, ranges[i], count, rng) for role, i in family.roles]
    with np.errstate(all="ignore"):
        values = np.broadcast_to(family.value(columns, [c[:, None] for c in constants]), (count, len(y)))
        centred = values - values.mean(1, keepdims=True)
        score = (centred @ y) ** 2 / (np.sum(centred**2, axis=1) * (y @ y) + TINY)
    score = np.where(np.isfinite(score), score, -1.0)
    for k in np.argsort(-score, kind="stable")[: STARTS if family.roles else 1]:
        if score[k] >= 0:
            yield float(score[k]), tuple(float(c[k]) for c in constants)
