"""How long an expression is: complexity in nodes, and code length in bits."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import sympy

# Nodes that a function counts for. Common functions count one, as an operator does, and rarer ones two.
FUNCTION_WEIGHT = {sympy.exp: 1, sympy.log: 1, sympy.sin: 1, sympy.cos: 1, sympy.Abs: 1}
RARE_FUNCTION_WEIGHT = 2
# Code lengths in bits: -log2 of how often nodes of each kind occur in the shipped laws, whose operators and inputs have
# two bits (`python benchmarks/statistics/code_lengths.py`). Exp, log, sin and cos have about one node in 120 each
# and rarer functions one in 1200 or fewer. SYMBOL_BITS say that an input or a constant follows; REFERENCE_BITS refer to
# a part that was written before.
OPERATOR_BITS, FUNCTION_BITS, RARE_FUNCTION_BITS, SYMBOL_BITS, REFERENCE_BITS = 2.0, 6.0, 10.0, 2.0, 3.0
EXPRESSION_EXPONENT_BITS = 4.0  # of an exponent that is no fraction: one power in 16 has an input or a decimal there
SIGN_BITS = 1.0  # of an exponent that is negative, or of a product that divides
# Of a function whose whole argument is another one, exp(cos(x)): none of the 322 arguments in the shipped laws is one,
# while one in 25 other nodes is a function; results/2026-11-29-code-lengths.
NESTED_BITS = 4.0
NUMBER_SYMBOL_BITS = 6.0  # pi: one node in 65
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


class Written:
    """What a code has written so far: parts, and products of powers of inputs, numbers aside."""

    def __init__(self) -> None:
        self.parts: set[Any] = set()
        self.products: list[dict[Any, Fraction]] = []

    def product_bits(self, powers: dict[Any, Fraction], of_input: float) -> float:
        """The length of the factors of a product that are powers of inputs, beside the signs of multiplication.

        powers: the exponent of each; of_input: the length of one input. Where they contain a product that was written,
        or one over it, they refer to it; the product is written afterwards.
        """
        if len(powers) > 1:
            known, self.products = self.products, [*self.products, powers]
            for product in sorted(known, key=len, reverse=True):
                for sign in (1, -1):
                    if all(powers.get(base) == sign * exponent for base, exponent in product.items()):
                        rest = {base: exponent for base, exponent in powers.items() if base not in product}
                        reference = REFERENCE_BITS + (SIGN_BITS if sign < 0 else 0.0)
                        return _powers_bits(rest, of_input) + reference - OPERATOR_BITS * (len(product) - 1)
        return _powers_bits(powers, of_input)


def _powers_bits(powers: dict[Any, Fraction], of_input: float) -> float:
    """The length of powers of inputs, beside the signs of multiplication."""
    signs = [OPERATOR_BITS + exponent_bits(e.numerator, e.denominator) for e in powers.values() if e != 1]
    return of_input * len(powers) + sum(signs)


def bits(expr: sympy.Expr, bits_per_float: float, inputs: int = 1) -> float:
    """The length of a prefix code for the expression, in bits; less is simpler.

    bits_per_float: what a fitted number costs, by the precision to which the data determine it (Rissanen 1978); inf for
    the decimals as they are written. inputs: how many inputs there are to choose from.
    Whole numbers cost twice their binary length (Elias' gamma code, 1975). A part that occurs more than once is written
    once and referred to afterwards: a number, an expression, or a product, which may also divide.
    """
    return _bits(expr, bits_per_float, inputs, Written())


def _bits(expr: sympy.Expr, bits_per_float: float, inputs: int, written: Written) -> float:
    """The length where some parts are written already; the expression and its parts are added to them."""
    part = abs(expr) if expr.is_Number else expr
    if part in written.parts:
        return REFERENCE_BITS
    if expr.args or (expr.is_Number and not expr.is_Integer):
        written.parts.add(part)
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
        operator = OPERATOR_BITS + exponent_bits(expr.exp.p, expr.exp.q)
        return operator + _bits(expr.base, bits_per_float, inputs, written)
    elif expr.is_Pow:
        operator = OPERATOR_BITS + EXPRESSION_EXPONENT_BITS
    elif any(arg.is_Function for arg in expr.args):
        operator += NESTED_BITS
    arguments = [arg for arg in expr.args if arg is not sympy.S.NegativeOne]
    if expr.is_Mul:
        powers = {}
        for arg in list(arguments):
            base, exponent = arg.as_base_exp()
            if base.is_Symbol and exponent.is_Rational:
                powers[base] = Fraction(int(exponent.p), int(exponent.q))
                arguments.remove(arg)
        # What stands in functions is written first: the product may be a multiple of their arguments.
        operator += sum(_bits(arg, bits_per_float, inputs, written) for arg in arguments)
        return operator + written.product_bits(powers, input_bits(inputs))
    return operator + sum(_bits(arg, bits_per_float, inputs, written) for arg in arguments)


def decimal_bits(value: float) -> float:
    """The code length of a decimal in bits: its significant digits and the place of its point."""
    return POINT_BITS + math.log2(10) * len(f"{value!r}".split("e")[0].replace(".", "").strip("-0"))


def input_bits(inputs: int) -> float:
    """The code length of one of so many inputs, in bits."""
    return SYMBOL_BITS + math.log2(max(inputs, 1))


def function_bits(function: Any) -> float:
    """The code length of the name of a function, a class of sympy, in bits."""
    return FUNCTION_BITS if FUNCTION_WEIGHT.get(function) == 1 else RARE_FUNCTION_BITS


def exponent_bits(p: int, q: int) -> float:
    """The code length of an exponent p/q in bits.

    In the shipped laws -1 has 1 bit, 2 has 2, 1/2 and -2 have 4, -1/2 has 5, and 3, 4, 1/3, 2/3 and 3/2 have 6 to 9.
    """
    return 1.0 + 2.0 * math.log2(abs(p) * q) + (SIGN_BITS if p < 0 else 0.0)


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
