"""Turn an expression into source code: one walk over the tree, and a table for each language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

import sympy

from kansr.expression.evaluate import EXTREMES, REWRITES
from kansr.expression.render import ordered

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)  # precedence of operators, the loosest first
EXACT = 1 << 53  # integers up to which doubles are exact
MOST_EXPONENT = 10  # below which powers of constants such as pi**2 are spelled out
HALF = sympy.Rational(1, 2)


class Source(NamedTuple):
    """A piece of code. level: precedence of its outermost operator; literal: whether it is a written number."""

    text: str
    level: int = ATOM
    literal: bool = False

    def within(self, level: int) -> str:
        """The text as an operand of an operator of this precedence, in parentheses where needed."""
        return self.text if self.level >= level else f"({self.text})"


def slash(a: Source, b: Source) -> Source:
    """The quotient a/b, as most languages write it."""
    return Source(f"{a.within(PRODUCT)}/{b.within(SIGN)}", PRODUCT)


def stars(base: Source, exponent: Source) -> Source:
    """The power, as Python writes it."""
    return Source(f"{base.within(ATOM)}**{exponent.within(SIGN)}", POWER)


def called(function: str, a: Source, b: Source) -> Source:
    """A function of two operands, as most languages write it."""
    return Source(f"{function}({a.text}, {b.text})")


@dataclass(frozen=True)
class Language:
    """How one language writes an expression.

    functions: the name called for each sympy function; sqrt: that for the square root.
    power, quotient: the code of two operands; extreme: that of max or min of two, with the name in `functions`; whole,
    ratio, decimal: the code of an integer, of a quotient of two, and of any other number.
    spells: whether constants such as sqrt(2*pi) are spelled out, not written as their values.
    names: of symbols and of named constants; fitted: names of floats that are parameters.
    """

    functions: Mapping[Any, str]
    sqrt: str
    power: Callable[[Source, Source], Source]
    whole: Callable[[int], str] = str
    decimal: Callable[[float], str] = repr
    quotient: Callable[[Source, Source], Source] = slash
    ratio: Callable[[str, str], Source] = lambda p, q: Source(f"{p}/{q}", PRODUCT, True)
    extreme: Callable[[str, Source, Source], Source] = called
    spells: bool = True
    names: Mapping[str, str] = field(default_factory=dict)
    fitted: Mapping[sympy.Float, str] = field(default_factory=dict)


def calls(prefix: str, **other: str) -> dict[Any, str]:
    """The name of each sympy function: the prefix and its name in the formula language, unless `other` has one."""
    named = {f.__name__: f for f in (sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan, sympy.asin, sympy.acos)}
    named |= {f.__name__: f for f in (sympy.atan, sympy.sinh, sympy.cosh, sympy.tanh)} | {"abs": sympy.Abs}
    named |= {"max": sympy.Max, "min": sympy.Min}
    return {function: other.get(name, f"{prefix}{name}") for name, function in named.items()}


def code(expr: sympy.Expr, language: Language) -> Source:
    """The source that computes `expr`, by the same operations as `kansr.expression.evaluate`."""
    if expr in language.fitted:
        return Source(language.fitted[expr])
    if expr.is_Symbol:
        return Source(language.names[expr.name])
    if expr.is_number and not (language.fitted and expr.has(sympy.Float)):
        return _constant(expr, language)
    if expr.func in REWRITES:
        return code(REWRITES[expr.func](expr.args[0]), language)
    if expr.is_Add:
        return _sum([code(arg, language) for arg in expr.args])
    if expr.is_Mul:
        return _product(expr, language)
    if expr.is_Pow:
        return _power(expr.base, expr.exp, language)
    if expr.func in EXTREMES:
        parts = [code(arg, language) for arg in ordered(expr.args)]
        return reduce(lambda a, b: language.extreme(language.functions[expr.func], a, b), parts)
    return Source(f"{language.functions[expr.func]}({code(expr.args[0], language).text})")


def _constant(expr: sympy.Expr, language: Language) -> Source:
    """A constant: spelled out where it is simple, else as a double."""
    if expr.is_Rational:
        return _rational(int(expr.p), int(expr.q), language)
    if expr.is_Float:
        return _signed(language.decimal(float(expr)))
    if expr.is_NumberSymbol and str(expr) in language.names:
        return Source(language.names[str(expr)])
    if _is_spelled(expr, language):
        return _product(expr, language) if expr.is_Mul else _power(expr.base, expr.exp, language)
    return _signed(language.decimal(float(expr)))


def _is_spelled(expr: sympy.Expr, language: Language) -> bool:
    """Whether a constant is spelled out: a product of small powers of rationals and pi."""
    if not language.spells or not (expr.is_Mul or expr.is_Pow):
        return False
    powers = (f.as_base_exp() for f in sympy.Mul.make_args(expr))
    return all(_is_atom(base) and exponent.is_Rational and abs(exponent) < MOST_EXPONENT for base, exponent in powers)


def _is_atom(base: sympy.Expr) -> bool:
    return bool(base is sympy.pi or base is sympy.S.NegativeOne or (base.is_Rational and base.is_positive))


def _rational(p: int, q: int, language: Language) -> Source:
    if max(abs(p), q) > EXACT:
        return _signed(language.decimal(p / q))
    return _signed(language.whole(p)) if q == 1 else language.ratio(language.whole(p), language.whole(q))


def _signed(text: str) -> Source:
    return Source(text, SIGN if text.startswith("-") else ATOM, True)


def _sum(terms: list[Source]) -> Source:
    text = terms[0].within(SUM)
    for term in terms[1:]:
        minus = term.text.startswith("-") and term.level > SUM
        text += f" - {term.text[1:]}" if minus else f" + {term.within(PRODUCT)}"
    return Source(text, SUM)


def _product(expr: sympy.Mul, language: Language) -> Source:
    """The factors in their order, those with a negative exponent in the denominator."""
    above, below = [], []
    for factor in expr.args:
        base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, sympy.S.One)
        if factor.is_Rational and not factor.is_Integer and max(abs(factor.p), factor.q) <= EXACT:
            above += [_signed(language.whole(int(factor.p)))] if factor.p != 1 else []
            below.append(_signed(language.whole(int(factor.q))))
        elif exponent.is_Rational and exponent < 0 and (_is_spelled(factor, language) or not factor.is_number):
            below.append(_power(base, -exponent, language) if exponent != -1 else code(base, language))
        else:
            above.append(code(factor, language))
    sign = ""
    if above and above[0].text == language.whole(-1) and len(above) > 1:
        sign, above = "-", above[1:]
    top = _times(above) if above else _signed(language.whole(1))
    if below:
        top = language.quotient(top, _times(below))
    return Source(f"{sign}{top.within(PRODUCT)}", min(top.level, PRODUCT)) if sign else top


def _times(factors: list[Source]) -> Source:
    if len(factors) == 1:
        return factors[0]
    return Source("*".join([factors[0].within(PRODUCT), *(f.within(POWER) for f in factors[1:])]), PRODUCT)


def _power(base: sympy.Expr, exponent: sympy.Expr, language: Language) -> Source:
    if exponent == 1:
        return code(base, language)
    if exponent == HALF:
        return Source(f"{language.sqrt}({code(base, language).text})")
    if exponent.is_Rational and exponent < 0:
        one = _signed(language.whole(1))
        return language.quotient(one, _power(base, -exponent, language))
    return language.power(code(base, language), code(exponent, language))
