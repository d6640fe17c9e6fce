"""A field on an even grid: values of u at times and places, and its checks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kansr.errors import DataError, UsageError
from kansr.expression.identifiers import is_identifier
from kansr.expression.parse import did_you_mean
from kansr.numeric.arrays import Array
from kansr.numeric.tolerances import TINY

LEAST_POINTS = 32  # along an axis: two supports of the narrowest test function
LEAST_LONGEST = 52  # along the longest axis: four of them, of which one is held out

# Difference of two steps, over the step, up to which coordinates are evenly spaced: coordinates are often written with
# six digits.
EVEN = 1e-3

MOST_VALUES = 10_000_000  # of a field: 80 MB, of which a search holds some ten copies
AXES = (1, 2)  # of space that are known


@dataclass(frozen=True, eq=False)
class Field:
    """u on a grid. values: (n_t, n_x) or (n_t, n_x, n_y); steps: between two times, and two places along each axis.

    name: of u; time, space: the names of the coordinates.
    """

    name: str
    time: str
    space: tuple[str, ...]
    values: Array
    steps: tuple[float, ...]

    @property
    def target(self) -> str:
        return f"{self.name}_{self.time}"


def field_of(
    arrays: Mapping[str, object], time: str, space: Sequence[str], target: str, source: str
) -> tuple[Field, tuple[str, ...]]:
    """The field that arrays with these names hold, and notes. source: what messages call the arrays.

    Raises UsageError for names that do not fit, DataError for arrays that do not.
    """
    names = (time, *space)
    _check_names(names, target)
    for name in (*names, target):
        if name not in arrays:
            held = ", ".join(map(repr, arrays)) or "nothing"
            raise DataError(
                f"{source} holds no array {name!r}, but {held}.{did_you_mean(name, tuple(map(str, arrays)))} "
                "Name them with --time, --space and --target"
            )
    coordinates = [_coordinate(_numbers(arrays[name], name, source), name, source) for name in names]
    values, notes = _oriented(_numbers(arrays[target], target, source), names, [len(c) for c in coordinates], target)
    if values.size > MOST_VALUES:
        raise DataError(f"{source}: {target!r} has {values.size} values, at most {MOST_VALUES} are read: thin it out")
    if max(values.shape) < LEAST_LONGEST:
        raise DataError(
            f"{source}: the grid has {' × '.join(map(str, values.shape))} points; at least {LEAST_LONGEST} are needed "
            "along one axis, a quarter of which is held out"
        )
    if not np.ptp(values) > TINY:
        raise DataError(f"{source}: {target!r} is the same number everywhere: no equation can be told from it")
    steps = tuple(float((c[-1] - c[0]) / (len(c) - 1)) for c in coordinates)
    return Field(target, time, tuple(space), values, steps), notes


def _check_names(names: Sequence[str], target: str) -> None:
    axes = len(names) - 1
    if axes not in AXES:
        raise UsageError(f"--space names one or two arrays, as x or x,y, not {axes}")
    for name in (*names, target):
        if not is_identifier(name):
            raise UsageError(
                f"{name!r} is not a name of the formula language: rename the array, with letters and digits"
            )
        if [*names, target].count(name) > 1:
            raise UsageError(f"{name!r} is named twice in --time, --space and --target")


def _numbers(array: object, name: str, source: str) -> Array:
    """An array as floats. Raises DataError for what are no finite real numbers."""
    found = np.asarray(array)
    if found.dtype.kind == "c":
        raise DataError(f"{source}: {name!r} holds complex numbers; give its real part, or its size")
    if found.dtype.kind not in "iuf":
        raise DataError(f"{source}: {name!r} holds no numbers, but {found.dtype}; save it as plain numbers")
    found = found.astype(float)
    if not np.isfinite(found).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(found))[0])
        raise DataError(f"{source}: {name!r} is not finite at {list(place)}: cut that part away, or fill it in")
    if found.size and np.max(np.abs(found)) > LARGEST:
        raise DataError(f"{source}: {name!r} holds numbers above {LARGEST:g}: use a larger unit")
    return found


LARGEST = 1e60  # of a number, whose fourth power can be squared in float64


def _coordinate(values: Array, name: str, source: str) -> Array:
    if values.ndim != 1:
        raise DataError(f"{source}: the coordinate {name!r} must have one dimension, not the shape {values.shape}")
    if len(values) < LEAST_POINTS:
        raise DataError(f"{source}: {name!r} has {len(values)} points, and at least {LEAST_POINTS} are needed")
    steps = np.diff(values)
    if not (steps > 0).all():
        place = int(np.argmin(steps > 0)) + 1
        raise DataError(f"{source}: {name!r} must rise, but does not at [{place}]: sort the arrays by it")
    if np.ptp(steps) > EVEN * np.mean(steps):
        raise DataError(f"{source}: {name!r} is not evenly spaced: interpolate the field to even steps")
    return values


def _oriented(
    values: Array, names: Sequence[str], lengths: Sequence[int], target: str
) -> tuple[Array, tuple[str, ...]]:
    """The values with time first, and a note where that is not how they came or could have been otherwise."""
    wanted = tuple(lengths)
    said = f"({', '.join(names)})"
    if values.ndim != len(wanted) or sorted(values.shape) != sorted(wanted):
        raise DataError(
            f"{target!r} has the shape {values.shape}, and {wanted} is needed for {said}: one value for each point"
        )
    if values.shape == wanted:
        if len(set(wanted)) < len(wanted):
            return values, (f"axes of {target!r} have equal lengths: they are taken to be {said}",)
        return values, ()
    orders = [p for p in itertools.permutations(range(values.ndim)) if values.transpose(p).shape == wanted]
    if len(orders) > 1:
        raise DataError(f"the shape {values.shape} of {target!r} does not tell its axes apart: transpose it to {said}")
    came = ", ".join(names[orders[0].index(axis)] for axis in range(values.ndim))
    return np.ascontiguousarray(values.transpose(orders[0])), (
        f"{target!r} came as ({came}) and is transposed to {said}",
    )
