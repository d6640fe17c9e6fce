"""Tables of PMLB: split as SRBench does, measured on its test rows, and summed up beside published methods."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from support.command import told

from kansr.bench.real.figures import figures, nodes
from kansr.bench.real.pmlb import MOST_ROWS, SEEDS, parted, seeds, split, standardised
from kansr.bench.real.published import Published, Reached, published
from kansr.bench.report.pmlb_compare import pmlb_compared
from kansr.bench.report.pmlb_tally import pmlb_tally
from kansr.errors import DataError, UsageError


def bench(*arguments: str) -> tuple[int, str, str]:
    done = told("bench", *arguments)
    return done.returncode, done.stdout, done.stderr


PUBLISHED = """algorithm,dataset,rmse_test,log_mse_test,r2_test,model_size,training time (s)
*Old,1_fri_c0,1,1,0.5,10,100
*Old,2_line,1,1,0.9,30,300
Forest,2_line,1,1,0.95,1000,5
*Old,3_other,1,1,0.1,5,1
"""


def table(path: Path, rows: int = 60, *, noise: float = 0.1, seed: int = 0) -> None:
    """A table of PMLB: y = 3·a − 2·b·b and noise, beside a column that does not vary and one with an odd name."""
    rng = np.random.default_rng(seed)
    a, b, odd = rng.normal(5, 2, (3, rows))
    y = 3 * a - 2 * b + noise * rng.normal(size=rows)
    lines = ["\t".join(map(repr, map(float, row))) for row in np.column_stack([a, b, np.ones(rows), odd, y])]
    path.write_bytes(gzip.compress("\n".join(["a\tb\tflat\todd-name\ttarget", *lines, ""]).encode()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "real" / "pmlb"
    data.mkdir(parents=True)
    table(data / "1_fri_c0.tsv.gz", seed=1)
    table(data / "2_line.tsv.gz", seed=2)
    (data.parent / "pmlb_published.csv").write_text(PUBLISHED)
    return data


@pytest.mark.parametrize("rows", [47, 48, 108, 1000])
def test_a_table_is_split_as_scikit_learn_does(rows: int) -> None:
    for seed in SEEDS:
        training, test = train_test_split(np.arange(rows), train_size=0.75, test_size=0.25, random_state=seed)
        found = parted(rows, seed)
        assert (found[0] == training).all() and (found[1] == test).all()


def test_of_many_rows_some_are_drawn_without_a_copy() -> None:
    training, test = parted(20_001, SEEDS[0])
    assert len(set(training)) == len(training) == MOST_ROWS and len(test) == 5001
    assert not set(training) & set(test)


def test_columns_are_standardised_on_the_training_rows(folder: Path) -> None:
    found = split("2_line", str(folder), SEEDS[0])
    assert found.training.names == ("a", "b", "flat", "odd_name") and found.training.columns["odd_name"] == "odd-name"
    assert found.training.X.mean(axis=0) == pytest.approx(np.zeros(4)) and float(
        found.training.y.std()
    ) == pytest.approx(1)
    assert found.training.X.std(axis=0) == pytest.approx([1, 1, 0, 1])
    rng = np.random.default_rng(3)
    X, y = rng.normal(3, 2, (40, 2)), rng.normal(size=40)
    training, test = parted(40, 7)
    scaler = StandardScaler().fit(X[training])
    assert pytest.approx(scaler.transform(X[test])) == standardised(X, y, ("a", "b"), 7).test.X


def test_the_seeds_are_those_of_srbench() -> None:
    assert seeds(3) == (11284, 11964, 15795)
    with pytest.raises(UsageError, match="10 splits"):
        seeds(11)


NODES = {"x": 1, "1.5": 1, "x - y": 5, "x/y": 5, "x*y*z": 4, "x + y + z": 4, "sin(2*x)": 4, "x**2 + 1": 5}


@pytest.mark.parametrize(("text", "count"), NODES.items())
def test_nodes_are_those_of_the_tree_of_sympy(text: str, count: int) -> None:
    assert nodes(sympy.sympify(text)) == count


def test_a_formula_is_measured_in_the_unit_of_the_table(folder: Path) -> None:
    rows = split("2_line", str(folder), SEEDS[0])
    a, b = map(float, np.linalg.lstsq(rows.training.X[:, :2], rows.training.y, rcond=None)[0])
    found = figures(rows, f"{a!r}*a + {b!r}*b + 1e-9*flat")
    assert found["r2_test"] == pytest.approx(found["r2_test_linear"], abs=1e-3) and found["r2_test"] > 0.99
    assert 0.05 < found["rmse_test"] < 0.2  # the noise is 0.1
    assert (found["nodes"], found["inputs"], found["training_rows"], found["test_rows"]) == (7, 4, 45, 15)
    assert found["inputs_used"] == 3 and found["undefined_test"] == 0


def test_a_small_factor_does_not_make_a_formula_a_number(folder: Path) -> None:
    rows = split("2_line", str(folder), SEEDS[0])
    assert figures(rows, "1.5e-5*(a + b)")["nodes"] == 7  # sympy multiplies it out


def test_rows_without_a_value_count_as_the_mean(folder: Path) -> None:
    rows = split("2_line", str(folder), SEEDS[0])
    found = figures(rows, "log(a)")
    assert found["undefined_test"] == int(np.sum(rows.test.column("a") <= 0)) > 0
    assert np.isfinite(found["r2_test"])
    assert figures(rows, "0*a + 0.0")["inputs_used"] == 0
    assert "r2_test" not in figures(rows, None) and "r2_test_linear" in figures(rows, None)


def test_published_results_are_read_beside_the_tables_or_above(folder: Path, tmp_path: Path) -> None:
    old, forest = published(str(folder))
    assert (old.name, old.symbolic, forest.symbolic) == ("Old", True, False)
    assert old.tables["2_line"] == Reached(0.9, 30.0, 300.0)
    assert published(str(folder.parent)) == (old, forest) and published(str(tmp_path)) == published("") == ()
    (folder / "pmlb_published.csv").write_text("algorithm,dataset\n*Old,2_line\n")
    with pytest.raises(DataError, match="published results"):
        published(str(folder))


def record(problem: str, method: str, seed: int, r2: float | None, **more: Any) -> dict[str, Any]:
    known = {} if r2 is None else {"r2_test": r2, "nodes": 10 * seed, "inputs_used": 2, "inputs": 4}
    return {
        "problem": problem,
        "method": method,
        "seed": seed,
        "suite": "pmlb",
        "seconds": float(seed),
        "group": "friedman" if "_fri_" in problem else "other",
        "status": "found",
        "r2_held_out": None,
        "expression": None if r2 is None else "a + b",
        "r2_test_linear": 0.6,
        **known,
        **more,
    }


OTHERS = (
    Published("Old", True, {"1_fri_c0": Reached(0.5, 10, 100), "2_line": Reached(0.9, 30, 300)}),
    Published("Forest", False, {"2_line": Reached(0.95, 1000, 5), "unasked": Reached(1.0, 1, 1)}),
)
RECORDS = [
    *(record("1_fri_c0", "kansr", seed, r2, r2_held_out=r2 + 0.1) for seed, r2 in ((1, 0.5), (2, 0.55), (3, 0.3))),
    *(record("2_line", "kansr", seed, r2, r2_held_out=r2 - 0.1) for seed, r2 in ((1, 0.99), (2, 0.92))),
    record("2_line", "kansr", 3, 0.0, inputs_used=0),
    record("1_fri_c0", "other", 1, None),
    record("2_line", "other", 1, 0.9),
    record("3_new", "other", 1, 0.9),
]


def test_medians_over_splits_and_then_over_tables_are_ranked_with_published_ones() -> None:
    found = pmlb_tally(RECORDS, OTHERS)
    assert [(row["table"], row["method"], row["r2"]) for row in found["tables"]] == [
        ("1_fri_c0", "kansr", 0.5),
        ("1_fri_c0", "other", 0.0),
        ("2_line", "kansr", 0.92),
        ("2_line", "other", 0.9),
    ]
    parts = {part: {row["method"]: row for row in rows} for part, rows in found["parts"].items()}
    assert {name: row["rank"] for name, row in parts["all"].items()} == {"Forest": 1, "kansr": 2, "Old": 3, "other": 4}
    assert parts["all"]["kansr"]["r2"] == pytest.approx(0.71) and parts["all"]["kansr"]["nodes"] == 20
    assert {name: row["rank"] for name, row in parts["friedman"].items()} == {"kansr": 1, "Old": 1, "other": 3}
    assert parts["other"]["Old"]["mean_rank"] == 3.5  # shared with `other`
    assert parts["all"]["kansr"]["mean_rank"] == (1.5 + 2) / 2 and parts["all"]["Forest"]["tables"] == 1
    assert found["tables"][0]["best_published"] == "Old" and found["tables"][2]["r2_best_published"] == 0.9


def test_what_a_method_says_of_itself_is_checked() -> None:
    ours, other = pmlb_tally(RECORDS, ())["honesty"]
    assert ours["gap"] == pytest.approx(0.02) and ours["gap_size"] == pytest.approx(0.1) and ours["stated"] == 5
    assert ours["below_linear"] == ["1_fri_c0"] and ours["constants"] == ["2_line"] and ours["failed"] == 0
    assert (other["gap"], other["failed"], other["below_linear"]) == (None, 1, ["1_fri_c0"])


def test_two_runs_are_compared_by_splits() -> None:
    better = [record("2_line", "kansr", 1, 0.995), record("2_line", "kansr", 2, 0.5), record("2_line", "kansr", 9, 1.0)]
    found = pmlb_compared(RECORDS, better)
    assert found["splits"] == 2 and found["mean_gain"] == pytest.approx((0.005 - 0.42) / 2)
    assert [c["seed"] for c in found["worse"]] == [2] and found["better"] == []
    assert pmlb_compared(RECORDS, [])["splits"] == 0


def test_a_run_on_tables_from_end_to_end(folder: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "run", tmp_path / "report.html"
    options = ("pmlb", "--data", str(folder.parent), "--method", "linear", "--out", str(out), "--json")
    code, text, err = bench(*options, "--seeds", "1")
    assert code == 0, err
    found = json.loads(text)
    assert {(r["problem"], r["seed"]) for r in found["records"]} == {
        (name, seed) for name in ("1_fri_c0", "2_line") for seed in SEEDS[:1]
    }
    for r in found["records"]:
        assert r["r2_test"] > 0.9 and r["nodes"] > 1 and r["truth"] == "" and not r["recovered"]["strict"]
    assert "median test r²" in err
    assert found["summary"]["groups"] == [] and found["summary"]["records"] == 2
    first = found["summary"]["pmlb"]["parts"]["all"][0]
    assert (first["method"], first["published"], first["tables"], first["rank"]) == ("linear", False, 2, 1)
    code, text, err = bench(*options, "--seeds", "2", "--only", "2_line", "--resume")
    assert code == 0 and "1 of 2 trials" in err
    code, text, err = bench("--summary", str(out), "--html", str(page))
    assert (code, err) == (0, "") and "→ linear" in text and "* Old" in text and "1_fri_c0" in text
    assert page.read_text(encoding="utf-8").count("<svg") == 3
    code, text, err = bench("--compare", str(out), str(out))
    assert code == 0 and "3 splits of tables in both" in text


REFUSED = {
    "pmlb --out {0}/a": "--data DIR",
    "pmlb --out {0}/a --data {0}/nothing": "holds no table NAME.tsv.gz",
    "pmlb --out {0}/a --data {1} --noise 0.1": "--noise",
    "pmlb --out {0}/a --data {1} --distractors 2": "--distractors",
    "pmlb --out {0}/a --data {1} --units": "--units",
    "pmlb --out {0}/a --data {1} --seeds 11": "10 splits",
    "pmlb --out {0}/a --data {1} --only 9_no": "--only 9_no",
    "nguyen --out {0}/a --data {1}": "--data goes with",
    "empirical --out {0}/a --noise 0.1": "--noise",
}


@pytest.mark.parametrize(("arguments", "says"), REFUSED.items())
def test_what_a_table_has_no_use_for_is_refused(folder: Path, tmp_path: Path, arguments: str, says: str) -> None:
    done = told("bench", *arguments.format(tmp_path, folder).split())
    assert (done.returncode, done.stdout) == (2, "") and says in done.stderr and done.stderr.count("\n") == 1


def test_a_table_that_is_none_of_pmlb_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.tsv.gz").write_bytes(gzip.compress(b"a\tb\n1\t2\n3\t4\n"))
    (tmp_path / "y.tsv.gz").write_bytes(gzip.compress(b"a\ttarget\n1\t2\n\t4\n"))
    with pytest.raises(DataError, match="no column target"):
        split("x", str(tmp_path), 1)
    with pytest.raises(DataError, match="without a number"):
        split("y", str(tmp_path), 1)
