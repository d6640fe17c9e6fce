"""Which numbers a search reads: a number that no code which ran names cannot move the answer.

All code of kansr that runs is recorded: functions, class bodies and, since kansr is imported anew, modules. A number
counts as read if any of that code, even in a branch that was not taken, loads its name where the name is bound to it,
or an attribute of its name; a field also if a string in a function is its name. Where the search started another
process everything counts as read.
"""

from __future__ import annotations

import ast
import dis
import inspect
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

from benchmarks.robustness.search_numbers import ROOT, Number

GLOBAL = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF"}
ATTRIBUTE = {"LOAD_ATTR", "LOAD_METHOD"}
OURS = str(ROOT / "kansr")
STARTS = {"os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen"}  # audit events of a process that begins


class Trace:
    """codes: the code that ran; elsewhere: whether some may have run in another process."""

    def __init__(self) -> None:
        self.codes: set[CodeType] = set()
        self.elsewhere = False

    def profile(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            self.codes.add(frame.f_code)

    def audit(self, event: str, _: object) -> None:
        self.elsewhere = self.elsewhere or event in STARTS

    def read(self, numbers: Iterable[Number]) -> list[str]:
        """The names of those numbers that count as read."""
        named = {name for code in self.codes for name in _named(code)}
        return [
            str(n)
            for n in numbers
            if self.elsewhere or ("", n.name) in named or (not n.owner and (n.module, n.name) in named)
        ]


@contextmanager
def traced() -> Iterator[Trace]:
    """The trace of what runs inside, in all threads; for a process that does nothing else, since audits have no end."""
    trace = Trace()
    sys.addaudithook(trace.audit)
    threading.setprofile(trace.profile)
    sys.setprofile(trace.profile)
    try:
        yield trace
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def _named(code: CodeType) -> Iterator[tuple[str, str]]:
    """(module, name) of the global names that code loads, ("", name) of attributes, and of strings in functions."""
    bound, in_function = _imported(code.co_filename), code.co_flags & inspect.CO_OPTIMIZED
    for line in dis.get_instructions(code):
        if line.opname in GLOBAL:
            yield bound.get(line.argval, (_module(code.co_filename), line.argval))
        elif line.opname in ATTRIBUTE or (line.opname == "LOAD_CONST" and in_function):
            yield "", str(line.argval)


@cache
def _module(filename: str) -> str:
    return ".".join(Path(filename).relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _imported(filename: str) -> dict[str, tuple[str, str]]:
    """Local name -> (module, name there) of what a file of kansr imports from another."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(Path(filename).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found |= {name.asname or name.name: (str(node.module), name.name) for name in node.names}
    return found
