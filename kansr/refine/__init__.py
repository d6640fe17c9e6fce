"""Candidates made better: constants fitted and snapped, forms that the user knows, and other packages' searches.

The package is also the function `kansr.refine(table, form)`: see kansr.pipeline.compare_form.refine.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A name in kansr can be a package or a function only, and this one is wanted as both."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from kansr.pipeline.compare_form import refine

        return refine(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
