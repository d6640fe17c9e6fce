"""Reductions one after another until what is left has a formula: a depth-first search with few alternatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import sympy

from kansr.data.dataset import Dataset, split
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import Size, canonical
from kansr.refine.constants import Fit, polish
from kansr.structure.additive import additive
from kansr.structure.brute import ACCEPT, one_variable
from kansr.structure.meet import sums_of_atoms
from kansr.structure.moves import moves
from kansr.structure.polynomial import polynomials, rationals
from kansr.structure.powerlaw import power_law
from kansr.structure.relations import relations
from kansr.structure.single import single
from kansr.structure.state import State
from kansr.structure.surrogate import surrogate
from kansr.structure.tensor import tensor
from kansr.symbolic.choose import ChooseConfig, choose
from kansr.symbolic.match import MatchConfig, match_all

FEW = 4  # constants of a formula that is believed to be the law when it comes down to the noise
NOISY = 2e-3  # a surrogate's held-out error from which it is taken for noise


@dataclass(frozen=True, kw_only=True)
class ReduceConfig:
    match: MatchConfig = field(default_factory=MatchConfig)
    noise: float = 0.0  # expected misfit of the truth over the target's spread
    sure: float = 3e-3  # misfit of a move below which the slower terminals wait for it
    hopeless: float = 0.2  # misfit above which no move is made
    alternatives: tuple[int, ...] = (3, 3, 2)  # moves tried at each depth, the last for all deeper ones
    depth: int = 10


def exact(fit: Fit, data: Dataset) -> bool:
    """Whether a fit leaves rounding only; with many constants a wrong formula comes close, so it must be closer."""
    count = len(fit.constants)
    limit = 1e-9 if count <= 5 else 1e-12 if count <= 10 else 0.0
    return bool(fit.rms <= limit * np.std(data.y))


@dataclass(frozen=True, eq=False)
class Route:
    """A formula for the table's target with its constants fitted, and the moves that led to it."""

    fit: Fit
    moves: tuple[str, ...]


def reductions(
    data: Dataset, config: ReduceConfig, seed: int, expired: Callable[[], bool] = lambda: False
) -> Iterator[Route]:
    """Formulas as they are found; the last one is exact, unless the search was exhausted or the time was up."""
    yield from _Search(data, config, seed, expired, typical_size(data.X, data.names)).solve(
        State(data.X, data.y, tuple(sympy.Symbol(name) for name in data.names))
    )


