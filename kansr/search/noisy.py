"""Reductions of noisy rows: every move is judged by how well a smooth model of fewer inputs still predicts.

Gradients are poor here, and only propose. A right move leaves the held-out error where it was, or lowers it, since
there is one input less; a wrong one raises it. Errors are measured in the units of the table's target whatever was done
to it, because every state knows how far its target moves when the table's does.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations, islice

import numpy as np
import sympy

from kansr.data.dataset import Dataset, split
from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.expression.nice_numbers import fractions_near
from kansr.formula.fit.error_model import shares
from kansr.formula.judge.description_length import fit_length
from kansr.formula.judge.exactness import exact
from kansr.formula.judge.outliers import shown_by
from kansr.numeric.robust import mean_square
from kansr.numeric.tolerances import ROUNDING
from kansr.result.graph import Graph
from kansr.search.roots import dimensions, starts
from kansr.search.routes import Offers, Route
from kansr.structure.moves.direct.irrelevant_inputs import faint, idle
from kansr.structure.moves.gradient.merge_given import merged
from kansr.structure.moves.move import Move
from kansr.structure.moves.registry import Proposer, moves
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import Field
from kansr.structure.surrogate.noisy_kernel import FEW, JUDGED, Noisy, Smooth, around, best_setting, glance, gradients
from kansr.structure.terminals.closed_form.power_law import power_law_in_noise
from kansr.structure.terminals.curves.additive import additive
from kansr.structure.terminals.curves.tensor_curves import tensor
from kansr.structure.terminals.registry import terminals
from kansr.symbolic.matching.choose import ChooseConfig, choose
from kansr.symbolic.matching.match import MatchConfig, match_all

PROPOSED, CLOSER, KEPT = 24, 12, 6  # moves that are glanced at in each state, looked at more closely, and made
PAIRED = 4  # inputs up to which all their plain merges are glanced at
PER_INPUT = 0.5  # what an input that is left is expected to cost, in doubts
AGAIN = 0.5  # and every further choice of dimensionless groups; half of it the table's own columns
DECIBEL = 30.0  # bits of likelihood lost that make one doubt
DEAR = 0.7  # how much later the turn comes of what takes ten times as long as another way
WORTH = 30.0  # bits that a smooth model must save for more than a constant to be looked for in what was left
LOST = 8.0  # doubts from which a move is not made
PATIENCE = 5  # tasks for each odd constant of a formula as good as the smooth model in which no shorter one is found
PLAIN = 0.01  # relative distance from a quarter of a whole number up to which a constant is not odd
AS_GOOD = 20.0  # bits that the best of many smooth models may be likelier by
QUIET = 3.0  # times the median noise of rows that terminals look at
ITERATIONS = 25  # that constants are polished by
BITS = 1.0  # that a formula must be shorter by to count as better
_TARGET = sympy.Symbol("target value")


@dataclass(frozen=True, kw_only=True)
class NoisyConfig:
    match: MatchConfig = field(default_factory=MatchConfig)
    moves: tuple[Proposer, ...] = ()  # kinds of move beside our own
    depth: int = 10


Task = Callable[[], Iterator[Route]]


@dataclass(eq=False)
class NoisySearch:
    """A search that can be gone on with. `satisfied` when it has a formula that is as good as the best smooth model."""

    data: Dataset
    config: NoisyConfig
    seed: int
    expired: Callable[[], bool]
    offers: Offers
    tasks: list[tuple[float, int, Task]] = field(default_factory=list)
    count: int = 0
    seen: set[tuple] = field(default_factory=set)
    smooth: float = np.inf  # the least held-out error of a smooth model so far
    length: float = np.inf  # of the best description so far
    left: float = np.inf  # what that formula leaves
    odd: int = 0  # constants in it that are near no plain number
    idle: int = 0  # tasks since then
    done: bool = False

    def __post_init__(self) -> None:
        self._share = shares(self.data)
        self._rounding = ROUNDING * self.offers.spread
        first = min(FEW, self.data.rows // 2)
        self._judged = min(JUDGED, self.data.rows - first)
        self._held = slice(first, first + self._judged)

    @classmethod
    def of(
        cls, data: Dataset, config: NoisyConfig, seed: int, expired: Callable[[], bool] = lambda: False
    ) -> NoisySearch:
        """At the start: the rows as they are, and in dimensionless groups where there are units."""
        search = cls(data, config, seed, expired, Offers(data, ITERATIONS))
        own, *groups = starts(data)
        # differences of inputs are seen in the table's own columns, so they do not wait for every choice of groups
        fewest = min(len(root.inputs) for root in (own, *groups))
        search._push(PER_INPUT * fewest + AGAIN / 2, partial(search._open, own, AGAIN / 2))
        for number, root in enumerate(groups):
            search._push(PER_INPUT * len(root.inputs) + AGAIN * number, partial(search._open, root, AGAIN * number))
        return search

    @property
    def satisfied(self) -> bool:
        """Whether a formula is as good as the best smooth model, and nothing better came for a while, or will."""
        return self.done or (self._as_good and (self.idle > PATIENCE * max(self.odd, 1) or not self.tasks))

    @property
    def _as_good(self) -> bool:
        return self.left <= 2 ** (AS_GOOD / self._judged) * self.smooth

    def advance(self, steps: int) -> Iterator[Route]:
        """Formulas found in as many steps, each polished on the rows; the last one is not the best.

        Where one is as good as the smooth model by then, the steps that it takes to be satisfied are added.
        """
        while (steps > 0 or self._as_good) and self.tasks and not self.satisfied and not self.expired():
            self.idle += 1
            steps -= 1
            yield from heapq.heappop(self.tasks)[2]()

    def _push(self, doubt: float, task: Task) -> None:
        self.count += 1
        heapq.heappush(self.tasks, (doubt, self.count, task))

    def _open(self, state: State, doubt: float) -> Iterator[Route]:
        """Tries what is quick on a state, fits a smooth model, and plans the rest."""
        key = (state.signature(), dimensions(state, self.data))
        if key in self.seen:
            return
        self.seen.add(key)
        rows = self._rows(state)
        if rows is None:
            return
        if not state.inputs:
            yield from self._offer(state, "constant", [sympy.Float(rows.mean)])
            return
        quiet = self._quiet(state, rows)
        best = best_setting(rows)
        law = power_law_in_noise(state.dataset(), (best.error + self._rounding) * rows.loud)
        yield from self._offer(state, "power law", [] if law is None else [law])
        self.smooth = min(self.smooth, best.error)
        if state.moves and DECIBEL * self._doubts(self._flat(rows), best.error) < WORTH:
            yield from self._offer(state, "constant", [sympy.Float(rows.mean)])
            return
        self._plan(state, rows, quiet, doubt, best)
        if len(state.inputs) > 1 and len(state.moves) < self.config.depth:
            self._plan_curves(state, quiet, doubt)
            self._propose(state, rows, doubt, best)

    def _propose(self, state: State, rows: Noisy, doubt: float, best: Smooth) -> None:
        """Screens the moves that the gradients suggest by the error of a smooth model after them."""
        glanced: list[tuple[float, Move, State, Noisy, Smooth]] = []
        found: list[tuple[float, Move, State]] = []
        for move, made in self._made(state, rows, best):
            if not made.inputs:
                found.append((0.0, move, made))
                continue
            after = self._rows(made)
            setting = replace(best.setting, logs=_inherited(state, made, best.setting.logs))
            model = None if after is None else glance(after, setting)
            if after is not None and model is not None:
                lost = self._doubts(model.error, self.smooth)
                glanced.append((lost + 0.25 * move.cost - PER_INPUT * move.removes, move, made, after, model))
        glanced.sort(key=lambda row: (row[0], row[1].name))
        for _, move, made, after, model in glanced[:CLOSER]:
            if self.expired():
                return
            error = min(smooth.error for smooth in (model, *around(after, model)))
            self.smooth = min(self.smooth, error)
            lost = self._doubts(error, self.smooth)
            if lost < LOST:
                found.append((lost + 0.25 * move.cost, move, made))
        found.sort(key=lambda row: (row[0] - PER_INPUT * row[1].removes, row[1].name))
        for lost, made in islice(_unlike((lost, made) for lost, _, made in found), KEPT):
            left = PER_INPUT * len(made.inputs)
            self._push(doubt + lost + left, partial(self._open, made, doubt + lost))

    def _made(self, state: State, rows: Noisy, best: Smooth) -> Iterator[tuple[Move, State]]:
        """The moves that the gradients suggest with what they lead to, as far as it was not seen before."""
        smooth = gradients(rows, best.setting)
        suggested = moves(state, smooth, self.config.match, self.config.moves)[:PROPOSED]
        met: set[tuple] = set()
        for move in (*idle(state), *faint(state, smooth), *suggested, *_pairs(state, smooth)):
            made = None if self.expired() else move.made(state)
            if made is None:
                continue
            made = _upright(made)
            units = dimensions(made, self.data)
            key = (made.signature(), units)
            if None not in units and key not in self.seen and key not in met:
                met.add(key)
                yield move, made

    def _doubts(self, error: float, best: float) -> float:
        """Likelihood lost, for an error above the best one known; below rounding all are alike."""
        ratio = (error + self._rounding) / (best + self._rounding)
        return max(0.0, len(self.data.y) * math.log2(ratio) / DECIBEL)

    def _plan(self, state: State, rows: Noisy, quiet: Dataset, doubt: float, best: Smooth) -> None:
        """The slower ways to a formula, each as a task of its own."""
        doubt += self._doubts(best.error, self.smooth)
        count = len(state.inputs)
        noise = max(best.error * float(np.median(rows.loud)) / (float(np.std(quiet.y)) or 1.0), 1e-6)
        quiet_state = replace(state, X=quiet.X, z=quiet.y)
        all_rows = Dataset(state.X, state.z, state.names, "z", sigma=rows.loud, relative=True)
        for later, name, way in terminals(quiet_state, self.config.match, noise, self.expired, all_rows):
            self._push(doubt + PER_INPUT * count + later, partial(self._terminal, state, name, way))
        if count == 2:
            graphs = partial(tensor, quiet, self.config.match, max(3e-3, 1.5 * noise), self.expired)
            self._push(doubt + PER_INPUT * count + DEAR, partial(self._graphs, state, quiet, graphs))

    def _terminal(self, state: State, name: str, way: Callable[[], Iterator[sympy.Expr]]) -> Iterator[Route]:
        yield from self._offer(state, name, way())

    def _plan_curves(self, state: State, quiet: Dataset, doubt: float) -> None:
        """Sums of curves under a transform of the target, where they explain nearly as much as the smooth model."""
        fitting, held_out = split(quiet, 0.25, np.random.default_rng(self.seed))
        graphs = list(additive(fitting, held_out))
        least = min((graph.error for graph in graphs), default=np.inf)
        for graph in graphs:
            if graph.error <= 1.1 * least and graph.error < 0.5:
                task = partial(self._graphs, state, fitting, partial(iter, (graph,)))
                self._push(doubt + PER_INPUT * 2 + self._doubts(graph.error, least), task)

    def _graphs(self, state: State, data: Dataset, graphs: Callable[[], Iterator[Graph]]) -> Iterator[Route]:
        for graph in graphs():
            fits = choose(
                graph, match_all(graph.edges, self.config.match), data, ChooseConfig(trials=12, keep=3), self.expired
            )
            yield from self._offer(state, graph.origin, [fit.expr for fit in fits])

    def _offer(self, state: State, name: str, exprs: Iterator[sympy.Expr] | list[sympy.Expr]) -> Iterator[Route]:
        """The formulas polished on the rows of the table."""
        for expr in exprs:
            if self.expired():
                return
            route = self.offers.route(state, name, expr)
            if route is None:
                continue
            length = fit_length(route.fit, self.data)
            if length < self.length - BITS:
                self.length, self.left, self.idle = length, self._left(route.fit.expr), 0
                self.odd = sum(not any(fractions_near(float(c), (4,), PLAIN)) for c in route.fit.constants)
            self.done = self.done or exact(route.fit, self.data)
            yield route

    def _left(self, expr: sympy.Expr) -> float:
        """What a formula leaves on the rows that smooth models are judged on: others are noisier or less so."""
        residual = Tape(expr, self.data.names).value(self.data.X) - self.data.y
        right = ~shown_by(residual, self.data) if self.data.robust else np.ones(len(residual), dtype=bool)
        return math.sqrt(mean_square((residual / self._share)[self._held][right[self._held]]))

    def _flat(self, rows: Noisy) -> float:
        """What the mean leaves, on the rows that smooth models are judged on."""
        return math.sqrt(mean_square(((rows.z - rows.mean) / rows.loud)[self._held]))

    def _rows(self, state: State) -> Noisy | None:
        """The state with how far its target moves when the table's moves by 1; None where it cannot be told."""
        try:
            back = state.back(_TARGET)
            slope = Tape(sympy.diff(back, _TARGET), (*self.data.names, str(_TARGET))).value(
                np.column_stack([self.data.X, state.z])
            )
        except (FormulaError, ValueError):
            return None
        with np.errstate(all="ignore"):
            loud = self._share / np.abs(slope)
        good = np.isfinite(loud) & np.isfinite(state.z) & np.isfinite(state.X).all(axis=1)
        if good.mean() < 1 or not np.std(state.z) > 0:
            return None
        return Noisy(state.X, state.z, loud)

    def _quiet(self, state: State, rows: Noisy) -> Dataset:
        """The rows whose noise is not far above the median: terminals weigh all rows alike."""
        keep = rows.loud <= QUIET * np.median(rows.loud)
        return Dataset(state.X[keep], state.z[keep], state.names, "z")


def _pairs(state: State, field: Field) -> Iterator[Move]:
    """The plain merges of two inputs, where these are few: gradients in noise may hide any of them."""
    if len(state.inputs) > PAIRED:
        return
    for first, second in combinations(map(sympy.Symbol, state.names), 2):
        merges = {first / second: 0.0, first * second: 0.0, first - second: 1.0}
        if len(state.inputs) == 2:
            for x, z in ((first, second), (second, first)):
                merges |= {sympy.log(x) * z: 1.0, sympy.log(x) / z: 1.0}
        yield from (merged(state, field, expr, cost) for expr, cost in merges.items())


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
    for doubt, state in found:
        key = tuple(_bare(e) for e in (state.back(_TARGET), *state.inputs))
        if key not in earlier:
            earlier.add(key)
            yield doubt, state


def _bare(expr: sympy.Expr) -> sympy.Expr:
    """Without factors and terms that are numbers."""
    return expr.replace(
        lambda e: e.is_Mul or e.is_Add, lambda e: e.func(*(part for part in e.args if not part.is_Number))
    )
