"""Operon as a refiner, through pyoperon's scikit-learn estimator.

The settings are those that its authors submitted to SRBench (objectives r2 and length, population 1000, one
Levenberg-Marquardt iteration for each individual), with the elementary functions, and an epsilon small enough for exact
laws. Its numbers are of single precision: constants have to be fitted once more before a law can be exact.
Source: B. Burlacu, G. Kronberger and M. Kommenda 2020.
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
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.exactness import exact
from kansr.numeric.arrays import evenly_spaced_rows
from kansr.refinement.refiners.refiner import SECONDS, Allowance, Refiner, offers
from kansr.refinement.refiners.refiner import isolated as in_a_process
from kansr.result.candidate import Candidate

# None of the following has been measured alone; together: results/2026-11-27-operon-as-refiner.
DIGITS = 17  # significant digits of printed constants
ENDLESS = 2**31 - 1  # generations and evaluations: the time ends the search
CHUNKS = 5  # times that it says what it has so far
LEAST_SECONDS = 1.0  # it knows only whole seconds
POPULATION = 1000  # individuals
LENGTH = 50  # nodes of the longest formula
EPSILON = 1e-10  # difference of objectives that counts, as r²
SEEDED = 0.2  # share of the population that begins as the formulas to start from
ROWS = 1000  # rows at most that formulas evolve on
MARGIN = 0.08  # share of the time that is kept for what comes after the last generation
MAYBE_EXACT = 1e-9  # loss over the target's variance, up to which a formula in single precision may be an exact law
CLOSE = 1e-4  # loss over the target's variance: formulas that leave more are offered only where none leaves less
OFFERED = 8  # formulas that are offered at a time, the closest first
REFIT_ITERATIONS = 20  # Levenberg-Marquardt steps, from constants in single precision
MOST_TWICE_POWER = 8  # the largest power that is written with squares and roots, times two

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

    seconds: float = SECONDS
    seed: int = 0
    population: int = POPULATION
    length: int = LENGTH
    symbols: str = ",".join([*ARITHMETIC, *(symbol for symbol, _ in SYMBOLS.values())])


def isolated(allowance: Allowance) -> Refiner:
    """Operon in a process of its own."""
    import sklearn.metrics  # noqa: F401  what pyoperon imports is loaded once, not in every process

    config = OperonConfig(seconds=(1 - MARGIN) * allowance.seconds, seed=allowance.seed)
    return in_a_process(operon(config, allowance.guesses), allowance)


def operon(config: OperonConfig = OperonConfig(), guesses: Sequence[sympy.Expr] = ()) -> Refiner:
    """A refiner that evolves the candidate, the `guesses` and random formulas, until the time is up or a law is exact.

    Raises MissingExtra where pyoperon is not installed.
    """
    if find_spec("pyoperon") is None:
        raise MissingExtra("the refiner operon needs pyoperon: pip install 'kansr[operon]'")

    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        some = data.take(evenly_spaced_rows(data.rows, ROWS))
        seen: set[str] = set()
        for generation in evolve(some, config, (candidate.expr, *guesses)):
            texts = generation.closest(OFFERED)
            exprs = {text: read(text, data.names) for text in texts if text not in seen}
            seen.update(exprs)
            offered = [expr for expr in exprs.values() if expr is not None]
            yield from offers(offered, candidate, "operon")
            fits = (fit_constants(expr, some, iterations=REFIT_ITERATIONS) for expr in offered)
            if generation.error < MAYBE_EXACT and any(exact(fit, some) for fit in fits):
                return

    return refine


def read(text: str, names: Sequence[str]) -> sympy.Expr | None:
    """A formula as Operon prints it; None where the formula language lacks it."""
    try:
        return parse(text.replace("^", "**"), names=names, functions=READ)
    except FormulaError:
        return None


@dataclass(frozen=True)
class Generation:
    """best: the formula that Operon chooses by its BIC; front: (loss over the target's variance, formula) of others."""

    best: str
    front: tuple[tuple[float, str], ...] = field(default=())

    @property
    def error(self) -> float:
        """The least loss of the front over the target's variance; less is better."""
        return min((error for error, _ in self.front), default=math.inf)

    def closest(self, count: int) -> list[str]:
        """The best formula, and the `count` with the least loss."""
        ranked = sorted((row for row in self.front if math.isfinite(row[0])), key=lambda row: row[0])
        good = [text for error, text in ranked if error < CLOSE] or [text for _, text in ranked]
        return list(dict.fromkeys([self.best, *good[:count]]))


def evolve(
    data: Dataset, config: OperonConfig, guesses: Iterable[sympy.Expr] = (), chunks: int = CHUNKS
) -> Iterator[Generation]:
    """What Operon has after each of `chunks` equal parts of its time, but whole seconds at least."""
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
        epsilon=EPSILON,
        model_selection_criterion="bayesian_information_criterion",
        n_threads=1,
        random_state=config.seed,
        warm_start=True,
    )
    trees = list(guesses)
    if trees:
        regressor.fit(data.X, data.y)
        _seed_population(regressor, data, trees, config)
    count = 0
    while not count or end - time.monotonic() >= LEAST_SECONDS:
        count += 1
        seconds = max(int(min(config.seconds / chunks, end - time.monotonic())), 1)
        # Another seed: with the same random numbers the offspring would be the same.
        regressor.set_params(generations=ENDLESS, max_time=seconds, random_state=config.seed + count - 1)
        regressor.fit(data.X, data.y)
        yield _generation(regressor, data)


def _generation(regressor: Any, data: Dataset) -> Generation:
    def text(tree: Any) -> str:
        return str(regressor.get_model_string(tree, DIGITS, list(data.names)))

    variance = float(np.var(data.y)) or 1.0
    front = sorted(regressor.pareto_front_, key=lambda solution: solution["length"])
    rows = tuple((float(solution["mean_squared_error"]) / variance, text(solution["tree"])) for solution in front)
    return Generation(text(regressor.model_), rows)


def _seed_population(regressor: Any, data: Dataset, exprs: Sequence[sympy.Expr], config: OperonConfig) -> None:
    """Puts formulas into the population in place of random ones, each several times, if Operon can express them."""
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
        individual.SetFitness(-_r_squared(regressor.evaluate_model(tree, data.X), data.y), 0)
        individual.SetFitness(float(tree.Length), 1)


def _r_squared(values: np.ndarray, y: np.ndarray) -> float:
    """The squared correlation, Operon's objective up to its sign. values, y: (rows,)"""
    with np.errstate(all="ignore"):
        r = float(np.corrcoef(values, y)[0, 1])
    return r * r if math.isfinite(r) else 0.0


def _nodes(expr: sympy.Expr, identity: Mapping[str, int], op: Any) -> list[Any] | None:
    """The formula in Operon's postfix order, the last argument first; None where Operon lacks a function or power."""
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
    if (
        inner is None
        or not twice.is_number
        or not sympy.Rational(twice).is_Integer
        or not 0 < abs(twice) <= MOST_TWICE_POWER
    ):
        return None
    types, count = op.NodeType, abs(int(twice))
    factors = [[*inner, op.Node(types.Square)]] * (count // 4) + [inner] * (count % 4 // 2)
    factors += [[*inner, op.Node(types.Sqrt)]] * (count % 2)
    nodes = list(factors[0])
    for factor in factors[1:]:
        nodes = [*factor, *nodes, op.Node(types.Mul)]
    return [*nodes, op.Node.Constant(1.0), op.Node(types.Div)] if twice < 0 else nodes
