"""The documentation is true: its programs run, print what it says they print, and its commands are those of kansr."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from support.paths import ROOT
from typer.main import get_command

from kansr.cli import main as cli

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"])}
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
LONG = re.compile(r"\b(bench|pip|dask|python)\b(?! -c)")  # blocks that take minutes or need more than is here

LENGTH, DEPTH = np.random.default_rng(0).uniform(1, 4, (2, 60))
SPRING = np.arange(60) % 4
TABLES = {
    "data.csv": ("length,depth,speed", LENGTH, DEPTH, 3 * np.sqrt(LENGTH) / DEPTH),
    "part-0.csv": ("length,speed", LENGTH, 3 * LENGTH),
    "m.csv": ("x,error,y", LENGTH, 0.01 * DEPTH, 3 * LENGTH + 0.01 * DEPTH * np.random.default_rng(1).normal(size=60)),
    "fall.csv": ("h,v,y", LENGTH, DEPTH, DEPTH**2 / LENGTH),
    "planets.csv": ("m,M,d,F", LENGTH, DEPTH, LENGTH + DEPTH, 6.674e-11 * LENGTH * DEPTH / (LENGTH + DEPTH) ** 2),
    "springs.csv": ("spring,load,length", SPRING, LENGTH, 0.2 + LENGTH / (3 + SPRING)),
    "new.csv": ("semi_major_axis_au", LENGTH),
}
FILES = {
    "units.csv": "name,unit\nh,m\nv,m/s\ny,m/s**2\n",
    "mine.library": "softplus(u) = log(1 + exp(u))\n",
}


def commands(code: str) -> Iterator[list[str]]:
    """The arguments of every call of kansr in lines of shell."""
    for line in code.splitlines():
        words = shlex.split(line, comments=True)
        for i in (i for i, word in enumerate(words) if word == "kansr"):
            rest = words[i + 1 :]
            yield rest[: next((j for j, word in enumerate(rest) if word[0] in "|>&"), len(rest))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the pages speak of."""
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    for name, (header, *columns) in TABLES.items():
        np.savetxt(tmp_path / name, np.column_stack(columns), delimiter=",", header=header, comments="")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # of pools that fork
@pytest.mark.parametrize("page", [page for page, text in TEXTS.items() if BLOCK.search(text)])
def test_a_page_can_be_typed_from_its_top_to_its_end(
    page: str, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All blocks in one folder, those of Python as one program; where a text follows, it is what is printed."""
    names: dict[str, object] = {}
    for number, (language, code, output) in enumerate(BLOCK.findall(TEXTS[page])):
        capfd.readouterr()
        if language == "python":
            script = folder / f"block{number}.py"
            script.write_text(code, encoding="utf-8")
            names = runpy.run_path(str(script), names, "__main__")
        elif not LONG.search(code):
            shell(code, monkeypatch)
        if output and not LONG.search(code):
            assert capfd.readouterr().out == output


def shell(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs lines of shell; plain calls of kansr in this process, which spares a start."""
    if re.search(r"[|>$]", code):
        done = subprocess.run(["bash", "-eo", "pipefail", "-c", code], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        sys.stdout.write(done.stdout)
        sys.stdout.flush()
        return
    for arguments in commands(code):
        monkeypatch.setattr(sys, "argv", ["kansr", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0, arguments


@pytest.fixture(autouse=True)
def no_windows() -> Iterator[None]:
    with matplotlib.rc_context({"backend": "agg"}):
        yield


COMMANDS = [
    pytest.param(arguments, id=" ".join(arguments)[:60])
    for text in TEXTS.values()
    for code in re.findall(r"^```(?:sh|text)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    for arguments in commands("\n".join(line for line in code.splitlines() if re.match(r"\s*kansr \w+ ", line)))
]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_command_of_the_docs_is_one_of_kansr(arguments: list[str]) -> None:
    """Also those that take too long to be run: options and values are understood."""
    command, rest = get_command(cli.app), list(arguments)
    while getattr(command, "commands", None):
        command = command.commands[rest.pop(0)]
    command.make_context("kansr", rest)


@pytest.mark.parametrize("code", re.findall(r"^```python\n(.*?)^```$", TEXTS["extending.md"], re.DOTALL | re.MULTILINE))
def test_an_extension_is_short(code: str) -> None:
    assert len([line for line in code.splitlines() if line.strip()]) < 20
