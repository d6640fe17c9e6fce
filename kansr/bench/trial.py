"""Trials, one problem, noise level, seed and method each, and the settings that all trials of a run share."""

from __future__ import annotations

import fnmatch
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kansr.bench.problem import Problem, Variable, find_problem, is_zoo, sample, suite, zoo_ids
from kansr.bench.real import pmlb
from kansr.bench.real.empirical import SOURCES, rows_for
from kansr.bench.real.folder import EMPIRICAL, PMLB, tables
from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.structure.context import Structure


@dataclass(frozen=True)
class Trial:
    """One search for one law, or on one table.

    problem: the id of the law or the name of the table; suite: the one that was asked for, a problem may be in several.
    """

    problem: str
    suite: str
    method: str
    noise: float
    seed: int

    @property
    def key(self) -> tuple[str, str, float, int]:
        """What identifies the record of the trial."""
        return (self.problem, self.method, self.noise, self.seed)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all trials of a run share.

    rows: of each table, None for as many as each law has by itself; time_limit: seconds of each search; distractors:
    number of columns that the law does not use; units: whether methods are told the units; outliers: share of rows
    that become outliers; data: the folder of the tables, "" where rows are drawn from laws; structure: what finds
    structures in kansr. Raises UsageError if out of range.
    """

    rows: int | None = 2000
    time_limit: float = 60.0
    distractors: int = 0
    units: bool = False
    outliers: float = 0.0
    data: str = ""
    structure: Structure = "auto"

    def __post_init__(self) -> None:
        if not 0 < self.time_limit < math.inf:
            raise UsageError(f"--time-limit must be a positive number of seconds, not {self.time_limit:g}")
        if not 0 <= self.outliers <= 1:
            raise UsageError(f"--outliers must be a share of the rows, from 0 to 1, not {self.outliers:g}")
        if (self.rows is not None and self.rows < 1) or self.distractors < 0:
            raise UsageError(f"--rows {self.rows} and --distractors {self.distractors} cannot be: at least 1 and 0")


def trials(
    ids: Iterable[str], suite_name: str, methods: Sequence[str], noises: Sequence[float], seeds: int
) -> tuple[Trial, ...]:
    """All combinations; the methods of a problem follow each other, to be comparable after an early stop.

    noises: levels of noise; where there are none, each law has its own.
    """
    asked = tuple(ids)
    levels: list[float | None] = [*noises] or [None]
    return tuple(
        Trial(id, suite_name, method, find_problem(id).noise if noise is None else noise, seed)
        for seed in (pmlb.seeds(seeds) if suite_name == PMLB else range(seeds))
        for noise in levels
        for id in asked
        for method in methods
    )


def half(id: str) -> str:
    """ "even" or "odd", by the crc32 of the id of a problem: one half to develop on, the other to check with."""
    return "odd" if zlib.crc32(id.encode()) % 2 else "even"


def chosen(suite_name: str, only: Sequence[str] = (), which: str | None = None) -> tuple[Problem, ...]:
    """The problems of a suite of laws whose id matches a pattern of `only` and is in the half `which`.

    Raises UsageError where there are none.
    """
    problems = {problem.id: problem for problem in suite(suite_name)}
    return tuple(problems[id] for id in _matching(problems, suite_name, only, which))


def chosen_ids(
    suite_name: str,
    only: Sequence[str] = (),
    which: str | None = None,
    data: str = "",
    laws: tuple[int, int] | None = None,
) -> tuple[str, ...]:
    """The ids that `chosen` gives or, for tables without known laws, the names of those in the folder `data`.

    laws: the numbers of the first and the last law of the zoo. Raises UsageError where there are none.
    """
    if is_zoo(suite_name) and laws is not None:
        return _matching(zoo_ids(suite_name, *laws), suite_name, only, which)
    if laws is not None:
        raise UsageError(f"--laws goes with zoo only: the laws of {suite_name} have names, choose with --only")
    if suite_name == PMLB:
        return _matching(tables(PMLB, data), suite_name, only, which)
    if suite_name == EMPIRICAL and data:
        return _matching(tables(EMPIRICAL, data, tuple(SOURCES)), suite_name, only, which)
    return tuple(problem.id for problem in chosen(suite_name, only, which))


def _matching(ids: Iterable[str], suite_name: str, only: Sequence[str], which: str | None) -> tuple[str, ...]:
    left = tuple(ids)
    if only:
        for pattern in only:
            if not any(fnmatch.fnmatchcase(id, pattern) for id in left):
                raise UsageError(f"--only {pattern}: no problem of {suite_name} has such an id")
        left = tuple(id for id in left if any(fnmatch.fnmatchcase(id, pattern) for pattern in only))
    if which is not None:
        left = tuple(id for id in left if half(id) == which)
    if not left:
        raise UsageError(f"no problem of {suite_name} is left: drop --half or choose others with --only")
    return left


def with_distractors(problem: Problem, count: int) -> Problem:
    """The problem with `count` inputs that the law does not use: those of the published table, then invented ones.

    An invented one is drawn like an input of the law, each in turn.
    """
    extra = list(problem.distractors[:count])
    taken = {*problem.names, problem.target, *(v.name for v in problem.distractors)}
    number = 0
    while len(extra) < count:
        number += 1
        name = f"unused{number}"
        if name not in taken:
            like: Variable = problem.variables[len(extra) % len(problem.variables)]
            extra.append(replace(like, name=name))
    return replace(problem, distractors=tuple(extra))


def posed(trial: Trial, settings: Settings) -> Problem:
    """The problem of a trial, with the inputs that its table has beside those of the law."""
    problem = find_problem(trial.problem)
    return with_distractors(problem, max(settings.distractors, problem.irrelevant))


def asked(trial: Trial, settings: Settings) -> tuple[Problem, Dataset]:
    """The problem and the rows of a trial, which are the same for every method."""
    problem = posed(trial, settings)
    rng = np.random.default_rng(trial.seed)
    data = sample(
        problem,
        settings.rows or problem.rows,
        rng,
        noise=trial.noise,
        outliers=settings.outliers,
        distractors=bool(problem.distractors),
    )
    return problem, data


def rows_of(trial: Trial, settings: Settings) -> tuple[Dataset, Mapping[str, str]]:
    """The rows that a method gets in a trial, and the unit of each column, "" where it is not known."""
    if trial.suite == PMLB:
        return pmlb.split(trial.problem, settings.data, trial.seed).training, {}
    if trial.suite == EMPIRICAL:
        return rows_for(find_problem(trial.problem), settings.data, trial.seed), {}
    problem, data = asked(trial, settings)
    inputs = {v.name: v.units for v in problem.variables + problem.distractors}
    return data, inputs | {problem.target: problem.target_units}
