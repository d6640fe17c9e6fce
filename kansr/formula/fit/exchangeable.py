"""Constants of a form that can be exchanged, as those of equal terms of a sum, in an order that means something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.formula.fit.starts import part_with
from kansr.numeric.arrays import Array


def in_order(
    expr: sympy.Expr,
    constants: Sequence[sympy.Symbol],
    linear: Sequence[sympy.Symbol],
    values: Array,
    names: Sequence[str],
) -> NDArray[np.intp]:
    """For each constant the position, in `values`, (constants,), of the value that is to be its own, (constants,).

    Of groups of constants that can be exchanged the slower part comes first, then the one further left: exp(-b1*x) has
    the smaller rate, cos(x/b1) the longer period, and (x - b1)**2 the smaller place. names: the inputs.
    """
    inputs = {name: sympy.Symbol(name) for name in names}
    known = dict(zip(constants, values.tolist()))
    place = {constant: i for i, constant in enumerate(constants)}
    order = np.arange(len(constants))
    for groups in exchangeable(expr, constants):
        shaping = [tuple(c for c in group if c not in linear) for group in groups]
        ranked = sorted(range(len(groups)), key=lambda i: _order(expr, shaping[i], known, inputs))
        for group, other in zip(groups, ranked):
            for to, origin in zip(group, groups[other]):
                order[place[to]] = place[origin]
    return order


def _order(
    expr: sympy.Expr,
    group: Sequence[sympy.Symbol],
    values: Mapping[sympy.Symbol, float],
    inputs: Mapping[str, sympy.Symbol],
) -> tuple[float, ...]:
    """By what exchangeable parts are ordered: how fast each nonlinear constant makes them vary, or its place."""
    order: list[float] = []
    for constant in group:
        part = part_with(expr, constant, inputs)
        symbols = sorted(part.free_symbols & set(inputs.values()), key=str) if part is not None else []
        if part is None or not symbols:
            continue
        rate = part.diff(symbols[0])
        at = values[constant]
        if constant not in rate.free_symbols:
            order.append(at if part.is_Add else 0.0)
            continue
        number = rate.xreplace({constant: sympy.Float(at)})
        number = number.xreplace(dict.fromkeys(number.free_symbols, sympy.Float(1.0)))
        order.append(abs(complex(number)))
    return tuple(order)


def exchangeable(expr: sympy.Expr, constants: Sequence[sympy.Symbol]) -> list[tuple[tuple[sympy.Symbol, ...], ...]]:
    """Sets of groups of constants that can be exchanged without changing the form, as those of equal terms of a sum."""
    terms = [term for term in sympy.Add.make_args(expr) if term.free_symbols & set(constants)]
    found: dict[sympy.Expr, list[tuple[sympy.Symbol, ...]]] = {}
    for parts in _joined(terms, constants):
        group = tuple(c for c in constants if any(c in part.free_symbols for part in parts))
        shape = sympy.Add(*parts).xreplace({c: sympy.Symbol(f"constant {i}") for i, c in enumerate(group)})
        found.setdefault(shape, []).append(group)
    return [tuple(groups) for groups in found.values() if len(groups) > 1]


def _joined(terms: Sequence[sympy.Expr], constants: Sequence[sympy.Symbol]) -> list[list[sympy.Expr]]:
    """The terms in sets that share no constant."""
    joined: list[list[sympy.Expr]] = []
    for term in terms:
        own = term.free_symbols & set(constants)
        near = [part for part in joined if any(own & other.free_symbols for other in part)]
        joined = [part for part in joined if part not in near] + [[*(t for part in near for t in part), term]]
    return joined
