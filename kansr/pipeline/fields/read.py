"""Fields from npz files, and from arrays that Python holds."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kansr.data.read.binary import DAMAGED, whole
from kansr.data.read.file import ARCHIVE, MEMORY
from kansr.data.read.streams import opened
from kansr.data.read.table import reason
from kansr.errors import DataError
from kansr.pipeline.fields.field import Field, field_of
from kansr.runtime.alarm import OutOfTime


def read_field(
    source: str | Path | Mapping[str, object], time: str, space: Sequence[str], target: str
) -> tuple[Field, tuple[str, ...]]:
    """The field of an npz file, of "-" for standard input, or of arrays by name; and notes.

    Raises DataError and UsageError, as `field_of` does; nothing in a file is run.
    """
    if isinstance(source, Mapping):
        return field_of(source, time, space, target, "the mapping")
    with opened(source) as (name, stream):
        raw = whole(stream, name, MEMORY)
    return field_of(_arrays(raw, name, (time, *space, target)), time, space, target, name)


def _arrays(raw: bytes, source: str, wanted: Sequence[str]) -> dict[str, object]:
    """The arrays of these names in an npz file; those that it lacks are missing, and others are empty."""
    if not raw.startswith(ARCHIVE):
        raise DataError(f"{source} is not an npz file: save the arrays with numpy.savez")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MEMORY:
                raise DataError(f"{source} has more than {MEMORY / 1e9:.3g} GB: thin out the field")
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            return {name: arrays[name] if name in wanted else () for name in arrays.files}
    except (MemoryError, OverflowError) as err:
        raise DataError(f"{source}: an array is too large for the memory: thin out the field") from err
    except OutOfTime:
        raise
    except DAMAGED as err:
        raise DataError(f"{source}: cannot read its arrays ({reason(err)}); save them as plain numbers") from err
