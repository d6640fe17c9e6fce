"""Rewrites, each of which keeps the value of an expression wherever it was real; every one says where it holds."""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy

from kansr.expression.roots import into_roots, simple_roots

Rule = Callable[[sympy.Expr], sympy.Expr]
Size = Callable[[sympy.Expr], float]  # of a term of a sum
DUST = 1e-6  # share of a sum below which a fitted constant in it is rounding
PERIODIC = (sympy.sin, sympy.cos)


def by_coefficient(term: sympy.Expr) -> float:
    """How large a term is, judged by its coefficient alone."""
    return abs(float(term.as_coeff_Mul()[0]))


def canonical(expr: sympy.Expr, size: Size | None = None) -> sympy.Expr:
    """The same function with no redundant float, so that the data determine each of them.

    sqrt(2.1·u + 4.2·v) becomes 1.4·sqrt(u + 2.0·v); log(2.0·u) becomes log(u) + 0.7; c·(2.0·u + 6.0)·w becomes
    c'·(u + 3.0)·w; sin(u + 9.5) becomes −sin(u + 0.08). Holds wherever the expression was real. With a `size` that
    knows the data (see evaluate.typical_size) float constants that vanish beside the rest of their sum are dropped.
    """
    if not expr.args:
        return expr
    expr = expr.func(*(canonical(arg, size) for arg in expr.args))
    if expr.is_Add and size is not None:
        return _without_dust(expr, size)
    if expr.is_Pow and expr.base.is_Add:
        return _unscale_power(expr.base, expr.exp, size or by_coefficient)
    if expr.is_Mul:
        return _unscale_factors(expr, size or by_coefficient)
    if expr.func is sympy.log:
        return _unscale_log(expr.args[0], size or by_coefficient)
    if expr.func in PERIODIC:
        return _reduce_phase(expr)
    return expr


def _without_dust(total: sympy.Add, size: Size) -> sympy.Expr:
    constant, terms = total.as_coeff_add()
    if constant.is_Float and abs(constant) < DUST * max(size(term) for term in terms):
        return sympy.Add(*terms)
    return total


def leading_float(total: sympy.Add, size: Size) -> sympy.Float | None:
    """The coefficient to divide a sum by: its float constant if that matters, else the float of its largest term.

    None when a term has no float (the scale is already fixed by that term).
    """
    constant, terms = total.as_coeff_add()
    coefficients = [term.as_coeff_Mul()[0] for term in terms]
    if not all(c.is_Float for c in [*coefficients, *([constant] if constant != 0 else [])]):
        return None
    sizes = [size(term) for term in terms]
    if constant != 0 and abs(constant) > 0.01 * max(sizes):
        return constant
    return coefficients[max(range(len(sizes)), key=sizes.__getitem__)]


def divided(total: sympy.Add, scale: sympy.Expr) -> sympy.Expr:
    """total / scale, term by term; a term whose coefficient is the scale loses it altogether."""
    terms = []
    for term in total.args:
        coefficient, rest = term.as_coeff_Mul()
        unit = sympy.S.One if coefficient == scale else sympy.S.NegativeOne if coefficient == -scale else None
        terms.append((coefficient / scale if unit is None else unit) * rest)
    return sympy.Add(*terms)


def _unscale_power(base: sympy.Add, exponent: sympy.Expr, size: Size) -> sympy.Expr:
    scale = leading_float(base, size)
    if scale is None or scale == 0:
        return base**exponent
    if scale < 0 and not exponent.is_integer:  # only a positive factor may leave a root
        scale = -scale
    return scale**exponent * divided(base, scale) ** exponent


def _unscale_factors(expr: sympy.Mul, size: Size) -> sympy.Expr:
    sums = [factor for factor in expr.args if factor.is_Add]
    others = [factor for factor in expr.args if not factor.is_Add]
    outside, parts = sympy.S.One, []
    for total in sums:
        scale = leading_float(total, size)
        parts.append(total if scale is None else divided(total, scale))
        outside = outside * (1 if scale is None else scale)
    return sympy.Mul(outside, *others, *parts)


def _unscale_log(argument: sympy.Expr, size: Size) -> sympy.Expr:
    if argument.is_Add:
        scale = leading_float(argument, size)
        if scale is not None and scale != 0:
            return sympy.log(divided(argument, abs(scale))) + sympy.Float(math.log(abs(scale)))
        return sympy.log(argument)
    coefficient, rest = argument.as_coeff_Mul()
    if coefficient.is_Float and coefficient > 0 and rest != 1:
        return sympy.log(rest) + sympy.Float(math.log(coefficient))
    return sympy.log(argument)


def _reduce_phase(expr: sympy.Expr) -> sympy.Expr:
    """sin and cos of u + c with c brought into (−pi/2, pi/2], by their antiperiod pi."""
    constant, rest = expr.args[0].as_coeff_Add()
    if not constant.is_Float or rest == 0:
        return expr
    turns = math.floor(float(constant) / math.pi + 0.5)
    if turns == 0:
        return expr
    return (-1) ** turns * expr.func(rest + sympy.Float(float(constant) - turns * math.pi))


def without_floats(rule: Rule) -> Rule:
    """The rule applied with every float hidden behind a symbol: some rules are safe and fast on exact numbers only."""

    def apply(expr: sympy.Expr) -> sympy.Expr:
        hidden = {v: sympy.Dummy(positive=v > 0) for v in expr.atoms(sympy.Float)}
        return rule(expr.xreplace(hidden)).xreplace({dummy: v for v, dummy in hidden.items()})

    return apply


def combine_fractions(expr: sympy.Expr) -> sympy.Expr:
    """One fraction, common factors cancelled; holds but where a cancelled factor is 0."""
    return sympy.cancel(sympy.together(expr))


def merge_roots(expr: sympy.Expr) -> sympy.Expr:
    """sqrt(a)·sqrt(b) as sqrt(a·b) for positive arguments, exp(a)·exp(b) as exp(a + b)."""
    return sympy.powsimp(expr, force=False)


def join_logs(expr: sympy.Expr) -> sympy.Expr:
    """c·log(a) − c·log(b) as c·log(a/b), in every sum; holds where both were real."""

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
    return sympy.factor_terms(expr, radical=True)


TEXTBOOK: tuple[Rule, ...] = (
    collect_terms,
    into_roots,
    simple_roots,
    sympy.expand,
    sympy.factor,
    sympy.together,
    combine_fractions,
    merge_roots,
    join_logs,
    sympy.expand_log,
    lambda e: merge_roots(sympy.factor(e)),
    lambda e: join_logs(sympy.expand(e)),
    lambda e: sympy.expand_power_base(merge_roots(e)),
)
