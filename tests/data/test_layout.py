"""What stands above, between and below the rows of a text, and what is said of it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.data.read.file import read_table
from kansr.data.read.layout import header_lines
from kansr.data.read.table import Table
from kansr.data.roles import dataset
from kansr.errors import DataError, UsageError

ROWS = [[1.5, 2.25, 3.5], [2.5, 3.0, 4.25], [3.75, 4.5, 5.0], [4.0, 5.5, 7.75], [5.25, 6.0, 8.5], [6.5, 7.0, 9.25]]
BODY = "".join(",".join(map(str, row)) + "\n" for row in ROWS)
NAMES = "mass,speed,energy\n"


def read(text: str | bytes, **options) -> Table:
    return read_table(io.BytesIO(text.encode() if isinstance(text, str) else text), **options)


def semicolons(text: str) -> str:
    return text.replace(",", ";")


# The text, the names of its columns, and words of a note.
TOPS: dict[str, tuple[str | bytes, list[str], str]] = {
    "units": (NAMES + "kg,m/s,J\n" + BODY, ["mass", "speed", "energy"], "line 2 is read as the units"),
    "units in brackets": (NAMES + "[kg],(m/s),[a.u.]\n" + BODY, ["mass", "speed", "energy"], "line 2 is read"),
    "units, one of 1": (NAMES + "kg,,J\n" + BODY, ["mass", "speed", "energy"], "line 2 is read as the units"),
    "celsius": (NAMES + "°C,m,-\n" + BODY, ["mass", "speed", "energy"], "line 2 is read as the units"),
    "merged names": ("Body,,Result\n" + NAMES + BODY, ["Body mass", "Body speed", "Result energy"], "lines 1 and 2"),
    "merged names to the right": (",Body,\n" + NAMES + BODY, ["mass", "Body speed", "Body energy"], "lines 1 and 2"),
    "a title": ("Run 7 of March\n" + NAMES + BODY, ["mass", "speed", "energy"], "line 1 before the names in line 2"),
    "a title with commas": ("Run,,\n" + NAMES + BODY, ["mass", "speed", "energy"], "line 1 before the names in line 2"),
    "a logger": (
        semicolons("Device,X1\nSerial,104\nInterval,1 s\n\n" + NAMES + BODY),
        ["mass", "speed", "energy"],
        "lines 1-3 before the names in line 5",
    ),
    "a logger, two columns": (
        "Device;X1\nSerial;104\nInterval;1 s\ntime;volt\n" + "".join(f"{a};{b}\n" for a, b, _ in ROWS),
        ["time", "volt"],
        "lines 1-3 before the names in line 4",
    ),
    "a logger with units": (
        "Device;X1;;\nSerial;104;;\n\nmass;speed;energy\nkg;m/s;J\n" + semicolons(BODY),
        ["mass", "speed", "energy"],
        "lines 1-2 before the names in line 4",
    ),
    "the separator": ("sep=;\n" + semicolons(NAMES + BODY), ["mass", "speed", "energy"], "line 1 names the separator"),
    "the separator in quotes": ('"sep=|"\n' + (NAMES + BODY).replace(",", "|"), ["mass", "speed", "energy"], "line 1"),
    "savetxt with a header": (
        "# mass speed energy\n" + BODY.replace(",", " "),
        ["mass", "speed", "energy"],
        "the comment above line 2",
    ),
    "savetxt with a remark": ("# of last week\n\n" + BODY, ["x0", "x1", "y"], "line 3 holds numbers and no names"),
    "a comment between": (NAMES + BODY + "# moved\n", ["mass", "speed", "energy"], "1 comment in line 8"),
    "a row in a comment": (NAMES + "#1,2,3\n" + BODY, ["mass", "speed", "energy"], "1 comment in line 2"),
    "a comment at the end of a line": (
        NAMES + BODY.replace("3.5\n", "3.5 # odd, very\n"),
        ["mass", "speed", "energy"],
        "1 comment at the end of line 2",
    ),
    "the names again": (NAMES + BODY[:26] + NAMES + BODY[26:], ["mass", "speed", "energy"], "1 repeated header"),
    "text below": (NAMES + BODY + "end of data\n", ["mass", "speed", "energy"], "1 line of text below the data"),
    "text below, with commas": (NAMES + BODY + "end,,\n", ["mass", "speed", "energy"], "1 line of text below the data"),
    "a total": (NAMES + BODY + "Total,,38.25\n", ["mass", "speed", "energy"], "the last row (line 8)"),
    "Latin-1": (("größe," + NAMES[5:] + BODY).encode("latin-1"), ["größe", "speed", "energy"], "line 1 is not UTF-8"),
    "a name over two lines": ('"mass\n(kg)",speed,energy\n' + BODY, ["mass (kg)", "speed", "energy"], "target"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "names", "words"), TOPS.values(), ids=TOPS.keys())
def test_what_is_no_row_is_known_and_said(text: str | bytes, names: list[str], words: str) -> None:
    table = read(text)
    data, notes = dataset(table)
    assert list(table.columns) == names
    assert table.values.tolist() == [row[: len(names)] for row in ROWS]
    assert data.rows == len(ROWS)
    assert sum(words in note for note in notes) == 1, notes


@settings(max_examples=15)
@given(
    st.integers(0, 6),
    st.sampled_from(["", "kg,m/s,J\n"]),
    st.lists(st.integers(0, 5), max_size=3),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_any_of_them_together(preamble: int, units: str, comments: list[int], sep: str) -> None:
    rows = [line + (" # seen" if k in comments else "") for k, line in enumerate(BODY.splitlines())]
    lines = [*(f"Key {k}" for k in range(preamble)), NAMES.strip(), *units.split(), *rows]
    table = read("\n".join(lines).replace(",", sep))
    assert table.columns == ("mass", "speed", "energy")
    assert table.values.tolist() == ROWS
    assert table.units == ({"mass": "kg", "speed": "m/s", "energy": "J"} if units else {})


def test_a_preamble_may_be_long() -> None:
    table = read("".join(f"Key {k}: text\n" for k in range(80)) + NAMES + 10 * BODY)
    assert table.columns == ("mass", "speed", "energy")
    assert table.values.tolist() == 10 * ROWS


def test_a_total_of_a_column_of_names_is_one_that_adds_up() -> None:
    rows = "".join(f"item {k},{k},{k * k}\n" for k in range(1, 7))
    for last, kept in (("Total,21,91", 6), ("Sum,,91", 6), ("Average,3.5,", 6), ("Total,22,90", 7)):
        assert len(read(f"item,a,b\n{rows}{last}\n").values) == kept


@pytest.mark.parametrize(
    "text", ["mass,speed,energy\nleft,right,both\n" + BODY, "a;b\nleft;right\n1;2\n2;3\n4;5\n5;6\n7;8\n"]
)
def test_two_lines_of_words_are_not_certain(text: str) -> None:
    with pytest.raises(DataError, match=r"line 2 holds words under the names in line 1: .*--header 1-2"):
        read(text)
    assert len(read(text, names=(1, 2)).values) == len(read(text, names=(1, 1)).values) == text.count("\n") - 2


def test_the_user_says_where_the_names_are() -> None:
    text = "a,b\n1,2\nmass,speed\nkg,m/s\n" + "".join(f"{a},{b}\n" for a, b, _ in ROWS)
    table = read(text, names=(3, 3))
    assert (table.columns, table.units) == (("mass", "speed"), {"mass": "kg", "speed": "m/s"})
    with pytest.raises(DataError, match="--header 9: there are no names"):
        read("a,b\n1,2\n", names=(9, 9))


@pytest.mark.parametrize(("text", "lines"), [("", None), ("3", (3, 3)), (" 3 - 4 ", (3, 4))])
def test_lines_of_names(text: str, lines: tuple[int, int] | None) -> None:
    assert header_lines(text) == lines


@pytest.mark.parametrize("text", ["0", "4-3", "a", "-1", "1-", "1,2"])
def test_lines_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--header takes"):
        header_lines(text)


TEXTS_STAY: dict[str, tuple[str, int]] = {
    "names that begin with #": ("id,a,b\n" + "".join(f"#{k},{k},{k * k}\n" for k in range(1, 7)), 6),
    "a # in a text": ("a,b,text\n" + "".join(f"{k},{k * k},lot #{k}\n" for k in range(1, 7)), 6),
    "a quoted #": ("text,a,b\n" + "".join(f'"x # {k}",{k},{k * k}\n' for k in range(1, 7)), 6),
    "a row without numbers": ("text,a,b\n" + "".join(f"t{k},{k},{k * k}\n" for k in range(1, 7)) + "t7,,\n", 7),
    "lines in a quoted cell": ("text,a,b\n" + "".join(f'"t\n# {k}",{k},{k * k}\n' for k in range(1, 7)), 6),
}


@pytest.mark.parametrize(("text", "rows"), TEXTS_STAY.values(), ids=TEXTS_STAY.keys())
def test_what_may_be_a_row_stays(text: str, rows: int) -> None:
    table = read(text)
    data, _ = dataset(table, missing="drop")
    assert len(table.values) == rows
    assert data.names == ("a",)


def test_lines_are_counted_over_quoted_line_breaks() -> None:
    with pytest.raises(DataError, match="line 5, column 'a': 'x'"):
        dataset(read('text,a,b\n"one\ntwo",1,2\n"three",3,4\nt,x,5\nt,5,6\nt,6,7\n'))
