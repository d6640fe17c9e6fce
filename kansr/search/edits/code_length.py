"""The code length of a tree, as `complexity.bits` counts that of an expression."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from kansr.expression.complexity import (
    EXPRESSION_EXPONENT_BITS,
    NESTED_BITS,
    NUMBER_SYMBOL_BITS,
    OPERATOR_BITS,
    REFERENCE_BITS,
    Written,
    decimal_bits,
    exponent_bits,
    function_bits,
    input_bits,
    integer_bits,
)
from kansr.search.edits.tree import FUNCTIONS, LEAVES, MINUS, ONE, Tree


def bits(tree: Tree, bits_per_float: float, inputs: int) -> float:
    """The code length of a formula in bits, as `complexity.bits` counts it."""
    return _bits(tree, bits_per_float, inputs, Written())


def _bits(tree: Tree, bits_per_float: float, inputs: int, written: Written) -> float:
    """The length where some parts are written already; the formula and its parts are added to them."""
    kind = tree[0]
    part = _size(tree) if kind in "cn" else tree
    if part in written.parts:
        return REFERENCE_BITS
    if kind not in LEAVES or kind == "c" or (kind == "n" and tree[2] != 1):
        written.parts.add(part)
    if kind == "c":
        return min(bits_per_float, decimal_bits(tree[1]))
    if kind == "n":
        return integer_bits(tree[1]) + (integer_bits(tree[2]) if tree[2] != 1 else 0.0)
    if kind == "x":
        return input_bits(inputs)
    if kind == "pi":
        return NUMBER_SYMBOL_BITS
    arguments = [arg for arg in tree[1:] if arg != MINUS]
    if kind in "+*":
        operator = OPERATOR_BITS * (len(tree) - 2)
    elif kind == "^" and tree[2][0] == "n":
        operator = OPERATOR_BITS + exponent_bits(tree[2][1], tree[2][2])
        return operator + _bits(tree[1], bits_per_float, inputs, written)
    elif kind == "^":
        operator = OPERATOR_BITS + EXPRESSION_EXPONENT_BITS
    else:
        operator = function_bits(FUNCTIONS[kind]) + (NESTED_BITS if tree[1][0] in FUNCTIONS else 0.0)
    if kind == "*":
        powers: dict[Any, Fraction] = {}
        for arg in tuple(arguments):
            base, exponent = arg[1:] if arg[0] == "^" and arg[2][0] == "n" else (arg, ONE)
            if base[0] == "x":
                powers[base] = Fraction(exponent[1], exponent[2])
                arguments.remove(arg)
        operator += sum(_bits(arg, bits_per_float, inputs, written) for arg in arguments)
        return operator + written.product_bits(powers, input_bits(inputs))
    return operator + sum(_bits(arg, bits_per_float, inputs, written) for arg in arguments)


def _size(number: Tree) -> float:
    """The size of a number, whatever its sign."""
    return abs(float(number[1])) if number[0] == "c" else abs(float(Fraction(number[1], number[2])))
