"""Read values from JSON that anyone may have written: each has the expected type, or a sentence says what it is."""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar

from kansr.errors import DataError

Choice = TypeVar("Choice", bound=enum.Enum)
SHOWN = 40  # characters of a value that a message repeats


class Value:
    """A value with its place in the file. Every method raises DataError where the value has another type."""

    def __init__(self, data: Any, where: str) -> None:
        self.data, self.where = data, where

    @property
    def absent(self) -> bool:
        """Whether the key is missing or the value is null."""
        return self.data is None

    def __getitem__(self, key: str) -> Value:
        """The value of an object's key, null where the object does not have it."""
        if not isinstance(self.data, dict):
            self.refuse("an object")
        return Value(self.data.get(key), f"{self.where}.{key}")

    def __iter__(self) -> Iterator[Value]:
        """The values of a list."""
        if not isinstance(self.data, list):
            self.refuse("a list")
        return (Value(item, f"{self.where}[{i}]") for i, item in enumerate(self.data))

    def items(self) -> Iterator[tuple[str, Value]]:
        """The keys and values of an object."""
        if not isinstance(self.data, dict):
            self.refuse("an object")
        return ((key, self[key]) for key in self.data)

    def text(self) -> str:
        if not isinstance(self.data, str):
            self.refuse("a text")
        return self.data

    def number(self, null: float | None = None) -> float:
        """A finite number; for a null, the number `null` if it is given."""
        if self.data is None and null is not None:
            return null
        if isinstance(self.data, bool) or not isinstance(self.data, int | float):
            self.refuse("a number")
        try:
            value = float(self.data)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            self.refuse("a finite number")
        return value

    def whole(self) -> int:
        """An integer of 0 or more, in 64 bits."""
        if isinstance(self.data, bool) or not isinstance(self.data, int) or not 0 <= self.data < 2**63:
            self.refuse("a whole number of 0 or more")
        return self.data

    def flag(self) -> bool:
        if not isinstance(self.data, bool):
            self.refuse("true or false")
        return self.data

    def choice(self, kind: type[Choice]) -> Choice:
        """The member of `kind` with this value."""
        members = {member.value: member for member in kind}
        if self.text() not in members:
            self.refuse(f"one of {', '.join(members)}")
        return members[self.data]

    def refuse(self, wanted: str) -> NoReturn:
        if self.absent:
            raise DataError(f"{self.where} is missing; it must be {wanted}")
        shown = repr(self.data)[: SHOWN + 1]
        raise DataError(f"{self.where} must be {wanted}, not {shown if len(shown) <= SHOWN else shown[:-1] + '…'}")


def read_json(text: str, where: str) -> Value:
    """The value that `text` holds; `where` is what to call it. JSON proper only: no NaN, no key twice."""
    try:
        data = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_key_twice)
    except RecursionError:
        raise DataError(f"{where} holds lists inside each other without end") from None
    except json.JSONDecodeError as err:
        cut = err.pos >= len(text.rstrip()) or err.msg.startswith("Unterminated")
        broken = "ends too early" if cut else "is damaged"
        raise DataError(f"{where} {broken}: {err.msg} (line {err.lineno}, column {err.colno})") from None
    except ValueError as err:  # a number of thousands of digits, too
        raise DataError(f"{where} is damaged: {err}") from None
    return Value(data, where)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has the same key twice")
    return found
