"""Operon (Burlacu, Kronberger, Kommenda 2020) as a refiner, through pyoperon's scikit-learn estimator.

Settings as its authors submitted them to SRBench (objectives r2 and length, population 1000, one Levenberg-Marquardt
iteration an individual), with the functions of the elementary language and an epsilon small enough for exact laws. Its
numbers are single precision, which no exact law survives: constants are to be fitted once more in double precision.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import FormulaError, MissingExtra
from kansr.expression.parse import FUNCTIONS, parse
from kansr.formula.fit.constants import polish
from kansr.formula.judge.exactness import exact
from kansr.numeric.arrays import evenly_spaced_rows
from kansr.refinement.refiners.refiner import Refiner, Share, offers
from kansr.refinement.refiners.refiner import isolated as in_a_process
from kansr.result.candidate import Candidate

DIGITS = 17
ENDLESS = 2**31 - 1
CHUNKS = 5  # times that it says what it has so far
LEAST = 1.0  # seconds that it can be told to stop after
SEEDED = 0.2  # share of the population that begins as the formulas to start from
ROWS = 1000  # that formulas evolve on
MARGIN = 0.08  # of the seconds, for what comes after the last generation
NEAR = 1e-9  # of the target's variance, up to which a formula in single precision may be an exact law
SHORT = 1e-4  # of the target's variance: formulas that leave more are offered only where nothing leaves less
MOST = 8  # formulas that are offered at a time, the closest first

# sympy function -> Operon's symbol and node type
SYMBOLS: Mapping[Any, tuple[str, str]] = {
    sympy.exp: ("exp", "Exp"),
    sympy.log: ("log", "Log"),
    sympy.sin: ("sin", "Sin"),
    sympy.cos: ("cos", "Cos"),
}
ARITHMETIC = ("add", "sub", "mul", "div", "sqrt", "square", "constant", "variable")
READ: Mapping[str, Callable[..., sympy.Expr]] = {**FUNCTIONS, "square": lambda u: sympy.Pow(u, 2)}


@dataclass(frozen=True, kw_only=True)
class OperonConfig:
    """seconds: when to stop; population: individuals; length: nodes of the longest formula."""

    seconds: float = 60.0
    seed: int = 0
    population: int = 1000
    length: int = 50
    symbols: str = ",".join([*ARITHMETIC, *(symbol for symbol, _ in SYMBOLS.values())])


def isolated(share: Share) -> Refiner:
    """Operon in a process of its own."""
    import sklearn.metrics  # noqa: F401  what pyoperon builds on is loaded once, not in every process

    config = OperonConfig(seconds=(1 - MARGIN) * share.seconds, seed=share.seed)
    return in_a_process(operon(config, share.guesses), share)


def operon(config: OperonConfig = OperonConfig(), guesses: Sequence[sympy.Expr] = ()) -> Refiner:
    """A refiner that evolves the candidate, the `guesses` and chance formulas, until the time is up or a law is exact.

    Raises MissingExtra where pyoperon is not installed.
    """
    if find_spec("pyoperon") is None:
        raise MissingExtra("the refiner operon needs pyoperon: pip install 'kansr[operon]'")

    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        some = data.take(evenly_spaced_rows(data.rows, ROWS))
        seen: set[str] = set()
        for generation in evolve(some, config, (candidate.expr, *guesses)):
            texts = generation.closest(MOST)
            exprs = {text: read(text, data.names) for text in texts if text not in seen}
            seen.update(exprs)
            offered = [expr for expr in exprs.values() if expr is not None]
            yield from offers(offered, candidate, "operon")
            close = generation.error < NEAR
            if close and any(exact(polish(expr, some, iterations=20), some) for expr in offered):
                return

    return refine


def read(text: str, names: Sequence[str]) -> sympy.Expr | None:
    """A formula as Operon prints it; None where it is none of our language."""
    try:
        return parse(text.replace("^", "**"), names=names, functions=READ)
    except FormulaError:
        return None


@dataclass(frozen=True)
class Generation:
    """best: the formula that Operon would choose by its BIC; front: (mean squared error over the variance, formula)."""

    best: str
    front: tuple[tuple[float, str], ...] = field(default=())

    @property
    def error(self) -> float:
        return min((error for error, _ in self.front), default=math.inf)

    def closest(self, count: int) -> list[str]:
        """The formula that would be chosen, and those with the least error."""
        ranked = sorted((row for row in self.front if math.isfinite(row[0])), key=lambda row: row[0])
        good = [text for error, text in ranked if error < SHORT] or [text for _, text in ranked]
        return list(dict.fromkeys([self.best, *good[:count]]))


def evolve(
    data: Dataset, config: OperonConfig, guesses: Iterable[sympy.Expr] = (), chunks: int = CHUNKS
) -> Iterator[Generation]:
    """What Operon has after every part of its time, of `chunks` equal ones. Its clock knows whole seconds only."""
    from pyoperon.sklearn import SymbolicRegressor

    end = time.monotonic() + config.seconds
    regressor = SymbolicRegressor(
        allowed_symbols=config.symbols,
        objectives=["r2", "length"],
        optimizer_iterations=1,
        population_size=config.population,
        max_length=config.length,
        generations=1,
        max_evaluations=ENDLESS,
        epsilon=1e-10,
        model_selection_criterion="bayesian_information_criterion",
        n_threads=1,
        random_state=config.seed,
        warm_start=True,
    )
    trees = list(guesses)
    if trees:
        regressor.fit(data.X, data.y)
        _plant(regressor, data, trees, config)
    count = 0
    while not count or end - time.monotonic() >= LEAST:
        count += 1
        seconds = max(int(min(config.seconds / chunks, end - time.monotonic())), 1)
        # the same random numbers again would breed the same offspring
        regressor.set_params(generations=ENDLESS, max_time=seconds, random_state=config.seed + count - 1)
        regressor.fit(data.X, data.y)
        yield _generation(regressor, data)


def _generation(regressor: Any, data: Dataset) -> Generation:
    def text(tree: Any) -> str:
        return str(regressor.get_model_string(tree, DIGITS, list(data.names)))

    spread = float(np.var(data.y)) or 1.0
    front = sorted(regressor.pareto_front_, key=lambda solution: solution["length"])
    rows = tuple((float(solution["mean_squared_error"]) / spread, text(solution["tree"])) for solution in front)
    return Generation(text(regressor.model_), rows)


def _plant(regressor: Any, data: Dataset, exprs: Sequence[sympy.Expr], config: OperonConfig) -> None:
    """Puts formulas into the population in place of chance ones, each several times, if it can say them."""
    import pyoperon

    identity = dict(zip(data.names, regressor.variables_))
    trees = []
    for expr in exprs:
        nodes = _nodes(expr, identity, pyoperon)
        if nodes is not None and len(nodes) <= config.length:
            trees.append(pyoperon.Tree(nodes).UpdateNodes())
    if not trees:
        return
    room = max(int(SEEDED * config.population), len(trees))
    for place, individual in zip(range(room), regressor.individuals_):
        tree = trees[place % len(trees)]
        individual.Genotype = tree
        individual.SetFitness(-_correlation(regressor.evaluate_model(tree, data.X), data.y), 0)
        individual.SetFitness(float(tree.Length), 1)


def _correlation(values: np.ndarray, y: np.ndarray) -> float:
    """r², (rows,) and (rows,): what Operon's objective is, up to its sign."""
    with np.errstate(all="ignore"):
        r = float(np.corrcoef(values, y)[0, 1])
    return r * r if math.isfinite(r) else 0.0


