"""What the attempts of a search have found, one line of JSON each: a search that was killed goes on from there.

Formulas are written as text of the formula language and read back by its grammar; nothing in the file is executed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
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
from kansr.result.derivation import Step
from kansr.result.graph import Graph
from kansr.result.json_value import Value
from kansr.runtime.deadline import Timer
from kansr.runtime.files import append, drop_torn_line
from kansr.search.attempt import Finding, Tried
from kansr.version import __version__

JOURNAL, FORMAT = "attempts.jsonl", 3
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
    why writing ended, if it did.
    """

    past: Mapping[str, Entry] = field(default_factory=dict)
    seconds: float = 0.0
    path: Path | None = None
    failure: str = ""

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
        "--refine": str(config.refine or "nothing"),
        **({"--shape": "; ".join(map(str, config.known_shape.statements))} if config.known_shape else {}),
        "the share of rows held out": str(config.held_out),
    }


def opened(folder: Path, key: Mapping[str, str], *, resume: bool) -> Journal:
    """The journal in `folder`, begun if there is none; an earlier one is resumed or, without `resume`, replaced.

    Raises UsageError for one that belongs to another search or cannot be read.
    """
    path = folder / JOURNAL
    if not resume or not path.exists():
        path.unlink(missing_ok=True)
        try:
            append(path, json.dumps({"journal": FORMAT, "key": dict(key)}))
        except OSError as err:
            raise UsageError(f"cannot write to {folder}: {err.strerror}") from err
        return Journal(path=path)
    try:
        drop_torn_line(path)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise UsageError(f"cannot read {path} ({err}): name another folder with --out, or use --force") from err
    _check(path, lines, key)
    past: dict[str, Entry] = {}
    seconds = 0.0
    for number, line in enumerate(lines[1:], start=2):
        try:
            name, tried, seconds, cut = _read(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, KansrError) as err:
            raise UsageError(
                f"{path}, line {number} is not what this version wrote ({type(err).__name__}): take that line and "
                "those after it out, or begin again with --force"
            ) from err
        past[name] = Entry(tried, cut)
    return Journal(past, seconds, path)


def _check(path: Path, lines: list[str], key: Mapping[str, str]) -> None:
    """Raises UsageError where the first line does not say that the rest belongs to this search."""
    with contextlib.suppress(ValueError, RecursionError, KeyError, TypeError, IndexError):
        header = json.loads(lines[0])
        if header["journal"] != FORMAT:
            raise UsageError(
                f"{path} is of format {header['journal']}, and this version reads {FORMAT}: that search cannot be "
                "resumed; begin it again with --force, or name another folder with --out"
            )
        before = dict(header["key"])
        for name, value in key.items():
            if before.get(name) != value:
                was = f" {before.get(name)}, not {value}" if len(value) < 20 else " other than this"
                raise UsageError(f"{path.parent} was begun with {name}{was}: use the same, or another --out")
        return
    raise UsageError(f"{path} is no journal of a search: name another folder with --out, or begin again with --force")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _line(name: str, tried: Tried, seconds: float, cut: bool) -> str:
    """The line that says what an attempt has found; empty where it would not read back as the same."""
    try:
        line = _written(name, tried, seconds, cut)
        again = _read(json.loads(line))
        alike = all(f.candidate.expr == g.candidate.expr for f, g in zip(tried.findings, again[1].findings))
        return line if alike and _written(*again) == line else ""
    except (KansrError, TypeError, ValueError):
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
                "graph": None if f.graph is None else _finite(f.graph.to_dict()),
                "path": [step.to_dict() for step in f.path],
            }
            for f in tried.findings
        ],
    }
    return json.dumps(record, default=_plain)


def _read(record: dict[str, Any]) -> tuple[str, Tried, float, bool]:
    findings = tuple(map(_finding, record["findings"]))
    return (
        str(record["attempt"]),
        Tried(findings, str(record["failure"])),
        float(record["seconds"]),
        bool(record["cut"]),
    )


def _finding(entry: dict[str, Any]) -> Finding:
    expr = _expr(entry["expression"], entry["named"])
    numbers: dict[str, Any] = {name: float(entry[name]) for name in MEASURES[1:-1]}
    candidate = Candidate(expr, int(entry["complexity"]), **numbers, origin=str(entry["origin"]))
    graph = None if entry["graph"] is None else Graph.from_dict(entry["graph"])
    return Finding(candidate, graph, tuple(Step.read(step) for step in Value(entry["path"], "path")))


def _expr(text: str, named: Mapping[str, float]) -> sympy.Expr:
    constants = {sympy.Symbol(name): NamedConstant(name, float(value)) for name, value in named.items()}
    return parse(text, functions=FUNCTIONS).xreplace(constants)


def _finite(graph: dict[str, Any]) -> Any:
    """With null for every number that is not finite, as a graph is read back."""
    return json.loads(json.dumps(graph, default=_plain), parse_constant=lambda name: None)


def _plain(value: Any) -> Any:
    """A number of numpy's as one of Python's."""
    return value.item() if hasattr(value, "item") else value
