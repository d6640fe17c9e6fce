"""Dimensionless groups: plain numbers, whatever the units, that reproduce the target."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import table_with_units

from kansr.bench.problem import Problem, suite
from kansr.data.dataset import Dataset
from kansr.data.dimensionless import choices
from kansr.expression.render import readable
from kansr.units.consistency import dimension_in, objection
from kansr.units.dimension import Dimension
from kansr.units.text import dimension_of
from kansr.units.units import Units

WITH_UNITS = [p for p in suite("feynman120") if p.target_units and all(v.units for v in p.variables)]


def units_of(problem: Problem) -> Units:
    texts = {v.name: v.units for v in problem.variables} | {problem.target: problem.target_units}
    return Units(problem.target, texts, {name: dimension_of(text) for name, text in texts.items()})


def test_all_feynman_problems_have_units() -> None:
    assert len(WITH_UNITS) == 120


@pytest.mark.parametrize("problem", WITH_UNITS, ids=lambda p: p.id)
def test_every_feynman_law_is_consistent_and_its_groups_are_plain_numbers(problem: Problem) -> None:
    units = units_of(problem)
    assert objection(problem.expr, units) == ""
    X = np.random.default_rng(0).uniform(1, 2, (50, len(problem.names)))
    data = Dataset(X, np.ones(50), problem.names, problem.target, units=units)
    offered = choices(data)
    assert offered
    for groups in offered:
        assert dimension_in(groups.scale, units) in (units.goal, Dimension() if groups.scale == 1 else None)
        assert all(dimension_in(group, units) == Dimension() for group in groups.groups)
        assert len(groups.groups) < len(problem.names) or all(units.dimension[n].plain for n in problem.names)


@given(
    st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=2, max_size=6),
    st.lists(st.integers(-2, 2), min_size=6, max_size=6),
)
@settings(max_examples=80, deadline=None)
def test_groups_are_plain_numbers_whatever_the_units(powers: list[tuple[int, ...]], goal: list[int]) -> None:
    bases = ("[length]", "[mass]", "[time]")
    names = tuple(f"x{i}" for i in range(len(powers)))
    dimension = {n: Dimension.of(dict(zip(bases, map(Fraction, p)))) for n, p in zip(names, powers)}
    target = Dimension()
    for name, power in zip(names, goal):
        target = target * dimension[name] ** power
    units = Units("y", {}, {**dimension, "y": target})
    X = np.random.default_rng(0).uniform(1, 2, (20, len(names)))
    rank = np.linalg.matrix_rank(np.array(powers, dtype=float))
    offered = choices(Dataset(X, np.ones(20), names, units=units))
    assert offered
    for groups in offered:
        assert len(groups.groups) == len(names) - rank
        assert dimension_in(groups.scale, units) == target
        assert all(dimension_in(group, units) == Dimension() for group in groups.groups)
        back = groups.formula(sympy.Add(*map(sympy.Symbol, groups.names), 1))
        assert dimension_in(back, units) == target


def test_the_groups_reproduce_the_target() -> None:
    data = table_with_units("m*v**2*exp(-x/z)", {"m": "kg", "v": "m/s", "x": "m", "z": "m", "y": "J"})
    groups = choices(data)[0]
    assert (readable(groups.scale), [readable(g) for g in groups.groups]) == ("m*v**2", ["z/x"])
    reduced = groups.dataset(data)
    np.testing.assert_allclose(reduced.y * groups.sizes(data), data.y)


def test_what_is_divided_by_is_never_zero() -> None:
    data = table_with_units("x*cos(z/x)", {"x": "m", "z": "m", "y": "m"})
    data.X[::7, 0] = 0.0
    assert [readable(groups.scale) for groups in choices(data)] == ["z"]
