"""Rules for radicals: what stands before a root, what under it, and which term under it is 1.

Each docstring has the row "pattern -> result" and says where it holds; "everywhere" means wherever the pattern is real.
`simplify` checks the values, so a rule that needs a positive factor does no harm where the factor is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy

from kansr.expression.complexity import complexity
from kansr.expression.forms import common_monomial

HALF = sympy.Rational(1, 2)


def join_radicals(expr: sympy.Expr) -> sympy.Expr:
    """sqrt(a)/sqrt(b) -> sqrt(a/b) and a**(2/3)*b**(2/3) -> (a*b)**(2/3) in products, everywhere."""

    def join(product: sympy.Mul) -> sympy.Expr:
        groups: dict[sympy.Expr, list[sympy.Pow]] = {}
        for f in product.args:
            if f.is_Pow and f.exp.is_Rational and not f.exp.is_Integer and f.free_symbols:
                groups.setdefault(abs(f.exp), []).append(f)
        for power, roots in groups.items():
            if len(roots) > 1:
                joined = sympy.Mul(*(f.base ** (1 if f.exp > 0 else -1) for f in roots))
                product = product / sympy.Mul(*roots) * joined**power
        return product

    return expr.replace(lambda e: e.is_Mul, join)


def into_radicals(expr: sympy.Expr) -> sympy.Expr:
    """x*sqrt(a/x**2 + b) -> sqrt(a + b*x**2) in products, where that is shorter; for x > 0."""

    def pull(product: sympy.Mul) -> sympy.Expr:
        for root in product.args:
            if not (root.is_Pow and root.base.is_Add and abs(root.exp) == HALF):
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


def out_of_radicals(expr: sympy.Expr, sign: Callable[[sympy.Expr], int]) -> sympy.Expr:
    """sqrt(u**2*w) -> u*sqrt(w) for u > 0 and -u*sqrt(w) for u < 0, in square roots.

    sign: 1 or -1 for an expression of one sign on the data, 0 for one of both signs, which stays under the root.
    """

    def pull(root: sympy.Pow) -> sympy.Expr:
        outside, inside = sympy.S.One, sympy.S.One
        factored = sympy.factor(root.base)
        total = root.base.is_Add or any(f.is_Add for f in sympy.Mul.make_args(root.base))
        for factor in sympy.Mul.make_args(factored):
            base, power = factor.as_base_exp()
            # a divisor of a sum stays with it, sqrt(1 + u/v**2), and so does a factor that all its terms share
            stays = total and not base.is_Add and (power.could_extract_minus_sign() or root.base.is_Add)
            if base.free_symbols and power.is_Integer and power % 2 == 0 and not stays and sign(base):
                outside = outside * (sign(base) * base) ** (power * root.exp)
            else:
                inside = inside * factor
        over, under = (sympy.expand(part) for part in sympy.fraction(inside))
        if sign(under) < 0:
            over, under = -over, -under
        if outside == 1 and over != 1:
            return root
        apart = (over.is_number and under.is_Add) or over == 1
        return outside * (over**root.exp * under**-root.exp if apart else (over / under) ** root.exp)

    return expr.replace(lambda e: e.is_Pow and e.base.free_symbols and e.exp.is_Rational and e.exp.q == 2, pull)


def cancel_under_radicals(expr: sympy.Expr) -> sympy.Expr:
    """sqrt(1 + 1/(a - 1)) -> sqrt(a/(a - 1)): one fraction under a root, where that is shorter; everywhere."""

    def one_fraction(root: sympy.Pow) -> sympy.Expr:
        base = sympy.cancel(sympy.together(root.base))
        return base**root.exp if complexity(base) < complexity(root.base) else root

    return expr.replace(lambda e: e.is_Pow and e.base.is_Add and e.exp.is_Rational and e.exp.q == 2, one_fraction)


def factor_under_radicals(expr: sympy.Expr) -> sympy.Expr:
    """sqrt(a**2 + 2*a*b + b**2) -> sqrt((a + b)**2), factored or expanded, where that is shorter; everywhere.

    sympy may take even powers of positive factors out of the root.
    """

    def factor(root: sympy.Pow) -> sympy.Expr:
        forms = (root, sympy.factor(root.base) ** root.exp, sympy.expand(root.base) ** root.exp)
        return min(forms, key=complexity)

    return expr.replace(lambda e: e.is_Pow and e.base.has(sympy.Add) and e.exp.is_Rational and e.exp.q > 1, factor)


def unit_term_radicals(expr: sympy.Expr) -> sympy.Expr:
    """1/sqrt(v**-2 - c**-2) -> v/sqrt(1 - v**2/c**2): a 1 under a root in the denominator, as textbooks have it.

    Holds where the factor that leaves the root is positive.
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


def _rooted(monomial: sympy.Expr, power: sympy.Rational) -> sympy.Expr:
    """(a*b)**p -> a**p*b**p, for positive factors."""
    return sympy.Mul(*(b ** (e * power) for b, e in monomial.as_powers_dict().items()))


