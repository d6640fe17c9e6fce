"""The box of the inputs, and what is found of a formula in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.result.shape import Verdict

CORNERS = 6  # inputs up to which all corners of the box are looked at
POINTS = 200  # drawn at random in the box besides, the same ones at every call
SEED = 0  # of these


@dataclass(frozen=True, eq=False)
class Box:
    """The box low <= inputs <= high. names: (inputs,); low, high: (inputs,), in the units of the table."""

    names: tuple[str, ...]
    low: Array
    high: Array

    @classmethod
    def of(cls, names: Sequence[str], X: Array) -> Box:
        """The smallest box around rows, X: (rows, inputs)."""
        return cls(tuple(names), X.min(axis=0), X.max(axis=0))

    @cached_property
    def points(self) -> Array:
        """Points to try, (points, inputs): the centre, the corners, and some drawn at random."""
        count = len(self.names)
        shares: list[Array] = [np.full((1, count), 0.5)]
        if count <= CORNERS:
            shares.append(np.array(list(product((0.0, 1.0), repeat=count))))
        shares.append(np.random.default_rng(SEED).random((POINTS, count)))
        share = np.vstack(shares)
        return np.asarray(np.where(share == 1, self.high, self.low + share * (self.high - self.low)))

    def only(self, symbols: Set[sympy.Symbol]) -> Box:
        """The box of those inputs that are among the symbols."""
        named = {symbol.name for symbol in symbols}
        kept = [i for i, name in enumerate(self.names) if name in named]
        return Box(tuple(self.names[i] for i in kept), self.low[kept], self.high[kept])

    def range(self, name: str) -> tuple[float, float]:
        """The least and the largest value of an input."""
        i = self.names.index(name)
        return float(self.low[i]), float(self.high[i])

    def by_name(self, x: Array) -> dict[str, float]:
        """The inputs of one point by name. x: (inputs,)"""
        return dict(zip(self.names, x.tolist()))

    def centre(self) -> dict[str, float]:
        return self.by_name(0.5 * (self.low + self.high))


@dataclass(frozen=True)
class Finding:
    """A verdict, and the point that shows it where it is a refutation, by input."""

    verdict: Verdict
    at: Mapping[str, float] = field(default_factory=dict)


PROVEN, OPEN = Finding(Verdict.PROVEN), Finding(Verdict.OPEN)


def refuted(at: Mapping[str, float] | None = None) -> Finding:
    return Finding(Verdict.REFUTED, dict(at or {}))


def all_of(findings: Sequence[Finding]) -> Finding:
    """Whether several statements hold together: the first refutation, proven where all are."""
    against = next((found for found in findings if found.verdict is Verdict.REFUTED), None)
    return against or (PROVEN if all(found is PROVEN for found in findings) else OPEN)
