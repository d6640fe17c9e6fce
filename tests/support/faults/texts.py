"""Formulas and units that are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kansr.errors import FormulaError
from kansr.expression.parse import parse
from support.faults.cases import Case, discover, kansr
from support.faults.tables import SQUARE, rows
from support.speed import took


def wrong_units(what: str, text: str, *words: str) -> Case:
    def run(folder: Path) -> None:
        (folder / "units.csv").write_text(text)
        code, out, err = discover(folder, rows("m,g,F", lambda m, g: m * g), "--units", "units.csv")
        assert (code, out) == (2, "") and all(word in err for word in words), err

    return Case(37, f"units: {what}", run)


def hostile_formulas() -> Iterator[Case]:
    """Wherever the command line takes a formula, it is refused at once."""
    texts = {
        "attribute": "().__class__.__bases__",
        "import": "__import__('os')",
        "tower": "9**9**9",
        "parentheses": "(" * 100_000 + "a" + ")" * 100_000,
        "chain": "+".join(["a"] * 60_000),
        "powers": "a**99999999999",
        "nested": "exp(" * 5000 + "a" + ")" * 5000,
    }
    for name, text in texts.items():

        def run(folder: Path, text: str = text) -> None:
            (folder / "data.csv").write_text(SQUARE)
            for command in (["refine", "data.csv", "--expr", text], ["predict", text, "data.csv"]):
                if len(text) > 100_000:  # more than one argument may hold
                    continue
                code, _, err = kansr(folder, *command)
                assert code == 2 and "Traceback" not in err, err

            def read() -> None:
                with pytest.raises(FormulaError):
                    parse(text)

            assert took(read) < 1

        yield Case(36, f"hostile formula: {name}", run)
