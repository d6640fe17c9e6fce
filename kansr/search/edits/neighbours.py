"""Edits of a formula that follow from its shape: parts dropped, raised, exchanged; other forms of the same function."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from kansr.search.edits.tree import (
    LEAVES,
    MINUS,
    ONE,
    Tree,
    add,
    coefficient,
    constant,
    exp,
    function,
    is_number,
    log,
    made,
    mul,
    number,
    places,
    power,
    replace_at,
    value_of,
)

HALF = Fraction(1, 2)
NEW_TERM, NEW_FACTOR = 0.1, 1.01  # where constants that change little start from; the fit moves them
LARGEST_PLAIN = 2  # size and denominator of an exponent that was hardly fitted to the rows
PLAIN_POWERS = (-1, 2, HALF, -HALF)
BOX_COX = (Fraction(1), Fraction(-1), HALF, -HALF)  # p for which (u**p − 1)/p stands in the place of log(u)
WRAPS = ("exp", "log", "sqrt", "square", "inverse", "sin", "cos", "tanh")
SATURATING = ("tanh", "atan", "sin")
SWAPS = ("exp", "log", "sin", "cos", "tanh", "atan", "sinh", "asin", "acos")


def wrapped(name: str, tree: Tree) -> Tree:
    if name == "sqrt":
        return power(tree, number(HALF))
    if name == "square":
        return power(tree, number(2))
    if name == "inverse":
        return power(tree, MINUS)
    return function(name, tree)


def shorter(tree: Tree) -> Iterator[Tree]:
    """The tree without a term, factor or function; with a part in place of the whole, or a constant in its place."""
    for path, node in places(tree):
        kind = node[0]
        if kind in LEAVES:
            continue
        if kind in "+*":
            parts = node[1:]
            for i in range(len(parts)):
                rest = parts[:i] + parts[i + 1 :]
                yield replace_at(tree, path, made(kind, rest))
                if len(parts) > 2 and not is_number(parts[i]):
                    yield replace_at(tree, path, parts[i])
            if len(parts) > 3:
                for i, j in combinations(range(len(parts)), 2):
                    yield replace_at(tree, path, made(kind, [p for k, p in enumerate(parts) if k not in (i, j)]))
        elif kind == "^":
            yield replace_at(tree, path, node[1])
        else:
            yield replace_at(tree, path, node[1])
        if path:
            yield replace_at(tree, path, constant(1.0))


def freed(tree: Tree) -> Tree:
    """The tree with constants for the whole numbers and fractions that products have in front.

    They were constants once, and what was rounded beside one part is another number beside the next.
    """
    if tree[0] in LEAVES:
        return tree
    args = [freed(arg) for arg in tree[1:]]
    if tree[0] == "*" and args[0][0] == "n" and args[0] != MINUS:
        args[0] = constant(value_of(args[0]))
    return made(tree[0], args)


def exponents(tree: Tree) -> Iterator[Tree]:
    """Free exponents for inputs and brackets, and near ones for those that there are."""
    for path, node in places(tree):
        if node[0] == "^" and is_number(node[2]):
            value = value_of(node[2])
            if node[2][0] == "n":
                yield replace_at(tree, path, ("^", node[1], constant(value)))
                for step in (1, -1, HALF, -HALF):
                    yield replace_at(tree, path, power(node[1], number(Fraction(node[2][1], node[2][2]) + step)))
                yield replace_at(tree, path, power(node[1], number(-Fraction(node[2][1], node[2][2]))))
                if node[2][2] > 2:
                    for q in (1, 2):
                        yield replace_at(tree, path, power(node[1], number(Fraction(round(value * q), q))))
            else:
                for q in (1, 2, 3, 4):
                    near = Fraction(round(value * q), q)
                    yield replace_at(tree, path, power(node[1], number(near)))
        elif node[0] in ("x", "+") and path:
            yield replace_at(tree, path, ("^", node, constant(1.0)))
            for p in PLAIN_POWERS:
                yield replace_at(tree, path, power(node, number(p)))


def tied(tree: Tree, means: Sequence[float]) -> Iterator[Tree]:
    """Power products in which the exponents are multiples of one input, as (u·√v)**n: all, or those that are not 1.

    means: of the inputs. The number in front and the power of that input become a number to its power, so that the
    product is as large as before where the input is at its mean.
    """
    for path, node in places(tree):
        if node[0] != "*":
            continue
        powers = [(base, p) for base, p in map(_base_and_exponent, node[1:]) if is_number(p)]
        kept = [factor for factor in node[1:] if not is_number(_base_and_exponent(factor)[1])]
        for j, mean in enumerate(means):
            of_others = [(base, p) for base, p in powers if not is_number(base) and base != ("x", j)]
            sizes = [value_of(base) ** value_of(p) for base, p in powers if is_number(base)]
            sizes += [mean ** value_of(p) for base, p in powers if base == ("x", j) and mean > 0]
            size = math.prod(sizes)
            if not (mean > 0 and 0 < size < math.inf):
                continue
            own = exp(mul(constant(math.log(size) / mean), ("x", j)))
            for plain in (None, ONE):
                chosen = [(base, p) for base, p in of_others if p != plain]
                if len(chosen) > 1:
                    same = [base for base, p in of_others if p == plain]
                    steep = [power(base, mul(constant(value_of(p) / mean), ("x", j))) for base, p in chosen]
                    yield replace_at(tree, path, mul(*kept, *same, *steep, own))


def sums_of_powers(tree: Tree, means: Sequence[float]) -> Iterator[Tree]:
    """Power products A**a * B**b with odd exponents as (A + c*B)**(a + b), or the same of 1/A and 1/B.

    A sum of two parts is a power product as far as it is smooth; a and b are the shares of its parts. A and B are
    inputs, or products of all those that have the same exponent. means: of the inputs, where both are alike.
    """
    for path, node in places(tree):
        if node[0] != "*":
            continue
        odd: dict[float, list[Tree]] = {}
        rest = []
        for factor in node[1:]:
            base, exponent = _base_and_exponent(factor)
            value = value_of(exponent) if is_number(exponent) else 0.0
            inputs = [(i, value * s) for i, s in _inputs(base)]
            if inputs and all(means[i] > 0 and p % 1 for i, p in inputs):
                for i, p in inputs:
                    odd.setdefault(abs(p), []).append(power(("x", i), ONE if p > 0 else MINUS))
            else:
                rest.append(factor)
        alone = [(p, [base]) for p, bases in odd.items() if len(bases) > 1 for base in bases]
        for (a, of_a), (b, of_b) in combinations([*odd.items(), *alone], 2):
            chosen = [*of_a, *of_b]
            if len(set(chosen)) < len(chosen):
                continue
            others = [power(base, constant(p)) for p, bases in odd.items() for base in bases if base not in chosen]
            for sign in (ONE, MINUS):
                A, B = (mul(*(power(base, sign) for base in bases)) for bases in (of_a, of_b))
                sizes = [math.prod(means[i] ** s for i, s in _inputs(part)) for part in (A, B)]
                both = add(A, mul(constant(b / a * sizes[0] / sizes[1]), B))
                front = sizes[0] ** (a * value_of(sign)) * sizes[1] ** (b * value_of(sign))
                front /= (sizes[0] * (a + b) / a) ** ((a + b) * value_of(sign))
                inner = ("^", both, constant((a + b) * value_of(sign)))
                yield replace_at(tree, path, mul(*rest, *others, constant(front), inner))


def _inputs(product: Tree) -> list[tuple[int, float]]:
    """The inputs of a power product and their exponents; none where it has another factor."""
    factors = [_base_and_exponent(factor) for factor in (product[1:] if product[0] == "*" else (product,))]
    if not all(base[0] == "x" and is_number(p) for base, p in factors):
        return []
    return [(base[1], value_of(p)) for base, p in factors]


def _base_and_exponent(factor: Tree) -> tuple[Tree, Tree]:
    return (factor[1], factor[2]) if factor[0] == "^" else (factor, ONE)


def rounded(tree: Tree) -> Iterator[Tree]:
    """All exponents at once at the nearest whole number, half or third."""
    for q in (1, 2, 3):
        yield _rounded(tree, q)


def _rounded(tree: Tree, q: int) -> Tree:
    if tree[0] in LEAVES:
        return tree
    if tree[0] == "^" and is_number(tree[2]):
        near = Fraction(round(value_of(tree[2]) * q), q)
        return power(_rounded(tree[1], q), number(near))
    return made(tree[0], [_rounded(arg, q) for arg in tree[1:]])


def curves(tree: Tree) -> Iterator[Tree]:
    """Functions exchanged for others, and sums K + R as K·f(R/K) of the curves that begin like 1 + t."""
    for path, node in places(tree):
        kind = node[0]
        if kind in SWAPS:
            for name in SWAPS:
                if name != kind:
                    yield replace_at(tree, path, function(name, node[1]))
            for near in _algebraic(kind, node[1]):
                yield replace_at(tree, path, near)
        if kind == "+":
            terms = node[1:]
            for i in range(len(terms)):
                for j in range(len(terms)):
                    if i == j:
                        continue
                    K, R = terms[i], terms[j]
                    rest = [t for k, t in enumerate(terms) if k not in (i, j)]
                    t = _freed(mul(R, power(K, MINUS)))
                    for curve in _like_one_plus(t):
                        yield replace_at(tree, path, add(mul(K, curve), *rest))
        if kind == "^" and node[1][0] == "+" and is_number(node[2]):
            for i, K in enumerate(node[1][1:]):
                others = add(*(term for k, term in enumerate(node[1][1:]) if k != i))
                t = _freed(mul(node[2], others, power(K, MINUS)))
                for curve in _like_one_plus(t):
                    yield replace_at(tree, path, mul(power(K, node[2]), curve))
        if kind == "*":
            yield from (replace_at(tree, path, near) for near in _saturations(node[1:]))
        if kind == "exp":
            yield replace_at(tree, path, power(add(ONE, mul(MINUS, node[1])), MINUS))
            yield replace_at(tree, path, add(ONE, node[1]))
            yield replace_at(tree, path, add(node, mul(MINUS, ONE)))
            yield replace_at(tree, path, power(add(node, MINUS), MINUS))
            yield replace_at(tree, path, power(add(exp(mul(MINUS, node[1])), ONE), MINUS))


def _algebraic(name: str, u: Tree) -> Iterator[Tree]:
    """Curves without a function that begin like cos(u) at 0, or like log(u) at 1."""
    if name == "cos":
        square = power(u, number(2))
        yield add(ONE, mul(number(-HALF), square))
        yield power(add(ONE, square), number(-HALF))
    if name == "log":
        for p in BOX_COX:
            yield mul(number(1 / p), add(power(u, number(p)), MINUS))


def _saturations(factors: Sequence[Tree]) -> Iterator[Tree]:
    """The product with tanh(u) and the like for u/(K + c*u**2), or a power of that, which begin and bend alike."""
    for i, factor in enumerate(factors):
        if factor[0] != "^" or factor[1][0] != "+" or not is_number(factor[2]) or value_of(factor[2]) >= 0:
            continue
        squares = [coefficient(term)[1] for term in factor[1][1:]]
        for k, u in enumerate(factors):
            if ("^", u, number(2)) in squares:
                rest = [other for j, other in enumerate(factors) if j not in (i, k)]
                for name in SATURATING:
                    yield mul(*rest, constant(1.0), function(name, mul(constant(1.0), u)))


def joined(tree: Tree) -> Iterator[Tree]:
    """Two terms of a sum as the root of the sum of their squares, or as the inverse of the sum of their inverses."""
    for path, node in places(tree):
        for one, other in combinations(node[1:] if node[0] == "+" else (), 2):
            rest = [term for term in node[1:] if term is not one and term is not other]
            yield replace_at(tree, path, add(_norm(one, other), *rest))
            yield replace_at(tree, path, add(_parallel(one, other), *rest))


def _norm(K: Tree, R: Tree) -> Tree:
    """The root of the sum of two squares, which is |K| or |R| where the other one is 0."""
    return power(add(power(K, number(2)), power(R, number(2))), number(HALF))


def _parallel(K: Tree, R: Tree) -> Tree:
    """The inverse of the sum of two inverses."""
    return power(add(power(K, MINUS), power(R, MINUS)), MINUS)


def _freed(t: Tree) -> Tree:
    """The same with a free scale and free exponents where they are odd: what suited one curve does not suit another."""
    return mul(constant(1.0), _with_free_exponents(t))


def _with_free_exponents(t: Tree) -> Tree:
    if t[0] in LEAVES:
        return t
    if t[0] == "^" and t[2][0] == "n" and (abs(value_of(t[2])) > LARGEST_PLAIN or t[2][2] > LARGEST_PLAIN):
        return ("^", _with_free_exponents(t[1]), constant(value_of(t[2])))
    return made(t[0], [_with_free_exponents(arg) for arg in t[1:]])


def _like_one_plus(t: Tree) -> Iterator[Tree]:
    yield exp(t)
    yield power(add(ONE, mul(MINUS, t)), MINUS)
    yield power(add(ONE, mul(number(2), t)), number(HALF))
    yield power(add(ONE, mul(number(-2), t)), number(-HALF))
    yield add(ONE, log(add(ONE, t)))
    yield add(ONE, function("tanh", t))
    yield add(ONE, function("sin", t))
    yield add(ONE, mul(MINUS, add(exp(mul(MINUS, t)), MINUS)))
    yield from _over_argument(t)


def _over_argument(t: Tree) -> Iterator[Tree]:
    """(exp(u) − 1)/u, log(1 + u)/u and the like, which begin with 1 + t; of a negative t also tanh(u)/u and others."""
    twice = mul(number(2), t)
    yield mul(add(exp(twice), MINUS), power(twice, MINUS))
    yield mul(log(add(ONE, mul(MINUS, twice))), power(mul(MINUS, twice), MINUS))
    for name, order in (("tanh", 3), ("atan", 3), ("sin", 6)):
        u = power(mul(number(-order), t), number(HALF))
        yield mul(function(name, u), power(u, MINUS))


def operators(tree: Tree) -> Iterator[Tree]:
    """Sums as products and the other way round; brackets in functions; an offset or a slope inside one."""
    for path, node in places(tree):
        kind = node[0]
        if kind in "+*" and len(node) == 3:
            yield replace_at(tree, path, made("*" if kind == "+" else "+", node[1:]))
        if kind not in ("c", "n", "pi"):
            for name in WRAPS:
                if kind != name:
                    yield replace_at(tree, path, wrapped(name, node))
            yield replace_at(tree, path, add(node, constant(NEW_TERM)))
        if kind in SWAPS:
            yield replace_at(tree, path, function(kind, add(node[1], constant(NEW_TERM))))
            yield replace_at(tree, path, function(kind, mul(constant(NEW_FACTOR), node[1])))
        if kind == "n":
            yield replace_at(tree, path, constant(value_of(node)))
        if kind == "*" and not is_number(node[1]):
            yield replace_at(tree, path, mul(constant(NEW_FACTOR), node))


def other_forms(tree: Tree) -> Iterator[Tree]:
    """The same function, written in another way by one step of algebra."""
    for path, node in places(tree):
        kind = node[0]
        if kind == "*":
            factor, rest = coefficient(node)
            for i, part in enumerate(node[1:]):
                if part[0] == "+":
                    others = [p for k, p in enumerate(node[1:]) if k != i]
                    yield replace_at(tree, path, add(*(mul(*others, term) for term in part[1:])))
                if part[0] == "exp" and part[1][0] == "+":
                    others = [p for k, p in enumerate(node[1:]) if k != i]
                    yield _raw_at(tree, path, ("*", *others, *(("exp", term) for term in part[1][1:])))
                if part[0] == "^" and part[2] == MINUS and part[1][0] == "+":
                    above = mul(*(p for k, p in enumerate(node[1:]) if k != i))
                    inverse = power(above, MINUS)
                    yield _raw_at(tree, path, ("^", add(*(mul(term, inverse) for term in part[1][1:])), MINUS))
                if part[0] == "^" and is_number(part[2]) and part[1][0] == "*":
                    others = [p for k, p in enumerate(node[1:]) if k != i]
                    yield replace_at(tree, path, mul(*others, *(power(p, part[2]) for p in part[1][1:])))
        elif kind == "exp" and node[1][0] == "+":
            yield _raw_at(tree, path, ("*", *(("exp", term) for term in node[1][1:])))
        elif kind == "+":
            factors: dict[Tree, list[int]] = {}
            for i, term in enumerate(node[1:]):
                for part in term[1:] if term[0] == "*" else (term,):
                    if not is_number(part):
                        base = part[1] if part[0] == "^" else part
                        factors.setdefault(part, []).append(i)
                        if base != part:
                            factors.setdefault(base, []).append(i)
            for common, where in factors.items():
                chosen = sorted(set(where))
                if len(chosen) > 1:
                    inside = add(*(mul(node[1 + i], power(common, MINUS)) for i in chosen))
                    others = [t for i, t in enumerate(node[1:]) if i not in chosen]
                    yield _raw_at(tree, path, add(*others, ("*", common, inside)))
        elif kind == "log" and node[1][0] == "*":
            yield replace_at(tree, path, add(*(log(part) for part in node[1][1:])))
        elif kind == "^" and node[1][0] == "*":
            yield _raw_at(tree, path, ("*", *(power(p, node[2]) for p in node[1][1:])))


def _raw_at(tree: Tree, path: tuple[int, ...], part: Tree) -> Tree:
    """The tree with another part at a path, not made canonical, which would undo the other form."""
    if not path:
        return part
    return (tree[0], *(_raw_at(arg, path[1:], part) if i == path[0] else arg for i, arg in enumerate(tree[1:])))
