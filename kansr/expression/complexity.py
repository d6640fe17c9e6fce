"""How long an expression is: complexity in nodes, and code length in bits."""

from __future__ import annotations

import math
from typing import Any

import sympy

# Nodes that a function counts for. Common functions count one, as an operator does, and rarer ones two.
FUNCTION_WEIGHT = {sympy.exp: 1, sympy.log: 1, sympy.sin: 1, sympy.cos: 1, sympy.Abs: 1}
RARE_FUNCTION_WEIGHT = 2
# Code lengths in bits. 2 bits tell four operators apart, 3 bits eight functions (a rarer one costs twice that).
# SYMBOL_BITS say that an input or a constant follows; REFERENCE_BITS refer to a number that was written before.
OPERATOR_BITS, FUNCTION_BITS, SYMBOL_BITS, REFERENCE_BITS = 2.0, 3.0, 2.0, 3.0
# Of a function whose whole argument is another one, exp(cos(x)): none of the 322 arguments in the shipped laws is one,
# while one in 25 other nodes is a function; results/2026-11-29-code-lengths.
NESTED_BITS = 4.0
NUMBER_SYMBOL_BITS = SYMBOL_BITS + 1.0  # pi
POINT_BITS = 8.0  # of a decimal, beside its digits: one of 256 places of the point


def complexity(expr: sympy.Expr) -> int:
    """Nodes of the expression tree as it is printed; fewer is simpler. a/b has three, sqrt(a) two, -a in a sum one."""
    if expr.is_Rational and not expr.is_Integer:
        return 3
    if not expr.args:
        return 1
    if expr.is_Mul:
        sign, factors = _factors(expr)
        nodes = sum(complexity(1 / f if _is_division(f) and len(factors) > 1 else f) for f in factors)
        return nodes + len(factors) - 1 + (1 if sign < 0 and len(factors) == 1 else 0)
    if expr.is_Add:
        return sum(complexity(_unsigned(term)) for term in expr.args) + len(expr.args) - 1
    if expr.is_Pow:
        base, exponent = expr.as_base_exp()
        if base is sympy.E:
            return 1 + complexity(exponent)
        if exponent.is_Rational and exponent < 0:
            return 2 + complexity(base**-exponent)
        if abs(exponent) == sympy.Rational(1, 2):
            return 1 + complexity(base)
        return (
            1 + complexity(base) + (1 if exponent.is_Integer else 2 if exponent.is_Rational else complexity(exponent))
        )
    return FUNCTION_WEIGHT.get(expr.func, RARE_FUNCTION_WEIGHT) + sum(complexity(arg) for arg in expr.args)


def bits(expr: sympy.Expr, bits_per_float: float, inputs: int = 1) -> float:
    """The length of a prefix code for the expression, in bits; less is simpler.

    bits_per_float: what a fitted number costs, by the precision to which the data determine it (Rissanen 1978); inf for
    the decimals as they are written. inputs: how many inputs there are to choose from.
    Whole numbers cost twice their binary length (Elias' gamma code, 1975). A number that occurs more than once is
    written once and referred to afterwards.
    """
    first: set[sympy.Expr] = set()
    saved = 0.0
    for node in sympy.preorder_traversal(expr):
        if node.is_Float or (node.is_Rational and not node.is_Integer):
            if abs(node) in first:
                saved += max(_bits(node, bits_per_float, inputs) - REFERENCE_BITS, 0.0)
            first.add(abs(node))
    return _bits(expr, bits_per_float, inputs) - saved


def _bits(expr: sympy.Expr, bits_per_float: float, inputs: int) -> float:
    if expr.is_Float:
        return min(bits_per_float, decimal_bits(float(expr)))
    if expr.is_Rational:
        return integer_bits(int(expr.p)) + (integer_bits(int(expr.q)) if expr.q != 1 else 0.0)
    if not expr.args:
        return input_bits(inputs) if expr.is_Symbol else NUMBER_SYMBOL_BITS
    operator = function_bits(expr.func)
    if expr.is_Add or expr.is_Mul:
        operator = OPERATOR_BITS * (len(expr.args) - 1)
    elif expr.is_Pow and expr.exp.is_Rational:
        return OPERATOR_BITS + exponent_bits(expr.exp.p, expr.exp.q) + _bits(expr.base, bits_per_float, inputs)
    elif expr.is_Pow:
        operator = OPERATOR_BITS
    elif any(arg.is_Function for arg in expr.args):
        operator += NESTED_BITS
    arguments = [arg for arg in expr.args if arg is not sympy.S.NegativeOne]
    return operator + sum(_bits(arg, bits_per_float, inputs) for arg in arguments)


def decimal_bits(value: float) -> float:
    """The code length of a decimal in bits: its significant digits and the place of its point."""
    return POINT_BITS + math.log2(10) * len(f"{value!r}".split("e")[0].replace(".", "").strip("-0"))


def input_bits(inputs: int) -> float:
    """The code length of one of so many inputs, in bits."""
    return SYMBOL_BITS + math.log2(max(inputs, 1))


def function_bits(function: Any) -> float:
    """The code length of the name of a function, a class of sympy, in bits."""
    return FUNCTION_BITS * FUNCTION_WEIGHT.get(function, RARE_FUNCTION_WEIGHT)


def exponent_bits(p: int, q: int) -> float:
    """The code length of an exponent p/q in bits. Those of laws are small, so it is shorter than gamma: log2|p·q|."""
    return 1.0 + math.log2(abs(p) * q) + (1.0 if p < 0 else 0.0)


def integer_bits(n: int) -> float:
    """The code length of a whole number in bits."""
    return 1.0 + 2.0 * math.log2(abs(n) + 1)


def _factors(expr: sympy.Mul) -> tuple[int, list[sympy.Expr]]:
    """The sign and the factors as they are printed, numerator first, so that 1/2*x counts like x/2."""
    coefficient, rest = expr.as_coeff_mul()
    sign = -1 if coefficient.is_negative else 1
    parts = list(rest)
    coefficient = abs(coefficient)
    if coefficient.is_Rational and not coefficient.is_Float:
        parts += [n for n in (coefficient.p, 1 / sympy.Integer(coefficient.q)) if n != 1]
    elif coefficient != 1:
        parts.append(coefficient)
    return sign, [sympy.S(part) if isinstance(part, int) else part for part in parts]


def _is_division(factor: sympy.Expr) -> bool:
    if factor.is_Rational:
        return bool(factor < 1 and factor.p == 1)
    return bool(factor.is_Pow and factor.exp.is_Rational and factor.exp.is_negative)


def _unsigned(term: sympy.Expr) -> sympy.Expr:
    return -term if term.could_extract_minus_sign() else term
