"""The lines of a separated text: what they hold besides rows of data.

Comments above, between and at the end of rows, a line that names the separator to Excel, and repeated headers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

from kansr.data.read.cells import BLANKS, counted
from kansr.data.read.numerals import looks_numeric

SAMPLE = 50  # first lines of a piece, which tell whether cells that begin with # are names
SHOWN_LINES = 5  # numbers of lines that a note lists
Record = tuple[int, list[str]]  # the number of its first line, and its cells


def records(lines: Iterable[str], sep: str, first: int = 1) -> Iterator[Record]:
    """(line number, stripped cells) of each record that is not blank. first: the number of the first line."""
    reader = csv.reader(
        (line.replace("\t", " ") for line in lines) if sep == " " else lines, delimiter=sep, skipinitialspace=True
    )
    number = first
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if sep == " ":
            stripped = [cell for cell in stripped if cell]  # none for a blank at the end of the line
        if any(stripped) or len(stripped) > 1:
            yield number, stripped
        number = first + reader.line_num


def without_comments(raw: bytes) -> tuple[bytes, int, str]:
    """The text after the blank lines and # comments at its top, the number of its first line, and the last comment."""
    top = re.match(rb"([ \t]*(#[^\n]*)?\n)*([ \t]*#[^\n]*\Z)?", raw)
    skipped = top.end() if top else 0
    last = re.search(rb"#([^\n]*)\n\s*\Z", raw[:skipped])
    return raw[skipped:], raw.count(b"\n", 0, skipped) + 1, last[1].decode() if last else ""


def words_of(comment: str, sep: str) -> list[str]:
    """A comment as the cells of a line."""
    return next((cells for _, cells in records([comment.strip("# \t")], sep)), [])


def after_separator_line(raw: bytes, header: bool) -> tuple[bytes, str]:
    """The text after a line such as sep=; that names the separator to Excel, and the separator; "" without such a line.

    header: whether names are to follow, and not numbers.
    """
    match = re.match(rb'"?sep=([\t -~])"?[;,\t]*\n', raw, re.IGNORECASE)
    if match is None:
        return raw, ""
    sep = match[1].decode()
    following = cells_of(raw[match.end() :].split(b"\n", 1)[0], sep)
    if sep in '"\\' or sep.isalnum() or (header and all(map(looks_numeric, following))):
        return raw, ""
    return raw[match.end() :], sep


def without_other_lines(body: bytes, sep: str, names: Sequence[str], start: int) -> tuple[bytes, tuple[str, ...]]:
    """The text with comments, and lines that repeat the names, left blank; and notes on them."""
    lines = body.split(b"\n")
    comments, ends, repeated = [], [], []
    head = names[0].encode() or b"#"
    numeric = _begin_with_numbers([cells_of(line, sep) for line in lines[:SAMPLE]])
    below = _below_data(lines, sep, len(names)) if numeric else len(lines)
    lines[below:] = [b""] * (len(lines) - below)
    inside = False  # a quoted cell that began on an earlier line
    for k, line in enumerate(lines):
        began = inside
        inside = inside ^ bool(line.count(b'"') % 2)
        if began or inside or (b"#" not in line and head not in line):
            continue
        cells = cells_of(line, sep)
        if line.lstrip().startswith(b"#") and (numeric or len(cells) != len(names)):
            comments.append(start + k)
            lines[k] = b""
        elif cells == list(names):
            repeated.append(start + k)
            lines[k] = b""
        elif b"#" in line and (shorter := _before_comment(line, sep, len(names))) is not None:
            ends.append(start + k)
            lines[k] = shorter
    notes = (
        *_left_out("comment", comments),
        *_left_out("comment", ends, " at the end of"),
        *_left_out("repeated header", repeated),
        *_left_out("line of text below the data", range(start + below, start + len(lines))),
    )
    return b"\n".join(lines), notes


def _below_data(lines: Sequence[bytes], sep: str, width: int) -> int:
    """How many lines there are before those of text at the end: one cell, perhaps with empty ones after it."""
    end = len(lines)
    while end > 1:
        cells = cells_of(lines[end - 1], sep)
        alone = bool(cells) and not any(cells[1:]) and len(cells) in (1, width)
        text = alone and width > 1 and cells[0] not in BLANKS and not looks_numeric(cells[0])
        if lines[end - 1].strip() and (not text or b'"' in lines[end - 1] or cells[0].startswith("#")):
            break
        end -= 1
    return end if any(line.strip() for line in lines[end:]) else len(lines)


def _begin_with_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows begin with a number, but for fewer that begin with #, so that these are no names."""
    first = [row[0] for row in rows if row]
    unmarked = [cell for cell in first if not cell.startswith("#") and cell not in BLANKS]
    return 2 * len(unmarked) > len(first) and all(map(looks_numeric, unmarked[:-1]))


def _before_comment(line: bytes, sep: str, width: int) -> bytes | None:
    """A line of data without the comment at its end, None where it has none for certain."""
    for match in re.finditer(rb"[ \t]+#", line):
        shorter = line[: match.start()]
        cells = [] if shorter.count(b'"') % 2 else cells_of(shorter, sep)
        if len(cells) == width and looks_numeric(cells[-1]):
            return shorter
    return None


def cells_of(line: bytes, sep: str) -> list[str]:
    """The stripped cells of one line, none where it is blank or no line of cells."""
    try:
        return next((cells for _, cells in records([line.decode()], sep)), [])
    except csv.Error:
        return []


def _left_out(what: str, lines: Sequence[int], where: str = " in") -> tuple[str, ...]:
    if not lines:
        return ()
    shown = ", ".join(map(str, lines[:SHOWN_LINES])) + (", …" if len(lines) > SHOWN_LINES else "")
    kind = "line" if len(lines) == 1 else "lines"
    return (f"left out: {counted(len(lines), what)}{where} {kind} {shown}",)
