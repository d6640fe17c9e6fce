"""Dimensional analysis: the target as a power product of inputs times a function of dimensionless groups.

Buckingham 1914: n inputs with r independent dimensions have n - r independent dimensionless groups. The r repeating
variables that cancel the dimensions of all others can be chosen in several ways. The ways with the simplest products
are offered. Exponents are exact rationals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import lcm

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.named_constant import NamedConstant
from kansr.numeric.arrays import Array
from kansr.units.dimension import Dimension
from kansr.units.units import Units

MOST_CHOICES = 4  # that are offered: each is searched apart
MOST_TRIED = 3000  # sets of repeating variables that are tried, for bounded time
MOST_CONSTANTS = 3  # named constants in one choice
# The cost of a choice is the sum of the sizes of its exponents; fractions count FRACTION_COST times as much, and each
# named constant adds CONSTANT_COST.
FRACTION_COST, CONSTANT_COST = 2, 2.0
WIDE_RATIO = 100.0  # largest over median value of a group above which each further decade adds 1 to the cost
TAIL_ROWS = 500  # on which that is measured

Powers = Mapping[str, Fraction]


@dataclass(frozen=True)
class Groups:
    """target = scale · f(groups). scale and groups are power products of inputs and named constants.

    The scale has the dimension of the target, and the groups have none.
    """

    scale: sympy.Expr
    groups: tuple[sympy.Expr, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"group{i}" for i in range(1, len(self.groups) + 1))

    @property
    def constants(self) -> frozenset[sympy.Expr]:
        """The named constants in the products."""
        return frozenset().union(*(product.atoms(NamedConstant) for product in (self.scale, *self.groups)))

    def dataset(self, data: Dataset) -> Dataset:
        """The rows with the groups as inputs; target and stated errors are divided by the scale."""
        columns = [Tape(group, data.names).value(data.X) for group in self.groups]
        X = np.column_stack(columns) if columns else np.empty((data.rows, 0))
        with np.errstate(all="ignore"):
            sizes = self.sizes(data)
            sigma = (np.ones(data.rows) if data.sigma is None else data.sigma) / np.abs(sizes)
            relative = data.sigma is None or data.relative
            return Dataset(X, data.y / sizes, self.names, "ratio", sigma=sigma, relative=relative, robust=data.robust)

    def sizes(self, data: Dataset) -> Array:
        """The values of the scale, (rows,)."""
        return Tape(self.scale, data.names).value(data.X)

    def formula(self, expr: sympy.Expr) -> sympy.Expr:
        """The formula for the target that belongs to one for target/scale in the groups."""
        return self.scale * expr.xreplace({sympy.Symbol(n): g for n, g in zip(self.names, self.groups)})


def possible(units: Units, inputs: Sequence[str]) -> bool:
    """Whether some formula that uses an input has the dimension of the target.

    A power product of inputs and named constants has to have it; for a dimensionless target a group has to exist.
    """
    names = (*units.constants, *inputs)
    rows = _matrix(units, names)
    rank = _rank(rows)
    goal = _column(units, units.goal)
    if rank < _rank([[*row, g] for row, g in zip(rows, goal)]):
        return False
    return not units.goal.plain or rank - _rank(_matrix(units, tuple(units.constants))) < len(inputs)


def choices(data: Dataset) -> tuple[Groups, ...]:
    """The simplest choices of scale and groups, best first; empty without units or where there is no scale."""
    units = data.units
    if units is None:
        return ()
    found: dict[tuple, tuple[float, int, Groups]] = {}
    for count in range(min(len(units.constants), MOST_CONSTANTS) + 1):
        for constants in combinations(units.constants, count):
            for scale, groups in _bases_of(units, data.names, constants):
                made = _made(units, data, scale, groups)
                if made is not None:
                    key = (made.scale, frozenset(min(g, 1 / g, key=str) for g in made.groups))
                    found.setdefault(key, (_cost(scale, groups, units) + _tails(made, data), len(found), made))
    return _different([made for *_, made in sorted(found.values(), key=lambda f: f[:2])])


def _different(ranked: Sequence[Groups]) -> tuple[Groups, ...]:
    """The first MOST_CHOICES, with a scale that occurred before only after all others."""
    scales: set[sympy.Expr] = set()
    fresh: list[Groups] = []
    again: list[Groups] = []
    for made in ranked:
        (again if made.scale in scales else fresh).append(made)
        scales.add(made.scale)
    return tuple([*fresh, *again][:MOST_CHOICES])


def _bases_of(units: Units, inputs: Sequence[str], constants: Sequence[str]) -> Iterator[tuple[Powers, list[Powers]]]:
    """(powers of the scale, powers of each group) for every set of repeating variables.

    All `constants` are among them, for a constant that cancels no dimension would be an ordinary number.
    """
    names = (*constants, *inputs)
    rank = _rank(_matrix(units, names))
    free = max(rank - len(constants), 0)
    for number, others in enumerate(combinations(inputs, free)):
        if number >= MOST_TRIED:
            return
        chosen = (*constants, *others)
        solutions = _solve(
            _matrix(units, chosen), [_column(units, units.dimension[n]) for n in (units.target, *inputs)]
        )
        if len(chosen) != rank or solutions is None:
            continue
        scale, *shares = solutions
        groups = []
        for name, share in zip(inputs, shares):
            if name not in chosen:
                powers = {name: Fraction(1), **{n: -p for n, p in zip(chosen, share) if p}}
                groups.append(_whole(powers))
        yield {n: p for n, p in zip(chosen, scale) if p}, groups


def _whole(powers: Powers) -> Powers:
    """The group raised to the least power that makes all exponents integers."""
    times = lcm(*(p.denominator for p in powers.values()))
    return {name: power * times for name, power in powers.items()}


def _cost(scale: Powers, groups: Sequence[Powers], units: Units) -> float:
    """The cost of a choice, less is better: the sizes of all exponents, fractions weighing more, and the constants."""
    powers = [*scale.values(), *(p for group in groups for p in group.values())]
    used = {name for product in (scale, *groups) for name in product} & set(units.constants)
    return float(sum(abs(p) * (1 if p.denominator == 1 else FRACTION_COST) for p in powers)) + CONSTANT_COST * len(used)


def _tails(made: Groups, data: Dataset) -> float:
    """The cost of heavy tails: decades by which products exceed WIDE_RATIO, as where a divisor has zeros."""
    rows = made.dataset(data.take(slice(0, TAIL_ROWS)))
    size = np.abs(np.column_stack([rows.X, rows.y])) + 1e-300
    return float(np.sum(np.maximum(np.log10(size.max(0) / np.median(size, axis=0) / WIDE_RATIO), 0)))


def _made(units: Units, data: Dataset, scale: Powers, groups: Sequence[Powers]) -> Groups | None:
    """The products as expressions, None where one is not finite on some row."""
    made = Groups(_product(units, scale), tuple(_product(units, group) for group in groups))
    rows = made.dataset(data)
    return made if np.isfinite(rows.X).all() and np.isfinite(rows.y).all() else None


def _product(units: Units, powers: Powers) -> sympy.Expr:
    return sympy.Mul(
        *(
            (units.symbol(n) if n in units.constants else sympy.Symbol(n)) ** sympy.Rational(p.numerator, p.denominator)
            for n, p in powers.items()
        )
    )


def _bases(units: Units) -> list[str]:
    return sorted({base for dimension in units.dimension.values() for base in dimension.bases})


def _column(units: Units, dimension: Dimension) -> list[Fraction]:
    return [dimension[base] for base in _bases(units)]


def _matrix(units: Units, names: Sequence[str]) -> list[list[Fraction]]:
    """The dimensional matrix: exponents, a row for each base dimension and a column for each name."""
    columns = [_column(units, units.dimension[name]) for name in names]
    return [list(row) for row in zip(*columns)] if columns else [[] for _ in _bases(units)]


def _reduced(rows: Sequence[Sequence[Fraction]], columns: int) -> tuple[list[list[Fraction]], int]:
    """The rows after Gauss–Jordan elimination over the first `columns`, and the rank of these."""
    work = [list(row) for row in rows]
    rank = 0
    for column in range(columns):
        pivot = next((i for i in range(rank, len(work)) if work[i][column]), None)
        if pivot is None:
            continue
        work[rank], work[pivot] = work[pivot], work[rank]
        work[rank] = [value / work[rank][column] for value in work[rank]]
        for i, row in enumerate(work):
            if i != rank and row[column]:
                work[i] = [a - row[column] * b for a, b in zip(row, work[rank])]
        rank += 1
    return work, rank


def _rank(rows: Sequence[Sequence[Fraction]]) -> int:
    return _reduced(rows, len(rows[0]))[1] if rows else 0


def _solve(rows: Sequence[Sequence[Fraction]], sides: Sequence[Sequence[Fraction]]) -> list[list[Fraction]] | None:
    """x with rows·x = side for each side; None unless there is exactly one for every side."""
    count = len(rows[0]) if rows else 0
    if not rows:
        return [[] for _ in sides]
    work, rank = _reduced([[*row, *side] for row, side in zip(rows, zip(*sides))], count)
    if rank < count or any(value for row in work[count:] for value in row[count:]):
        return None
    return [[row[count + i] for row in work[:count]] for i in range(len(sides))]
