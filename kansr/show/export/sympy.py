"""Export a law as Python source that builds the sympy expression."""

from __future__ import annotations

from kansr.result.law import Law
from kansr.show.export.code import Language, Source, calls, code, stars
from kansr.show.export.comment import about, hashed
from kansr.show.export.constants_table import as_dict
from kansr.show.export.names import names

FUNCTIONS = calls("sympy.", abs="sympy.Abs", max="sympy.Max", min="sympy.Min")
CONSTANTS = {"pi": "sympy.pi", "E": "sympy.E"}


def to_sympy(law: Law) -> str:
    """The source of a module that defines the symbols and the expression."""
    chosen = names(law)
    language = Language(
        FUNCTIONS,
        "sympy.sqrt",
        stars,
        ratio=lambda p, q: Source(f"sympy.Rational({p}, {q})", literal=True),
        decimal=lambda value: f"sympy.Float({value!r})",
        names={**CONSTANTS, **chosen.of},
    )
    symbols = "".join(f'{chosen.of[name]} = sympy.Symbol("{chosen.of[name]}")\n' for name in law.inputs)
    symbols += "".join(f"{chosen.of[c.name]} = sympy.Float({c.value!r})\n" for c in law.constants)
    value = code(law.expr, language).text
    if law.expr.is_Integer:
        value = f"sympy.Integer({value})"
    return f"import sympy\n\n{hashed(about(law, chosen))}{symbols}{chosen.function} = {value}\n{as_dict(law, chosen)}"
