"""Reductions read off the gradient field of a surrogate: each says how an input can be removed, and how well it fits.

If z depends on two inputs only through h, the direction of its gradient in these two is that of h, whatever the other
inputs do. Scale symmetries are Euler's relation for homogeneous functions with the exponents as unknowns, and they
are linear in them, so signs and zeros do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import sympy

from kansr.structure.gradients import MOST_EXPONENT, Rows, added, drop, misfit_of, name_of, nice_number, raised
from kansr.structure.merges import merges
from kansr.structure.state import Move, State
from kansr.structure.surrogate import Field
from kansr.structure.symmetries import joint_factors, symmetries


def moves(state: State, field: Field, sample: int = 800) -> list[Move]:
    """All moves that fit at all, the most convincing first."""
    rows = Rows(state, field, sample)
    found = [*irrelevant(rows), *symmetries(rows), *merges(rows), *peels(rows)]
    found += joint_factors(rows, found)
    return sorted(found, key=lambda move: (move.misfit * (1 + 0.3 * move.cost), move.name))


def irrelevant(rows: Rows) -> Iterator[Move]:
    """Inputs along which the target does not move."""
    reach = np.sqrt(np.mean(np.minimum(rows.reach, np.quantile(rows.reach, 0.99)) ** 2, axis=0))
    for i in range(rows.n):
        if rows.n > 1 and reach[i] < 1e-4 * reach.max():
            yield Move(1e-8, 0, f"without {name_of(rows, i)}", frozenset(), partial(drop, rows.state, i))


def peels(rows: Rows) -> Iterator[Move]:
    """g_i is a power product c·Π x_k**e_k, so z = c/(e_i + 1)·x_i·Π… + something without x_i."""
    if np.any(rows.X == 0):
        return
    A = np.column_stack([np.ones(len(rows.X)), np.log(np.abs(rows.X))])
    for i in range(rows.n):
        g = rows.plain[:, i]
        if np.any(g == 0):
            continue
        weight = np.minimum(np.abs(g), 3 * np.median(np.abs(g)))
        w = np.linalg.lstsq(A * weight[:, None], np.log(np.abs(g)) * weight, rcond=1e-10)[0]
        e = np.round(2 * w[1:]) / 2
        if np.abs(w[1:] - e).max() > 0.15 or np.count_nonzero(e) > 5 or np.abs(e).max() > MOST_EXPONENT:
            continue
        if any(rows.state.X[:, k].min() <= 0 for k in range(rows.n) if e[k] % 1):
            continue
        shape = np.prod(np.where(e == 0, 1.0, np.abs(rows.X) ** e * np.where(e % 2 == 1, np.sign(rows.X), 1.0)), axis=1)
        c = float(np.sum(g * shape) / np.sum(shape * shape))
        misfit = misfit_of(g - c * shape, g)
        if misfit > 0.1:
            continue
        powers = {k: sympy.Rational(int(2 * e[k]), 2) for k in range(rows.n) if e[k]}
        used = frozenset({rows.state.inputs[i]})
        yield Move(1.5 * misfit, 1.0, f"peel {name_of(rows, i)}", used, partial(_peel, rows.state, i, c, powers))


def _peel(state: State, i: int, c: float, powers: dict[int, sympy.Rational]) -> State | None:
    power = powers.get(i, sympy.S.Zero) + 1
    if power == 0:
        return None
    factor = c / float(power)
    nice = nice_number(factor)
    number = sympy.Float(factor) if nice is None else nice
    term = number * sympy.Mul(state.inputs[i] ** power, *(state.inputs[k] ** e for k, e in powers.items() if k != i))
    value = float(number) * raised(state.X[:, i], power)
    for k, e in powers.items():
        if k != i:
            value = value * raised(state.X[:, k], e)
    back = partial(added, state.back, term)
    return replace(drop(replace(state, z=state.z - value, back=back), i), moves=(*state.moves, f"− {term}"))
