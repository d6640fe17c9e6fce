"""Results as files: each one is replaced whole or stays as it was, whatever happens in between."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from kansr.data.excerpt import csv_text
from kansr.discovery import Discovery
from kansr.errors import UsageError

RESULT, FRONT, ROWS, COMMAND = "discovery.json", "front.csv", "rows.csv", "command.txt"


def claim(folder: Path, *, force: bool = False) -> None:
    """Makes the folder and sees that results can be written there; an earlier result is only replaced by `force`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as err:
        raise UsageError(f"{folder} is a file, and results need a folder: name another with --out") from err
    except OSError as err:
        raise UsageError(f"cannot write to {folder}: {err.strerror}") from err
    earlier = [name for name in (RESULT, FRONT) if (folder / name).exists()]
    if earlier and not force:
        raise UsageError(f"{folder} holds an earlier result ({earlier[0]}); use --force to replace it")


def save(folder: Path, discovery: Discovery) -> None:
    """Writes the JSON object and the front of a discovery, the rows to show it with and the command into the folder."""
    write(folder / RESULT, json_text(discovery))
    write(folder / FRONT, discovery.front.to_frame().drop(columns="sympy_format").to_csv(index=False))
    if discovery.excerpt is not None:
        write(folder / ROWS, csv_text(discovery.excerpt, discovery.inputs, discovery.target))
    if discovery.command:
        write(folder / COMMAND, discovery.command + "\n")


def save_as(path: Path, discovery: Discovery) -> None:
    """Writes one file where the name ends in .json, and else a folder; replaces what is there."""
    if path.suffix == ".json":
        write(path, json_text(discovery))
    else:
        claim(path, force=True)
        save(path, discovery)


def json_text(discovery: Discovery) -> str:
    return json.dumps(discovery.to_dict(), indent=2, allow_nan=False) + "\n"


def write(path: Path, text: str) -> None:
    """Makes `path` a file with this text, in one step."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}") from err
