"""T(y) = Σ b_k·B_k + c1·E1 + c2·E2 (+ c3·E3): small expressions E out of a table of all of them, met in the middle.

Every pair of the table has its best r² in closed form, once the common terms B, a constant or a low polynomial, are
projected out: two halves of a law meet among millions of combinations. Triples are tried for the lightest atoms. The
logarithm of a product is a sum, so products with fitted exponents are met in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.monomials import design, monomials
from kansr.structure.surrogate.target_transforms import transformed
from kansr.structure.terminals.closed_form.sparse_polynomial import monomial_terms
from kansr.structure.terminals.enumerated.atoms import MOST_INPUTS, Atoms, atoms

ROWS, SCREENED = 256, 80  # rows the table is computed on, and those that pairs are screened on
BLOCK, SHORTLIST = 256, 40
CORE, THIRDS = 110, 1500  # atoms of the first two of three, and of the third
COMMON, RARE = 2500, 700  # atoms under the transforms that are met often, and under all others
EXACT = 1e-9  # misfit over the spread from which a combination is the law but for rounding
OFTEN = ("log(y)", "1/y", "y^2")

Met = tuple[float, float, tuple[int, ...]]  # misfit over the spread, weight, atoms


@dataclass(frozen=True, eq=False)
class _Base:
    """Terms every combination has: as sympy and as columns (rows, k)."""

    terms: tuple[sympy.Expr, ...]
    columns: Array


def sums_of_atoms(
    data: Dataset, threshold: float, expired: Callable[[], bool] = lambda: False, keep: int = 3
) -> Iterator[sympy.Expr]:
    """The combinations whose misfit, over the spread of T(y), is below `threshold`; exact ones first, by weight.

    data: at most MOST_INPUTS inputs, else nothing is tried.
    """
    if len(data.names) > MOST_INPUTS or data.rows < 12:
        return
    rows = evenly_spaced_rows(data.rows, ROWS)
    X, y = data.X[rows], data.y[rows]
    table = atoms(data.names, X)
    bases = _bases(data.names, X)
    targets = transformed(y)
    for base in bases:
        for transform, sign, t in targets:
            if expired():
                return
            plain, often = transform.name == "y", transform.name in OFTEN
            if base is not bases[0] and not plain:
                continue
            part = table if plain else table.take(np.arange(min(COMMON if often else RARE, len(table))))
            for misfit, _, chosen in _met(part, base, t, keep, expired, triples=(plain or often) and base is bases[0]):
                if misfit < threshold:
                    yield sign * transform.symbolic(_sum(part, base, t, chosen))
        if base is bases[0]:
            yield from _products(table, y, threshold, keep, expired)


def _bases(names: tuple[str, ...], X: Array) -> list[_Base]:
    """A constant alone; a polynomial of degree 3 in one input, 2 in more."""
    one = np.ones((len(X), 1))
    symbols = [sympy.Symbol(name) for name in names]
    degree = 3 if len(names) == 1 else 2
    powers = monomials(len(names), degree)
    return [_Base((sympy.S.One,), one), _Base(tuple(monomial_terms(symbols, powers)), design(X, powers))]


def _products(table: Atoms, y: Array, threshold: float, keep: int, expired: Callable[[], bool]) -> Iterator[sympy.Expr]:
    """y = c·E1**p1·E2**p2 (·E3**p3), of either sign where the exponents are whole."""
    if np.any(y == 0) or expired():
        return
    usable = np.flatnonzero(np.all(table.values != 0, axis=1))
    part = table.take(usable)
    if len(part) < 2:
        return
    logs = Atoms(part.recipes, np.log(np.abs(part.values)), part.weights)
    varies = np.std(logs.values, axis=1) > 1e-9
    part, logs = part.take(np.flatnonzero(varies)), logs.take(np.flatnonzero(varies))
    t = np.log(np.abs(y))
    base = _Base((sympy.S.One,), np.ones((len(y), 1)))
    for misfit, _, chosen in _met(logs, base, t, keep, expired, triples=True):
        if misfit >= threshold:
            continue
        w = _coefficients(logs, base, t, chosen)
        total, value = sympy.S.One, np.ones(len(y))
        for p, i in zip(w[1:], chosen):
            whole = round(2 * p) / 2
            exponent = sympy.Rational(int(2 * whole), 2) if abs(p - whole) < 1e-6 else sympy.Float(float(p))
            total = total * _power(part.expr(i), exponent)
            with np.errstate(all="ignore"):
                value = value * part.values[i] ** float(exponent)
        if np.isfinite(value).all() and np.abs(np.sum(np.sign(value * y))) == len(y):
            yield sympy.Float(float(np.exp(w[0]) * np.sign(value[0] * y[0]))) * total


def _sum(table: Atoms, base: _Base, t: Array, chosen: tuple[int, ...]) -> sympy.Expr:
    """The combination with its coefficients fitted; common terms that do not matter are left out."""
    w = _coefficients(table, base, t, chosen)
    size = np.abs(w[: base.columns.shape[1]]) * np.abs(base.columns).max(axis=0)
    matters = size > 1e-9 * float(np.abs(t).max())
    terms = [sympy.Float(float(c)) * e for c, e, m in zip(w, base.terms, matters) if m]
    terms += [sympy.Float(float(c)) * table.expr(i) for c, i in zip(w[len(base.terms) :], chosen)]
    return sympy.Add(*terms)


def _power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    """base**exponent, that of exp(u) as exp(exponent·u)."""
    if base.func is sympy.exp:
        return sympy.exp(exponent * base.args[0])
    return base**exponent


def _coefficients(table: Atoms, base: _Base, t: Array, chosen: tuple[int, ...]) -> Array:
    columns = np.column_stack([base.columns, *(table.values[i] for i in chosen)])
    size = np.abs(columns).max(axis=0)
    return np.asarray(np.linalg.lstsq(columns / size, t, rcond=1e-15)[0] / size)


def _met(table: Atoms, base: _Base, t: Array, keep: int, expired: Callable[[], bool], *, triples: bool) -> list[Met]:
    """The best singles, pairs and triples: the exact ones by weight, then a few of the closest."""
    Q = np.linalg.qr(base.columns)[0]
    y = t - Q @ (Q.T @ t)
    spread = float(np.linalg.norm(y))
    if not spread > 1e-13 * float(np.linalg.norm(t)):
        return []
    y = y / spread
    size = np.linalg.norm(table.values, axis=1, keepdims=True)
    V = table.values / size
    V = V - (V @ Q) @ Q.T
    norm = np.linalg.norm(V, axis=1)
    index = np.flatnonzero(norm > 1e-7)
    V = V[index] / norm[index, None]
    # screened on few rows, where the vectors are made unit again; judged on all
    S = V[:, :SCREENED]
    lengths = np.linalg.norm(S, axis=1)
    seen = lengths > 1e-6
    index, V, S = index[seen], V[seen], S[seen] / lengths[seen, None]
    few = y[:SCREENED] / (np.linalg.norm(y[:SCREENED]) or 1.0)
    r = S @ few
    chosen: list[tuple[int, ...]] = [(int(i),) for i in np.argsort(-np.abs(r), kind="stable")[:SHORTLIST]]
    chosen += _pairs(S, r)
    if triples and not expired():
        chosen += _triples(S[: max(CORE, THIRDS)], r, expired)
    weights = table.weights[index]
    found: list[Met] = []
    for combination in dict.fromkeys(chosen):
        A = V[list(combination)].T
        q, R = np.linalg.qr(A)
        if np.abs(np.diag(R)).min() < 1e-7:
            continue
        rest = y - q @ (q.T @ y)
        misfit = float(np.linalg.norm(rest - q @ (q.T @ rest)))
        weight = float(sum(weights[i] for i in combination)) + len(combination)
        found.append((misfit, weight, tuple(int(index[i]) for i in combination)))
    exact = sorted((m for m in found if m[0] < EXACT), key=lambda m: (m[1], m[2]))
    near = sorted((m for m in found if m[0] >= EXACT), key=lambda m: (m[0] * 2 ** len(m[2]), m[2]))
    return [*exact[: 2 * keep], *near[: 2 * keep]]


def _pairs(S: Array, r: Array) -> list[tuple[int, ...]]:
    """The pairs of rows of S, all of unit length, that explain most of a vector with the products r."""
    best: list[tuple[float, int, int]] = []
    with np.errstate(all="ignore"):
        for start in range(0, len(S), BLOCK):
            G = S[start : start + BLOCK] @ S[start:].T
            a, b = r[start : start + BLOCK, None], r[start:]
            left = 1 - G * G
            G *= b
            gain = (G - a) ** 2 / np.where(left > 1e-9, left, np.inf) + b * b
            gain[np.arange(len(G))[:, None] >= np.arange(gain.shape[1])] = 0.0
            best += _largest(gain, SHORTLIST, start)
    best.sort(key=lambda row: (-row[0], row[1:]))
    return [(i, j) for _, i, j in best[:SHORTLIST]]


def _largest(gain: Array, count: int, start: int) -> list[tuple[float, int, int]]:
    flat = np.nan_to_num(gain.ravel(), nan=0.0, posinf=0.0, neginf=0.0)
    top = np.argpartition(-flat, min(count, len(flat) - 1))[:count]
    return [(float(flat[k]), start + int(k) // gain.shape[1], start + int(k) % gain.shape[1]) for k in top]


def _triples(S: Array, r: Array, expired: Callable[[], bool]) -> list[tuple[int, ...]]:
    """The best third for every pair of the first CORE rows of S."""
    core, thirds = min(CORE, len(S)), min(THIRDS, len(S))
    S, r = S[:thirds], r[:thirds]
    G = S @ S[:core].T  # (thirds, core)
    found: list[tuple[float, tuple[int, ...]]] = []
    with np.errstate(all="ignore"):
        for i in range(core):
            if expired():
                break
            g = G[:, i]
            # everything with atom i taken out
            left = 1 - g * g
            others = np.arange(i + 1, core)
            if not len(others):
                break
            H = G[:, others] - g[:, None] * g[others]
            ri = r - g * r[i]
            second = left[others]
            gain2 = ri[others] ** 2 / second
            rest = left[:, None] - H * H / second
            gain = (
                r[i] ** 2 + gain2 + (ri[:, None] - H * (ri[others] / second)) ** 2 / np.where(rest > 1e-9, rest, np.inf)
            )
            gain[:, second < 1e-9] = 0.0
            found += _best_thirds(gain, i, others)
    found.sort(key=lambda row: (-row[0], row[1]))
    return [chosen for _, chosen in found[: 2 * SHORTLIST]]


def _best_thirds(gain: Array, i: int, others: NDArray[np.intp]) -> list[tuple[float, tuple[int, ...]]]:
    best = _largest(gain, 6, 0)
    return [(value, tuple(sorted({i, int(others[j]), k}))) for value, k, j in best if k != i and k != int(others[j])]
