"""Sums of functions of one input, grown while the description gets shorter.

All functions of the table are tried alone, each beside an offset, a slope, both or neither; then all pairs of those
that may stand beside others; then pairs beside an exponential, or beside what was found so far. Starts are compared on
grids of inner constants; the best are fitted together. Where the target spans decades its errors may be relative, and
sums of up to two are looked for again with such weights.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.fit.error_model import spans_decades
from kansr.formula.judge.description_length import bits_per_float
from kansr.formula.judge.vocabulary import EVERYTHING, Vocabulary
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.robust import typical
from kansr.numeric.tolerances import ROUNDING
from kansr.structure.terminals.one_input.binning import curve as binned
from kansr.structure.terminals.parametric_curves.cores import CORES, Core
from kansr.structure.terminals.parametric_curves.model import LINES, Curve, Fitted, Form
from kansr.structure.terminals.parametric_curves.projection import FIRST_STEPS, MOST_STEPS, Problem, refined
from kansr.structure.terminals.parametric_curves.starts import Dictionary, Held, Start, nothing

# None of these has been measured alone.
LEAST_ROWS = 6  # different values of the input
POINTS = 160  # of the curve, at most, that sums are fitted to
ROWS_PER_CONSTANT = 3  # at least
FOLLOWED = 2  # starts of a form that are followed to the end
BEAM = 4  # sums that functions are added to
FINISHED = 12  # sets of functions that are followed to the end, of all that are begun with
PAIRS, LARGER = 20, 20  # sets of two functions, and of more, that are begun with, of all that could be
PER_NODE = 2.5  # bits
KEPT = 8  # sums that are given
PER_KIND = 3  # of them with the same functions
ANY_CONSTANT = 0.37  # an inner constant that stands for all others
TREND = "exponential"  # function beside which pairs are looked for at all its starts


def parametric_curves(
    data: Dataset, noise: float, expired: Callable[[], bool], vocabulary: Vocabulary = EVERYTHING
) -> Iterator[sympy.Expr]:
    """The sums of least description, the shortest first. data: one input; noise: as in `curve_match.single`."""
    cores = _permitted(vocabulary)
    x, y, _ = binned(data, noise)
    chosen = evenly_spaced_rows(len(x), POINTS)
    x, y = x[chosen], y[chosen]
    if not cores or len(np.unique(x)) < LEAST_ROWS or not np.std(y) > 0:
        return
    scale = float(np.max(np.abs(x)))
    with np.errstate(all="ignore"):
        for weight in _weights(y):
            curve = Curve(x / scale, y, weight, scale, data.rows)
            for fitted in _chosen(_grown(curve, cores, expired)):
                if (expr := fitted.expr(curve, sympy.Symbol(data.names[0]))) is not None:
                    yield expr


def _weights(y: Array) -> Iterator[Array]:
    """The weights of constant errors, and of relative ones where the target spans decades."""
    yield np.ones(len(y))
    if spans_decades(y):
        yield typical(np.abs(y)) / np.abs(y)


def _permitted(vocabulary: Vocabulary) -> list[Core]:
    """The rows of the table that a vocabulary has."""
    x = sympy.Symbol("x")
    return [c for c in CORES if vocabulary.may_become(c.expr(x, [ANY_CONSTANT + k for k in range(c.inner)]))]


def _grown(curve: Curve, cores: Sequence[Core], expired: Callable[[], bool]) -> list[Fitted]:
    """Sums of one function, and of more as long as they have shorter descriptions."""
    everything = Dictionary.of(curve, cores)
    some = Dictionary.of(curve, [core for core in cores if core.beside])
    lines, none = range(len(LINES)), nothing(curve)
    singles = _fitted(curve, (start for line in lines for start in everything.singles(curve, none, line)), expired)
    if expired() or _is_rounding(curve, singles):
        return singles
    beam = [_held(curve, fit) for fit in _best(singles, BEAM, 1)]
    starts = chain(
        (start for line in lines for start in some.pairs(curve, none, line)),
        (start for held in beam for line in lines for start in some.singles(curve, held, line)),
    )
    pairs = _fitted(curve, _promising(curve, starts, PAIRS), expired)
    found = [*singles, *pairs]
    if expired() or curve.is_weighted or not _least(pairs) < _least(singles) or _is_rounding(curve, found):
        return found
    beam += [Held((core,), p, column) for core, p, column in some.only(TREND)]
    starts = chain(
        (start for held in beam for line in lines for start in some.pairs(curve, held, line)),
        (s for fit in _best(pairs, BEAM, 1) for line in lines for s in some.singles(curve, _held(curve, fit), line)),
    )
    return [*found, *_fitted(curve, _promising(curve, starts, LARGER), expired)]


def _held(curve: Curve, fit: Fitted) -> Held:
    return Held(fit.form.cores, fit.p, fit.columns(curve))


def _least(found: Iterable[Fitted]) -> float:
    return min((fit.bits for fit in found), default=math.inf)


def _is_rounding(curve: Curve, found: Iterable[Fitted]) -> bool:
    return any(fit.loss <= (ROUNDING * float(np.std(curve.y))) ** 2 for fit in found)


def _promising(curve: Curve, starts: Iterable[Start], count: int) -> list[Start]:
    """The starts of so many sets of functions, those whose best start has the shortest description; of each form few.

    Beside them go sets of equal functions, which a trend may be beside: a coarse grid is far from their optimum. All
    starts of one set are fitted at once, so others of it cost little.
    """
    found: dict[tuple[str, ...], list[Start]] = {}
    of_form: Counter[Form] = Counter()
    for start in sorted(starts, key=lambda s: _bits(curve, s.form, s.loss)):
        key = start.form.key
        of_form[start.form] += 1
        if (key in found or len(found) < count or _is_plain(key)) and of_form[start.form] <= FOLLOWED:
            found.setdefault(key, []).append(start)
    return [start for group in found.values() for start in group]


def _is_plain(key: tuple[str, ...]) -> bool:
    """Whether all functions are equal, but for one trend."""
    return len(set(key)) == 1 or (len(set(key)) == 2 and key.count(TREND) == 1)


def _fitted(curve: Curve, starts: Iterable[Start], expired: Callable[[], bool]) -> list[Fitted]:
    """The best fit of every form of the promising sets of functions that the rows suffice for, from all its starts."""
    groups: dict[tuple[Core, ...], list[Start]] = {}
    for start in starts:
        if start.form.constants * ROWS_PER_CONSTANT <= curve.rows + 1:
            groups.setdefault(start.form.cores, []).append(start)
    begun: list[tuple[float, int, _Begun]] = []
    for group in groups.values():
        if not expired():
            one = _Begun.of(curve, group)
            begun.append((one.least_bits(curve), len(begun), one))
    ended = (one.ended(curve) for _, _, one in sorted(begun, key=lambda row: row[:2])[:FINISHED] if not expired())
    return [fit for fits in ended for fit in fits]


@dataclass(frozen=True, eq=False)
class _Begun:
    """The starts of one set of functions after a few steps. lines: which of LINES, (starts,)."""

    cores: tuple[Core, ...]
    lines: NDArray[np.intp]
    problem: Problem
    p: Array
    loss: Array

    @classmethod
    def of(cls, curve: Curve, group: list[Start]) -> _Begun:
        cores, lines = group[0].form.cores, np.array([start.form.line for start in group])
        problem = Problem(curve, Form(cores, 0), lines)
        return cls(cores, lines, problem, *refined(problem, np.array([start.p for start in group]), FIRST_STEPS))

    def least_bits(self, curve: Curve) -> float:
        return min(_bits(curve, Form(self.cores, int(line)), float(loss)) for line, loss in zip(self.lines, self.loss))

    def ended(self, curve: Curve) -> Iterator[Fitted]:
        """The best fit of each form."""
        best = _of_each(self.loss, self.lines, FOLLOWED)
        p, loss = refined(self.problem.take(best), self.p[best], MOST_STEPS)
        for row in _of_each(loss, self.lines[best], 1):
            form = Form(self.cores, int(self.lines[best][row]))
            if np.isfinite(loss[row]):
                yield Fitted(form, p[row], float(loss[row]), _bits(curve, form, float(loss[row])))


def _of_each(loss: Array, key: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """The `count` smallest losses for every key."""
    order = np.lexsort((loss, key))
    first = np.searchsorted(key[order], key[order])
    return order[np.arange(len(order)) - first < count]


def _bits(curve: Curve, form: Form, loss: float) -> float:
    """The description length, as `description_length` has it, but for what its expression will look like."""
    points = len(curve.y)
    if not np.isfinite(loss):
        return math.inf
    free = max(points - form.constants, 1)
    noise = max(math.sqrt(max(loss, 0.0) * points / free) / curve.spread, ROUNDING)
    return points * math.log2(noise) + form.constants * bits_per_float(noise, curve.rows) + PER_NODE * form.nodes


def _chosen(found: Sequence[Fitted]) -> list[Fitted]:
    """The shortest descriptions, then the shortest of each smaller number of constants."""
    best = _best(found, KEPT)
    least = min((fit.form.constants for fit in best), default=0)
    fewer = ([fit for fit in found if fit.form.constants == count] for count in range(least - 1, 0, -1))
    return best + [min(some, key=lambda fit: fit.bits) for some in fewer if some]


def _best(found: Iterable[Fitted], count: int, per_kind: int = PER_KIND) -> list[Fitted]:
    """So many of the shortest descriptions, and so many of them with the same functions."""
    chosen: list[Fitted] = []
    of_kind: Counter[tuple[str, ...]] = Counter()
    for fit in sorted(found, key=lambda fit: fit.bits):
        of_kind[fit.form.key] += 1
        if of_kind[fit.form.key] <= per_kind:
            chosen.append(fit)
        if len(chosen) == count:
            break
    return chosen
