"""One law for groups of rows: found, saved, loaded and applied; and a sentence for what cannot be."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kansr
from kansr.api.discovery import Discovery
from kansr.errors import DataError, UsageError

LABELS = ("spring A", "spring B", "3", "4.0", "05")
SECONDS = 20.0


def table(groups: int = 5, rows: int = 12) -> pd.DataFrame:
    """Decays with constants of their own, of the same half-life; the column of the groups holds text and numbers."""
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(groups), rows)
    t = rng.uniform(0.5, 4, len(codes))
    y = (1.3 + 0.4 * codes) * np.exp(-0.8 * t)
    return pd.DataFrame({"t": t, "which": [LABELS[code] for code in codes], "y": y})


@pytest.fixture(scope="module")
def found() -> Discovery:
    return kansr.discover(table(), group="which", time_limit=SECONDS)


def test_the_law_and_its_constants_are_found(found: Discovery) -> None:
    entry = found.to_dict()["best"]
    assert entry["expression"] == "k0*exp(-0.8*t)"
    assert set(entry["parameters"]) == {"k0"}
    assert entry["parameters"]["k0"] == pytest.approx(
        {"3": 2.1, "4": 2.5, "5": 2.9, "spring A": 1.3, "spring B": 1.7}, rel=1e-8
    )
    assert found.group == "which"
    assert found.status.value == "found"


def test_it_is_loaded_as_it_was_saved(found: Discovery, tmp_path: Path) -> None:
    found.save(tmp_path / "run")
    again = kansr.load(tmp_path / "run")
    assert again.to_dict()["best"] == found.to_dict()["best"]
    rows = table()
    assert again.predict(rows) == pytest.approx(rows["y"], rel=1e-8)
    again.report(tmp_path / "report.html")


def test_a_prediction_needs_a_group_that_is_known(found: Discovery) -> None:
    with pytest.raises(DataError, match="no constants for the group 'spring C' of 'which'"):
        found.predict(pd.DataFrame({"t": [1.0], "which": ["spring C"]}))
    with pytest.raises(DataError, match="needs a DataFrame with that column"):
        found.predict(np.ones((3, 1)))
    with pytest.raises(DataError, match="needs a DataFrame with that column"):
        found.predict(pd.DataFrame({"t": [1.0]}))


@pytest.mark.parametrize("to", ["python", "numpy", "sympy", "torch", "c", "latex"])
def test_every_export_has_the_table_of_constants(found: Discovery, to: str) -> None:
    text = found.export(to)
    for group, value in found.best.parameters["k0"].items():
        assert group in text and repr(value) in text


def test_constants_in_latex_are_called_as_in_the_formula(found: Discovery) -> None:
    formula, table = found.export("latex").split("\n", 1)
    assert "k_{0}" in formula and "& k_{0} \\\\" in table


def test_the_table_of_constants_in_python_is_one_to_call_with(found: Discovery, tmp_path: Path) -> None:
    (tmp_path / "law.py").write_text(found.export("python"))
    space = runpy.run_path(str(tmp_path / "law.py"))
    of_groups = space["constants_by_group"]
    function = space["y"]
    assert callable(function) and isinstance(of_groups, dict)
    assert function(1.5, **of_groups["spring B"]) == pytest.approx(1.7 * np.exp(-1.2), rel=1e-8)


def test_a_form_is_fitted_to_all_groups() -> None:
    fitted = kansr.refine(table(), "a*exp(b*t) + c", group="which", time_limit=SECONDS)
    assert fitted.to_dict()["best"]["parameters"]["k0"]["spring A"] == pytest.approx(1.3, rel=1e-8)
    assert fitted.best.r2 == pytest.approx(1)


def test_one_group_is_no_group() -> None:
    alone = kansr.discover(table(groups=1, rows=40), group="which", time_limit=SECONDS)
    assert any("one group only ('spring A')" in note for note in alone.notes)
    assert alone.group == "" and not alone.best.parameters


def test_groups_of_one_row_are_left_out() -> None:
    rows = pd.concat([table(groups=2), pd.DataFrame({"t": [1.0], "which": ["odd"], "y": [7.0]})])
    two = kansr.refine(rows, "a*exp(b*t)", group="which", time_limit=SECONDS)
    assert any("left out 1 group of 'which' with one row only: 'odd'" in note for note in two.notes)
    assert set(two.best.parameters["k0"]) == {"spring A", "spring B"}


# The column of the groups and further arguments, and what is said.
REFUSED = [
    ("nothing", {}, DataError, "has no column 'nothing'"),
    ("t", {"inputs": ["t"]}, DataError, "the group 't' is also among the inputs"),
    ("y", {"target": "y"}, DataError, "'y' cannot be both the target and the group"),
    ("number", {}, DataError, "every group of 'number' has one row only"),
    ("gaps", {}, DataError, "missing cells in 'gaps' \\(1\\)"),
    ("which", {"refine": "operon"}, UsageError, "--group cannot be combined with --refine"),
    ("which", {"loss": "huber"}, UsageError, "--group cannot be combined with --loss huber"),
    ("which", {"form": "f(t)"}, UsageError, "--group cannot be combined with --form"),
    ("which", {"derivative": "t"}, UsageError, "--group cannot be combined with --derivative"),
    ("which", {"units": "t=s,y=m"}, UsageError, "--group cannot be combined with --units"),
]


@pytest.mark.parametrize(("group", "more", "error", "said"), REFUSED)
def test_what_cannot_be_is_said_in_a_sentence(group: str, more: dict, error: type[Exception], said: str) -> None:
    rows = table(groups=2)
    rows["number"] = np.arange(len(rows))
    rows["gaps"] = ["a", None, *["b"] * (len(rows) - 2)]
    given = {"inputs": ["t"], "target": "y"} | more
    given = {k: v for k, v in given.items() if not (group == "y" and k == "inputs")}
    with pytest.raises(error, match=said):
        kansr.discover(rows, group=group, time_limit=1.0, **given)
