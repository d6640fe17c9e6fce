"""Local search in formula space: from the best formulas so far to shorter descriptions near them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice

import numpy as np

from kansr.formula.judge.description_length import bits_per_float
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING
from kansr.search.edits.first_order import proposals
from kansr.search.edits.library import Library, library, of_parts
from kansr.search.edits.neighbours import curves, exponents, operators, other_forms, rounded, shorter
from kansr.search.edits.program import Fitted, Rows, fit
from kansr.search.edits.tree import Tree, bits, constants, form, nodes, number, replace_at, rewritten, places, size, value_of, is_number, constant

LONGEST = 45  # nodes of a formula
SCREENING, CLOSER = 6, 20  # Levenberg-Marquardt steps of a neighbour, and of one that promises something
FEW = 400  # rows that neighbours are fitted to
FAR = 250.0  # bits above the best beyond which a formula as long as the best is not kept
SNAP_NEAR = 30.0  # bits above the best up to which constants of a formula are snapped
OPERATORS = 120  # neighbours of a formula by other operators, drawn at random
POOL = 400
STAGES = 3
PER_STAGE = 20.0
PATIENCE, IMPATIENCE = 25, 400  # formulas edited since the best, before a search ends
AS_GOOD = 1.05  # of the error of the best surrogate, up to which a formula may be the law
WIDTH = 12.0  # bits of formulas that compete with each other


@dataclass(eq=False)
class Known:
    """A formula in the pool."""

    tree: Tree
    ms: float
    bits: float
    length: float
    how: tuple[str, ...]
    few: float
    stage: int = 0


@dataclass(eq=False)
class LocalSearch:
    rows: Rows
    spread: float
    inputs: int
    seed: int
    expired: Callable[[], bool]
    pool: dict[float, Known] = field(default_factory=dict)
    best: Known | None = None
    fitted: int = 0
    expansions: int = 0
    bucket: int = -1
    trace: Callable[[str], None] = lambda text: None

    def __post_init__(self) -> None:
        self.few = self.rows.first(min(FEW, len(self.rows.y)))
        self.rng = np.random.default_rng(self.seed)
        self.library: Library | None = None
        self.seen: set[Tree] = set()

    def length(self, tree: Tree, ms: float, rows: int) -> tuple[float, float]:
        """-> the description length of a formula, and the bits of the formula alone."""
        if not math.isfinite(ms):
            return math.inf, math.inf
        free = max(rows - len(constants(tree)), 1)
        noise = max(math.sqrt(ms * rows / free) / self.spread, ROUNDING)
        own = bits(tree, bits_per_float(noise, self.rows.total), self.inputs)
        return self.rows.total * math.log2(noise / ROUNDING) + own, own

    def offer(self, tree: Tree, how: tuple[str, ...]) -> Known | None:
        """A tree fitted on all rows and put into the pool, if it belongs there."""
        done = fit(tree, self.rows, CLOSER)
        return self._keep(done, how)

    def _keep(self, done: Fitted, how: tuple[str, ...]) -> Known | None:
        length, own = self.length(done.tree, done.ms, len(self.rows.y))
        if not math.isfinite(length):
            return None
        known = Known(done.tree, done.ms, own, length, how, fit(done.tree, self.few, 0).ms)
        key = float(f"{done.ms:.5e}")
        before = self.pool.get(key)
        if before is not None and before.bits <= own + 1e-9:
            return before
        self.pool[key] = known
        if self.best is None or length < self.best.length - 1e-9:
            self.best = known
        return known

    def run(self, starts: Sequence[Tree], noise: float = math.inf) -> None:
        """Until there is no time, or PATIENCE formulas have been edited since the best, which is as good as the `noise`.

        noise: the rms that the best surrogate leaves, in the unit of the target.
        """
        since, best = 0, None
        for tree in starts:
            known = self.offer(rewritten(tree), ("start",))
            if known:
                self._snap(known)
        turn = 0
        while not self.expired():
            known = self._next(turn)
            turn += 1
            since = 0 if self.best is not best else since + 1
            best = self.best
            good = best is not None and math.sqrt(best.ms) < AS_GOOD * noise
            if known is None or since > (PATIENCE if good else IMPATIENCE):
                return
            known.stage += 1
            self.expansions += 1
            self._expand(known)
            self._prune()

    def _next(self, turn: int) -> Known | None:
        """The next to expand: the best, then one of the front of length and loss, then a random one."""
        left = [k for k in self.pool.values() if k.stage < STAGES]
        if not left:
            return None
        assert self.best is not None
        if turn % 3:
            buckets: dict[int, list[Known]] = {}
            for k in left:
                if k.stage == 0 and k.bits < self.best.bits + WIDTH:
                    buckets.setdefault(int(k.bits // WIDTH), []).append(k)
            if buckets:
                after = [b for b in sorted(buckets) if b > self.bucket]
                self.bucket = after[0] if after else min(buckets)
                return min(buckets[self.bucket], key=lambda k: (k.length, k.bits))
        return min(left, key=lambda k: (k.length + PER_STAGE * k.stage, k.bits))

    def shortest(self, count: int) -> list[Known]:
        """The formulas with the shortest descriptions."""
        return sorted(self.pool.values(), key=lambda k: (k.length, k.bits))[:count]

    def _front(self) -> list[Known]:
        front: list[Known] = []
        for known in sorted(self.pool.values(), key=lambda k: (k.bits, k.ms)):
            if not front or known.ms < front[-1].ms * (1 - 1e-9):
                front.append(known)
        return front

    def _prune(self) -> None:
        if len(self.pool) <= POOL or self.best is None:
            return
        keep = {id(k) for k in self._front()}
        ranked = sorted(self.pool.items(), key=lambda item: (id(item[1]) not in keep, item[1].length))
        self.pool = dict(ranked[:POOL])

    def _expand(self, known: Known) -> None:
        if self.library is None:
            self.library = library(self.rows)
        noise = max(math.sqrt(known.ms) / self.spread, ROUNDING)
        per_float = bits_per_float(noise, self.rows.total)
        found: list[tuple[float, int, Tree, tuple[str, ...], float, float]] = []
        for label, tree in self._neighbours(known, per_float):
            if self.expired():
                break
            if size(tree) > LONGEST:
                continue
            key = (form(tree), tuple(float(f"{c:.2g}") for c in constants(tree)))
            if key in self.seen:
                continue
            self.seen.add(key)
            try:
                done = fit(tree, self.few, SCREENING)
            except (ValueError, OverflowError, ZeroDivisionError):
                continue
            self.fitted += 1
            length, own = self.length(done.tree, done.ms, len(self.few.y))
            if math.isfinite(length):
                found.append((length, len(found), done.tree, (*known.how, label), own, done.ms))
        if not found:
            return
        reference = self.length(known.tree, fit(known.tree, self.few, 0).ms, len(self.few.y))[0]
        found.sort(key=lambda f: f[:2])
        assert self.best is not None
        for length, _, tree, how, _, _ in found[:15]:
            if length < reference + FAR:
                self._try(tree, how)
        # what is shorter than all that is as good, however bad
        front = [(k.bits, k.few) for k in self._front()]
        for _, _, tree, how, own, ms in sorted(found, key=lambda f: (f[4], f[5], f[1])):
            if own < known.bits and not any(b <= own and m <= ms for b, m in front):
                front.append((own, ms))
                self._try(tree, how)

    def _try(self, tree: Tree, how: tuple[str, ...]) -> None:
        if self.expired():
            return
        best = self.best
        known = self.offer(rewritten(tree), how)
        if known is not None and best is not None and known.length < best.length + SNAP_NEAR:
            self._snap(known)
            if self.best is not best:
                self.trace(f"{self.best.length:10.1f} {'/'.join(self.best.how)} {self.best.tree}")

    def _snap(self, known: Known) -> None:
        """Constants of a formula replaced by whole numbers and halves while the description gets shorter."""
        for _ in range(4):
            before = known
            for path, node in list(places(known.tree)):
                if node[0] != "c" or self.expired():
                    continue
                value = node[1]
                tried = {Fraction(round(value)), Fraction(round(value * 2), 2)}
                if path and abs(value) < 6:
                    tried |= {Fraction(round(value * 3), 3), Fraction(round(value * 4), 4)}
                for near in sorted(tried):
                    if abs(float(near) - value) > 0.2 * max(abs(value), 0.5):
                        continue
                    tree = replace_at(known.tree, path, number(near))
                    if not any(n[0] in ("x",) for n in nodes(tree)):
                        continue
                    try:
                        done = fit(tree, self.rows, SCREENING)
                    except (ValueError, OverflowError, ZeroDivisionError):
                        continue
                    self.fitted += 1
                    length, own = self.length(done.tree, done.ms, len(self.rows.y))
                    if length < known.length:
                        kept = self._keep(done, (*known.how, "snap"))
                        if kept is not None and kept.length < known.length:
                            known = kept
                            break
                if known is not before:
                    break
            if known is before:
                return

    def _neighbours(self, known: Known, per_float: float) -> Iterator[tuple[str, Tree]]:
        tree = known.tree
        assert self.library is not None
        if known.stage == 1:
            own = of_parts(tree, self.few)
            yield from proposals(tree, self.few, own, per_float, 10, 0)
            yield from proposals(tree, self.few, self.library.of(len(self.few.y)), per_float, 30, 0)
            yield from (("shorter", t) for t in chain(rounded(tree), shorter(tree)))
        elif known.stage == 2:
            yield from proposals(tree, self.rows, self.library, per_float, 90, 2)
            yield from (("curve", t) for t in curves(tree))
            yield from (("exponent", t) for t in exponents(tree))
        else:
            every = list(operators(tree))
            if len(every) > OPERATORS:
                every = [every[i] for i in sorted(self.rng.choice(len(every), OPERATORS, replace=False))]
            yield from (("operator", t) for t in every)
            for other in other_forms(tree):
                yield from (("form+shorter", t) for t in shorter(other))
                yield from (("form+curve", t) for t in curves(other))
                yield from (("form+exponent", t) for t in exponents(other))
            for other in islice(other_forms(tree), 6):
                for k, t in proposals(other, self.few, self.library.of(len(self.few.y)), per_float, 30, 0):
                    yield "form+" + k, t
