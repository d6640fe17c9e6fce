"""What differs between machines: what is installed, devices, hash seeds, workers, threads and the locale."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest import mock

from support.command import environment
from support.faults.cases import Run, apart, discover, kansr, same, without_times
from support.faults.tables import SQUARE
from support.paths import ROOT


def no_julia(folder: Path) -> None:
    with mock.patch.dict(sys.modules, {"pysr": None}):
        code, _, err = discover(folder, SQUARE, "--refine", "pysr")
    assert "pip install" in err and "Traceback" not in err and code in (0, 2)


def no_gpu(folder: Path) -> None:
    here = discover(folder, SQUARE, "--json")[1]
    none = apart(folder, "discover", "data.csv", "--json", env={**environment(), "CUDA_VISIBLE_DEVICES": "7"})[1]
    assert without_times(none) == without_times(here)
    assert same(json.loads(here)["best"]["expression"], "a**2")


def same_answers(**variants: tuple[list[str], dict[str, str]]) -> Run:
    """The same object, times aside, whatever of the machine is different: options and variables of the environment."""

    def run(folder: Path) -> None:
        (folder / "data.csv").write_text((ROOT / "datasets" / "exp_sin.csv").read_text())
        found = {
            name: without_times(
                apart(folder, "discover", "data.csv", "--json", *options, env={**environment(), **more})[1]
            )
            for name, (options, more) in variants.items()
        }
        first = next(iter(found.values()))
        assert {name: result for name, result in found.items() if result != first} == {}
        assert same(first["best"]["expression"], "exp(y**2 + sin(pi*x))")

    return run


def standard_input(folder: Path) -> None:
    code, out, _ = kansr(folder, "discover", "-", "--json", stdin=SQUARE.encode())
    assert code == 0 and same(json.loads(out)["best"]["expression"], "a**2")
