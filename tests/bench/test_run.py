"""`kansr bench` from end to end, with methods that are quick and methods that misbehave."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.command import gone, told
from support.paths import TESTS

from kansr.bench.record import record
from kansr.bench.records import opened, read
from kansr.bench.report.tally import tally
from kansr.bench.trial import Settings, Trial
from kansr.errors import DataError, UsageError

QUICK, SLOW, BAD = "support.bench_methods.quick", "support.bench_methods.slow", "support.bench_methods.bad"


ENV = {**os.environ, "PYTHONPATH": str(TESTS), "COLUMNS": "200"}


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ENV["PYTHONPATH"])
    monkeypatch.syspath_prepend(ENV["PYTHONPATH"])


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "kansr", "bench", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENV,
    )


def bench(*arguments: str) -> tuple[int, str, str]:
    done = told("bench", *arguments)
    return done.returncode, done.stdout, done.stderr


def rates(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The summary without what takes another time in every run."""
    timed = ("seconds", "peak_mb")
    return [{k: v for k, v in group.items() if k not in timed} for group in tally(records)["groups"]]


def test_a_run_prints_its_records_and_its_summary(tmp_path: Path) -> None:
    out = tmp_path / "run"
    code, text, err = bench(
        "nguyen",
        "--only",
        "nguyen_01",
        "--method",
        f"linear,{QUICK}",
        "--rows",
        "50",
        "--noise",
        "0,.01",
        "--jobs",
        "2",
        "--out",
        str(out),
        "--json",
    )
    assert code == 0, err
    found = json.loads(text)
    assert {"records", "summary"} <= found.keys()
    keys = {(r["problem"], r["method"], r["noise"], r["seed"]) for r in found["records"]}
    assert len(keys) == len(found["records"]) == 2 * 2
    for r in found["records"]:
        assert {"problem", "suite", "noise", "seed", "method", "seconds", "status", "expression"} <= r.keys()
        assert set(r["recovered"]) == {"strict", "skeleton", "srbench"}
        right = r["method"] == QUICK and r["noise"] == 0
        assert r["recovered"]["strict"] is right
        assert r["suite"] == "nguyen"
        assert (r["decidable"] is None) is (r["bits_gap"] is None) is (r["noise"] == 0)
        assert (r["verdicts"]["front"] == "yes") is (r["method"] == QUICK)
    assert "[2/4 · " in err
    assert found["settings"] == {
        "rows": 50,
        "time_limit": 60.0,
        "distractors": 0,
        "units": False,
        "outliers": 0.0,
        "data": "",
        "structure": "auto",
    }
    code, text, err = bench("--summary", str(out), "--json")
    again = json.loads(text)
    assert (code, again["summary"], len(again["records"])) == (0, found["summary"], 4)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on two laws, one of which is found."""
    out = tmp_path_factory.mktemp("quick") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ENV["PYTHONPATH"])
        patch.syspath_prepend(ENV["PYTHONPATH"])
        options = ("--method", QUICK, "--rows", "50", "--out", str(out), "--quiet")
        assert bench("nguyen", "--only", "nguyen_01,nguyen_02", *options)[0] == 0
    return out


def test_the_summary_shows_rates_and_misses(quick: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, text, err = bench("--summary", str(quick), "--html", str(page))
    assert (code, err) == (0, "")
    assert "1 (50: 9–91)" in text and "x**4+x**3+x**2+x" in text and "0.5*x" in text
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 3 and "x**4+x**3+x**2+x" in html and "1 (50: 9–91)" in html


def test_two_runs_are_compared(quick: Path, tmp_path: Path) -> None:
    for name in ("before", "after"):
        shutil.copytree(quick, tmp_path / name)
    path = tmp_path / "before" / "records.jsonl"
    path.write_text(path.read_text().replace('"strict": "yes"', '"strict": "no"'))
    code, text, _ = bench("--compare", str(tmp_path / "before"), str(tmp_path / "after"), "--json")
    strict = json.loads(text)["changes"]["strict"]
    assert (code, [w["problem"] for w in strict["won"]], strict["lost"]) == (0, ["nguyen_01"], [])
    code, text, _ = bench("--compare", str(tmp_path / "after"), str(tmp_path / "before"))
    assert code == 0 and "lost strictly" in text


REFUSED = {
    "nguyen": "--out DIR is missing",
    "": "say what to do",
    "ngyen --out {0}/a": "Did you mean 'nguyen'",
    "nguyen --out {0}/a --method operron": "Did you mean 'operon'",
    "nguyen --out {0}/a --method no.such": "PYTHONPATH",
    "nguyen --out {0}/a --noise 0,x": "--noise x",
    "nguyen --out {0}/a --noise -1": "--noise -1",
    "nguyen --out {0}/a --only koza": "--only koza",
    "nguyen --out {0}/a --time-limit 0": "--time-limit",
    "nguyen --out {0}/a --units": "the units of nguyen_01 are not known",
    "feynman --out {0}/a --units --method linear": "does not use units",
    "nguyen --out {0}/full": "is not empty",
    "nguyen --out {0}/full --resume": "no benchmark to resume",
    "--summary {0}/full": "holds no benchmark",
    "nguyen --summary {0}/full": "say what to do",
}


@pytest.mark.long  # dask takes ten seconds to give up
def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, out, err = bench(*f"nguyen --out {tmp_path}/a --scheduler tcp://127.0.0.1:9".split())
    assert (code, out, err.count("\n")) == (2, "", 1) and "no dask scheduler" in err


@pytest.mark.parametrize(("arguments", "says"), REFUSED.items())
def test_bad_usage_is_one_sentence(tmp_path: Path, arguments: str, says: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    code, out, err = bench(*arguments.format(tmp_path).split())
    assert (code, out) == (2, "")
    assert says in err and err.count("\n") == 1


WORST = {
    31: ("timed_out", "did not end by itself"),
    32: ("crashed", "SIGSEGV"),
    33: ("error", "ValueError: no such rows"),
    34: ("crashed", "exit code 7"),
}


@pytest.mark.parametrize(("rows", "ending"), WORST.items())
def test_whatever_a_method_does_costs_one_record(
    rows: int, ending: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "pid"
    monkeypatch.setenv("BENCH_HELPER", str(helper))
    started = time.monotonic()
    found = record(Trial("nguyen_08", "nguyen", BAD, 0.0, 0), Settings(rows=rows, time_limit=1.0))
    assert (found["status"], found["expression"]) == (ending[0], "x")
    assert ending[1] in found["error"]
    assert found["verdicts"]["strict"] == "no"  # its last answer was graded all the same
    assert time.monotonic() - started < 60
    assert helper.exists() is (rows == 31)
    assert rows != 31 or gone(int(helper.read_text()))  # what it had started was killed with it


@pytest.mark.long
def test_a_run_killed_three_times_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    options = ("nguyen", "--only", "nguyen_0[1-7]", "--method", SLOW, "--rows", "40", "--jobs", "2", "--quiet")
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    assert bench(*options, "--out", str(unbroken))[0] == 0
    for kill in range(3):
        process = start(*options, "--out", str(broken), "--resume")
        path, lines = broken / "records.jsonl", 0
        deadline = time.monotonic() + 60
        while lines < kill + 1 and time.monotonic() < deadline:
            time.sleep(0.02)
            lines = path.read_bytes().count(b"\n") if path.exists() else 0
        assert lines > kill
        process.kill()
        process.communicate()
        with path.open("a") as file:  # what a kill in the middle of writing leaves behind
            file.write('{"problem": "ngu')
        assert len(read(broken)) >= lines  # it can be read all the same
    code, _, err = bench(*options, "--out", str(broken), "--resume")
    assert code == 0, err
    records = read(broken)
    keys = [(r["problem"], r["method"], r["noise"], r["seed"]) for r in records]
    assert len(keys) == len(set(keys)) == 7
    assert rates(records) == rates(read(unbroken))


def test_an_interrupted_run_says_so_and_leaves_nothing_running(tmp_path: Path) -> None:
    process = start("nguyen", "--method", SLOW, "--rows", "40", "--out", str(tmp_path / "run"))
    path = tmp_path / "run" / "records.jsonl"
    while not (path.exists() and path.stat().st_size):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert SLOW in out  # the table of what was done


def test_what_is_finished_is_not_repeated(tmp_path: Path) -> None:
    options = ("nguyen", "--only", "nguyen_01", "--rows", "40", "--out", str(tmp_path), "--resume")
    bench(*options, "--method", QUICK)
    before = (tmp_path / "records.jsonl").read_text()
    code, _, err = bench(*options, "--method", f"{QUICK},linear")
    assert code == 0 and "1 of 2 trials" in err
    assert (tmp_path / "records.jsonl").read_text().startswith(before)
    assert [r["method"] for r in read(tmp_path)] == ["linear", QUICK]


def test_a_folder_takes_one_run_at_a_time_and_one_kind_of_settings(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with (
        opened(folder, Settings(), resume=False),
        pytest.raises(UsageError, match="another run"),
        opened(folder, Settings(), resume=True),
    ):
        pass
    with pytest.raises(UsageError, match=r"--rows 2000, not 10"), opened(folder, Settings(rows=10), resume=True):
        pass
    with (
        pytest.raises(UsageError, match=r"--structure auto, not kan"),
        opened(folder, Settings(structure="kan"), resume=True),
    ):
        pass
    (tmp_path / "run" / "records.jsonl").write_text("{}\n")
    with pytest.raises(DataError, match="line 1"):
        read(tmp_path / "run")


def test_a_structure_is_looked_for_by_kansr_alone_and_not_in_groups(tmp_path: Path) -> None:
    for given in (("nguyen", "--method", "linear"), ("class",)):
        refused = told("bench", *given, "--structure", "kan", "--out", tmp_path / "run")
        assert refused.returncode == 2 and "--structure" in refused.stderr


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_a_terminal_shows_how_far_a_run_is(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    arguments = ("nguyen", "--only", "nguyen_0[12]", "--method", SLOW, "--rows", "40", "--out", str(tmp_path / "run"))
    process = subprocess.Popen(
        [sys.executable, "-m", "kansr", "bench", *arguments], stdout=subprocess.DEVNULL, stderr=theirs, env=ENV
    )
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # when the other end is closed
        while piece := os.read(ours, 65536):
            seen += piece
    os.close(ours)
    assert process.wait() == 0
    text = seen.decode()
    for words in ("/2", "strict (", "left", f"nguyen_02 ({SLOW}", "last: found  " + SLOW):
        assert words in text
