"""A closed-form solver for what reductions leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import sympy


class Way(NamedTuple):
    """later: how much later than a sure move its turn comes; name: as it is told in the path to a formula."""

    later: float
    name: str
    find: Callable[[], Iterator[sympy.Expr]]
