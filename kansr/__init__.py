"""kansr: a table in, a law out. Symbolic regression with a Kolmogorov–Arnold network front end.

Names are imported when they are first used, so that `import kansr` is quick and loads neither torch nor sympy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kansr.discovery import Discovery
    from kansr.expression.parse import parse
    from kansr.expression.render import render
    from kansr.kan import KAN
    from kansr.pipeline import discover
    from kansr.regressor import SymbolicRegressor
    from kansr.restore import load
    from kansr.symbolic.library import Function, Library

__version__ = "0.1.0"
__all__ = [
    "KAN",
    "Discovery",
    "Function",
    "Library",
    "SymbolicRegressor",
    "__version__",
    "discover",
    "load",
    "parse",
    "refine",
    "render",
]

_HOME = {
    "discover": "kansr.pipeline",
    "Discovery": "kansr.discovery",
    "refine": "kansr",
    "KAN": "kansr.kan",
    "SymbolicRegressor": "kansr.regressor",
    "Library": "kansr.symbolic.library",
    "Function": "kansr.symbolic.library",
    "load": "kansr.restore",
    "parse": "kansr.expression.parse",
    "render": "kansr.expression.render",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kansr' has no attribute {name!r}")
    if name == "refine":  # the package of that name can be called
        return import_module("kansr.refine")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
