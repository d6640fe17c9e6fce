"""In place of Julia under the real PySR: it records what a search is called with, and writes a hall of fame."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock


class AnyValue: ...


class VectorValue: ...


class JuliaError(Exception): ...


def convert(kind: Any, value: Any) -> Any:
    return value


def search(X: Any, y: Any, **called: Any) -> Any:
    place = Path(os.environ["STAND_IN_JULIA"])
    options = Main.SymbolicRegression.Options.call_args.kwargs
    said = {**{k: v if isinstance(v, list) else repr(v) for k, v in called.items()}, "pid": os.getpid()}
    (place / "call.json").write_text(json.dumps(said), encoding="utf-8")
    (place / "options.json").write_text(json.dumps({k: repr(v) for k, v in options.items()}), encoding="utf-8")
    folder = Path(options["output_directory"]) / called["run_id"]
    rows = ["Complexity,Loss,Equation", '1,1.0,"v0"', '5,0.25,"(v0 * 1.0e-5) + square(v1)"', '9,0.1,"floor(v0) + v1"']
    (folder / "hall_of_fame.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print("garbage", flush=True)
    return MagicMock()


Main = MagicMock(name="Main")
Main.SymbolicRegression.equation_search._jl_call_nogil.side_effect = search