def _nodes(expr: sympy.Expr, identity: Mapping[str, int], op: Any) -> list[Any] | None:
    """The formula in Operon's postfix order, the last argument first; None where it has no such function or power."""
    types = op.NodeType

    def joined(kind: Any, args: Sequence[sympy.Expr]) -> list[Any] | None:
        parts = [_nodes(arg, identity, op) for arg in args]
        if any(part is None for part in parts):
            return None
        nodes: list[Any] = list(parts[0] or [])
        for part in parts[1:]:
            nodes = [*(part or []), *nodes, op.Node(kind)]
        return nodes

    if expr.is_Symbol:
        leaf = op.Node(types.Variable)
        leaf.HashValue = leaf.CalculatedHashValue = identity[str(expr)]
        leaf.Value = 1.0
        return [leaf]
    if expr.is_number:
        value = float(expr)
        return [op.Node.Constant(value)] if math.isfinite(value) else None
    if expr.is_Add:
        return joined(types.Add, expr.args)
    if expr.is_Mul:
        over, under = expr.as_numer_denom()
        if under == 1:
            return joined(types.Mul, expr.args)
        return joined(types.Div, (over, under))
    if expr.is_Pow:
        return _power(expr, identity, op)
    if expr.func in SYMBOLS:
        inner = _nodes(expr.args[0], identity, op)
        return None if inner is None else [*inner, op.Node(getattr(types, SYMBOLS[expr.func][1]))]
    return None


def _power(expr: sympy.Expr, identity: Mapping[str, int], op: Any) -> list[Any] | None:
    """Small whole and half powers by squares, products, roots and quotients."""
    base, exponent = expr.args
    twice = 2 * exponent
    inner = _nodes(base, identity, op)
    if inner is None or not twice.is_number or not sympy.Rational(twice).is_Integer or not 0 < abs(twice) <= 8:
        return None
    types, count = op.NodeType, abs(int(twice))
    factors = [[*inner, op.Node(types.Square)]] * (count // 4) + [inner] * (count % 4 // 2)
    factors += [[*inner, op.Node(types.Sqrt)]] * (count % 2)
    nodes = list(factors[0])
    for factor in factors[1:]:
        nodes = [*factor, *nodes, op.Node(types.Mul)]
    return [*nodes, op.Node.Constant(1.0), op.Node(types.Div)] if twice < 0 else nodes
