"""One input: the rows themselves are the curve, and T(y)·x**q is matched directly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.graph import Edge
from kansr.structure.transforms import transformed
from kansr.symbolic.match import MatchConfig, match, score

POWERS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5)
EXACT = 0.25 * 64 * np.log2(1e-20)  # a score that nothing but the truth reaches
POWER_TARGETS = ("y", "1/y", "log(y)", "y^2")


def single(
    data: Dataset, noise: float, config: MatchConfig, keep: int = 12, expired: Callable[[], bool] = lambda: False
) -> Iterator[sympy.Expr]:
    """Formulas T⁻¹(f(x) / x**q) for the functions f of the library, the most promising first.

    noise: the expected misfit relative to the target's spread; data: one input.
    """
    order = np.argsort(data.X[:, 0], kind="stable")
    order = order[np.unique(np.linspace(0, data.rows - 1, min(300, data.rows)).astype(int))]
    x, y = data.X[order, 0], data.y[order]
    symbol = sympy.Symbol(data.names[0])
    found: list[tuple[float, sympy.Expr]] = []
    for transform, sign, t in transformed(y):
        for q in POWERS if transform.name in POWER_TARGETS else (0,):
            if expired() or (found and noise == 0.0 and min(found, key=lambda row: row[0])[0] < EXACT):
                break
            if q and np.any(x == 0):
                continue
            u = t * x ** float(q)
            spread = float(np.std(u))
            if spread <= 1e-14 * float(np.mean(np.abs(u))):
                found.append((-np.inf, sign * transform.symbolic(sympy.Float(float(u.mean())) / symbol**q)))
                continue
            for fit in match(Edge(data.names[0], "u", x, u, noise * spread), config)[:4]:
                cost = score(fit, max(noise**2, 1e-24)) + 2.0 * transform.complexity + (2.0 if q else 0.0)
                found.append((cost, sign * transform.symbolic(fit.expr(symbol) / symbol**q)))
    found.sort(key=lambda row: row[0])
    yield from (expr for _, expr in found[:keep])
