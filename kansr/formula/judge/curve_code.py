"""The length of a sum of well-known curves, each by its place in a table and its constants.

Node by node a logistic function costs more than twice as much as a parabola, though measured curves are as often one
as the other. So a term of one input that is in the table may also be written as its number there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from functools import cache
from itertools import chain

import sympy

from kansr.expression.complexity import OPERATOR_BITS, REFERENCE_BITS, bits
from kansr.expression.parse import parse

# The curves that growth, decay, saturation, peaks, resonances and waves are written with, any number standing for any.
CURVES = (
    "exp(2.5*x)", "x**2.5", "log(x)", "log(x + 2.5)", "1/(x + 2.5)", "(x + 2.5)**3.5", "(x + 2.5)**2",
    "x**2.5*exp(3.5*x)",
    "sqrt(x + 2.5)", "cos(2.5*x)", "cos(2.5*x + 3.5)", "exp(2.5*x)*cos(3.5*x + 4.5)", "cos(2.5*x**2 + 3.5*x + 4.5)",
    "exp(-2.5*(x - 3.5)**2)",
    "1/(1 + 2.5*(x - 3.5)**2)", "(1 + 2.5*(x - 3.5)**2)**-4.5", "exp(-2.5*(log(x) - 3.5)**2)",
    "1/(1 + 2.5*exp(-3.5*x))", "(1 + 2.5*exp(-3.5*x))**-4.5",
    "(1 - 2.5*exp(-3.5*x))**2", "(1 - 2.5*exp(-3.5*x))**4.5", "exp(-2.5*exp(-3.5*x))", "log(1 + 2.5*exp(3.5*x))",
    "1/(1 + 2.5*x**3.5)", "exp(-2.5*x**3.5)", "log(1 + 2.5*x**3.5)", "x/(x + 2.5)", "atan(2.5*x + 3.5)",
    "tanh(2.5*x + 3.5)",
    "1/((x**2 - 2.5)**2 + 3.5*x**2)", "1/sqrt((x**2 - 2.5)**2 + 3.5*x**2)",
)  # fmt: skip

# A place in the table, and two bits that say that one follows instead of an operator.
CURVE_BITS = math.log2(len(CURVES)) + 2.0

PLACED = ("x", "log(x)")  # what has a place on an axis, which may be on either side of 0

SHAPED_EXPONENTS = {-2: "-2", -1: "-1", 2: "2", sympy.Rational(1, 2): "1/2", sympy.Rational(-1, 2): "-1/2"}


def curve_bits(expr: sympy.Expr, bits_per_float: float) -> float:
    """The length of an expression of one input in bits: node by node, or with terms of the table by their place.

    A number that a term before has is written once, as everywhere.
    """
    terms = sympy.Add.make_args(sympy.expand_mul(expr) if expr.is_Mul else expr)
    by_terms = OPERATOR_BITS * (len(terms) - 1)
    written: set[sympy.Expr] = set()
    for term in terms:
        numbers = set(_numbers(term))
        by_terms += _term_bits(term, numbers, written, bits_per_float)
        written |= numbers
    return min(bits(expr, bits_per_float), by_terms)


def _term_bits(term: sympy.Expr, numbers: Set[sympy.Expr], written: Set[sympy.Expr], bits_per_float: float) -> float:
    by_nodes = bits(term, bits_per_float)
    if shape(term) not in _shapes():
        return by_nodes
    of_numbers = (REFERENCE_BITS if n in written else bits(n, bits_per_float) for n in numbers)
    return min(by_nodes, CURVE_BITS + sum(of_numbers))


def _numbers(expr: sympy.Expr) -> Iterator[sympy.Expr]:
    """The numbers of a term, up to their sign, but those that belong to its shape."""
    if expr.is_number:
        if abs(expr) != 1:
            yield abs(expr)
    elif expr.is_Mul or expr.is_Add:
        of_numbers, others = expr.as_independent(*expr.free_symbols, as_Add=expr.is_Add)
        parts = sympy.Add.make_args(others) if expr.is_Add else sympy.Mul.make_args(others)
        yield from chain(*map(_numbers, (of_numbers, *parts)))
    elif expr.is_Pow and expr.exp in SHAPED_EXPONENTS and not expr.base.is_Symbol:
        yield from _numbers(expr.base)
    else:
        yield from chain(*map(_numbers, expr.args))


@cache
def _shapes() -> frozenset[str]:
    return frozenset(shape(parse(text)) for text in CURVES)


def shape(expr: sympy.Expr) -> str:
    """The expression without its factors and numbers, but for whether a number is added: c·exp(a·x + b) is exp(x).

    Peaks and growth are exponentials of what is negative, and inverses of sums of what is positive: exp(x**2) has
    another shape than exp(-x**2), and 1/(1 - exp(-x)) than 1/(1 + exp(-x)).
    """
    if expr.is_number:
        return "n"
    if expr.is_Symbol:
        return "x"
    if expr.is_Mul:
        factors = sorted(shape(factor) for factor in expr.args if not factor.is_number)
        return factors[0] if len(factors) == 1 else f"*({','.join(factors)})"
    if expr.is_Add:
        return f"{'differing ' if _differ(expr) else ''}+({','.join(sorted({shape(term) for term in expr.args}))})"
    if expr.is_Pow and expr.exp.is_number:
        return f"^({shape(expr.base)},{SHAPED_EXPONENTS.get(expr.exp, 'p') if not expr.base.is_Symbol else 'p'})"
    arguments = [shape(arg) for arg in expr.args]
    if expr.func == sympy.exp and arguments[0].startswith("+(n,") and arguments[0].count(",") == 1:
        arguments = [arguments[0][4:-1]]
    rising = expr.func == sympy.exp and arguments[0] != "x" and expr.args[0].as_coeff_Mul()[0] > 0
    return f"{'rising ' if rising else ''}{expr.func.__name__}({','.join(sorted(arguments))})"


def _differ(expr: sympy.Add) -> bool:
    """Whether a number is added to what has the other sign; that of x itself, and of its logarithm, may be either."""
    number, others = expr.as_independent(*expr.free_symbols, as_Add=True)
    terms = (term for term in sympy.Add.make_args(others) if shape(term) not in PLACED)
    return any(number * term.as_coeff_Mul()[0] < 0 for term in terms)
