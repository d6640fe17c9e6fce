"""`kansr predict` and `kansr export` in the terminal: columns in, one column out, and one sentence where that fails."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy
from support import standin
from support.command import told
from support.paths import KEPLER

from kansr.api.discovery import Discovery
from kansr.cli.predict import for_spreadsheet
from kansr.data.dataset import Dataset
from kansr.data.read.reservoir import MOST
from kansr.data.roles import dataset
from kansr.errors import UsageError
from kansr.formula.judge.judge import judge
from kansr.result.law import Law, law_of, law_of_formula
from kansr.result.pareto import ParetoFront
from kansr.result.result import Status

ODD = "=HYPERLINK(1)"  # a column name that is a formula to a spreadsheet


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "kepler"
    standin.discovery(dataset(KEPLER)[0]).save(folder)
    return folder


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose columns have names that are none of the formula language."""
    rows = Dataset(np.ones((5, 2)), np.ones(5), ("a_m", "lambda"), "T_", {"a_m": "a (m)", "T_": ODD})
    law = judge(sympy.sqrt(sympy.Symbol("a_m") - 1), rows, rows, "law")
    folder = tmp_path_factory.mktemp("runs") / "odd"
    Discovery(Status.FOUND, "T_", rows.names, ("lambda",), ParetoFront((law,)), rows.columns).save(folder)
    return folder


