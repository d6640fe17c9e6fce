"""The suites: the problems of shipped files by name, and the drawn laws of the zoo by number."""

from __future__ import annotations

from functools import cache

from kansr.bench.problem.known_law import Problem
from kansr.bench.problem.problem_file import read_problems
from kansr.bench.problem.zoo.drawn import ZOO, is_zoo, zoo_law
from kansr.errors import UsageError
from kansr.expression.parse import did_you_mean
from kansr.runtime.resources import shipped

# The suites in each shipped file: the whole file, the parts under its headings, or those of one difficulty.
SUITES: dict[str, tuple[str, ...]] = {
    "feynman": ("feynman", "feynman120"),
    "feynman_bonus": ("feynman_bonus", "feynman120"),
    "laws": ("laws",),
    "composed": ("composed",),
    "srsd": ("srsd", "srsd_easy", "srsd_medium", "srsd_hard"),
    "strogatz": ("strogatz",),
    "classic": (
        *("classic", "nguyen", "keijzer", "korns", "vladislavleva", "livermore"),
        *("jin", "constant", "rational", "koza", "pagie"),
    ),
    "pykan": ("pykan",),
    "empirical": ("empirical",),
    "class": ("class",),
    "lsr_transform": ("lsr_transform", "lsr_transform_published", "lsr_transform_other"),
    "newtonbench": ("newtonbench",),
}


def suite(name: str) -> tuple[Problem, ...]:
    """The problems of a shipped suite, such as "feynman" or "srsd_easy". Raises UsageError where there is none."""
    if is_zoo(name):
        raise UsageError(f"{name} has no end: say which of its laws are meant with --laws A..B")
    files = [file for file, suites in SUITES.items() if name in suites]
    if not files:
        known = list(dict.fromkeys(suite for suites in SUITES.values() for suite in suites))
        raise UsageError(f"no suite {name!r} ({', '.join([*known, ZOO])}).{did_you_mean(name, [*known, ZOO])}")
    problems = [problem for file in files for problem in _shipped_problems(file)]
    if name == "feynman120" or name in files:
        return tuple(problems)
    return tuple(p for p in problems if name in (p.suite, f"{p.suite}_{p.difficulty}"))


def find_problem(id: str) -> Problem:
    """The shipped problem or the law of the zoo with this id. Raises UsageError where there is none."""
    drawn = zoo_law(id)
    if drawn is not None:
        return drawn
    for file in SUITES:
        for problem in _shipped_problems(file, id):
            return problem
    ids = [problem.id for file in SUITES for problem in _shipped_problems(file)]
    raise UsageError(f"no problem {id!r} in the shipped suites.{did_you_mean(id, ids)}")


@cache
def _shipped_problems(file: str, only: str = "") -> tuple[Problem, ...]:
    return read_problems(shipped(f"datasets/{file}.problems"), only)
