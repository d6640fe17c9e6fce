"""Sums of up to two exponentials, or powers, of one input and a constant, in noise.

Given its rates a sum is linear in the rest, so rates are looked for on a grid: variable projection (Golub and Pereyra
1973). One exponential beside its square is a kind of its own, and may be the square of a sum, as in Morse's (1929)
potential.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING, TINY
from kansr.structure.terminals.one_input.binning import curve

# Rates of either sign.
GRID = 24

# The slowest and the fastest rate, as changes of the logarithm over the range of the input.
RATES = (0.2, 40.0)

# The largest power.
LARGEST_POWER = 6.0


def sums_of_two(data: Dataset, noise: float) -> Iterator[sympy.Expr]:
    """The best sum of each kind. data: one input; noise: as in `curve_match.single`."""
    x, y, _ = curve(data, noise)
    symbol = sympy.Symbol(data.names[0])
    rates: Array = np.geomspace(*RATES, GRID).astype(float)
    yield from _sums(x, y, rates / (float(np.ptp(x)) or 1.0), symbol)
    if x.min() > 0:
        powers: Array = np.linspace(LARGEST_POWER / GRID, LARGEST_POWER, GRID).astype(float)
        yield from _sums(np.log(x), y, powers, sympy.log(symbol))


def _sums(u: Array, y: Array, rates: Array, symbol: sympy.Expr) -> Iterator[sympy.Expr]:
    """The best sum Σ c_k·exp(s_k·u) for each kind of exponents. rates: positive ones; symbol: u as an expression."""
    rates = np.concatenate([-rates[::-1], rates])
    first, second = (rates[index] for index in np.triu_indices(len(rates), 1))
    kinds = (  # (terms, choices) each
        np.stack([0 * rates, rates]),
        np.stack([0 * rates, rates, 2 * rates]),
        np.stack([first, second]),
        np.stack([0 * first, first, second]),
    )
    middle = float(np.median(u))
    for exponents in kinds:
        weights, k = _best(np.exp(exponents[:, None, :] * (u - middle)[:, None]), y)
        if weights is None:
            continue
        chosen = exponents[:, k]
        factors = (weights * np.exp(-chosen * middle)).tolist()
        terms = [sympy.exp(sympy.Float(float(r)) * symbol) if r else sympy.S.One for r in chosen]
        yield sympy.Add(*(sympy.Float(c) * term for c, term in zip(factors, terms)))
        if len(chosen) == 3 and chosen[2] == 2 * chosen[1] and factors[0] * factors[2] > 0:
            yield sympy.Float(factors[0]) * (1 + sympy.Float(factors[1] / factors[0] / 2) * terms[1]) ** 2


def _best(A: Array, y: Array) -> tuple[Array | None, int]:
    """The coefficients of the choice with the least loss, (terms,), and its number.

    A: (terms, rows, choices); y: (rows,). None where values are not finite.
    """
    size = np.sqrt(np.mean(A**2, axis=1)) + TINY
    A = A / size[:, None, :]
    gram = np.einsum("irk,jrk->kij", A, A) / len(y) + ROUNDING * np.eye(len(A))
    right = np.einsum("irk,r->ki", A, y) / len(y)
    if not (np.isfinite(gram).all() and np.isfinite(right).all()):
        return None, 0
    weights = np.linalg.solve(gram, right[..., None])[..., 0]
    loss = np.mean((np.einsum("irk,ki->rk", A, weights) - y[:, None]) ** 2, axis=0)
    k = int(np.argmin(loss))
    return weights[k] / size[:, k], k
