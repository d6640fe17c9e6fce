"""Products of powers and waves with poles, read off logarithms."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import wide

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.numeric.arrays import Array
from kansr.structure.terminals.closed_form.product_of_functions import products_of_functions

NAMES = ("x", "y", "z")


PRODUCTS = {
    "tangents beside a number": "32 - 3*sin(x)*cos(y)/(cos(x)*sin(y)*cos(z))",
    "a rate": "2.5*x**2*exp(-0.07*y)*cos(z)",
    "a signed power": "-0.3*x**3/(y*z**2)",
}


@pytest.mark.parametrize("text", PRODUCTS.values(), ids=PRODUCTS)
def test_products_of_functions_are_found_at_once(text: str) -> None:
    data = wide(text)
    found = list(products_of_functions(data))
    assert found
    law, y = Tape(found[-1], NAMES).value(data.X), data.y
    assert np.quantile(np.abs(law / y - 1), 0.9) < 1e-7


@pytest.mark.parametrize("text", ["x + y", "x*y + z", "x*cos(y + z)", "exp(x*y/100)"])
def test_what_is_no_product_is_not_taken_for_one(text: str) -> None:
    assert not list(products_of_functions(wide(text, low=0.5, high=3.0)))


def test_a_column_of_zeros_is_no_matter() -> None:
    data = wide("2*x*cos(y)")
    X: Array = np.column_stack([data.X[:, :2], np.zeros(data.rows)])
    (expr, *_) = products_of_functions(Dataset(X, data.y, NAMES, "t"))
    assert np.allclose(Tape(expr, NAMES).value(X), data.y)
