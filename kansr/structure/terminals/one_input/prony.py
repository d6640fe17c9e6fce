"""Sums T(y) = c0 + Σ c_k·exp(s_k·x), s_k real or in conjugate pairs, over x or log x: de Prony's (1795) method.

Such sums, damped oscillations, polynomials times exponentials and sums of powers among them, are the solutions of a
linear differential equation with constant coefficients. A Chebyshev fit gives the derivatives, the null vector of their
matrix the coefficients of the equation, and the roots of its characteristic polynomial the exponents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import sympy
from numpy.polynomial import chebyshev

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import LARGEST_LOG, TINY
from kansr.structure.surrogate.target_transforms import transformed
from kansr.structure.terminals.limits import COMMON_TRANSFORMS, ROWS_PER_COLUMN

# Orders of the differential equation.
ORDERS = (1, 2, 3, 4)

# Orders up to which a sum is plausible: with more exponents it meets any smooth curve, as three did Planck's law
# (results/2026-11-24-unlike-terms-noise-units).
PLAUSIBLE_ORDER = 2

# Degrees of the Chebyshev fit.
DEGREES = (12, 20, 32, 48, 70, 100)

# Relative rms of the Chebyshev fit, of the differential equation and of the sum, and share of the largest term below
# which a term is left out: nearly equal roots leave such terms.
MOST_MISFIT = 3e-6

# Points that the differential equation is asked for at, and the share of the range that they are in: a fit is worst at
# its ends.
POINTS = 160
INNER = 0.93

# Changes over the range of the input: a phase or a difference of exponents below which roots are real, or the same, and
# a logarithm below which there is no damping. Rounding splits double roots by its square root.
LEAST_PHASE = 0.02
LEAST_DAMPING = 1e-3


def exponentials(
    data: Dataset, expired: Callable[[], bool] = lambda: False, plausible: bool = False
) -> Iterator[sympy.Expr]:
    """Sums of up to four exponentials with estimated exponents, the fewest terms first.

    data: one input; plausible: no sum of so many exponentials that it meets any smooth curve, unless it oscillates.
    """
    x = data.X[:, 0]
    symbol = sympy.Symbol(data.names[0])
    for transform, sign, t in transformed(data.y):
        if transform.name not in COMMON_TRANSFORMS:
            continue
        for logarithmic in (False, True):
            if expired() or (logarithmic and x.min() <= 0):
                continue
            u = np.log(x) if logarithmic else x
            for roots in _exponents(u, t):
                if plausible and len(roots) > PLAUSIBLE_ORDER and np.abs(roots.imag).max() * np.ptp(u) < np.pi:
                    continue
                expr = _sum(roots, u, t, symbol, logarithmic)
                if expr is not None:
                    yield sign * transform.symbolic(expr)


def _exponents(u: Array, t: Array) -> Iterator[Array]:
    """Roots of the characteristic polynomial, (order,), for every order whose differential equation holds."""
    middle, half = (u.max() + u.min()) / 2, (u.max() - u.min()) / 2
    fit = _smooth((u - middle) / half, t)
    if fit is None:
        return
    points = np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS) * INNER
    derivatives = np.stack(
        [chebyshev.chebval(points, chebyshev.chebder(fit, k) if k else fit) for k in range(max(ORDERS) + 2)]
    )
    size = np.array([np.sqrt(np.mean(d * d)) + TINY for d in derivatives])
    D = derivatives / size[:, None]
    for order in ORDERS:
        # a constant beside the exponentials, which is one more root at 0, is taken out by another derivative
        for constant in (0, 1):
            columns = slice(constant, order + constant + 1)
            v = np.linalg.svd(D[columns].T, full_matrices=False)[2][-1]
            if float(np.sqrt(np.mean((v @ D[columns]) ** 2))) < MOST_MISFIT:
                with np.errstate(all="ignore"):
                    coefficients = v / size[columns]
                if np.isfinite(coefficients).all() and abs(coefficients[-1]) > 0:
                    yield np.roots(coefficients[::-1] / coefficients[-1]) / half


def _smooth(s: Array, t: Array) -> Array | None:
    """Chebyshev coefficients of low degree whose relative rms is below MOST_MISFIT; None where there are none.

    s: (rows,) from −1 to 1; t: (rows,). A higher degree has to halve the error.
    """
    if not np.isfinite(s).all() or not np.isfinite(t).all():  # the range of huge or tiny values overflows
        return None
    spread = float(np.std(t))
    best: tuple[float, Array] | None = None
    for degree in DEGREES:
        if ROWS_PER_COLUMN * degree > len(s):
            break
        V = chebyshev.chebvander(s, degree)
        c: Array = np.asarray(np.linalg.lstsq(V, t, rcond=None)[0], dtype=float)
        error = float(np.sqrt(np.mean((V @ c - t) ** 2))) / spread
        if best is None or error < 0.5 * best[0]:
            best = (error, c)
    return best[1] if best is not None and best[0] < MOST_MISFIT else None


class _Term(NamedTuple):
    """u**power·exp(damping·u), times the sine and cosine of frequency·u where that is not 0."""

    power: int
    damping: float
    frequency: float

    def columns(self, u: Array) -> list[Array]:
        decay = u**self.power * np.exp(self.damping * u)
        angle = self.frequency * u
        return [decay * np.sin(angle), decay * np.cos(angle)] if self.frequency else [decay]

    def exprs(self, x: sympy.Symbol, logarithmic: bool) -> list[sympy.Expr]:
        """In x, where u is x or log x."""
        u = sympy.log(x) if logarithmic else x
        factor = u**self.power
        if self.damping:
            damping = sympy.Float(self.damping)
            factor = factor * (x**damping if logarithmic else sympy.exp(damping * x))
        angle = sympy.Float(self.frequency) * u
        return [factor * sympy.sin(angle), factor * sympy.cos(angle)] if self.frequency else [factor]


def _terms(roots: Array, u: Array) -> list[_Term] | None:
    """The terms of these exponents beside a constant, one for a conjugate pair; None where one of them is too large.

    Roots that coincide give further powers of u as factors. u: (rows,)
    """
    reach, largest = float(np.ptp(u)), float(np.abs(u).max())
    terms: list[_Term] = []
    earlier: list[complex] = []
    for root in sorted(roots, key=lambda r: (abs(r), r.imag)):
        if root.imag * reach < -LEAST_PHASE:
            continue
        power = sum(abs(root - other) * reach < LEAST_PHASE for other in earlier)
        earlier.append(root)
        damping, frequency = float(root.real), float(root.imag)
        if abs(damping) * reach < LEAST_DAMPING:
            damping = 0.0
        if abs(frequency) * reach < LEAST_PHASE:
            frequency = 0.0
        if abs(damping) * largest > LARGEST_LOG / 2:  # the square is still finite
            return None
        terms.append(_Term(power + (damping == 0 and frequency == 0), damping, frequency))
    return terms


def _sum(roots: Array, u: Array, t: Array, x: sympy.Symbol, logarithmic: bool) -> sympy.Expr | None:
    """A constant and the terms of these exponents, by linear least squares; None where the sum does not meet t."""
    terms = _terms(roots, u)
    if terms is None:
        return None
    A = np.column_stack([np.ones(len(u)), *(column for term in terms for column in term.columns(u))])
    size = np.abs(A).max(axis=0)
    if not np.isfinite(size).all() or np.any(size == 0):
        return None
    w = np.linalg.lstsq(A / size, t, rcond=None)[0]
    if float(np.sqrt(np.mean((A / size @ w - t) ** 2)) / np.std(t)) > MOST_MISFIT:
        return None
    exprs = [sympy.S.One, *(expr for term in terms for expr in term.exprs(x, logarithmic))]
    kept = np.abs(w) > MOST_MISFIT * np.abs(w).max()
    return _with_phases([(expr, c) for expr, c, keep in zip(exprs, w / size, kept) if keep])


def _with_phases(terms: list[tuple[sympy.Expr, float]]) -> sympy.Expr:
    """The sum, with a·sin(u) + b·cos(u) of one u as one sine with a phase."""
    coefficients = dict(terms)
    total = sympy.S.Zero
    for term, c in terms:
        is_sine = term.has(sympy.sin)
        partner = term.replace(*(sympy.sin, sympy.cos) if is_sine else (sympy.cos, sympy.sin))
        if partner == term or partner not in coefficients:
            total += sympy.Float(float(c)) * term
        elif is_sine:
            b = coefficients[partner]
            phase = sympy.Float(float(np.arctan2(b, c)))
            sine = next(iter(term.atoms(sympy.sin)))
            total += sympy.Float(float(np.hypot(c, b))) * term.xreplace({sine: sympy.sin(sine.args[0] + phase)})
    return total
