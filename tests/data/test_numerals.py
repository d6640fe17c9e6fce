"""Numbers in the writings of many countries and programs, read back exactly, and what is no number for certain."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kansr.data.read.file import read_table
from kansr.data.read.numerals import PLAIN, Marks, Style, Written, marks_of, read_numeral, style_of
from kansr.data.read.table import Table
from kansr.data.roles import dataset
from kansr.errors import DataError

DE, US = Style(",", "."), Style(".", ",")
Writer = Callable[[float], str]


def read(text: str, **options) -> Table:
    return read_table(io.BytesIO(text.encode()), **options)


def grouped(thousands: str, decimal: str) -> Writer:
    """1234.5 with three decimals and separators of thousands."""
    return lambda x: f"{x:,.3f}".replace(",", "T").replace(".", decimal).replace("T", thousands)


def with_power(sign: str) -> Writer:
    return lambda x: f"{x:.12e}".replace("e", sign)


def money(x: float) -> str:
    return f"-${-x:,.3f}" if x < 0 else f"${x:,.3f}"


# Each dialect: the separator of columns, and how it writes a number of three decimals.
DIALECTS: dict[str, tuple[str, Writer]] = {
    "German": (";", grouped(".", ",")),
    "quoted German": (",", grouped(".", ",")),
    "American": (",", grouped(",", ".")),
    "American, tabs": ("\t", grouped(",", ".")),
    "Swiss": (";", grouped("'", ".")),
    "Swiss, typographic": (",", grouped("’", ".")),
    "French": (";", grouped("\u202f", ",")),
    "Swedish": ("\t", grouped("\u00a0", ",")),
    "SI, blanks": (",", grouped(" ", ".")),
    "Fortran": (" ", with_power("D")),
    "Fortran, lower case": (",", with_power("d")),
    "ENDF": (" ", with_power("")),
    "Unicode minus": (",", lambda x: f"{x:.3f}".replace("-", "\u2212")),
    "dollars": (",", money),
    "euros": (";", lambda x: f"{x:.3f} €".replace(".", ",")),
    "percent": (",", lambda x: f"{100 * x:.1f}%"),
    "errors": (",", lambda x: f"{x:.3f}±0.1"),
    "errors in ASCII": (";", lambda x: f"{x:.3f} +/- 0.1"),
    "errors in the last digits": ("\t", lambda x: f"{x:.3f}(12)"),
}


def written(rows: Sequence[Sequence[float]], sep: str, write: Writer) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sep, lineterminator="\n")
    writer.writerow(["first", "second"])
    writer.writerows([list(map(write, row)) for row in rows])
    return text.getvalue()


thousandths = st.integers(-(10**9), 10**9).map(lambda n: n / 1000)
# One number that shows the style of the table, as in any table of some length.
tables = st.lists(st.tuples(thousandths, thousandths), min_size=1, max_size=8).map(
    lambda rows: [(-1234.5, 0.25), *rows]
)


@pytest.mark.parametrize(("sep", "write"), DIALECTS.values(), ids=DIALECTS.keys())
@settings(max_examples=12)
@given(tables)
@example([(-1234.5, 0.25), (0.0, 999.999), (1000.0, -1000000.0)])
def test_a_table_comes_back_as_it_was(sep: str, write: Writer, rows: list[tuple[float, float]]) -> None:
    if "%" in write(1.0):
        rows = [(a, round(b, 3)) for a, b in rows]
    table = read(written(rows, sep, write))
    kept = [table.columns.index(name) for name in ("first", "second")]
    assert not table.refusals
    assert table.values[:, kept].tolist() == [list(row) for row in rows]


@given(st.lists(st.floats(1e-99, 1e99), min_size=1, max_size=5), st.sampled_from(["D", "d", "", "e", "E"]))
def test_exponents_keep_every_digit(values: list[float], sign: str) -> None:
    texts = [f"{x:.16e}".replace("e", sign) for x in [10.0, *values]]
    table = read("a,b\n" + "".join(f"{k},{text}\n" for k, text in enumerate(texts)))
    assert table.values[:, 1].tolist() == [10.0, *values]


@pytest.mark.parametrize(
    ("cell", "style", "text", "error"),
    [
        ("1.234,5", DE, "1234.5", ""),
        ("1.234", DE, "1234", ""),
        ("1.234", PLAIN, "1.234", ""),
        ("1,234", PLAIN, None, ""),
        ("0,123", US, None, ""),
        ("12,34", US, None, ""),
        ("1'234'567.8", PLAIN, "1234567.8", ""),
        ("1 234", PLAIN, "1234", ""),
        ("1 23", PLAIN, None, ""),
        ("7.44+0", PLAIN, "7.44e+0", ""),
        ("2024-01", PLAIN, None, ""),
        ("1.5e3", PLAIN, "1.5e3", ""),
        ("1.5D-03", PLAIN, "1.5e-03", ""),
        ("12.5 %", PLAIN, "12.5e-2", ""),
        ("€ 5", PLAIN, "5", ""),
        ("(5.00 $)", PLAIN, "-5.00", ""),
        ("$5 €", PLAIN, None, ""),
        ("1.23(4)", PLAIN, "1.23", "4e-2"),
        ("123(4)", PLAIN, "123", "4"),
        ("1.23(4)e-5", PLAIN, "1.23e-5", "4e-7"),
        ("12.3(1.2)", PLAIN, "12.3", "1.2"),
        ("(1.2 ± 0.1)e3", PLAIN, "1.2e3", "0.1e3"),
        ("1,2±0,1", DE, "1.2", "0.1"),
        ("±0.1", PLAIN, None, ""),
        ("323.1 # spike", PLAIN, "323.1", ""),
        ("5 kg", PLAIN, None, ""),
        ("1+2j", PLAIN, None, ""),
        ("1.2.3", PLAIN, None, ""),
        ("-", PLAIN, None, ""),
        ("", PLAIN, None, ""),
    ],
)
def test_a_cell(cell: str, style: Style, text: str | None, error: str) -> None:
    found = read_numeral(cell, style)
    assert (found and (found.text, found.error)) == (text and (text, error))


PARTS = ["1", "23", "456", "0", "7.5", "8,5", ".", ",", "'", "+", "-", "e", "D", "±", "(2)", "%", "$", " ", "\u2212"]


@given(st.lists(st.sampled_from(PARTS), max_size=5).map("".join), st.sampled_from([PLAIN, DE, US]))
def test_what_is_read_is_a_number_with_an_error(cell: str, style: Style) -> None:
    found = read_numeral(cell, style)
    if found is not None:
        assert isinstance(float(found.text), float)
        assert float(found.error or 0) >= 0


@pytest.mark.parametrize(
    ("cells", "marks", "style"),
    [
        (["7,44", "3.905,107"], Marks(commas=True, point_groups=True), DE),
        (["7,44", "3.905"], Marks(commas=True), Style(",")),
        (["1,234.5", "832"], Marks(points=True, comma_groups=True), US),
        (["1,234", "832"], Marks(), PLAIN),
        (["1,234,567"], Marks(comma_groups=True), US),
        (["1.234.567"], Marks(point_groups=True), DE),
        (["1.234"], Marks(), PLAIN),
        (["2.5", "2,5"], Marks(points=True, commas=True), PLAIN),
    ],
)
def test_what_cells_tell_of_their_signs(cells: list[str], marks: Marks, style: Style) -> None:
    assert marks_of(cells) == marks
    assert style_of(marks, PLAIN) == style


NUMBERS = ["1", "2", "3", "4", "5", "7"]


def column(cells: Sequence[str]) -> str:
    """A table with these cells in a column c, and a target."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([["c", "y"], *zip(cells, NUMBERS)])
    return text.getvalue()


