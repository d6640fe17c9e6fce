"""Files and options that cannot be what they are given for: each is refused in one short sentence, at once."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from support.faults.cases import Case, discover
from support.faults.tables import SQUARE, rows
from support.speed import took

SHORT = 500  # letters of a sentence
SECONDS = 2.0  # that a refusal takes at most, once all is loaded
LONG = 50_000  # letters of a name that is far too long


def arrays(X: object, y: object) -> bytes:
    raw = io.BytesIO()
    np.savez(raw, X=np.asarray(X), y=np.asarray(y))
    return raw.getvalue()


def claiming(shape: str) -> bytes:
    """Arrays whose headers claim a shape that the file does not hold."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    entry = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("X.npy", entry)
        archive.writestr("y.npy", entry)
    return raw.getvalue()


x = np.linspace(1, 5, 40)
PAIRS = np.zeros(40, dtype=[("a", float), ("b", float)])
NOT_UTF8 = os.fsdecode(b"r\xff")
WIDE = rows(",".join([*(f"v{i:03}" for i in range(60)), "y"]), lambda *x: x[0])
UNITS = ",".join(f"v{i:03}=m" for i in range(60))

# What is wrong, the table, the options, and a word of the sentence.
REFUSED: Sequence[tuple[str, bytes | str, Sequence[object], str]] = [
    ("structured array", arrays(PAIRS, x), [], "plain numbers"),
    ("structured target", arrays(x, PAIRS), [], "plain numbers"),
    ("void array", arrays(np.zeros(40, dtype="V8"), x), [], "plain numbers"),
    ("array of 8 TB", claiming("(1000000000000,)"), [], "more than 2 GB"),
    ("array beyond any machine", claiming("(10000000000000000000000,)"), [], "more than 2 GB"),
    *((f"codec {name}", SQUARE, ["--encoding", name], "no encoding is called")
      for name in ("rot13", "base64", "hex", "bz2", "zlib", "uu", "quopri", "q" * LONG)),
    ("long list of units", WIDE, ["--units", UNITS], "no unit for 'y'"),
    ("a very long list of units", SQUARE, ["--units", "a=m,b=m," + ",".join(f"q{i}=m" for i in range(9000))], "'q0'"),
    ("a long unit", SQUARE, ["--units", "a=" + "m*" * LONG + "m,b=m"], "too long for a unit"),
    ("a deep unit", SQUARE, ["--units", "a=" + "(" * LONG + "m" + ")" * LONG + ",b=m"], "too long for a unit"),
    *((f"{option} of {LONG} letters", SQUARE, [option, "q" * LONG], "q…q")
      for option in ("--target", "--inputs", "--sigma", "--derivative", "--units", "--library", "--out")),
    ("a long report", SQUARE, ["--report", "q" * LONG + ".html"], "at most 255"),
    ("a form of a long name", SQUARE, ["--form", f"f({'q' * LONG})"], "no variable"),
    ("a column of a long name", SQUARE.replace("a,b", f"{'a' * LONG},b", 1), ["--target", "z"], "a…a"),
    ("a million jobs", SQUARE, ["--jobs", 1000000], "from 1 to 1000"),
    ("more jobs than numbers", SQUARE, ["--jobs", "1" + "0" * 30], "from 1 to 1000"),
    ("a limit beyond any clock", SQUARE, ["--time-limit", "1e308"], "up to 1e+08"),
    ("errors that are the target", SQUARE, ["--sigma", "b", "--target", "b"], "both the target and the errors"),
    ("a derivative by itself", SQUARE, ["--derivative", "b", "--target", "b"], "both the target and what it is"),
    ("numbers of 5000 digits", "a,b\n" + "".join(f"{'9' * 5000},{i}\n" for i in range(9)), [], "column 'a'"),
    ("errors beyond float64", "s,a,b\n" + "".join(f"1e-{200 + i},{i},{i * i}\n" for i in range(9)), ["--sigma", "s"],
     "squares float64 cannot hold"),
]  # fmt: skip


def sentences() -> Iterator[Case]:
    """A case for each; what is loaded first does not count."""
    for what, table, options, words in REFUSED:

        def run(
            folder: Path, table: bytes | str = table, options: Sequence[object] = options, words: str = words
        ) -> None:
            def refusal() -> None:
                code, out, err = discover(folder, table, *options)
                assert (code, out) == (2, ""), err
                sentence = err.splitlines()
                assert any(words in line for line in sentence), err
                assert all(line.startswith("kansr: ") and len(line) < SHORT for line in sentence), err

            assert took(refusal) < SECONDS

        yield Case(36, f"one sentence: {what}", run)


def odd_paths(folder: Path) -> None:
    """Names of files that are no text, and letters that steer a terminal, do no harm."""
    table = SQUARE.replace("a,b", "a\x1b[31m,b\x1b]0;x\x07", 1)
    code, out, err = discover(folder, table, "--out", NOT_UTF8, "--report", "page.html", "--jobs", "1")
    assert code == 0 and (folder / NOT_UTF8 / "discovery.json").exists(), err
    for text in (out, err, (folder / "page.html").read_text("utf-8")):
        assert "\x1b" not in text and "\x07" not in text
