"""Searches that know the units: from Python, the command line and the estimator; mistakes in what they are told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.tables import routes, table_with_units

import kansr
from kansr.cli.main import run
from kansr.data.dataset import Dataset
from kansr.data.declare_units import with_units
from kansr.errors import KansrError, UsageError
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.structure.surrogate.error_in_dimensionless_groups import held_out_error_in_dimensionless_groups
from kansr.units.consistency import fits, objection
from kansr.units.text import dimension_of


@pytest.mark.parametrize(
    "text, units, constants",
    [
        ("m*v**2*exp(-x/z)", {"m": "kg", "v": "m/s", "x": "m", "z": "m", "y": "J"}, ""),
        ("p*sqrt(m/k)*cos(a)", {"p": "m/s", "m": "kg", "k": "N/m", "a": "rad", "y": "m"}, ""),
        ("v*u/(c + v)", {"v": "km/s", "u": "km/s", "y": "km/s"}, "c=7.5:km/s"),
    ],
)
def test_a_search_over_reductions_starts_from_groups(text: str, units: dict[str, str], constants: str) -> None:
    data = table_with_units(text, units, constants=constants)
    with np.errstate(all="ignore"):
        *_, route = routes(data)
    assert route.path[0].what.startswith("in units of")
    assert fits(route.fit.expr, data.units)
    np.testing.assert_allclose(evaluate(route.fit.expr, dict(zip(data.names, data.X.T))), data.y, rtol=1e-7)


@pytest.mark.parametrize(
    "text, units", [("v*x", {"v": "m/s", "x": "s", "y": "m"}), ("v/(1 + u/v)", dict.fromkeys("vuy", "m/s"))]
)
def test_a_smooth_model_in_groups_is_judged_on_the_rows_that_formulas_are(text: str, units: dict[str, str]) -> None:
    data = table_with_units(text, units, rows=1600, noise=0.1)
    truth = evaluate(parse(text), dict(zip(data.names, data.X.T)))
    unseen = data.take(slice(1100, None))
    least = float(np.sqrt(np.mean((data.y - truth)[1100:] ** 2)) / np.std(unseen.y))
    assert held_out_error_in_dimensionless_groups(data.take(slice(0, 1100)), unseen) == pytest.approx(least, rel=0.01)


def frame(data: Dataset) -> pd.DataFrame:
    return pd.DataFrame({**dict(zip(data.names, data.X.T)), data.target: data.y})


UNITS = {"m": "kg", "v": "m/s", "u": "m/s", "x": "m", "y": "N"}


def test_a_law_is_found_with_its_units_in_spite_of_noise() -> None:
    data = table_with_units("m*v**2/(x*(1 + u/v))", UNITS, rows=800, noise=0.02)
    found = kansr.discover(frame(data), units=UNITS, time_limit=40)
    assert all(objection(candidate.expr, data.units) == "" for candidate in found.front)
    truth = evaluate(parse("m*v**2/(x*(1 + u/v))"), dict(zip(data.names, data.X.T)))
    assert np.std(found.predict(data.X) - truth) < 0.005 * np.std(truth)
    entry = found.to_dict()
    assert entry["units"] == UNITS
    assert entry["named_constants"] == {}


def test_a_formula_with_wrong_units_is_not_printed_but_noted() -> None:
    units = {"x": "m", "t": "s", "z": "m", "y": "m"}
    data = table_with_units("x*t", units)
    found = kansr.discover(frame(data), units=units, time_limit=4)
    assert all(fits(candidate.expr, data.units) for candidate in found.front)
    assert any(
        note.startswith("left out as dimensionally inconsistent, though it fits better: y = ") for note in found.notes
    )


def test_a_law_with_a_hidden_constant_is_found_where_numbers_may_carry_units() -> None:
    units = {"x": "m", "t": "s", "y": "m"}
    data = table_with_units("2.5*t*exp(-1.75*x)", units)
    found = kansr.discover(frame(data), units=units, dimensional_constants=True, time_limit=20)
    assert found.status.value == "found"
    np.testing.assert_allclose(found.predict(data.X), data.y, rtol=1e-7)


def test_a_named_constant_is_offered_and_printed_by_name(tmp_path: Path) -> None:
    data = table_with_units("g*x/v", {"x": "m", "v": "m/s", "y": "m/s"}, constants="g=9.81:m/s**2")
    file = tmp_path / "fall.csv"
    frame(data).to_csv(file, index=False)
    units = tmp_path / "units.csv"
    units.write_text("name,unit\nx,m\nv,m/s\ny,m/s\n")
    out = tmp_path / "out"
    options = ["--constants", "g=9.81:m/s**2", "--units", str(units), "--out", str(out), "--time-limit", "10"]
    assert run(["discover", str(file), *options]) == 0
    saved = json.loads((out / "discovery.json").read_text())
    assert saved["best"]["expression"] == "g*x/v"
    assert saved["named_constants"] == {"g": {"value": 9.81, "unit": "m/s**2"}}
    assert saved["units"] == {"x": "m", "v": "m/s", "y": "m/s"}


def test_the_estimator_takes_units() -> None:
    data = table_with_units("m*v**2/2", {"m": "kg", "v": "m/s", "y": "J"})
    model = kansr.SymbolicRegressor(max_time=10).fit(data.X, data.y, X_units=["kg", "m/s"], y_units="J")
    assert model.sympy() == parse("x0*x1**2/2")
    with pytest.raises(UsageError, match="3 units, but X has 2"):
        model.fit(data.X, data.y, X_units=["kg", "m/s", "m"], y_units="J")
    with pytest.raises(UsageError, match="given for all"):
        model.fit(data.X, data.y, X_units=["kg", "m/s"])


@pytest.mark.parametrize(
    "options, says",
    [
        (["--units", "a=m,b=s"], "no unit for 'y'"),
        (["--units", "a=m,b=s,y="], "does not fit"),
        (["--units", "a=m,b=s,y=meters_of"], "column 'y': 'meters_of' is not a unit"),
        (["--units", "a=m,b=s,y=m/s,q=1"], "no column 'q'"),
        (["--units", "a=m,a=s,y=m/s"], "twice"),
        (["--units", "a=m,b=s,y=kg"], "no formula in a [m], b [s] can have the units of y [kg]"),
        (["--units", "a=m,b=s,y=1"], "no formula in"),
        (["--units", "a=m,b=degC,y=m"], "convert the column to K"),
        (["--units", "no_such.csv"], "no such file: no_such.csv"),
        (["--units", "a=m,b=s,y=m/s", "--constants", "c=fast:m/s"], "c=fast:m/s"),
        (["--units", "a=m,b=s,y=m/s", "--constants", "a=3:m/s"], "'a' is a column"),
        (["--units", "a=m,b=s,y=m/s", "--constants", "c=3:wrong"], "'c': 'wrong' is not a unit"),
        (["--units", "a=m,b=s,y=m/s", "--constants", "c c=3:m"], "cannot be a name"),
        (["--constants", "c=3:m/s"], "give --units"),
        (["--dimensional-constants"], "give --units"),
    ],
)
def test_mistakes_in_units_end_with_one_sentence(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.csv"
    pd.DataFrame({"a": np.arange(1, 20), "b": np.arange(2, 21) ** 2, "y": np.arange(3, 22)}).to_csv(file, index=False)
    assert run(["discover", str(file), "--target", "y", *options]) == 2
    message = capsys.readouterr().err
    assert says in message
    assert len(message.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "lines, says",
    [
        ("a,m\nb,s\n", "line 1"),
        ("name,unit\na,m\na,s\n", "line 3"),
        ("name,unit\na\n", "line 2"),
        ("name,unit\na,m\nb,\ny,m\n", "column 'b': a unit is missing"),
    ],
)
def test_mistakes_in_a_units_file_are_placed(lines: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text(lines)
    with pytest.raises(KansrError, match=says):
        with_units(Dataset(np.ones((5, 2)), np.ones(5), ("a", "b")), file)


def test_units_go_by_the_column_names_of_the_table() -> None:
    data = Dataset(np.ones((5, 1)), np.ones(5), ("speed",), "way_m", {"speed": "speed (m/s)", "way_m": "way m"})
    made = with_units(data, {"speed (m/s)": "m/s", "way m": "m/s"})
    assert made.units is not None
    assert made.units.dimension == {"speed": dimension_of("m/s"), "way_m": dimension_of("m/s")}
