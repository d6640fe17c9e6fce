"""`kansr bench`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from kansr.cli.signature import Signature, options


class Half(str, enum.Enum):
    """The problems whose id has an even or an odd crc32."""

    EVEN = "even"
    ODD = "odd"


@dataclass(frozen=True, kw_only=True)
class Bench(Signature):
    """Look for known laws, and say how many were found.

    \b
    Examples:
      kansr bench feynman120 --rows 2000 --time-limit 20 --jobs 2 --out runs/feynman
      kansr bench nguyen --method kansr,operon --noise 0,.01 --seeds 3 --out runs/nguyen
      kansr bench --summary runs/feynman --json
      kansr bench --compare runs/before runs/after
      kansr bench pmlb --data tables --seeds 3 --out runs/pmlb
      kansr bench zoo --laws 0..99 --noise .01 --rows 2000 --out runs/zoo

    \b
    Suites: feynman feynman_bonus feynman120 laws composed srsd srsd_easy srsd_medium srsd_hard
      strogatz class
      nguyen keijzer korns vladislavleva livermore jin constant rational koza pagie classic pykan
      lsr_transform lsr_transform_published lsr_transform_other newtonbench
      empirical, and pmlb: real tables in --data, as in SRBench
      odebench: systems of differential equations in the file --data
      zoo: laws drawn at random, without end (zoo7: with seed 7)
    """

    done_by = "kansr.cli.bench.bench"

    suite: Annotated[
        str | None, typer.Argument(metavar="[SUITE]", help="The laws to look for.", show_default=False)
    ] = None
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the records go.")] = None
    method: Annotated[
        list[str] | None, typer.Option(help="kansr, operon, gplearn, pykan, pysr, linear; a list, or more than once.")
    ] = None
    noise: Annotated[
        str | None, typer.Option(metavar="LEVELS", help="Noise levels, such as 0,.01: std over rms(y).")
    ] = None
    seeds: Annotated[int, typer.Option(min=1, help="How many sets of rows of each law.")] = 1
    rows: Annotated[int | None, typer.Option(min=1, help="Rows of each table.")] = None
    time_limit: Annotated[float, typer.Option(metavar="SECONDS", help="For each search.")] = 60.0
    units: Annotated[bool, typer.Option("--units", help="Tell the methods the units.")] = False
    distractors: Annotated[int, typer.Option(min=0, help="Columns to add that the law does not use.")] = 0
    structure: options.Structure = options.StructureName.AUTO
    outliers: Annotated[float, typer.Option(metavar="SHARE", help="Share of rows to turn into outliers.")] = 0.0
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The tables of pmlb or empirical; the file of odebench.")
    ] = None
    laws: Annotated[str | None, typer.Option(metavar="A..B", help="Numbers of the laws of the zoo.")] = None
    only: Annotated[list[str] | None, typer.Option(metavar="IDS", help="Ids or patterns such as 'feynman_I_1*'.")] = (
        None
    )
    half: Annotated[Half | None, typer.Option(help="Only the ids with an even or an odd crc32.")] = None
    jobs: Annotated[int, typer.Option(min=1, help="Searches at a time.")] = 1
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A dask scheduler whose workers search.")] = (
        None
    )
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False
    summary: Annotated[Path | None, typer.Option(metavar="DIR", help="Show the run in DIR.")] = None
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="DIR DIR", help="What the second run won and lost.")
    ] = None
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a report with plots.")] = None
    as_json: options.Json = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False
    debug: options.Debug = False
