"""Every benchmark script answers --help, and the index tells of it."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from support.paths import ROOT

FOLDER = ROOT / "benchmarks"
SCRIPTS = [path for path in sorted(FOLDER.glob("*/*.py")) if 'if __name__ == "__main__"' in path.read_text()]
NEEDS = {"large_table.py": "pyarrow", "dask_workers.py": "distributed"}
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_there_are_scripts_in_every_room() -> None:
    assert {path.parent.name for path in SCRIPTS} == {"recovery", "speed", "robustness", "statistics"}


@pytest.mark.parametrize("script", [*SCRIPTS, FOLDER / "latest.py"], ids=lambda path: path.name)
def test_a_script_says_what_it_is_for(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if script.name in NEEDS:
        pytest.importorskip(NEEDS[script.name])
    monkeypatch.setattr(sys, "argv", [str(script), "--help"])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with mock.patch.dict(os.environ), pytest.raises(SystemExit) as end:
        runpy.run_path(str(script), run_name="__main__")
    assert end.value.code == 0
    command = f"python {script.relative_to(ROOT).as_posix()}"
    assert command in capsys.readouterr().out, "its docstring shows how it is called"


def test_a_script_is_run_as_the_index_says() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "benchmarks/robustness/golden.py", "check", "--only", "no such case"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0 of 0 differ\n"), done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_index_has_a_row_for_a_script(script: Path) -> None:
    rows = [line for line in INDEX.splitlines() if line.startswith(f"| `{script.name}` |")]
    assert len(rows) == 1
    assert f"`python {script.relative_to(ROOT).as_posix()}" in rows[0]


def test_the_index_names_nothing_that_is_not_there() -> None:
    called = re.findall(r"python (benchmarks/\S+\.py)", INDEX)
    assert len(called) >= len(SCRIPTS)
    assert [path for path in called if not (ROOT / path).is_file()] == []


def test_the_list_of_results_names_every_one() -> None:
    index = (FOLDER / "results" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\| (\d{4}-\d\d-\d\d) \| \[[^]]+\]\((\S+\.md)\) \|", index)
    assert sorted(name for _, name in listed) == sorted(path.name for path in FOLDER.glob("results/2*.md"))
    assert all(name.startswith(date) for date, name in listed)
