"""The functions that curves are made of are named, however the curves mix them."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.numeric.arrays import Array
from kansr.structure.networks.spans import names_of, span_of
from kansr.symbolic.library.standard import STANDARD

X = np.linspace(0.5, 3.0, 150)
FUNCTIONS = {
    "log": np.log(X),
    "x": X,
    "x^2": X**2,
    "x^-2": X**-2.0,
    "exp": np.exp(-X),
}


def mixed(*names: str, error: float = 1e-6) -> Array:
    """Three curves, each a random mixture of the functions, a constant, and an error."""
    rng = np.random.default_rng(0)
    F = np.column_stack([FUNCTIONS[name] for name in names])
    return F @ rng.normal(size=(len(names), 3)) + rng.normal(size=3) + error * rng.normal(size=(len(X), 3))


@pytest.mark.parametrize(
    "names", [("log",), ("x^2",), ("exp",), ("x", "x^2"), ("x", "log"), ("x^-2", "x"), ("x^2", "exp")], ids="+".join
)
def test_mixed_functions_are_named(names: tuple[str, ...]) -> None:
    span = span_of(X, mixed(*names), 1e-5)
    assert span.dimensions == len(names)
    assert {fit.function.name for fit in names_of(span, STANDARD)[0]} == set(names)


def test_a_sine_and_a_cosine_are_told_apart() -> None:
    curves = np.column_stack([np.sin(X) + np.cos(X), np.sin(X) - 0.3 * np.cos(X)])
    named = names_of(span_of(X, curves, 1e-6), STANDARD)[0]
    assert sorted((fit.function.name, fit.a, round(fit.b, 3)) for fit in named) == [
        ("sin", 1.0, 0.0),
        ("sin", 1.0, 1.571),
    ]


def test_an_input_without_effect_has_no_function() -> None:
    rng = np.random.default_rng(0)
    assert names_of(span_of(X, 1e-4 * rng.normal(size=(len(X), 2)), 1e-4), STANDARD) == [()]
