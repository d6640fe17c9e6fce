"""Do the code lengths of formulas follow how often laws use functions, nestings and exponents? Are others better?

    python benchmarks/statistics/code_lengths.py            counts in the shipped laws, and the bits that they imply
    python benchmarks/statistics/code_lengths.py --ranks 22 --rows 400 --time-limit 8

With --ranks, so many laws of the even half are searched at noise .1 and .01; the law, polished like any formula, then
competes with all that was found, under the code lengths of `kansr.expression.complexity` and under others, fitted to
the odd half (as in Guimerà et al. 2020). The lower its rank, the better; 0 is the first.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import sympy

from benchmarks.arguments import parser
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import Problem, sample, suite
from kansr.bench.trial import half
from kansr.expression.complexity import REFERENCE_BITS, bits
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.description_length import bits_per_float, description_length
from kansr.pipeline.config import Config
from kansr.pipeline.journal import Journal
from kansr.pipeline.partition import partition_rows
from kansr.pipeline.run import Search
from kansr.result.candidate import Candidate
from kansr.runtime.deadline import Deadline
from kansr.search.finish import finish
from kansr.search.partition import Partition

SUITES = ("feynman120", "laws", "srsd", "strogatz")
MOST_INPUTS = 3  # of the laws that are searched
SMOOTHING = 0.5  # added to every count
OUTSIDE, INSIDE, ARGUMENT = "outside functions", "inside functions", "whole arguments"
KINDS = (
    *("sum", "product", "power", "input", "number", "Abs", "exp", "log", "sin", "cos", "tan"),
    *("asin", "acos", "atan", "sinh", "cosh", "tanh"),
)
Bits = Callable[[sympy.Expr, float, int], float]


class Node(NamedTuple):
    """A node of an expression as it is coded: its kind, where it stands, and its expression."""

    kind: str
    place: str
    expr: sympy.Expr


def nodes(expr: sympy.Expr, place: str = OUTSIDE) -> Iterator[Node]:
    """The nodes; sums and products once for every two operands, rational exponents as nodes of their own."""
    within = INSIDE if place == ARGUMENT else place
    if expr.is_Symbol or not expr.args:
        yield Node("input" if expr.is_Symbol else "number", place, expr)
        return
    kind = "sum" if expr.is_Add else "product" if expr.is_Mul else "power" if expr.is_Pow else expr.func.__name__
    yield from [Node(kind, place, expr)] * (len(expr.args) - 1 if expr.is_Add or expr.is_Mul else 1)
    args = [arg for arg in expr.args if arg is not sympy.S.NegativeOne]
    if expr.is_Pow and expr.exp.is_Rational:
        yield Node("exponent", place, expr.exp)
        args = [expr.base]
    for arg in args:
        yield from nodes(arg, ARGUMENT if expr.is_Function else within)


class Counts(NamedTuple):
    """kinds: by place; exponents: of powers."""

    kinds: dict[str, Counter[str]]
    exponents: Counter[sympy.Expr]

    @classmethod
    def of(cls, problems: list[Problem]) -> Counts:
        """Those of laws."""
        counted = cls({place: Counter() for place in (OUTSIDE, INSIDE, ARGUMENT)}, Counter())
        for node in (node for problem in problems for node in nodes(problem.expr)):
            if node.kind == "exponent":
                counted.exponents[node.expr] += 1
            else:
                counted.kinds[node.place][node.kind] += 1
        return counted

    def kind_bits(self, kind: str, place: str) -> float:
        """The bits that a kind of node has by its frequency."""
        seen = self.kinds[place]
        return -math.log2((seen[kind] + SMOOTHING) / (seen.total() + SMOOTHING * len(KINDS)))

    def exponent_bits(self, exponent: sympy.Rational) -> float:
        """The bits of an exponent by its frequency; of others, beside it, by their size."""
        size = 2.0 + math.log2(abs(exponent.p) * exponent.q) + (1.0 if exponent < 0 else 0.0)
        rare = len(self.exponents) * SMOOTHING
        return -math.log2((self.exponents[exponent] + rare * 2**-size) / (self.exponents.total() + rare))

    def bits(self, expr: sympy.Expr, per_float: float, inputs: int) -> float:
        """The code length of an expression by frequencies alone, but for numbers."""
        total, seen = 0.0, set()
        for node in nodes(expr):
            if node.kind == "exponent":
                total += self.exponent_bits(node.expr)
                continue
            total += self.kind_bits(node.kind, node.place)
            if node.kind == "input":
                total += math.log2(max(inputs, 1))
            elif node.kind == "number":
                total += min(bits(node.expr, per_float), REFERENCE_BITS if node.expr in seen else math.inf)
                seen.add(node.expr)
        return total


def laws() -> list[Problem]:
    """The shipped laws of science, each once."""
    return list({problem.text: problem for name in SUITES for problem in suite(name)}.values())


def show(counted: Counts) -> None:
    for place, seen in counted.kinds.items():
        listed = ", ".join(f"{kind} {n} ({counted.kind_bits(kind, place):.1f})" for kind, n in seen.most_common())
        print(f"{place}: {seen.total()} nodes; with bits: {listed}")
    common = counted.exponents.most_common(14)
    print("exponents, with bits:", ", ".join(f"{e} {n} ({counted.exponent_bits(e):.1f})" for e, n in common))
    every = [node for problem in laws() for node in nodes(problem.expr) if node.kind != "exponent"]
    powers = sum(node.kind == "power" for node in every)
    print(f"pi: {sum(node.expr == sympy.pi for node in every)} of {len(every)} nodes")
    print(f"exponents that are no fractions: {powers - counted.exponents.total()} of {powers} powers")


def found(
    problem: Problem, rows: int, noise: float, seconds: float
) -> tuple[list[Candidate], list[Candidate], Partition]:
    """The candidates with the law's skeleton, the law itself among them; the others; the rows."""
    data = sample(problem, rows, np.random.default_rng(0), noise=noise)
    config, deadline = Config(time_limit=seconds), Deadline(seconds)
    partition, _ = partition_rows(data, config, deadline)
    search = Search(partition, config, deadline, Journal())
    for _ in search.results():
        pass
    candidates = [finding.candidate for finding in search.findings]
    right = [skeleton(problem, candidate.expr) is Recovery.YES for candidate in candidates]
    with np.errstate(all="ignore"):
        law = finish(fit_constants(problem.expr, partition.fitting), partition, "law", lambda: False)
    return (
        [law, *(c for c, yes in zip(candidates, right) if yes)],
        [c for c, yes in zip(candidates, right) if not yes],
        partition,
    )


