"""Waves of one input: sums, damped ones and chirps beside a trend, and none where there is noise only."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array
from kansr.structure.terminals.waves.band import Band, step_of
from kansr.structure.terminals.waves.sums import sums_of_waves

LAWS = {
    "a wave": "1.3*cos(146*x + 0.7) + 0.4",
    "a slow one": "1.3*cos(26.4*x + 0.7)",
    "two": "1.3*cos(146*x + 0.7) + 0.6*cos(44*x - 1)",
    "two nearly alike": "1.3*cos(146*x + 0.7) + 0.9*cos(154*x - 1)",
    "three": "3*cos(90*x + 0.7) + 1.5*cos(44*x - 1) + 1.6*cos(25*x)",
    "beside a line": "cos(82*x) + 3*x - 1",
    "beside a parabola": "cos(82*x) + 3*x**2 - x",
    "damped": "2*exp(-3*x)*cos(132*x + 0.3) + 0.5",
    "damped beside a line": "2*exp(-3*x)*cos(132*x + 0.3) + 0.5 - 2*x",
    "soon gone": "2*exp(-8*x)*cos(132*x + 0.3) + 0.5",
    "growing": "0.2*exp(2*x)*cos(69*x + 0.3)",
    "a chirp": "cos(50*x**2 + 63*x + 0.4)",
    "a wide chirp": "cos(220*x**2 + 31*x + 0.4)",
}
PLACED = ("evenly", "scattered")


def inputs(placed: str, rows: int, seed: int = 0) -> Array:
    """From 0 to 1."""
    if placed == "evenly":
        return np.arange(rows) / rows
    return np.sort(np.random.default_rng(seed).uniform(0, 1, rows))


def rows_of(text: str, x: Array, noise: float = 0.0, seed: int = 0) -> tuple[Dataset, Array]:
    """A table of a law, and the law without its noise, which is a share of its spread."""
    clean = Tape(parse(text), ("x",)).value(x[:, None])
    y = clean + noise * float(np.std(clean)) * np.random.default_rng(seed).normal(size=len(x))
    return Dataset(x[:, None], y, ("x",), "t"), clean


def nearest(data: Dataset, clean: Array) -> float:
    """How far the best of the formulas is off the law, over its spread; 1 where there is none."""
    off = [float(np.std(Tape(expr, data.names).value(data.X) - clean)) for expr in sums_of_waves(data)]
    return min(off, default=np.inf) / float(np.std(clean))


@pytest.mark.parametrize("placed", PLACED)
@pytest.mark.parametrize("text", LAWS.values(), ids=LAWS)
def test_waves_of_exact_rows_are_found(text: str, placed: str) -> None:
    assert nearest(*rows_of(text, inputs(placed, 250))) < 1e-7


@pytest.mark.parametrize("noise", [0.1, 0.5])
@pytest.mark.parametrize("text", LAWS.values(), ids=LAWS)
def test_waves_in_noise_are_found(text: str, noise: float) -> None:
    assert nearest(*rows_of(text, inputs("scattered", 300), noise)) < 0.35 * noise


@pytest.mark.parametrize("placed", PLACED)
def test_twenty_rows_are_enough_where_they_are_exact(placed: str) -> None:
    assert nearest(*rows_of("1.3*cos(28*x + 0.7) + 0.4", inputs(placed, 20))) < 1e-7


def test_a_large_table_takes_no_more_waves_than_its_law() -> None:
    data, clean = rows_of("2*exp(-3*x)*cos(800*x + 0.3) + 0.5", inputs("scattered", 40_000), 0.2)
    found = list(sums_of_waves(data))
    assert all(len(expr.atoms(sympy.cos)) == 1 for expr in found)
    assert nearest(data, clean) < 0.01


def test_scattered_rows_tell_faster_waves_than_evenly_spaced_ones() -> None:
    x = inputs("scattered", 200)
    fast = 3 * np.pi * len(x)
    assert nearest(*rows_of(f"cos({fast}*x + 1)", x, 0.1)) < 0.05


def test_of_evenly_spaced_rows_of_which_many_are_missing_the_slowest_wave_is_meant() -> None:
    x = np.sort(np.random.default_rng(0).choice(1000, 300, replace=False)) * 0.0333
    (expr,) = {expr.replace(sympy.cos, lambda u: sympy.cos(u.evalf(4))) for expr in _waves("cos(4.4*x)", x)}
    assert "4.4" in str(expr)


def _waves(text: str, x: Array) -> list[sympy.Expr]:
    return list(sums_of_waves(rows_of(text, np.round(x, 4), 0.05)[0]))


@pytest.mark.parametrize("placed", PLACED)
def test_waves_beside_a_trend_are_found_far_from_the_origin(placed: str) -> None:
    x = 1958 + 42 * inputs(placed, 2200)
    text = "0.012*(x - 1923)**2 + 2.8*cos(6.2832*x + 1) + 0.75*cos(12.5664*x) + 300"
    clean = Tape(parse(text), ("x",)).value(x[:, None])
    data = Dataset(x[:, None], clean + np.random.default_rng(0).normal(0, 0.8, len(x)), ("x",), "t")
    *_, expr = sums_of_waves(data)
    assert np.std(Tape(expr, ("x",)).value(data.X) - clean) < 0.1


@pytest.mark.parametrize("start", [0.0, 30.0, 3000.0])
def test_a_damped_wave_that_would_be_too_large_at_the_origin_is_not_written(start: float) -> None:
    x = start + inputs("evenly", 400)
    y = 2 * np.exp(-3 * (x - start)) * np.cos(132 * (x - start)) + 0.5
    found = list(sums_of_waves(Dataset(x[:, None], y, ("x",), "t")))
    assert all(abs(number) < 1e200 for expr in found for number in expr.atoms(sympy.Float))
    if start < 100:
        assert any(np.std(Tape(expr, ("x",)).value(x[:, None]) - y) < 1e-6 for expr in found)


def test_frequencies_are_fractions_of_pi_where_the_rows_allow_no_other() -> None:
    x = inputs("evenly", 2000)
    nice, _ = sums_of_waves(rows_of("cos(49*pi*x) + 0.05", x, 1e-4)[0])
    assert 49 * sympy.pi in nice.atoms(sympy.Mul) or "49*pi" in str(nice)
    assert not any("pi" in str(expr) for expr in sums_of_waves(rows_of("cos(154.321*x)", x, 1e-4)[0]))


@pytest.mark.parametrize("decimals", [3, 4, 6])
def test_no_wave_follows_the_rounding_of_the_table(decimals: int) -> None:
    x = np.arange(2000) / 1000
    y = np.round(2 * np.sin(10 * np.pi * x), decimals)
    found = list(sums_of_waves(Dataset(x[:, None], y, ("x",), "t")))
    assert found
    assert all(len(expr.atoms(sympy.cos)) == 1 for expr in found)


NOISE = {
    "normal": lambda rng, rows: rng.normal(size=rows),
    "uniform": lambda rng, rows: rng.uniform(size=rows),
    "heavy tails": lambda rng, rows: rng.standard_t(3, rows),
    "skewed": lambda rng, rows: np.exp(rng.normal(size=rows)),
    "counts": lambda rng, rows: rng.poisson(2.0, rows).astype(float),
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_is_no_wave(name: str) -> None:
    """Not once in 200 targets of five kinds, evenly spaced and scattered, from 20 to 2000 rows."""
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = (20, 45, 150, 400, 2000)[seed % 5]
        x = inputs(PLACED[seed // 5 % 2], rows, seed)
        found += bool(list(sums_of_waves(Dataset(x[:, None], NOISE[name](rng, rows), ("x",), "t"))))
    assert found == 0


def test_red_noise_is_hardly_ever_a_wave() -> None:
    found = 0
    for seed in range(20):
        x = inputs("evenly", 400)
        y = np.cumsum(np.random.default_rng(seed).normal(size=400))
        found += bool(list(sums_of_waves(Dataset(x[:, None], y, ("x",), "t"))))
    assert found <= 2


@pytest.mark.parametrize(
    "text", ["7.5", "x", "x**2", "exp(2*x)", "1/(x + 0.1)", "log(x + 0.01)", "cos(6*x)", "sqrt(x)"]
)
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_what_is_smooth_is_no_wave(text: str, noise: float) -> None:
    assert not list(sums_of_waves(rows_of(text, inputs("scattered", 400), noise)[0]))


STEPS = {
    "whole": (np.arange(50.0), 1.0),
    "written with four decimals": (np.round(8 + np.arange(600) / 30, 4), 1 / 30),
    "most of them missing": (np.random.default_rng(1).choice(5000, 900, replace=False) * 0.001, 0.001),
    "twice the same": (np.repeat(np.arange(30.0), 2), 1.0),
    "two steps": (np.concatenate([np.arange(50.0), 50 + 0.37 * np.arange(50)]), 0.0),
    "scattered": (np.random.default_rng(0).uniform(0, 1, 100), 0.0),
    "too few to say": (np.arange(5.0), 0.0),
}


@pytest.mark.parametrize(("x", "step"), STEPS.values(), ids=STEPS)
def test_the_step_of_rows(x: Array, step: float) -> None:
    assert step_of(x) == pytest.approx(step, rel=1e-5)


def test_the_band_of_evenly_spaced_rows_ends_before_half_a_turn_for_each_step() -> None:
    assert Band.of(np.arange(101.0)).highest == 99
    assert Band.of(np.random.default_rng(0).uniform(0, 1, 101)).highest == 800
