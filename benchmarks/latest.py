"""Writes the current figures, results/current.json, as latest.md and as the tables under "Measured" in README.md.

    python benchmarks/latest.py                  writes both
    python benchmarks/latest.py --check          writes nothing, and exits with 1 where one of them is out of date
    python benchmarks/latest.py --from runs/feynman --results 2026-12-01-feynman.md
                                                 first takes in the figures of a folder of `kansr bench`: they replace
                                                 those with the same conditions

--from takes a run to be of this machine, all of its cores and the commit that is checked out, unless --machine, --cores
and --version say otherwise.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.arguments import parser
from benchmarks.figures import RESULTS, Figure, load, merged, of_run, save
from kansr.bench.report.tally import wilson
from kansr.errors import KansrError

ROOT = Path(__file__).resolve().parents[1]
LATEST, README = ROOT / "benchmarks" / "latest.md", ROOT / "README.md"
ROWS, TIME_LIMIT = 2000, 60.0  # of the figures in README
NOISES = (0.0, 0.001, 0.01, 0.1)

# suite, half, what README calls it
EXACT = (
    ("feynman120", "all", "the {of} Feynman equations, data seeds {seeds}"),
    ("laws", "odd", "{of} textbook laws, {fewer} of them never looked at (`laws --half odd`)"),
    ("laws", "even", "{of} textbook laws that it was developed on (`laws --half even`)"),
    ("classic", "all", "{of} classic problems (Nguyen, Keijzer, Korns, Livermore …)"),
    ("strogatz", "all", "{of} Strogatz equations"),
    ("srsd", "all", "{of} SRSD problems, {fewer} of which can be recovered from their rows"),
)
# suite, with units, share of outliers, what README calls it
NOISY = (
    ("feynman120", False, 0.0, "of the {of} Feynman equations, without units"),
    ("feynman120", True, 0.0, "of the {of} Feynman equations, with `--units`"),
    ("feynman120", False, 0.05, "of the {of} Feynman equations, without units, 5 % outliers"),
    ("laws", False, 0.0, "of the {of} textbook laws, without units"),
)


def pick(
    figures: Sequence[Figure],
    criterion: str,
    suite: str,
    half: str,
    *,
    noise: float = 0.0,
    units: bool = False,
    outliers: float = 0.0,
) -> list[Figure]:
    """The figure of a suite with the most data seeds; those of its two halves where there is none of the whole."""
    asked = (suite, noise, units, outliers, 0, ROWS, TIME_LIMIT)
    known = [f for f in figures if f.conditions[:-1] == asked and getattr(f, criterion)]
    for seeds in sorted({f.seeds for f in known}, reverse=True):
        by_half = {f.half: f for f in known if f.seeds == seeds}
        if half in by_half:
            return [by_half[half]]
        if half == "all" and {"even", "odd"} <= by_half.keys():
            return [by_half["even"], by_half["odd"]]
    return []


def exact_table(figures: Sequence[Figure]) -> str:
    used, lines = [], ["| what | strict | seconds: median, 90th percentile |", "|---|---|---|"]
    for suite, half, name in EXACT:
        for figure in pick(figures, "strict", suite, half):
            seeds = ", ".join(map(str, range(figure.seeds)))
            label = name.format(of=figure.of, fewer=figure.fewer_of, seeds=seeds)
            found = f"{_each(figure.strict)} of {figure.of}" + (f" ({_fewer(figure)})" if figure.fewer_strict else "")
            lines.append(f"| {label} | {found} | {_seconds(figure)} |")
            used.append(figure)
    return "\n".join([_said("Without noise and units", used), "", *lines])


def noise_table(figures: Sequence[Figure]) -> str:
    heads = " | ".join("no noise" if noise == 0 else _number(noise) for noise in NOISES)
    used, lines = [], [f"| right form | {heads} |", "|---" * (len(NOISES) + 1) + "|"]
    for suite, units, outliers, name in NOISY:
        cells = [pick(figures, "skeleton", suite, "all", noise=n, units=units, outliers=outliers) for n in NOISES]
        of = max(sum(f.of for f in cell) for cell in cells)
        found = [_each([sum(hits) for hits in zip(*(f.skeleton for f in cell))]) for cell in cells]
        lines.append(" | ".join([f"| {name.format(of=of)}", *found]) + " |")
        used += [figure for cell in cells for figure in cell]
    return "\n".join([_said("With noise", used), "", *lines])


def page(figures: Sequence[Figure]) -> str:
    """latest.md: every figure with all that is known of how it was measured."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(cell(figure) for cell in COLUMNS.values()) + " |" for figure in figures]
    return ABOUT + "\n".join(lines) + "\n"


