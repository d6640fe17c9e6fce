"""Writes lsr_transform.problems: python datasets/make_lsr_transform.py (a few minutes)

LSR-Transform (P. Shojaee et al., "LLM-SRBench", ICML 2025) poses a law of the Feynman database solved for one of its
inputs. Names are published as law_variable_root: the number of the input in the order of the database, and that of the
root. Here every law of feynman.problems is solved for every input by sympy, in sympy's order of roots.

Part one, `lsr_transform_published`: the published names that are known. Part two, `lsr_transform_other`: of every other
law and input one root, the one that gives the input back on most rows of the law. Left out are power products and what
repeats a law of the database or an earlier problem but for names of inputs, sign and factor.

Ranges are those of the law. The old target is an input now, from its 2nd to its 98th percentile on rows of the law.
Near a pole of a root a few rows would be all that counts. Where that is so, ranges are halved one after another, each
twice at most, by what leaves the shortest tails.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import sympy

from kansr.bench.problem import Problem, Variable, draw, sample, suite
from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.expression.render import render
from kansr.numeric.arrays import Array
from kansr.runtime.alarm import OutOfTime, interrupted_after

HERE = Path(__file__).parent
PREFIX = "feynman_"
PUBLISHED = """
I_10_7_1_0 I_11_19_0_0 I_11_19_2_0 I_11_19_4_0 I_12_4_2_0 I_24_6_1_1 I_24_6_3_1 I_27_6_2_0 I_29_16_1_0 I_30_3_0_0
I_32_17_2_0 I_32_17_4_3 I_32_5_1_1 I_37_4_0_1 I_43_43_0_0 I_44_4_2_0 I_44_4_4_0 I_50_26_3_0 II_11_17_5_0 II_11_20_1_1
II_11_27_1_0 II_11_27_3_0 II_11_28_0_0 II_11_3_3_1 II_13_34_1_0 II_15_5_0_0 II_21_32_3_0 II_24_17_0_1 II_24_17_2_1
II_3_24_1_0 II_34_29a_2_0 II_34_29b_0_0 II_34_29b_2_0 II_34_29b_4_0 II_34_2_1_0 II_35_18_0_0 II_35_18_2_1 II_35_18_4_1
II_36_38_0_0 II_36_38_4_0 II_37_1_0_0 II_37_1_2_0 II_6_15a_1_0 II_6_15a_3_1 II_6_15a_5_0 II_6_15b_1_0 II_6_15b_3_0
III_10_19_2_1 III_13_18_1_1 III_15_14_1_0 III_15_27_1_0 III_17_37_1_0 III_21_20_2_0 III_4_33_3_0 III_9_52_1_0
"""

SECONDS = 60.0  # for each law and input; what sympy solves, it solves in 6 seconds
ROWS, SEED = 20_000, 0
OUTER = (0.02, 0.98)  # quantiles of the old target that its range as an input lies between
DECADES = 1.5  # of an old target of one sign, from which on it is drawn evenly in the logarithm
SAME = 1e-6  # relative difference of an input and what a root gives for it
FEW, MOST = 0.005, 0.5  # a share of the rows, and the share of the squared deviations that they may have
HALVINGS = 2  # of a range at most
TAIL = 0.99  # quantile of the deviations, over whose median it says how long their tails are
FEWEST = 0.1  # share of draws with a real root, below which a range is too narrow
PLACES = np.array([1.137, 0.713, 1.371, 0.877, 1.231, 0.6337, 1.519, 0.941, 1.073])  # values to compare laws at

HEADER = """\
# Laws of the Feynman database solved for one of their inputs: the problems LSR-Transform of LLM-SRBench, as far as
# their names are known, and more of the same kind. Written by make_lsr_transform.py, which says how; not to be edited.
# lsr_I_10_7_1_0 is I.10.7 solved for its input 1 (counted from 0), root 0 in the order of sympy. A root may have
# another sign than the input has in the law. Tables are in single precision, as the published ones are: the law itself
# misses its rows by this rounding, and by far more where terms cancel.
"""


@dataclass(frozen=True)
class Root:
    """A law solved for one input: the number of the input and of the root, and the root."""

    law: Problem
    input: int
    number: int
    expr: sympy.Expr

    @property
    def name(self) -> str:
        return f"{self.law.id.removeprefix(PREFIX)}_{self.input}_{self.number}"

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs of the root: those of the law without the one it is solved for, and the old target."""
        return (*(n for i, n in enumerate(self.law.names) if i != self.input), self.law.target)


def roots(law: Problem) -> Iterator[list[Root]]:
    """The real roots that the formula language can express, for each input; none where sympy finds none in time."""
    for i, name in enumerate(law.names):
        found: list[sympy.Expr] = []
        try:
            with interrupted_after(SECONDS):
                found = sympy.solve(law.expr - sympy.Symbol(law.target), sympy.Symbol(name))
        except (NotImplementedError, OutOfTime) as err:
            print(f"{law.id} for {name}: {type(err).__name__}", flush=True)
        yield [Root(law, i, number, expr) for number, expr in enumerate(found) if expressible(expr)]


def expressible(expr: sympy.Expr) -> bool:
    try:
        return bool(parse(render(expr)).free_symbols)
    except FormulaError:
        return False


