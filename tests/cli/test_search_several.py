"""Several targets and systems on the command line and in Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.command import told
from support.systems import frame_of, predators

import kansr
from kansr.errors import UsageError
from kansr.result.result import Status


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("series")
    frame_of(predators(rows=60)).to_csv(made / "series.csv", index=False)
    x = np.linspace(1, 3, 40)
    pd.DataFrame({"x": x, "a": 2 * x + 1, "b": x**2}).to_csv(made / "two.csv", index=False)
    return made


def test_two_targets_give_two_laws(folder: Path) -> None:
    done = told("discover", str(folder / "two.csv"), "--target", "a,b", "--json", "--jobs", "1", "--time-limit", "20")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["targets"] == ["a", "b"]
    assert [law["best"]["expression"] for law in found["laws"]] == ["2*x + 1", "x**2"]
    assert all(law["inputs"] == ["x"] for law in found["laws"])
    assert "system" not in found


def test_a_system_is_found_written_and_shown(folder: Path) -> None:
    out, page = folder / "out", folder / "page.html"
    options = ["--derivative", "t", "--target", "prey,predator", "--run", "trial", "--time-limit", "60"]
    done = told("discover", str(folder / "series.csv"), *options, "--json", "--out", str(out), "--report", str(page))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["system"]["time"] == "t"
    assert found["system"]["states"] == ["prey", "predator"]
    assert found["targets"] == ["dprey_dt", "dpredator_dt"]
    followed = found["system"]["trajectory_r2"]
    assert [(one["run"], one["state"]) for one in followed] == [
        (run, state) for run in ("0", "1") for state in ("prey", "predator")
    ]
    assert min(one["r2"] for one in followed) > 0.999
    assert kansr.load(out / "dprey_dt").best.r2_held_out > 0.99
    assert json.loads((out / "laws.json").read_text(encoding="utf-8")) == found
    assert page.read_text(encoding="utf-8").count("<svg") == 4


def test_names_that_no_folder_can_have_are_refused_before_any_search(folder: Path) -> None:
    table = folder / "slash.csv"
    pd.read_csv(folder / "two.csv").rename(columns={"b": "b/c"}).to_csv(table, index=False)
    done = told("discover", str(table), "--target", "a,b/c", "--out", str(folder / "slashes"), "--jobs", "1")
    assert done.returncode == 2
    assert "'b/c' cannot be the name of a folder" in done.stderr
    assert not (folder / "slashes").exists()


BAD = {
    "no such run": (["--run", "day"], "has no run column 'day'"),
    "order 3": (["--order", "3"], "order 1 or 2"),
    "a run without a time": (None, "--run and --order need --derivative"),
    "the time": (["--target", "t,prey"], "both a target and the time"),
    "units": (["--units", "prey=1"], "--units is not for systems"),
    "functions": (["--functions", "exp"], "--functions or --max-complexity is not for systems"),
    "huber": (["--loss", "huber"], "--loss huber is not for systems"),
    "inputs": (["--inputs", "prey"], "--inputs is not for systems"),
    "twice": (["--target", "prey,prey"], "named twice"),
    "resumed": (["--resume", "--out", "there"], "cannot be resumed"),
}


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=BAD)
def test_what_does_not_go_is_refused_in_a_sentence(folder: Path, options: list[str] | None, words: str) -> None:
    base = ["--run", "trial"] if options is None else ["--derivative", "t", "--target", "prey,predator", *options]
    done = told("discover", str(folder / "series.csv"), *base)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert done.stdout == ""


def test_a_refiner_is_refused_in_python_too() -> None:
    with pytest.raises(UsageError, match="--refine is not for systems"):
        kansr.discover(
            frame_of(predators(rows=20)), derivative="t", target=["prey", "predator"], refine=lambda candidate, data: []
        )


def test_interrupting_ends_all_searches() -> None:
    x = np.linspace(1, 3, 40)
    table = pd.DataFrame({"x": x, "a": 2 * x + 1, "b": np.exp(np.sin(3 * x))})

    def interrupted(discovery: kansr.Discovery) -> None:
        raise KeyboardInterrupt

    found = kansr.discover(table, target=["b", "a"], time_limit=20, progress=interrupted)
    assert list(found) == ["b"]
    assert found["b"].status == Status.INTERRUPTED


def test_a_system_in_python() -> None:
    series = predators(rows=60)
    found = kansr.discover(frame_of(series), derivative="t", target=["prey", "predator"], run="trial", time_limit=60)
    assert isinstance(found, kansr.System)
    assert list(found.laws) == ["prey", "predator"]
    path = found.simulate(series.runs[1].t, series.runs[1].x[0])
    np.testing.assert_allclose(path, series.runs[1].x, rtol=0.01)
    assert "dprey_dt" in found.export("python")
    with pytest.raises(UsageError, match="y0 holds one finite number for each of prey, predator"):
        found.simulate([0, 1], [1.0])
