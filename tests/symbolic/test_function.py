"""Libraries of functions add up."""

from __future__ import annotations

import pytest

from kansr.errors import UsageError
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD


def test_libraries_add_up_and_say_what_they_lack() -> None:
    small = STANDARD.only("x", "exp")
    assert (small + STANDARD.only("sin")).names == ("x", "exp", "sin")
    with pytest.raises(UsageError, match="more than one function called exp"):
        small + STANDARD["exp"]
    with pytest.raises(UsageError, match="no function 'cosine'"):
        STANDARD["cosine"]
    assert isinstance(small, Library)
