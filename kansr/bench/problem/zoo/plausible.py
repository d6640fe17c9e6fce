"""What a law must be like for a table of it to be measured: defined, varying, and made of parts that are seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import sympy

from kansr.bench.problem.known_law import Variable, draw
from kansr.expression.complexity import complexity
from kansr.expression.evaluate import Tape, evaluate
from kansr.numeric.arrays import Array

ROWS, SEED = 1000, 23  # on which a law is looked at, beside the corners of its ranges
LEAST_VARIATION = 0.05  # standard deviation of the target over its rms: of the shipped laws 99 % have more
MOST_PEAKED = 100.0  # rms of the target over the median of its size: more, and all but a few rows are below any noise
LEAST_TERM = 1e-3  # rms of a term over that of its sum
LEAST_EFFECT = 1e-3  # rms change of the target, over its spread, when an input is held at its median
NEAREST = 0.01  # how near to 0 a sum in a denominator may come, over the median of its size
LARGEST = 1e100  # of the target and of its reciprocal: within it squares are finite
COMPLEXITY = (3, 60)  # nodes of laws: of the shipped ones 98 % have so many


def plausible(expr: sympy.Expr, variables: Sequence[Variable]) -> bool:
    """Whether an expression is a law that a table could be of."""
    if {symbol.name for symbol in expr.free_symbols} != {variable.name for variable in variables}:
        return False
    if not COMPLEXITY[0] <= complexity(expr) <= COMPLEXITY[1]:
        return False
    X = np.vstack([rows(variables), corners(variables)])
    with np.errstate(all="ignore"):
        return _varies(expr, variables, X) and _no_pole(expr, variables, X) and _all_matter(expr, variables, X[:ROWS])


def rows(variables: Sequence[Variable]) -> Array:
    """ROWS rows of the ranges, (rows, inputs)."""
    rng = np.random.default_rng(SEED)
    return np.column_stack([draw(variable, ROWS, rng) for variable in variables])


def corners(variables: Sequence[Variable]) -> Array:
    """The corners of the ranges, (2 ** inputs, inputs)."""
    return np.array(list(product(*((variable.low, variable.high) for variable in variables))))


def _varies(expr: sympy.Expr, variables: Sequence[Variable], X: Array) -> bool:
    """Whether the target is finite, also in the corners, varies, and is not a few rows only."""
    y = Tape(expr, tuple(v.name for v in variables)).value(X)
    if not np.isfinite(y).all() or np.max(np.abs(y)) > LARGEST:
        return False
    y = y[:ROWS]
    rms = float(np.sqrt(np.mean(np.square(y))))
    return bool(
        rms > 1 / LARGEST and np.std(y) > LEAST_VARIATION * rms and rms <= MOST_PEAKED * float(np.median(np.abs(y)))
    )


def _no_pole(expr: sympy.Expr, variables: Sequence[Variable], X: Array) -> bool:
    """Whether no denominator changes its sign, or comes near 0 where it is a sum."""
    columns = dict(zip((v.name for v in variables), X.T))
    for node in expr.atoms(sympy.Pow):
        if node.exp.could_extract_minus_sign() and node.base.free_symbols:
            base = evaluate(node.base, columns)
            near = NEAREST * float(np.median(np.abs(base))) if node.base.is_Add else 0.0
            if not (np.all(base > near) or np.all(base < -near)):
                return False
    return True


def _all_matter(expr: sympy.Expr, variables: Sequence[Variable], X: Array) -> bool:
    """Whether every input and every term of every sum is seen."""
    names = tuple(v.name for v in variables)
    return all(e > LEAST_EFFECT for e in effects(expr, names, X)) and all(
        s > LEAST_TERM for s in shares(expr, names, X)
    )


def effects(expr: sympy.Expr, names: tuple[str, ...], X: Array) -> Iterator[float]:
    """For each input, the rms change of the target over its spread when the input is held at its median."""
    tape = Tape(expr, names)
    y = tape.value(X)
    for column in range(X.shape[1]):
        held = X.copy()
        held[:, column] = np.median(X[:, column])
        change = tape.value(held) - y
        yield float(np.sqrt(np.mean(np.square(change[np.isfinite(change)]))) / np.std(y))


def shares(expr: sympy.Expr, names: tuple[str, ...], X: Array) -> Iterator[float]:
    """For each term of each sum with inputs, its rms over that of the sum."""
    columns = dict(zip(names, X.T))
    for node in sympy.preorder_traversal(expr):
        if node.is_Add and node.free_symbols:
            whole = float(np.sqrt(np.mean(np.square(evaluate(node, columns)))))
            for term in node.args:
                yield float(np.sqrt(np.mean(np.square(evaluate(term, columns))))) / whole
