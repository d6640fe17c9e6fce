"""Find the tables of a suite in the folder that --data names, and refuse options that its tables have no use for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from kansr.errors import UsageError

PMLB, EMPIRICAL = "pmlb", "empirical"
ENDINGS = {PMLB: ".tsv.gz", EMPIRICAL: ".csv"}  # of the tables of each suite that reads some


def tables(suite: str, data: str, names: Collection[str] | None = None) -> dict[str, Path]:
    """The tables of a suite by name: those in the folder `data`, or else in its folder of the suite's name.

    names: those that are looked for; all that there are where None. Raises UsageError where there are none.
    """
    ending = ENDINGS[suite]
    for folder in (Path(data), Path(data) / suite):
        found = {path.name.removesuffix(ending): path for path in sorted(folder.glob(f"*{ending}"))}
        found = {name: path for name, path in found.items() if names is None or name in names}
        if data and found:
            return found
    where = f"{data} holds no table NAME{ending}" if data else f"{suite} needs tables NAME{ending}"
    raise UsageError(f"{where}: name the folder that holds them with --data DIR")


def check(suite: str, data: str, noises: Sequence[float], **options: float) -> None:
    """Raises UsageError for options that go with laws only, or with tables only.

    options: name -> value of those that change the rows of a law; 0 where they do not.
    """
    if suite not in ENDINGS:
        if data:
            raise UsageError(
                f"--data goes with {' and '.join(ENDINGS)} only: the rows of {suite} are drawn from its laws"
            )
        return
    asked = [f"--{name}" for name, value in {"noise": max(noises, default=0.0), **options}.items() if value]
    if asked:
        raise UsageError(f"{asked[0]}: the tables of {suite} are used as they are; leave it out")
