"""A release: the version is the same everywhere, and what is built of it installs where there is nothing and works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.paths import ROOT

from kansr.version import __version__

RECIPE = (ROOT / "packaging" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

# Where a release says its number -> how.
SAID = {
    "pyproject.toml": r'^version = "(.*)"$',
    "CITATION.cff": r"^version: (.*)$",
    "CHANGELOG.md": r"^## \[(\d.*?)\]",  # the newest of those that are released
    "packaging/conda/recipe.yaml": r'^  version: "(.*)"$',
}
ON_CONDA_FORGE = {"matplotlib": "matplotlib-base", "torch": "pytorch"}  # the others have the same name there


@pytest.mark.parametrize(("file", "pattern"), SAID.items())
def test_a_release_has_one_version(file: str, pattern: str) -> None:
    found = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None and found[1] == __version__


def test_the_recipe_needs_what_the_project_needs() -> None:
    block = re.search(r"^dependencies = \[(.*?)^\]", PROJECT, re.MULTILINE | re.DOTALL)
    run = re.search(r"^  run:\n(.*?)\n\n", RECIPE, re.MULTILINE | re.DOTALL)
    assert block is not None and run is not None
    needed = dict(re.findall(r'"([\w-]+)(>=[\w.]+)"', block[1]))
    assert needed
    written = dict(re.findall(r"- ([\w-]+) (>=[\w.]+)$", run[1], re.MULTILINE))
    assert written == {ON_CONDA_FORGE.get(name, name): bound for name, bound in needed.items()}


def done(*command: object, cwd: Path, seconds: float = 60) -> str:
    """What a command prints, in an environment that knows nothing of this checkout."""
    unset = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONWARNINGS")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    ended = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, timeout=seconds
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Where an environment goes. It is a gigabyte, which pytest would keep for a while."""
    yield tmp_path / "venv"
    shutil.rmtree(tmp_path / "venv")


@pytest.mark.slow  # for the installation of torch, which takes half a minute where pip has it already
def test_sdist_and_wheel_install_in_an_empty_environment_and_find_a_law(tmp_path: Path, home: Path) -> None:
    dist, elsewhere = tmp_path / "dist", tmp_path / "elsewhere"
    elsewhere.mkdir()
    done(sys.executable, "-m", "hatchling", "build", "-d", dist, cwd=ROOT)
    done(sys.executable, "-m", "venv", "--without-pip", home, cwd=elsewhere)
    python, program = home / "bin" / "python", home / "bin" / "kansr"
    pip = (sys.executable, "-m", "pip", "--python", python)
    install = (*pip, "install", "-q", "--no-compile")
    done(*install, "-c", ROOT / "constraints.txt", next(dist.glob("*.tar.gz")), cwd=elsewhere, seconds=480)
    assert done(python, "-m", "kansr", "--version", cwd=elsewhere) == f"kansr {__version__}\n"
    done(*install, "--no-deps", "--force-reinstall", next(dist.glob("*.whl")), cwd=elsewhere)
    done(*pip, "check", cwd=elsewhere)
    assert str(home) in done(python, "-c", "import kansr; print(kansr.__file__)", cwd=elsewhere)
    found = json.loads(done(program, "demo", "--json", "--jobs", 1, cwd=elsewhere))
    assert (found["kansr"], found["best"]["expression"]) == (__version__, "semi_major_axis_au**(3/2)")
