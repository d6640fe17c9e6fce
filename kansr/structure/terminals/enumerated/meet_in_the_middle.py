"""Meet-in-the-middle search for sums of two or three atoms, T(y) = Σ b_k·B_k + c1·E1 + c2·E2 (+ c3·E3).

Once the known terms B, a constant or a low polynomial, are projected out, r² of any two atoms is a closed form of their
products with each other and with the target: two halves of a law meet among millions of pairs. Triples are tried for
the simplest atoms. The logarithm of a product is a sum, so products with fitted exponents are found in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.formula.judge.exactness import ROW_RESIDUAL
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.monomials import design, monomials
from kansr.numeric.tolerances import ROUNDING, ROUNDING_RMS, SQRT_EPS
from kansr.structure.surrogate.target_transforms import transformed
from kansr.structure.terminals.closed_form.power_law import fitted_exponent
from kansr.structure.terminals.closed_form.sparse_polynomial import monomial_terms
from kansr.structure.terminals.enumerated.atoms import Atoms, atoms
from kansr.structure.terminals.limits import COMMON_TRANSFORMS, MOST_INPUTS, SCAN_ROWS

# Rows that atoms are computed on, and the fewest of a table.
ROWS = 256
FEWEST_ROWS = 12

# Atoms that are paired at a time, which bounds the memory.
BLOCK = 256

# Singles, pairs and half of the triples that are judged on all rows.
SHORTLIST = 40

# Atoms of which every two are joined with a third, and the thirds of each pair that are kept.
CORE = 110
THIRDS_OF_A_PAIR = 6

# Atoms that are thirds, and atoms under the common transforms of the target; under other transforms.
MOST_ATOMS = 2000
FEW_ATOMS = 700


@dataclass(frozen=True, eq=False)
class _CommonTerms:
    """Terms that every combination has: as sympy and as columns, (rows, terms)."""

    exprs: tuple[sympy.Expr, ...]
    columns: Array


class _Combination(NamedTuple):
    """misfit: rms residual over what the known terms leave of the target; complexity: less is simpler."""

    misfit: float
    complexity: float
    atoms: tuple[int, ...]

    def rank(self) -> tuple[float, tuple[int, ...]]:
        """Of inexact ones: a further atom has to halve the misfit."""
        return self.misfit * 2 ** len(self.atoms), self.atoms


def sums_of_atoms(
    data: Dataset, max_misfit: float, expired: Callable[[], bool] = lambda: False, keep: int = 3
) -> Iterator[sympy.Expr]:
    """The combinations whose misfit is below `max_misfit`, exact ones first, the simplest of them first.

    data: at most MOST_INPUTS inputs, else nothing is tried.
    """
    if len(data.names) > MOST_INPUTS or data.rows < FEWEST_ROWS:
        return
    rows = evenly_spaced_rows(data.rows, ROWS)
    X, y = data.X[rows], data.y[rows]
    table = atoms(data.names, X)
    constant, low_polynomial = _constant(X), _low_polynomial(data.names, X)
    for transform, sign, t in transformed(y):
        if expired():
            return
        is_common = transform.name in COMMON_TRANSFORMS
        part = table if transform.name == "y" else _first(table, MOST_ATOMS if is_common else FEW_ATOMS)
        for found in _best(part, constant, t, keep, expired, triples=is_common):
            if found.misfit < max_misfit:
                yield sign * transform.symbolic(_sum(part, constant, t, found.atoms))
    yield from _products(table, y, max_misfit, keep, expired)
    if not expired():
        sign = -1.0 if y.max() < 0 else 1.0
        for found in _best(table, low_polynomial, sign * y, keep, expired, triples=False):
            if found.misfit < max_misfit:
                yield sign * _sum(table, low_polynomial, sign * y, found.atoms)


def _first(table: Atoms, count: int) -> Atoms:
    return table.take(np.arange(min(count, len(table))))


def _constant(X: Array) -> _CommonTerms:
    return _CommonTerms((sympy.S.One,), np.ones((len(X), 1)))


def _low_polynomial(names: tuple[str, ...], X: Array) -> _CommonTerms:
    """Of degree 3 in one input, 2 in more."""
    powers = monomials(len(names), 3 if len(names) == 1 else 2)
    symbols = [sympy.Symbol(name) for name in names]
    return _CommonTerms(tuple(monomial_terms(symbols, powers)), design(X, powers))


def _products(
    table: Atoms, y: Array, max_misfit: float, keep: int, expired: Callable[[], bool]
) -> Iterator[sympy.Expr]:
    """y = c·E1**p1·E2**p2 (·E3**p3); atoms of either sign where their exponents are whole."""
    if np.any(y == 0) or expired():
        return
    part = table.take(np.flatnonzero(np.all(table.values != 0, axis=1)))
    if len(part) < 2:
        return
    logs = np.log(np.abs(part.values))
    varies = np.flatnonzero(np.std(logs, axis=1) > ROUNDING)
    part, logs = part.take(varies), logs[varies]
    of_logs = Atoms(part.unbuilt, logs, part.complexity)
    t, constant = np.log(np.abs(y)), _constant(y[:, None])
    for found in _best(of_logs, constant, t, keep, expired, triples=True):
        if found.misfit < max_misfit:
            w = _coefficients(of_logs, constant, t, found.atoms)
            expr = _product(part, found.atoms, w, y)
            if expr is not None:
                yield expr


def _product(table: Atoms, chosen: tuple[int, ...], w: Array, y: Array) -> sympy.Expr | None:
    """The product of powers; None where its sign is not that of y on all rows. w: log of the factor, then exponents."""
    expr, values = sympy.S.One, np.ones(len(y))
    for p, i in zip(w[1:], chosen):
        exponent = fitted_exponent(float(p), ROW_RESIDUAL)
        expr = expr * _power(table.expr(i), exponent)
        with np.errstate(all="ignore"):
            values = values * table.values[i] ** float(exponent)
    if not np.isfinite(values).all() or np.abs(np.sum(np.sign(values * y))) != len(y):
        return None
    return sympy.Float(float(np.exp(w[0]) * np.sign(values[0] * y[0]))) * expr


def _power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    """base**exponent, that of exp(u) as exp(exponent·u)."""
    if base.func is sympy.exp:
        return sympy.exp(exponent * base.args[0])
    return base**exponent


def _sum(table: Atoms, common: _CommonTerms, t: Array, chosen: tuple[int, ...]) -> sympy.Expr:
    """The combination with fitted coefficients, without common terms that are only rounding."""
    w = _coefficients(table, common, t, chosen)
    size = np.abs(w[: common.columns.shape[1]]) * np.abs(common.columns).max(axis=0)
    matters = size > ROUNDING_RMS * float(np.abs(t).max())
    terms = [sympy.Float(float(c)) * e for c, e, m in zip(w, common.exprs, matters) if m]
    terms += [sympy.Float(float(c)) * table.expr(i) for c, i in zip(w[len(common.exprs) :], chosen)]
    return sympy.Add(*terms)


def _coefficients(table: Atoms, common: _CommonTerms, t: Array, chosen: tuple[int, ...]) -> Array:
    """Those of the common terms and of the atoms, by least squares."""
    columns = np.column_stack([common.columns, *(table.values[i] for i in chosen)])
    size = np.abs(columns).max(axis=0)
    return np.asarray(np.linalg.lstsq(columns / size, t, rcond=None)[0] / size)


def _best(
    table: Atoms, common: _CommonTerms, t: Array, keep: int, expired: Callable[[], bool], *, triples: bool
) -> list[_Combination]:
    """The best singles, pairs and triples: exact ones, the simplest first, then the closest."""
    Q = np.linalg.qr(common.columns)[0]
    rest = t - Q @ (Q.T @ t)
    size = float(np.linalg.norm(rest))
    if not size > ROUNDING * float(np.linalg.norm(t)):
        return []
    y = rest / size
    values = table.values / np.linalg.norm(table.values, axis=1, keepdims=True)
    V, index = _unit_rows(values - (values @ Q) @ Q.T)
    S, varied = _unit_rows(V[:, :SCAN_ROWS])
    V, index = V[varied], index[varied]
    scanned = y[:SCAN_ROWS] / (np.linalg.norm(y[:SCAN_ROWS]) or 1.0)
    r = S @ scanned
    shortlist: list[tuple[int, ...]] = [(int(i),) for i in np.argsort(-np.abs(r), kind="stable")[:SHORTLIST]]
    shortlist += _pairs(S, r)
    if triples and not expired():
        shortlist += _triples(S[:MOST_ATOMS], r[:MOST_ATOMS], expired)
    found = []
    for chosen in dict.fromkeys(shortlist):
        misfit = _misfit(V[list(chosen)].T, y)
        if misfit is not None:
            numbers = tuple(int(index[i]) for i in chosen)
            found.append(_Combination(misfit, float(table.complexity[list(numbers)].sum()) + len(numbers), numbers))
    exact = sorted((row for row in found if row.misfit < ROUNDING_RMS), key=lambda row: row[1:])
    close = sorted((row for row in found if row.misfit >= ROUNDING_RMS), key=_Combination.rank)
    return [*exact[: 2 * keep], *close[: 2 * keep]]


def _unit_rows(V: Array) -> tuple[Array, NDArray[np.intp]]:
    """The rows that are more than rounding, divided by their lengths, and their numbers. V: rows of at most length 1"""
    lengths = np.linalg.norm(V, axis=1)
    index = np.flatnonzero(lengths > SQRT_EPS)
    return V[index] / lengths[index, None], index


def _misfit(A: Array, y: Array) -> float | None:
    """The length of what least squares of a unit vector y leaves; None for dependent columns. A: (rows, columns)"""
    Q, R = np.linalg.qr(A)
    if np.abs(np.diag(R)).min() < SQRT_EPS:
        return None
    rest = y - Q @ (Q.T @ y)
    return float(np.linalg.norm(rest - Q @ (Q.T @ rest)))  # twice: the first difference has lost digits


def _pairs(S: Array, r: Array) -> list[tuple[int, ...]]:
    """The pairs of rows of S that explain most of a unit vector, whose products with those rows are r.

    S: (atoms, rows), of unit length. With g the product of two rows, they explain (r_i − g·r_j)²/(1 − g²) + r_j².
    """
    best: list[tuple[float, int, int]] = []
    with np.errstate(all="ignore"):
        for start in range(0, len(S), BLOCK):
            G = S[start : start + BLOCK] @ S[start:].T
            a, b = r[start : start + BLOCK, None], r[start:]
            left = 1 - G * G
            G *= b
            explained = (G - a) ** 2 / np.where(left > SQRT_EPS, left, np.inf) + b * b
            explained[np.arange(len(G))[:, None] >= np.arange(explained.shape[1])] = 0.0
            best += [(value, start + i, start + j) for value, i, j in _largest(explained, SHORTLIST)]
    best.sort(key=lambda row: (-row[0], row[1:]))
    return [(i, j) for _, i, j in best[:SHORTLIST]]


def _largest(matrix: Array, count: int) -> list[tuple[float, int, int]]:
    """The largest entries, with their rows and columns."""
    flat = np.nan_to_num(matrix.ravel(), nan=0.0, posinf=0.0, neginf=0.0)
    top = np.argpartition(-flat, min(count, len(flat) - 1))[:count]
    return [(float(flat[k]), *divmod(int(k), matrix.shape[1])) for k in top]


def _triples(S: Array, r: Array, expired: Callable[[], bool]) -> list[tuple[int, ...]]:
    """The best third row of S for every pair of the first CORE rows. S, r: as in `_pairs`"""
    core = min(CORE, len(S))
    G = S @ S[:core].T
    found: list[tuple[float, tuple[int, ...]]] = []
    with np.errstate(all="ignore"):
        for i in range(core - 1):
            if expired():
                break
            others = np.arange(i + 1, core)
            explained = _explained_by_triples(G, r, i, others)
            for value, k, j in _largest(explained, THIRDS_OF_A_PAIR):
                if k not in (i, int(others[j])):
                    found.append((value, tuple(sorted({i, int(others[j]), k}))))
    found.sort(key=lambda row: (-row[0], row[1]))
    return [chosen for _, chosen in found[: 2 * SHORTLIST]]


def _explained_by_triples(G: Array, r: Array, i: int, others: NDArray[np.intp]) -> Array:
    """What row i, each of the others and each third row explain of a unit vector, (thirds, others).

    G: products of all rows with the first ones, (thirds, core); r: (thirds,). By Gram–Schmidt: row i is taken out of
    all rows and of the vector, then the second row out of the third.
    """
    g = G[:, i]
    left = 1 - g * g
    H = G[:, others] - g[:, None] * g[others]
    rest = r - g * r[i]
    second = left[others]
    of_second = rest[others] ** 2 / second
    left_of_third = left[:, None] - H * H / second
    of_third = (rest[:, None] - H * (rest[others] / second)) ** 2
    explained = r[i] ** 2 + of_second + of_third / np.where(left_of_third > SQRT_EPS, left_of_third, np.inf)
    explained[:, second < SQRT_EPS] = 0.0
    return np.asarray(explained)
