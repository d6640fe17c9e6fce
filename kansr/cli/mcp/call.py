"""One call of kansr in a process of its own, which is killed when its time is up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kansr.cli import Exit
from kansr.cli.mcp.folder import Folder
from kansr.errors import KansrError

GRACE = 1.5  # times the time limit: a command stops at its limit plus a tenth; what is left is for a busy machine
READING_SECONDS = 60.0  # for a table to be read, or a page to be written
LOADING_SECONDS = 30.0  # to start Python and load what a command needs
PACKAGES = Path(__file__).resolve().parents[3]  # where kansr is, for a process that starts elsewhere
WITH_A_RESULT = (Exit.FOUND, Exit.NOTHING, Exit.TIMED_OUT)


def options(given: Mapping[str, Any]) -> list[str]:
    """{"time_limit": 3, "debug": True, "units": None} -> --time-limit=3 --debug

    No value is taken for an option, whatever it begins with.
    """
    named = {f"--{name.replace('_', '-')}": value for name, value in given.items() if value not in (None, "", False)}
    return [name if value is True else f"{name}={value}" for name, value in named.items()]


def kansr(command: str, given: Mapping[str, Any], *arguments: object) -> list[str]:
    """The command line of `kansr COMMAND --name=value … -- arguments`."""
    return ["-m", "kansr", command, *options(given), "--", *map(str, arguments)]


async def ask(folder: Folder, command: Sequence[str], seconds: float) -> tuple[int, dict[str, Any], list[str]]:
    """The exit code, the JSON object that was printed ({} without one), and the notes.

    Raises KansrError with what the command said where it failed, or did not end in time. When the call is
    cancelled the process ends, too.
    """
    limit = GRACE * seconds + LOADING_SECONDS
    try:
        code, printed, notes = await asyncio.wait_for(_ended(command), limit)
    except asyncio.TimeoutError:  # before Python 3.11 it is not the TimeoutError of the language
        raise KansrError(f"stopped after {limit:.0f} s without an answer") from None
    said = [_relative(line.removeprefix("kansr: "), folder) for line in notes.splitlines() if line.strip()]
    if code not in WITH_A_RESULT:
        raise KansrError("\n".join(said) if said else f"kansr ended with exit code {code}")
    return code, json.loads(printed) if printed.strip() else {}, said


async def _ended(command: Sequence[str]) -> tuple[int, str, str]:
    """The exit code, what was printed and what was said by Python with these arguments.

    The process starts in an empty folder, so that no text which is also the name of a file is taken for one.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGES), os.environ.get("PYTHONPATH", "")])}
    with tempfile.TemporaryDirectory() as empty:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=empty,
            env=environment,
        )
        try:
            printed, said = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()  # processes that it has started end with it
                await process.wait()
    assert process.returncode is not None
    return process.returncode, printed.decode("utf-8", "replace"), said.decode("utf-8", "replace")


def _relative(text: str, folder: Folder) -> str:
    """A message with the names that the client knows."""
    return text.replace(f"{folder.root}{os.sep}", "")
