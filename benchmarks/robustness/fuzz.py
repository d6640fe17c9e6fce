"""Gives the readers of text whatever comes, led by which branches it reaches: each has to read it or refuse it.

    python benchmarks/robustness/fuzz.py formula|unit|problem|library|table|journal [--seconds 60]
        [--corpus FOLDER | --keep FOLDER]

What ends a run is an exception other than kansr's own, an input that takes more than 20 seconds, or two gigabytes of
memory; the input is then written to the working folder. Needs: pip install atheris. Inputs that reached something new
are kept in tests/support/corpus: a run begins there, and the tests read them again. --keep FOLDER adds those of a
--corpus.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from benchmarks.arguments import parser

try:
    import atheris
except ImportError:  # --help and --keep do without
    atheris = None

READERS = [
    "kansr.data",
    "kansr.expression.parse",
    "kansr.expression.render",
    "kansr.units",
    "kansr.pipeline.journal",
    "kansr.symbolic",
    "lark",
]
with atheris.instrument_imports(include=READERS) if atheris else nullcontext():
    import numpy as np

    from kansr.bench.problem import read_problems
    from kansr.data.read.file import read_table
    from kansr.data.roles import dataset
    from kansr.errors import KansrError
    from kansr.expression.parse import parse
    from kansr.expression.render import render
    from kansr.pipeline.journal import FORMAT, JOURNAL, opened
    from kansr.symbolic.library.library_file import read_library
    from kansr.units.text import dimension_of

CORPUS = Path(__file__).resolve().parents[2] / "tests" / "support" / "corpus"
SCRATCH = Path(tempfile.mkdtemp(prefix="kansr-fuzz-"))
HEADER = json.dumps({"journal": FORMAT, "key": {}}).encode() + b"\n"


def text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


def formula(raw: bytes) -> None:
    parse(render(parse(text(raw))))


def unit(raw: bytes) -> None:
    dimension_of(text(raw))


def problem(raw: bytes) -> None:
    (SCRATCH / "laws.problems").write_bytes(raw)
    read_problems(SCRATCH / "laws.problems")


def library(raw: bytes) -> None:
    (SCRATCH / "own.library").write_bytes(raw)
    read_library(SCRATCH / "own.library")


def table(raw: bytes) -> None:
    data, _ = dataset(read_table(io.BytesIO(raw)), missing="drop")
    assert np.isfinite(data.X).all() and np.isfinite(data.y).all()


def journal(raw: bytes) -> None:
    (SCRATCH / JOURNAL).write_bytes(HEADER + raw)
    opened(SCRATCH, {}, resume=True)


def kept(target: str) -> list[bytes]:
    """The inputs in tests/support/corpus: one a line, the bytes as letters of Latin-1 in a JSON string."""
    lines = (CORPUS / f"{target}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line).encode("latin-1") for line in lines]


def keep(target: str, folder: Path) -> None:
    """Adds the inputs in a folder, one a file, to those that are kept."""
    raw = {*kept(target), *(file.read_bytes() for file in folder.iterdir())}
    lines = [json.dumps(one.decode("latin-1")) for one in sorted(raw, key=lambda one: (len(one), one))]
    (CORPUS / f"{target}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


TARGETS: dict[str, Callable[[bytes], None]] = {
    reader.__name__: reader for reader in (formula, unit, problem, library, table, journal)
}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("target", choices=TARGETS)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--corpus", type=Path, help="where new inputs go; a temporary folder unless given")
    arguments.add_argument("--keep", type=Path, help="only keep what is in this folder")
    options = arguments.parse_args()
    if options.keep:
        keep(options.target, options.keep)
        return
    if atheris is None:
        sys.exit("fuzz.py needs atheris: pip install atheris")
    read = TARGETS[options.target]

    def once(raw: bytes) -> None:
        try:
            read(raw)
        except KansrError as err:
            assert str(err), "refused without a word"

    grown = options.corpus or Path(tempfile.mkdtemp(prefix="kansr-corpus-"))
    grown.mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(kept(options.target)):
        (grown / f"kept{number}").write_bytes(raw)
    flags = [
        f"-max_total_time={options.seconds}",
        "-timeout=20",
        "-report_slow_units=2",
        "-rss_limit_mb=2000",
        "-max_len=400",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, str(grown)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
