"""How a command on a table ends: what is printed and saved, and the exit code."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from kansr.runtime.terminal import emit, say

if TYPE_CHECKING:
    from kansr.cli.supervise import Ending

FOUND, NOTHING, USAGE, INTERNAL, TIMED_OUT, SIGNALLED = 0, 1, 2, 3, 4, 128
CODES = {"found": FOUND, "best_effort": FOUND, "nothing": NOTHING, "timed_out": TIMED_OUT}


def internal(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    say([f"internal error: {type(error).__name__}: {error}{'' if debug else '; --debug shows where'}"])
    return INTERNAL


def conclude(ending: Ending, as_json: bool, out: Path | None, page: Path | None, debug: bool) -> int:
    """Prints and saves the discovery, says what went wrong if anything did, and returns the exit code."""
    from kansr.runtime.files import write
    from kansr.show.report.page import page as html
    from kansr.show.summary import plain, styled
    from kansr.store.folder import json_text, save

    discovery = ending.discovery
    try:
        if as_json:
            emit(json_text(discovery))
        elif sys.stdout.isatty():
            from rich.console import Console

            console = Console()
            with console.capture() as captured:
                console.print(styled(discovery))
            emit(captured.get())
        else:
            emit(plain(discovery) + "\n")
    finally:
        if out is not None and ending.early:
            say([f"ended before all was read back that the search in {out} had found: its files are as they were"])
        elif out is not None:
            save(out, discovery)
        if page is not None:
            write(page, html(discovery))
    if ending.error is not None:
        return internal(ending.error, debug)
    return SIGNALLED + ending.signal if ending.signal else CODES[discovery.status.value]
