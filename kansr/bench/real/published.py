"""Read what other methods reached on the same tables: `pmlb_published.csv`, beside the tables or in the folder above.

A row has the columns `algorithm`, `dataset`, `r2_test`, `model_size` and `training time (s)`, medians over SRBench's
splits; a star before the name of an algorithm says that it gives a formula.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kansr.errors import DataError

FILE = "pmlb_published.csv"
STAR = "*"  # before the name of a method that gives a formula


@dataclass(frozen=True)
class Reached:
    """What a method reached on a table, in the median over splits: test r², nodes of its model, seconds of training."""

    r2: float
    nodes: float
    seconds: float


@dataclass(frozen=True)
class Published:
    """A published method. symbolic: whether it gives a formula; tables: what it reached on each table, by name."""

    name: str
    symbolic: bool
    tables: Mapping[str, Reached]


def published(data: str) -> tuple[Published, ...]:
    """The published methods in the folder of the tables, or the folder above; none where there is no such file.

    Raises DataError for a file that is not as described.
    """
    places = [folder / FILE for folder in (Path(data), Path(data).parent)] if data else []
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return ()
    found: dict[str, dict[str, Reached]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                reached = Reached(*(float(row[name]) for name in ("r2_test", "model_size", "training time (s)")))
                found.setdefault(row["algorithm"], {})[row["dataset"]] = reached
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as err:
        raise DataError(f"{path} is not a table of published results: {type(err).__name__} {err}") from err
    return tuple(Published(name.removeprefix(STAR), name.startswith(STAR), rows) for name, rows in found.items())
