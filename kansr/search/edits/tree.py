"""Formulas as nested tuples, which are rebuilt thousands of times a second; sympy is asked only about the best ones.

A node is ("x", place of the input), ("c", value) for a constant that is fitted, ("n", numerator, denominator), ("pi",),
("+", term, …), ("*", factor, …), ("^", base, exponent), or (name of a function, argument).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy

from kansr.numeric.tolerances import LARGEST_LOG

Tree = tuple[Any, ...]

FUNCTIONS: dict[str, Any] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "Abs": sympy.Abs,
}
LEAVES = ("x", "c", "n", "pi")
ZERO: Tree = ("n", 0, 1)
ONE: Tree = ("n", 1, 1)
MINUS: Tree = ("n", -1, 1)
REMEMBERED = 100_000  # trees whose order is known
LARGEST_POWER = 12  # of a number that is worked out


def number(value: Fraction | int) -> Tree:
    value = Fraction(value)
    return ("n", value.numerator, value.denominator)


def constant(value: float) -> Tree:
    return ("c", float(value))


def is_number(tree: Tree) -> bool:
    return tree[0] == "n" or tree[0] == "c"


def value_of(tree: Tree) -> float:
    """The value of a number."""
    return float(tree[1]) if tree[0] == "c" else tree[1] / tree[2]


def _order(tree: Tree) -> tuple[Any, ...]:
    """A key that sorts any trees; constants of a form sort alike, whatever their values."""
    if tree[0] == "c":
        return ("c",)
    if tree[0] == "n":
        return ("n", tree[1] / tree[2])
    if tree[0] in LEAVES:
        return tree
    return (tree[0], len(tree), tuple(map(_order, tree[1:])))


@lru_cache(maxsize=REMEMBERED)
def _key(tree: Tree) -> str:
    return repr(_order(tree))


def _sum_of_numbers(numbers: Sequence[Tree]) -> Tree:
    if len(numbers) == 1:
        return numbers[0]
    if any(n[0] == "c" for n in numbers):
        return constant(math.fsum(map(value_of, numbers)))
    return number(sum((Fraction(n[1], n[2]) for n in numbers), Fraction(0)))


def _product_of_numbers(numbers: Sequence[Tree]) -> Tree:
    if len(numbers) < 2:
        return numbers[0] if numbers else ONE
    if any(n == ZERO for n in numbers):
        return ZERO
    if any(n[0] == "c" for n in numbers):
        return constant(math.prod(map(value_of, numbers)))
    return number(math.prod((Fraction(n[1], n[2]) for n in numbers), start=Fraction(1)))


def coefficient(term: Tree) -> tuple[Tree, Tree]:
    """The number in front of a term, and the rest."""
    if is_number(term):
        return term, ONE
    if term[0] == "*" and is_number(term[1]):
        return term[1], (term[2] if len(term) == 3 else ("*", *term[2:]))
    return ONE, term


def add(*terms: Tree) -> Tree:
    """The sum, with like terms together; the number comes last."""
    flat: list[Tree] = []
    for term in terms:
        flat.extend(term[1:] if term[0] == "+" else [term])
    like: dict[Tree, list[Tree]] = {}
    for term in flat:
        factor, rest = coefficient(term)
        like.setdefault(rest, []).append(factor)
    made = []
    offset = ZERO
    for rest, factors in like.items():
        total = _sum_of_numbers(factors)
        if rest == ONE:
            offset = total
        elif total != ZERO:
            made.append(mul(total, rest))
    made.sort(key=_key)
    if offset != ZERO or not made:
        made.append(offset)
    return made[0] if len(made) == 1 else ("+", *made)


def mul(*factors: Tree) -> Tree:
    """The product, with powers of one base together; the number comes first. No float is redundant."""
    flat: list[Tree] = []
    for factor in factors:
        flat.extend(factor[1:] if factor[0] == "*" else [factor])
    numbers: list[Tree] = []
    powers: dict[Tree, list[Tree]] = {}
    exponentials: list[Tree] = []
    for factor in flat:
        if is_number(factor):
            numbers.append(factor)
        elif factor[0] == "exp":
            exponentials.append(factor[1])
        elif factor[0] == "^":
            powers.setdefault(factor[1], []).append(factor[2])
        else:
            powers.setdefault(factor, []).append(ONE)
    made = []
    for base, exponents in powers.items():
        made.append(power(base, add(*exponents) if len(exponents) > 1 else exponents[0]))
    if exponentials:
        made.append(exp(add(*exponentials)))
    rest: list[Tree] = []
    for one in made:
        parts = one[1:] if one[0] == "*" else (one,)
        for part in parts:
            (numbers if is_number(part) else rest).append(part)
    scale = _product_of_numbers(numbers)
    if scale == ZERO:
        return ZERO
    unscaled = []
    for one in rest:
        taken, part = _unscaled(one)
        if taken is not None:
            scale = constant(value_of(scale) * taken)
        unscaled.append(part)
    unscaled.sort(key=_key)
    if not unscaled:
        return scale
    if scale != ONE:
        unscaled.insert(0, scale)
    return unscaled[0] if len(unscaled) == 1 else ("*", *unscaled)


def _scalable(tree: Tree) -> bool:
    """Whether all terms of a sum, or of the sum that a power is of, have a constant that is fitted."""
    total = tree[1] if tree[0] == "^" else tree
    return total[0] == "+" and all(coefficient(term)[0][0] == "c" for term in total[1:])


def _unscaled(tree: Tree) -> tuple[float | None, Tree]:
    """A factor of a product with its scale taken out, which the constant in front takes up; None where it has none."""
    if not _scalable(tree):
        return None, tree
    total, exponent = (tree[1], tree[2]) if tree[0] == "^" else (tree, ONE)
    if exponent[0] not in "nc":
        return None, tree
    scale = value_of(coefficient(total[-1])[0])
    if scale == 0:
        return None, tree
    whole = exponent[0] == "n" and exponent[2] == 1
    scale = scale if whole else abs(scale)
    terms = []
    for place, term in enumerate(total[1:], 1):
        factor, rest = coefficient(term)
        now = value_of(factor) / scale
        unit = place == len(total) - 1
        terms.append(rest if unit and now > 0 else mul(MINUS if unit else constant(now), rest))
    made = add(*terms)
    taken = _power_of_constant(constant(scale), exponent)[1] if scale > 0 else scale ** value_of(exponent)
    return taken, made if exponent == ONE else power(made, exponent)


def power(base: Tree, exponent: Tree) -> Tree:
    """The power; of a product factor by factor where the exponent is whole."""
    if exponent == ZERO or base == ONE:
        return ONE
    if exponent == ONE:
        return base
    whole = exponent[0] == "n" and exponent[2] == 1
    if base[0] == "n" and whole and abs(exponent[1]) <= LARGEST_POWER and base != ZERO:
        return number(Fraction(base[1], base[2]) ** exponent[1])
    if base[0] == "c" and is_number(exponent) and base[1] > 0:
        return _power_of_constant(base, exponent)
    if base[0] == "exp":
        return exp(mul(exponent, base[1]))
    if base[0] == "Abs" and whole and exponent[1] % 2 == 0:
        return power(base[1], exponent)
    if base[0] == "^" and whole:
        return power(base[1], mul(base[2], exponent))
    if base[0] == "*" and whole:
        return mul(*(power(factor, exponent) for factor in base[1:]))
    if base[0] == "*" and is_number(exponent) and base[1][0] == "c" and base[1][1] > 0:
        return mul(_power_of_constant(base[1], exponent), power(coefficient(base)[1], exponent))
    return ("^", base, exponent)


def _power_of_constant(base: Tree, exponent: Tree) -> Tree:
    try:
        return constant(base[1] ** value_of(exponent))
    except OverflowError:
        return constant(math.inf)


def exp(argument: Tree) -> Tree:
    """The exponential; a constant in a sum becomes a factor, that of a multiple of a logarithm is a power."""
    if argument == ZERO:
        return ONE
    if argument[0] == "c":
        return constant(_exp(argument[1]))
    if argument[0] == "+" and argument[-1][0] == "c":
        rest = argument[1] if len(argument) == 3 else ("+", *argument[1:-1])
        return mul(constant(_exp(argument[-1][1])), ("exp", rest))
    if argument[0] == "*":
        logs = [factor for factor in argument[1:] if factor[0] == "log"]
        if len(logs) == 1:
            return power(logs[0][1], mul(*(factor for factor in argument[1:] if factor is not logs[0])))
    return ("exp", argument)


def _exp(value: float) -> float:
    """exp, without an overflow or a 0, from which nothing comes back."""
    return math.exp(max(min(value, LARGEST_LOG), -LARGEST_LOG))


def log(argument: Tree) -> Tree:
    """The logarithm; a constant in a product becomes a term."""
    if argument == ONE:
        return ZERO
    if argument[0] == "exp":
        return argument[1]
    if argument[0] == "c" and argument[1] > 0:
        return constant(math.log(argument[1]))
    factor, rest = coefficient(argument)
    if factor[0] == "c" and factor[1] > 0 and rest != ONE:
        return add(log(rest), constant(math.log(factor[1])))
    if _scalable(argument):
        taken, rest = _unscaled(argument)
        if taken is not None and taken > 0:
            return add(("log", rest), constant(math.log(taken)))
    return ("log", argument)


def function(name: str, argument: Tree) -> Tree:
    if name == "exp":
        return exp(argument)
    if name == "log":
        return log(argument)
    if argument[0] == "c" or (name == "Abs" and argument[0] == "exp"):
        return argument
    return (name, argument)


def made(kind: str, args: Sequence[Tree]) -> Tree:
    """A node of this kind with these arguments, in canonical form."""
    if kind == "+":
        return add(*args)
    if kind == "*":
        return mul(*args)
    if kind == "^":
        return power(args[0], args[1])
    return function(kind, args[0])


def args_of(tree: Tree) -> tuple[Tree, ...]:
    return () if tree[0] in LEAVES else tree[1:]


def nodes(tree: Tree) -> Iterator[Tree]:
    """Every node, a node before its arguments, in order."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        if node[0] not in LEAVES:
            left.extend(reversed(node[1:]))


