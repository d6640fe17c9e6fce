"""T(y) = c0 + Σ c_k·exp(s_k·x), s_k real or in conjugate pairs, over x or log x: de Prony's (1795) method on a curve.

Such sums, damped oscillations, polynomials times exponentials and sums of ugly powers among them, are the solutions of
a linear differential equation with constant coefficients. A smooth fit gives the derivatives, least squares the
coefficients of the equation, and the roots of its characteristic polynomial the exponents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy
from numpy.polynomial import chebyshev

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.structure.surrogate.target_transforms import transformed

ORDERS = (1, 2, 3, 4)
SMOOTH, ROUGH = 1e-6, 3e-6  # misfit of the smooth fit that is needed, and of the sum, both over the spread
NEGLIGIBLE = 1e-5  # share of the largest term below which one is left out: nearly equal roots leave such behind
TARGETS = ("y", "log(y)", "1/y", "y^2")
DEGREES = (12, 20, 32, 48, 70, 100)
FEW = 2  # exponents that are enough for most laws; with more of them any smooth curve is met, but for a wave's


def exponentials(
    data: Dataset, expired: Callable[[], bool] = lambda: False, plausible: bool = False
) -> Iterator[sympy.Expr]:
    """Sums of up to four exponentials with their exponents estimated, to be fitted; the fewest terms first.

    data: one input; plausible: no sums that come close to any smooth curve.
    """
    x = data.X[:, 0]
    symbol = sympy.Symbol(data.names[0])
    for transform, sign, t in transformed(data.y):
        if transform.name not in TARGETS:
            continue
        for logarithmic in (False, True):
            if expired() or (logarithmic and x.min() <= 0):
                continue
            u = np.log(x) if logarithmic else x
            for roots in _equations(u, t):
                if plausible and len(roots) > FEW and np.abs(roots.imag).max() * np.ptp(u) < np.pi:
                    continue
                expr = _sum(roots, u, t, symbol, logarithmic)
                if expr is not None:
                    yield sign * transform.symbolic(expr)


def _equations(u: Array, t: Array) -> Iterator[Array]:
    """Roots of the characteristic polynomials of the equations of rising order, until one holds well."""
    middle, half = (u.max() + u.min()) / 2, (u.max() - u.min()) / 2
    s = (u - middle) / half
    fit = _smooth(s, t)
    if fit is None:
        return
    inner = np.cos(np.pi * (np.arange(160) + 0.5) / 160) * 0.93  # the ends of a fit are its worst part
    derivatives = [chebyshev.chebval(inner, chebyshev.chebder(fit, k) if k else fit) for k in range(max(ORDERS) + 2)]
    D = np.stack([d / (np.sqrt(np.mean(d * d)) + 1e-300) for d in derivatives])
    size = np.array([np.sqrt(np.mean(d * d)) + 1e-300 for d in derivatives])
    for order in ORDERS:
        # a constant beside the exponentials is another root at 0: differentiated away
        for constant in (0, 1):
            rows = D[constant : order + constant + 1]
            v = np.linalg.svd(rows.T, full_matrices=False)[2][-1]
            misfit = float(np.sqrt(np.mean((v @ rows) ** 2)))
            if misfit < ROUGH:
                with np.errstate(all="ignore"):
                    coefficients = v / size[constant : order + constant + 1]
                if np.isfinite(coefficients).all() and abs(coefficients[-1]) > 0:
                    yield np.roots(coefficients[::-1] / coefficients[-1]) / half


def _smooth(s: Array, t: Array) -> Array | None:
    """Chebyshev coefficients of low degree that meet the rows to SMOOTH of the spread; None where there are none."""
    spread = float(np.std(t))
    if not np.isfinite(s).all() or not np.isfinite(t).all():  # values so large or small that their range overflows
        return None
    best: tuple[float, Array] | None = None
    for degree in DEGREES:
        if 3 * degree > len(s):
            break
        V = chebyshev.chebvander(s, degree)
        c: Array = np.asarray(np.linalg.lstsq(V, t, rcond=1e-14)[0], dtype=float)
        error = float(np.sqrt(np.mean((V @ c - t) ** 2))) / spread
        if best is None or error < 0.3 * best[0]:
            best = (error, c)
        if error < 1e-12:
            break
    return best[1] if best is not None and best[0] < SMOOTH else None


def _sum(roots: Array, u: Array, t: Array, x: sympy.Symbol, logarithmic: bool) -> sympy.Expr | None:
    """The sum with these exponents; roots that coincide give powers of the variable as factors."""
    v = sympy.log(x) if logarithmic else x
    terms: list[sympy.Expr] = [sympy.S.One]
    columns: list[Array] = [np.ones(len(u))]
    reach = float(np.ptp(u))
    done: list[complex] = []
    for root in sorted(roots, key=lambda r: (abs(r), r.imag)):
        if root.imag < -1e-3 * abs(root):
            continue
        again = sum(abs(root - other) * reach < 0.02 for other in done)
        done.append(root)
        damping, frequency = float(root.real), float(root.imag)
        if abs(damping) * reach < 1e-3:
            damping = 0.0
        if abs(frequency) * reach < 0.02:
            frequency = 0.0
        if abs(damping) * reach > 300 or abs(frequency) * reach > 300:
            return None
        if damping == 0 and frequency == 0:
            again += 1
        decay = u**again * np.exp(damping * u)
        factor = v**again
        if damping:
            factor = factor * (x ** sympy.Float(damping) if logarithmic else sympy.exp(sympy.Float(damping) * x))
        if frequency:
            angle = sympy.Float(frequency) * v
            terms += [factor * sympy.sin(angle), factor * sympy.cos(angle)]
            columns += [decay * np.sin(frequency * u), decay * np.cos(frequency * u)]
        else:
            terms.append(factor)
            columns.append(decay)
    A = np.column_stack(columns)
    size = np.abs(A).max(axis=0)
    if not np.isfinite(size).all() or np.any(size == 0):
        return None
    w = np.linalg.lstsq(A / size, t, rcond=1e-12)[0]
    misfit = float(np.sqrt(np.mean((A / size @ w - t) ** 2)) / np.std(t))
    if misfit > ROUGH:
        return None
    kept = np.abs(w) > NEGLIGIBLE * np.abs(w).max()
    return _phased([(term, c) for term, c, keep in zip(terms, w / size, kept) if keep])


def _phased(terms: list[tuple[sympy.Expr, float]]) -> sympy.Expr:
    """The sum, a·sin(u) + b·cos(u) of one u written as one wave with a phase."""
    waves = dict(terms)
    total = sympy.S.Zero
    for term, c in terms:
        partner = term.replace(sympy.sin, sympy.cos) if term.has(sympy.sin) else term.replace(sympy.cos, sympy.sin)
        if partner == term or partner not in waves:
            total += sympy.Float(float(c)) * term
        elif term.has(sympy.sin):
            b = waves[partner]
            phase = sympy.Float(float(np.arctan2(b, c)))
            sine = next(iter(term.atoms(sympy.sin)))
            total += sympy.Float(float(np.hypot(c, b))) * term.xreplace({sine: sympy.sin(sine.args[0] + phase)})
    return total
