"""What a textbook prints among forms of one function: fewer signs, whole squares, halved angles, factors in front."""

from __future__ import annotations

import sympy

from kansr.expression.complexity import complexity


def whole_numbers(expr: sympy.Expr) -> sympy.Expr:
    """2.0 as 2: decimals that are whole and no powers of ten with many digits."""
    return expr.xreplace(
        {v: sympy.Integer(int(v)) for v in expr.atoms(sympy.Float) if float(v).is_integer() and abs(v) < 1e6}
    )


def content(*monomials: sympy.Expr, over: bool = False) -> sympy.Expr:
    """The factors that all the monomials have, as far as they all have them; `over`: the common denominator too."""
    powers = [m.as_coeff_Mul()[1].as_powers_dict() for m in monomials]
    common = sympy.S.One
    for base in dict.fromkeys(base for p in powers for base in p):
        exponents = [p.get(base, sympy.S.Zero) for p in powers]
        if base.free_symbols and all(e.is_Rational for e in exponents):
            low, high = min(exponents), max(exponents)
            common = common * base ** (low if low > 0 or over else min(high, 0))
    return common


def _root(monomial: sympy.Expr) -> sympy.Expr | None:
    """The monomial whose square this is, None where there is none with whole exponents and no radical."""
    number, rest = monomial.as_coeff_Mul()
    root = sympy.sqrt(number)
    if not (root.is_Rational or root.is_Float):
        return None
    for base, power in rest.as_powers_dict().items():
        if not (power.is_Integer and power % 2 == 0):
            return None
        root = root * base ** (power / 2)
    return root


def complete_squares(expr: sympy.Expr, near: float = 1e-12) -> sympy.Expr:
    """a**2 − 2·a·b + b**2 as (a − b)**2, times a common factor, in every sum.

    near: how far the coefficient of the product may be from that of the square, relative to it; it stays what it is.
    """

    def complete(total: sympy.Add) -> sympy.Expr:
        terms = list(total.args)
        for i, first in enumerate(terms):
            for second in terms[i + 1 :]:
                common = content(first, second, over=True)
                a, b = _root(first / common), _root(second / common)
                if a is None or b is None:
                    continue
                for cross in terms:
                    ratio = cross / (2 * a * b * common)
                    if cross not in (first, second) and ratio.is_number and abs(abs(ratio) - 1) <= near:
                        rest = [t for t in terms if t not in (first, second, cross)]
                        return complete(sympy.Add(*rest, common * (a + ratio * b) ** 2))
        return total

    return expr.replace(lambda e: e.is_Add and len(e.args) > 2, complete)


def join_conjugates(expr: sympy.Expr) -> sympy.Expr:
    """(a − b)**n·(a + b)**n as (a**2 − b**2)**n, in every product."""

    def join(product: sympy.Mul) -> sympy.Expr:
        pairs = [f.as_base_exp() for f in product.args if f.as_base_exp()[0].is_Add]
        for i, (first, power) in enumerate(pairs):
            for second, other in pairs[i + 1 :]:
                if power != other or len(first.args) != 2:
                    continue
                a, b = first.args
                if second in (a - b, b - a):
                    square = a**2 - b**2 if second == a - b else b**2 - a**2
                    return join(product / first**power / second**power * square**power)
        return product

    return expr.replace(lambda e: e.is_Mul, join)


def half_angles(expr: sympy.Expr) -> sympy.Expr:
    """k − k·cos(u) as 2·k·sin(u/2)**2 and k + k·cos(u) as 2·k·cos(u/2)**2, in every sum.

    Where that is no longer it is better: it keeps its digits where u is small.
    """

    def halve(total: sympy.Add) -> sympy.Expr:
        for term in total.args:
            wave = next((f for f in sympy.Mul.make_args(term) if f.func is sympy.cos), None)
            if wave is None:
                continue
            factor = term / wave
            for sign, function in ((-1, sympy.sin), (1, sympy.cos)):
                if sign * factor in total.args:
                    rest = total - term - sign * factor
                    return rest + 2 * sign * factor * function(wave.args[0] / 2) ** 2
        return total

    halved = whole_numbers(expr.replace(lambda e: e.is_Add, halve))
    return halved if complexity(halved) <= complexity(expr) else expr


def whole_angles(expr: sympy.Expr) -> sympy.Expr:
    """sin(u)**2 as (1 − cos(2·u))/2, everywhere."""
    return expr.replace(
        lambda e: e.is_Pow and e.base.func is sympy.sin and e.exp == 2,
        lambda e: (1 - sympy.cos(2 * e.base.args[0])) / 2,
    )


# of half the sum and half the difference of two angles: the sum of their waves, or the difference
_PRODUCTS = {
    sympy.sin: lambda p, q, sign: 2 * (sympy.sin(p) * sympy.cos(q) if sign > 0 else sympy.cos(p) * sympy.sin(q)),
    sympy.cos: lambda p, q, sign: 2 * sympy.cos(p) * sympy.cos(q) if sign > 0 else -2 * sympy.sin(p) * sympy.sin(q),
}


def multiplied_waves(expr: sympy.Expr) -> sympy.Expr:
    """k·sin(u) + k·sin(v) as 2·k·sin((u + v)/2)·cos((u − v)/2), and the like, in every sum where that is shorter."""

    def join(total: sympy.Add) -> sympy.Expr:
        waves = [(term, wave) for term in total.args for wave in sympy.Mul.make_args(term) if wave.func in _PRODUCTS]
        for i, (first, one) in enumerate(waves):
            for second, other in waves[i + 1 :]:
                factor = first / one
                sign = 1 if second == factor * other else -1 if second == -factor * other else 0
                if not sign or one.func is not other.func:
                    continue
                u, v = one.args[0], other.args[0]
                product = _PRODUCTS[one.func](sympy.expand(u + v) / 2, sympy.expand(u - v) / 2, sign)
                shorter = total - first - second + factor * product
                if complexity(shorter) < complexity(total):
                    return join(shorter) if shorter.is_Add else shorter
        return total

    return expr.replace(lambda e: e.is_Add, join)


