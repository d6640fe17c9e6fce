"""Labels in the cells of a column, such as names of experiments, as numbers in the order in which they are met."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kansr.data.read.cells import is_number
from kansr.numeric.arrays import Array


class Labels:
    """The labels of one column, over all pieces of its table. known: the number of each label."""

    def __init__(self, column: str) -> None:
        self.column = column
        self.known: dict[str, int] = {}

    def read(self, cells: pd.Series) -> Array:
        """The number of the label in each cell, (rows,); nan where the cell is missing."""
        missing = cells.isna().to_numpy()
        numbers = [
            np.nan if none else self.known.setdefault(label_of(cell), len(self.known))
            for cell, none in zip(cells, missing)
        ]
        return np.array(numbers, dtype=np.float64)


def label_of(cell: object) -> str:
    """The label in a cell: the text without blanks about it; a number as it is written shortest, 1.0 as 1."""
    text = str(cell).strip()
    return f"{float(text):.17g}" if is_number(text) and float(f"{float(text):.17g}") == float(text) else text
