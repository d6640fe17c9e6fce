"""Tables with certified fits, as NIST's sets for nonlinear regression: is as good a formula found without the form?

    python benchmarks/recovery/certified_curves.py --data DIR [--time-limit 60] [--only "Misra*,Rat42"]

DIR holds NAME.csv, the target last, and certified.json: for each name `form`, `par` (name, start, start, value,
standard error) and `rsd`, the residual standard deviation. What is found is as good when its own is within 5 % of that,
or what is left is how the table is rounded, and it has no more constants; numbers are counted alike in both. Bits are
those by which its description is shorter than that of the certified formula; with fewer constants, or a smaller
residual, it may be without being as good.
NIST's sets: https://www.itl.nist.gov/div898/strd, file by file; of Nelson's the logarithm of the target is modelled,
and is to be in its column.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sympy

import kansr
from benchmarks.arguments import asked_for, parser
from kansr.data.dataset import Dataset
from kansr.data.roles import dataset
from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.expression.render import readable
from kansr.formula.judge.exactness import within_digits
from kansr.formula.judge.judge import judge

WITHIN = 1.05  # times the certified residual standard deviation
ROUNDING = 1e-10  # of the spread, up to which a residual is as good as none
COMMON = 4  # denominators of exponents that are not fitted


def constants(expr: sympy.Expr) -> int:
    """How many numbers were fitted: decimals, and fractions that are no common exponents."""
    exponents = {power.exp for power in expr.atoms(sympy.Pow) if power.exp.is_Rational and power.exp.q <= COMMON}
    numbers = {abs(n) for n in expr.atoms(sympy.Float, sympy.Rational) - exponents}
    return sum(bool(n.is_Float or n.q > 1) for n in numbers)


def residual_deviation(expr: sympy.Expr, data: Dataset, fitted: int) -> float:
    """The residual standard deviation with so many degrees of freedom used up, in the unit of the target."""
    residual = Tape(expr, data.names).value(data.X) - data.y
    return float(np.sqrt(np.sum(residual**2) / max(data.rows - fitted, 1)))


def as_good(expr: sympy.Expr, data: Dataset, certified: Mapping[str, Any]) -> bool:
    """Whether a formula fits as well as the certified one with no more constants."""
    fitted = constants(expr)
    if fitted > constants(certified_formula(certified)):
        return False
    enough = max(WITHIN * certified["rsd"], ROUNDING * float(np.std(data.y)))
    return residual_deviation(expr, data, fitted) <= enough or within_digits(expr, data)


def certified_formula(certified: Mapping[str, Any]) -> sympy.Expr:
    """The certified form with its values."""
    values = {sympy.Symbol(row[0]): sympy.Float(float(row[3])) for row in certified["par"]}
    return parse(certified["form"]).xreplace(values)


def bits_ahead(expr: sympy.Expr, certified: Mapping[str, Any], data: Dataset) -> float:
    """How much longer the certified formula's description is; nan where its form is not of this table's columns."""
    try:
        own, other = (judge(e, data, data, "").description_length for e in (expr, certified_formula(certified)))
    except FormulaError:
        return math.nan
    return other - own


def main() -> None:
    """A line for every table, then how many are as good as certified and the seconds they took."""
    options = parser(__doc__, seed=0, time_limit=60.0, only="")
    options.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the tables")
    given = options.parse_args()
    sets = json.loads((given.data / "certified.json").read_text(encoding="utf-8"))
    good: list[bool] = []
    shorter: list[bool] = []
    seconds: list[float] = []
    for name, certified in sets.items():
        if not asked_for(name, given.only):
            continue
        path = str(given.data / f"{name}.csv")
        found = kansr.discover(path, time_limit=given.time_limit, seed=given.seed)
        data, _ = dataset(path)
        expr = found.best.expr
        good.append(as_good(expr, data, certified))
        ahead = bits_ahead(expr, certified, data)
        shorter.append(ahead > 0)
        seconds.append(found.seconds)
        fitted, allowed = constants(expr), constants(certified_formula(certified))
        print(
            f"{name:9} {'good' if good[-1] else '    '} {fitted} of {allowed} constants, residual "
            f"{residual_deviation(expr, data, fitted):.3g} ({certified['rsd']:.3g}) {ahead:+.0f} bits, "
            f"{found.seconds:.1f} s, {found.status.value}, {found.best.origin}: {readable(expr)}",
            flush=True,
        )
    others = sum(is_shorter and not is_good for is_shorter, is_good in zip(shorter, good))
    print(
        f"{sum(good)} of {len(good)} as good; {others} of the others have a shorter description; "
        f"seconds: median {np.median(seconds):.1f}, at most {max(seconds):.1f}"
    )


if __name__ == "__main__":
    main()
