"""Coordinates of one input in which a law may be simple: the input itself, its logarithm, a power, a wave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy

from kansr.numeric.arrays import Array


@dataclass(frozen=True)
class Coordinate:
    """A function of one input that may take its place: value and slope on arrays, and as sympy."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    symbolic: Callable[[sympy.Expr], sympy.Expr]
    cost: float = 1.0
    reach: float = np.inf  # the largest |x| at which it is worth asking
    flows: bool = False  # whether inputs are met that other things than the target move along with
    any_exponent: bool = False  # whether its powers are no simpler when whole
    shifted: bool = False  # whether it is nothing new unless a number is added to it


# What can be scaled or merged besides the inputs themselves; with log, an input that is another's exponent.
COORDINATES = {
    "x": Coordinate(lambda x: x, np.ones_like, lambda x: x, 0.0, flows=True),
    "log": Coordinate(np.log, np.reciprocal, sympy.log, flows=True),
    "inverse": Coordinate(np.reciprocal, lambda x: -(x**-2.0), lambda x: 1 / x, flows=True, shifted=True),
    "exp": Coordinate(np.exp, np.exp, sympy.exp, reach=200, flows=True, any_exponent=True),
    "sin": Coordinate(np.sin, np.cos, sympy.sin, reach=20),
    "cos": Coordinate(np.cos, lambda x: -np.sin(x), sympy.cos, reach=20),
    "sin/2": Coordinate(lambda x: np.sin(x / 2), lambda x: np.cos(x / 2) / 2, lambda x: sympy.sin(x / 2), 1.5, 20),
    "cos/2": Coordinate(lambda x: np.cos(x / 2), lambda x: -np.sin(x / 2) / 2, lambda x: sympy.cos(x / 2), 1.5, 20),
}


SHAPES = ("exp", "sin", "cos")