@dataclass(eq=False)
class _Search:
    data: Dataset
    config: ReduceConfig
    seed: int
    expired: Callable[[], bool]
    size: Size
    done: bool = False
    seen: set[tuple] = field(default_factory=set)
    tried: set[sympy.Expr] = field(default_factory=set)

    def solve(self, state: State) -> Iterator[Route]:
        key = (frozenset(state.inputs), round(float(np.sum(np.abs(state.z[:64]))), 9))
        if key in self.seen or self.expired():
            return
        self.seen.add(key)
        if np.std(state.z) <= 1e-10 * float(np.mean(np.abs(state.z))) or not state.inputs:
            yield from self._offer(state, [sympy.Float(float(np.mean(state.z)))])
            return
        yield from self._offer(state, self._power_law(state))
        if not self.done and self.config.noise <= NOISY:
            yield from self._offer(state, relations(state.dataset(), self.expired, plain=True))
        if self.done:
            return
        if len(state.inputs) == 1:
            yield from self._offer(state, self._one_input(state))
            return
        yield from self._offer(state, self._sum_of_curves(state))
        if self.done or len(state.moves) >= self.config.depth or self.expired():
            return
        options = [
            m
            for m in moves(state, surrogate(state.X, state.z, noisy=self.config.noise > NOISY))
            if m.misfit < self.config.hopeless
        ]
        sure = bool(options) and options[0].misfit < self.config.sure
        early = not sure and len(state.inputs) == 2  # with more inputs a doubtful move is cheaper than the terminals
        if early:
            yield from self._last_resorts(state)
        tried, failed = 0, None
        limit = self.config.alternatives[min(len(state.moves), len(self.config.alternatives) - 1)]
        for move in options:
            if self.done or self.expired() or tried >= limit:
                break
            if tried and move.misfit > max(0.02, 20 * options[0].misfit):
                break
            # Moves on other inputs commute with the one that failed: what they lead to has been seen.
            if failed is not None and not failed & move.used:
                continue
            child = move.apply()
            if child is None:
                continue
            tried, failed = tried + 1, failed or move.used
            yield from self.solve(child)
        if not early and not self.done:
            yield from self._last_resorts(state)

    def _last_resorts(self, state: State) -> Iterator[Route]:
        """The slower ways to a formula for what is left."""
        yield from self._offer(state, self._rational(state))
        if not self.done:
            yield from self._offer(state, sums_of_atoms(state.dataset(), self._allowed(1e-9), self.expired))
        if not self.done:
            yield from self._offer(state, self._tensor(state))
        if not self.done and self.config.noise < ACCEPT:
            for child in one_variable(state):
                if not self.done and not self.expired():
                    yield from self._offer(child, self._one_input(child))

    def _offer(self, state: State, exprs: Iterator[sympy.Expr] | list[sympy.Expr]) -> Iterator[Route]:
        """The formulas polished on the rows of the table; `done` as soon as one is exact."""
        for expr in exprs:
            if self.expired():
                return
            formula = canonical(state.formula(expr), self.size)
            if formula in self.tried or formula.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I):
                continue
            self.tried.add(formula)
            fit = polish(formula, self.data, iterations=40)
            if np.isfinite(fit.rms):
                self.done = exact(fit, self.data) or self._within_noise(fit)
                yield Route(fit, state.moves)
                if self.done:
                    return

    def _within_noise(self, fit: Fit) -> bool:
        """Whether a short formula explains as much as the best smooth model."""
        noise = self.config.noise
        return noise > NOISY and len(fit.constants) <= FEW and fit.rms <= noise * float(np.std(self.data.y))

    def _allowed(self, clean: float) -> float:
        """The misfit up to which a terminal is believed: `clean` without noise, a little above the noise with it."""
        return max(clean, 1.3 * self.config.noise if self.config.noise > NOISY else 0.0)

    def _power_law(self, state: State) -> Iterator[sympy.Expr]:
        """The power product, where it leaves next to nothing."""
        data = state.dataset()
        expr = power_law(data)
        if expr is not None and polish(expr, data, iterations=5, rows=300).rms < self._allowed(1e-5) * np.std(data.y):
            yield expr

    def _one_input(self, state: State) -> Iterator[sympy.Expr]:
        yield from single(
            state.dataset(),
            self.config.noise if self.config.noise > NOISY else 0.0,
            self.config.match,
            keep=6,
            expired=self.expired,
        )
        yield from self._rational(state)
        yield from sums_of_atoms(state.dataset(), self._allowed(1e-9), self.expired)

    def _sum_of_curves(self, state: State) -> Iterator[sympy.Expr]:
        fitting, held_out = split(state.dataset(), 0.25, np.random.default_rng(self.seed))
        for graph in additive(fitting, held_out):
            if graph.error < self._allowed(1e-3):
                config = ChooseConfig(trials=12, keep=2)
                fits = choose(graph, match_all(graph.edges, self.config.match), fitting, config, self.expired)
                yield from (fit.expr for fit in fits)

    def _tensor(self, state: State) -> Iterator[sympy.Expr]:
        if len(state.inputs) == 2:
            for graph in tensor(state.dataset(), self.config.match, self._allowed(3e-3), self.expired):
                config = ChooseConfig(trials=12, keep=2)
                matches = match_all(graph.edges, self.config.match)
                yield from (fit.expr for fit in choose(graph, matches, state.dataset(), config, self.expired))

    def _rational(self, state: State) -> Iterator[sympy.Expr]:
        if self.config.noise <= NOISY:
            yield from relations(state.dataset(), self.expired)
        elif len(state.inputs) <= 4:
            yield from polynomials(state.dataset(), self._allowed(1e-6), self.expired)
            yield from rationals(state.dataset(), self._allowed(1e-6), self.expired)
