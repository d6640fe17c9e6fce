"""Pairs of inputs that enter together as f(x_i) + c·g(x_j), f and g any functions of the library.

log|g_i/g_j| is a curve of x_i plus a curve of x_j then. The exponentials of the two, integrated, are f and g up to
factors; what the library makes of them is refined on the ratio of the gradients itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
import sympy
from scipy.integrate import cumulative_trapezoid
from scipy.optimize import least_squares as nonlinear

from kansr.expression.nice_numbers import factor_near
from kansr.numeric.arrays import Array
from kansr.numeric.spline_basis import basis, least_squares
from kansr.result.graph import Edge
from kansr.structure.moves.gradient.sample import Rows, misfit_of, name_of
from kansr.structure.moves.move import Move
from kansr.structure.moves.state import State, replace_inputs
from kansr.symbolic.library.function import Function
from kansr.symbolic.matching.match import MatchConfig, match

G, POINTS = 8, 60
HOPELESS = 0.03  # misfit of the curves above which they are not matched
KEEP = 2  # functions tried for each of the two curves


@dataclass(frozen=True, eq=False)
class Side:
    """One input's function f(a·x + b)."""

    index: int
    function: Function
    a: float
    b: float

    def slope(self, X: Array, a: float, b: float) -> Array:
        x = X[:, self.index]
        if self.function.free == "p":
            return a * x ** (a - 1)
        shapes = self.function.derivative
        assert shapes is not None
        return a * shapes(a * x + b)


def curve_merges(rows: Rows, config: MatchConfig) -> Iterator[Move]:
    """Moves for the pairs that the plainer merges do not explain."""
    for i, j in combinations(range(rows.n), 2):
        pair = _Pair(rows, i, j)
        curves = pair.curves()
        if curves is None:
            continue
        first, second = (_matched(x, y, config) for x, y in curves)
        found = []
        for f in first:
            for g in second:
                move = pair.move(replace(f, index=i), replace(g, index=j))
                if move is not None:
                    found.append(move)
        yield from sorted(found, key=lambda m: m.misfit * (1 + 0.3 * m.cost))[:2]


def _matched(x: Array, y: Array, config: MatchConfig) -> list[Side]:
    fits = [fit for fit in match(Edge("x", "y", x, y, 1e-4 * float(np.std(y))), config) if fit.c != 0]
    plain = [fit for fit in fits if fit.function.derivative is not None or fit.function.free == "p"]
    return [Side(0, fit.function, fit.a, fit.b) for fit in plain[:KEEP]]