def pythagoras(expr: sympy.Expr) -> sympy.Expr:
    """k − k·sin(u)**2 as k·cos(u)**2 and the other way, in every sum."""
    other = {sympy.sin: sympy.cos, sympy.cos: sympy.sin}

    def take(total: sympy.Add) -> sympy.Expr:
        for term in total.args:
            for square in sympy.Mul.make_args(term):
                if square.is_Pow and square.exp == 2 and square.base.func in other and -term / square in total.args:
                    factor = -term / square
                    return total - term - factor + factor * other[square.base.func](square.base.args[0]) ** 2
        return total

    return expr.replace(lambda e: e.is_Add, take)


def unit_sums(expr: sympy.Expr) -> sympy.Expr:
    """c·(u + v/c) as c·u + v, c/(c + u) as 1/(1 + u/c): what stands before a sum cancels in it if that is shorter."""

    def divide(product: sympy.Mul) -> sympy.Expr:
        best = product
        for factor in product.args:
            total, power = factor.as_base_exp()
            if not (total.is_Add and power.is_Integer) or any(t.is_number for t in total.args):
                continue
            before = product / factor
            for unit in {content(term, before ** (-1 / power)) for term in total.args}:
                inside = sympy.Add(*(t / unit for t in total.args))
                if power < 0 and not any(t.is_number for t in inside.args):
                    continue
                form = before * unit**power * inside**power
                best = min(best, form, key=lambda e: (complexity(e), str(e)))
        return best

    return expr.replace(lambda e: e.is_Mul, divide)


def common_factors(expr: sympy.Expr) -> sympy.Expr:
    """x·y + x as x·(y + 1): what all terms of a sum share stands before it, where that is no longer."""

    def take_out(total: sympy.Add) -> sympy.Expr:
        common = content(*total.args)
        if common == 1:
            return total
        apart = sympy.Mul(common, sympy.Add(*(t / common for t in total.args)), evaluate=False)
        return common * apart.args[1] if complexity(apart) <= complexity(total) else total

    return expr.replace(lambda e: e.is_Add, take_out)


def few_signs(expr: sympy.Expr) -> sympy.Expr:
    """−x·(y − z) as x·(z − y) and (−x − y)/(z − 1) as (x + y)/(1 − z), in every product."""

    def turn(product: sympy.Mul) -> sympy.Expr:
        sign, mixed = 1, None
        parts: list[sympy.Expr] = []
        for factor in product.args:
            total, power = factor.as_base_exp()
            if total.is_Add and power.is_Integer and power % 2:
                minus = sum(t.could_extract_minus_sign() for t in total.args)
                if 2 * minus > len(total.args):
                    sign, factor = -sign, (-total) ** power
                if minus and 2 * minus >= len(total.args) > minus:
                    mixed = len(parts) if mixed is None else mixed
            parts.append(factor)
        negative = (sign < 0) != bool(product.as_coeff_Mul()[0].is_negative)
        if negative and mixed is not None:
            total, power = parts[mixed].as_base_exp()
            sign, parts[mixed] = -sign, (-total) ** power
        if sign == 1 and tuple(parts) == product.args:
            return product  # made anew it would be multiplied out where a number stands before a sum
        return sign * sympy.Mul(*parts)

    return expr.replace(lambda e: e.is_Mul, turn)


def powers_of_logs(expr: sympy.Expr) -> sympy.Expr:
    """exp(n·log(x)) as x**n, exp(n·(log(x) + 0.7)) as (2·x)**n, in every exponential; holds where it was real."""

    def join(exponential: sympy.Expr) -> sympy.Expr:
        terms = sympy.Add.make_args(sympy.expand(exponential.args[0]))
        bases: dict[sympy.Expr, sympy.Expr] = {}
        rest = []
        for term in terms:
            logs = [f for f in sympy.Mul.make_args(term) if f.func is sympy.log]
            if len(logs) == 1:
                power = term / logs[0]
                bases[power] = bases.get(power, sympy.S.One) * logs[0].args[0]
            else:
                rest.append(term)
        for term in rest[:]:
            for power in bases:
                number = term / power
                if number.is_number and not power.is_number:
                    bases[power] = bases[power] * sympy.exp(number)
                    rest.remove(term)
                    break
        power_product = sympy.Mul(*(base**power for power, base in bases.items()))
        return power_product * sympy.exp(sympy.Add(*rest)) if bases else exponential

    joined = expr.replace(lambda e: e.func is sympy.exp and e.has(sympy.log), join)
    return joined if complexity(joined) <= complexity(expr) else expr


def shifted_powers(expr: sympy.Expr) -> sympy.Expr:
    """a·(x**3 + 3·x**2 + 3·x + 1) + b as a·(x + 1)**3 + b, in every sum, where a shift by 1 leaves fewer terms."""

    def shift(total: sympy.Add) -> sympy.Expr:
        best = total
        for symbol in sorted(total.free_symbols, key=str):
            if not total.is_polynomial(symbol) or sympy.degree(total, symbol) < 2:
                continue
            for by in (1, -1):
                u = sympy.Dummy()
                moved = sympy.expand(total.xreplace({symbol: u - by})).xreplace({u: symbol + by})
                best = min(best, moved, key=complexity)
        return best

    return expr.replace(lambda e: e.is_Add and len(e.args) > 3, shift)
