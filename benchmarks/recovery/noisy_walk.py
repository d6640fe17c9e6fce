"""A law's way from its table to its formula, found on exact rows and walked again on noisy ones, state by state.

The way is the one that `ExactSearch` takes on rows without noise. Each of its states is carried over to the noisy rows
by solving the state's way back for its target, and there `NoisySearch` is asked what it would do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any
from unittest import mock

import numpy as np
import sympy

from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import Problem
from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import Fit
from kansr.formula.judge.exactness import exact
from kansr.numeric.arrays import Array
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.deadline import Budget, Deadline, Timer
from kansr.search.reductions import noisy
from kansr.search.reductions.costs import COSTS
from kansr.search.reductions.exact import ExactSearch
from kansr.search.reductions.noisy import NoisySearch
from kansr.search.reductions.routes import Route
from kansr.structure.context import Context
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State
from kansr.structure.surrogate.noisy_kernel import NoisyRows, best_settings
from kansr.structure.terminals.registry import TERMINALS

TARGET = sympy.Symbol("value of the target")
STEPS = 400  # of the search on exact rows
NEWTON = 6  # steps in which a state's target is solved for
ALIKE = 0.999  # rank correlation from which two columns, or two targets, are one
WITHIN_NOISE = 1.15  # rms of a formula, over that of the noise, up to which it may have the law's form
MOST_UNDEFINED = 0.05  # share of the rows on which the noise may take a value out of the domain of the way
MOST_CHECKED = 40  # formulas whose form is compared with the law's


class ProcessorTimer(Timer):
    """Seconds of the processor, so that a busy machine does not change what is found."""

    def seconds(self) -> float:
        return self.used + time.process_time()


def processor_deadline(seconds: float) -> Deadline:
    """A deadline in seconds of the processor from now on; alarms, which know real time alone, are far away."""
    budget = Budget(interrupted=20.0, abandoned=20.0)
    return Deadline(seconds, ProcessorTimer(used=-time.process_time()), budget)


class Recorded(NoisySearch):
    """A search that remembers the states it came to, when, what it looked at, and the formulas it met.

    opened: steps, seconds and the state; made: moves with what they lead to; glance, closely: state -> held-out error
    of the model that it was judged by at first, and of the better ones near it; routes: formulas.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.opened: list[tuple[int, float, State]] = []
        self.made: list[tuple[Move, State]] = []
        self.glance: dict[int, float] = {}
        self.closely: dict[int, float] = {}
        self.met: list[Route] = []
        self._state_of: dict[int, tuple[NoisyRows, State]] = {}

    def _open(self, state: State, cost: float) -> Iterator[Route]:
        self.opened.append((self.frontier.steps, self.context.deadline.seconds(), state))
        yield from super()._open(state, cost)

    def _made(self, *asked: Any) -> Iterator[tuple[Move, State]]:
        for move, made in super()._made(*asked):
            self.made.append((move, made))
            yield move, made

    def _judged(self, routes: Iterator[Route]) -> Iterator[Route]:
        for route in super()._judged(routes):
            self.met.append(route)
            yield route

    def _rows(self, state: State) -> NoisyRows | None:
        rows = super()._rows(state)
        if rows is not None:
            self._state_of[id(rows)] = (rows, state)
        return rows

    def judged_by(self) -> Any:
        """A context in which the errors that states are compared by are noted in `glance` and `closely`."""
        quick, nearby = noisy.quick_model, noisy.nearby_models

        def glanced(rows: NoisyRows, *settings: Any) -> Any:
            model = quick(rows, *settings)
            if model is not None and id(rows) in self._state_of:
                self.glance[id(self._state_of[id(rows)][1])] = model.error
            return model

        def looked(rows: NoisyRows, *settings: Any) -> Any:
            models = list(nearby(rows, *settings))
            if id(rows) in self._state_of:
                least = min((model.error for model in models), default=np.inf)
                self.closely[id(self._state_of[id(rows)][1])] = least
            return models

        return mock.patch.multiple(noisy, quick_model=glanced, nearby_models=looked)


