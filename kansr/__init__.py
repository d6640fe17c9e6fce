"""kansr: a table in, a law out. Symbolic regression with a Kolmogorov–Arnold network front end.

Names are imported when they are first used, so that `import kansr` is quick and loads neither torch nor sympy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kansr.version import __version__

if TYPE_CHECKING:
    from kansr.api.discover import discover
    from kansr.api.discovery import Discovery, load
    from kansr.api.field import field
    from kansr.api.refine import refine
    from kansr.api.regressor import SymbolicRegressor
    from kansr.api.system import System
    from kansr.expression.parse import parse
    from kansr.expression.render import render
    from kansr.kan import KAN
    from kansr.symbolic.library.function import Function, Library

__all__ = [
    "KAN",
    "Discovery",
    "Function",
    "Library",
    "SymbolicRegressor",
    "System",
    "__version__",
    "discover",
    "field",
    "load",
    "parse",
    "refine",
    "render",
]

_HOME = {
    "discover": "kansr.api.discover",
    "Discovery": "kansr.api.discovery",
    "field": "kansr.api.field",
    "refine": "kansr.api.refine",
    "KAN": "kansr.kan",
    "SymbolicRegressor": "kansr.api.regressor",
    "System": "kansr.api.system",
    "Library": "kansr.symbolic.library.function",
    "Function": "kansr.symbolic.library.function",
    "load": "kansr.api.discovery",
    "parse": "kansr.expression.parse",
    "render": "kansr.expression.render",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kansr' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
