"""Problems: known laws with ranges of their inputs, and the rows that are drawn from them.

`known_law` is a problem and how it is sampled, `problem_file` reads problems from text, one a line. `suites` finds
them by name: those of the shipped files, and those that `zoo` draws.
"""

from kansr.bench.problem.known_law import Problem, Variable, draw, exact, laws_of_groups, sample
from kansr.bench.problem.problem_file import read_problems
from kansr.bench.problem.suites import SUITES, find_problem, suite
from kansr.bench.problem.zoo.drawn import is_zoo, zoo_ids

__all__ = [
    "SUITES",
    "Problem",
    "Variable",
    "draw",
    "exact",
    "find_problem",
    "is_zoo",
    "laws_of_groups",
    "read_problems",
    "sample",
    "suite",
    "zoo_ids",
]
