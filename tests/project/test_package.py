"""What is installed: the wheel holds all that the code reads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.paths import ROOT

pytest.importorskip("hatchling")

SHIPPED = ("grammars", "datasets")
USE = """
import kansr, pathlib
from kansr.bench.problem import find_problem
from kansr.runtime.resources import shipped
home = pathlib.Path(kansr.__file__).parent
assert home == pathlib.Path("site/kansr").resolve(), home
assert shipped("datasets/kepler.csv").is_relative_to(home)
print(kansr.parse("2*x + x"), find_problem("feynman_I_12_2").id)
"""


def python(*arguments: str, **options: object) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.mark.parametrize("folder", SHIPPED)
def test_the_wheel_holds_every_shipped_file(wheel: zipfile.ZipFile, folder: str) -> None:
    beside = {f"kansr/{path.relative_to(ROOT)}" for path in (ROOT / folder).iterdir() if path.is_file()}
    assert beside
    assert beside <= set(wheel.namelist())


def test_the_wheel_holds_every_module_and_says_it_is_typed(wheel: zipfile.ZipFile) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "kansr").rglob("*.py")}
    pages = {f"kansr/show/report/template/{name}" for name in ("page.html", "style.css")}
    assert modules | pages | {"kansr/py.typed"} <= set(wheel.namelist())


def test_the_shipped_files_are_found_where_the_wheel_is_installed(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")  # what an installer does with a wheel of Python alone
    said = python("-c", USE, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "site")})
    assert said.split() == ["3*x", "feynman_I_12_2"]


def test_pictures_are_loaded_when_one_is_drawn() -> None:
    python("-c", "import sys, kansr; kansr.discover, kansr.load; assert 'matplotlib' not in sys.modules", cwd=ROOT)


README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_first_command_of_the_readme_prints_what_the_readme_says() -> None:
    command = re.search(r"bin/kansr (discover .*)", README)
    assert command is not None
    said = python("-m", "kansr", *command[1].split(), cwd=ROOT).splitlines()
    said = [re.sub(r" · [0-9.]+ s$", "", line) for line in said]  # all but the seconds
    assert len(said) > 10
    assert set(said) <= {re.sub(r" · [0-9.]+ s$", "", line) for line in README.splitlines()}


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = re.search(r"^python3 -m venv .*tests/check.py$", README, re.MULTILINE)
    assert command is not None
    assert command[0] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
