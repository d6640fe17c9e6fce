"""The command line, mostly in a process of its own: what goes where, exit codes, files, signals, and start-up time."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support import standin
from support.command import CANDIDATE_KEYS, KEYS, REAL, STAND_IN, call, children, environment, gone, told
from support.paths import KEPLER, ROOT
from typer.main import get_command

import kansr
from kansr.api.discovery import Discovery
from kansr.cli import main
from kansr.data.roles import dataset
from kansr.errors import DataError
from kansr.expression.parse import parse

posix = pytest.mark.skipif(os.name != "posix", reason="signals and permissions of a POSIX system")


def found() -> Discovery:
    return standin.discovery(dataset(KEPLER)[0])


# How the search ends -> exit code, status in the JSON object, words on stderr.
ENDINGS = [
    ("found", 0, "found", ""),
    ("best_effort", 0, "best_effort", ""),
    ("nothing", 1, "nothing", ""),
    ("timed_out", 4, "timed_out", ""),
    ("hang", 4, "timed_out", ""),
    ("silence", 4, "timed_out", ""),
    ("bug", 3, "best_effort", "kansr: internal error: ValueError: a bug; --debug shows where"),
    ("crash", 3, "best_effort", "killed by SIGSEGV"),
    ("odd formula", 3, "best_effort", "kansr: internal error: FormulaError: cot is not a function"),
]


@pytest.mark.parametrize(("ending", "code", "status", "words"), ENDINGS, ids=[row[0] for row in ENDINGS])
def test_exit_codes(ending: str, code: int, status: str, words: str) -> None:
    done = told("discover", KEPLER, "--json", "--time-limit", 1, ending=ending)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (code, status)
    assert words in done.stderr and "Traceback" not in done.stderr


# Arguments -> a part of the one sentence on stderr.
REFUSED = [
    (["discover"], "Missing argument"),
    (["discover", KEPLER, "--no-such"], "--no-such"),
    (["discover", KEPLER, "--jobs", "0"], "--jobs"),
    (["discover", KEPLER, "--time-limit", "nan"], "--time-limit"),
    (["discover", KEPLER, "--time-limit", "-1"], "--time-limit"),
    (["discover", KEPLER, "--missing", "guess"], "'--missing': 'guess' is not one of 'error', 'drop'"),
    (["discover", "no-such.csv"], "no-such.csv"),
    (["discover", ROOT], "is a directory"),
    (["discover", KEPLER, "--target", "perod_years"], "did you mean 'period_years'"),
    (["discover", KEPLER, "--inputs", "a,b"], "no column 'a'"),
    (["discover", KEPLER, "--out", KEPLER], "is a file"),
    (["sample", "no_such_law"], "no_such_law"),
    (["demo", "no_such_table"], "no table 'no_such_table'; kansr comes with cobe_firas, "),
    (["nonsense"], "nonsense"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=lambda v: str(v)[:40] if isinstance(v, str) else "")
def test_usage_and_data_errors_are_one_sentence(arguments: list[object], words: str) -> None:
    done = told(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr and "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("kansr: ") and words in last


def test_a_search_may_refuse_the_data() -> None:
    done = told("discover", KEPLER, ending="bad data")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.endswith("kansr: too few rows\n")


def test_debug_shows_where() -> None:
    done = told("discover", KEPLER, "--debug", ending="bug")
    assert done.returncode == 3 and "Traceback" in done.stderr and "standin.py" in done.stderr


def test_json_is_one_object_with_the_promised_keys() -> None:
    done = told("discover", KEPLER, "--json", "--seed", 3, ending="found")
    result = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert set(result) == KEYS
    assert [set(entry) for entry in [result["best"], *result["front"]]] == [CANDIDATE_KEYS] * (1 + len(result["front"]))
    assert (result["schema"], result["seed"], result["rows"], result["target"]) == (1, 3, 8, "period_years")
    assert result["kansr"] == kansr.__version__


def test_the_law_comes_first_and_notes_go_to_stderr() -> None:
    done = told("discover", KEPLER, ending="found")
    assert done.stdout.splitlines()[0] == "period_years = semi_major_axis_au**(3/2)"
    assert "\x1b" not in done.stdout + done.stderr
    target, few, note = done.stderr.splitlines()
    assert (target, note) == ("kansr: target: period_years (the last column)", "kansr: hm")
    assert few.startswith("kansr: warning: 8 rows are few for 1 input")
    assert told("discover", KEPLER, "--quiet", ending="found").stderr == ""


def test_standard_input_and_odd_names() -> None:
    rows = KEPLER.read_bytes().split(b"\n", 1)[1]
    done = told("discover", "-", stdin=b'"semi-major axis, au",T\x1b[31m\n' + rows, ending="found")
    assert done.returncode == 0 and "\x1b" not in done.stdout + done.stderr
    assert "semi_major_axis_au is the column 'semi-major axis, au'" in done.stdout
    header = b'"semi-major axis, au",b,T\n1,2,3\n'
    named = told("discover", "-", "--inputs", "semi-major axis, au", stdin=header * 9, ending="found")
    assert "'semi-major axis'" not in named.stderr  # one name with a comma, not two


def test_out_holds_the_same_object_and_the_front(tmp_path: Path) -> None:
    out = tmp_path / "new" / "run"
    done = told("discover", KEPLER, "--json", "--out", out, ending="found")
    assert json.loads((out / "discovery.json").read_text()) == json.loads(done.stdout)
    rows = list(csv.DictReader(io.StringIO((out / "front.csv").read_text())))
    assert rows[-1]["equation"] == "semi_major_axis_au**(3/2)"
    assert {path.name for path in out.iterdir()} == {
        "discovery.json",
        "front.csv",
        "rows.csv",
        "command.txt",
        "attempts.jsonl",
        ".lock",
    }
    assert (out / "command.txt").read_text() == f"kansr discover {KEPLER} --json --out {out}\n"


def test_an_earlier_result_is_kept_unless_forced(tmp_path: Path) -> None:
    earlier = tmp_path / "discovery.json"
    earlier.write_text("mine")
    refused = told("discover", KEPLER, "--out", tmp_path, ending="found")
    assert refused.returncode == 2 and "--force" in refused.stderr and earlier.read_text() == "mine"
    assert told("discover", KEPLER, "--out", tmp_path, "--force", ending="found").returncode == 0
    assert json.loads(earlier.read_text())["status"] == "found"


@posix
def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write anywhere")
    done = told("discover", KEPLER, "--out", tmp_path, ending="found")
    assert done.returncode == 2 and "cannot write" in done.stderr and not done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*STAND_IN, "discover", KEPLER], stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=60
        )
    assert done.returncode == 2 and b"No space left" in done.stderr and b"Traceback" not in done.stderr


@posix
@pytest.mark.parametrize("arguments", [["discover", KEPLER], ["sample", "feynman_I_12_2", "-n", "100000"]])
def test_a_closed_pipe_is_no_error(arguments: list[object]) -> None:
    with subprocess.Popen(
        [*STAND_IN, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        words = process.stderr.read()
    assert b"Traceback" not in words and b"Broken pipe" not in words and process.returncode == 0


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_prints_the_best_so_far(number: signal.Signals, code: int, tmp_path: Path) -> None:
    with started(tmp_path) as process:
        workers = children(process.pid)
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == code
    assert json.loads(out)["status"] == "interrupted"
    assert json.loads((tmp_path / "discovery.json").read_text()) == json.loads(out)
    assert workers and all(map(gone, workers))


@posix
def test_a_killed_run_leaves_its_best_so_far(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        workers = children(process.pid)
        process.kill()
        process.communicate(timeout=20)
    assert workers and all(map(gone, workers))
    result = json.loads((tmp_path / "discovery.json").read_text())
    assert result["status"] == "interrupted" and result["best"]["complexity"] == 4


def started(out: Path) -> subprocess.Popen[str]:
    """A search that never ends, when its first formula has been saved."""
    command = [*STAND_IN, "discover", str(KEPLER), "--json", "--out", str(out), "--time-limit", "100"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment("hang"), text=True
    )
    end = time.monotonic() + 30
    while not (out / "front.csv").exists() and time.monotonic() < end:
        time.sleep(0.02)
    return process


def test_sample_is_csv_that_reads_back_exactly(tmp_path: Path) -> None:
    done = told("sample", "feynman_I_12_2", "-n", 50, "--seed", 5)
    lines = list(csv.reader(io.StringIO(done.stdout)))
    table = pd.DataFrame(lines[1:], columns=lines[0]).astype(float)
    assert done.returncode == 0 and table.shape == (50, 5) and table.columns[-1] == "F"
    law = table.q1 * table.q2 / (4 * np.pi * table.epsilon * table.r**2)
    assert np.allclose(table.F, law, rtol=1e-14)
    assert told("sample", "feynman_I_12_2", "-n", 50, "--seed", 5).stdout == done.stdout
    file = tmp_path / "rows.csv"
    told("sample", "feynman_I_12_2", "-n", 50, "--seed", 5, "--out", file)
    assert file.read_text() == done.stdout
    assert told("sample", "feynman_I_12_2", "--out", file).returncode == 2
    noisy = pd.read_csv(io.StringIO(told("sample", "feynman_I_12_2", "-n", 5000, "--noise", 0.1).stdout))
    clean = noisy.q1 * noisy.q2 / (4 * np.pi * noisy.epsilon * noisy.r**2)
    assert np.std(noisy.F - clean) == pytest.approx(0.1 * np.sqrt(np.mean(clean**2)), rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--version"], f"kansr {kansr.__version__}"),
        (["--help"], "Examples:"),
        ([], "Examples:"),
        (["discover", "--help"], "Exit codes:"),
        (["library"], "list"),
        (["library", "list"], "tanh"),
        (["doctor"], "sympy"),
    ],
    ids=str,
)
def test_commands_that_only_tell(arguments: list[str], words: str) -> None:
    done = told(*arguments)
    assert (done.returncode, done.stderr) == (0, "") and words in done.stdout


def test_the_place_of_a_mistake_in_a_formula_is_shown() -> None:
    done = told("refine", KEPLER, "--expr", "k*nonsense(semi_major_axis_au)", "--quiet")
    sentence, formula, caret = done.stderr.splitlines()
    assert done.returncode == 2 and sentence.startswith("kansr: no function 'nonsense'")
    assert (formula, caret) == ("kansr: k*nonsense(semi_major_axis_au)", "kansr:   ^")
    for command in (
        ["predict", "sin(x*", KEPLER],
        ["export", "sin(x*", "--to", "c"],
        ["discover", KEPLER, "--form=f(x*"],
    ):
        sentence, formula, caret = told(*command, "--debug").stderr.splitlines()[-3:]
        assert "never closed" in sentence and caret.index("^") == formula.index("(")
    assert told("refine", KEPLER, "--expr", "").stderr.count("\n") == 1  # no place to show


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_help_of_a_command_begins_as_the_list_of_commands_says(name: str) -> None:
    command: Any = get_command(main.app)
    assert " ".join(command.commands[name].help.split("\n\n")[0].split()).startswith(main.COMMANDS[name].help)
    assert command.commands[name].help.split("\n")[0] == main.COMMANDS[name].help


@pytest.mark.parametrize("module", ["kansr", "kansr.cli", "kansr.cli.main"])
def test_a_module_can_be_run(module: str) -> None:
    done = call("--version", program=[sys.executable, "-m", module])
    assert (done.returncode, done.stdout) == (0, f"kansr {kansr.__version__}\n")


HEAVY = {"torch", "pandas", "sympy", "scipy", "numpy", "matplotlib", "sklearn", "distributed"}
BARE = "import typer, rich.console"  # what reads the command line, and what prints
TIMES_BARE = 3.0  # the processor time of an interpreter that loads nothing else, in which help is there
STARTS = {
    "import": "import kansr",
    **{arguments: f"from kansr.cli.main import run; run({arguments.split()})" for arguments in ("--help", "--version")},
    **{name: f"from kansr.cli.main import run; run([{name!r}, '--help'])" for name in main.COMMANDS},
}


def started_with(code: str) -> tuple[float, set[str]]:
    """The processor time in seconds of an interpreter that has run the code, and the modules that it has loaded."""
    told = f"{code}; import sys, time; print(); print(time.process_time(), *sys.modules)"
    done = call(program=[sys.executable, "-c", told])
    seconds, *loaded = done.stdout.splitlines()[-1].split()
    return float(seconds), set(loaded)


@pytest.mark.parametrize("code", STARTS.values(), ids=STARTS)
def test_help_loads_nothing_heavy(code: str) -> None:
    assert not HEAVY & started_with(code)[1]


@pytest.mark.parametrize("name", ["import", "--help", "discover"])
def test_help_is_there_at_once(name: str) -> None:
    """Compared with a bare interpreter in turn, the best of three each: machines differ, and do other things too."""
    took = [(started_with(BARE)[0], started_with(STARTS[name])[0]) for _ in range(3)]
    bare, ours = map(min, zip(*took))
    assert ours < TIMES_BARE * bare


def test_the_package_offers_what_it_lists() -> None:
    names = [name for name in kansr.__all__ if name not in ("discover", "KAN")]
    assert all(getattr(kansr, name) for name in names) and set(kansr.__all__) <= set(dir(kansr))
    with pytest.raises(AttributeError, match="nonsense"):
        kansr.nonsense  # noqa: B018


def test_the_package_attribute_is_the_function() -> None:
    import kansr.pipeline.run

    assert kansr.discover is kansr.api.discover.discover


def test_prediction_takes_arrays_and_tables() -> None:
    discovery, table = found(), pd.read_csv(KEPLER)
    axis = table["semi_major_axis_au"].to_numpy()
    for X in (table, table[["semi_major_axis_au"]], axis, axis[:, None]):
        assert discovery.predict(X) == pytest.approx(axis**1.5, rel=1e-14)
    with pytest.raises(DataError, match="lacks the columns 'semi_major_axis_au'"):
        discovery.predict(table[["period_years"]])
    with pytest.raises(DataError, match="X must be"):
        discovery.predict(np.ones((3, 2)))


def test_a_discovery_shows_itself() -> None:
    discovery = found()
    assert str(discovery).startswith("period_years = ")
    assert "<table>" in discovery._repr_html_() and "semi" in discovery._repr_latex_()
    frame = discovery.front.to_frame()
    assert list(frame.columns[:5]) == ["complexity", "loss", "r2", "r2_held_out", "description_length"]
    assert [parse(text) for text in frame["equation"]] == list(frame["sympy_format"])


def test_kepler() -> None:
    done = call("discover", KEPLER, "--json", "--quiet", program=REAL)
    assert done.returncode == 0 and done.stderr == ""
    formula = parse(json.loads(done.stdout)["best"]["expression"], names=["semi_major_axis_au"])
    assert float(formula.subs("semi_major_axis_au", 4.0)) == pytest.approx(8.0, rel=0.01)


def test_a_time_limit_is_kept() -> None:
    """To a tenth of it and a second, and what a process needs to start while other programs run here too."""
    rows = told("sample", "feynman_I_6_2b", "-n", 2000, "--noise", 0.3).stdout.encode()
    start_up = min(timed("discover", "-", "--time-limit", 0.01, stdin=rows) for _ in range(2))
    assert any(timed("discover", "-", "--time-limit", 2, stdin=rows) < start_up + 2 * 1.1 + 1 for _ in range(2))


def timed(*arguments: object, stdin: bytes) -> float:
    before = time.perf_counter()
    done = call(*arguments, program=REAL, stdin=stdin)
    assert done.returncode in (0, 4)
    return time.perf_counter() - before


def test_a_table_that_comes_with_kansr_is_printed_or_searched() -> None:
    assert (
        told("demo", "--table").stdout
        == KEPLER.read_text(encoding="utf-8")
        == told("demo", "kepler.csv", "--table").stdout
    )
    done = told("demo", "--json", ending="found")
    assert json.loads(done.stdout)["target"] == "period_years"
    assert f"kansr: running: kansr discover {KEPLER}" in done.stderr.splitlines()