class _Pair:
    def __init__(self, rows: Rows, i: int, j: int) -> None:
        self.rows, self.i, self.j = rows, i, j
        with np.errstate(all="ignore"):
            self.ratio = rows.gradient[:, i] / rows.gradient[:, j]
        self.weight = rows.weight(i, j)
        self.spread = rows.state.X[:, i].std() / rows.state.X[:, j].std()

    def curves(self) -> list[tuple[Array, Array]] | None:
        """f over x_i and g over x_j, as points, if the ratio comes apart."""
        good = np.isfinite(self.ratio) & (self.ratio != 0)
        if good.mean() < 0.95 or abs(np.mean(np.sign(self.ratio[good]))) < 0.98:
            return None
        columns = [self.rows.X[:, k] for k in (self.i, self.j)]
        if any(len(np.unique(x[:50])) < 20 for x in columns):
            return None
        bases = [basis(x, G) for x in columns]
        A = np.hstack([b(x) for b, x in zip(bases, columns)])
        w = least_squares(
            A[good] * self.weight[good, None], (np.log(np.abs(self.ratio[good])) * self.weight[good])[:, None], 1e-9
        )[:, 0]
        if self._misfit(np.sign(np.median(self.ratio)) * np.exp(A @ w)) > HOPELESS:
            return None
        found = []
        for k, (b, x) in enumerate(zip(bases, columns)):
            low, high = np.quantile(x, [0.01, 0.99])
            points: Array = float(low) + float(high - low) * np.arange(POINTS) / (POINTS - 1)
            slope = np.exp((b(points) @ w[k * (G + 3) : (k + 1) * (G + 3)]) * (1 if k == 0 else -1))
            found.append((points, cumulative_trapezoid(slope, points, initial=0.0)))
        return found

    def _misfit(self, predicted: Array) -> float:
        return misfit_of(self._sine(predicted), np.ones(len(predicted)))

    def _sine(self, predicted: Array) -> Array:
        """The sine of the angle between the gradient in the two inputs and the predicted one, where it matters."""
        p, r = predicted * self.spread, self.ratio * self.spread
        reach = np.minimum(1, np.hypot(self.rows.reach[:, self.i], self.rows.reach[:, self.j]) / 0.05)
        with np.errstate(all="ignore"):
            sine = (r - p) / (np.hypot(1, r) * np.hypot(1, p)) * reach
        return np.where(np.isfinite(sine), sine, 0.0 if np.isfinite(p).all() else 1.0)

    def move(self, f: Side, g: Side) -> Move | None:
        """f + c·g with the constants refined; nothing for powers of both, which the plainer merges have."""
        if all(side.b == 0 and side.function.free in ("", "p") for side in (f, g)):
            return None
        X = self.rows.X
        free = np.array([f.a, f.b, g.a, g.b, 1.0])
        with np.errstate(all="ignore"):
            c = float(np.median(f.slope(X, f.a, f.b) / g.slope(X, g.a, g.b) / self.ratio))
        if not np.isfinite(c) or c == 0:
            return None
        scale = np.where(free != 0, np.abs(free), 1.0)
        fixed = np.array([_is_fixed(f, "a"), _is_fixed(f, "b"), _is_fixed(g, "a"), _is_fixed(g, "b"), False])

        def residual(step: Array) -> Array:
            values = free.copy()
            values[~fixed] += step * scale[~fixed]
            with np.errstate(all="ignore"):
                ratio = f.slope(X, values[0], values[1]) / g.slope(X, values[2], values[3]) / (c * values[4])
            return np.clip(np.nan_to_num(self._sine(ratio), nan=1.0), -1, 1)

        step = nonlinear(residual, np.zeros(int((~fixed).sum())), loss="soft_l1", f_scale=0.01, max_nfev=30).x
        values = free.copy()
        values[~fixed] += step * scale[~fixed]
        misfit = misfit_of(residual(step), np.ones(len(X)))
        if not misfit < HOPELESS:
            return None
        floats = int((~fixed).sum())
        sides = (replace(f, a=values[0], b=values[1]), replace(g, a=values[2], b=values[3]))
        number = c * values[4]
        nice = factor_near(number)
        used = frozenset(self.rows.state.inputs[k] for k in (self.i, self.j))
        cost = 0.5 + 0.7 * floats + 0.25 * (f.function.complexity + g.function.complexity)
        name = (
            f"merge {name_of(self.rows, self.i)}, {name_of(self.rows, self.j)} ({f.function.name}, {g.function.name})"
        )
        apply = partial(_join, self.rows.state, sides, sympy.Float(number) if nice is None else nice, misfit)
        return Move(misfit, cost, name, used, apply)


def _is_fixed(side: Side, parameter: str) -> bool:
    free = "a" if side.function.free == "p" else side.function.free
    return parameter not in free or (parameter == "b" and side.b == 0)


def _join(state: State, sides: tuple[Side, Side], number: sympy.Expr, blur: float) -> State | None:
    values, symbols = [], []
    for side in sides:
        values.append(side.function.inner(state.X[:, side.index], side.a, side.b))
        symbols.append(side.function.expr(state.inputs[side.index], side.a, side.b))
    u = values[0] + float(number) * values[1]
    gone = (sides[0].index, sides[1].index)
    new = replace_inputs(state, gone, [symbols[0] + number * symbols[1]], [u])
    return None if new is None else replace(new, blur=max(state.blur, blur))
