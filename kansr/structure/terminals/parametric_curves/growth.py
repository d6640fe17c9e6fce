"""Sums of functions of one input, grown one function at a time while the description gets shorter.

All functions of the table are tried alone, each beside an offset, a slope, both or neither. To the best of them, all
that may stand beside others are added, with what is there held while the starts are compared, and everything is fitted
together afterwards. Where the target spans decades its errors may be relative, and all is done again with such weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import spans_decades
from kansr.formula.judge.description_length import bits_per_float
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.robust import typical
from kansr.numeric.tolerances import ROUNDING, TINY
from kansr.structure.terminals.one_input.binning import curve as binned
from kansr.structure.terminals.parametric_curves.cores import CORES, Core
from kansr.structure.terminals.parametric_curves.model import LINES, Curve, Fitted, Form
from kansr.structure.terminals.parametric_curves.projection import FIRST_STEPS, MOST_STEPS, Problem, refined

# None of these has been measured alone.
LEAST_ROWS = 6  # different values of the input
POINTS = 160  # of the curve, at most, that sums are fitted to
ROWS_PER_CONSTANT = 3  # at least
BLOCKS = 4  # parts of the starts of a function, of each of which the best is followed
FOLLOWED = 2  # starts of a form that are followed to the end
MOST_FUNCTIONS = 3  # in a sum
BEAM = 5  # sums that functions are added to
EXTENDED = 24  # larger sums that are fitted, of all that could be
PER_NODE = 2.5  # bits
KEPT = 14  # sums that are given
PER_KIND = 2  # of them with the same functions


class Scanned(NamedTuple):
    """A form with a start, (constants,), and the loss there."""

    form: Form
    p: Array
    loss: float


def parametric_curves(data: Dataset, noise: float, expired: Callable[[], bool]) -> Iterator[sympy.Expr]:
    """The sums of least description, the shortest first. data: one input; noise: as in `curve_match.single`."""
    x, y, _ = binned(data, noise)
    chosen = evenly_spaced_rows(len(x), POINTS)
    x, y = x[chosen], y[chosen]
    if len(np.unique(x)) < LEAST_ROWS or not np.std(y) > 0:
        return
    weights = [np.ones(len(y))]
    if spans_decades(y):
        weights.append(typical(np.abs(y)) / np.abs(y))
    scale = float(np.max(np.abs(x)))
    symbol = sympy.Symbol(data.names[0])
    with np.errstate(all="ignore"):
        for weight in weights:
            curve = Curve(x / scale, y, weight, scale, data.rows)
            for fitted in _best(grown(curve, expired), KEPT):
                if (expr := fitted.expr(curve, symbol)) is not None:
                    yield expr


def grown(curve: Curve, expired: Callable[[], bool]) -> list[Fitted]:
    """All sums that were fitted, of one function and of more as long as they have shorter descriptions."""
    starts = [found for core in CORES for found in _scan(curve, None, core)]
    found = _fitted(curve, starts, expired)
    newest = found
    for _ in range(MOST_FUNCTIONS - 1):
        least = min((fit.bits for fit in found), default=math.inf)
        if expired() or not newest or _is_rounding(curve, found):
            break
        beam = _best(newest, BEAM, 1)
        added = (s for before in beam for core in CORES if core.beside for s in _scan(curve, before, core))
        newest = _fitted(curve, _promising(curve, added), expired)
        found = [*found, *newest]
        if not min((fit.bits for fit in newest), default=math.inf) < least:
            break
    return found


def _is_rounding(curve: Curve, found: Iterable[Fitted]) -> bool:
    return any(fit.loss <= (ROUNDING * float(np.std(curve.y))) ** 2 for fit in found)


def _scan(curve: Curve, before: Fitted | None, core: Core) -> Iterator[Scanned]:
    """The most promising starts of a function beside what was fitted before, with every line."""
    starts = core.starts(curve.x)
    if not len(starts):
        return
    values = core.values(curve.x, *(column[:, None] for column in starts.T)) * curve.weight
    usable = np.isfinite(values).all(axis=1)
    starts, values = starts[usable], values[usable]
    cores = (core,) if before is None else (*before.form.cores, core)
    for number, powers in enumerate(LINES):
        form = Form(cores, number)
        if form.constants * ROWS_PER_CONSTANT > curve.rows + 1 or not len(starts):
            continue
        Q = curve.line(powers) if before is None else np.linalg.qr(_beside(curve, before, powers))[0]
        for loss, row in _best_of_blocks(values, Q, curve.goal):
            p = starts[row] if before is None else np.concatenate([before.p, starts[row]])
            yield Scanned(form, p, loss)


def _beside(curve: Curve, before: Fitted, powers: Sequence[int]) -> Array:
    columns = before.columns(curve)
    line = [curve.x**k * curve.weight for k in powers]
    return np.column_stack([columns / (np.linalg.norm(columns, axis=0) + TINY), *line])


def _best_of_blocks(values: Array, Q: Array, goal: Array) -> Iterator[tuple[float, int]]:
    """The loss and the number of the best start of each block. values: (starts, points); Q: orthonormal columns."""
    goal = goal - Q @ (Q.T @ goal)
    norm = np.einsum("sp,sp->s", values, values)
    left = norm - np.einsum("sk,sk->s", values @ Q, values @ Q)
    gain = (values @ goal) ** 2 / np.where(left > ROUNDING * norm, left, np.inf)
    gain = np.where(np.isfinite(gain), gain, 0.0)
    for block in np.array_split(np.arange(len(values)), min(BLOCKS, len(values))):
        row = int(block[np.argmax(gain[block])])
        yield float(goal @ goal - gain[row]) / len(goal), row


def _promising(curve: Curve, starts: Iterable[Scanned]) -> list[Scanned]:
    """Those of the shortest descriptions at their starts, not more of a form than are followed."""
    found: list[Scanned] = []
    counts: dict[tuple[tuple[str, ...], int], int] = {}
    for start in sorted(starts, key=lambda s: _bits(curve, s.form, s.loss)):
        key = (start.form.key, start.form.line)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= FOLLOWED:
            found.append(start)
        if len(found) == EXTENDED:
            break
    return found


def _fitted(curve: Curve, starts: Iterable[Scanned], expired: Callable[[], bool]) -> list[Fitted]:
    """The best fit of every form, from all its starts."""
    groups: dict[tuple[Core, ...], list[Scanned]] = {}
    for start in starts:
        groups.setdefault(start.form.cores, []).append(start)
    found: list[Fitted] = []
    for group in groups.values():
        if expired():
            break
        lines = np.array([start.form.line for start in group])
        problem = Problem(curve, group[0].form, lines)
        p, loss = refined(problem, np.array([start.p for start in group]), FIRST_STEPS)
        best = _of_each(loss, lines)
        p, loss = refined(problem.take(best), p[best], MOST_STEPS)
        lines = lines[best]
        for row in _of_each(loss, lines, 1):
            form = group[0].form._replace(line=int(lines[row]))
            if np.isfinite(loss[row]):
                found.append(Fitted(form, p[row], float(loss[row]), _bits(curve, form, float(loss[row]))))
    return found


def _of_each(loss: Array, key: NDArray[np.intp], count: int = FOLLOWED) -> NDArray[np.intp]:
    """The `count` smallest losses for every key."""
    order = np.lexsort((loss, key))
    first = np.searchsorted(key[order], key[order])
    return order[np.arange(len(order)) - first < count]


def _bits(curve: Curve, form: Form, loss: float) -> float:
    """The description length, as `description_length` has it, but for what its expression will look like."""
    points = len(curve.y)
    free = max(points - form.constants, 1)
    spread = float(np.std(curve.goal)) or 1.0
    noise = max(math.sqrt(loss * points / free) / spread, ROUNDING)
    return points * math.log2(noise) + form.constants * bits_per_float(noise, curve.rows) + PER_NODE * form.nodes


def _best(found: Iterable[Fitted], count: int, per_kind: int = PER_KIND) -> list[Fitted]:
    """So many of the shortest descriptions, and so many of them with the same functions."""
    chosen: list[Fitted] = []
    counts: dict[tuple[str, ...], int] = {}
    for fit in sorted(found, key=lambda fit: fit.bits):
        key = fit.form.key
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= per_kind:
            chosen.append(fit)
        if len(chosen) == count:
            break
    return chosen
