"""Which lines at the top of a text are what: preamble, names of columns, units, and the first line of data.

Data begin with the first line that has a number in every column that holds numbers further down. What stands above is
certain only in part; where it is not, the user has to say which line holds the names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kansr.data.read.cells import BLANKS, is_number
from kansr.data.read.lines import Record
from kansr.data.read.numerals import looks_numeric
from kansr.errors import DataError, UsageError
from kansr.units.text import is_unit

LIMIT_SIGNS = "<>≤≥= "
NO_UNIT = frozenset(("", "-", "1", "–", "%"))  # what stands for the unit of a plain number
BRACKETS = re.compile(r"[\[(](.*)[\])]")
HEADER_OPTION = "--header"


@dataclass(frozen=True)
class Layout:
    """What the lines at the top of a text are.

    names: of the columns, "" for none; start: the number of the first line of data; units: of the columns in order,
    empty where no line holds them; notes: what was decided.
    """

    names: list[str]
    start: int
    units: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_layout(
    records: Sequence[Record], source: str, decimal: str, header: tuple[int, int] | None, comment: Sequence[str]
) -> Layout:
    """The layout of a text that begins with these records.

    header: the first and the last line of the names, where the user says so, (0, 0) for no names; comment: the words of
    the comment right above the first record. Raises DataError where there are no data, or no certain names.
    """
    if header == (0, 0):
        return _without_names(records)
    if header is not None:
        return _as_told(records, source, header)
    first, numeric = _first_of_data(records)
    if first == 0 and comment and _written_in_full(records[0][1], decimal):
        return _named_by_comment(records[0], comment)
    if first is not None and first >= 1 and _out_of_place(records[: first + 1], numeric):
        found = _above(records, first)
        if found is not None:
            return found
    return _first_line(records, source, decimal)


def header_lines(text: str) -> tuple[int, int] | None:
    """The first and the last line of the names in "3" or "1-2", None for "". Raises UsageError for other texts."""
    match = re.fullmatch(r"\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*", text, re.ASCII)
    if not text:
        return None
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 0 < low <= high:
        raise UsageError(f"{HEADER_OPTION} takes the line of the names, or the lines, as 3 or 3-4, not {text[:40]!r}")
    return low, high


def numbered(width: int) -> list[str]:
    """Names of columns that have none: x0, x1, …, and y for the last."""
    return [f"x{i}" for i in range(width - 1)] + ["y"]


def _first_line(records: Sequence[Record], source: str, decimal: str) -> Layout:
    """Names in the first line, data in the second."""
    number, cells = records[0]
    if all(is_number(cell, decimal) for cell in cells if cell):
        raise DataError(
            f"{source}: line {number} holds numbers where column names should be; "
            "use --no-header if the file has no header line"
        )
    if len(records) < 2:
        raise DataError(f"{source}: no data rows under the header in line {number}")
    return Layout(_fitting(cells, records[1][1]), records[1][0])


def _without_names(records: Sequence[Record]) -> Layout:
    """Data in the first line that has as many cells as most, and no names."""
    first = next((k for k, (_, cells) in enumerate(records) if len(cells) == _width(records)), 0)
    notes = (_left_out(records[:first]),) if first else ()
    return Layout(numbered(len(records[first][1])), records[first][0], (), notes)


def _named_by_comment(record: Record, words: Sequence[str]) -> Layout:
    """Data in the first line; the comment above it names the columns where it has as many words."""
    number, cells = record
    if len(words) == len(cells) and _are_names(words):
        note = f"the comment above line {number} is read as the names of the columns"
        return Layout(list(words), number, (), (note,))
    names = numbered(len(cells))
    note = f"line {number} holds numbers and no names: the columns are called {', '.join(names[:2])}, …, y"
    return Layout(names, number, (), (note,))


def _as_told(records: Sequence[Record], source: str, header: tuple[int, int]) -> Layout:
    """Names in the lines that the user gives."""
    low, high = header
    named = [cells for number, cells in records if low <= number <= high]
    below = [record for record in records if record[0] > high]
    if not named or not below:
        raise DataError(f"{source}: {HEADER_OPTION} {_lines([low, high])}: there are no names with data under them")
    names = named[-1]
    notes: tuple[str, ...] = ()
    for upper in reversed(named[:-1]):
        names = _joined(upper, names)
    units = _units(below[0][1]) if len(below) > 1 and not _has_number(below[0][1]) else ()
    if units:
        below, notes = below[1:], (_of_units(below[0][0]),)
    elif len(below) > 1 and not _has_number(below[0][1]) and _has_number(below[1][1]):
        below, notes = below[1:], (_left_out(below[:1]),)
    return Layout(_fitting(names, below[0][1]), below[0][0], units, notes)


def _above(records: Sequence[Record], first: int) -> Layout | None:
    """What stands above the first record of data, None where that is not certain."""
    start, width = records[first][0], len(records[first][1])
    top = [(number, cells) for number, cells in records[:first]]
    lowest = top[-1]
    if not _fits(lowest[1], records[first][1]) or _has_number(lowest[1]):
        return None
    units = _units(lowest[1])
    if units and len(top) > 1 and _names_fit(top[-2][1], records[first][1]):
        notes = [_of_units(lowest[0])]
        if len(top) > 2:
            notes.insert(0, _left_out(top[:-2], top[-2][0]))
        return Layout(_fitting(top[-2][1], records[first][1]), start, units, tuple(notes))
    names, rest, notes = lowest[1], top[:-1], []
    if rest and len(rest[-1][1]) == width and _spans(rest[-1][1], alone=len(rest) == 1):
        names = _joined(rest[-1][1], names)
        listed = ", ".join(map(repr, names))
        notes.append(f"lines {rest[-1][0]} and {lowest[0]} are read as names of columns together: {listed}")
        rest = rest[:-1]
    elif len(rest) == 1 and _names_fit(rest[0][1], records[first][1]):
        return None  # two lines of words, of which either may be the names
    if not _are_names(names):
        return None
    if rest:
        notes.insert(0, _left_out(rest, lowest[0]))
    return Layout(_fitting(names, records[first][1]), start, (), tuple(notes))


def undecided(records: Sequence[Record]) -> str:
    """What to do about words under the names, "" where there are none."""
    first, numeric = _first_of_data(records)
    if first != 2 or len(records[1][1]) != len(records[2][1]) or not _words_among(records[1][1], numeric, all):
        return ""
    upper, lower = records[0][0], records[1][0]
    return (
        f"line {lower} holds words under the names in line {upper}: if they belong to the names, use {HEADER_OPTION} "
        f"{upper}-{lower}; with {HEADER_OPTION} {upper} the line is left out; units are given with --units"
    )


def _left_out(records: Sequence[Record], names: int | None = None) -> str:
    numbers = [number for number, _ in records]
    before = "the data" if names is None else f"the names in line {names}"
    word = "line" if len(numbers) == 1 else "lines"
    return f"{word} {_lines(numbers)} before {before} left out ({HEADER_OPTION} says where the names are)"


def _of_units(number: int) -> str:
    how = "as with --units and --dimensional-constants; --units none leaves them out"
    return f"line {number} is read as the units of the columns ({how})"


def _lines(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if numbers[0] == numbers[-1] else f"{numbers[0]}-{numbers[-1]}"


def _width(records: Sequence[Record]) -> int:
    """The number of cells that most records of the lower half have, at least two where any has."""
    lower = records[len(records) // 2 :]
    counts = Counter(len(cells) for _, cells in lower if len(cells) > 1)
    return counts.most_common(1)[0][0] if counts else len(lower[0][1])


def _first_of_data(records: Sequence[Record]) -> tuple[int | None, list[int]]:
    """The position of the first record with a number in every column of numbers, and these columns.

    None where there is no such column.
    """
    width = _width(records)
    lower = [cells for _, cells in records[len(records) // 2 :] if len(cells) == width]
    numeric = [j for j in range(width) if _mostly_numbers([cells[j] for cells in lower])]
    if not numeric:
        return None, []
    regular = (k for k, (_, cells) in enumerate(records) if len(cells) == width and _regular(cells, numeric))
    return next(regular, None), numeric


def _is_word(cell: str) -> bool:
    """Whether a cell holds neither a number, nor a limit such as <0.05, nor nothing."""
    return cell not in BLANKS and not looks_numeric(cell.lstrip(LIMIT_SIGNS))


def _words_among(cells: Sequence[str], numeric: Sequence[int], some: Callable[[Iterable[bool]], bool]) -> bool:
    """Whether any or all cells of the columns of numbers are words."""
    return some(_is_word(cells[j]) for j in numeric)


def _out_of_place(records: Sequence[Record], numeric: Sequence[int]) -> bool:
    """Whether there is more than names above the last of these records: other widths, or words among the numbers."""
    width = len(records[-1][1])
    between = [cells for _, cells in records[1:-1]]
    return not _fits(records[0][1], records[-1][1]) or any(
        len(cells) != width or _words_among(cells, numeric, any) for cells in between
    )


def _mostly_numbers(cells: Sequence[str]) -> bool:
    there = [looks_numeric(cell) for cell in cells if cell not in BLANKS]
    return sum(there) > len(there) / 2


def _regular(cells: Sequence[str], numeric: Sequence[int]) -> bool:
    seen = [cells[j] for j in numeric if cells[j] not in BLANKS]
    return bool(seen) and not any(map(_is_word, seen))


def _has_number(cells: Sequence[str]) -> bool:
    return any(looks_numeric(cell) for cell in cells)


def _written_in_full(cells: Sequence[str], decimal: str) -> bool:
    """Whether these are all numbers, not all of them whole, as names may be: 2019, 2020."""
    return all(looks_numeric(cell) for cell in cells) and any(decimal in cell for cell in cells)


def _fits(names: Sequence[str], row: Sequence[str]) -> bool:
    return len(_fitting(list(names), row)) == len(row)


def _names_fit(names: Sequence[str], row: Sequence[str]) -> bool:
    named = all(name or not cell for name, cell in zip(names, row))
    return named and _fits(names, row) and _are_names([name for name in names if name])


def _are_names(cells: Sequence[str]) -> bool:
    """Whether these may be names of columns: different words, of which the last may be missing."""
    named = [cell for cell in cells if cell]
    return bool(named) and len(set(named)) == len(named) and len(named) >= len(cells) - 1 and not _has_number(named)


def _spans(cells: Sequence[str], alone: bool) -> bool:
    """Whether these are names of several columns each: blanks between words, or after the last of several.

    alone: whether no other line stands above the names: lines of a preamble may be filled up with blanks.
    """
    named = [j for j, cell in enumerate(cells) if cell]
    if not named or _has_number([cells[j] for j in named]) or len(named) == len(cells):
        return False
    between = any(b - a > 1 for a, b in pairwise(named)) or named[0] > 0
    return between or (alone and len(named) > 1)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Each name after the one above it, or after the last one to the left of that."""
    above, names = "", []
    for j, name in enumerate(lower):
        above = (upper[j] if j < len(upper) else "") or above
        names.append(f"{above} {name}".strip())
    return names


def _units(cells: Sequence[str]) -> tuple[str, ...]:
    """The units that a record holds, "1" where there is none; empty unless all are units and one is not 1."""
    texts = [BRACKETS.sub(r"\1", cell).strip() for cell in cells]
    if all(text in NO_UNIT for text in texts) or any(looks_numeric(text) for text in texts if text not in NO_UNIT):
        return ()
    bracketed = all(BRACKETS.fullmatch(cell) or cell in NO_UNIT for cell in cells)
    if not bracketed and not all(text in NO_UNIT or is_unit(text) for text in texts):
        return ()
    return tuple("1" if text in NO_UNIT else text for text in texts)


def _fitting(names: list[str], row: Sequence[str]) -> list[str]:
    """The names, fitted to the first row where only one of header and row ends with a separator."""
    if len(row) == len(names) + 1 and not row[-1]:
        return [*names, ""]
    if len(names) == len(row) + 1 and not names[-1]:
        return names[:-1]
    return names
