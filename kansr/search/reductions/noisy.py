"""Best-first search over reductions of noisy rows: a move is worth what a surrogate still predicts after it.

Gradients are poor here, and only propose. A right move leaves the held-out error where it was, or lowers it, since
there is one input less; a wrong one raises it. Errors are measured in the unit of the table's target, whatever
transform z is: every state knows how far z moves when the table's target does (the delta method).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

import numpy as np
import sympy

from kansr.data.dataset import Dataset, split
from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import fractions_near
from kansr.formula.fit.error_model import relative_sigma
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.exactness import exact
from kansr.formula.judge.outliers import outliers_of_formula
from kansr.numeric.robust import mean_square
from kansr.numeric.tolerances import ROUNDING
from kansr.result.graph import Graph
from kansr.search.reductions.costs import COSTS
from kansr.search.reductions.frontier import HELD_OUT, Frontier, dimensions, roots
from kansr.search.reductions.routes import Route, Routes
from kansr.structure.context import Context
from kansr.structure.moves.move import Move
from kansr.structure.moves.registry import kinds, moves
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import GradientField
from kansr.structure.surrogate.noisy_kernel import (
    FEW,
    JUDGED,
    NoisyRows,
    ScoredSettings,
    best_settings,
    gradients,
    nearby_models,
    quick_model,
)
from kansr.structure.terminals.registry import BY_NAME, TERMINALS
from kansr.structure.terminals.terminal import TerminalKind

ITERATIONS = 25  # of least squares, for the constants of each formula
KEPT = 3  # formulas that are reported for a graph of curves
_TARGET = sympy.Symbol("target value")


@dataclass(eq=False)
class NoisySearch:
    """A search that can be continued. `satisfied` when it has a formula that is as good as the best surrogate.

    least_error: the least held-out error of a surrogate so far, in the unit of the table's target. length: the
    shortest description so far, in bits; left: the rms that its formula leaves on the rows that surrogates are judged
    on; long_constants: how many of its constants are no nice numbers; improved: the step in which it was found.
    """

    data: Dataset
    context: Context
    frontier: Frontier
    least_error: float = np.inf
    length: float = np.inf
    left: float = np.inf
    long_constants: int = 0
    improved: int = 0
    done: bool = False
    _share: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._share = relative_sigma(self.data)
        self._rounding = ROUNDING * self.frontier.routes.spread
        first = min(FEW, self.data.rows // 2)
        self._rows_judged = min(JUDGED, self.data.rows - first)
        self._held = slice(first, first + self._rows_judged)

    @classmethod
    def of(cls, data: Dataset, context: Context) -> NoisySearch:
        """A search from the rows as they are, and from dimensionless groups where there are units."""
        search = cls(data, context, Frontier(data, context, Routes(data, ITERATIONS, context.vocabulary)))
        own, *groups = roots(data)
        # differences of inputs are seen in the table's own columns, so they do not wait for every choice of groups
        fewest = min(len(root.inputs) for root in (own, *groups))
        costs = [COSTS.other_groups / 2, *(COSTS.other_groups * number for number in range(len(groups)))]
        for root, cost, inputs in zip((own, *groups), costs, (fewest, *(len(root.inputs) for root in groups))):
            search.frontier.push(COSTS.per_input * inputs + cost, partial(search._open, root, cost))
        return search

    @property
    def satisfied(self) -> bool:
        """Whether a formula is as good as the best surrogate, and a better one has not come for `patience` steps."""
        since = self.frontier.steps - self.improved
        patience = COSTS.patience * max(self.long_constants, 1)
        return self.done or (self._as_good and (since > patience or not self.frontier.tasks))

    @property
    def _as_good(self) -> bool:
        return self.left <= 2 ** (COSTS.as_good / self._rows_judged) * self.least_error

    def advance(self, steps: int) -> Iterator[Route]:
        """Formulas found in as many steps, each fitted to the rows; the last one is not the best.

        Where one is as good as the surrogate by then, the steps that it takes to be satisfied are added.
        """
        last = self.frontier.steps + steps
        yield from self.frontier.run(lambda: (self.frontier.steps < last or self._as_good) and not self.satisfied)

    def _open(self, state: State, cost: float) -> Iterator[Route]:
        """Asks what is quick of a state, fits a surrogate, and plans the rest."""
        if not self.frontier.is_new(state):
            return
        rows = self._rows(state)
        if rows is None:
            return
        weighted = replace(state, sigma=rows.sigma_z)
        if not state.inputs:
            yield from self._solve(BY_NAME["constant"], weighted, self.context)
            return
        best = best_settings(rows)
        context = self._known(weighted, best)
        for kind in TERMINALS:
            if kind.at_once and kind.solve is not None and kind.suits(state, context.noise):
                yield from self._solve(kind, weighted, context)
        self.least_error = min(self.least_error, best.error)
        if state.moves and COSTS.bits_per_unit * self._cost(self._flat(rows), best.error) < COSTS.worth:
            yield from self._solve(BY_NAME["constant"], weighted, context)
            return
        self._plan_terminals(weighted, cost, best, context)
        if len(state.inputs) > 1 and len(state.moves) < COSTS.depth:
            self._propose(state, rows, cost, best)

    def _known(self, state: State, best: ScoredSettings) -> Context:
        """The context of a state whose best surrogate is known."""
        spread = float(np.std(state.quiet().y)) or 1.0
        assert state.sigma is not None
        noise = max(best.error * float(np.median(state.sigma)) / spread, COSTS.least_noise)
        return replace(self.context, noise=noise, error=best.error + self._rounding)

    def _propose(self, state: State, rows: NoisyRows, cost: float, best: ScoredSettings) -> None:
        """Screens the moves by the error of a surrogate after them."""
        glanced: list[tuple[float, Move, State, NoisyRows, ScoredSettings]] = []
        found: list[tuple[float, Move, State]] = []
        for move, made in self._made(state, rows, best):
            if not made.inputs:
                found.append((0.0, move, made))
                continue
            after = self._rows(made)
            setting = replace(best.setting, logs=_inherited(state, made, best.setting.logs))
            model = None if after is None else quick_model(after, setting)
            if after is not None and model is not None:
                own = self._cost(model.error, self.least_error) + COSTS.per_move_cost * move.cost
                glanced.append((own - COSTS.per_input * move.removes, move, made, after, model))
        glanced.sort(key=lambda row: (row[0], row[1].name))
        for _, move, made, after, model in glanced[: COSTS.closer]:
            if self.context.expired():
                return
            error = min(smooth.error for smooth in (model, *nearby_models(after, model)))
            self.least_error = min(self.least_error, error)
            own = self._cost(error, self.least_error)
            if own < COSTS.given_up:
                found.append((own + COSTS.per_move_cost * move.cost, move, made))
        found.sort(key=lambda row: (row[0] - COSTS.per_input * row[1].removes, row[1].name))
        for own, made in islice(_unlike((own, made) for own, _, made in found), COSTS.kept):
            left = COSTS.per_input * len(made.inputs)
            self.frontier.push(cost + own + left, partial(self._open, made, cost + own))

    def _made(self, state: State, rows: NoisyRows, best: ScoredSettings) -> Iterator[tuple[Move, State]]:
        """The moves that are proposed with what they lead to, as far as it was not seen before."""
        smooth = gradients(rows, best.setting)
        met: set[tuple] = set()
        for move in self._proposed(state, smooth):
            made = None if self.context.expired() else move.made(state)
            if made is None:
                continue
            made = _upright(made)
            key = self.frontier.key(made)
            if None not in dimensions(made, self.data) and key not in self.frontier.seen and key not in met:
                met.add(key)
                yield move, made

    def _proposed(self, state: State, smooth: GradientField) -> Iterator[Move]:
        """The moves of all kinds in the order of the table; of those that gradients speak for, the best."""
        context = replace(self.context, error=self.least_error)
        ranked = False
        for kind in kinds(self.context):
            if kind.asks == "gradient" and not ranked:
                ranked = True
                yield from moves(state, smooth, context)[: COSTS.proposed]
            elif kind.asks == "rows" and kind.suits(state, noisy=True) and not kind.slow:
                yield from kind.propose(state, smooth, context)

    def _cost(self, error: float, best: float) -> float:
        """Likelihood lost, for an error above the best one known; below rounding all are alike."""
        ratio = (error + self._rounding) / (best + self._rounding)
        return max(0.0, len(self.data.y) * math.log2(ratio) / COSTS.bits_per_unit)

    def _plan_terminals(self, state: State, cost: float, best: ScoredSettings, context: Context) -> None:
        """The slower solvers, each as a task of its own; of curves only where there are moves to be made too."""
        worse = cost + self._cost(best.error, self.least_error)
        for kind in TERMINALS:
            if not kind.suits(state, context.noise) or kind.rough:
                continue
            if kind.graphs is not None and kind.at_once:
                if len(state.moves) < COSTS.depth:
                    self._plan_curves(kind, state, cost, context)
            elif not kind.at_once:
                later = COSTS.per_input * len(state.inputs) + kind.cost(state)
                later += COSTS.network_of_curves * (kind.graphs is not None)
                self.frontier.push(worse + later, partial(self._solve, kind, state, context))

    def _solve(self, kind: TerminalKind, state: State, context: Context) -> Iterator[Route]:
        """What a solver makes of a state."""
        if not kind.offers(self.context.vocabulary):
            return
        if kind.solve is not None:
            yield from self._judged(self.frontier.formulas(state, kind.title, kind.solve(state, context)))
        if kind.graphs is not None:
            data = state.quiet()
            most = max(kind.misfit, COSTS.curves_above_noise * context.noise)
            for graph in kind.graphs(data, data, replace(context, max_misfit=most)):
                yield from self._read(state, graph, data)

    def _plan_curves(self, kind: TerminalKind, state: State, cost: float, context: Context) -> None:
        """Graphs of curves on rows of their own, those that explain nearly as much as the best of them."""
        fitting, judging = split(state.quiet(), HELD_OUT, np.random.default_rng(self.context.seed))
        assert kind.graphs is not None
        graphs = list(kind.graphs(fitting, judging, context))
        least = min((graph.error for graph in graphs), default=np.inf)
        for graph in graphs:
            if graph.error <= COSTS.curves_beside_best * least and graph.error < COSTS.curves_worst:
                priority = cost + COSTS.per_input * 2 + self._cost(graph.error, least)
                self.frontier.push(priority, partial(self._read, state, graph, fitting))

    def _read(self, state: State, graph: Graph, data: Dataset) -> Iterator[Route]:
        exprs = list(self.frontier.named(graph, data, KEPT))
        yield from self._judged(self.frontier.formulas(state, graph.origin, exprs))

    def _judged(self, routes: Iterator[Route]) -> Iterator[Route]:
        """The routes, each compared with the shortest description so far."""
        for route in routes:
            length = fit_length(route.fit, self.data)
            if length < self.length - COSTS.shorter:
                self.length, self.left, self.improved = length, self._left(route.fit.expr), self.frontier.steps
                self.long_constants = sum(
                    not any(fractions_near(float(c), (4,), COSTS.nice)) for c in route.fit.constants
                )
            self.done = self.done or exact(route.fit, self.data)
            yield route

    def _left(self, expr: sympy.Expr) -> float:
        """The rms that a formula leaves on the rows that surrogates are judged on, since noise differs between rows."""
        residual = Tape(expr, self.data.names).value(self.data.X) - self.data.y
        right = ~outliers_of_formula(residual, self.data) if self.data.robust else np.ones(len(residual), dtype=bool)
        return math.sqrt(mean_square((residual / self._share)[self._held][right[self._held]]))

    def _flat(self, rows: NoisyRows) -> float:
        """The rms that the mean leaves on the rows that surrogates are judged on."""
        return math.sqrt(mean_square(((rows.z - rows.mean) / rows.sigma_z)[self._held]))

    def _rows(self, state: State) -> NoisyRows | None:
        """The state with how far its target moves when the table's moves by 1; None where it cannot be told."""
        try:
            back = state.back(_TARGET)
            slope = Tape(sympy.diff(back, _TARGET), (*self.data.names, str(_TARGET))).value(
                np.column_stack([self.data.X, state.z])
            )
        except (FormulaError, ValueError):
            return None
        with np.errstate(all="ignore"):
            sigma_z = self._share / np.abs(slope)
        good = np.isfinite(sigma_z) & np.isfinite(state.z) & np.isfinite(state.X).all(axis=1)
        if good.mean() < 1 or not np.std(state.z) > 0:
            return None
        return NoisyRows(state.X, state.z, sigma_z)


