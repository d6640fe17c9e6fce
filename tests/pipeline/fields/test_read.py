"""Fields from files: npz, and what is no such thing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from support.fields import diffusing

from kansr.errors import DataError
from kansr.pipeline.fields.read import read_field

FIELD = diffusing(60, 70)


def test_a_file_and_arrays_give_the_same_field(tmp_path: Path) -> None:
    path = tmp_path / "field.npz"
    np.savez_compressed(path, **FIELD, more=np.array(["not read"]))
    read, _ = read_field(path, "t", ("x",), "u")
    np.testing.assert_array_equal(read.values, read_field(FIELD, "t", ("x",), "u")[0].values)
    assert (read.target, read.steps[0]) == ("u_t", pytest.approx(FIELD["t"][1]))


def written(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


BAD = {
    "csv": (b"t,x,u\n1,2,3\n", "is not an npz file"),
    "empty": (b"", "is not an npz file"),
    "cut": (written(**FIELD)[:900], "cannot read its arrays"),
    "objects": (written(**{**FIELD, "u": np.array([{}, None])}), "cannot read its arrays"),
    "other names": (written(a=FIELD["u"]), "holds no array 't', but 'a'"),
}


@pytest.mark.parametrize(("raw", "words"), BAD.values(), ids=BAD)
def test_what_is_no_field_is_refused_in_a_sentence(raw: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "field.npz"
    path.write_bytes(raw)
    with pytest.raises(DataError) as caught:
        read_field(path, "t", ("x",), "u")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(DataError, match="no such file"):
        read_field("nowhere.npz", "t", ("x",), "u")
