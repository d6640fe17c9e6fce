"""The inputs that matter are kept of many."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.data.screening import FEWEST_KEPT, MANY, screened

LAWS = {
    "ratio of three": (lambda X, Z: X[:, 3] * X[:, 11] / X[:, 200], {3, 11, 200}),
    "product of what has no mean": (lambda X, Z: Z[:, 3] * Z[:, 7], {3, 7}),
    "wave and square": (lambda X, Z: np.sin(Z[:, 3]) * Z[:, 5] + Z[:, 9] ** 2, {3, 5, 9}),
    "noise": (lambda X, Z: np.random.default_rng(1).standard_normal(len(X)), set()),
    "a constant": (lambda X, Z: np.ones(len(X)), set()),
    "sum of thirty": (lambda X, Z: X[:, :30].sum(1), set(range(30))),
}


@pytest.mark.parametrize("name", LAWS)
def test_inputs_that_matter_are_kept_of_many(name: str) -> None:
    rng = np.random.default_rng(0)
    X, Z = rng.uniform(1, 5, (600, 400)), rng.standard_normal((600, 400))
    law, inputs = LAWS[name]
    kept = screened(Z if name.startswith(("product", "wave")) else X, law(X, Z))
    assert inputs <= set(kept.tolist()) and FEWEST_KEPT <= len(kept) <= MANY and (np.diff(kept) > 0).all()
