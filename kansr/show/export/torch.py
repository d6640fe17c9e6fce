"""Export a law as a torch module whose fitted constants are parameters."""

from __future__ import annotations

from kansr.formula.fit.constants import floats
from kansr.result.law import Law
from kansr.show.export.code import Language, Source, calls, code, stars
from kansr.show.export.comment import about, docstring
from kansr.show.export.constants_table import as_dict
from kansr.show.export.names import names

FUNCTIONS = calls("torch.", max="torch.maximum", min="torch.minimum")


def to_torch(law: Law) -> str:
    """The source of a module with one nn.Module; its forward takes tensors that broadcast."""
    chosen = names(law)
    fitted = {number: f"self.c{i}" for i, number in enumerate(floats(law.expr))}
    language = Language(FUNCTIONS, "torch.sqrt", stars, spells=False, extreme=_extreme, names=chosen.of, fitted=fitted)
    value = code(law.expr, language).text
    if not law.expr.free_symbols and not fitted:
        value = f"torch.tensor({value}, dtype=torch.float64)"
    arguments = [chosen.of[name] for name in law.inputs]
    start = [f"{name} = nn.Parameter(torch.tensor({float(v)!r}, dtype=torch.float64))" for v, name in fitted.items()]
    body = [f"{name} = torch.as_tensor({name}, dtype=torch.float64)" for name in arguments]
    body += [f"{chosen.of[c.name]} = {c.value!r}" for c in law.constants]
    lines = [*about(law, chosen), "", "Tensors that broadcast; not a number where the formula has no real value."]
    return (
        "import torch\nfrom torch import nn\n\n\n"
        f"class {_class(chosen.function)}(nn.Module):\n{docstring(lines)}\n"
        "    def __init__(self):\n        super().__init__()\n"
        + "".join(f"        {line}\n" for line in start)
        + f"\n    def forward({', '.join(['self', *arguments])}):\n"
        + "".join(f"        {line}\n" for line in body)
        + f"        return {value}\n"
        + as_dict(law, chosen)
    )


def _extreme(function: str, a: Source, b: Source) -> Source:
    """The function takes tensors only, and a number in the formula is none."""
    tensors = (f"torch.as_tensor({part.text}, dtype=torch.float64)" for part in (a, b))
    return Source(f"{function}({', '.join(tensors)})")


def _class(name: str) -> str:
    """The class name: period_years -> PeriodYears."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_")) or name