def clean_way(data: Dataset, seed: int, seconds: float) -> tuple[list[State], str] | None:
    """The states of the shortest exact formula that the search on exact rows finds, and the terminal that solved the
    last one; None where it finds none."""
    states: list[State] = []
    context = Context(processor_deadline(seconds), seed=seed)
    found: list[Route] = []
    with np.errstate(all="ignore"):
        try:
            for route in ExactSearch.of(data, context, states.append).advance(STEPS):
                found += [route] if exact(route.fit, data) else []
        except OutOfTime:
            pass
    if not found:
        return None
    *path, terminal = (step.what for step in min(found, key=lambda route: len(route.fit.constants)).path)
    by_steps: dict[tuple[str, ...], State] = {}
    for state in states:
        by_steps.setdefault(tuple(step.what for step in state.moves), state)
    way = [by_steps[key] for length in range(len(path) + 1) if (key := tuple(path[:length])) in by_steps]
    return (way, terminal) if way and len(way[-1].moves) == len(path) else None


def carried_over(state: State, data: Dataset) -> State | None:
    """The state of exact rows on noisy ones, its target solved for; None where it has no value on most rows.

    data: the noisy rows in the same order. Where the noise has taken a value out of the way's domain, the exact value
    stands for it: they are few.
    """
    back = state.back(TARGET)
    names = (*data.names, str(TARGET))
    value, slope = Tape(back, names), Tape(sympy.diff(back, TARGET), names)
    z = state.z.copy()
    with np.errstate(all="ignore"):
        for _ in range(NEWTON):
            rows = np.column_stack([data.X, z])
            z = z + (data.y - value.value(rows)) / slope.value(rows)
    bad = ~np.isfinite(z)
    if bad.mean() > MOST_UNDEFINED:
        return None
    return replace(state, z=np.where(bad, state.z, z), value_error=0.0, sigma=None)


