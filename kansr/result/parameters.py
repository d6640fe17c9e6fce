"""The constants of a law that differ by group, as a table: by name, then by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kansr.errors import DataError
from kansr.expression.parse import did_you_mean
from kansr.numeric.arrays import Array

Parameters = Mapping[str, Mapping[str, float]]

SHOWN = 8  # groups that a message lists


def groups_of(parameters: Parameters) -> tuple[str, ...]:
    """The groups, in the order of the table."""
    return next((tuple(values) for values in parameters.values()), ())


def own_columns(parameters: Parameters, column: str, labels: Sequence[str]) -> Array:
    """The constants of each row's group, (rows, constants). labels: the group of each row; column: of the table.

    Raises DataError for a group that has none.
    """
    known = dict.fromkeys(groups_of(parameters))
    new = next((label for label in labels if label not in known), None)
    if new is not None:
        listed = ", ".join([*known][:SHOWN]) + (", …" if len(known) > SHOWN else "")
        raise DataError(
            f"the law has no constants for the group {new!r} of {column!r} (it has {listed}): search again with rows "
            f"of that group.{did_you_mean(new, known)}"
        )
    columns = [[values[label] for label in labels] for values in parameters.values()]
    return np.array(columns, dtype=float).reshape(len(columns), len(labels)).T
