"""Aliases of columns are readable identifiers, each of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kansr.expression.identifiers import RESERVED, aliases, is_identifier


@given(st.lists(st.text(max_size=8) | st.sampled_from([*sorted(RESERVED), "x0", "a", "a_2", "a b", "a-b", "", "π"])))
def test_aliases_are_different_identifiers_and_stay(columns):
    names = aliases(columns)
    assert len(names) == len(columns) == len(set(names))
    assert all(map(is_identifier, names))
    assert aliases(columns) == names == aliases(names)
    for name, column in zip(names, columns):
        if is_identifier(column) and columns.count(column) == 1:
            assert name == column


@pytest.mark.parametrize(
    ("column", "alias"),
    [
        ("N", "N"), ("S", "S"), ("I", "I"), ("lambda", "lambda"), ("x0", "x0"), ("exec", "exec"), ("pi", "pi_"),
        ("E", "E_"), ("exp", "exp_"), ("", "column_1"), ("😀", "column_1"), ("%", "column_1"), ("θ₁", "theta1"),
        ("Größe [m]", "Gro_e_m"), ("2nd", "x_2nd"), ("a-b", "a_b"), ("température", "temperature"),
        ("x y" * 9, "x_yx_yx_yx_yx_yx_yx_yx_yx_y"), ("x" * 99, "x" * 99), ("-" + "x" * 99, "x" * 40),
    ],
)  # fmt: skip
def test_aliases_are_readable(column, alias):
    assert aliases([column]) == (alias,)
