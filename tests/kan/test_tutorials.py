"""The tutorials, typed as for pykan but for the import line, at reduced size; and the benchmarks of the networks."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import sympy
from support.paths import ROOT

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def without_a_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("KANSR_QUICK", "1")
    monkeypatch.chdir(tmp_path)


def run(name: str) -> dict[str, Any]:
    """What a tutorial leaves behind; it writes no file."""
    import matplotlib.pyplot as plt

    names = runpy.run_path(str(ROOT / "docs" / "tutorials" / f"{name}.py"))
    plt.close("all")
    assert not list(Path.cwd().iterdir())
    return names


def test_function_fitting() -> None:
    names = run("function_fitting")
    assert names["fine"]["test_loss"][-1] < 0.1 * names["coarse"]["test_loss"][-1]
    assert names["test_vs_G"][-1] < 1e-4
    assert -5 < names["slope"] < -3


def test_scaling_laws() -> None:
    assert run("scaling_laws")["test_losses"][:, -1].max() < 5e-3


def test_grids() -> None:
    names = run("grids")
    assert names["basis"][0, 0].tolist() == pytest.approx([1 / 6, 2 / 3, 1 / 6, 0, 0, 0, 0, 0], abs=1e-15)
    assert float((names["basis"].sum(2) - 1).abs().max()) <= 1e-15
    assert names["difference"] < 1e-14
    assert names["reach"][10.0] == pytest.approx([-22 + 4 * i for i in range(12)])
    assert names["reach"][0.5] == pytest.approx([-1.1 + 0.2 * i for i in range(12)])
    even, between, quantile = (names["counts"][eps] for eps in (1.0, 0.5, 0.0))
    assert max(quantile) - min(quantile) <= 4 < max(between) - min(between) < max(even) - min(even)


def test_initialization() -> None:
    names = run("initialization")
    assert names["off"] < 1e-12
    spread = names["spread"]
    assert spread["exactly linear"] == pytest.approx(0, abs=1e-12)
    assert spread["nodes almost alike"] < 0.1 < spread["nodes told apart"] < spread["very noisy splines"]


def test_interpretability() -> None:
    names = run("interpretability")
    x, y = names["variables"]
    assert names["formula"] == sympy.exp(sympy.sin(sympy.pi * x) + y**2)
    assert names["r2"] > 0.98 and names["wrong"]["test_loss"][-1] > 1e-4


@pytest.mark.parametrize(
    "argv", [["kan_tutorials.py", "ladder", "--seeds", "1", "--rows", "200"], ["kan_tutorials.py", "grids"]]
)
def test_the_benchmark_runs(argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, "argv", argv)
    try:
        runpy.run_path(str(ROOT / "benchmarks" / "recovery" / argv[0]), run_name="__main__")
    finally:
        torch.set_num_threads(threads)
    assert "kansr" in capsys.readouterr().out
