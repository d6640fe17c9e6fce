"""Laws of history: their rows, measured or drawn, and the verdict on formulas that were found from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kansr.bench.grade import graded
from kansr.bench.grade.skeleton import skeleton
from kansr.bench.grade.verdict import Recovery
from kansr.bench.problem import find_problem, suite
from kansr.bench.real.empirical import SOURCES, Drawn, drawn, rows_for
from kansr.bench.record import record
from kansr.bench.trial import Settings, Trial, chosen_ids
from kansr.errors import DataError, UsageError
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse

ROWS = {
    "hubble": 24,
    "kepler": 8,
    "leavitt": 25,
    "bode": 8,
    "newton": 30,
    "planck": 100,
    "schechter": 27,
    "ideal_gas": 30,
    "rydberg": 50,
}


def test_every_law_has_a_source() -> None:
    assert {problem.id for problem in suite("empirical")} == set(SOURCES) == set(ROWS)


@pytest.mark.parametrize(("id", "count"), ROWS.items())
def test_rows_are_those_of_the_law_up_to_the_errors_of_measurement(id: str, count: int) -> None:
    problem, source = find_problem(id), SOURCES[id]
    data = rows_for(problem, "", 3)
    assert data.rows == count and data.names == problem.names and np.isfinite(data.y).all()
    truth = evaluate(problem.expr, dict(zip(data.names, data.X.T)))
    if isinstance(source, Drawn):
        assert np.std(data.y / truth - 1) == pytest.approx(source.error, rel=0.5)
        assert (data.y == rows_for(problem, "", 3).y).all() and (data.y != rows_for(problem, "", 4).y).any()
    else:
        assert np.corrcoef(truth, data.y)[0, 1] > 0.7


def test_planck_spans_many_decades_and_rydberg_goes_upwards() -> None:
    planck = rows_for(find_problem("planck"), "", 0)
    assert np.log10(planck.y.max() / planck.y.min()) > 40
    rydberg = rows_for(find_problem("rydberg"), "", 0)
    assert (rydberg.column("n_1") < rydberg.column("n_2")).all()


def test_a_law_without_positive_values_cannot_be_drawn() -> None:
    problem = find_problem("newton")
    with pytest.raises(DataError, match="positive target"):
        drawn(replace(problem, expr=-problem.expr), Drawn(10, 0.1), np.random.default_rng(0))


def test_tables_of_a_folder_are_read_by_the_order_of_their_columns(tmp_path: Path) -> None:
    folder = tmp_path / "empirical"
    folder.mkdir()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (folder / "hubble.csv").write_text("Mpc,km/s\n1,500\n2,1000\n")
    (folder / "kepler.csv").write_text("P\n1\n2\n")
    (folder / "bode.csv").write_text("n,a\n1,\n2,3\n")
    data = rows_for(find_problem("hubble"), str(tmp_path), 0)
    assert data.names == ("D",) and data.y.tolist() == [500, 1000]
    assert set(chosen_ids("empirical", data=str(tmp_path))) == {"hubble", "kepler", "bode"}
    for id, says in (("kepler", "needs a, P"), ("bode", "without a number")):
        with pytest.raises(DataError, match=says):
            rows_for(find_problem(id), str(tmp_path), 0)
    with pytest.raises(UsageError, match="holds no table"):
        chosen_ids("empirical", data=str(tmp_path / "nothing"))
    assert len(chosen_ids("empirical")) == len(ROWS)


# law -> a formula with its skeleton, one without it
VERDICTS = {
    "hubble": ("475.3*D", "400*D**2"),
    "kepler": ("365.2*a**1.5", "1.2*exp(a/3)"),
    "leavitt": ("15.56 - 2.02*log(P)/log(10)", "15.5 - 0.4*sqrt(P)"),
    "bode": ("0.39 + 0.31*2**n", "0.4 + 0.3*n**2"),
    "newton": ("6.1e-11*m1*m2/r**2", "6e-11*m1*m2/r"),
    "planck": ("1.5e-50*nu**3/(exp(4.7e-11*nu/T) - 1)", "1.5e-50*nu**3*exp(-4.7e-11*nu/T)"),
    "schechter": ("0.12*L**(-6/5)*exp(-4.1e-9*L)", "0.12/L*exp(-4.1e-9*L)"),
    "ideal_gas": ("8.2*n*T/V", "2900*n/V"),
    "rydberg": ("9.1e-8*n_1**2*n_2**2/(n_2**2 - n_1**2)", "9.1e-8*n_1**2"),
}


@pytest.mark.parametrize("id", VERDICTS)
def test_the_skeleton_decides(id: str) -> None:
    problem = find_problem(id)
    said = [skeleton(problem, expr) for expr in (problem.expr, *map(parse, VERDICTS[id]))]
    assert said == [Recovery.YES, Recovery.YES, Recovery.NO]


@pytest.mark.parametrize(
    ("text", "rivals", "said"),
    [("3*D**2", ("D**3", "400*D"), "yes"), ("3*D**2", ("D**3",), "no"), ("400*D", (), "yes"), ("3*D**2", (), "no")],
)
def test_a_rival_may_have_the_skeleton(text: str, rivals: tuple[str, ...], said: str) -> None:
    assert graded(find_problem("hubble"), text, rivals=rivals)["among_rivals"].value == said


def test_a_record_says_what_was_found() -> None:
    found = record(Trial("hubble", "empirical", "linear", 0.0, 0), Settings())
    assert found["verdicts"]["skeleton"] == found["among_rivals"] == "yes" and found["truth"] == "500*D"
