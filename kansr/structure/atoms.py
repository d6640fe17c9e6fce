"""T(y) = c0 + Σ c_i·E_i with up to three small expressions E_i, out of a table of all of them.

Every single expression and every pair has its best r² in closed form, so two halves of a law meet in the middle of
millions of combinations; the third is the best addition to the best pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
import sympy

from kansr.data.dataset import Array, Dataset
from kansr.structure.transforms import transformed

MOST_ATOMS, MOST_INPUTS, ROWS = 1600, 4, 300

Atom = tuple[sympy.Expr, Array]


def sums_of_atoms(data: Dataset, threshold: float, expired: Callable[[], bool], keep: int = 3) -> Iterator[sympy.Expr]:
    """The combinations whose misfit, over the spread of T(y), is below `threshold`; the closest first for each T.

    data: at most MOST_INPUTS inputs, else nothing is tried.
    """
    if len(data.names) > MOST_INPUTS:
        return
    rows = np.unique(np.linspace(0, data.rows - 1, min(ROWS, data.rows)).astype(int))
    table = atoms(data.names, data.X[rows])
    A = np.stack([values for _, values in table])
    A = A - A.mean(axis=1, keepdims=True)
    A = A / np.linalg.norm(A, axis=1, keepdims=True)
    gram = A @ A.T
    for transform, sign, t in transformed(data.y):
        if expired():
            return
        y = t[rows] - t[rows].mean()
        y = y / np.linalg.norm(y)
        for misfit, chosen in _best(A, gram, y, keep):
            if misfit < threshold:
                columns = np.column_stack([np.ones(len(rows)), *(table[i][1] for i in chosen)])
                size = np.abs(columns).max(axis=0)
                w = np.linalg.lstsq(columns / size, t[rows], rcond=1e-14)[0] / size
                terms = (sympy.Float(float(c)) * table[i][0] for c, i in zip(w[1:], chosen))
                yield sign * transform.symbolic(sympy.Float(float(w[0])) + sympy.Add(*terms))


def _best(A: Array, gram: Array, y: Array, keep: int) -> list[tuple[float, tuple[int, ...]]]:
    """(rms misfit over the spread, atoms) of the best single, pairs and triples, simplest first among equals."""
    r = A @ y
    determinant = 1 - gram * gram
    with np.errstate(all="ignore"):
        pair = (r[:, None] ** 2 + r**2 - 2 * np.outer(r, r) * gram) / determinant
    pair = np.triu(np.where(determinant > 1e-8, pair, 0.0), 1)
    flat = np.argpartition(-pair.ravel(), 4 * keep)[: 4 * keep]
    flat = flat[np.argsort(-pair.ravel()[flat], kind="stable")]
    found: list[tuple[int, ...]] = [(int(i),) for i in np.argsort(-(r * r), kind="stable")[:keep]]
    pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(flat, pair.shape))]
    found += pairs
    for i, j in pairs[:keep]:
        Q = np.linalg.qr(A[[i, j]].T)[0]
        rest = A - (A @ Q) @ Q.T
        norm = np.sum(rest * rest, axis=1)
        gain = np.where(norm > 1e-8, (rest @ (y - Q @ (Q.T @ y))) ** 2 / np.maximum(norm, 1e-8), 0.0)
        found += [(i, j, int(k)) for k in np.argsort(-gain, kind="stable")[:2]]
    scored = []
    for chosen in found:
        Q = np.linalg.qr(A[list(chosen)].T)[0]
        misfit = float(np.linalg.norm(y - Q @ (Q.T @ y)))
        scored.append((max(misfit, 1e-9), chosen))
    return sorted(scored, key=lambda s: (s[0] * 2 ** len(s[1]), s[1]))[: 2 * keep]


def atoms(names: tuple[str, ...], X: Array) -> list[Atom]:
    """Small expressions of the inputs with their values on X (rows, inputs), none twice up to a factor and offset."""
    single = [_of_one(sympy.Symbol(name), x) for name, x in zip(names, X.T)]
    few = [[a for a in group if a[0].count_ops() <= 2] for group in single]
    table: list[Atom] = [atom for group in single for atom in group]
    for group in few:
        table += [(e * f, v * w) for (e, v), (f, w) in combinations(group, 2)]
    for i, j in combinations(range(len(names)), 2):
        a, b = sympy.Symbol(names[i]), sympy.Symbol(names[j])
        for both, values in ((a + b, X[:, i] + X[:, j]), (a - b, X[:, i] - X[:, j])):
            table += _of_one(both, values)
        table += [(e * f, v * w) for e, v in few[i] for f, w in few[j]]
        for e, values in (
            (a * b, X[:, i] * X[:, j]),
            (a / b, _ratio(X[:, i], X[:, j])),
            (b / a, _ratio(X[:, j], X[:, i])),
        ):
            table += [atom for atom in _of_one(e, values) if atom[0].has(sympy.sin, sympy.cos, sympy.exp, sympy.log)]
    table.sort(key=lambda atom: atom[0].count_ops())  # the simple ones first: the table is cut at its end
    return _distinct(table)[:MOST_ATOMS]


def _of_one(x: sympy.Expr, values: Array) -> list[Atom]:
    rows: list[Atom] = [(x, values)]
    with np.errstate(all="ignore"):
        rows += [(x**n, values**n) for n in (2, 3, 4)]
        rows += [(x**-n, values ** float(-n)) for n in (1, 2, 3)]
        rows += [(x ** sympy.Rational(n, 2), values ** (n / 2)) for n in (1, -1, 3)]
        rows += [(sympy.log(x), np.log(values)), (sympy.exp(x), np.exp(values)), (sympy.exp(-x), np.exp(-values))]
        rows += [(sympy.exp(-(x**2)), np.exp(-(values**2)))]
        if np.abs(values).max() < 60:
            rows += [(sympy.sin(x), np.sin(values)), (sympy.cos(x), np.cos(values))]
            rows += [(sympy.sin(2 * x), np.sin(2 * values)), (sympy.cos(2 * x), np.cos(2 * values))]
            rows += [(sympy.sin(x**2), np.sin(values**2)), (sympy.cos(x**2), np.cos(values**2))]
    return rows


def _ratio(a: Array, b: Array) -> Array:
    with np.errstate(all="ignore"):
        return a / b


def _distinct(table: list[Atom]) -> list[Atom]:
    seen: set[tuple[float, ...]] = set()
    rows = []
    for expr, values in table:
        spread = float(np.std(values)) if np.isfinite(values).all() else 0.0
        if not spread > 1e-12 * float(np.abs(values).max()) or not np.isfinite(spread) or expr.is_number:
            continue
        standard = (values - values.mean()) / spread
        key = tuple(np.round(np.sign(standard[0]) * standard[:6], 7))
        if key not in seen:
            seen.add(key)
            rows.append((expr, values))
    return rows
