"""What the attempts of a search have found, one line of JSON each: a search that was killed goes on from there.

Formulas are written as text of the formula language and read back by its grammar; nothing in the file is executed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import sympy

from kansr.data.dataset import Dataset
from kansr.errors import KansrError, UsageError
from kansr.expression.named_constant import NamedConstant
from kansr.expression.parse import FUNCTIONS, parse
from kansr.expression.render import render
from kansr.pipeline.config import Config
from kansr.result.candidate import Candidate
from kansr.result.derivation import Finder, Step
from kansr.result.graph import Graph
from kansr.result.json_value import Value
from kansr.runtime.deadline import Timer
from kansr.runtime.files import append, create, keep_damaged, read_own, write
from kansr.search.attempt import Finding, Tried
from kansr.version import __version__

JOURNAL, FORMAT = "attempts.jsonl", 4
# Limits for hostile files; journals of searches stay far below.
MOST_BYTES = 1 << 26
MOST_LINES = 1000
MOST_SECONDS = 1e9  # that a search has taken: thirty years
SHOWN = 20  # letters of an option that a message repeats
SHOWN_ERROR = 120  # letters of what was wrong that a message repeats
MEASURES = ("complexity", "loss", "error_ms", "r2", "r2_held_out", "description_length", "origin")


class Entry(NamedTuple):
    """What an attempt has found; `cut`: because the time had run out, it may find more."""

    tried: Tried
    cut: bool = False


NOT_YET = Entry(Tried(()), cut=True)


@dataclass
class Journal:
    """The attempts that have been made, by name, and room for more.

    seconds: how long the search had taken by then; path: the file that is written on, None for none. `failure` says
    why writing ended, if it did; `note` what became of a file that was damaged, or no journal.
    """

    past: Mapping[str, Entry] = field(default_factory=dict)
    seconds: float = 0.0
    path: Path | None = None
    failure: str = ""
    note: str = ""

    def timer(self) -> Timer:
        """The timer of a search that goes on from here; it stands still until all of the past has been read back."""
        return Timer(self.seconds, None) if self.past else Timer(self.seconds)

    def add(self, name: str, tried: Tried, seconds: float, *, cut: bool) -> None:
        """Writes down what an attempt has found; it is on the disk when this returns.

        What would not read back as the same is not written: the attempt is made again then. So is all that follows
        where the disk is full.
        """
        line = _line(name, tried, seconds, cut) if self.path is not None and not self.failure else ""
        if self.path is None or not line:
            return
        try:
            append(self.path, line)
        except OSError as err:
            self.failure = f"cannot write to {self.path} ({err.strerror}): the search goes on, but --resume repeats it"


def key(data: Dataset, config: Config) -> dict[str, str]:
    """What a search depends on, by what the user calls it; attempts of another one are of no use."""
    shape = f"{data.names} {data.target} {data.X.shape} {data.relative} {data.robust}"
    errors = b"" if data.sigma is None else data.sigma.tobytes()
    if data.input_errors is not None:
        own = data.input_errors.y
        errors += data.input_errors.X.tobytes() + (b"estimated" if own is None else own.tobytes())
    x = sympy.Symbol("x")
    library = [f"{f.name} {f.symbolic(x)} {f.complexity} {f.free} {f.domain}" for f in config.library]
    return {
        "kansr": __version__,
        "the table": _digest(shape.encode(), data.X.tobytes(), data.y.tobytes(), errors),
        "--units": _digest(repr(data.units).encode()),
        "--library": _digest(repr(library).encode()),
        "--functions": str(None if config.vocabulary.functions is None else sorted(config.vocabulary.functions)),
        "--max-complexity": str(config.vocabulary.max_complexity),
        "--seed": str(config.seed),
        "--loss": config.loss,
        "--structure": config.structure,
        "--refine": str(config.refine or "nothing"),
        **({"--shape": "; ".join(map(str, config.known_shape.statements))} if config.known_shape else {}),
        "the share of rows held out": str(config.held_out),
    }


def opened(folder: Path, key: Mapping[str, str], *, resume: bool, force: bool = False) -> Journal:
    """The journal in `folder`, begun if there is none; an earlier one is resumed or, without `resume`, replaced.

    Of one that is damaged the attempts before the damage are taken; what was there is kept beside it, and the journal's
    `note` says so. Nothing is changed before all of this is clear. force: whether what is no journal of ours may go out
    of the way; it is kept too.

    Raises UsageError for one that belongs to another search or is none, and for what is no regular file of one name.
    """
    path = folder / JOURNAL
    try:
        raw = read_own(path, MOST_BYTES) if os.path.lexists(path) else None
    except OSError as err:
        raise UsageError(
            f"cannot read {path} ({err.strerror}): move it away, or name another folder with --out"
        ) from err
    try:
        if raw and resume:
            return _resumed(path, raw, key)
        return _begun(path, raw, key, force)
    except OSError as err:
        raise UsageError(f"cannot write to {folder}: {err.strerror}") from err


def _begun(path: Path, raw: bytes | None, key: Mapping[str, str], force: bool) -> Journal:
    """A new journal in the place of what is there, which is kept where no search of ours has written it."""
    note = ""
    if raw is not None:
        if raw and _header(raw) is None:
            if not force:
                raise UsageError(f"{path} is not a journal of a search: name another folder with --out, or use --force")
            note = f"{path} was not a journal of a search: it is {keep_damaged(path, raw).name} now"
        path.unlink()
    create(path, json.dumps({"journal": FORMAT, "key": dict(key)}).encode() + b"\n")
    return Journal(path=path, note=note)


def _resumed(path: Path, raw: bytes, key: Mapping[str, str]) -> Journal:
    """The journal with the attempts of an earlier run, which holds nothing but these afterwards."""
    _check(path, raw, key)
    lines = raw.split(b"\n")
    past: dict[str, Entry] = {}
    seconds, whole, wrong = 0.0, len(lines[0]) + 1, ""
    for number, line in enumerate(lines[1:-1], start=2):
        try:
            name, tried, seconds, cut = _read(_value(line), least=seconds)
        except (ValueError, RecursionError, KansrError) as err:
            wrong = f"line {number} of {path} is not what this version wrote ({str(err)[:SHOWN_ERROR]})"
            break
        past[name] = Entry(tried, cut)
        whole += len(line) + 1
    if not wrong and lines[-1]:
        wrong = f"line {len(lines)} of {path} ends too early"
    note = ""
    if wrong:
        kept = keep_damaged(path, raw)
        write(path, raw[:whole].decode())
        note = f"{wrong}: the search goes on from the line before; all that was there is in {kept.name}"
    return Journal(past, seconds, path, note=note)


def _header(raw: bytes) -> dict[str, Any] | None:
    """The first line where it is one of a journal, of whatever format; else None."""
    with contextlib.suppress(ValueError, RecursionError, KansrError):
        header = _value(raw[: raw.index(b"\n")])
        if header["journal"].whole() and header["key"].items():
            return dict(header.data)
    return None


def _check(path: Path, raw: bytes, key: Mapping[str, str]) -> None:
    """Raises UsageError where the first line does not say that the rest belongs to this search."""
    header = _header(raw)
    if header is None:
        raise UsageError(
            f"{path} is not a journal of a search: name another folder with --out, or begin again with --force"
        )
    if header["journal"] != FORMAT:
        raise UsageError(
            f"{path} is of format {header['journal']}, and this version reads {FORMAT}: that search cannot be "
            "resumed; begin it again with --force, or name another folder with --out"
        )
    for name, value in key.items():
        before = header["key"].get(name)
        if before != value:
            was = f" {str(before)[:SHOWN]}, not {value}" if len(value) < SHOWN else " other than this"
            raise UsageError(f"{path.parent} was begun with {name}{was}: use the same, or another --out")
    if raw.count(b"\n") > MOST_LINES:
        raise UsageError(f"{path} has more than {MOST_LINES} lines: no search makes so many attempts")


def _value(line: bytes) -> Value:
    """The value on a line; of numbers, infinite ones too. Raises ValueError or RecursionError where it holds none."""
    return Value(json.loads(line), "it")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _line(name: str, tried: Tried, seconds: float, cut: bool) -> str:
    """The line that says what an attempt has found; empty where it would not read back as the same."""
    try:
        line = _written(name, tried, seconds, cut)
        again = _read(_value(line.encode()))
        alike = all(f.candidate.expr == g.candidate.expr for f, g in zip(tried.findings, again[1].findings))
        return line if alike and _written(*again) == line else ""
    except (KansrError, TypeError, ValueError, RecursionError):
        return ""


def _written(name: str, tried: Tried, seconds: float, cut: bool) -> str:
    record = {
        "attempt": name,
        "seconds": seconds,
        "cut": cut,
        "failure": tried.failure,
        "findings": [
            {
                "expression": render(f.candidate.expr),
                "named": {c.name: c.value for c in f.candidate.expr.atoms(NamedConstant)},
                **{name: getattr(f.candidate, name) for name in MEASURES},
                "finder": f.finder and f.finder.value,
                "graph": None if f.graph is None else _finite(f.graph.to_dict()),
                "path": [step.to_dict() for step in f.path],
                "conclusive": f.conclusive,
            }
            for f in tried.findings
        ],
    }
    return json.dumps(record, default=_plain)


def _read(record: Value, least: float = 0.0) -> tuple[str, Tried, float, bool]:
    """What a line says. least: the seconds on the line before. Raises DataError where it is not what `_written` gives.

    What text says of a formula is read by the grammar.
    """
    seconds = record["seconds"].number()
    if not least <= seconds <= MOST_SECONDS:
        record["seconds"].refuse(f"a number from {least:g} to {MOST_SECONDS:g}")
    return (
        record["attempt"].text(),
        Tried(tuple(map(_finding, record["findings"])), record["failure"].text()),
        seconds,
        record["cut"].flag(),
    )


def _finding(entry: Value) -> Finding:
    named = {name: value.number() for name, value in entry["named"].items()}
    numbers: dict[str, Any] = {name: _real(entry[name]) for name in MEASURES[1:-1]}
    candidate = Candidate(
        _expr(entry["expression"].text(), named), entry["complexity"].whole(), **numbers, origin=entry["origin"].text()
    )
    graph = None if entry["graph"].absent else Graph.read(entry["graph"])
    path = tuple(map(Step.read, entry["path"]))
    finder = None if entry["finder"].absent else entry["finder"].choice(Finder)
    return Finding(candidate, graph, path, conclusive=entry["conclusive"].flag(), finder=finder)


def _real(value: Value) -> float:
    """A number, finite or not."""
    return float(value.data) if isinstance(value.data, float) and not math.isfinite(value.data) else value.number()


def _expr(text: str, named: Mapping[str, float]) -> sympy.Expr:
    constants = {sympy.Symbol(name): NamedConstant(name, float(value)) for name, value in named.items()}
    return parse(text, functions=FUNCTIONS).xreplace(constants)


def _finite(graph: dict[str, Any]) -> Any:
    """With null for every number that is not finite, as a graph is read back."""
    return json.loads(json.dumps(graph, default=_plain), parse_constant=lambda name: None)


def _plain(value: Any) -> Any:
    """A number of numpy's as one of Python's."""
    return value.item() if hasattr(value, "item") else value
