"""Options that commands share, each declared once."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer


class MissingName(str, enum.Enum):
    """What to do about rows with missing cells."""

    ERROR = "error"
    DROP = "drop"


class LossName(str, enum.Enum):
    """What far rows count for."""

    AUTO = "auto"
    SQUARED = "squared"
    HUBER = "huber"


class StructureName(str, enum.Enum):
    """What finds the structure of a law."""

    AUTO = "auto"
    KAN = "kan"
    REDUCTIONS = "reductions"


File = Annotated[str, typer.Argument(metavar="FILE|-", help="The table, or - for stdin.", show_default=False)]
Law = Annotated[
    str, typer.Argument(metavar="RUN|FORMULA", help="A run's folder or file, or a formula.", show_default=False)
]
Index = Annotated[int | None, typer.Option(help="Which formula of the run's front, counted from 0, simplest first.")]
Complexity = Annotated[int | None, typer.Option(help="Which formula of the run's front, by complexity.")]
Target = Annotated[str | None, typer.Option(help="The column to explain; the last one unless named.")]
Targets = Annotated[
    str | None, typer.Option(metavar="A[,B]", help="The column to explain, or several; the last one unless named.")
]
Run = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="With --derivative: the column with the name of the run.")
]
Order = Annotated[int, typer.Option(metavar="1|2", help="With --derivative: the order of the equations.")]
Inputs = Annotated[str | None, typer.Option(metavar="A,B", help="The columns to use; all others unless named.")]
Ignore = Annotated[str, typer.Option(metavar="A,B", help="Columns to leave out.")]
Sigma = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN|X=COLUMN|X=0.1",
        help="The column with the standard error of each target value, or errors of an input; repeatable.",
    ),
]
Group = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="One law for groups of rows, such as experiments; constants may differ."),
]
Derivative = Annotated[
    str | None,
    typer.Option(metavar="T", help="Use the derivative of the target with respect to this column as the target."),
]
Loss = Annotated[
    LossName,
    typer.Option(help="auto leaves out outliers, huber also gives large residuals less weight, squared does neither."),
]
Structure = Annotated[
    StructureName,
    typer.Option(help="What finds the structure: networks alone (kan), all but networks (reductions), or both."),
]
Units = Annotated[
    str | None,
    typer.Option(metavar="FILE|A=M,B=S", help="The unit of each column, 1 for none; a list or a CSV file."),
]
Constants = Annotated[
    str, typer.Option(metavar="C=3E8:M/S", help="Physical constants that a formula may use, with units.")
]
Dimensional = Annotated[bool, typer.Option("--dimensional-constants", help="Fitted numbers may carry units.")]
Functions = Annotated[
    str | None, typer.Option("--library", metavar="FILE", help="A .library file with functions of your own.")
]
OnlyFunctions = Annotated[
    str | None,
    typer.Option("--functions", metavar="EXP,LOG,…", help="The only functions that a formula may have."),
]
MaxComplexity = Annotated[int | None, typer.Option(min=1, help="The most nodes that a formula may have.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")]
TimeLimit = Annotated[float, typer.Option(metavar="SECONDS", help="Stop after this many seconds.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes to use; as many as there are cores unless given.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Write discovery.json and front.csv there.")]
Report = Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page to read and to print.")]
OutFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write there; standard output otherwise.")]
Replace = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the search in --out.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result in --out.")]
Missing = Annotated[MissingName, typer.Option(help="What to do about rows with missing cells.")]
Sep = Annotated[str | None, typer.Option(help="The separator; found unless given.")]
Decimal = Annotated[str, typer.Option(help="The decimal sign, . or ,")]
Thousands = Annotated[
    str, typer.Option(metavar="SIGN", help="The thousands separator; found where it is certain unless given.")
]
Header = Annotated[
    str, typer.Option(metavar="LINES", help="The line that holds the names of columns, or the lines, as 3 or 3-4.")
]
Sheet = Annotated[str, typer.Option(metavar="NAME", help="The sheet of an xlsx file; its first table unless named.")]
NoHeader = Annotated[bool, typer.Option("--no-header", help="The first line holds data.")]
Encoding = Annotated[str, typer.Option(help="Character encoding of the file.")]
NaValues = Annotated[str, typer.Option(metavar="A,B", help="Cells that mean missing, besides NA.")]
Memory = Annotated[str, typer.Option(metavar="SIZE", help="Memory for the table; larger tables are sampled at random.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes and no progress.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
