"""Networks grow to the size that their law asks for, under the transform that asks for the least."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import sympy
from support.tables import halves, table

from kansr.structure.networks.growth import Grown, grown_networks
from kansr.structure.networks.hidden_nodes import hidden_nodes
from kansr.structure.networks.reading import read, taken_out
from kansr.structure.networks.spans import names_of
from kansr.symbolic.library.standard import STANDARD

ENOUGH = 3e-3


def first(text: str) -> Grown:
    """The first network that comes close, and closer on finer grids."""
    fitting, judging = halves(table(text, rows=400))
    networks = grown_networks(fitting, judging, 0, ENOUGH, lambda: False)
    return next(grown for grown in networks if grown.error < (ENOUGH if grown.converging else 1e-9))


@pytest.mark.parametrize(
    ("text", "transform", "products"),
    [
        ("x**2 + exp(-y)", "y", 0),
        ("x**2*y/z**3", "log(y)", 0),
        ("sqrt(x**2 + y**2 + x*y)", "y^2", 1),
        ("x*exp(y) + z/y", "y", 2),
    ],
)
def test_the_network_of_a_law_has_its_transform_and_size(text: str, transform: str, products: int) -> None:
    grown = first(text)
    assert (grown.transform.name, grown.products) == (transform, products)


def test_growth_is_the_same_again_and_ends_when_it_is_told() -> None:
    fitting, judging = halves(table("x*exp(y) + z/y", rows=300))
    networks = (grown_networks(fitting, judging, 3, ENOUGH, lambda: False) for _ in range(2))
    first, again = ([grown.error for grown in islice(some, 2)] for some in networks)
    assert first == again
    assert list(grown_networks(fitting, judging, 3, ENOUGH, lambda: True)) == []


def test_factors_are_taken_out_of_a_logarithm() -> None:
    fitting, judging = halves(table("x**2*sqrt(y**2 + z**2)/w", rows=500))
    for grown in grown_networks(fitting, judging, 0, ENOUGH, lambda: False):
        reading = read(grown, fitting.X)
        curves = {i: names_of(reading.spans[i], STANDARD)[0][0] for i in reading.alone}
        taken = taken_out(grown, reading, curves, fitting) if grown.transform.power == 0 else None
        if taken is not None:
            break
    assert taken is not None
    left = taken.left(fitting)
    assert {fitting.names[i]: c for i, _, c in taken.curves} == {"w": -1.0, "x": 2.0}
    assert left.names == ("y", "z")
    ratio = left.y / np.hypot(*left.X.T)
    assert np.ptp(ratio) < 1e-9 * ratio[0]
    u = sympy.Symbol("u")
    assert taken.whole(u, fitting.names) == sympy.Symbol("x") ** 2 * u / sympy.Symbol("w")


def test_a_hidden_node_is_the_product_of_powers_that_it_is_a_function_of() -> None:
    fitting, judging = halves(table("1/(exp(x*y**2/z) + 1)", rows=500))
    node = next(hidden_nodes(fitting, judging, 1, 0, STANDARD, lambda: False))
    assert node.exact
    x, y, z = map(sympy.Symbol, "xyz")
    exponents = [node.exprs[0].as_powers_dict()[s] for s in (x, y, z)]
    assert [e / exponents[0] for e in exponents] == [1, 2, -1]