def _upright(state: State) -> State:
    """With the sign turned of inputs that are negative on all rows, so that they have logarithms and powers."""
    signs = np.where((state.X < 0).all(axis=0), -1, 1)
    inputs = (x if sign > 0 else -x for sign, x in zip(signs, state.inputs))
    return replace(state, X=state.X * signs, inputs=tuple(inputs)) if (signs < 0).any() else state


def _inherited(state: State, made: State, logs: Sequence[bool]) -> tuple[bool, ...]:
    """Which inputs of what was made of a state are seen in logarithms: as before, merged ones as alone."""
    known = dict(zip(state.inputs, logs))
    merged = all(log for x, log in known.items() if x not in made.inputs)
    return tuple(bool(known.get(x, merged) and (column > 0).all()) for x, column in zip(made.inputs, made.X.T))


def _unlike(found: Iterable[tuple[float, State]]) -> Iterator[tuple[float, State]]:
    """Without states that are like an earlier one but for constants, which are fitted in the end."""
    earlier = set()
    for cost, state in found:
        key = tuple(_bare(e) for e in (state.back(_TARGET), *state.inputs))
        if key not in earlier:
            earlier.add(key)
            yield cost, state


def _bare(expr: sympy.Expr) -> sympy.Expr:
    """Without factors and terms that are numbers."""
    return expr.replace(
        lambda e: e.is_Mul or e.is_Add, lambda e: e.func(*(part for part in e.args if not part.is_Number))
    )
