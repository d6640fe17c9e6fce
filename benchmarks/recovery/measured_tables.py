"""What kansr finds in measured tables, beside what the textbook says.

    python benchmarks/recovery/measured_tables.py --time-limit 30 [--only hubble,rydberg]

The textbook's form is fitted to the same rows and judged by the same description length: fewer bits are better.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import kansr
from benchmarks.arguments import asked_for, parser
from kansr.data.roles import dataset
from kansr.expression.parse import parse
from kansr.expression.render import readable
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.judge import judge

TABLES = Path(__file__).resolve().parents[2] / "datasets"


class Case(NamedTuple):
    table: str
    options: dict[str, Any]
    textbook: str
    units: dict[str, str] | None = None


PIPE = {
    "velocity_m_per_s": "m/s",
    "diameter_m": "m",
    "grain_m": "m",
    "viscosity_m2_per_s": "m**2/s",
    "friction_factor": "1",
}

CASES = (
    Case("kepler.csv", {}, "semi_major_axis_au**1.5"),
    Case("hubble_1929.csv", {}, "450.0*distance_mpc"),
    Case("leavitt_1912.csv", {"inputs": ["period_days"]}, "15.5 - 0.9*log(period_days)"),
    Case(
        "cobe_firas.csv",
        {"inputs": ["wavenumber_per_cm"]},
        "39.7*wavenumber_per_cm**3/(exp(0.53*wavenumber_per_cm) - 1.0)",
    ),
    Case("rydberg.csv", {}, "91.2/(1/n1**2 - 1/n2**2)"),
    Case(
        "lynx_hare.csv",
        {"derivative": "year", "target": "hare_thousands"},
        "0.5*hare_thousands - 0.03*hare_thousands*lynx_thousands",
    ),
    Case(
        "lynx_hare.csv",
        {"derivative": "year", "target": "lynx_thousands"},
        "0.02*hare_thousands*lynx_thousands - 0.8*lynx_thousands",
    ),
    # Colebrook's explicit form for smooth pipes; Haaland's for rough ones
    Case("smooth_pipe_2004.csv", {}, "1.0/(0.78*log(reynolds) - 1.5)**2"),
    Case(
        "nikuradse_1933.csv",
        {},
        "1.64/log((0.27*grain_m/diameter_m)**1.11 + 6.9*viscosity_m2_per_s/(velocity_m_per_s*diameter_m))**2",
        PIPE,
    ),
)


def main() -> None:
    given = parser(__doc__, time_limit=30.0, seed=0, only="").parse_args()
    for case in (case for case in CASES if asked_for(case.table, given.only)):
        path = str(TABLES / case.table)
        found = kansr.discover(path, **case.options, units=case.units, time_limit=given.time_limit, seed=given.seed)
        data, _ = dataset(path, **case.options)
        fit = fit_constants(parse(case.textbook), data)
        book = judge(fit.expr, data, data, "textbook")
        chosen = judge(found.best.expr, data, data, "found")
        print(f"{case.table} {case.options or ''}\n  found ({found.status.value}, {found.seconds:.0f} s)")
        for name, expr, one in (("found", found.best.expr, chosen), ("textbook", fit.expr, book)):
            rms = float(np.sqrt(one.loss) / np.std(data.y))
            print(f"  {name:9} {readable(expr)}   left over {rms:.2g}, {one.description_length:.1f} bits", flush=True)
        for rival in found.rivals:
            more = rival.description_length - found.best.description_length
            print(f"  +{more:.1f} bits {readable(rival.expr)}")


if __name__ == "__main__":
    main()
