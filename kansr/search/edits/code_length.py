"""The code length of a tree, as `complexity.bits` counts that of an expression."""

from __future__ import annotations

from fractions import Fraction

from kansr.expression.complexity import (
    NESTED_BITS,
    NUMBER_SYMBOL_BITS,
    OPERATOR_BITS,
    REFERENCE_BITS,
    decimal_bits,
    exponent_bits,
    function_bits,
    input_bits,
    integer_bits,
)
from kansr.search.edits.tree import FUNCTIONS, MINUS, Tree, nodes


def bits(tree: Tree, bits_per_float: float, inputs: int) -> float:
    """The code length of a formula in bits, as `complexity.bits` counts it."""
    met: set[float | Fraction] = set()
    saved = 0.0
    for node in nodes(tree):
        if node[0] == "c" or (node[0] == "n" and node[2] != 1):
            size = abs(node[1]) if node[0] == "c" else abs(Fraction(node[1], node[2]))
            if size in met:
                saved += max(_bits(node, bits_per_float, inputs) - REFERENCE_BITS, 0.0)
            met.add(size)
    return _bits(tree, bits_per_float, inputs) - saved


def _bits(tree: Tree, bits_per_float: float, inputs: int) -> float:
    kind = tree[0]
    if kind == "c":
        return min(bits_per_float, decimal_bits(tree[1]))
    if kind == "n":
        return integer_bits(tree[1]) + (integer_bits(tree[2]) if tree[2] != 1 else 0.0)
    if kind == "x":
        return input_bits(inputs)
    if kind == "pi":
        return NUMBER_SYMBOL_BITS
    parts = sum(_bits(arg, bits_per_float, inputs) for arg in tree[1:] if arg != MINUS)
    if kind in "+*":
        return OPERATOR_BITS * (len(tree) - 2) + parts
    if kind == "^":
        exponent = tree[2]
        if exponent[0] != "n":
            return OPERATOR_BITS + parts
        return OPERATOR_BITS + exponent_bits(exponent[1], exponent[2]) + _bits(tree[1], bits_per_float, inputs)
    nested = NESTED_BITS if tree[1][0] in FUNCTIONS else 0.0
    return function_bits(FUNCTIONS[kind]) + nested + parts
