"""A sum of named terms made from a sparse ANOVA, and rewritten while its description gets shorter.

Rewriting is a greedy local search: drop a term, name it again, name it with fewer or with other inputs, split a pair,
take several inputs for one linear combination, add what the residual speaks for. Every rewritten sum is fitted as a
whole, and kept where it costs less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kansr.numeric.arrays import Array
from kansr.structure.anova.checks import sound
from kansr.structure.anova.components import Design
from kansr.structure.anova.evidence import MOST_ROWS, Anova, choose_components
from kansr.structure.anova.families import FEWEST_IN_INDEX, MOST_IN_INDEX, WITH_ONE_LESS
from kansr.structure.anova.naming import names_for
from kansr.structure.anova.terms import Rows, Sum, Term, fitted

ROUNDS = 4
ROUND_GAIN = 1.0  # of the cost, below which a round is the last
KEPT_GAIN = 0.5  # of the cost, from which a rewritten sum takes the place of the one before
TRIED = 3  # names that are tried for a term
MOST_WORK = 1e7  # values of functions for each step of all sums that are fitted: about 10 s of one core
ADDED = 3  # groups of the residual's ANOVA that are named in a round
CORRELATED = 0.5  # correlation of inputs, from which one is tried in the place of another
LEAST_SLOPE = 0.1  # of the largest, that an input has which is tried in a linear combination
LINES_ADDED = 2  # lines best correlated with the residual, that are tried in a round


@dataclass(eq=False)
class Rewriter:
    """The search near one sum."""

    rows: Rows
    rng: np.random.Generator
    expired: Callable[[], bool]
    work: float = 0.0

    @cached_property
    def design(self) -> Design:
        return Design(self.rows.U[:MOST_ROWS])

    def components_of(self, target: Array) -> Anova:
        """The sparse ANOVA of a target, (rows,), in the same inputs."""
        return choose_components(self.rows.U, target, self.expired, design=self.design)

    def over(self) -> bool:
        """Whether it is time to come to an end."""
        return self.work >= MOST_WORK or self.expired()

    def fit(self, terms: Sequence[Term]) -> Sum:
        self.work += len(self.rows.y) * sum(1 + 2 * len(t.constants) for t in terms)
        return fitted(terms, self.rows)

    def better(self, best: Sum, terms: Sequence[Term]) -> Sum:
        """The sum of these terms, where it costs less and is sound; else the one before."""
        if self.over() or len({(t.family, t.inputs, t.constants) for t in terms}) < len(terms):
            return best
        trial = self.fit(terms)
        if trial.cost < best.cost - KEPT_GAIN and sound(trial, self.rows):
            return trial
        return best

    def rewritten(self, best: Sum) -> Sum:
        """The best sum near one, after at most ROUNDS rounds of all kinds of rewriting."""
        for number in range(ROUNDS):
            before = best
            best = self.dropped(best)
            best = self.merged(best)
            best = best if number else self.indexed(best)  # once, since these sums take long to fit
            best = self.renamed(best)
            best = self.extended(best)
            if best.cost > before.cost - ROUND_GAIN or self.over():
                break
        return self.dropped(best)

    def dropped(self, best: Sum) -> Sum:
        """Without the terms that do not pay, the one first without which the sum costs least."""
        while len(best.terms) > 0 and not self.expired():
            fewer = self.with_one_less(best)
            if fewer.cost > best.cost - KEPT_GAIN:
                return best
            best = fewer
        return best

    def with_one_less(self, found: Sum) -> Sum:
        """Without the term that costs least to do without."""
        trials = (self.fit(_without(found.terms, k)) for k in range(len(found.terms)))
        return min(trials, key=lambda s: s.cost)

    def renamed(self, best: Sum) -> Sum:
        """Each term in turn under other names: on its inputs, on fewer, on others, or as two curves."""
        for k in range(len(best.terms)):
            if k >= len(best.terms) or self.over():
                break
            others = _without(best.terms, k)
            target = self.rows.y - best(self.rows.U) + best.part(k, self.rows.U)
            for inputs in self._inputs_near(best.terms[k].inputs):
                for name in names_for(inputs, target, self.rows, self.rng)[:TRIED]:
                    best = self.better(best, (*others, *name.terms))
                if len(inputs) == 2:
                    best = self.better(best, (*others, *self._split(inputs, target)))
        return best

    def merged(self, best: Sum) -> Sum:
        """With one term in the place of all those that are in the same one or two inputs."""
        for inputs in dict.fromkeys(t.inputs for t in best.terms):
            within = [k for k, t in enumerate(best.terms) if set(t.inputs) <= set(inputs)]
            if len(within) < 2 or self.over():
                continue
            others = [t for k, t in enumerate(best.terms) if k not in within]
            parts = sum((best.part(k, self.rows.U) for k in within), np.zeros(len(self.rows.y)))
            for name in names_for(inputs, self.rows.y - best(self.rows.U) + parts, self.rows, self.rng)[:TRIED]:
                trial = self.better(best, (*others, *name.terms))
                if trial is not best:
                    return self.merged(trial)
        return best

    def indexed(self, best: Sum) -> Sum:
        """With a function of one linear combination in the place of the terms in its inputs, or beside them."""
        used = sorted({i for t in best.terms for i in t.inputs})
        if len(used) < FEWEST_IN_INDEX or self.over():
            return best
        slopes = np.linalg.lstsq(self.rows.U[:, used], self.rows.y - self.rows.y.mean(), rcond=None)[0]
        steep = np.abs(slopes) >= LEAST_SLOPE * np.abs(slopes).max()
        inputs = sorted(used[k] for k in np.argsort(-np.abs(slopes), kind="stable")[:MOST_IN_INDEX] if steep[k])
        if len(inputs) < FEWEST_IN_INDEX:
            return best
        others = tuple(t for t in best.terms if not set(t.inputs) <= set(inputs))
        rest = fitted(others, self.rows)(self.rows.U)
        for beside, target in ((others, self.rows.y - rest), (best.terms, self.rows.y - best(self.rows.U))):
            for name in names_for(inputs, target, self.rows, self.rng)[:TRIED]:
                trial = self.better(best, (*beside, *name.terms))
                if trial is not best:
                    best = self._with_fewer_in_index(trial)
        return best

    def _with_fewer_in_index(self, best: Sum) -> Sum:
        """With fewer inputs in the linear combination of the last term, those of least weight first."""
        *others, last = best.terms
        if last.family not in WITH_ONE_LESS:
            return best
        k = int(np.argmin(np.abs(last.constants[: len(last.inputs)])))
        inputs = last.inputs[:k] + last.inputs[k + 1 :]
        constants = last.constants[:k] + last.constants[k + 1 :]
        trial = self.better(best, (*others, Term(WITH_ONE_LESS[last.family], inputs, constants)))
        return best if trial is best else self._with_fewer_in_index(trial)

    def _inputs_near(self, inputs: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """The inputs of a term, each alone, and those with one exchanged for an input that it correlates with."""
        yield inputs
        if len(inputs) == 2:
            yield from ((i,) for i in inputs)
        for place, i in enumerate(inputs):
            for j in self._alike(i):
                if j not in inputs:
                    yield tuple(sorted((*inputs[:place], j, *inputs[place + 1 :])))

    def _alike(self, i: int) -> list[int]:
        U = self.rows.U
        r = np.abs(U.T @ U[:, i]) / len(U)
        return [int(j) for j in np.argsort(-r, kind="stable") if j != i and r[j] > CORRELATED][:TRIED]

    def _split(self, inputs: tuple[int, ...], target: Array) -> list[Term]:
        """Two curves for a pair, the second for what the first leaves."""
        first = names_for(inputs[:1], target, self.rows, self.rng)
        if not first:
            return []
        left = target - first[0](self.rows.U)
        second = names_for(inputs[1:], left, self.rows, self.rng)
        return [*first[0].terms, *(second[0].terms if second else ())]

    def extended(self, best: Sum) -> Sum:
        """With terms that the residual speaks for: components of its own ANOVA, and lines."""
        residual = self.rows.y - best(self.rows.U)
        found = self.components_of(residual)
        for inputs in _blocks(found)[:ADDED]:
            for name in names_for(inputs, self.rows.y - best(self.rows.U), self.rows, self.rng)[:TRIED]:
                best = self.better(best, (*best.terms, *name.terms))
        r = np.abs(self.rows.U.T @ (self.rows.y - best(self.rows.U)))
        lines = [Term("line", (int(i),)) for i in np.argsort(-r, kind="stable")]
        for line in [line for line in lines if line not in best.terms][:LINES_ADDED]:
            best = self.better(best, (*best.terms, line))
        return best


def named(anova: Anova, rows: Rows, rng: np.random.Generator, expired: Callable[[], bool]) -> Sum:
    """The components of an ANOVA of these rows with names, fitted together.

    A pair takes the main effects of its inputs with it, the strongest pair first: sin(u·v) has large ones.
    """
    residual = rows.y - anova(rows.U)
    free = set(range(len(anova.components)))
    terms: list[Term] = []
    for inputs in _blocks(anova):
        taken = {k for k in free if set(anova.components[k].inputs) <= set(inputs)}
        if not taken or expired():
            continue
        free -= taken
        target = residual + sum((anova.part(k, rows.U) for k in sorted(taken)), np.zeros(len(rows.y)))
        names = names_for(inputs, target, rows, rng)
        terms += names[0].terms if names else ()
    return fitted(terms, rows)


def _blocks(anova: Anova) -> list[tuple[int, ...]]:
    """The inputs of components that belong together: pairs by what they gain, then single inputs."""
    order = sorted(range(len(anova.components)), key=lambda k: (-len(anova.components[k].inputs), -anova.gains[k]))
    return list(dict.fromkeys(anova.components[k].inputs for k in order))


def _without(terms: tuple[Term, ...], k: int) -> tuple[Term, ...]:
    return terms[:k] + terms[k + 1 :]
