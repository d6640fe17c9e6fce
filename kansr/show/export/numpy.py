"""Export a law as a numpy function of columns."""

from __future__ import annotations

from kansr.result.law import Law
from kansr.show.export.code import Language, calls, code, stars
from kansr.show.export.comment import about, docstring
from kansr.show.export.constants_table import as_dict
from kansr.show.export.names import names

FUNCTIONS = calls("np.", asin="np.arcsin", acos="np.arccos", atan="np.arctan", max="np.maximum", min="np.minimum")
CONSTANTS = {"pi": "np.pi", "E": "np.e"}


def to_numpy(law: Law) -> str:
    """The source of a module with one function of numbers or arrays that broadcast."""
    chosen = names(law)
    language = Language(FUNCTIONS, "np.sqrt", stars, names={**CONSTANTS, **chosen.of})
    arguments = [chosen.of[name] for name in law.inputs]
    lines = [*about(law, chosen), "", "Numbers or arrays; not a number where the formula has no real value."]
    body = [f"{chosen.of[c.name]} = {c.value!r}" for c in law.constants]
    body += [f"{name} = np.asarray({name}, dtype=float)" for name in arguments]
    value = code(law.expr, language).text
    return (
        f"import numpy as np\n\n\ndef {chosen.function}({', '.join(arguments)}):\n{docstring(lines)}"
        + "".join(f"    {line}\n" for line in body)
        + f'    with np.errstate(all="ignore"):\n        return {value}\n'
        + as_dict(law, chosen)
    )