def agreement(root: Root) -> float:
    """The share of the rows of the law on which the root is the input."""
    data = sample(root.law, ROWS // 10, np.random.default_rng(SEED))
    X = np.column_stack([data.y if name == root.law.target else data.column(name) for name in root.names])
    wanted = data.X[:, root.input]
    return float(np.mean(np.abs(Tape(root.expr, root.names).value(X) - wanted) <= SAME * np.abs(wanted)))


def signature(expr: sympy.Expr, names: tuple[str, ...]) -> tuple[float, ...]:
    """Numbers that laws share which differ in names, sign and factor only: from |law| with its inputs permuted."""
    rows = np.array(list(itertools.permutations(PLACES[: len(names)]))).astype(complex)
    with np.errstate(all="ignore"):
        size = np.abs(sympy.lambdify([sympy.Symbol(n) for n in names], expr, "numpy")(*rows.T)) * np.ones(len(rows))
    size = size[np.isfinite(size)]
    return (len(names), *(float(f"{part / size.max():.7g}") for part in (size.mean(), size.min())))


def power_product(expr: sympy.Expr) -> bool:
    """Whether the expression is a constant times powers of its inputs."""
    inside = sympy.expand_power_base(expr, force=True)
    return all(
        part.is_number or part.is_Symbol or (part.is_Pow and part.exp.is_number and power_product(part.base))
        for part in sympy.Mul.make_args(inside)
    )


def short(value: float, digits: int = 2) -> float:
    return float(f"{value:.{digits}g}")


def old_target(law: Problem) -> Variable:
    """The target of the law as an input."""
    low, high = np.quantile(sample(law, ROWS, np.random.default_rng(SEED)).y, OUTER)
    wide = low * high > 0 and abs(math.log10(high / low)) > DECADES
    kind = "loguniform" if wide else "uniform"
    return Variable(law.target, kind, short(low), short(high), law.target_units)


def values(root: Root, variables: tuple[Variable, ...]) -> Array:
    rng = np.random.default_rng(SEED)
    X = np.column_stack([draw(variable, ROWS, rng) for variable in variables])
    return Tape(root.expr, root.names).value(X)


def deviations(root: Root, variables: tuple[Variable, ...]) -> Array:
    """How far the root is from its median, where it is real, the largest first."""
    y = values(root, variables)
    y = y[np.isfinite(y)]
    return np.sort(np.abs(y - np.median(y)))[::-1] if len(y) else y


def dominated(size: Array) -> bool:
    """Whether FEW of the rows have more than MOST of the squared deviations."""
    squares = size**2
    return bool(squares[: round(FEW * len(size))].sum() > MOST * squares.sum())


def tail(size: Array) -> float:
    """The largest deviations over the typical one; infinite where hardly any row is real."""
    return float(np.quantile(size, TAIL) / np.median(size)) if len(size) >= FEWEST * ROWS else math.inf


def halves(variable: Variable) -> Iterator[Variable]:
    """The lower and the upper half of a range, in the logarithm where it is drawn so."""
    log = variable.kind == "loguniform"
    size = math.copysign(math.sqrt(variable.low * variable.high), variable.low) if log else 0.0
    middle = short(size if log else (variable.low + variable.high) / 2, 3)
    yield replace(variable, high=middle)
    yield replace(variable, low=middle)


def ranges(root: Root) -> tuple[Variable, ...]:
    """The ranges of the inputs of a root: those of the law, halved while a few rows dominate."""
    variables = (*(v for i, v in enumerate(root.law.variables) if i != root.input), old_target(root.law))
    left = [HALVINGS] * len(variables)
    while dominated(deviations(root, variables)) and any(left):
        smaller = [
            (i, (*variables[:i], half, *variables[i + 1 :]))
            for i, v in enumerate(variables)
            if left[i]
            for half in halves(v)
        ]
        i, variables = min(smaller, key=lambda tried: tail(deviations(root, tried[1])))
        left[i] -= 1
    return variables


def line(root: Root) -> str:
    """The problem in the language of problem files."""
    law, solved = root.law, root.law.variables[root.input]
    units = all(v.units for v in law.variables) and law.target_units
    inputs = ", ".join(
        f"{v.name}{f' [{v.units}]' if units else ''} in {v.kind}({v.low:g}, {v.high:g})" for v in ranges(root)
    )
    target = f"{solved.name} [{solved.units}]" if units else solved.name
    return f'lsr_{root.name}: {target} = {render(root.expr)}; {inputs}; "{law.id} for {solved.name}"'


def others(found: dict[tuple[str, int], list[Root]], published: list[Root]) -> Iterator[Root]:
    """Of every other law and input its principal root, unless it is a power product or repeats what is there."""
    seen = {signature(law.expr, law.names) for law in suite("feynman")}
    seen |= {signature(root.expr, root.names) for root in published}
    taken = {(root.law.id, root.input) for root in published}
    for key, candidates in found.items():
        if key in taken or not candidates:
            continue
        root = max(candidates, key=agreement)
        mark = signature(root.expr, root.names)
        if agreement(root) > 0 and mark not in seen and not power_product(root.expr):
            seen.add(mark)
            yield root


def main() -> None:
    found = {(law.id, i): these for law in suite("feynman") for i, these in enumerate(roots(law))}
    by_name = {root.name: root for these in found.values() for root in these}
    published = [by_name[name] for name in PUBLISHED.split()]
    parts = {
        'lsr_transform_published float32 "Shojaee et al. 2025 (LLM-SRBench, LSR-Transform)"': published,
        'lsr_transform_other float32 "as LSR-Transform, made here"': list(others(found, published)),
    }
    text = HEADER + "".join(f"\nsuite {head}\n" + "".join(f"{line(r)}\n" for r in part) for head, part in parts.items())
    (HERE / "lsr_transform.problems").write_text(text, encoding="utf-8")
    print({head.split()[0]: len(part) for head, part in parts.items()})


if __name__ == "__main__":
    main()
