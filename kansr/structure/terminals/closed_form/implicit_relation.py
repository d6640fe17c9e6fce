"""T(y)·Q(g) = P(g) with polynomials P and Q of simple functions g of the inputs: one null vector of one matrix.

Noise-free rows of such a law make the columns of all monomials in g, and of T(y) times them, linearly dependent, and
the dependence is the law. Degrees and sets of functions grow until there is one; it is then made as sparse as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.expression.nice_numbers import SHORT_TOLERANCE, fractions_near, is_short
from kansr.numeric.arrays import Array, evenly_spaced_rows
from kansr.numeric.monomials import Monomial, design, monomials
from kansr.numeric.null_vector import null_vector
from kansr.structure.surrogate.target_transforms import Transform, transformed
from kansr.structure.terminals.closed_form.sparse_polynomial import polynomial
from kansr.structure.terminals.closed_form.two_input_exponentials import joint

MOST_COLUMNS, FEWER_COLUMNS, MOST_TERMS, MOST_INPUTS = 145, 65, 24, 4
DEPENDENT = 1e-11  # singular value, over the largest, below which columns are taken for dependent
GAP = 100.0  # times larger that the next singular value is where there is one dependence
EXACT = 1e-9  # misfit over the spread of what comes out
# A ratio of long polynomials meets any smooth curve to the last digit, but with coefficients that no one would write:
# the most of those that are believed, with one input and with more.
UGLY_CURVE, UGLY, FEW_DIGITS = 2, 7, 4
MANY = 14  # terms from which all coefficients have to be whole numbers
DENOMINATORS, LARGEST = (1, 2, 3, 4, 6, 7, 9, 11, 12, 13, 24), 1000  # of fractions, and the size of their numerators
NEGLIGIBLE = 1e-9  # share of the largest term below which a term is dropped

Kind = tuple[Callable[[sympy.Expr], sympy.Expr], Callable[[Array], Array]]

SIN: Kind = (sympy.sin, np.sin)
COS: Kind = (sympy.cos, np.cos)
PLAIN: Kind = (lambda x: x, lambda x: x)
EXP: Kind = (sympy.exp, np.exp)
FALL: Kind = (lambda x: sympy.exp(-x), lambda x: np.exp(-x))
LOG: Kind = (sympy.log, np.log)
ROOT: Kind = (sympy.sqrt, np.sqrt)
SQUARE: Kind = (lambda x: x**2, np.square)

# What the polynomials may be built of, for each input.
SETS: tuple[tuple[Kind, ...], ...] = (
    (PLAIN,), (SIN, COS), (EXP,), (PLAIN, SIN, COS), (PLAIN, EXP), (PLAIN, FALL), (LOG,), (PLAIN, LOG), (ROOT,),
)  # fmt: skip
EVEN = (SQUARE,)  # of all inputs at once: twice the degree for a law that does not know their signs
# (degree of P, degree of Q), the fewest columns first; Q of degree 0 is a constant.
DEGREES = ((1, 0), (2, 0), (1, 1), (3, 0), (2, 1), (1, 2), (2, 2), (4, 0), (3, 1), (3, 2), (1, 3), (2, 3), (3, 3),
           (1, 4), (2, 4), (4, 1), (4, 2), (4, 3), (4, 4))  # fmt: skip
CURVES = ((6, 0), (12, 0), (5, 2), (6, 2), (5, 4), (6, 4), (6, 6))  # beyond these, with a single plain input
ANGLES = ("sin(y)", "cos(y)", "tan(y)")  # what an angle may be found by, from waves of other angles
LOW = 4  # total degree in functions other than the inputs themselves


def _signed_root(square: sympy.Expr) -> sympy.Expr | None:
    """S/sqrt(Q) of S**2/Q: the sign of a target that has both is that of what is a whole square; None without one."""
    above, below = sympy.fraction(sympy.factor(square))
    number, factors = sympy.factor_list(above)
    if any(power % 2 for _, power in factors):
        return None
    return sympy.sqrt(number) * sympy.Mul(*(base ** (power // 2) for base, power in factors)) / sympy.sqrt(below)


SIGNED = Transform("y^2, signed", np.square, np.sqrt, _signed_root, lambda y: True, 1)


@dataclass(frozen=True, eq=False)
class _Generators:
    """Functions of the inputs: as sympy, as columns (rows, g), and which are a cosine after its sine."""

    symbols: tuple[sympy.Expr, ...]
    columns: Array
    cosines: tuple[bool, ...]

    @property
    def plain(self) -> bool:
        """Whether they are the inputs themselves, or their squares."""
        return all(symbol.as_base_exp()[0].is_Symbol and symbol.is_polynomial() for symbol in self.symbols)

    def monomials(self, degree: int) -> list[Monomial]:
        """Exponents of all monomials up to `degree`, the constant first; cos² is 1 − sin² and left out."""
        return monomials(len(self.symbols), degree, linear=self.cosines)


def relations(
    data: Dataset, expired: Callable[[], bool] = lambda: False, *, plain: bool = False
) -> Iterator[sympy.Expr]:
    """Formulas T⁻¹(P/Q) that leave rounding only, the fewest columns first; `plain`: of the inputs themselves only.

    data: at most MOST_INPUTS inputs, else nothing is tried.
    """
    if len(data.names) > MOST_INPUTS:
        return
    targets = transformed(data.y)
    if data.y.min() < 0 < data.y.max():
        targets.append((SIGNED, 1.0, data.y**2))
    for generators in _sets(data, plain):
        degrees = _degrees(generators, data)
        biggest = [d for d in degrees if not any(d != e and d[0] <= e[0] and d[1] <= e[1] for e in degrees)]
        found = False
        for transform, sign, t in targets:
            if not _suits(transform, generators, len(data.names)):
                continue
            # where the largest set of columns is independent, so is every part of it
            alive = [d for d in biggest if _dependent(generators, t, *d)]
            for top, bottom in degrees:
                if expired():
                    return
                if any(top <= d[0] and bottom <= d[1] for d in alive):
                    expr = _relation(generators, t, top, bottom)
                    formula = None if expr is None else transform.symbolic(expr)
                    if formula is not None:
                        found = True
                        yield sign * formula
                        break
        if found:
            return


def _suits(transform: Transform, generators: _Generators, inputs: int) -> bool:
    """Whether a textbook has such a target beside such functions: the plain ones, and angles among angles."""
    if transform.name in ANGLES and any(generators.cosines):
        return all(symbol.is_Symbol or symbol.func in (sympy.sin, sympy.cos) for symbol in generators.symbols)
    return transform.complexity <= (0 if not generators.plain else 2 if inputs < 3 else 1)


def _degrees(generators: _Generators, data: Dataset) -> list[tuple[int, int]]:
    """The degrees of P and Q with few enough columns, the fewest first."""
    degrees = DEGREES + (CURVES if len(data.names) == 1 and generators.plain else ())
    most = min(MOST_COLUMNS if generators.plain else FEWER_COLUMNS, data.rows // 3)
    counted = []
    for top, bottom in degrees:
        count = len(generators.monomials(top)) + len(generators.monomials(bottom))
        if count <= most and (generators.plain or top + bottom <= LOW):
            counted.append((count, top, bottom))
    return [(top, bottom) for _, top, bottom in sorted(counted)]


def _dependent(generators: _Generators, t: Array, top: int, bottom: int) -> bool:
    A = design(generators.columns, generators.monomials(top))
    if not np.isfinite(A).all():
        return False
    below = len(generators.monomials(bottom))
    M, scale = _matrix(A, t, below)
    if not np.isfinite(scale).all() or np.any(scale == 0):
        return False
    rows = _some(len(t), A.shape[1] + below)
    s = np.linalg.svd(M[rows], compute_uv=False)
    if s[-1] > DEPENDENT * s[0]:
        return False
    # functions that are nearly dependent among themselves say nothing about the target
    own = np.array([1.0]) if generators.plain else np.linalg.svd(M[rows, : A.shape[1]], compute_uv=False)
    return bool(own[-1] > DEPENDENT * own[0])


def _relation(generators: _Generators, t: Array, top: int, bottom: int) -> sympy.Expr | None:
    P, Q = generators.monomials(top), generators.monomials(bottom)
    curve = len({a for symbol in generators.symbols for a in symbol.free_symbols}) == 1
    vector = _dependence(design(generators.columns, P), t, len(Q), UGLY_CURVE if curve else UGLY)
    if vector is None:
        return None
    total = polynomial(generators.symbols, P, vector[: len(P)])
    return total if bottom == 0 else total / polynomial(generators.symbols, Q, vector[len(P) :])


def _sets(data: Dataset, plain: bool) -> Iterator[_Generators]:
    """Sets of generators, those with the fewest kinds of function first."""
    n = len(data.names)
    # with three inputs or more, one of them at most has functions of its own beside the common ones
    choices: list[tuple[int, ...]] = list(product(range(len(SETS)), repeat=n)) if n < 3 else [
        tuple(own if k == i else common for k in range(n))
        for common in (0, 1, 2) for i in range(n) for own in range(len(SETS))
    ]  # fmt: skip
    choices = sorted(dict.fromkeys(choices), key=lambda c: (sum(len(SETS[k]) for k in c), sum(map(bool, c)), c))
    sets: list[list[tuple[Kind, ...]]] = [
        [SETS[k] for k in choice] for choice in choices if not plain or not any(choice)
    ]
    if n > 1:
        sets.insert(1, [EVEN] * n)
    for chosen in sets:
        symbols, columns, cosines = [], [], []
        for name, x, functions in zip(data.names, data.X.T, chosen):
            for symbolic, numeric in functions:
                with np.errstate(all="ignore"):
                    columns.append(numeric(x))
                symbols.append(symbolic(sympy.Symbol(name)))
                cosines.append(symbolic is sympy.cos)
        matrix = np.column_stack(columns)
        if np.isfinite(matrix).all():
            yield _Generators(tuple(symbols), matrix, tuple(cosines))
    if not plain:
        own = [sympy.Symbol(name) for name in data.names]
        for symbol, column in joint(own, data.X):
            yield _Generators((*own, symbol), np.column_stack([data.X, column]), (False,) * (n + 1))


def _some(rows: int, columns: int) -> NDArray[np.intp]:
    """Enough of the rows for a null vector of so many columns."""
    return evenly_spaced_rows(rows, 3 * columns + 20)


def _matrix(A: Array, t: Array, below: int) -> tuple[Array, Array]:
    """[A, −t·B] with columns of unit root mean square, and what they were divided by; B: `below` columns of A."""
    with np.errstate(all="ignore"):
        M = np.hstack([A, -t[:, None] * A[:, :below]])
        M = M / (1.0 + np.abs(t) / np.median(np.abs(t)))[:, None]  # a pole must not drown all other rows
        scale = np.sqrt(np.mean(M * M, axis=0))
        return M / scale, scale


def _short(coefficients: Array) -> list[sympy.Expr]:
    """The coefficients, multiplied by the number that makes the most of them short; whole ones and fractions exact."""
    best: tuple[tuple[int, int, float], list[sympy.Expr]] | None = None
    for unit in coefficients:
        numbers = [_number(float(c)) for c in coefficients / unit]
        ugly = sum(isinstance(n, sympy.Float) and not is_short(float(n), FEW_DIGITS) for n in numbers)
        cost = (ugly, sum(not n.is_Integer for n in numbers), float(np.abs(coefficients / unit).max()))
        if best is None or cost < best[0]:
            best = (cost, numbers)
    assert best is not None
    return best[1]


def _number(value: float) -> sympy.Expr:
    return next(fractions_near(value, DENOMINATORS, SHORT_TOLERANCE, LARGEST), sympy.Float(value))


def _dependence(A: Array, t: Array, below: int, most_ugly: int) -> list[sympy.Expr] | None:
    """w and v with A·w = t·(B·v), B the first `below` columns of A; sparse, or None where there is none.

    A: (rows, columns); t: (rows,) -> (columns + below,) numbers. With one column below, v is 1.
    """
    M, scale = _matrix(A, t, below)
    rows = _some(len(t), M.shape[1])
    kept = np.arange(M.shape[1])
    vector = null_vector(M[rows], DEPENDENT, GAP)
    while vector is not None:
        small = np.abs(vector) < NEGLIGIBLE * np.abs(vector).max()
        if not small.any():
            break
        kept = kept[~small]
        vector = null_vector(M[rows][:, kept], DEPENDENT, GAP)
    if vector is None or len(kept) > MOST_TERMS:
        return None
    vector = null_vector(M[:, kept], DEPENDENT, GAP)
    if vector is None:
        return None
    full = np.zeros(M.shape[1])
    full[kept] = vector / scale[kept]
    v = full[A.shape[1] :]
    if not np.any(v):
        return None
    with np.errstate(all="ignore"):
        misfit = A @ full[: A.shape[1]] / (A[:, :below] @ v) - t
        misfit = misfit / (np.std(t) + np.abs(t))  # heavy tails: relative where values are large
    if not float(np.sqrt(np.mean(misfit * misfit))) < EXACT:
        return None
    numbers = _short(full[kept])
    ugly = sum(n.is_Float and not is_short(float(n), FEW_DIGITS) for n in numbers)
    if ugly > max(most_ugly, 7 - len(kept)) or (len(kept) > MANY and not all(n.is_Integer for n in numbers)):
        return None
    if below == 1:  # a polynomial: its own coefficients, whatever the unit
        numbers = [_number(float(c)) for c in full[kept] / v[0]]
    sparse: list[sympy.Expr] = [sympy.S.Zero] * len(full)
    for place, number in zip(kept, numbers):
        sparse[place] = number
    return sparse
