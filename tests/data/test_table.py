"""What a table may look like, and what is said about one that cannot be used."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.files import ACCEPTED, PLAIN, ROWS, VALUES, table
from support.paths import ROOT
from support.speed import timed

from kansr.data.columns import numbers
from kansr.data.read.file import read_table
from kansr.data.read.table import Table, from_arrays, from_frame
from kansr.data.roles import MAX_COLUMNS, as_table, dataset
from kansr.errors import DataError, UsageError

DATASETS = ROOT / "datasets"


def read(text: str | bytes, **options) -> Table:
    return read_table(io.BytesIO(text if isinstance(text, bytes) else text.encode()), **options)


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_the_same_table_however_it_is_written(text):
    found = read(text)
    assert found.columns == ("a", "b")
    assert found.values.dtype == np.float64
    assert found.values.tolist() == VALUES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ACCEPTED["semicolons"], "semicolons"),
        (ACCEPTED["tabs, decimal comma"], "--decimal ,"),
        (ACCEPTED["comma at the end of both"], "dropped column 3: no name and no values"),
        (ACCEPTED["empty rows at the end"], "dropped 2 empty rows"),
        (PLAIN, "target: b (the last column)"),
        (table(header="a,b,c").replace("\n", ",True\n").replace("c,True", "c"), "True and False are read as 1 and 0"),
        (table((3, ",3.5"), header="a,b"), "dropped 1 of 6 rows"),
        (table((3, "9007199254740993,3.5")), "beyond 2^53"),
        (table((3, "123456789012345678901234,3.5")), "beyond 2^53"),
        ("c,a,b\n" + "".join(f"7,{line}\n" for line in ROWS.split()), "dropped input 'c': constant (7)"),
        ("a,b\n" + "".join(f"{i},4\n" for i in range(6)), "the target 'b' is constant: 4"),
        ("a,c,b\n" + "".join(f"{i},{i},{i * i}\n" for i in range(6)), "'c': the same values as 'a'"),
        ("a,c,b\n" + "".join(f"{i},{i * i},{i * i}\n" for i in range(6)), "'c': the same values as the target 'b'"),
    ],
)
def test_what_is_said_aloud(text, words):
    _, notes = dataset(read(text), missing="drop")
    assert any(words in note for note in notes), notes


REFUSED = {
    "empty": ("", {}, ["the stream", "empty", "no data rows"]),
    "only comments": ("# nothing\n# here", {}, ["no data rows"]),
    "header only": ("a,b\n", {}, ["no data rows under the header in line 1"]),
    "header only after comments": ("# x\na,b", {}, ["header in line 2"]),
    "one column": ("a\n1\n2\n3\n4\n5\n6\n", {}, ["one column only", "'a'", "--sep"]),
    "four rows": ("a,b\n1,2\n2,3\n3,4\n4,5\n", {}, ["at least 5 rows", "here are 4"]),
    "no header": (ROWS, {}, ["line 1", "--no-header"]),
    "no header, decimal comma": (
        ROWS.replace(",", ";").replace(".", ","),
        {"sep": ";", "decimal": ","},
        ["--no-header"],
    ),
    "header after all": (PLAIN, {"header": False}, ["line 1", "'a' cannot be read as a number"]),
    "long line": (table((4, "3,4.5,9")), {}, ["line 4 has 3 cells where the header has 2"]),
    "short line": (table((5, "4")), {}, ["line 5 has 1 cell where the header has 2"]),
    "short first row": (table((2, "1"), header="a,b"), {}, ["line 2 has 1 cell "]),
    "longer rows than header": ("a,b\n" + ROWS.replace("\n", ",1\n"), {}, ["line 2 has 3 cells"]),
    "blank lines count": ("\n# c\n" + table((4, "3,4.5,9")).replace("\n", "\n\n", 2), {}, ["line 8 has 3 cells"]),
    "open quotation mark": (table((4, '3,"4.5')), {}, ["line 4", "never closed"]),
    "duplicate names": ("a,b,a,b,c\n" + "1,2,3,4,5\n" * 6, {}, ["'a', 'b'", "twice"]),
    "thousands": (table((4, '3,"1,234"')), {}, ["line 4, column 'b'", "'1,234'", "thousands"]),
    "thousands that may be decimals": (table((4, '3,"1,234"')).replace(".", ""), {}, ["'1,234'", "--thousands ,"]),
    "decimal comma": (table((4, '"0,25",1')), {}, ["line 4, column 'a'", "'0,25'", "--decimal ,"]),
    "decimal point": (table().replace(",", ";"), {"decimal": ","}, ["--decimal ."]),
    "unit": (table((4, "3,5 kg")), {}, ["line 4, column 'b'", "'5 kg'", "unit"]),
    "date": (table((4, "2024-01-31,5")), {}, ["column 'a'", "'2024-01-31'", "dates"]),
    "time": (table((4, "12:30:05,5")), {}, ["dates into numbers"]),
    "complex": (table((4, "1+2j,5")), {}, ["'1+2j'", "complex values are not supported"]),
    "boolean among numbers": (table((4, "3,True")), {}, ["'True'", "booleans as 0 and 1"]),
    "word among decimal commas": (
        "a;b\n1;2,5\n2;3,5\n3;x\n4;5,5\n5;6,5\n",
        {},
        ["line 4, column 'b'", "'x' cannot"],
    ),
    "thousands among decimal commas": (
        "a;b\n1;2,5\n2;3,5\n3;1.234\n4;5,5\n5;6,5\n",
        {"decimal": ","},
        ["line 4", "'1.234'", "thousands"],
    ),
    "word": (table((4, "3,high"), (5, "4,low")), {}, ["'high'", "1 more such cell)", "--inputs", "--ignore"]),
    "words under the names": (table((2, "high,low")), {}, ["line 2", "line 1", "--header 1-2"]),
    "a line of text above": ("some text\n1,2\n2,3\n", {}, ["has 2 cells where the header has 1"]),
    "a limit": (table((4, "3,<0.05")), {}, ["line 4", "'<0.05'", "--na-values", "--missing drop"]),
    "units in all cells": (table().replace(".5", ".5 kg"), {}, ["line 2, column 'b'", "'2.5 kg'", "unit"]),
    "percent in some cells": (table((4, "3,50%")), {}, ["'50%'", "percent"]),
    "two currencies": (table((4, "3,$5"), (5, "4,5 €")), {}, ["line 4, column 'b'", "'$5'"]),
    "ranges": (table((4, "3,1.5-3")), {}, ["line 4, column 'b'", "'1.5-3'"]),
    "only text": ("a,b,c\n" + "x,y,z\n" * 6, {}, ["line 2, column 'a'", "'x'"]),
    "a text that is asked for": ("a,b,c\n" + "x,1,2\ny,2,3\n" * 6, {"inputs": ["a", "b"]}, ["column 'a'", "'x'"]),
    "line after one of tabs": ("a\tb\n1\t2\n\t\n\n3\tx\n4\t5\n5\t6\n", {}, ["line 5, column 'b'"]),
    "line after blank ones": (table((4, "\n\n3,x")), {}, ["line 6, column 'b'"]),
    "missing": (table((4, ",1"), (5, "NA,"), (6, "5,2")), {}, ["'a' (2), 'b' (1)", "line 4", "--missing drop"]),
    "infinite": (table((4, "inf,1"), (6, "-inf,2")), {}, ["column 'a'", "2 rows (line 4, line 6)"]),
    "overflow": (table((4, "1e999,1")), {}, ["column 'a'", "line 4"]),
    "neither UTF-8 nor text": (PLAIN.replace("a", "é\x01").encode("latin-1"), {}, ["line 1", "UTF-8"]),
    "NUL bytes": (b"a,b\n1,\x002\n", {}, ["line 2", "NUL"]),
    "binary": (bytes(range(255, 0, -1)), {}, ["UTF-8"]),
    "damaged gzip": (gzip.compress(PLAIN.encode())[:-12], {}, ["damaged gzip"]),
    "only constants": ("a,b\n" + "1,2\n" * 6, {}, ["no input is left", "constant"]),
    "a spreadsheet": (b"PK\x03\x04 and so on", {}, ["arrays X and y"]),
    "too many columns": (",".join(f"c{i}" for i in range(5001)) + ("\n" + "1," * 5000 + "1") * 6, {}, ["5000", "5001"]),
}


@pytest.mark.parametrize(("text", "options", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_table_is_refused_in_one_sentence(text, options, words):
    inputs = {"inputs": options["inputs"]} if "inputs" in options else {}
    with pytest.raises(DataError) as caught:
        dataset(read(text, **{name: value for name, value in options.items() if name not in inputs}), **inputs)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "bb"}, ["no column 'bb'", "did you mean 'b'?"]),
        ({"target": "Velocity"}, ["did you mean 'velocity'?"]),
        ({"target": "zzz"}, ["the columns are 'a', 'b', 'velocity'"]),
        ({"inputs": ["aa"]}, ["no column 'aa'"]),
        ({"target": "b", "inputs": ["a", "b"]}, ["target 'b' is also among the inputs"]),
        ({"inputs": []}, ["no inputs"]),
    ],
)
def test_columns_that_cannot_be_chosen(options, words):
    text = "a,b,velocity\n" + "".join(f"{i},{i * i},{i**3}\n" for i in range(6))
    with pytest.raises(DataError) as caught:
        dataset(read(text), **options)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("options", [{"sep": ",,"}, {"sep": ""}, {"sep": ",", "decimal": ","}, {"decimal": "x"}])
def test_options_that_make_no_sense(options):
    with pytest.raises(UsageError):
        read(PLAIN, **options)


@pytest.mark.parametrize(("sep", "spelled"), [("\t", "\\t"), ("\t", "tab"), (" ", r"\s+"), ("!", "!")])
def test_a_separator_as_a_shell_lets_one_type_it(sep, spelled):
    assert read(PLAIN.replace(",", sep), sep=spelled).values.tolist() == VALUES


def test_files_that_are_not_there(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"no such file: .*gone\.csv"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(DataError, match="is a directory"):
        read_table(str(tmp_path))

    def forbidden(path, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(DataError, match="no permission to read"):
        read_table(tmp_path / "secret.csv")


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    found = read_table("-")
    assert (found.source, found.values.tolist()) == ("standard input", VALUES)


def test_no_header_names_the_columns():
    data, notes = dataset(read("1,2,3\n4,5,6\n7,8,8\n1,1,1\n0,0,2\n", header=False))
    assert (data.names, data.target, data.rows) == (("x0", "x1"), "y", 5)
    assert "target: y (the last column)" in notes


def test_only_the_columns_in_use_are_checked():
    text = "name,a,hole,b\n" + "".join(f"p{i},{i},{i if i else ''},{i * i}\n" for i in range(6))
    data, _ = dataset(read(text), inputs=["a"])
    assert data.names == ("a",)
    with pytest.raises(DataError, match=r"line 2, column 'name': 'p0' cannot be read as a number"):
        dataset(read(text), inputs=["name", "a"])
    data, notes = dataset(read(text), missing="drop")
    assert data.names == ("a",)
    assert "left out, since they cannot be read as numbers: 'name' (text)" in notes


def test_numbers_need_no_target():
    values, keep = numbers(read(table((3, "2,"))), ["b"], missing="drop")
    assert values.tolist() == [[2.5], [4.5], [5.5], [7.5], [8.5]]
    assert keep.tolist() == [True, False, True, True, True, True]
    with pytest.raises(DataError, match=r"missing cells in 'b' \(1\), the first in line 3"):
        numbers(read(table((3, "2,"))), ["a", "b"])


def test_the_dataset_knows_what_the_columns_were_called():
    header = '"orbital period (d)",pi,N,λ,"__import__(\'os\')",x0,mass %'
    body = "".join(",".join(str((i + 2) ** k) for k in range(1, 8)) + "\n" for i in range(6))
    data, _ = dataset(read(header + "\n" + body), target="N")
    assert data.names == ("orbital_period_d", "pi_", "lamda", "import_os", "x0", "mass")
    assert data.columns == {
        "orbital_period_d": "orbital period (d)",
        "pi_": "pi",
        "lamda": "λ",
        "import_os": "__import__('os')",
        "mass": "mass %",
    }
    assert data.X.flags.c_contiguous
    assert data.column("lamda")[0] == 2**4


def test_extreme_scales_survive_exactly():
    text = "a,b\n" + "".join(f"{i}.123456789012345e-34,{i}.987654321098765e30\n" for i in range(1, 7))
    data, _ = dataset(read(text))
    assert data.X[0, 0] == 1.123456789012345e-34
    assert data.y[5] == 6.987654321098765e30


@pytest.mark.parametrize("wide", [str, int])
def test_frames(wide):
    frame = pd.DataFrame({wide(1): range(6), wide(2): pd.array([1, 2, None, 4, 5, 6], dtype="Int64")})
    data, _ = dataset(frame, missing="drop")
    assert (data.rows, data.names, data.columns) == (5, ("x_1",), {"x_1": "1", "x_2": "2"})


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (np.arange(6) * 1j, "complex"),
        ([1 + 2j, "a", None, 1, 2, 3], "complex"),
        (pd.Categorical(list("abcabc")), "row 1, column 'c': 'a' cannot be read as a number"),
        (["1", "2", "3", "x", "5", "6"], "row 4"),
    ],
)
def test_frames_that_cannot_be_used(column, words):
    with pytest.raises(DataError, match=words):
        dataset(pd.DataFrame({"c": column, "y": range(6)}))


def test_arrays():
    X, y = (np.arange(12).reshape(6, 2) ** 2).astype(np.float32), np.arange(6.0) ** 3
    data, notes = dataset((X, y))
    assert (data.names, data.target) == (("x0", "x1"), "y")
    assert any("float32" in note for note in notes)
    assert dataset((X[:, 0], y[:, None]))[0].names == ("x0",)
    for bad in [(X, y[:-1]), (X[None], y), (X, np.tile(y, (2, 1)))]:
        with pytest.raises(DataError, match="X must be"):
            from_arrays(*bad)
    with pytest.raises(UsageError, match="not int"):
        as_table(3)


def test_npz(tmp_path):
    np.savez(tmp_path / "good.npz", X=np.arange(12).reshape(6, 2), y=np.arange(6))
    np.savez(tmp_path / "named.npz", a=np.arange(3))
    np.savez(tmp_path / "objects.npz", X=np.array([{}, []], dtype=object), y=np.arange(2))
    assert read_table(tmp_path / "good.npz").columns == ("x0", "x1", "y")
    for name in ("named", "objects"):
        with pytest.raises(DataError, match=r"arrays (named )?X and y"):
            read_table(tmp_path / f"{name}.npz")


def test_parquet_and_feather_are_read():
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(VALUES, columns=["a", "b"])
    for write in (frame.to_parquet, frame.to_feather):
        stream = io.BytesIO()
        write(stream)
        assert read(stream.getvalue()).values.tolist() == VALUES
        assert read(gzip.compress(stream.getvalue())).values.tolist() == VALUES
        with pytest.raises(DataError, match="is damaged"):
            read(stream.getvalue()[:-30])


@pytest.mark.parametrize("head", [b"PAR1", b"ARROW1"])
def test_parquet_and_feather_say_what_they_need(head, monkeypatch):
    for name in ("pyarrow", "pyarrow.parquet", "pyarrow.feather"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=r"pip install 'kansr\[parquet\]'"):
        read(head + b"...." + head)


@given(st.text(alphabet="019.,;|\t \n\r\"'#abNAe-+\x00é") | st.binary())
def test_whatever_comes_is_a_table_or_one_sentence(text):
    try:
        data, notes = dataset(read(text))
    except DataError as err:
        assert str(err) == " ".join(str(err).splitlines())
    else:
        assert np.isfinite(data.X).all()
        assert np.isfinite(data.y).all()


def test_a_hundred_thousand_rows_are_quick():
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    pd.DataFrame(rng.standard_normal((100_000, 5)), columns=list("abcde")).to_csv(stream, index=False)
    (data, _), seconds = timed(lambda: dataset(read(stream.getvalue())))
    assert seconds < 3  # 0.4 s on an idle core
    assert data.X.shape == (100_000, 4)


@pytest.mark.parametrize("path", sorted(DATASETS.glob("*.csv")), ids=lambda path: path.name)
def test_the_tables_we_ship_can_be_read(path):
    data, notes = dataset(path)
    assert f"target: {data.target} (the last column)" in notes
    assert data.rows >= 8
    assert not any("dropped" in note for note in notes)


LAWS = {
    "kepler.csv": (lambda a: a**1.5, 1e-3),
    "rydberg.csv": (lambda n1, n2: 1e9 / (10967758.34 * (n1**-2 - n2**-2)), 2e-5),
    "ideal_gas.csv": (lambda n, t, v: 8.314462618 * n * t / v, 0.01),
    "exp_sin.csv": (lambda x, y: np.exp(np.sin(np.pi * x) + y**2), 1e-14),
    "cobe_firas.csv": (lambda nu, _: 39.7289 * nu**3 / np.expm1(0.527992 * nu), 0.1),
}


@pytest.mark.parametrize(("name", "law"), LAWS.items(), ids=LAWS.keys())
def test_the_tables_we_ship_follow_their_laws(name, law):
    data, _ = dataset(DATASETS / name)
    formula, tolerance = law
    np.testing.assert_allclose(data.y, formula(*data.X.T), rtol=tolerance)


def test_from_frame_takes_names():
    assert from_frame(pd.DataFrame(VALUES), names=["a", " b "]).columns == ("a", "b")
    assert MAX_COLUMNS == 5000