def same_problem(one: State, other: State) -> bool:
    """Whether two states of the same rows are one problem: columns and targets that are monotone functions."""
    if len(one.inputs) != len(other.inputs) or not _alike(one.z, other.z):
        return False
    left = list(range(len(other.inputs)))
    for column in one.X.T:
        match = next((k for k in left if _alike(column, other.X[:, k])), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _alike(a: Array, b: Array) -> bool:
    ranks = [np.argsort(np.argsort(x, kind="stable"), kind="stable").astype(float) for x in (a, b)]
    return bool(abs(np.corrcoef(*ranks)[0, 1]) >= ALIKE)


def kind_of(before: State, after: State) -> str:
    """What a move does, in words."""
    gone, new = set(before.inputs) - set(after.inputs), set(after.inputs) - set(before.inputs)
    changed = not _alike(before.z, after.z)
    words = []
    if changed:
        words.append("target divided or freed of a term")
    if new:
        words.append(f"{len(gone)} inputs merged" if len(gone) > 1 else "input changed")
    elif gone:
        words.append("input dropped")
    return ", ".join(words) or "no change"


@dataclass(frozen=True)
class StepInNoise:
    """What a noisy search makes of one step of the way.

    proposed, looked, kept: whether the right move was among those proposed, looked at closely, and kept; rank: its
    place among the proposed by the first look, 0 for the first; bits: by which the best one looks likelier; surrogate:
    error of the state's best surrogate over the noise; opened: step and seconds at which a run came to what it leads
    to, None where it did not.
    """

    what: str
    kind: str
    proposals: int = 0
    proposed: bool = False
    rank: int | None = None
    looked: bool = False
    kept: bool = False
    bits: float | None = None
    surrogate: float | None = None
    opened: tuple[int, float] | None = None


@dataclass
class Walk:
    """steps: in noise; forms: terminals that have the law's form at the end of the way; broken: why it ended early."""

    steps: list[StepInNoise] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    broken: str = ""


def walked(
    problem: Problem, way: Sequence[State], data: Dataset, noise: float, run: Sequence[Recorded], seconds: float
) -> Walk:
    """The way on noisy rows. noise: rms; run: the searches of a run on the same table; seconds: of the walk."""
    walk = Walk()
    deadline = processor_deadline(seconds)
    states = [carried_over(state, data) for state in way]
    shared = [(search, _shared(search.data, data)) for search in run]
    opened = [(*row, rows) for search, rows in shared for row in search.opened]
    with np.errstate(all="ignore"):
        for place, (before, after) in enumerate(pairwise(states), 1):
            if before is None or after is None:
                walk.broken = "no value in noise"
                return walk
            what = way[place].moves[-1].what
            step = _asked(StepInNoise(what, kind_of(before, after)), before, after, data, noise, Context(deadline))
            came = next(
                (
                    (number, at)
                    for number, at, state, (here, there) in opened
                    if same_problem(_taken(state, here), _taken(after, there))
                ),
                None,
            )
            walk.steps.append(replace(step, opened=came))
        if states[-1] is None:
            walk.broken = "no value in noise"
        else:
            walk.forms = list(_forms(problem, states[-1], data, noise, Context(deadline)))
    return walk


def _shared(few: Dataset, data: Dataset) -> tuple[list[int], list[int]]:
    """Where the rows stand that two datasets share: a run may have left out some that it took for outliers."""
    place = {x.tobytes(): number for number, x in enumerate(data.X)}
    both = [(number, place[x.tobytes()]) for number, x in enumerate(few.X) if x.tobytes() in place]
    return [one for one, _ in both], [other for _, other in both]


def _taken(state: State, rows: list[int]) -> State:
    return replace(state, X=state.X[rows], z=state.z[rows])


def _asked(
    step: StepInNoise, before: State, after: State, data: Dataset, noise: float, context: Context
) -> StepInNoise:
    """What a search does at a state, beside what is right there."""
    search = Recorded.of(data, context)
    rows = search._rows(before)
    if rows is None:
        return step
    best = best_settings(rows)
    search.least_error = best.error
    search.frontier.tasks.clear()
    with search.judged_by():
        search._propose(before, rows, 0.0, best)
    step = replace(step, proposals=len(search.made), surrogate=best.error / noise)
    right = [made for _, made in search.made if same_problem(made, after)]
    if not right:
        return step
    ranked = sorted(search.made, key=lambda row: _first_look(search, *row))
    rank = min(number for number, (_, made) in enumerate(ranked) if any(made is one for one in right))
    closely = [search.closely[id(made)] for made in right if id(made) in search.closely]
    kept = any(same_problem(task.args[0], after) for _, _, task in search.frontier.tasks)
    step = replace(step, proposed=True, rank=rank, looked=bool(closely), kept=kept)
    if not closely or not search.closely:
        return step
    behind = np.log2(min(closely) / min(search.closely.values()))
    return replace(step, bits=float(data.rows * behind))


def _first_look(search: Recorded, move: Move, made: State) -> float:
    """The cost by which a search orders moves at first; inf for one that no model was fitted to."""
    error = search.glance.get(id(made), np.inf)
    return search._cost(error, search.least_error) + COSTS.per_move_cost * move.cost - COSTS.per_input * move.removes


def _forms(problem: Problem, state: State, data: Dataset, noise: float, context: Context) -> Iterator[str]:
    """The terminals that find the law's form for a state."""
    search = Recorded.of(data, context)
    rows = search._rows(state)
    if rows is None:
        return
    weighted = replace(state, sigma=rows.sigma_z)
    known = search._known(weighted, best_settings(rows)) if state.inputs else context
    for kind in TERMINALS:
        if not kind.suits(state, known.noise) or context.expired():
            continue
        fits = [route.fit for route in search._solve(kind, weighted, known)]
        if any(has_form(problem, fits, noise)):
            yield kind.name


def has_form(problem: Problem, fits: Iterator[Fit] | Sequence[Fit], noise: float) -> Iterator[bool]:
    """For the formulas that are as close as the noise allows, the closest first, whether they have the law's form."""
    near = sorted((fit for fit in fits if fit.rms <= WITHIN_NOISE * noise), key=lambda fit: fit.rms)
    for fit in near[:MOST_CHECKED]:
        try:
            yield skeleton(problem, fit.expr) is Recovery.YES
        except Exception:  # sympy may raise anything
            yield False
