"""The tools: what a client may ask, each a command of kansr on files of one folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kansr.cli.mcp.call import READING_SECONDS, ask, kansr
from kansr.cli.mcp.folder import Folder
from kansr.errors import UsageError

USUAL_SECONDS = 60.0  # of a search, as of the commands
MOST_PREDICTIONS = 1000  # that are handed over; more go to a file


@dataclass(frozen=True)
class Tools:
    """The public methods are the tools; their docstrings are what a client reads of them.

    longest: the seconds that a search may be asked to take; jobs: processes of a search, None for all cores. One
    search runs at a time, others wait for it.

    All raise KansrError, in one sentence.
    """

    folder: Folder
    longest: float = 600.0
    jobs: int | None = None
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    async def inspect_table(self, table: str) -> dict[str, Any]:
        """Say what a table holds: rows, columns with ranges, missing cells, and what stands in the way of a search.

        Call it first. table: a name relative to the folder; CSV, TSV, other separated text (also .gz), JSON, xlsx,
        parquet, feather or npz. The target of the other tools is default_target unless another is named. Of a table
        that takes longer than a minute to read, the first rows are described, and a note says so.
        """
        file = self.folder.file(table)
        _, found, _ = await ask(self.folder, ["-m", "kansr.cli.mcp.inspect", str(file)], READING_SECONDS)
        return {"table": table, **found}

    async def discover(
        self,
        table: str,
        target: str | None = None,
        inputs: list[str] | None = None,
        units: dict[str, str] | None = None,
        sigma: str | None = None,
        derivative: str | None = None,
        form: str | None = None,
        missing: Literal["error", "drop"] = "error",
        time_limit: float | None = None,
        seed: int = 0,
        save_as: str | None = None,
    ) -> dict[str, Any]:
        """Find a formula for one column of a table.

        target: the column to explain, default_target unless given. inputs: the columns to use, all others unless given.
        units: {column: unit} of all columns, target too; then every formula has the target's unit. sigma: the column
        with the standard error of each value of the target, or "x=0.1" or "x=column" for those of an input.
        derivative: a column of time; the target's rate of change along it is explained. form: the form of the law with
        unknown functions, such as "x*f(y) + g(z)". missing: "drop" leaves out rows with missing cells. time_limit:
        seconds, 60 unless given. save_as: a new folder for the result, which predict and report take.

        Returns exit_code (0: found or best effort; 1: nothing beats a constant; 4: time ran out, best so far) and
        result: read result.status before you assert result.best.expression. r2_held_out is measured on rows that
        were not fitted.
        """
        given = {"target": target, "inputs": _listed(inputs), "sigma": sigma, "derivative": derivative, "form": form}
        return await self._searched(
            "discover", table, {**given, "units": _units(units)}, missing, time_limit, seed, save_as
        )

    async def refine(
        self,
        table: str,
        expression: str,
        target: str | None = None,
        inputs: list[str] | None = None,
        sigma: str | None = None,
        missing: Literal["error", "drop"] = "error",
        time_limit: float | None = None,
        seed: int = 0,
        save_as: str | None = None,
    ) -> dict[str, Any]:
        """Fit a form that you know, such as "a*exp(b*t) + c", and compare it with what a search finds in the same time.

        expression: what is no column in it is a free constant. The other arguments are those of discover. In
        result.form: constants with standard errors, what one more term would save, and the search's own best formula.
        """
        given = {"expr": expression, "target": target, "inputs": _listed(inputs), "sigma": sigma}
        return await self._searched("refine", table, given, missing, time_limit, seed, save_as)

    async def predict(
        self, table: str, run: str | None = None, formula: str | None = None, complexity: int | None = None
    ) -> dict[str, Any]:
        """Apply a formula to each row of a table that has the columns of its inputs.

        run: a result that discover or refine saved; or formula: one in the formula language, such as "sqrt(a**3)".
        complexity: which formula of the run's front, instead of its best. prediction is null in rows where the formula
        has no real value; of long tables it is cut after the first thousand.
        """
        if (run is None) == (formula is None):
            raise UsageError("name either run, a result that was saved, or formula")
        file = self.folder.file(table)
        source = f"({formula})" if run is None else str(self.folder.run(run))  # in parentheses it is no option
        given = {"json": True, "missing": "keep", "complexity": complexity}
        _, found, notes = await ask(self.folder, kansr("predict", given, source, file), READING_SECONDS)
        values = found.pop("prediction")
        cut = [f"the first {MOST_PREDICTIONS} of {len(values)} rows"] if len(values) > MOST_PREDICTIONS else []
        return {**found, "rows": len(values), "prediction": values[:MOST_PREDICTIONS], "notes": notes + cut}

    async def report(self, run: str, save_as: str) -> dict[str, Any]:
        """Write a result as one HTML page for people, with plots and all that speaks for the formula.

        run: a result that discover or refine saved. save_as: a new file that ends in .html.
        """
        source, page = self.folder.run(run), self.folder.new(save_as)
        await ask(self.folder, kansr("report", {"out": page, "quiet": True}, source), READING_SECONDS)
        return {"report": self.folder.named(page)}

    async def _searched(
        self,
        command: str,
        table: str,
        given: Mapping[str, Any],
        missing: str,
        time_limit: float | None,
        seed: int,
        save_as: str | None,
    ) -> dict[str, Any]:
        seconds = min(USUAL_SECONDS, self.longest) if time_limit is None else time_limit
        if not 0 < seconds <= self.longest:
            raise UsageError(f"time_limit is {seconds:g}; it is more than 0 and at most {self.longest:g} seconds here")
        file = self.folder.file(table)
        out = None if save_as is None else self.folder.new(save_as)
        shared = {"missing": missing, "time_limit": seconds, "seed": seed, "jobs": self.jobs, "out": out}
        async with self._one_at_a_time:
            line = kansr(command, {**given, **shared, "json": True, "quiet": True}, file)
            code, found, _ = await ask(self.folder, line, seconds)
        more = {} if out is None else {"saved_as": self.folder.named(out)}
        return {"exit_code": code, "result": _without_curves(found), **more}


def _without_curves(result: dict[str, Any]) -> dict[str, Any]:
    """The result without the points of its curves, which are many and are in what save_as keeps."""
    structure = result.get("structure")
    return {**result, "structure": structure and {"path": structure["path"]}}


def _listed(names: Sequence[str] | None) -> str | None:
    """Columns as the command line takes them. Raises UsageError for names that it cannot tell apart."""
    if any("," in name for name in names or ()):
        raise UsageError("names of columns with a comma in them cannot be listed: leave inputs out, or rename them")
    return ",".join(names) if names else None


def _units(units: Mapping[str, str] | None) -> str | None:
    """Units as the command line takes them: a=m,b=s. Raises UsageError for what does not fit in there."""
    for name, unit in (units or {}).items():
        if set(",=") & {*name, *unit}:
            raise UsageError(f"units: neither a comma nor = may be in {name!r}: {unit!r}")
    # with a space before it, no text is the absolute path of a units file
    return " " + ",".join(f"{name}={unit}" for name, unit in units.items()) if units else None
