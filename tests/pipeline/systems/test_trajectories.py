"""Constants fitted to trajectories, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from support.systems import PREY, solution

from kansr.errors import UsageError
from kansr.expression.parse import parse
from kansr.pipeline.systems.simulate import simulate
from kansr.pipeline.systems.trajectories import cut, fit_trajectories

NAMES = ("prey", "predator")
LAW = (parse("1.3*prey - 0.6*prey*predator"), parse("0.2*prey*predator - 0.9*predator"))
T = np.sort(np.concatenate([np.linspace(0, 8, 60), [0.31, 2.22, 5.55]]))


@pytest.mark.parametrize("rows", [12, 100])
def test_constants_are_found_in_pieces_and_in_whole_runs(rows: int) -> None:
    x = solution(PREY[0], (2, 1), T)
    pieces = cut([(T, x, np.full_like(x, 1e-4), x)], range(2), rows)
    fit = fit_trajectories(LAW, NAMES, pieces, iterations=30)
    np.testing.assert_allclose(sorted(np.abs(fit.values)), [0.3, 0.5, 0.8, 1.0], rtol=1e-3)
    np.testing.assert_allclose(pieces.joined(fit.trajectory), x, atol=1e-3)


def test_a_constant_that_is_fixed_stays() -> None:
    x = solution(PREY[0], (2, 1), T)
    pieces = cut([(T, x, np.full_like(x, 1e-4), x)], range(2), 20)
    fit = fit_trajectories(LAW, NAMES, pieces, fixed=[sympy.Float(0.9)])
    assert len(fit.values) == 3
    assert 0.9 in [float(value) for value in fit.exprs[1].atoms(sympy.Float)] or -0.9 in [
        float(value) for value in fit.exprs[1].atoms(sympy.Float)
    ]


def test_simulation_gives_the_solution() -> None:
    exprs = (parse("prey - 0.5*prey*predator"), parse("0.3*prey*predator - 0.8*predator"))
    found = simulate(exprs, NAMES, T, [2.0, 1.0])
    np.testing.assert_allclose(found, solution(PREY[0], (2, 1), T), rtol=1e-4)
    backwards = simulate(exprs, NAMES, T[::-1], found[-1])
    np.testing.assert_allclose(backwards[-1], [2, 1], rtol=1e-4)


def test_a_stiff_system_is_simulated() -> None:
    found = simulate((parse("-100000*(a - b)"), parse("-b")), ("a", "b"), np.linspace(0, 2, 9), [3.0, 1.0])
    np.testing.assert_allclose(found[1:, 0], np.exp(-np.linspace(0, 2, 9)[1:]), rtol=1e-3)


def test_what_runs_away_is_nan_from_there_on() -> None:
    found = simulate((parse("a**2"),), ("a",), np.linspace(0, 2, 33), [1.0])
    assert np.isfinite(found[:12]).all()
    assert np.isnan(found[-1]).all()


def test_a_simulation_ends_in_time() -> None:
    import time

    began = time.process_time()
    simulate((parse("1e7*cos(1e7*b)"), parse("1")), ("a", "b"), np.linspace(0, 1e3, 9), [0.0, 0.0], seconds=0.4)
    assert time.process_time() - began < 3


BAD = {"no times": ([], [1.0]), "two starts": ([0.0, 1.0], [1.0, 2.0]), "back and forth": ([0.0, 1.0, 0.5], [1.0])}


@pytest.mark.parametrize(("t", "start"), BAD.values(), ids=BAD)
def test_times_and_starts_that_cannot_be(t: list[float], start: list[float]) -> None:
    with pytest.raises(UsageError):
        simulate((parse("-a"),), ("a",), t, start)
