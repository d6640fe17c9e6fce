"""Formulas one edit away from a form, the most promising on the rows of one group first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.formula.fit.by_group import GroupFit
from kansr.formula.fit.error_model import relative_sigma, spread_of
from kansr.formula.judge.description_length import bits_per_float, noise_level, target_bits
from kansr.search.edits.code_length import bits
from kansr.search.edits.first_order import proposals
from kansr.search.edits.library import library
from kansr.search.edits.neighbours import curves, exponents, operators, shorter
from kansr.search.edits.program import Rows, fit
from kansr.search.edits.translation import from_sympy, to_sympy
from kansr.search.edits.tree import Tree, constants, form, rewritten

PROPOSED = 40  # expressions of the library that are tried in a form
STEPS = 10  # Levenberg-Marquardt steps of an edited formula on one group
KEPT = 12  # edited formulas that are fitted to all groups; none was measured alone


def edited(free: GroupFit, data: Dataset, expired: Callable[[], bool]) -> list[sympy.Expr]:
    """The edits of a form that describe the rows of its group best, as formulas with the numbers of that group.

    The group is the one in which the target varies most.
    """
    assert data.grouping is not None
    group = by_clarity(data)[0]
    rows = data.take(data.grouping.codes == group)
    numbers = {s: sympy.Float(v) for s, v in zip(free.own, free.values[group])}
    tree = from_sympy(free.expr.xreplace(numbers), {name: i for i, name in enumerate(data.names)})
    if tree is None or not constants(tree):
        return []
    some = Rows(rows.X, rows.y, 1 / relative_sigma(rows), rows.rows)
    noise = noise_level(free.error_ms, data.rows, free.values.size, spread_of(data.y))
    per_float = bits_per_float(noise, rows.rows)
    ranked: list[tuple[float, int, Tree]] = []
    with np.errstate(all="ignore"):
        seen: set[Tree] = set()
        for edit in _edits(rewritten(tree), some, per_float):
            if expired():
                break
            if (shape := form(edit)) in seen:
                continue
            seen.add(shape)
            done = fit(edit, some, STEPS)
            if np.isfinite(done.ms):
                level = noise_level(done.ms, rows.rows, len(constants(done.tree)), spread_of(rows.y))
                length = target_bits(level, rows.rows) + bits(done.tree, per_float, len(data.names))
                ranked.append((length, len(ranked), done.tree))
    return [to_sympy(tree, data.names) for _, _, tree in sorted(ranked, key=lambda r: r[:2])[:KEPT]]


def by_clarity(data: Dataset) -> list[int]:
    """The groups in the order of their sums of squares about the mean, over the stated errors: the largest first."""
    assert data.grouping is not None
    y = data.y / relative_sigma(data)
    sums = [float(np.sum((part - part.mean()) ** 2)) for part in _parts(y, data)]
    return [int(g) for g in np.argsort([-s for s in sums], kind="stable") if data.grouping.counts[g]]


def _parts(y: np.ndarray, data: Dataset) -> Iterator[np.ndarray]:
    assert data.grouping is not None
    for group in range(len(data.grouping.labels)):
        part = y[data.grouping.codes == group]
        yield part if len(part) else np.zeros(1)


def _edits(tree: Tree, rows: Rows, per_float: float) -> Iterator[Tree]:
    yield from (edit for _, edit in proposals(tree, rows, library(rows, [tree]), per_float, PROPOSED, 0))
    yield from chain(shorter(tree), curves(tree), exponents(tree), operators(tree))