def test_every_row_of_a_large_table_has_its_prediction(tmp_path: Path) -> None:
    count = MOST + 5
    (tmp_path / "large.csv").write_text("a,b\n" + "".join(f"{k},1\n" for k in range(count)))
    done = told("predict", "2*a", tmp_path / "large.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[1:] == [str(2 * k) for k in range(count)]


def test_predictions_are_exact(run: Path, tmp_path: Path) -> None:
    axis = pd.read_csv(KEPLER)["semi_major_axis_au"].to_numpy()
    done = told("predict", run, KEPLER)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "period_years"
    assert [float(line) for line in done.stdout.splitlines()[1:]] == (axis**1.5).tolist()
    out = tmp_path / "p.csv"
    line = told("predict", run / "discovery.json", KEPLER, "--complexity", 3, "--out", out)
    assert line.returncode == 0 and line.stdout == ""
    assert pd.read_csv(out)["period_years"].to_numpy() == pytest.approx(1.5 * axis)
    again = told("predict", run, KEPLER, "--out", out)
    assert again.returncode == 2 and "--force" in again.stderr


def test_aliases_are_honoured_and_no_value_is_an_empty_cell(odd: Path) -> None:
    table = b'other,"a (m)"\n7,5\n7,0\n7,1\n7,-3\n'
    done = told("predict", odd, "-", stdin=table)
    assert done.stdout == f'\'{ODD}\n2\n""\n0\n""\n'
    assert done.stderr == "kansr: the formula has no real value in 2 rows of 4: those cells are empty\n"
    frame = pd.read_csv(io.StringIO(done.stdout))
    assert frame.iloc[:, 0].isna().tolist() == [False, True, False, True]
    result = json.loads(told("predict", odd, "-", "--json", stdin=table).stdout)
    assert (result["target"], result["names"]) == (ODD, {"a_m": "a (m)"})
    assert result["prediction"] == [2, None, 0, None]


def test_formulas_in_columns() -> None:
    table = b"x;b c\n1,5;2\n2,5;\n"
    done = told("predict", "x*b_c - 1", "-", "--missing", "keep", stdin=table)
    assert done.stdout == 'prediction\n2\n""\n' and "no predictions for these" in done.stderr
    assert told("predict", "x*b_c - 1", "-", "--missing", "drop", stdin=table).stdout == "prediction\n2\n"
    assert told("predict", "--", "-x", "-", stdin=table).stdout == "prediction\n-1.5\n-2.5\n"
    numbered = told("predict", "x0**2 + x1", "-", "--no-header", stdin=b"1,2\n3,4\n")
    assert numbered.stdout == "prediction\n3\n13\n"
    one = told("predict", "x0/3", "-", "--no-header", "-q", stdin=b"1\n2\n")
    assert one.stdout == "prediction\n0.33333333333333331\n0.66666666666666663\n"


REFUSED = [
    (["predict", "RUN", "TABLE", "--index", "7"], "there is no formula 7: the front has 3"),
    (["predict", "RUN", "TABLE", "--complexity", "2"], "there are 1, 3, 4"),
    (["predict", "RUN", "TABLE", "--index", "0", "--complexity", "1"], "not by both"),
    (["predict", "x", "TABLE", "--index", "0"], "choose among the formulas of a run"),
    (["predict", "semi_major_axis*2", "TABLE"], "did you mean 'semi_major_axis_au'?"),
    (["predict", "runs/x", "TABLE"], "is read as a formula: there is no such file or folder"),
    (["predict", "runs/x.json", "TABLE"], "is not a file or folder, and as a formula"),
    (["predict", "9**9**9", "TABLE"], "an exponent over"),
    (["predict", "x" * 5000, "TABLE"], "has no column"),
    (["predict", "TABLE", "TABLE"], "is damaged"),
    (["predict", "FOLDER", "TABLE"], "no such file"),
    (["predict", "RUN", "nowhere.csv"], "no such file: nowhere.csv"),
    (["export", "RUN", "--to", "fortran"], "--to"),
    (["export", "RUN"], "--to"),
    (["export", "x +", "--to", "c"], "the formula ends too early"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[words[:30] for _, words in REFUSED])
def test_what_cannot_be_is_one_sentence(run: Path, arguments: list[str], words: str, tmp_path: Path) -> None:
    places = {"RUN": run, "TABLE": KEPLER, "FOLDER": tmp_path}
    done = told(*(places.get(argument, argument) for argument in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    sentence, *formula = done.stderr.splitlines()
    assert words in sentence and "Traceback" not in done.stderr
    assert not formula or formula[1].split() == ["kansr:", "^"]  # where the mistake is in a formula


def test_export_in_the_terminal(run: Path, odd: Path, tmp_path: Path) -> None:
    done = told("export", run, "--to", "python")
    assert done.returncode == 0 and done.stderr == "" and "def period_years(semi_major_axis_au):" in done.stdout
    assert done.stdout == standin.discovery(dataset(KEPLER)[0]).export("python")
    out = tmp_path / "law.c"
    assert told("export", odd, "--to", "c", "--out", out).returncode == 0
    text = out.read_text()
    assert "a_m: the column 'a (m)'" in text and f"the column '{ODD}'" in text and "domain: a_m - 1 >= 0" in text
    assert told("export", "a*b", "--to", "latex").stdout == "prediction = a b\n"


def test_a_formula_of_the_front_is_picked() -> None:
    found = standin.discovery(dataset(KEPLER)[0])
    assert [found.front.pick(i).complexity for i in (0, 1, 2, -1)] == [1, 3, 4, 4]
    assert found.front.pick() is found.best and found.front.pick(complexity=3).complexity == 3
    assert law_of(found, found.front.candidates[0]).inputs == ()
    with pytest.raises(UsageError, match=r"no format 'pyton'.* Did you mean 'python'"):
        found.export("pyton")


def test_a_formula_has_its_inputs_in_the_order_they_come() -> None:
    assert law_of_formula("b*a + xb + prediction") == Law(
        sympy.sympify("b*a + xb + prediction"), ("b", "a", "xb", "prediction"), "prediction_"
    )


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_names_that_a_spreadsheet_would_compute_are_texts(name: str) -> None:
    assert for_spreadsheet(name) == f"'{name}"
    assert for_spreadsheet(f"a{name}") == f"a{name}"


def test_a_name_with_a_control_character_is_written_without_it() -> None:
    assert for_spreadsheet("\r=1+1") == "\N{REPLACEMENT CHARACTER}=1+1"
