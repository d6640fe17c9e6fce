"""Arrays as they are handed on, and even samples of their rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


Mask = NDArray[np.bool_]


def evenly_spaced_rows(rows: int, most: int, *, nearest: bool = False) -> NDArray[np.intp]:
    """The numbers of at most `most` of so many rows, ascending, evenly spaced, the first and the last among them.

    nearest: whether places between two rows go to the nearer one; else to the one before.
    """
    places = np.linspace(0, max(rows - 1, 0), min(most, rows))
    return np.unique((places.round() if nearest else places).astype(np.intp))
