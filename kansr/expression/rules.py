"""Rewrites, each of which keeps the value of an expression wherever it was real; every one says where it holds."""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy

from kansr.expression.complexity import complexity

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


def join_roots(expr: sympy.Expr) -> sympy.Expr:
    """sqrt(a)/sqrt(b) as sqrt(a/b), in every product; holds where both were real."""

    def join(product: sympy.Mul) -> sympy.Expr:
        halves = [f for f in product.args if f.is_Pow and abs(f.exp) == sympy.Rational(1, 2) and f.free_symbols]
        if len(halves) < 2:
            return product
        rest = sympy.Mul(*(f for f in product.args if f not in halves))
        return rest * sympy.sqrt(sympy.Mul(*(f.base ** (1 if f.exp > 0 else -1) for f in halves)))

    return expr.replace(lambda e: e.is_Mul, join)


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


def into_roots(expr: sympy.Expr) -> sympy.Expr:
    """x·sqrt(a/x**2 + b) as sqrt(a + b·x**2), in every product; holds for x > 0."""

    def pull(product: sympy.Mul) -> sympy.Expr:
        for root in product.args:
            if not (root.is_Pow and root.base.is_Add and abs(root.exp) == sympy.Rational(1, 2)):
                continue
            for factor in product.args:
                base, power = factor.as_base_exp()
                if base in root.base.free_symbols and power.is_Integer:
                    inside = sympy.expand(root.base * base ** (power / root.exp))
                    shorter = product / root / factor * inside**root.exp
                    if complexity(shorter) < complexity(product):
                        return pull(shorter) if shorter.is_Mul else shorter
        return product

    return expr.replace(lambda e: e.is_Mul, pull)


def out_of_roots(expr: sympy.Expr, sign: Callable[[sympy.Expr], int]) -> sympy.Expr:
    """sqrt(u**2·w) as u·sqrt(w), in every root; `sign` says which sign u has, 0 where it has both and stays inside."""

    def pull(root: sympy.Pow) -> sympy.Expr:
        outside, inside = sympy.S.One, sympy.S.One
        factored = sympy.factor(root.base)
        total = root.base.is_Add or any(f.is_Add for f in sympy.Mul.make_args(root.base))
        for factor in sympy.Mul.make_args(factored):
            base, power = factor.as_base_exp()
            # what divides a sum stays with it, sqrt(1 + u/v**2), and so does what a sum has in all its terms
            stays = total and not base.is_Add and (power < 0 or root.base.is_Add)
            if base.free_symbols and power.is_Integer and power % 2 == 0 and not stays and sign(base):
                outside = outside * (sign(base) * base) ** (power * root.exp)
            else:
                inside = inside * factor
        over, under = (sympy.expand(part) for part in sympy.fraction(inside))
        if sign(under) < 0:
            over, under = -over, -under
        if outside == 1 and over != 1:
            return root
        apart = under.is_Add or over == 1
        return outside * (over**root.exp * under**-root.exp if apart else (over / under) ** root.exp)

    return expr.replace(lambda e: e.is_Pow and e.base.free_symbols and e.exp.is_Rational and e.exp.q == 2, pull)


def _rooted(monomial: sympy.Expr, power: sympy.Rational) -> sympy.Expr:
    """monomial**power, factor by factor, for positive factors."""
    return sympy.Mul(*(b ** (e * power) for b, e in monomial.as_powers_dict().items()))


def unit_roots(expr: sympy.Expr) -> sympy.Expr:
    """1/sqrt(v**-2 − c**-2) as v/sqrt(1 − v**2/c**2): under a root that divides, textbooks have a 1.

    Holds where what leaves the root is positive.
    """

    def unit(root: sympy.Pow) -> sympy.Expr:
        monomials = [sympy.Mul(*(f for f in sympy.Mul.make_args(term) if f.free_symbols)) for term in root.base.args]
        inverse = any(f.is_Pow and f.exp.is_negative for m in monomials for f in sympy.Mul.make_args(m))
        if 1 in monomials or not inverse:
            return root
        forms = []
        for monomial in monomials:
            inside = sympy.expand(root.base / monomial)
            form = _rooted(monomial, root.exp) * inside**root.exp
            forms.append((complexity(form), bool(inside.as_coeff_Add()[0] < 0), str(form), form))
        return min(forms, key=lambda entry: entry[:3])[3]

    return expr.replace(lambda e: e.is_Pow and e.base.is_Add and e.exp.is_Rational and e.exp.q == 2 and e.exp < 0, unit)


def unit_differences(expr: sympy.Expr) -> sympy.Expr:
    """c·u/sqrt(c**2 − v**2) as u/sqrt(1 − v**2/c**2), in every product with an odd power of c; holds for c > 0."""

    def unit(product: sympy.Mul) -> sympy.Expr:
        powers = product.as_powers_dict()
        for root in product.args:
            if not (
                root.is_Pow and root.exp == -sympy.Rational(1, 2) and root.base.is_Add and len(root.base.args) == 2
            ):
                continue
            for base, power in powers.items():
                if base.is_Symbol and power.is_Integer and power % 2 and base**2 in root.base.args:
                    inside = sympy.expand(root.base / base**2)
                    if (inside - 1).could_extract_minus_sign():
                        return product / base / root / sympy.sqrt(inside)
        return product

    return expr.replace(lambda e: e.is_Mul, unit)


def simple_roots(expr: sympy.Expr) -> sympy.Expr:
    """What stands under a root as one fraction, where that is shorter: sqrt(1 + 1/(a − 1)) as sqrt(a/(a − 1))."""

    def one_fraction(root: sympy.Pow) -> sympy.Expr:
        base = sympy.cancel(sympy.together(root.base))
        return base**root.exp if complexity(base) < complexity(root.base) else root

    return expr.replace(lambda e: e.is_Pow and e.base.is_Add and e.exp.is_Rational and e.exp.q == 2, one_fraction)


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
