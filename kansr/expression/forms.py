"""Rules for the form that a textbook prints: squares, angles, common factors, fewer signs.

Each docstring has the row "pattern -> result" and says where it holds; "everywhere" means wherever the pattern is real.
"""

from __future__ import annotations

import sympy

from kansr.expression.complexity import complexity

LARGEST_WHOLE = 1e6  # below it a whole decimal is an integer; above, integers are longer than decimals such as 3e8


def whole_numbers(expr: sympy.Expr) -> sympy.Expr:
    """2.0 -> 2, for whole decimals below LARGEST_WHOLE; everywhere."""
    return expr.xreplace(
        {v: sympy.Integer(int(v)) for v in expr.atoms(sympy.Float) if float(v).is_integer() and abs(v) < LARGEST_WHOLE}
    )


def common_monomial(*monomials: sympy.Expr, over: bool = False) -> sympy.Expr:
    """The factor that all monomials share: x**2 of x**2*y and x**3. over: with their common denominator."""
    powers = [m.as_coeff_Mul()[1].as_powers_dict() for m in monomials]
    common = sympy.S.One
    for base in dict.fromkeys(base for p in powers for base in p):
        exponents = [p.get(base, sympy.S.Zero) for p in powers]
        if base.free_symbols and all(e.is_Rational for e in exponents):
            low, high = min(exponents), max(exponents)
            common = common * base ** (low if low > 0 or over else min(high, 0))
    return common


def _root(monomial: sympy.Expr) -> sympy.Expr | None:
    """4*x**2 -> 2*x: the square root of a monomial, None where it has a radical or an exponent that is not whole."""
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
    """c*(a**2 - 2*a*b + b**2) -> c*(a - b)**2 in sums, everywhere.

    near: relative tolerance of the middle coefficient; within it the result differs from the pattern in b**2.
    """

    def complete(total: sympy.Add) -> sympy.Expr:
        terms = list(total.args)
        for i, first in enumerate(terms):
            for second in terms[i + 1 :]:
                common = common_monomial(first, second, over=True)
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
    """(a - b)**n*(a + b)**n -> (a**2 - b**2)**n in products, everywhere."""

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
    """k - k*cos(u) -> 2*k*sin(u/2)**2 and k + k*cos(u) -> 2*k*cos(u/2)**2 in sums, everywhere.

    Applied where the result is no longer: it loses no digits to cancellation where u is small.
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


def double_angles(expr: sympy.Expr) -> sympy.Expr:
    """sin(u)**2 -> (1 - cos(2*u))/2, everywhere."""
    return expr.replace(
        lambda e: e.is_Pow and e.base.func is sympy.sin and e.exp == 2,
        lambda e: (1 - sympy.cos(2 * e.base.args[0])) / 2,
    )


# The sum (sign 1) or difference (-1) of two sines or cosines; p, q: half the sum and half the difference of the angles.
_PRODUCTS = {
    sympy.sin: lambda p, q, sign: 2 * (sympy.sin(p) * sympy.cos(q) if sign > 0 else sympy.cos(p) * sympy.sin(q)),
    sympy.cos: lambda p, q, sign: 2 * sympy.cos(p) * sympy.cos(q) if sign > 0 else -2 * sympy.sin(p) * sympy.sin(q),
}


def sums_to_products(expr: sympy.Expr) -> sympy.Expr:
    """k*sin(u) + k*sin(v) -> 2*k*sin((u + v)/2)*cos((u - v)/2) in sums, where that is shorter; everywhere.

    Likewise for differences and for cosines.
    """

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
    """k - k*sin(u)**2 -> k*cos(u)**2 and k - k*cos(u)**2 -> k*sin(u)**2 in sums, everywhere."""
    other = {sympy.sin: sympy.cos, sympy.cos: sympy.sin}

    def take(total: sympy.Add) -> sympy.Expr:
        for term in total.args:
            for square in sympy.Mul.make_args(term):
                if square.is_Pow and square.exp == 2 and square.base.func in other and -term / square in total.args:
                    factor = -term / square
                    return total - term - factor + factor * other[square.base.func](square.base.args[0]) ** 2
        return total

    return expr.replace(lambda e: e.is_Add, take)


def cancel_prefactors(expr: sympy.Expr) -> sympy.Expr:
    """c*(u + v/c) -> c*u + v and c/(c + u) -> 1/(1 + u/c) in products, where that is shorter; for c != 0."""

    def divide(product: sympy.Mul) -> sympy.Expr:
        best = product
        for factor in product.args:
            total, power = factor.as_base_exp()
            if not (total.is_Add and power.is_Integer) or any(t.is_number for t in total.args):
                continue
            before = product / factor
            for unit in {common_monomial(term, before ** (-1 / power)) for term in total.args}:
                inside = sympy.Add(*(t / unit for t in total.args))
                if power < 0 and not any(t.is_number for t in inside.args):
                    continue
                form = before * unit**power * inside**power
                best = min(best, form, key=lambda e: (complexity(e), str(e)))
        return best

    return expr.replace(lambda e: e.is_Mul, divide)


def common_factors(expr: sympy.Expr) -> sympy.Expr:
    """x*y + x -> x*(y + 1) in sums, where that is no longer; everywhere but at poles of the common factor."""

    def take_out(total: sympy.Add) -> sympy.Expr:
        common = common_monomial(*total.args)
        if common == 1:
            return total
        apart = sympy.Mul(common, sympy.Add(*(t / common for t in total.args)), evaluate=False)
        return common * apart.args[1] if complexity(apart) <= complexity(total) else total

    return expr.replace(lambda e: e.is_Add, take_out)


def few_signs(expr: sympy.Expr) -> sympy.Expr:
    """-x*(y - z) -> x*(z - y) and (-x - y)/(z - 1) -> (x + y)/(1 - z) in products, everywhere."""

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
            return product  # built again, sympy would multiply a number into a sum
        return sign * sympy.Mul(*parts)

    return expr.replace(lambda e: e.is_Mul, turn)


def powers_of_logs(expr: sympy.Expr) -> sympy.Expr:
    """exp(n*log(x)) -> x**n and exp(n*(log(x) + 0.7)) -> (2.01*x)**n, in exponentials; everywhere."""

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


def complete_powers(expr: sympy.Expr) -> sympy.Expr:
    """a*(x**3 + 3*x**2 + 3*x + 1) + b -> a*(x + 1)**3 + b in sums, where a shift by 1 shortens; everywhere."""

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
