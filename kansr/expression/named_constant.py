"""Constants with a name and a value, such as G, which formulas use as they use pi."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy


class NamedConstant(sympy.NumberSymbol):
    """A constant such as G. Equal name and value give the same object, as sympy expects of its number symbols."""

    __slots__ = ("name", "value")
    is_real = True
    is_irrational = None
    is_algebraic = None

    name: str
    value: float

    def __new__(cls, name: str, value: float) -> NamedConstant:
        return _constant(name, float(value))

    def __reduce__(self) -> tuple[Any, ...]:
        return NamedConstant, (self.name, self.value)

    def __getnewargs__(self) -> tuple[str, float]:
        return self.name, self.value

    def _hashable_content(self) -> tuple[str, float]:
        return self.name, self.value

    def _eval_is_positive(self) -> bool:
        return self.value > 0

    def _eval_is_negative(self) -> bool:
        return self.value < 0

    def _as_mpf_val(self, prec: int) -> Any:
        return sympy.Float(self.value)._as_mpf_val(prec)

    def approximation_interval(self, number_cls: Any) -> Any:
        return None

    def _sympystr(self, printer: Any) -> str:
        return self.name

    def _latex(self, printer: Any) -> str:
        return str(printer._print_Symbol(sympy.Symbol(self.name)))


@cache
def _constant(name: str, value: float) -> NamedConstant:
    constant = sympy.NumberSymbol.__new__(NamedConstant)
    constant.name, constant.value = name, value
    return constant