def ranks(count: int, rows: int, seconds: float) -> None:
    fitted = Counts.of([problem for problem in laws() if half(problem.id) == "odd"])
    measures: dict[str, Bits] = {"as they are": bits, "fitted": fitted.bits}
    placed: dict[str, list[tuple[int, float]]] = {name: [] for name in measures}
    even = [p for p in (*suite("laws"), *suite("feynman")) if half(p.id) == "even" and len(p.names) <= MOST_INPUTS]
    even.sort(key=lambda p: zlib.crc32(p.id[::-1].encode()))  # an order that means nothing
    for problem in even[:count]:
        for noise in (0.1, 0.01):
            right, wrong, partition = found(problem, rows, noise, seconds)
            for name, measure in measures.items():
                own, others = ([_length(c, partition, measure) for c in some] for some in (right, wrong))
                margin = min(own) - min(others, default=math.inf)
                placed[name].append((sum(other < min(own) for other in others), margin))
    for name, rows_of in placed.items():
        at, margins = np.array(rows_of).T
        print(
            f"{name}: first {np.sum(at == 0)} of {len(at)}, mean rank {at.mean():.2f}, margin {np.median(margins):.1f}"
        )


def _length(candidate: Candidate, rows: Partition, measure: Bits) -> float:
    """The description length with other code lengths in place of ours."""
    data = rows.fitting
    noise = math.sqrt(candidate.error_ms) / (float(np.std(data.y)) or 1.0)
    per_float = bits_per_float(noise, data.rows)
    ours = description_length(candidate.expr, candidate.error_ms, data)
    return ours - bits(candidate.expr, per_float, len(data.names)) + measure(candidate.expr, per_float, len(data.names))


def main() -> None:
    arguments = parser(__doc__, rows=400, time_limit=8.0)
    arguments.add_argument("--ranks", type=int, default=0, help="how many laws are searched; 0 for counts alone")
    asked = arguments.parse_args()
    if asked.ranks:
        ranks(asked.ranks, asked.rows, asked.time_limit)
    else:
        show(Counts.of(laws()))


if __name__ == "__main__":
    main()
