"""Export a law as a Python function of floats that needs only `math`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kansr.result.law import Law
from kansr.show.export.code import Language, Source, calls, code, slash
from kansr.show.export.comment import about, docstring
from kansr.show.export.constants_table import as_dict
from kansr.show.export.names import names

# Helpers that return inf or nan, as IEEE arithmetic does, where functions of `math` raise an exception.
REAL = '''def _real(function):
    """The function, but infinite where it overflows, and not a number where it has no real value."""

    def value(*arguments):
        try:
            return function(*arguments)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return value
'''
PLAIN = ("exp", "sqrt", "sin", "cos", "tan", "asin", "acos", "cosh")
HELPERS: Mapping[str, str] = {
    **{f"_{name}": f"_{name} = _real(math.{name})\n" for name in PLAIN},
    "_log": """def _log(u):
    return -math.inf if u == 0 else _real(math.log)(u)
""",
    "_sinh": """def _sinh(u):
    return math.copysign(_real(math.sinh)(abs(u)), u)
""",
    "_max": """def _max(a, b):
    return a if a > b or a != a else b
""",
    "_min": """def _min(a, b):
    return a if a < b or a != a else b
""",
    "_quotient": """def _quotient(a, b):
    return a / b if b != 0 else a * math.copysign(math.inf, b)
""",
    "_power": """def _power(base, exponent):
    sign = math.copysign(1.0, base) if exponent % 2 == 1 else 1.0
    if base == 0 and exponent < 0:
        return sign * math.inf
    if exponent % 1 == 0:
        return sign * _real(math.pow)(abs(base), exponent)
    return _real(math.pow)(base, exponent)
""",
}
FUNCTIONS = calls("_", atan="math.atan", tanh="math.tanh", abs="abs", max="_max", min="_min")
CONSTANTS = {"pi": "math.pi", "E": "math.e"}


def to_python(law: Law) -> str:
    """The source of a module with one function of floats, and the helpers that it calls."""
    chosen = names(law)
    language = Language(FUNCTIONS, "_sqrt", _power, quotient=_quotient, names={**CONSTANTS, **chosen.of})
    value = code(law.expr, language).text
    used = "\n\n".join(text for name, text in HELPERS.items() if re.search(rf"(?<!\w){name}\(", value))
    helpers = [REAL, used] if "_real" in used else [used] if used else []
    arguments = [chosen.of[name] for name in law.inputs]
    body = [f"{name} = float({name})" for name in arguments]
    body += [f"{chosen.of[c.name]} = {c.value!r}" for c in law.constants]
    lines = [*about(law, chosen), "", "Not a number where the formula has no real value."]
    return (
        "import math\n\n\n"
        + "".join(f"{helper}\n\n" for helper in helpers)
        + f"def {chosen.function}({', '.join(arguments)}):\n{docstring(lines)}"
        + "".join(f"    {line}\n" for line in body)
        + f"    return {value}\n"
        + as_dict(law, chosen)
    )


def _power(base: Source, exponent: Source) -> Source:
    return Source(f"_power({base.text}, {exponent.text})")


def _quotient(a: Source, b: Source) -> Source:
    """The quotient, by a helper where the divisor may be 0."""
    return slash(a, b) if b.literal else Source(f"_quotient({a.text}, {b.text})")
