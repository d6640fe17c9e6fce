"""Transforms of the target: what a row says of its slope and power is what its functions do."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.structure.surrogate.target_transforms import TRANSFORMS, Transform, View, powers

Y = np.linspace(0.5, 1.5, 30)
SLOPED = [transform for transform in TRANSFORMS if transform.slope is not None]


@pytest.mark.parametrize("transform", SLOPED, ids=lambda t: t.name)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_slope_is_the_derivative_on_either_side_of_zero(transform: Transform, sign: int) -> None:
    h = 1e-6
    here, high, low = (View.of(transform, sign * Y + d) for d in (0.0, h, -h))
    assert here.slope == pytest.approx((high.t - low.t) / (2 * h), rel=1e-7)
    assert here.target(here.t) == pytest.approx(sign * Y, rel=1e-14)


def test_powers_are_found_by_their_exponents() -> None:
    found = powers(1, 0, -1, 2, -2)
    assert found[1].forward(Y) == pytest.approx(np.log(Y))
    for transform, exponent in zip(found, (1, None, -1, 2, -2)):
        if exponent is not None:
            assert transform.forward(Y) == pytest.approx(Y**exponent, rel=1e-14)
        t = sympy.Symbol("t", positive=True)
        assert sympy.simplify(transform.written(transform.symbolic(t)) - t) == 0
