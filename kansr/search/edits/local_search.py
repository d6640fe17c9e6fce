"""Local search in formula space: from the best formulas so far to shorter descriptions near them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, cycle, islice
from typing import NamedTuple

import numpy as np

from kansr.expression.nice_numbers import fractions_near
from kansr.formula.judge.description_length import bits_per_float, noise_level, target_bits
from kansr.numeric.arrays import Array
from kansr.numeric.robust import mean_square
from kansr.search.edits.code_length import bits
from kansr.search.edits.first_order import proposals
from kansr.search.edits.library import Library, Permits, every_tree, library, of_parts
from kansr.search.edits.neighbours import (
    curves,
    exponents,
    freed,
    joined,
    operators,
    other_forms,
    rounded,
    shorter,
    sums_of_powers,
    tied,
)
from kansr.search.edits.pool import STAGES, Known, Pool
from kansr.search.edits.program import Fitted, Rows, fit, values_of
from kansr.search.edits.tree import (
    LEAVES,
    Tree,
    constants,
    form,
    made,
    nodes,
    number,
    places,
    replace_at,
    rewritten,
    size,
)

LONGEST = 45  # nodes of a formula
SCREENING, CLOSER = 6, 20  # Levenberg–Marquardt steps of an edited formula, and of one that promises something
FEW = 400  # rows that edited formulas are compared on; the best are fitted to all
CLOSELY = 15  # of the edits of a formula that are fitted to all rows
PROMISING = 8  # further ones, those that would be shortest if no constant cost anything: they may be snapped
FAR = 250.0  # bits above the formula that was edited, from which an edit that is not shorter is dropped
OPERATORS = 120  # edits of operators of a formula that are tried, drawn at random
PROPOSED, PROPOSED_OF_PARTS, PROPOSED_MORE, OF_EACH_PLACE = 30, 10, 90, 2  # expressions of the library that are tried
FORMS = 6  # other forms of a formula in which the library is tried
# Formulas that are edited after the best one before a search ends: where that leaves no more than the best surrogate,
# with at most one fitted constant or with more, and where it leaves more. The error of a surrogate lies a few per cent
# above the noise, in which a shorter law may hide: 5 % are 105 bits of 1500 rows. None was measured alone.
CONFIRMED, PATIENCE, IMPATIENCE = 15, 80, 400
AS_GOOD = 1.05  # of the error of the best surrogate, up to which a formula may be the law
RIVAL = 8.0  # bits above the best, less than a spare constant costs, up to which a formula may be nearer to the law
RIVALS = 12  # such formulas that are edited before a search ends; not measured alone
FEW_CONSTANTS = 1  # fitted constants of a formula that is hardly as good as a surrogate by chance

SNAPPED_FROM = 10.0  # bits above the best, and those of its constants, up to which a formula's constants are snapped
SNAP_ROUNDS = 4  # constants that are snapped one after another
SNAP_DENOMINATORS = (1, 2, 3, 4)  # of the numbers that are tried
SNAP_REACH = 0.2  # relative distance of such a number
SNAP_ALL = 0.02  # relative distance up to which all constants are snapped at once: an edit may bring several spare ones
SAME_DIGITS = 2  # of its constants in which a form is not fitted again


class Edited(NamedTuple):
    """An edited formula, fitted to few rows, with its description length and its own bits on these."""

    length: float
    place: int
    tree: Tree
    how: tuple[str, ...]
    bits: float
    ms: float


@dataclass(eq=False)
class LocalSearch:
    """spread: of the target, in whose unit description lengths are; inputs: how many a formula chooses from.

    expired: whether there is no more time; permits: whether a formula may be the law; error: of the values
    of a formula on the rows, as that of surrogates is measured; None for their rms error. count: rounds of edits made.
    Source: the library is tried at every node by a score test (Rao 1948), the formula's own constants being nuisance
    parameters.
    """

    rows: Rows
    spread: float
    inputs: int
    seed: int
    expired: Callable[[], bool]
    permits: Permits = every_tree
    error: Callable[[Array], float] | None = None
    pools: list[Pool] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.few = self.rows.first(min(FEW, len(self.rows.y)))
        self.means = self.rows.X.mean(axis=0).tolist()
        self.rng = np.random.default_rng(self.seed)
        self.seen: set[tuple[Tree, tuple[str, ...]]] = set()

    def run(
        self, simple: Sequence[Tree], found: Sequence[Tree] = (), noise: float = math.inf, most: float = math.inf
    ) -> bool:
        """Edits formulas until there is no time, or no shorter description has been found for long.

        simple, found: what to start from. Each has a pool of its own, and they take turns: what is found near long
        formulas would else crowd out what short ones lead to. noise: the error of the best surrogate, as `error`
        measures it: a formula with a larger one is not yet the law, and the search goes on for longer. most: how many
        formulas are edited at most; twice as many to confirm one that may be the law. Returns whether the best one is
        conclusive: it has few constants, leaves no more than the surrogate, and no edit shortens it.
        """
        with np.errstate(all="ignore"):
            self.library: Library = library(self.rows, [*found, *simple], self.permits)
            for starts, far in ((found, False), (simple, True)):
                starts = [tree for tree in map(rewritten, starts) if self.permits(tree)]
                if starts:
                    self.pools.append(Pool(far))
                for tree in starts:
                    self._taken(tree, ("start",), self.pools[-1])
            since, best = 0, self.best
            for pool in cycle(self.pools):
                patience = self._patience(noise)
                done = since > patience and self._settled
                if done or self.expired() or self.count >= most * (2 if patience == CONFIRMED else 1):
                    return done and patience == CONFIRMED
                known = pool.next()
                if known is None:
                    if all(other.exhausted for other in self.pools):
                        return False
                    continue
                known.stage += 1
                self.count += 1
                self._edit(known, pool)
                pool.prune()
                since = since + 1 if self.best is best else 0
                best = self.best
        return False

    @property
    def _settled(self) -> bool:
        """Whether the best formula has had all its rounds of edits, and what is hardly longer the first one."""
        near = self.best.length + RIVAL
        return self.best.stage >= STAGES and all(k.stage or k.length > near for k in self.shortest(RIVALS))

    def _patience(self, noise: float) -> int:
        values = values_of(self.best.tree, self.rows)
        error = math.sqrt(mean_square(values - self.rows.y)) if self.error is None else self.error(values)
        if error > AS_GOOD * noise:
            return IMPATIENCE
        return CONFIRMED if len(constants(self.best.tree)) <= FEW_CONSTANTS else PATIENCE

    @property
    def best(self) -> Known:
        """The formula with the shortest description of all."""
        return min((pool.best for pool in self.pools if pool.best is not None), key=lambda known: known.length)

    def shortest(self, count: int) -> list[Known]:
        """The formulas with the shortest descriptions of all."""
        every = chain(*(pool.shortest(count) for pool in self.pools))
        return sorted(every, key=lambda known: (known.length, known.bits))[:count]

    def _length(self, tree: Tree, ms: float, rows: int) -> tuple[float, float]:
        """The description length of a formula, and the bits of the formula alone."""
        if not math.isfinite(ms):
            return math.inf, math.inf
        noise = noise_level(ms, rows, len(constants(tree)), self.spread)
        own = bits(tree, bits_per_float(noise, self.rows.total), self.inputs)
        return target_bits(noise, self.rows.total) + own, own

    def _per_float(self, ms: float) -> float:
        """The bits of a fitted constant of a formula with this mean squared residual."""
        return bits_per_float(noise_level(ms, len(self.rows.y), 0, self.spread), self.rows.total)

    def _edit(self, known: Known, pool: Pool) -> None:
        """Fits all edits of a formula to few rows, and takes the best, and those that are the best of their length."""
        found: list[Edited] = []
        for label, tree in self._edits(known, known.length <= self.best.length + RIVAL):
            if self.expired():
                break
            if size(tree) > LONGEST or not self.permits(tree) or not self._new(tree):
                continue
            done = fit(tree, self.few, SCREENING)
            length, own = self._length(done.tree, done.ms, len(self.few.y))
            if math.isfinite(length):
                found.append(Edited(length, len(found), done.tree, (*known.how, label), own, done.ms))
        found.sort()
        reference = self._length(known.tree, known.of_few, len(self.few.y))[0]
        bare = sorted(found[CLOSELY:], key=lambda e: e.length - self._per_float(e.ms) * len(constants(e.tree)))
        for edited in (*found[:CLOSELY], *bare[:PROMISING]):
            if edited.length < reference + FAR:
                self._taken(rewritten(edited.tree), edited.how, pool)
        front = [(k.bits, k.of_few) for k in pool.front()]
        for edited in sorted(found, key=lambda e: (e.bits, e.ms, e.place)):
            if edited.bits < known.bits and not any(b <= edited.bits and ms <= edited.ms for b, ms in front):
                front.append((edited.bits, edited.ms))
                self._taken(rewritten(edited.tree), edited.how, pool)

    def _new(self, tree: Tree) -> bool:
        key = (form(tree), tuple(f"{c:.{SAME_DIGITS - 1}e}" for c in constants(tree)))
        new = key not in self.seen
        self.seen.add(key)
        return new

    def _taken(self, tree: Tree, how: tuple[str, ...], pool: Pool) -> None:
        """Fits a formula to all rows and keeps it; what is near the best has its constants snapped."""
        if self.expired() and pool.best is not None:
            return
        known = self._kept(fit(tree, self.rows, CLOSER), how, pool)
        best = pool.best
        if known is None or best is None:
            return
        spare = self._per_float(known.ms) * len(constants(known.tree))
        if known.length <= best.length + SNAPPED_FROM + spare:
            self._snapped(known, pool)

    def _kept(self, done: Fitted, how: tuple[str, ...], pool: Pool) -> Known | None:
        length, own = self._length(done.tree, done.ms, len(self.rows.y))
        if not math.isfinite(length):
            return None
        return pool.keep(Known(done.tree, done.ms, fit(done.tree, self.few, 0).ms, own, length, how))

    def _snapped(self, known: Known, pool: Pool) -> None:
        """Tries nice numbers for the constants of a formula while its description gets shorter."""
        for _ in range(SNAP_ROUNDS):
            for tree in _with_nice_numbers(known.tree):
                if self.expired():
                    return
                done = fit(tree, self.rows, SCREENING)
                if self._length(done.tree, done.ms, len(self.rows.y))[0] < known.length:
                    kept = self._kept(done, known.how, pool)
                    if kept is not None and kept.length < known.length:
                        known = kept
                        break
            else:
                return

    def _edits(self, known: Known, near: bool) -> Iterator[tuple[str, Tree]]:
        """The edits of a formula in one round, each with its name: the likeliest first, the dearest last.

        near: whether it is hardly longer than the best, so that its functions are exchanged before others decorate it.
        """
        tree = known.tree
        per_float = self._per_float(known.ms)
        if known.stage == 1:
            yield from proposals(
                tree, self.few, of_parts(tree, self.few, self.permits), per_float, PROPOSED_OF_PARTS, 0
            )
            yield from proposals(tree, self.few, self.library.of(len(self.few.y)), per_float, PROPOSED, 0)
            yield from (("shorter", t) for t in chain(rounded(tree), shorter(tree)))
            if (free := freed(tree)) != tree:
                yield from (("shorter", t) for t in shorter(free))
            yield from (("exponent", t) for t in tied(tree, self.means))
            yield from (("joined", t) for t in joined(tree))
            yield from (("sum", t) for t in sums_of_powers(tree, self.means))
            if near:
                yield from (("curve", t) for t in curves(tree))
        elif known.stage == 2:
            parts = of_parts(tree, self.rows, self.permits)
            yield from proposals(tree, self.rows, parts, per_float, PROPOSED_OF_PARTS, OF_EACH_PLACE)
            yield from proposals(tree, self.rows, self.library, per_float, PROPOSED_MORE, OF_EACH_PLACE)
            yield from (("curve", t) for t in curves(tree))
            yield from (("exponent", t) for t in exponents(tree))
        else:
            every = list(operators(tree))
            if len(every) > OPERATORS:
                every = [every[i] for i in sorted(self.rng.choice(len(every), OPERATORS, replace=False))]
            yield from (("operator", t) for t in every)
            for other in other_forms(tree):
                yield from (("other form", t) for t in chain(shorter(other), curves(other), exponents(other)))
            for other in islice(other_forms(tree), FORMS):
                yield from proposals(other, self.few, self.library.of(len(self.few.y)), per_float, PROPOSED, 0)


def _with_nice_numbers(tree: Tree) -> Iterator[Tree]:
    """The formula with whole numbers or small fractions in place of all constants near one, and of each in turn."""
    every = _with_all_nice(tree)
    if every != tree:
        yield every
    for path, node in places(tree):
        if node[0] != "c":
            continue
        for near in dict.fromkeys(fractions_near(node[1], SNAP_DENOMINATORS, SNAP_REACH)):
            snapped = replace_at(tree, path, number(Fraction(near.p, near.q)))
            if any(n[0] == "x" for n in nodes(snapped)):
                yield snapped


def _with_all_nice(tree: Tree) -> Tree:
    if tree[0] == "c":
        near = next(fractions_near(tree[1], SNAP_DENOMINATORS, SNAP_ALL), None)
        return tree if near is None else number(Fraction(near.p, near.q))
    return tree if tree[0] in LEAVES else made(tree[0], [_with_all_nice(arg) for arg in tree[1:]])
