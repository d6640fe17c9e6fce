"""Forms with certified constants, as NIST's sets for nonlinear regression: does `kansr.refine` give these constants?

    python benchmarks/recovery/given_forms.py --data DIR [--time-limit 5] [--only "Misra*,Rat42"]

DIR holds NAME.csv, the target last, and certified.json: for each name `form` and `par` (name, start, start, value,
standard error). Each form is fitted from both starts and from none. A cell says to how many digits constants and
standard errors agree with the certified ones, the worst of each: the negative decimal logarithm of the relative
difference. With names that a form does not tell apart, constants are compared name by name all the same.
NIST's sets: https://www.itl.nist.gov/div898/strd, file by file; of Nelson's the logarithm of the target is modelled,
and is to be in its column.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import kansr
from benchmarks.arguments import asked_for, parser
from kansr.errors import KansrError

CONSTANTS, ERRORS = 6.0, 4.0  # digits that are asked for
STARTS = ("start 1", "start 2", "none")
MOST = 16.0  # digits of a float64


def digits(found: float, certified: float) -> float:
    """To how many digits a number agrees with the certified one; 0 for no number."""
    off = abs(found - certified) / abs(certified)
    if not math.isfinite(off):
        return 0.0
    return min(max(-math.log10(off), 0.0), MOST) if off else MOST


def cell(
    table: Path, form: str, par: Sequence[Sequence[str]], start: int | None, seconds: float
) -> tuple[float, float]:
    """The digits of constants and of standard errors, the worst of each; 0 where the fit fails."""
    begin = None if start is None else {row[0]: float(row[1 + start]) for row in par}
    try:
        verdict = kansr.refine(table, form, start=begin, time_limit=seconds).verdict
    except KansrError:  # one form that cannot be fitted is a row of the table, not its end
        return 0.0, 0.0
    assert verdict is not None
    found = {name: (value, error) for name, value, error in verdict.constants}
    pairs = [(found[row[0]], (float(row[3]), float(row[4]))) for row in par]
    worst = [min(digits(got[k], certified[k]) for got, certified in pairs) for k in (0, 1)]
    return worst[0], worst[1]


def main() -> None:
    """A line for every form, then how many are met."""
    options = parser(__doc__, time_limit=5.0, only="")
    options.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the tables")
    given = options.parse_args()
    certified = json.loads((given.data / "certified.json").read_text(encoding="utf-8"))
    met = [[0, 0] for _ in STARTS]
    names = [name for name in certified if asked_for(name, given.only)]
    print(f"{'digits':10}" + "".join(f"{start:>14}" for start in STARTS), flush=True)
    for name in names:
        cells = []
        for k, start in enumerate((0, 1, None)):
            entry = certified[name]
            values, errors = cell(given.data / f"{name}.csv", entry["form"], entry["par"], start, given.time_limit)
            met[k][0] += values >= CONSTANTS
            met[k][1] += errors >= ERRORS
            cells.append(f"{values:.1f} / {errors:.1f}")
        print(f"{name:10}" + "".join(f"{text:>14}" for text in cells), flush=True)
    count = len(names)
    for what, place, wanted in (("constants", 0, CONSTANTS), ("errors", 1, ERRORS)):
        shares = "".join(f"{f'{tally[place]} of {count}':>14}" for tally in met)
        print(f"{what:10}{shares}   to {wanted:g} digits")


if __name__ == "__main__":
    main()
