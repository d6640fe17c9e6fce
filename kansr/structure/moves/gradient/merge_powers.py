"""Pairs of inputs that enter together: x**p·M + c·y**q·N, read off the ratio of their gradients."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

import numpy as np
import sympy

from kansr.expression.nice_numbers import factor_near
from kansr.numeric.arrays import Array
from kansr.structure.moves.gradient.sample import MOST_EXPONENT, Rows, misfit_of, name_of, power_product, raised
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, replace_inputs
from kansr.structure.surrogate.coordinates import COORDINATES, SHAPES

LARGE = 1e4  # the factor of a term beside the other's
NEAR = 0.15  # how far noise may bring it away from a plain number


def merges(rows: Rows) -> Iterator[Move]:
    """x_i and x_j enter only through x_i**p·M + c·x_j**q·N, M and N power products of the other inputs.

    log|g_i/g_j| is linear in the logs of all inputs then, and its coefficients are p − 1, 1 − q and the exponents.
    """
    logs = np.log(np.abs(rows.X) + 1e-300)
    for i, j in combinations(range(rows.n), 2):
        gi, gj, weight = rows.gradient[:, i], rows.gradient[:, j], rows.weight(i, j)
        for kind_i, kind_j in (("power", "power"), *((k, "power") for k in SHAPES), *(("power", k) for k in SHAPES)):
            yield from _merge(rows, i, j, kind_i, kind_j, gi, gj, logs, weight)


def _merge(
    rows: Rows, i: int, j: int, kind_i: str, kind_j: str, gi: Array, gj: Array, logs: Array, weight: Array
) -> Iterator[Move]:
    shape_i, shape_j = (COORDINATES[k] if k in SHAPES else None for k in (kind_i, kind_j))
    if any(s and np.abs(rows.X[:, k]).max() > 20 for s, k in ((shape_i, i), (shape_j, j))):
        return
    free = [k for k in range(rows.n) if not (k == i and shape_i) and not (k == j and shape_j)]
    with np.errstate(all="ignore"):
        slope_i = shape_i.slope(rows.X[:, i]) if shape_i else np.ones(len(gi))
        slope_j = shape_j.slope(rows.X[:, j]) if shape_j else np.ones(len(gi))
        r = np.log(np.abs(gi / slope_i)) - np.log(np.abs(gj / slope_j))
    good = np.isfinite(r)
    if good.mean() < 0.9:
        return
    A = np.column_stack([np.ones(len(r)), logs[:, free]])[good] * weight[good, None]
    w = np.linalg.lstsq(A, r[good] * weight[good], rcond=1e-10)[0]
    e = np.zeros(rows.n)
    e[free] = np.round(2 * w[1:]) / 2
    if np.abs(w[1:] - e[free]).max(initial=0) > 0.24 or np.abs(e).max() > MOST_EXPONENT - 1:
        return
    p, q = (1.0 if shape_i else e[i] + 1), (1.0 if shape_j else 1 - e[j])
    if p == 0 or q == 0:
        return
    fractional = [k for k in range(rows.n) if e[k] % 1 != 0]
    if any(rows.state.X[:, k].min() <= 0 for k in fractional):
        return
    with np.errstate(all="ignore"):
        monomial = power_product(rows.X, e)
        ratio = gi * slope_j / (gj * slope_i * monomial)
    finite = np.isfinite(ratio)
    if finite.mean() < 0.9:
        return
    c = float(np.median(ratio[finite]))  # = a·p / (b·q)
    if c == 0:
        return
    predicted = c * monomial * slope_i / slope_j
    with np.errstate(all="ignore"):
        # the sine of the angle between the two directions, in units of the inputs' spread
        si, sj = rows.state.X[:, i].std(), rows.state.X[:, j].std()
        sine = (gi - predicted * gj) * si * sj / (np.hypot(gi * si, gj * sj) * np.hypot(predicted * si, sj))
        sine = sine * np.minimum(1, np.hypot(rows.reach[:, i], rows.reach[:, j]) / 0.05)
    misfit = misfit_of(sine[np.isfinite(sine)], np.ones(int(np.isfinite(sine).sum())))
    if misfit > rows.tolerance:
        return
    factor = p / (q * c)
    if abs(factor) > LARGE or abs(factor) < 1 / LARGE:
        return
    exact, near = factor_near(factor), factor_near(factor, NEAR if rows.noisy else 0.0)
    cost = 0.5 * len([k for k in range(rows.n) if e[k] and k not in (i, j)])
    cost += 1.0 * bool(shape_i or shape_j) + 0.3 * bool(fractional) + 0.1 * (abs(p) + abs(q) - 2)
    term_i = _Term(
        i, sympy.Rational(int(2 * p), 2), kind_i, {k: e[k] for k in range(rows.n) if e[k] > 0 and k not in (i, j)}
    )
    term_j = _Term(
        j, sympy.Rational(int(2 * q), 2), kind_j, {k: -e[k] for k in range(rows.n) if e[k] < 0 and k not in (i, j)}
    )
    used = frozenset(rows.state.inputs[k] for k in (i, j))
    name = f"merge {name_of(rows, i)}, {name_of(rows, j)}"
    for number in filter(None, (exact or near, None if exact else sympy.Float(factor))):
        made = partial(_join, rows.state, term_i, term_j, number)
        yield Move(misfit, cost + 1.0 * number.is_Float, name, used, made)


class _Term:
    """x_i**p (or a shape of x_i) times powers of other inputs."""

    def __init__(self, index: int, power: sympy.Rational, kind: str, others: dict[int, float]) -> None:
        self.index, self.power, self.kind = index, power, kind
        self.others = {k: sympy.Rational(int(2 * e), 2) for k, e in others.items()}

    def array(self, X: Array) -> Array:
        x = X[:, self.index]
        value = COORDINATES[self.kind].value(x) if self.kind in SHAPES else raised(x, self.power)
        for k, e in self.others.items():
            value = value * raised(X[:, k], e)
        return value

    def symbolic(self, inputs: tuple[sympy.Expr, ...]) -> sympy.Expr:
        x = inputs[self.index]
        value = COORDINATES[self.kind].symbolic(x) if self.kind in SHAPES else x**self.power
        return sympy.Mul(value, *(inputs[k] ** e for k, e in self.others.items()))


def _join(state: State, first: _Term, second: _Term, number: sympy.Expr) -> State | None:
    with np.errstate(all="ignore"):
        u = first.array(state.X) + float(number) * second.array(state.X)
    expr = first.symbolic(state.inputs) + number * second.symbolic(state.inputs)
    return replace_inputs(state, (first.index, second.index), [expr], [u])
