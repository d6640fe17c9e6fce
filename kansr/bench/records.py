"""The records of a run on disk: a line of JSON for each, appended as it comes, and the settings beside them."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kansr.bench.grade import VERDICTS
from kansr.bench.record import Record
from kansr.bench.trial import Settings
from kansr.errors import DataError, UsageError
from kansr.runtime.files import append, create, keep_damaged, open_lock, read_own, take, write

MOST_BYTES = 1 << 30  # of records that are gone on with
RECORDS, SETTINGS, LOCK = "records.jsonl", "settings.json", ".lock"
OPTIONS = {
    "rows": "--rows",
    "time_limit": "--time-limit",
    "distractors": "--distractors",
    "units": "--units",
    "outliers": "--outliers",
    "data": "--data",
    "structure": "--structure",
}


@dataclass
class RecordLog:
    """The open records of a run. records: those there are; path: the file to append to."""

    records: list[Record]
    path: Path

    def add(self, record: Record) -> None:
        """Appends a record, which is on the disk when this returns."""
        append(self.path, json.dumps(record, allow_nan=False))
        self.records.append(record)


@contextlib.contextmanager
def opened(folder: Path, settings: Settings, *, resume: bool) -> Iterator[RecordLog]:
    """The record log in a folder, which is locked during the body of the with statement.

    resume: whether to go on with the records there. Raises UsageError where the folder is not empty and `resume` is
    False, was begun with other settings, or is locked by another run.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open_lock(folder / LOCK)
    except FileExistsError as err:
        raise UsageError(f"{folder} is a file, and records need a folder: name another with --out") from err
    except OSError as err:
        raise UsageError(f"cannot write to {folder}: {err.strerror}") from err
    try:
        take(lock, folder)
        _begin(folder, settings, resume)
        yield RecordLog(_whole(folder), folder / RECORDS)
    finally:
        os.close(lock)


def _whole(folder: Path) -> list[Record]:
    """The records in a folder, in a file without an incomplete last line, which a killed run leaves.

    What there was with such a line is kept beside it. Raises as `read` does, before anything is changed.
    """
    path = folder / RECORDS
    try:
        if not os.path.lexists(path):
            create(path, b"")
        raw = read_own(path, MOST_BYTES)
        records, whole = read(folder), raw.rfind(b"\n") + 1
        if whole < len(raw):
            keep_damaged(path, raw)
            write(path, raw[:whole].decode())
    except OSError as err:
        raise UsageError(f"cannot write to {path} ({err.strerror}): name another folder with --out") from err
    return records


def read(folder: Path) -> list[Record]:
    """The records in a folder, in a fixed order, without the incomplete last line of a killed run.

    Raises UsageError where there are none, DataError for a line that is not a record.
    """
    path = folder / RECORDS
    if not (folder / SETTINGS).exists():
        raise UsageError(f"{folder} holds no benchmark: name the folder that was given to kansr bench --out")
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    records = [_record(line, path, number) for number, line in enumerate(lines, start=1)]
    return sorted(records, key=lambda r: (r["suite"], r["method"], r["noise"], r["seed"], r["problem"]))


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings with which the run in a folder was begun. Raises DataError where they cannot be read."""
    path = folder / SETTINGS
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as err:
        raise DataError(f"cannot read {path}: {err}") from err


def _begin(folder: Path, settings: Settings, resume: bool) -> None:
    holds = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if holds and not resume:
        hint = "go on with --resume, or " if SETTINGS in holds else ""
        raise UsageError(f"{folder} is not empty (it holds {holds[0]}): {hint}name another folder with --out")
    if holds and SETTINGS not in holds:
        raise UsageError(f"{folder} holds no benchmark to resume but {holds[0]}: name another folder with --out")
    if not holds:
        write(folder / SETTINGS, json.dumps(asdict(settings), indent=2) + "\n")
        return
    for name, before in ({"structure": Settings.structure} | read_settings(folder)).items():
        now = asdict(settings).get(name)
        if now != before:
            option = OPTIONS.get(name, name)
            raise UsageError(f"{folder} was begun with {option} {before}, not {now}: use the same, or another --out")


def _record(line: bytes, path: Path, number: int) -> Record:
    try:
        record = json.loads(line)
        if (
            not {"problem", "suite", "method", "noise", "seed"} <= record.keys()
            or not set(VERDICTS) <= record["verdicts"].keys()
        ):
            raise ValueError
    except (ValueError, TypeError, KeyError) as err:
        raise DataError(f"{path}, line {number} is not a record of this version: remove the line and resume") from err
    return dict(record)
