"""Export a law as a C99 function."""

from __future__ import annotations

import re

from kansr.result.law import Law
from kansr.show.export.code import PRODUCT, Language, Source, calls, code
from kansr.show.export.comment import about, hashed
from kansr.show.export.constants_table import as_struct
from kansr.show.export.names import names

FUNCTIONS = calls("", abs="fabs", max=">", min="<")
CONSTANTS = {"pi": 3.141592653589793, "E": 2.718281828459045}  # M_PI is not in C99


def to_c(law: Law) -> str:
    """The source of a file with one function of doubles, to be linked with -lm."""
    chosen = names(law)
    language = Language(
        FUNCTIONS,
        "sqrt",
        _pow,
        whole=lambda n: f"{n}.0",
        extreme=_extreme,
        names={**{c: c for c in CONSTANTS}, **chosen.of},
    )
    value = code(law.expr, language).text
    known = {c: v for c, v in CONSTANTS.items() if re.search(rf"\b{c}\b", value)}
    known |= {chosen.of[c.name]: c.value for c in law.constants}
    arguments = ", ".join(f"double {chosen.of[name]}" for name in law.inputs)
    declared = "".join(f"    const double {name} = {value!r};\n" for name, value in known.items())
    return (
        f"{hashed([*about(law, chosen), 'not a number where the formula has no real value'], '//')}"
        "#include <math.h>\n\n"
        f"double {chosen.function}({arguments or 'void'})\n{{\n{declared}    return {value};\n}}\n"
        + as_struct(law, chosen)
    )


def _extreme(relation: str, a: Source, b: Source) -> Source:
    """The larger or the lesser of two, not a number where one of them is none, as fmax and fmin are not."""
    first, second = a.within(PRODUCT), b.within(PRODUCT)
    return Source(f"({first} {relation} {second} || {first} != {first} ? {first} : {second})")


def _pow(base: Source, exponent: Source) -> Source:
    return Source(f"pow({base.text}, {exponent.text})")
