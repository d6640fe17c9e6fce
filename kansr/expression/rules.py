"""Rewrite rules: the canonical form without redundant constants, and rules of algebra.

A rule maps an expression to one with the same values. Its docstring has the row "pattern -> result" and says where that
holds; a rule that holds "everywhere" holds wherever the pattern is real. `simplify` checks each result by value.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy

from kansr.expression.radicals import cancel_under_radicals, into_radicals

Rule = Callable[[sympy.Expr], sympy.Expr]
Size = Callable[[sympy.Expr], float]  # how large a term is, as its rms on the rows
RELATIVE_ROUNDING = 1e-6  # a fitted constant below this times the largest other term of its sum is rounding
RELATIVE_SCALE = 0.01  # the constant of a sum is its scale if it is above this times the largest term
PERIODIC = (sympy.sin, sympy.cos)


def by_coefficient(term: sympy.Expr) -> float:
    """The size of a term without data: its numerical coefficient."""
    return abs(float(term.as_coeff_Mul()[0]))


def canonical(expr: sympy.Expr, size: Size | None = None) -> sympy.Expr:
    """The canonical form: no float is redundant, so that the data determine every constant.

    sqrt(2.1*u + 4.2*v)   -> 1.4*sqrt(u + 2.0*v)   everywhere
    c*(2.0*u + 6.0)*w     -> c'*(u + 3.0)*w        everywhere
    log(2.0*u)            -> log(u) + 0.7          everywhere
    abs(2.0*u + 6.0)      -> 2.0*abs(u + 3.0)      everywhere
    sin(u + 9.5)          -> -sin(u + 0.08)        everywhere; cos likewise
    u + 1e-9              -> u                     where 1e-9 is rounding beside u; needs `size`

    size: the size of a term on the data, see evaluate.typical_size; its coefficient if None.
    """
    if not expr.args:
        return expr
    expr = expr.func(*(canonical(arg, size) for arg in expr.args))
    if expr.is_Add and size is not None:
        return _without_rounding(expr, size)
    if expr.is_Pow and expr.base.is_Add:
        return _unscale_power(expr.base, expr.exp, size or by_coefficient)
    if expr.is_Mul:
        return _unscale_factors(expr, size or by_coefficient)
    if expr.func is sympy.log:
        return _unscale_log(expr.args[0], size or by_coefficient)
    if expr.func in PERIODIC:
        return _reduce_phase(expr)
    if expr.func is sympy.Abs and expr.args[0].is_Add:
        return _unscale_abs(expr.args[0], size or by_coefficient)
    return expr


def _without_rounding(total: sympy.Add, size: Size) -> sympy.Expr:
    """u + c -> u, for a float c below RELATIVE_ROUNDING of the largest term."""
    constant, terms = total.as_coeff_add()
    if constant.is_Float and abs(constant) < RELATIVE_ROUNDING * max(size(term) for term in terms):
        return sympy.Add(*terms)
    return total


def leading_float(total: sympy.Add, size: Size) -> sympy.Float | None:
    """The scale of a sum: its float constant if that is not small, else the coefficient of its largest term.

    None where a term has no float coefficient, for such a term fixes the scale already.
    """
    constant, terms = total.as_coeff_add()
    coefficients = [term.as_coeff_Mul()[0] for term in terms]
    if not all(c.is_Float for c in [*coefficients, *([constant] if constant != 0 else [])]):
        return None
    sizes = [size(term) for term in terms]
    if constant != 0 and abs(constant) > RELATIVE_SCALE * max(sizes):
        return constant
    return coefficients[max(range(len(sizes)), key=sizes.__getitem__)]


def divided(total: sympy.Add, scale: sympy.Expr) -> sympy.Expr:
    """2.0*u + 6.0*v, 2.0 -> u + 3.0*v: total/scale term by term, with exactly 1 or -1 where coefficients cancel."""
    terms = []
    for term in total.args:
        coefficient, rest = term.as_coeff_Mul()
        unit = sympy.S.One if coefficient == scale else sympy.S.NegativeOne if coefficient == -scale else None
        terms.append((coefficient / scale if unit is None else unit) * rest)
    return sympy.Add(*terms)


def _unscale_power(base: sympy.Add, exponent: sympy.Expr, size: Size) -> sympy.Expr:
    """(2.0*u + 6.0*v)**p -> 2.0**p*(u + 3.0*v)**p. Only a positive factor leaves a power that is not an integer."""
    scale = leading_float(base, size)
    if scale is None or scale == 0:
        return base**exponent
    if scale < 0 and not exponent.is_integer:
        scale = -scale
    return scale**exponent * divided(base, scale) ** exponent


def _unscale_factors(expr: sympy.Mul, size: Size) -> sympy.Expr:
    """c*(2.0*u + 6.0*v)*w -> c'*(u + 3.0*v)*w with c' = 2.0*c, everywhere."""
    sums = [factor for factor in expr.args if factor.is_Add]
    others = [factor for factor in expr.args if not factor.is_Add]
    outside, parts = sympy.S.One, []
    for total in sums:
        scale = leading_float(total, size)
        parts.append(total if scale is None else divided(total, scale))
        outside = outside * (1 if scale is None else scale)
    return sympy.Mul(outside, *others, *parts)


def _unscale_log(argument: sympy.Expr, size: Size) -> sympy.Expr:
    """log(2.0*u + 6.0*v) -> log(u + 3.0*v) + log(2.0) and log(2.0*u) -> log(u) + log(2.0), everywhere."""
    if argument.is_Add:
        scale = leading_float(argument, size)
        if scale is not None and scale != 0:
            return sympy.log(divided(argument, abs(scale))) + sympy.Float(math.log(abs(scale)))
        return sympy.log(argument)
    coefficient, rest = argument.as_coeff_Mul()
    if coefficient.is_Float and coefficient > 0 and rest != 1:
        return sympy.log(rest) + sympy.Float(math.log(coefficient))
    return sympy.log(argument)


def _unscale_abs(argument: sympy.Add, size: Size) -> sympy.Expr:
    """abs(2.0*u + 6.0) -> 2.0*abs(u + 3.0), everywhere."""
    scale = _of_largest(argument, size)
    return sympy.Abs(argument) if not scale else abs(scale) * sympy.Abs(divided(argument, scale))


def _of_largest(total: sympy.Add, size: Size) -> sympy.Float | None:
    """The coefficient of the largest term that is no number, where all coefficients are floats."""
    if leading_float(total, size) is None:
        return None
    _, terms = total.as_coeff_add()
    return max(terms, key=size).as_coeff_Mul()[0]


def _reduce_phase(expr: sympy.Expr) -> sympy.Expr:
    """sin(u + c) -> (-1)**n*sin(u + c - n*pi) with the phase in [-pi/2, pi/2), everywhere; cos likewise."""
    constant, rest = expr.args[0].as_coeff_Add()
    if not constant.is_Float or rest == 0:
        return expr
    turns = math.floor(float(constant) / math.pi + 0.5)
    if turns == 0:
        return expr
    return (-1) ** turns * expr.func(rest + sympy.Float(float(constant) - turns * math.pi))


def without_floats(rule: Rule) -> Rule:
    """The rule with every float replaced by a symbol meanwhile: some rules of sympy are slow or inexact on floats."""

    def apply(expr: sympy.Expr) -> sympy.Expr:
        hidden = {v: sympy.Dummy(positive=v > 0) for v in expr.atoms(sympy.Float)}
        return rule(expr.xreplace(hidden)).xreplace({dummy: v for v, dummy in hidden.items()})

    return apply


def combine_fractions(expr: sympy.Expr) -> sympy.Expr:
    """a/c + b/d -> (a*d + b*c)/(c*d), common factors cancelled; except where a cancelled factor is 0."""
    return sympy.cancel(sympy.together(expr))


def merge_radicals(expr: sympy.Expr) -> sympy.Expr:
    """sqrt(a)*sqrt(b) -> sqrt(a*b) for positive a, b; exp(a)*exp(b) -> exp(a + b) everywhere."""
    return sympy.powsimp(expr, force=False)


def join_logs(expr: sympy.Expr) -> sympy.Expr:
    """c*log(a) - c*log(b) -> c*log(a/b) in sums, everywhere."""

    def join(total: sympy.Add) -> sympy.Expr:
        groups: dict[sympy.Expr, list[sympy.Expr]] = {}
        rest = []
        for term in total.args:
            logs = [f for f in sympy.Mul.make_args(term) if f.func is sympy.log]
            if len(logs) != 1:
                rest.append(term)
                continue
            factor = term / logs[0]
            sign = -1 if factor.could_extract_minus_sign() else 1
            groups.setdefault(sign * factor, []).append(logs[0].args[0] ** sign)
        return sympy.Add(*rest, *(factor * sympy.log(sympy.Mul(*args)) for factor, args in groups.items()))

    return expr.replace(lambda e: e.is_Add, join)


def collect_terms(expr: sympy.Expr) -> sympy.Expr:
    """2*x + 2*y -> 2*(x + y): factors that all terms share, under radicals too; everywhere."""
    return sympy.factor_terms(expr, radical=True)


# Rules of algebra, in the order in which they are tried.
ALGEBRA: tuple[Rule, ...] = (
    collect_terms,
    into_radicals,
    cancel_under_radicals,
    sympy.expand,  # a*(b + c) -> a*b + a*c
    sympy.factor,  # a**2 + 2*a*b + b**2 -> (a + b)**2
    sympy.together,  # a/c + b/d -> (a*d + b*c)/(c*d)
    combine_fractions,
    merge_radicals,
    join_logs,
    sympy.expand_log,  # log(a*b) -> log(a) + log(b), for positive a, b
    lambda e: merge_radicals(sympy.factor(e)),
    lambda e: join_logs(sympy.expand(e)),
    lambda e: sympy.expand_power_base(merge_radicals(e)),
)
