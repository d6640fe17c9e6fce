"""The excerpt: rows drawn at random that are kept beside a result, for its plots."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kansr.data.dataset import Dataset
from kansr.errors import DataError
from kansr.numeric.arrays import Array
from kansr.runtime.files import read

MOST_ROWS = 2000  # more would make a plot slow and no clearer
MOST_BYTES = 1 << 28  # of a file of them: 5000 columns of 20 letters


@dataclass(frozen=True, eq=False)
class Excerpt:
    """Some rows of a dataset, in its order.

    X: (rows, inputs); y: (rows,); row: the position of each in the dataset, from 0, (rows,); held_out: whether each was
    held out, (rows,); sigma: the standard error of each y, (rows,), None where it is not stated. labels: the group of
    each row, None where there are none.
    """

    X: Array
    y: Array
    row: NDArray[np.intp]
    held_out: NDArray[np.bool_]
    sigma: Array | None = None
    labels: tuple[str, ...] | None = None


def excerpt(data: Dataset, held_out: NDArray[np.bool_], seed: int) -> Excerpt:
    """At most MOST_ROWS rows of the data, drawn at random by the seed. held_out: (rows,)"""
    row: NDArray[np.intp] = np.arange(data.rows)
    if data.rows > MOST_ROWS:
        row = np.sort(np.random.default_rng(seed).choice(data.rows, MOST_ROWS, replace=False))
    few = data.take(row)
    labels = None if few.grouping is None else tuple(few.grouping.labels[code] for code in few.grouping.codes)
    return Excerpt(few.X, few.y, row, held_out[row], few.own_errors, labels)


def csv_text(rows: Excerpt, names: Sequence[str], target: str) -> str:
    """The rows as CSV, all digits kept: row, held_out, inputs, target, and sigma and group where they are known."""
    text = io.StringIO()
    columns = [rows.X, rows.y[:, None], *([] if rows.sigma is None else [rows.sigma[:, None]])]
    header = ["row", "held_out", *names, target, *([] if rows.sigma is None else ["sigma"])]
    header += [] if rows.labels is None else ["group"]
    labels = [[]] * len(rows.y) if rows.labels is None else [[label] for label in rows.labels]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row, aside, values, label in zip(rows.row, rows.held_out, np.hstack(columns), labels):
        writer.writerow([int(row), int(aside), *(repr(float(value)) for value in values), *label])
    return text.getvalue()


def read_excerpt(path: Path, names: Sequence[str], target: str) -> Excerpt:
    """The excerpt that `csv_text` wrote. Raises DataError for anything else."""
    try:
        header, *lines = csv.reader(io.StringIO(read(path, MOST_BYTES).decode(), newline=""))
        labels = None
        if header[-1:] == ["group"] and len(header) > len(names) + 3:
            labels = tuple(line.pop() for line in lines)
            header.pop()
        values = np.array([[float(cell) for cell in line] for line in lines]).reshape(len(lines), len(header))
    except (OSError, ValueError, IndexError, csv.Error) as err:
        raise DataError(f"cannot read the rows in {path}: {err}") from None
    expected = ["row", "held_out", *names, target]
    if header[: len(expected)] != expected or header[len(expected) :] not in ([], ["sigma"]):
        raise DataError(f"{path} does not belong to this result: its columns are not {', '.join(expected)}")
    if not np.isfinite(values).all():
        raise DataError(f"{path} holds a value that is not a finite number")
    k = len(names)
    sigma = values[:, k + 3] if header[len(expected) :] else None
    return Excerpt(
        values[:, 2 : k + 2], values[:, k + 2], values[:, 0].astype(np.intp), values[:, 1] != 0, sigma, labels
    )
