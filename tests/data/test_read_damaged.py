"""Files that are damaged on their way: cut short, or with a byte changed. Each is read, or refused in one sentence."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from kansr.data.read.file import read_table
from kansr.errors import KansrError

ROWS = {"x": [k / 8 for k in range(40)], "y": [float(k * k) for k in range(40)]}
CUTS = 16  # places at which a file is cut, evenly apart
FLIPS = 48  # bytes that are changed, one at a time, evenly apart
ENOUGH = 300  # letters of a sentence


def xlsx() -> bytes:
    pytest.importorskip("openpyxl")
    stream = io.BytesIO()
    pd.DataFrame(ROWS).to_excel(stream, index=False)
    return stream.getvalue()


def npz(stored: Callable[..., None]) -> Callable[[], bytes]:
    def made() -> bytes:
        stream = io.BytesIO()
        stored(stream, X=np.array(ROWS["x"]), y=np.array(ROWS["y"]))
        return stream.getvalue()

    return made


def parquet() -> bytes:
    pytest.importorskip("pyarrow")
    stream = io.BytesIO()
    pd.DataFrame(ROWS).to_parquet(stream)
    return stream.getvalue()


def feather() -> bytes:
    pytest.importorskip("pyarrow")
    stream = io.BytesIO()
    pd.DataFrame(ROWS).to_feather(stream)
    return stream.getvalue()


def lines() -> bytes:
    return b"".join(json.dumps({"x": x, "y": y}).encode() + b"\n" for x, y in zip(ROWS["x"], ROWS["y"]))


FILES: dict[str, Callable[[], bytes]] = {
    "xlsx": xlsx,
    "npz": npz(np.savez),
    "npz, compressed": npz(np.savez_compressed),
    "parquet": parquet,
    "feather": feather,
    "JSON lines": lines,
    "JSON, list": lambda: json.dumps(pd.DataFrame(ROWS).to_dict("records")).encode(),
    "JSON, lists": lambda: json.dumps(ROWS).encode(),
    "CSV, gzipped": lambda: gzip.compress(pd.DataFrame(ROWS).to_csv(index=False).encode(), mtime=0),
}


def refusal(raw: bytes) -> str:
    """The sentence that refuses a file, "" where it is read. Nothing else may come of it."""
    try:
        read_table(io.BytesIO(raw))
    except KansrError as err:
        assert "\n" not in str(err) and 0 < len(str(err)) < ENOUGH, str(err)
        return str(err)
    return ""


@pytest.mark.parametrize("made", FILES.values(), ids=FILES.keys())
def test_a_damaged_file_is_read_or_refused_in_one_sentence(made: Callable[[], bytes]) -> None:
    raw = made()
    assert not refusal(raw)
    for cut in range(1, CUTS):
        refusal(raw[: len(raw) * cut // CUTS])
    for place in range(0, len(raw), max(1, len(raw) // FLIPS)):
        refusal(raw[:place] + bytes([raw[place] ^ 0xFF]) + raw[place + 1 :])


@pytest.mark.parametrize("name", [name for name in FILES if name != "JSON lines"])  # of which whole lines are a table
def test_half_a_file_is_refused(name: str) -> None:
    raw = FILES[name]()
    assert refusal(raw[: len(raw) // 2])


@pytest.mark.parametrize(
    "head",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-5,), }",
        "{'descr': ''",
        "('",
        "  {\n 1",
        "1L" * 99,
        "{1: 2, 'a': 3}",
        "",
    ],
)
def test_arrays_with_a_damaged_header(head: str) -> None:
    entry = b"\x93NUMPY\x01\x00" + (len(head) + 1).to_bytes(2, "little") + head.encode() + b"\n" + b"\0" * 40
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("X.npy", entry)
        archive.writestr("y.npy", entry)
    assert "cannot read the arrays X and y" in refusal(stream.getvalue())