def _rate(hits: Sequence[int], of: int) -> str:
    if not hits:
        return ""
    low, high = wilson(sum(hits), of * len(hits))
    return f"{_each(hits)} of {of}<br>{100 * low:.0f}–{100 * high:.0f} %"


def _fewer(figure: Figure) -> str:
    return f"{_each(figure.fewer_strict)} of {figure.fewer_of}"


def _each(hits: Sequence[int]) -> str:
    return ", ".join(map(str, hits))


def _number(value: float) -> str:
    return f"{value:g}".removeprefix("0") or "0"


def _seconds(figure: Figure) -> str:
    return ", ".join(f"{value:g}" for value in (figure.median, figure.p90) if value is not None)


COLUMNS: dict[str, Callable[[Figure], str]] = {
    "suite": lambda f: f.suite if f.half == "all" else f"{f.suite}, {f.half} half",
    "noise": lambda f: _number(f.noise),
    "units": lambda f: "yes" if f.units else "no",
    "outliers": lambda f: f"{100 * f.outliers:g} %",
    "strict": lambda f: _rate(f.strict, f.of) + (f"<br>({_fewer(f)})" if f.fewer_strict else ""),
    "right form": lambda f: _rate(f.skeleton, f.of),
    "seconds": _seconds,
    "rows; limit": lambda f: f"{f.rows}; {f.time_limit:g} s",
    "date; version": lambda f: f"[{f.date}](results/{f.results}); {f.version}",
    "machine": lambda f: f"{f.machine}, {f.cores} cores",
    "command": lambda f: f"`{f.command}`",
}
ABOUT = """\
# Current figures

Written by `python benchmarks/latest.py` from [results/current.json](results/current.json): do not edit.

*Strict*: the one formula that was chosen is the law. *Right form*: it is the law but for the values of its constants.
[docs/bench.md](../docs/bench.md) defines both. There is a count for each data seed, 0, 1, …; below it the 95 % interval
of the rate (Wilson), over all seeds. In brackets: the odd laws that nobody had looked at, and the SRSD problems that
their own rows can tell from others. Noise is its standard deviation over the target's root mean square. Seconds are of
one search, on one core with one thread: the median, and the 90th percentile where it was recorded.

"""


def _said(conditions: str, used: Sequence[Figure]) -> str:
    """What the figures of a table have in common, and when they were measured."""
    machines = "; ".join(sorted({f"{f.machine}, {f.cores} cores" for f in used}))
    first, last = min(f.date for f in used), max(f.date for f in used)
    days = first if first == last else f"{first} to {last}"
    return (
        f"{conditions}, {ROWS} rows, at most {TIME_LIMIT:g} s a search, one core for each ({machines}), {days};\n"
        "data seed 0 where nothing else is said. Commands, versions and intervals: [latest.md](benchmarks/latest.md)."
    )


def between(text: str, name: str, inside: str) -> str:
    """The text with the block of this name replaced."""
    begin, end = f"<!-- benchmarks/latest.py: {name} -->", "<!-- end -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise KansrError(f"README.md has no block from {begin} to {end}")
    return f"{before}{begin}\n\n{inside}\n\n{end}{after}"


def written(figures: Sequence[Figure]) -> dict[Path, str]:
    """The files as they are to be."""
    readme = between(README.read_text(encoding="utf-8"), "without noise", exact_table(figures))
    return {LATEST: page(figures), README: between(readme, "with noise", noise_table(figures))}


def this_machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def this_version() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("--check", action="store_true", help="only say whether the files are up to date")
    arguments.add_argument("--from", dest="run", type=Path, metavar="DIR", help="take in the figures of this run")
    arguments.add_argument("--results", metavar="FILE", help="the file in results/ that tells of the run")
    arguments.add_argument("--machine", help="processor that the run was made on")
    arguments.add_argument("--cores", type=int, default=os.cpu_count(), help="searches that ran at a time")
    arguments.add_argument("--version", help="commit that was measured")
    options = arguments.parse_args()
    if options.run:
        if not options.results or not (RESULTS / options.results).exists():
            arguments.error("--from needs --results, the name of a file in benchmarks/results that tells of the run")
        machine, version = options.machine or this_machine(), options.version or this_version()
        about = {"machine": machine, "cores": options.cores, "version": version, "results": options.results}
        save(merged(load(), of_run(options.run, **about)))
    stale = [path for path, text in written(load()).items() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        if options.check:
            print(f"{path.relative_to(ROOT)} is out of date: python benchmarks/latest.py")
        else:
            path.write_text(written(load())[path], encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return int(options.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
