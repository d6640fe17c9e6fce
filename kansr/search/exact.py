"""Reductions one after another until what is left has a formula: a best-first search over what to do next."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

import numpy as np
import sympy

from kansr.data.dataset import Dataset, split
from kansr.formula.fit.constants import Fit
from kansr.formula.judge.exactness import convincing, exact
from kansr.numeric.spline_basis import roughness
from kansr.result.graph import Graph
from kansr.search.costs import ReduceConfig
from kansr.search.roots import dimensions, starts
from kansr.search.routes import Offers, Route
from kansr.structure.context import Context
from kansr.structure.moves.direct.dominant_term import dominant
from kansr.structure.moves.direct.irrelevant_inputs import idle, unmoved
from kansr.structure.moves.direct.one_variable import beside_one, one_variable
from kansr.structure.moves.direct.power_factors import strip
from kansr.structure.moves.gradient.inner_factor import Split, splits, without
from kansr.structure.moves.move import Move
from kansr.structure.moves.registry import moves
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import Field
from kansr.structure.surrogate.kernel import surrogate
from kansr.structure.surrogate.network import KanFieldConfig, kan_field
from kansr.structure.surrogate.product_kernel import composite
from kansr.structure.terminals.closed_form.implicit_relation import relations
from kansr.structure.terminals.closed_form.power_law import close_power_law, power_laws_within
from kansr.structure.terminals.closed_form.power_product import products
from kansr.structure.terminals.curves.additive import additive
from kansr.structure.terminals.curves.tensor_curves import tensor
from kansr.structure.terminals.one_input.periodogram import waves
from kansr.structure.terminals.registry import terminals
from kansr.symbolic.matching.choose import ChooseConfig, choose
from kansr.symbolic.matching.match import match_all

FEW = 4  # constants of a formula that is believed when it comes down to how exactly the rows are known
ROUGH = 0.05  # held-out error of a curve above which a target is no function of one variable
LOST = 0.12  # quality of a surrogate from which its moves mean little, and one variable is asked for first
DIM = 0.02  # misfit that is doubtful even when the surrogate is no better
CURVES = 1e-5  # error of a sum of curves up to which it is looked at before anything else
VAGUE = 3e-3  # quality of a kernel's gradients from which a network is asked too: it takes ten times longer
SECOND = 0.3  # what speaks against asking, since it takes long
BETTER = 0.5  # what the network's quality must be of the kernel's
SMOOTH, CLOSER = 1e-5, 0.3  # the same two for a surrogate that is linear in some inputs
SPLIT = 0.4  # what speaks against a search for the factor of an input, and against that of each further input
SHARP = 1e-6  # blur of a factor that is as good as a table of its own; three decades above it, it is hazy
STRIDE, MORE, DOUBTFUL = 3, 0.25, 4.0  # steps of one at a time, what is added after them, and when it is given up
SHARPER, CLEAREST = 30.0, 1e-6  # times the quality of gradients, and misfit, up to which a move is not doubted
SEEN = 100.0  # times the quality of gradients that the rest beside a dominant term has to be, to be seen by them
DOMINATED = 0.5  # what speaks against all else, for each way to take a dominant term off
BESIDE = 20.0  # times better that a surrogate follows what has come down to two inputs
STRIPPED = 0.2  # what speaks against a move that only a test of independence speaks for
FAST = 1.0  # what speaks against waves of many turns in what has come down to one input
ITERATIONS = 40  # that constants are polished by
LOOK_ON = 15  # tasks for which a shorter law is looked for after an exact formula with ugly constants


def reductions(
    data: Dataset, config: ReduceConfig, seed: int, expired: Callable[[], bool] = lambda: False
) -> Iterator[Route]:
    """Formulas as they are found; the last one is exact, unless the search was exhausted or the time was up."""
    yield from ExactSearch.start(data, config, seed, expired).advance(config.steps)


Task = Callable[[], Iterator[Route]]


@dataclass(eq=False)
class ExactSearch:
    """A search that can be gone on with: what is still to do, the most promising first.

    met: is told of every state that it comes to.
    """

    data: Dataset
    config: ReduceConfig
    seed: int
    expired: Callable[[], bool]
    offers: Offers
    met: Callable[[State], object] = lambda state: None
    done: bool = False
    left: float = np.inf  # tasks that are still to be done
    tasks: list[tuple[float, int, Task]] = field(default_factory=list)
    count: int = 0
    seen: set[tuple] = field(default_factory=set)

    @classmethod
    def of(
        cls, data: Dataset, context: Context, noise: float = 0.0, met: Callable[[State], object] = lambda state: None
    ) -> ExactSearch:
        config = ReduceConfig(match=context.match, moves=context.moves, blur=noise)
        return cls.start(data, config, context.seed, context.expired, met)

    @classmethod
    def start(
        cls,
        data: Dataset,
        config: ReduceConfig,
        seed: int,
        expired: Callable[[], bool],
        met: Callable[[State], object] = lambda state: None,
    ) -> ExactSearch:
        """At the start: the rows as they are, and in dimensionless groups where there are units."""
        search = cls(data, config, seed, expired, Offers(data, ITERATIONS), met)
        for root in starts(data):
            search._push(config.per_input * len(root.inputs), partial(search._open, root, 0.0, np.inf))
        return search

    def advance(self, steps: int) -> Iterator[Route]:
        """Formulas found in as many steps."""
        for _ in range(steps):
            if not self.tasks or self.done or self.left == 0 or self.expired():
                return
            self.left -= 1
            yield from heapq.heappop(self.tasks)[2]()

    def _push(self, cost: float, task: Task) -> None:
        self.count += 1
        heapq.heappush(self.tasks, (cost, self.count, task))

    def _open(self, state: State, doubt: float, quality: float) -> Iterator[Route]:
        """Tries what is quick on a state that was reached with some doubt, and plans the rest.

        quality: that of the surrogate before the last move; one that got worse speaks against the move.
        """
        key = (state.signature(), dimensions(state, self.data))
        if key in self.seen:
            return
        self.seen.add(key)
        self.met(state)
        if np.std(state.z) <= 1e-10 * float(np.mean(np.abs(state.z))) or not state.inputs:
            yield from self._offer(state, "constant", [sympy.Float(float(np.mean(state.z)))])
            return
        yield from self._offer(state, "power law", close_power_law(state.dataset(), self._allowed(1e-5, state)))
        if not self.done and self._blur(state) == 0:
            yield from self._offer(state, "power law", power_laws_within(state.dataset()))
        if not self.done and self._blur(state) == 0:
            yield from self._offer(state, "product of functions", products(state.dataset()))
        if not self.done and self._blur(state) == 0:
            yield from self._offer(state, "relation", relations(state.dataset(), self.expired, plain=True))
        count = len(state.inputs)
        if self.done:
            return
        if count == 1:
            rough = roughness(state.X[:, 0], state.z)
            if rough > ROUGH and self._blur(state) == 0:
                self._push(doubt + FAST * bool(state.moves), self._waves(state))
            if rough < ROUGH:
                self._plan(state, doubt + 0.5 * max(0.0, np.log10(rough / self.config.clear)))
            return
        yield from self._sums_of_curves(state, doubt)
        if self.done or len(state.moves) >= self.config.depth or self.expired():
            return
        smooth = surrogate(state.X, state.z)
        doubt += float(np.log10(max(smooth.quality / (2 * quality), 1.0)))
        self._look_at_rows(state, smooth, doubt)
        for move in dominant(state):
            if move.misfit > SEEN * smooth.quality:  # the gradients see the rest as well
                break
            self._push(doubt, partial(self._make, state, move, doubt, np.inf))
            doubt += DOMINATED
        self._plan(state, doubt, smooth.quality)
        self._propose(state, smooth, doubt)
        if smooth.quality > VAGUE:
            self._push(doubt + SECOND + self.config.per_input * count, partial(self._look_again, state, smooth, doubt))
        if smooth.quality > SMOOTH:
            cost = doubt + CLOSER + self.config.per_input * (count - 1)
            self._push(cost, partial(self._closer, state, smooth, doubt))

    def _look_at_rows(self, state: State, smooth: Field, doubt: float) -> None:
        """Plans the moves that tests of independence speak for; powers are asked for only where no surrogate follows.

        A test that finds nothing against a move is no proof: sqrt(x*y) stands for x + y well enough.
        """
        for move in (*unmoved(idle(state), state, smooth), *(strip(state) if smooth.quality > ROUGH else ())):
            cost = doubt + STRIPPED + self.config.per_input * (len(state.inputs) - move.removes)
            self._push(cost, partial(self._make, state, move, doubt + STRIPPED, smooth.quality))

    def _look_again(self, state: State, kernel: Field, doubt: float) -> Iterator[Route]:
        """Moves by a network's gradients, where they are better than those of the kernel."""
        smooth = kan_field(state.X, state.z, KanFieldConfig(seed=self.seed), expired=self.expired)
        if smooth.quality < BETTER * kernel.quality:
            self._propose(state, smooth, doubt)
        yield from ()

    def _closer(self, state: State, smooth: Field, doubt: float) -> Iterator[Route]:
        """Moves by a surrogate that is linear in some inputs, and searches for the factors of these."""
        model = composite(state.X, state.z, smooth.logs, self.expired)
        if model is not None:
            closer = model.field()
            if closer.quality < BETTER * smooth.quality:
                self._propose(state, closer, doubt)
            for k, split in enumerate(splits(state, model) if self.config.nested else ()):
                config = replace(self.config, blur=split.blur, nested=self.config.nested - 1)
                inner = ExactSearch.start(split.f, config, self.seed, self.expired)
                vague = float(np.clip(np.log10(split.blur / SHARP) / 3, 0.25, 1.0))
                self._go_on(inner, state, split, doubt + SPLIT * vague * (k + 1), closer.quality)
        yield from ()

    def _go_on(self, inner: ExactSearch, state: State, split: Split, doubt: float, quality: float) -> None:
        if inner.tasks and not inner.done and doubt < DOUBTFUL:
            cost = doubt + self.config.per_input * len(state.inputs)
            self._push(cost, partial(self._factor, inner, state, split, doubt, quality))

    def _factor(self, inner: ExactSearch, state: State, split: Split, doubt: float, quality: float) -> Iterator[Route]:
        """Some steps of a search for the factor of an input; a formula for it makes a term that is taken off."""
        fits = [route.fit for route in inner.advance(STRIDE)]
        for child in without(state, split, fits):
            if not self.done and not self.expired():
                yield from self._open(child, doubt, quality)
        self._go_on(inner, state, split, doubt + MORE, quality)

    def _propose(self, state: State, smooth: Field, doubt: float) -> None:
        """Plans the moves that the gradients speak for."""
        count = len(state.inputs)
        found = moves(state, smooth, self.config.match, self.config.moves)
        options = [m for m in found if m.misfit < self.config.hopeless][: self.config.alternatives]
        for move in options:
            best = options[0]
            further = doubt + self._doubt(move, best, smooth.quality)
            if (
                best.misfit < max(self.config.sure, 2 * smooth.quality)
                and move is not best
                and not best.used & move.used
            ):
                further += self.config.commuting
            cost = further + self.config.per_input * (count - move.removes)
            self._push(cost, partial(self._make, state, move, further, smooth.quality))

    def _doubt(self, move: Move, best: Move, quality: float) -> float:
        """What speaks against a move: a misfit above that of the gradients themselves, a better move, its cost."""
        clear = max(min(self.config.clear, SHARPER * quality), 2 * quality, CLEAREST)
        decades = max(0.0, np.log10(max(move.misfit, 1e-12) / clear)) + max(0.0, np.log10(clear / DIM))
        behind = max(0.0, np.log10(max(move.misfit, clear) / max(best.misfit, clear)))
        return 0.5 * float(decades + behind) + 0.25 * move.cost

    def _make(self, state: State, move: Move, doubt: float, quality: float) -> Iterator[Route]:
        made = move.made(state)
        if made is not None and None not in dimensions(made, self.data):
            yield from self._open(made, doubt, quality)

    def _plan(self, state: State, doubt: float, quality: float = 0.0) -> None:
        """The slower ways to a formula for what is left, each as a task of its own.

        quality: that of the surrogate; where none follows the target its moves mean little, and one variable is asked
        for first.
        """
        count, rough = len(state.inputs), quality > LOST
        cost = doubt + self.config.per_input * count
        for extra, name, way in terminals(state, self.config.match, self._blur(state), self.expired):
            self._push(cost + extra, partial(self._terminal, state, name, way))
        if rough and self._blur(state) == 0:
            self._push(cost, self._waves(state))
        if count == 2:
            self._push(cost + 0.2, partial(self._tensor, state, cost))
        if count > 1:
            self._push(doubt if rough else cost + 0.3 + 0.5 * (count - 2), partial(self._brute, state, doubt, quality))

    def _waves(self, state: State) -> Task:
        return partial(self._terminal, state, "waves", partial(waves, state.dataset(), self.expired))

    def _terminal(self, state: State, name: str, way: Callable[[], Iterator[sympy.Expr]]) -> Iterator[Route]:
        yield from self._offer(state, name, way())

    def _brute(self, state: State, doubt: float, quality: float) -> Iterator[Route]:
        """One variable for all inputs, or for all but one: then a surrogate must follow better than before."""
        for child in chain(one_variable(state), beside_one(state, self.expired) if quality > LOST else ()):
            if not self.done and not self.expired():
                yield from self._open(child, doubt, 0.0 if len(child.inputs) == 1 else quality / BESIDE)

    def _offer(self, state: State, name: str, exprs: Iterator[sympy.Expr] | list[sympy.Expr]) -> Iterator[Route]:
        """The formulas polished on the rows of the table; `done` as soon as one is exact."""
        for expr in exprs:
            if self.expired():
                return
            route = self.offers.route(state, name, expr)
            if route is not None:
                self._judge(route.fit)
                yield route
                if self.done:
                    return

    def _judge(self, fit: Fit) -> None:
        """Ends the search at a law; soon, where a shorter one may be equal to it."""
        if exact(fit, self.data):
            self.done = convincing(fit, self.data)
            self.left = min(self.left, LOOK_ON)
        elif self._within_blur(fit):
            self.done = True

    def _within_blur(self, fit: Fit) -> bool:
        """Whether a short formula explains as much as the best smooth model."""
        return len(fit.constants) <= FEW and 0 < fit.rms <= self.config.blur * float(np.std(self.data.y))

    def _blur(self, state: State) -> float:
        """The misfit of the truth that is expected over the target's spread; 0 where it is rounding only."""
        return max(self.config.blur, state.blur)

    def _allowed(self, clean: float, state: State) -> float:
        """The misfit up to which curves are believed: `clean` of exact numbers, a little above the blur of others."""
        return max(clean, 3 * state.blur, 1.3 * self._blur(state))

    def _sums_of_curves(self, state: State, doubt: float) -> Iterator[Route]:
        """Tries sums of curves under a transform of the target."""
        fitting, held_out = split(state.dataset(), 0.25, np.random.default_rng(self.seed))
        for graph in additive(fitting, held_out):
            if graph.error < self._allowed(1e-3, state):
                yield from self._graph(state, graph, fitting, doubt + 2 * self.config.per_input)

    def _tensor(self, state: State, cost: float) -> Iterator[Route]:
        """The same for A(u) + B(u)·g(v)."""
        for graph in tensor(state.dataset(), self.config.match, self._allowed(3e-3, state), self.expired):
            yield from self._graph(state, graph, state.dataset(), cost)

    def _graph(self, state: State, graph: Graph, data: Dataset, cost: float) -> Iterator[Route]:
        """Reads curves that leave next to nothing at once, others when their turn comes."""
        way = partial(self._read, graph, data)
        if graph.error < self._allowed(CURVES, state):
            yield from self._offer(state, graph.origin, way())
        else:
            self._push(cost + float(np.log10(graph.error / CURVES)), partial(self._terminal, state, graph.origin, way))

    def _read(self, graph: Graph, data: Dataset) -> Iterator[sympy.Expr]:
        config = ChooseConfig(trials=12, keep=2)
        fits = choose(graph, match_all(graph.edges, self.config.match), data, config, self.expired)
        yield from (fit.expr for fit in fits)