def size(tree: Tree) -> int:
    return 1 + sum(map(size, args_of(tree)))


def constants(tree: Tree) -> list[float]:
    """The values of the fitted constants, in order."""
    return [node[1] for node in nodes(tree) if node[0] == "c"]


def with_constants(tree: Tree, values: Sequence[float]) -> Tree:
    """The same form with other values, in the same order; not made canonical again."""
    left = iter(values)

    def replaced(node: Tree) -> Tree:
        if node[0] == "c":
            return ("c", float(next(left)))
        if node[0] in LEAVES:
            return node
        return (node[0], *map(replaced, node[1:]))

    return replaced(tree)


def form(tree: Tree) -> Tree:
    """The tree without the values of its constants."""
    if tree[0] == "c":
        return ("c",)
    return tree if tree[0] in LEAVES else (tree[0], *map(form, tree[1:]))


def rewritten(tree: Tree) -> Tree:
    """The tree in canonical form."""
    return tree if tree[0] in LEAVES else made(tree[0], [rewritten(arg) for arg in tree[1:]])


def replace_at(tree: Tree, path: Sequence[int], part: Tree) -> Tree:
    """The tree with another part at a path of places, made canonical on the way up."""
    if not path:
        return part
    args = [replace_at(arg, path[1:], part) if i == path[0] else arg for i, arg in enumerate(tree[1:])]
    return made(tree[0], args)


def replace_all(tree: Tree, old: Tree, new: Tree) -> Tree:
    """The tree with another part wherever one occurs."""
    if tree == old:
        return new
    return tree if tree[0] in LEAVES else made(tree[0], [replace_all(arg, old, new) for arg in tree[1:]])


def places(tree: Tree, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Tree]]:
    """Every node with its path."""
    yield path, tree
    for i, arg in enumerate(args_of(tree)):
        yield from places(arg, (*path, i))
