"""The noise of a field is found from the field alone."""

from __future__ import annotations

import pytest
from support.fields import diffusing, shock, with_noise

from kansr.pipeline.fields.noise import noise_of


@pytest.mark.parametrize("field", [diffusing, shock])
@pytest.mark.parametrize("level", [1e-3, 0.03, 0.5])
def test_the_noise_is_found(field, level: float) -> None:  # type: ignore[no-untyped-def]
    exact = field()
    added = with_noise(exact, level)["u"]
    assert noise_of(added) == pytest.approx((added - exact["u"]).std(), rel=0.03)


def test_a_smooth_field_has_none() -> None:
    u = diffusing()["u"]
    assert noise_of(u) < 1e-7 * u.std()
