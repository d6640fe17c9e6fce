"""Cases of dear tests: some in every run, the others with `-m long`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest


def thinned(cases: Mapping[str, Any], often: int) -> list[Any]:
    """The cases as parameters named by their keys, those after the first `often` marked long."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), id=name, marks=[pytest.mark.long] * (i >= often))
        for i, (name, case) in enumerate(cases.items())
    ]
