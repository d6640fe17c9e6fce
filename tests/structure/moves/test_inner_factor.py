"""Inner factors: the factor of an input in a sum is known on the rows."""

from __future__ import annotations

import numpy as np
from support.tables import state_of, table

from kansr.structure.moves.gradient.inner_factor import inner_factors
from kansr.structure.surrogate.product_kernel import composite


def test_the_factor_of_an_input_is_known_on_the_rows() -> None:
    data = table("a*sin(2*t)/t + b*exp(-t) + c*t", rows=1000)
    state = state_of(data)
    model = composite(data.X, data.y, (False,) * len(data.names), lambda: False)
    assert model is not None
    found = {data.names[factor.index]: factor for factor in inner_factors(state, model)}
    t = found["a"].f.X[:, 0]
    true = np.sin(2 * t) / t
    assert np.sqrt(np.mean((found["a"].f.y - true) ** 2)) < 10 * found["a"].value_error * np.std(true)
    assert found["a"].value_error < 1e-4
