"""Best-first search over reductions of exact rows: until a formula leaves nothing but rounding.

A move costs the decades by which its misfit lies above the error of the gradients, and above that of better moves
beside it. A surrogate that gets worse after a move counts against it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from kansr.data.dataset import Dataset, split
from kansr.formula.fit.constants import Fit
from kansr.formula.judge.exactness import convincing, exact
from kansr.numeric.spline_basis import roughness
from kansr.result.graph import Graph
from kansr.search.reductions.costs import COSTS
from kansr.search.reductions.frontier import HELD_OUT, Frontier, dimensions, roots
from kansr.search.reductions.routes import Route, Routes
from kansr.structure.context import Context
from kansr.structure.moves.move import Move, Problem
from kansr.structure.moves.registry import MoveKind, kinds, moves
from kansr.structure.moves.state import State
from kansr.structure.moves.thresholds import CERTAIN, MISFIT_ROUNDING
from kansr.structure.surrogate.gradient_field import GradientField
from kansr.structure.surrogate.kernel import surrogate
from kansr.structure.surrogate.network import NetworkSurrogateConfig, network_surrogate
from kansr.structure.surrogate.product_kernel import composite
from kansr.structure.terminals.registry import BY_NAME, TERMINALS, VALUE_ERRORS
from kansr.structure.terminals.terminal import TerminalKind

ITERATIONS = 40  # of least squares, for the constants of each formula
LEAST_MISFIT = 1e-12  # below which a misfit is rounding
CONSTANT = 1e-10  # spread of a target over its size up to which it is a constant
KEPT = 2  # formulas that are reported for a graph of curves


@dataclass(eq=False)
class ExactSearch:
    """A search that can be continued.

    met: is told of every state that it comes to. nested: how many searches for factors may be made within this one.
    done: a formula is the law. last: the step after which no shorter law is looked for.
    """

    data: Dataset
    context: Context
    frontier: Frontier
    met: Callable[[State], object]
    nested: int
    done: bool = False
    last: float = field(default=np.inf)

    @classmethod
    def of(
        cls,
        data: Dataset,
        context: Context,
        met: Callable[[State], object] = lambda state: None,
        nested: int = COSTS.nested,
    ) -> ExactSearch:
        """A search from the rows as they are, and from dimensionless groups where there are units."""
        frontier = Frontier(data, context, Routes(data, ITERATIONS, context.vocabulary))
        search = cls(data, context, frontier, met, nested)
        for root in roots(data):
            frontier.push(COSTS.per_input * len(root.inputs), partial(search._open, root, 0.0, np.inf))
        return search

    def advance(self, steps: int) -> Iterator[Route]:
        """Formulas found in as many steps; the last one is exact if the search came to its end."""
        last = min(self.frontier.steps + steps, self.last)
        yield from self.frontier.run(lambda: not self.done and self.frontier.steps < min(last, self.last))

    def _open(self, state: State, cost: float, gradient_error: float) -> Iterator[Route]:
        """Asks what is quick of a state, and plans the rest.

        gradient_error: that of the surrogate before the last move; one that got worse speaks against the move.
        """
        if not self.frontier.is_new(state):
            return
        self.met(state)
        if np.std(state.z) <= CONSTANT * float(np.mean(np.abs(state.z))) or not state.inputs:
            yield from self._ask(BY_NAME["constant"], state, cost)
            return
        for kind in TERMINALS:
            if kind.at_once and kind.suits(state, self._noise(state)):
                yield from self._ask(kind, state, cost)
                if self.done:
                    return
        if len(state.inputs) == 1:
            self._plan_one_input(state, cost)
        elif len(state.moves) < COSTS.depth and not self.context.expired():
            self._plan(state, cost, gradient_error)

    def _plan_one_input(self, state: State, cost: float) -> None:
        rough = roughness(state.X[:, 0], state.z)
        if rough > COSTS.rough_curve and self._noise(state) == 0:
            self._push_terminal(BY_NAME["waves"], state, cost, COSTS.waves * bool(state.moves))
        if rough < COSTS.rough_curve:
            self._plan_terminals(state, cost + COSTS.per_decade * max(0.0, float(np.log10(rough / COSTS.clear))))

    def _plan(self, state: State, cost: float, before: float) -> None:
        """Plans moves and terminals for a state of several inputs. before: the gradient error before the last move."""
        smooth = surrogate(state.X, state.z)
        cost += float(np.log10(max(smooth.gradient_error / (2 * before), 1.0)))
        asked = [k for k in kinds(self.context) if k.asks == "rows" and k.suits(state, noisy=False)]
        for kind in asked:
            for move in () if kind.slow else kind.propose(state, smooth, self.context):
                cost += self._push_row_move(kind, state, move, cost, smooth)
        self._plan_terminals(state, cost, rough=smooth.gradient_error > COSTS.lost_surrogate)
        for kind in asked:
            if kind.slow:
                self._push_slow(kind, state, cost, smooth)
        self._propose(state, smooth, cost)
        self._plan_surrogates(state, smooth, cost)

    def _push_row_move(self, kind: MoveKind, state: State, move: Move, cost: float, smooth: GradientField) -> float:
        """Plans a move that the rows speak for; the cost that it adds to all else."""
        if kind.urgent:  # a changed target has other gradients
            self.frontier.push(cost, partial(self._make, state, move, cost, np.inf))
            return COSTS.dominated
        further = cost + kind.priority
        left = COSTS.per_input * (len(state.inputs) - move.removes)
        self.frontier.push(further + left, partial(self._make, state, move, further, smooth.gradient_error))
        return 0.0

    def _push_slow(self, kind: MoveKind, state: State, cost: float, smooth: GradientField) -> None:
        """Plans to ask a kind whose proposals take long; first of all where no surrogate follows the target."""
        count = len(state.inputs)
        later = COSTS.per_input * count + kind.priority + kind.per_input * (count - 2)
        rough = smooth.gradient_error > COSTS.lost_surrogate
        self.frontier.push(cost if rough else cost + later, partial(self._make_all, kind, state, cost, smooth))

    def _make_all(self, kind: MoveKind, state: State, cost: float, smooth: GradientField) -> Iterator[Route]:
        """Asks a slow kind, and makes its moves as they come: after them a surrogate must follow better."""
        for move in kind.propose(state, smooth, self.context):
            if not self.done and not self.context.expired():
                better = smooth.gradient_error / COSTS.single_index_gain
                single = len(state.inputs) - move.removes == 1
                yield from self._make(state, move, cost, 0.0 if single else better)

    def _propose(self, state: State, smooth: GradientField, cost: float) -> None:
        """Plans the moves that the gradients speak for."""
        found = moves(state, smooth, self.context)
        options = [m for m in found if m.misfit < COSTS.most_misfit][: COSTS.alternatives]
        for move in options:
            best = options[0]
            further = cost + _cost(move, best, smooth.gradient_error)
            certain = best.misfit < max(CERTAIN, 2 * smooth.gradient_error)
            if certain and move is not best and not best.used & move.used:
                further += COSTS.commuting
            left = COSTS.per_input * (len(state.inputs) - move.removes)
            self.frontier.push(further + left, partial(self._make, state, move, further, smooth.gradient_error))

    def _make(self, state: State, move: Move, cost: float, gradient_error: float) -> Iterator[Route]:
        made = move.made(state)
        if made is not None and None not in dimensions(made, self.data):
            yield from self._open(made, cost, gradient_error)

    def _plan_surrogates(self, state: State, kernel: GradientField, cost: float) -> None:
        """Plans to ask other surrogates where the kernel's gradients are not good enough."""
        count = len(state.inputs)
        if kernel.gradient_error > COSTS.vague_kernel and self.context.structure != "reductions":
            priority = cost + COSTS.network + COSTS.per_input * count
            self.frontier.push(priority, partial(self._ask_network, state, kernel, cost))
        if kernel.gradient_error > COSTS.rough_kernel:
            priority = cost + COSTS.linear_model + COSTS.per_input * (count - 1)
            self.frontier.push(priority, partial(self._ask_linear_model, state, kernel, cost))

    def _ask_network(self, state: State, kernel: GradientField, cost: float) -> Iterator[Route]:
        """Moves by a network's gradients, where they are better than those of the kernel."""
        config = NetworkSurrogateConfig(seed=self.context.seed)
        smooth = network_surrogate(state.X, state.z, config, expired=self.context.expired)
        if smooth.gradient_error < COSTS.better_surrogate * kernel.gradient_error:
            self._propose(state, smooth, cost)
        yield from ()

    def _ask_linear_model(self, state: State, kernel: GradientField, cost: float) -> Iterator[Route]:
        """Moves by a surrogate that is linear in some inputs, and searches for the factors of these."""
        model = composite(state.X, state.z, kernel.logs, self.context.expired)
        if model is not None:
            smooth = model.field()
            if smooth.gradient_error < COSTS.better_surrogate * kernel.gradient_error:
                self._propose(state, smooth, cost)
            for kind in kinds(self.context) if self.nested else ():
                if kind.asks == "linear model":
                    self._plan_factors(kind, state, smooth, cost)
        yield from ()

    def _plan_factors(self, kind: MoveKind, state: State, smooth: GradientField, cost: float) -> None:
        """Begins a search for each factor; the less exactly it is known, and the more come before it, the later."""
        found = [move.problem for move in kind.propose(state, smooth, self.context) if move.problem is not None]
        for number, problem in enumerate(found, 1):
            inner = ExactSearch.of(problem.f, replace(self.context, noise=problem.value_error), nested=self.nested - 1)
            vague = float(np.clip(np.log10(problem.value_error / COSTS.factor_exact) / 3, COSTS.factor_least, 1.0))
            self._go_on(inner, state, problem, cost + kind.priority * vague * number, smooth.gradient_error)

    def _go_on(self, inner: ExactSearch, state: State, problem: Problem, cost: float, gradient_error: float) -> None:
        if inner.frontier.tasks and not inner.done and cost < COSTS.factor_most:
            priority = cost + COSTS.per_input * len(state.inputs)
            self.frontier.push(priority, partial(self._factor, inner, state, problem, cost, gradient_error))

    def _factor(
        self, inner: ExactSearch, state: State, problem: Problem, cost: float, gradient_error: float
    ) -> Iterator[Route]:
        """Some steps of a search for the factor of an input; a formula for it makes a term that is taken off."""
        fits = [route.fit for route in inner.advance(COSTS.factor_steps)]
        for child in problem.states(state, fits):
            if not self.done and not self.context.expired():
                yield from self._open(child, cost, gradient_error)
        self._go_on(inner, state, problem, cost + COSTS.factor_again, gradient_error)

    def _plan_terminals(self, state: State, cost: float, rough: bool = False) -> None:
        """The slower solvers, each as a task of its own. rough: whether no surrogate follows the target."""
        for kind in TERMINALS:
            if not kind.at_once and kind.suits(state, self._noise(state)) and (rough or not kind.rough):
                self._push_terminal(kind, state, cost, COSTS.per_input * len(state.inputs) + kind.cost(state))

    def _push_terminal(self, kind: TerminalKind, state: State, cost: float, later: float) -> None:
        self.frontier.push(cost + later, partial(self._ask, kind, state, cost))

    def _ask(self, kind: TerminalKind, state: State, cost: float) -> Iterator[Route]:
        """What a solver makes of a state."""
        if not kind.offers(self.context.vocabulary):
            return
        context = replace(self.context, noise=self._noise(state))
        if kind.solve is not None:
            yield from self._judged(self.frontier.formulas(state, kind.title, kind.solve(state, context)))
        if kind.graphs is not None:
            most = max(context.allowed(kind.misfit), VALUE_ERRORS * state.value_error)
            data = state.dataset()
            fitting, judging = split(data, HELD_OUT, self._chance()) if kind.held_out else (data, data)
            for graph in kind.graphs(fitting, judging, replace(context, max_misfit=most)):
                if graph.error < most:
                    yield from self._read(state, graph, fitting, cost)

    def _read(self, state: State, graph: Graph, data: Dataset, cost: float) -> Iterator[Route]:
        """Names curves that leave next to nothing at once, others when their turn comes."""

        def named() -> Iterator[Route]:
            exprs = self.frontier.named(graph, data, KEPT)
            return self._judged(self.frontier.formulas(state, graph.origin, exprs))

        context = replace(self.context, noise=self._noise(state))
        if graph.error < max(context.allowed(COSTS.curves_first), VALUE_ERRORS * state.value_error):
            yield from named()
        else:
            later = 2 * COSTS.per_input + float(np.log10(graph.error / COSTS.curves_first))
            self.frontier.push(cost + later, named)

    def _judged(self, routes: Iterator[Route]) -> Iterator[Route]:
        """The routes, until one ends the search."""
        for route in routes:
            self._judge(route.fit)
            yield route
            if self.done:
                return

    def _judge(self, fit: Fit) -> None:
        """Ends the search at a law; soon, where a shorter one may be equal to it."""
        if exact(fit, self.data):
            self.done = convincing(fit, self.data)
            self.last = min(self.last, self.frontier.steps + COSTS.look_on)
        elif self._within_noise(fit):
            self.done = True

    def _within_noise(self, fit: Fit) -> bool:
        """Whether a short formula explains the rows as exactly as they are known."""
        allowed = self.context.noise * float(np.std(self.data.y)) if self.data.stated is not None else 0.0
        return len(fit.constants) <= COSTS.constants_of_stated and 0 < fit.rms <= allowed

    def _noise(self, state: State) -> float:
        """The error of the true formula over the target's spread; 0 where it is rounding only."""
        return max(self.context.noise, state.value_error)

    def _chance(self) -> np.random.Generator:
        return np.random.default_rng(self.context.seed)


def _cost(move: Move, best: Move, gradient_error: float) -> float:
    """The cost of a move: its misfit above that of the gradients, a better move beside it, and what it adds."""
    clear = max(min(COSTS.clear, COSTS.clear_in_errors * gradient_error), 2 * gradient_error, MISFIT_ROUNDING)
    decades = max(0.0, np.log10(max(move.misfit, LEAST_MISFIT) / clear)) + max(0.0, np.log10(clear / COSTS.dim))
    behind = max(0.0, np.log10(max(move.misfit, clear) / max(best.misfit, clear)))
    return COSTS.per_decade * float(decades + behind) + COSTS.per_move_cost * move.cost
