"""What the user states of standard errors: which column or number is the error of the target, or of which input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kansr.data.columns import nearest
from kansr.data.dataset import LEAST_ERROR, Dataset, InputErrors
from kansr.data.read.table import Table
from kansr.errors import DataError, UsageError
from kansr.numeric.arrays import Array
from kansr.numeric.robust import scatter_beyond
from kansr.numeric.smooth_slopes import smooth_slopes

SMALLEST, LARGEST = 1e-150, 1e150  # limits of an error, whose square must be a double
SEPARATOR = "="
# Effective error of a row over the typical one, at least: slopes to first order are 0 at an extremum, where the second
# order takes their place. Never measured alone.
LEAST_SHARE = 0.05


@dataclass(frozen=True)
class StatedErrors:
    """What is stated, read.

    A column, or a number for all rows, with the errors of each name; those of the target may be without its name.
    """

    unnamed: str | None = None
    named: Mapping[str, str | float] = field(default_factory=dict)

    def of_target(self, target: str | None) -> str | float | None:
        """The errors of the target; None where they are not stated. Raises UsageError where they are stated twice."""
        if self.unnamed is not None and target in self.named:
            raise UsageError(f"the errors of the target {target!r} are stated twice: leave out one --sigma")
        return self.unnamed if self.unnamed is not None else self.named.get(target or "")

    def columns(self, target: str) -> dict[str, str]:
        """What each column of errors is, in words."""
        own = self.of_target(target)
        used = {own: "the errors of the target"} if isinstance(own, str) else {}
        for name, column in self.named.items():
            if isinstance(column, str):
                used.setdefault(column, f"the errors of {name!r}")
        return used

    def check(self, target: str, inputs: Sequence[str]) -> None:
        """Raises UsageError for errors of what is neither input nor target, and for an input that is its own error."""
        for name, of in self.named.items():
            if name == of:
                raise UsageError(f"{name!r} cannot be its own error: name another column, or a number")
            if name != target and name not in inputs:
                raise UsageError(
                    f"errors are stated of {name!r}, which is neither the target nor an input here: leave them out, or "
                    "name it with --inputs"
                )

    def without(self, names: Sequence[str]) -> StatedErrors:
        """The same without the errors of these names."""
        return replace(self, named={name: of for name, of in self.named.items() if name not in names})

    @property
    def all_columns(self) -> tuple[str, ...]:
        """The columns of errors, of whatever they are."""
        named = [column for column in self.named.values() if isinstance(column, str)]
        return tuple(dict.fromkeys([*([] if self.unnamed is None else [self.unnamed]), *named]))

    def beside(self, target: str, column: str | None) -> StatedErrors:
        """The same with a column for the errors of the target, where none are stated."""
        return self if column is None or self.of_target(target) is not None else replace(self, unnamed=column)


# A column, or "NAME=COLUMN" or "NAME=NUMBER", several of these, or a column, number or array by name.
Sigma = str | Sequence[str] | Mapping[str, str | float | ArrayLike] | StatedErrors


def check_sigma(sigma: object) -> None:
    """Raises UsageError for what states no errors, whatever the table is."""
    texts = [sigma] if isinstance(sigma, str) else sigma
    names = isinstance(sigma, Mapping) and all(isinstance(name, str) for name in sigma)
    listed = isinstance(texts, Sequence) and all(isinstance(text, str) for text in texts)
    if not (sigma is None or names or listed or isinstance(sigma, StatedErrors)):
        raise UsageError(
            "sigma is the name of a column with the errors of the target, or errors by name as in {'x': 0.1}, "
            f"and not {sigma!r} ({type(sigma).__name__})"
        )


def named_in(sigma: Sigma | None) -> list[str]:
    """Every name that may be that of a column."""
    if sigma is None:
        return []
    if isinstance(sigma, StatedErrors):
        return [*sigma.all_columns, *sigma.named]
    if isinstance(sigma, Mapping):
        return [*sigma, *(value for value in sigma.values() if isinstance(value, str))]
    texts = [sigma] if isinstance(sigma, str) else sigma
    return [name for text in texts for name in (text, *(part for parts in _splits(text) for part in parts))]


def read_errors(sigma: Sigma | None, table: Table) -> tuple[StatedErrors, Table]:
    """What is stated, and the table with a further column for each array.

    A text that is the name of a column is that of the errors of the target; else it is cut at an equals sign between a
    column and a column or number, at the last one where there are several. Raises UsageError or DataError where it
    cannot be understood.
    """
    if sigma is None or isinstance(sigma, StatedErrors):
        return sigma or StatedErrors(), table
    named: dict[str, str | float] = {}
    if isinstance(sigma, Mapping):
        for key, of in sigma.items():
            _check_name(key, table)
            named[key], table = _of_mapping(key, of, table)
        return StatedErrors(named=named), table
    unnamed: str | None = None
    for text in [sigma] if isinstance(sigma, str) else sigma:
        name, value = _of_text(text, table)
        if name in named or (name is None and unnamed is not None):
            whose = "the target" if name is None else repr(name)
            raise UsageError(f"the errors of {whose} are stated twice: leave out one --sigma")
        if name is None:
            unnamed = str(value)
        else:
            named[name] = value
    return StatedErrors(unnamed, named), table


def _splits(text: str) -> Iterator[tuple[str, str]]:
    """The two parts of a text at each equals sign."""
    for i, letter in enumerate(text):
        if letter == SEPARATOR:
            yield text[:i].strip(), text[i + 1 :].strip()


def _of_text(text: str, table: Table) -> tuple[str | None, str | float]:
    """(name, column or number); the name is None for the target."""
    splits = list(_splits(text))
    if text in table.columns or not splits:
        return None, text
    known = [(name, value) for name, value in reversed(splits) if name in table.columns]
    if not known:
        _check_name(splits[0][0], table)
    name, value = next((one for one in known if one[1] in table.columns or _is_number(one[1])), known[0])
    return name, value if value in table.columns else _number(name, value, table)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_name(name: str, table: Table) -> None:
    if name not in table.columns:
        raise DataError(f"{table.source} has no column {name!r} to have errors; {nearest(str(name), table.columns)}")


def _number(name: str, value: str | float, table: Table) -> float:
    if isinstance(value, str) and not _is_number(value):
        raise UsageError(
            f"the errors of {name!r} are a column of {table.source} or a number, and {value!r} is neither; "
            f"{nearest(value, table.columns)}"
        )
    number = float(value)
    if not 0 <= number <= LARGEST or 0 < number < SMALLEST:
        raise UsageError(
            f"the error of {name!r} is a standard deviation: 0, or a number from {SMALLEST:g} to {LARGEST:g}, "
            f"and not {value}"
        )
    return number


def _of_mapping(name: str, value: str | float | ArrayLike, table: Table) -> tuple[str | float, Table]:
    """The column or number of a value, and the table, with a further column where the value is an array."""
    if isinstance(value, str):
        return value if value in table.columns else _number(name, value, table), table
    if isinstance(value, Real) and not isinstance(value, bool):
        return _number(name, float(value), table), table
    try:
        errors = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        errors = np.empty((0, 0))
    rows = len(table.values)
    if errors.shape != (rows,) or table.total:
        raise UsageError(
            f"the errors of {name!r} are the name of a column, a number, or an array with one number for each of the "
            f"{table.total or rows} rows, and not {_shown(value, errors)}; of a table too large to be held, a column"
        )
    column = f"error of {name}"
    while column in table.columns:
        column += "'"
    return column, table.with_column(column, errors)


def _shown(value: object, errors: Array) -> str:
    return f"an array of shape {errors.shape}" if errors.size else f"{value!r} ({type(value).__name__})"


@dataclass(frozen=True, eq=False)
class ErrorsOfRows:
    """The errors of the target, (rows,), None where they are not stated; those of inputs that have any, by name."""

    target: Array | None
    inputs: Mapping[str, Array]

    @classmethod
    def of(
        cls, stated: StatedErrors, table: Table, target: str, columns: Mapping[str, Array], keep: NDArray[np.bool_]
    ) -> ErrorsOfRows:
        """The errors in numbers. columns: the values of columns on the rows that are kept; keep: which of the table.

        Raises DataError for negative errors, and for errors of 0 of a target whose inputs are exact.
        """
        rows = int(keep.sum())

        def values(of: str | float) -> Array:
            return columns[of].copy() if isinstance(of, str) else np.full(rows, of)

        inputs: dict[str, Array] = {}
        for name, of in stated.named.items():
            if name == target:
                continue
            found = values(of)
            _check(table, of, f"the errors of {name!r}", found, keep, zero=True)
            if found.any():
                inputs[name] = found
        own = stated.of_target(target)
        if own is None:
            return cls(None, inputs)
        errors = values(own)
        _check(table, own, "the errors of the target", errors, keep, zero=bool(inputs))
        return cls(errors, inputs)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> ErrorsOfRows:
        """Those of the rows at `index`."""
        own = None if self.target is None else self.target[index]
        return ErrorsOfRows(own, {name: errors[index] for name, errors in self.inputs.items()})

    def stated_in(self, data: Dataset, columns: Sequence[str], *, absolute: bool) -> Dataset:
        """The dataset with these errors stated.

        columns: those of its inputs; absolute: whether errors are known as such, or up to a common factor.
        """
        sigma_x = np.zeros_like(data.X)
        for place, name in enumerate(columns):
            sigma_x[:, place] = self.inputs.get(name, 0.0)
        if not sigma_x.any():
            return replace(data, sigma=self.target, relative=not absolute)
        if self.target is None and not absolute:
            raise UsageError("absolute_sigma=False needs errors of the target beside those of inputs: state them too")
        errors = InputErrors(sigma_x, self.target, absolute)
        sigma = effective_errors(data.X, data.y, errors)
        return replace(data, sigma=sigma, relative=not absolute or self.target is None, input_errors=errors)


def effective_errors(X: Array, y: Array, errors: InputErrors) -> Array:
    """The standard error of each row, (rows,), in the unit of the target: its own and, times slopes, those of inputs.

    The slopes are those of a smooth model, so that rows can be weighed before a formula is known; a formula is fitted
    and judged with its own. X: (rows, inputs); y: (rows,).
    """
    slopes, judged, left = smooth_slopes(X, y)
    variance = np.sum((slopes * errors.X) ** 2, axis=1)
    if errors.y is None:
        variance += scatter_beyond(left, variance[judged], len(left))
    else:
        variance += errors.y**2
    typical = float(np.median(variance)) or float(np.mean(variance)) or float(np.var(y)) or 1.0
    return np.asarray(np.sqrt(np.maximum(variance, LEAST_SHARE**2 * typical)))


def _check(table: Table, of: str | float, what: str, errors: Array, keep: NDArray[np.bool_], *, zero: bool) -> None:
    """Raises DataError unless all errors are positive, or 0 where that is allowed, and their squares numbers."""
    if not isinstance(of, str):
        if of == 0 and not zero:
            raise UsageError(f"{what} are 0, which is possible only where inputs have errors: leave them out")
        return
    wrong = np.flatnonzero(errors < 0 if zero else errors <= 0)
    if len(wrong):
        where = table.place(int(np.flatnonzero(keep)[wrong[0]]))
        least = "0, where a value is exact, or more" if zero else "above 0"
        raise DataError(
            f"{table.source}: {of!r} holds {what}, and they must be {least}, but {where} has "
            f"{errors[wrong[0]]:g}; correct it, or leave such rows out"
        )
    size = errors[errors > 0]
    if len(size) and (size.min() < SMALLEST or size.max() > LARGEST or size.min() < LEAST_ERROR * size.max()):
        raise DataError(
            f"{table.source}: {of!r} holds errors from {size.min():.0e} to {size.max():.0e}, whose squares float64 "
            "cannot hold together; leave out rows with the smallest or the largest, or give them in other units"
        )


def notes_on_errors(stated: StatedErrors, target: str, inputs: Sequence[str]) -> list[str]:
    """What is made of errors of inputs, in a sentence. inputs: those that have any."""
    if not inputs:
        return []

    def said(of: str | float) -> str:
        return f"{of:g}" if isinstance(of, float) else f"in {of!r}"

    own = stated.of_target(target)
    of_inputs = ", ".join(f"{name!r} ({said(stated.named[name])})" for name in inputs)
    of_target = "estimated, the same for all rows" if own is None else "0" if own == 0 else said(own)
    return [f"errors of inputs are taken into account: of {of_inputs}; those of the target {target!r} are {of_target}"]