@pytest.mark.parametrize(
    ("cells", "values", "words"),
    [
        (["$5", "$6.5", "-$7", "8", "9", "1"], [5, 6.5, -7, 8, 9, 1], "currency signs are dropped"),
        (["5%", "6.5 %", "0", "8%", "9%", "1%"], [0.05, 0.065, 0, 0.08, 0.09, 0.01], "percentages are divided by 100"),
        (["yes", "no", "Yes", "no", "NO", "no"], [1, 0, 1, 0, 0, 0], "'yes' and 'no' are read as 1 and 0"),
        (["1,234.5", "2", "3", "4", "5", "6"], [1234.5, 2, 3, 4, 5, 6], "--thousands ,"),
        (["1.5D0", "2", "3", "4", "5", "6"], [1.5, 2, 3, 4, 5, 6], "D of exponents"),
        (["1.5+0", "2.5-1", "3.1+2", "4", "5", "6"], [1.5, 0.25, 310, 4, 5, 6], "exponents without a letter"),
        (["\u22125", "2", "3", "4", "5", "6"], [-5, 2, 3, 4, 5, 6], "the sign − (U+2212) is read as minus"),
    ],
)
def test_what_is_read_is_said_in_one_line(cells: list[str], values: list[float], words: str) -> None:
    data, notes = dataset(read(column(cells)))
    assert data.X[:, 0].tolist() == values
    assert sum(words in note for note in notes) == 1, notes


@pytest.mark.parametrize("cells", [["1,234"] * 6, ["<0.1", "1", "2", "3", "4", "5"], ["5%", "1", "2", "3", "4", "5"]])
def test_what_is_not_certain_is_not_read(cells: list[str]) -> None:
    with pytest.raises(DataError, match="line 2, column 'c'"):
        dataset(read(column(cells)))


@pytest.mark.parametrize(("sign", "value"), [(",", 1234.0), ("", None)])
def test_the_user_decides_what_a_comma_is(sign: str, value: float | None) -> None:
    table = read(column(["1,234", "2", "3", "4", "5", "6"]), thousands=sign)
    assert (table.values[0, 0] == value) == (value is not None)


def test_the_user_says_that_it_is_a_decimal_comma() -> None:
    assert read("c;y\n1,234;1\n", decimal=",").values.tolist() == [[1.234, 1.0]]


def test_errors_beside_the_target_are_its_standard_errors() -> None:
    cells = [f"{x}±{x / 10}" for x in (1.0, 2.0, 3.0, 4.0, 5.0, 7.0)]
    text = "x,y\n" + "".join(f"{k}.5±0.1,{cell}\n" for k, cell in enumerate(cells))
    data, notes = dataset(read(text))
    assert data.names == ("x",)
    np.testing.assert_allclose(data.stated, [0.1, 0.2, 0.3, 0.4, 0.5, 0.7])
    assert any("standard errors of 'y'" in note for note in notes)
    assert dataset(read(text), target="x")[0].stated.tolist() == [0.1] * 6
    assert dataset(read(text), inputs=["x", "y_error"])[0].names == ("x", "y_error")
    some = text.replace("±0.7", "")
    data, notes = dataset(read(some))
    assert data.stated is None
    assert any("not every cell has one" in note for note in notes)


def test_every_writing_has_words_of_its_own() -> None:
    assert len({written.value for written in Written}) == len(Written)
