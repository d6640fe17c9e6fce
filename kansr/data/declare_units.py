"""Attach units and named constants, as the user gives them, to a dataset."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kansr.data.dataset import Dataset
from kansr.data.dimensionless import possible
from kansr.errors import DataError, UsageError
from kansr.expression.identifiers import is_identifier
from kansr.runtime.files import is_file, read
from kansr.units.dimension import Dimension
from kansr.units.text import dimension_of
from kansr.units.units import Constant, ConstantSpec, Spec, Units

MOST_CONSTANTS = 8  # each choice of them is another set of dimensionless groups to be searched
MOST_BYTES = 1 << 22  # of a file of units: 5000 columns of 800 letters
SHOWN = 80  # characters of an option that a message repeats
LISTED = 12  # inputs that a message lists


def with_units(
    data: Dataset,
    units: Spec | None,
    constants: ConstantSpec = "",
    *,
    free: bool = False,
    known: Collection[str] = (),
) -> Dataset:
    """The dataset with units. Every input and the target must have one; "1" is the unit of a dimensionless column.

    units: the unit of each column, as a mapping, as "a=m,b=s", or as a CSV file with the header name,unit; the dataset
    is unchanged for None. constants: (value, unit) by name, or "G=6.674e-11:m**3/kg/s**2,…".
    free: whether fitted numbers may carry units. known: all columns of the table, used or not.

    Raises DataError for units that cannot be read, are missing, or admit no formula; UsageError for options that do not
    fit together.
    """
    given = constant_values(constants)
    if units is None or not units:
        if given or free:
            raise UsageError("constants with units need the units of the columns too: give --units")
        return data
    where, text = _unit_texts(units)
    columns = {name: data.columns.get(name, name) for name in (*data.names, data.target)}
    for name in text:
        if name not in {*known, *columns.values()}:
            near = get_close_matches(name, columns.values(), n=1)
            raise DataError(
                f"{where}: there is no column {name!r}"
                + (f"; did you mean {near[0]!r}?" if near else f"; the columns are {', '.join(columns.values())}")
            )
    absent = [column for column in columns.values() if column not in text]
    if absent:
        raise DataError(f"{where}: no unit for {', '.join(map(repr, absent))}; write 1 for a plain number")
    used = {name: text[column] for name, column in columns.items()}
    dimension = {name: _dimension(f"{where}: column {columns[name]!r}", unit) for name, unit in used.items()}
    for name, constant in given.items():
        if name in columns:
            raise UsageError(f"--constants: {name!r} is a column of the table already")
        dimension[name] = _dimension(f"--constants: {name!r}", constant.unit)
    declared = Units(data.target, used, dimension, given, free)
    _check_reach(declared, data, where)
    return replace(data, units=declared)


def _check_reach(units: Units, data: Dataset, where: str) -> None:
    """Raises DataError where no formula with an input in it can have the dimension of the target."""
    if units.free or possible(units, data.names):
        return
    inputs = ", ".join(f"{data.columns.get(n, n)} [{units.text[n]}]" for n in data.names[:LISTED])
    raise DataError(
        f"{where}: no formula in {inputs} can have the units of {data.columns.get(data.target, data.target)} "
        f"[{units.text[data.target]}]; add what is missing with --constants NAME=VALUE:UNIT, or let fitted numbers "
        "carry units with --dimensional-constants"
    )


def constant_values(spec: ConstantSpec) -> dict[str, Constant]:
    """The constants in "G=6.674e-11:m**3/kg/s**2,c=3e8:m/s", or in a mapping from names to (value, unit).

    Raises UsageError for what cannot be read.
    """
    if not isinstance(spec, Mapping | str):
        raise UsageError(f"constants are a mapping, or a text like c=3e8:m/s, and not {spec!r}")
    pairs: Iterable[tuple[str, Any]] = spec.items() if isinstance(spec, Mapping) else _pairs(spec, "--constants")
    constants = {}
    for name, given in pairs:
        try:
            value, unit = given.partition(":")[::2] if isinstance(given, str) else given
            number = float(value)
        except (TypeError, ValueError):
            number, unit = float("nan"), ""
        if not 0 < abs(number) < float("inf") or not isinstance(unit, str):
            shown = f"{name}={given}"[:SHOWN]
            raise UsageError(f"--constants: {shown!r} must be a number other than 0 and a unit, like c=3e8:m/s")
        if not isinstance(name, str) or not is_identifier(name):
            raise UsageError(
                f"--constants: {str(name)[:SHOWN]!r} cannot be a name in a formula; use letters, digits and _"
            )
        constants[name] = Constant(number, unit.strip() or "1")
    if len(constants) > MOST_CONSTANTS:
        raise UsageError(f"--constants: {len(constants)} constants; at most {MOST_CONSTANTS} are allowed")
    return constants


def _dimension(where: str, unit: str) -> Dimension:
    try:
        return dimension_of(unit)
    except DataError as err:
        raise DataError(f"{where}: {err}") from None


def _unit_texts(units: Spec) -> tuple[str, dict[str, str]]:
    """The name of the source for messages, and the unit of each column as text."""
    if not isinstance(units, Mapping | Path | str):
        raise UsageError(f"units are a mapping, a file, or a text like a=m,b=m/s, and not {units!r}")
    if isinstance(units, Mapping):
        return "units", {str(name): "" if unit is None else str(unit) for name, unit in units.items()}
    if isinstance(units, Path) or "=" not in units or is_file(Path(units)):
        return str(units), _file(Path(units))
    return "--units", dict(_pairs(units, "--units"))


def _pairs(text: str, option: str) -> list[tuple[str, str]]:
    pairs = [part.partition("=")[::2] for part in text.split(",") if part.strip()]
    found = {name.strip(): unit.strip() for name, unit in pairs}
    for name, unit in found.items():
        if not name or not unit:
            raise UsageError(f"{option} is a list like a=m,b=m/s or a file, and {name or unit!r} does not fit in it")
    if len(found) < len(pairs):
        raise UsageError(f"{option} names a column or a constant twice")
    return list(found.items())


def _file(path: Path) -> dict[str, str]:
    """The unit of each column in a CSV file with the header name,unit. Raises DataError with file and line."""
    try:
        lines = list(csv.reader(read(path, MOST_BYTES).decode("utf-8-sig").splitlines()))
    except FileNotFoundError:
        raise DataError(f"no such file: {path}; units are given in a file, or as a=m,b=m/s") from None
    except (OSError, ValueError, csv.Error) as err:
        raise DataError(f"cannot read the units in {path}: {getattr(err, 'strerror', None) or err}") from err
    if not lines or [cell.strip().lower() for cell in lines[0]] != ["name", "unit"]:
        raise DataError(f"{path}, line 1: a units file is CSV with the header name,unit")
    found: dict[str, str] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != 2 or not cells[0].strip():
            raise DataError(f"{path}, line {number}: two cells are expected, a column's name and its unit")
        if cells[0].strip() in found:
            raise DataError(f"{path}, line {number}: the column {cells[0].strip()!r} comes twice")
        found[cells[0].strip()] = cells[1].strip()
    return found
