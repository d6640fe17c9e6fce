"""Where sums of functions start: every function, and every pair of them, beside what is held, at its grid of constants.

With the inner constants on a grid a sum is linear, so the gain of every start, and of every pair of starts, is in
closed form: the best subset of size one or two (Hocking and Leslie 1967).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import ROUNDING, TINY
from kansr.structure.terminals.parametric_curves.cores import Core
from kansr.structure.terminals.parametric_curves.model import LINES, Curve, Form

# Parts of the starts of a function, of each of which the best is followed; never measured alone.
BLOCKS = 4

# Squared sine of the angle between two functions up to which they are one; never measured alone.
ALIKE = 1e-6


class Start(NamedTuple):
    """A form with inner constants, (constants,), and the mean square that it leaves there."""

    form: Form
    p: Array
    loss: float


class Held(NamedTuple):
    """Functions that stand in a sum already. p: their inner constants; columns: weighted values, (points, functions)"""

    cores: tuple[Core, ...]
    p: Array
    columns: Array

    def beside(self, curve: Curve, line: int) -> Array:
        """An orthonormal basis of the functions and of the line, (points, columns)."""
        powers = [curve.x**k * curve.weight for k in LINES[line]]
        columns = self.columns / (np.linalg.norm(self.columns, axis=0) + TINY)
        return np.asarray(np.linalg.qr(np.column_stack([columns, *powers]))[0])


def nothing(curve: Curve) -> Held:
    return Held((), np.empty(0), np.empty((len(curve.x), 0)))


@dataclass(frozen=True, eq=False)
class Dictionary:
    """All starts of some functions. cores: (functions,); where: the rows of each; p: its inner constants, in `where`;
    values: weighted and of unit length, (starts, points)."""

    cores: tuple[Core, ...]
    where: tuple[slice, ...]
    p: tuple[Array, ...]
    values: Array

    @classmethod
    def of(cls, curve: Curve, cores: Sequence[Core]) -> Dictionary:
        """Those with values on all points; a function without any is left out."""
        kept: list[Core] = []
        where: list[slice] = []
        constants: list[Array] = []
        values: list[Array] = [np.empty((0, len(curve.x)))]
        first = 0
        for core in cores:
            p = core.starts(curve.x)
            if not len(p):
                continue
            some = core.values(curve.x, *(column[:, None] for column in p.T)) * curve.weight
            length = np.linalg.norm(some, axis=1)
            usable = np.isfinite(length) & (length > 0)
            if usable.any():
                kept.append(core)
                where.append(slice(first, first := first + int(usable.sum())))
                constants.append(p[usable])
                values.append(some[usable] / length[usable, None])
        return cls(tuple(kept), tuple(where), tuple(constants), np.concatenate(values))

    def singles(self, curve: Curve, held: Held, line: int) -> Iterator[Start]:
        """The best start of each block of every function."""
        V, goal, gain = self._beside(curve, held.beside(curve, line))
        for core, where, p in zip(self.cores, self.where, self.p):
            form = Form((*held.cores, core), line)
            for block in np.array_split(np.arange(len(p)), min(BLOCKS, len(p))):
                row = int(block[np.argmax(gain[where][block])])
                left = float(goal @ goal - gain[where][row]) / len(goal)
                yield Start(form, np.concatenate([held.p, p[row]]), left)

    def pairs(self, curve: Curve, held: Held, line: int) -> Iterator[Start]:
        """The best start of every pair of functions, of two of the same too."""
        V, goal, gain = self._beside(curve, held.beside(curve, line))
        b = V @ goal
        G = V @ V.T
        sine = 1 - G * G
        both = (gain[:, None] + gain[None, :] - 2 * G * np.outer(b, b)) / np.where(sine > ALIKE, sine, np.inf)
        for i, first in enumerate(self.cores):
            for j, second in enumerate(self.cores[i:], i):
                block = both[self.where[i], self.where[j]]
                k, m = np.unravel_index(int(np.argmax(block)), block.shape)
                left = float(goal @ goal - block[k, m]) / len(goal)
                p = np.concatenate([held.p, self.p[i][k], self.p[j][m]])
                yield Start(Form((*held.cores, first, second), line), p, left)

    def _beside(self, curve: Curve, Q: Array) -> tuple[Array, Array, Array]:
        """What is new of the functions, of unit length; what is left of the target; the gain of each function alone."""
        goal = curve.goal - Q @ (Q.T @ curve.goal)
        V = self.values - (self.values @ Q) @ Q.T
        length = np.linalg.norm(V, axis=1)
        V = V / np.where(length > np.sqrt(ROUNDING), length, np.inf)[:, None]
        return V, goal, (V @ goal) ** 2

    def only(self, name: str) -> Iterator[tuple[Core, Array, Array]]:
        """The starts of one function: the function, its inner constants, its values as a column."""
        for core, where, p in zip(self.cores, self.where, self.p):
            if core.name == name:
                yield from ((core, one, values[:, None]) for one, values in zip(p, self.values[where]))
