"""Do the laws of the zoo look like science? How often they have what, beside the shipped laws, and the laws themselves.

    python benchmarks/recovery/zoo.py                       shares of laws with each property, zoo and shipped laws
    python benchmarks/recovery/zoo.py --show 0..99          laws with their ranges, rows, noise and idle columns

`--world 7` is the zoo with seed 7, as `zoo7` in `kansr bench zoo7 --laws 0..99`, which looks for the laws.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import sympy

from benchmarks.arguments import parser
from benchmarks.statistics.code_lengths import SUITES, nodes
from kansr.bench.problem import Problem, find_problem, suite, zoo_ids

BESIDE = (*SUITES, "classic", "pykan")
LAWS = 600  # of the zoo that are counted


def power(expr: sympy.Expr, holds: Callable[[sympy.Expr], bool]) -> bool:
    """Whether an expression has a power for which something holds."""
    return any(holds(node) for node in expr.atoms(sympy.Pow))


PROPERTIES: Mapping[str, Callable[[sympy.Expr], bool]] = {
    "a sum": lambda e: bool(e.is_Add),
    "a power product": lambda e: (
        not e.has(sympy.Function, sympy.Add) and not power(e, lambda w: bool(w.exp.free_symbols))
    ),
    "a rational function": lambda e: bool(e.is_rational_function(*e.free_symbols)),
    "a sum in a denominator": lambda e: power(e, lambda w: bool(w.base.is_Add and w.exp.is_negative)),
    "a square root": lambda e: power(e, lambda w: bool(w.exp.is_Rational and w.exp.q == 2)),
    "another root": lambda e: power(e, lambda w: bool(w.exp.is_Rational and w.exp.q > 2)),
    "an odd exponent": lambda e: power(e, lambda w: bool(w.exp.is_Float)),
    "an exponent that is an input": lambda e: power(e, lambda w: bool(w.exp.free_symbols)),
    "exp": lambda e: e.has(sympy.exp),
    "log": lambda e: e.has(sympy.log),
    "sin or cos": lambda e: e.has(sympy.sin, sympy.cos),
    "another function": lambda e: e.has(
        *(sympy.tan, sympy.asin, sympy.acos, sympy.atan, sympy.sinh, sympy.cosh, sympy.tanh)
    ),
    "pi": lambda e: e.has(sympy.pi),
    "a decimal": lambda e: bool(e.atoms(sympy.Float)),
}


def laws(world: int, first: int, last: int) -> list[Problem]:
    """Laws of the zoo with a seed."""
    return [find_problem(id) for id in zoo_ids(f"zoo{world}" if world else "zoo", first, last)]


def decades(problems: Sequence[Problem]) -> list[float]:
    """The decades that ranges without a 0 span."""
    ranges = [(v.low, v.high) for p in problems for v in p.variables if v.low * v.high > 0]
    return [abs(float(np.log10(high / low))) for low, high in ranges]


def counted(problems: Sequence[Problem]) -> dict[str, str]:
    """Property -> share of the laws that have it, or quantiles."""
    inputs = Counter(min(len(p.names), 8) for p in problems)
    variables = [v for p in problems for v in p.variables]
    times = [p.expr.count(symbol) for p in problems for symbol in p.expr.free_symbols]
    size = [sum(1 for _ in nodes(p.expr)) for p in problems]
    shares = {name: np.mean([holds(p.expr) for p in problems]) for name, holds in PROPERTIES.items()}
    shares |= {f"{count} inputs": inputs[count] / len(problems) for count in range(1, 9)}
    shares |= {"ranges with a 0": np.mean([v.low * v.high <= 0 for v in variables])}
    shares |= {"loguniform ranges": np.mean([v.kind == "loguniform" for v in variables])}
    return {
        **{name: f"{100 * share:.1f} %" for name, share in shares.items()},
        "times that an input occurs": f"{np.mean(times):.2f}",
        **{f"nodes, quantile {q}": f"{np.quantile(size, q):.0f}" for q in (0.1, 0.5, 0.9)},
        **{f"decades, quantile {q}": f"{np.quantile(decades(problems), q):.2f}" for q in (0.05, 0.5, 0.95)},
    }


def compare(world: int) -> None:
    shipped = [problem for name in BESIDE for problem in suite(name)]
    columns = {"shipped": shipped, "laws": list(suite("laws")), "zoo": laws(world, 0, LAWS - 1)}
    found = {name: counted(problems) for name, problems in columns.items()}
    print(f"{'':30}" + "".join(f"{name:>10}" for name in found))
    for row in next(iter(found.values())):
        print(f"{row:30}" + "".join(f"{column[row]:>10}" for column in found.values()))


def show(world: int, span: str) -> None:
    first, _, last = span.partition("..")
    for p in laws(world, int(first), int(last or first)):
        ranges = ", ".join(f"{v.name} in {v.kind}({v.low:g}, {v.high:g})" for v in p.variables)
        irrelevant = f", {p.irrelevant} irrelevant" if p.irrelevant else ""
        errors = f"{p.rows} rows, noise {p.noise:g}{' of the value' if p.relative_errors else ''}{irrelevant}"
        print(f"{p.id} ({p.difficulty}): {p.target} = {p.text}; {ranges}; {errors}")


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--world", type=int, default=0, help="the seed of the zoo (0)")
    arguments.add_argument("--show", metavar="A..B", default="", help="show these laws instead")
    asked = arguments.parse_args()
    if asked.show:
        show(asked.world, asked.show)
    else:
        compare(asked.world)


if __name__ == "__main__":
    main()