def unit_term_differences(expr: sympy.Expr) -> sympy.Expr:
    """c*u/sqrt(c**2 - v**2) -> u/sqrt(1 - v**2/c**2) in products with an odd power of c; for c > 0.

    Likewise sqrt(c**2 - v**2)/(c + v) -> sqrt(1 - v**2/c**2)/(1 + v/c).
    """

    def unit(product: sympy.Mul) -> sympy.Expr:
        for root in product.args:
            if not (root.is_Pow and abs(root.exp) == HALF):
                continue
            for factor in sympy.Mul.make_args(root.base):
                total, power = factor.as_base_exp()
                if not (total.is_Add and len(total.args) == 2 and abs(power) == 1):
                    continue
                for base in sorted(total.free_symbols, key=str):
                    inside = sympy.expand(total / base**2)
                    if base**2 not in total.args or not (inside - 1).could_extract_minus_sign():
                        continue
                    taken = _absorbed(product / root, base, 2 * root.exp * power)
                    if taken is not None:
                        return taken * (root.base / factor * inside**power) ** root.exp
        return product

    return expr.replace(lambda e: e.is_Mul, unit)


def _absorbed(product: sympy.Expr, base: sympy.Symbol, power: sympy.Integer) -> sympy.Expr | None:
    """product*base**power, taken up by an odd power of `base` or by a sum with the term `base`; None without one."""
    if power < 0:
        return product * base**power if product.as_powers_dict().get(base, 0) % 2 == 1 else None
    for factor in sympy.Mul.make_args(product):
        total, exponent = factor.as_base_exp()
        if total.is_Add and exponent == -power and base in total.args:
            return product / factor * sympy.Add(*(term / base for term in total.args)) ** exponent
    return None


def divide_into_radicals(expr: sympy.Expr) -> sympy.Expr:
    """sqrt(x**2 + y)/x -> sqrt(1 + y/x**2) in products, where that is no longer; for x > 0.

    Not where x would remain in every term: sqrt(x**4 + y)/x has the sign of x, which the root would hide.
    """

    def move_in(product: sympy.Mul) -> sympy.Expr:
        powers = product.as_powers_dict()
        for root, bases in _roots(product):
            if root.exp != HALF or any(powers[b] > 0 for b in bases):
                continue
            moved = sympy.Mul(*(b ** powers[b] for b in bases))
            inside = sympy.Add(*(t * moved**2 for t in root.base.args))
            apart = inside / common_monomial(*inside.args)
            if any(all(t.has(b) for t in sympy.expand(apart).args) for b in bases):
                continue
            units = (sympy.S.One, common_monomial(*inside.args), common_monomial(*inside.args, over=True))
            forms = [product / root / moved * sympy.sqrt(u * sympy.Add(*(t / u for t in inside.args))) for u in units]
            best = min(forms, key=complexity)
            if complexity(best) <= complexity(product):
                return best
        return product

    return expr.replace(lambda e: e.is_Mul, move_in)


def leading_power_radicals(expr: sympy.Expr) -> sympy.Expr:
    """sqrt((x**4 + y)/x**2) -> x*sqrt(1 + y/x**4) in square roots; for x > 0.

    Only where x would otherwise remain in every term of the sum.
    """

    def pull(root: sympy.Pow) -> sympy.Expr:
        for factor in sympy.Mul.make_args(root.base):
            base, power = factor.as_base_exp()
            total = root.base / factor
            if not (base.is_Symbol and power.is_Integer and power < 0 and power % 2 == 0 and total.is_Add):
                continue
            own = [t for t in total.args if t.free_symbols == {base} and t.is_Pow and t.exp % 2 == 0]
            if len(own) == 1 and own[0].exp > -power:
                inside = sympy.Add(*(t / own[0] for t in total.args))
                return base ** ((own[0].exp + power) / 2) * sympy.sqrt(inside)
        return root

    return expr.replace(lambda e: e.is_Pow and e.exp == HALF and e.base.is_Mul, pull)


def even_power_radicals(expr: sympy.Expr) -> sympy.Expr:
    """c*sqrt(p**2 + c**2*m**2) -> sqrt(c**2*p**2 + c**4*m**2) in products; for c > 0.

    Only where c scales another quantity under the root: x*sqrt(x**2 + y**2), where x is a side of a triangle, stays.
    So does a root with a number under it, x*sqrt(1 + x**2*y).
    """

    def move_in(product: sympy.Mul) -> sympy.Expr:
        powers = product.as_powers_dict()
        for root, bases in _roots(product):
            terms = root.base.args
            if root.exp != HALF or any(not t.free_symbols for t in terms):
                continue
            for base in bases:
                held = [t for t in terms if t.has(base)]
                scaled = all(t.as_powers_dict().get(base) == 2 and t.free_symbols != {base} for t in held)
                if powers[base] == 1 and scaled and len(held) < len(terms):
                    inside = sympy.Add(*(t * base**2 for t in terms))
                    return product / root / base * inside**HALF
        return product

    return expr.replace(lambda e: e.is_Mul, move_in)


def _roots(product: sympy.Mul) -> Iterator[tuple[sympy.Pow, list[sympy.Symbol]]]:
    """Each square root of a sum in a product, with the symbols that are in it and, in whole powers, beside it."""
    powers = product.as_powers_dict()
    for factor in product.args:
        if factor.is_Pow and factor.base.is_Add and abs(factor.exp) == HALF:
            inside = factor.base.free_symbols
            bases = [b for b in powers if b.is_Symbol and powers[b].is_Integer and b in inside]
            if bases:
                yield factor, sorted(bases, key=str)
