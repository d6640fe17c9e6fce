"""PySR as a refiner: formulas are its guesses, and its hall of fame gives candidates.

It runs in a process that is kept for further calls, because Julia starts slowly. Its hall of fame is read, with the
grammar of the formula language, from the file that PySR keeps up to date: so it is there too after a stop or a crash.
Source: M. Cranmer 2023, arXiv 2305.01582.
"""

from __future__ import annotations

import atexit
import contextlib
import csv
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.errors import FormulaError, MissingExtra
from kansr.expression.parse import FUNCTIONS, parse
from kansr.numeric.arrays import evenly_spaced_rows
from kansr.numeric.tolerances import PERFECT
from kansr.refinement.refiners.refiner import MEMORY, SECONDS, Allowance, Refiner, offers
from kansr.result.candidate import Candidate
from kansr.runtime.alarm import OutOfTime
from kansr.runtime.server import Service, serve
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD
from kansr.units.dimension import SYMBOLS as BASES
from kansr.units.dimension import Dimension

# None of these has been measured: there has been no Julia where measurements were made.
ROWS = 2000  # rows at most that formulas evolve on
ENDLESS = 10**7  # iterations: the time ends the search
MARGIN = 0.1  # share of the time that is kept for what comes after the last iteration
SIZE = 40  # nodes of the largest formula
RUN = "run"  # name of the folder with its files

# sympy function -> PySR's unary operator
OPERATORS: Mapping[Any, str] = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.tan: "tan",
    sympy.asin: "asin",
    sympy.acos: "acos",
    sympy.atan: "atan",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.tanh: "tanh",
    sympy.Abs: "abs",
}
BINARY = ("+", "-", "*", "/", "^")
POWERS: Mapping[sympy.Expr, str] = {sympy.Integer(2): "square", sympy.Integer(3): "cube", sympy.S.Half: "sqrt"}
READ: Mapping[str, Callable[..., sympy.Expr]] = {
    **FUNCTIONS,
    "square": lambda u: sympy.Pow(u, 2),
    "cube": lambda u: sympy.Pow(u, 3),
}


@dataclass(frozen=True, kw_only=True)
class PySRConfig:
    """seconds: when to stop, with its start; size: nodes of the largest formula; memory: of its process, in bytes."""

    seconds: float = SECONDS
    seed: int = 0
    size: int = SIZE
    memory: int = MEMORY
    library: Library = STANDARD


def isolated(allowance: Allowance) -> Refiner:
    """PySR, which runs in a process of its own anyway."""
    config = PySRConfig(seconds=allowance.seconds, seed=allowance.seed, memory=allowance.memory)
    return pysr(config, allowance.guesses)


def pysr(
    config: PySRConfig = PySRConfig(),
    guesses: Sequence[sympy.Expr] = (),
    service: Callable[[int], Service] | None = None,
) -> Refiner:
    """A refiner that lets PySR evolve the candidate, the `guesses` and random formulas.

    service: gives the process that does the work for the memory that it may take, in bytes.

    Raises MissingExtra where pysr is not installed.
    """
    if service is None and find_spec("pysr") is None:
        raise MissingExtra("the refiner pysr needs pysr: pip install 'kansr[pysr]'")

    def refine(candidate: Candidate, data: Dataset) -> Iterator[Candidate]:
        some = data.take(evenly_spaced_rows(data.rows, ROWS))
        names = {sympy.Symbol(name): sympy.Symbol(f"v{i}") for i, name in enumerate(data.names)}
        back = {alias: name for name, alias in names.items()}
        written = [julia(expr.xreplace(names)) for expr in (candidate.expr, *guesses)]
        with tempfile.TemporaryDirectory(prefix="kansr-pysr-") as folder:
            request = {
                "settings": settings(config, some, [text for text in written if text is not None], folder),
                **columns(some, [str(alias) for alias in back]),
            }
            working = (service or running)(config.memory)
            stopped: Exception | None = None
            try:
                for _ in working.ask(request, config.seconds):
                    pass
            except OutOfTime:  # PySR looks at the time only between iterations
                pass
            except Exception as err:
                stopped = err
            found = hall_of_fame(Path(folder) / RUN, [str(alias) for alias in back])
            yield from offers((expr.xreplace(back) for expr in found), candidate, "pysr")
            if stopped is not None:
                raise stopped

    return refine


def settings(config: PySRConfig, data: Dataset, guesses: Sequence[str], folder: str) -> dict[str, Any]:
    """The keyword arguments of PySRRegressor."""
    free = data.units is None or data.units.free
    return {
        "binary_operators": list(BINARY),
        "unary_operators": unary(config.library),
        "constraints": {"^": [-1, 1]},
        "guesses": list(guesses) or None,
        "niterations": ENDLESS,
        "maxsize": config.size,
        "timeout_in_seconds": (1 - MARGIN) * config.seconds,
        "early_stop_condition": PERFECT**2 * float(np.var(data.y)),
        "dimensionless_constants_only": not free,
        "parallelism": "serial",
        "deterministic": True,
        "random_state": config.seed,
        "precision": 64,
        "batching": False,
        "progress": False,
        "verbosity": 0,
        "input_stream": "devnull",
        "output_directory": folder,
        "run_id": RUN,
    }


def columns(data: Dataset, names: Sequence[str]) -> dict[str, Any]:
    """What PySRRegressor.fit is given: the rows, their weights, and the units of the columns in SI base units."""
    request: dict[str, Any] = {
        "X": data.X.tolist(),
        "y": data.y.tolist(),
        "weights": None if data.sigma is None else ((data.sigma.min() / data.sigma) ** 2).tolist(),
        "variable_names": list(names),
        "X_units": None,
        "y_units": None,
    }
    if data.units is not None:
        request["X_units"] = [unit(data.units.dimension[name]) for name in data.names]
        request["y_units"] = unit(data.units.goal)
    return request


def unit(dimension: Dimension) -> str:
    """A dimension in the syntax of DynamicQuantities.jl, "" for a plain number; bases unknown there are left out."""
    powers = [(BASES[base], power) for base, power in dimension.powers if base in BASES]
    return "*".join(f"{symbol}^({power.numerator}//{power.denominator})" for symbol, power in powers)


def unary(library: Library) -> list[str]:
    """PySR's unary operators for the functions of a library, and those for powers."""
    u = sympy.Symbol("u")
    used = {type(node) for function in library for node in sympy.preorder_traversal(function.symbolic(u))}
    also = {sympy.exp, sympy.log, sympy.sin, sympy.cos}
    return [*POWERS.values(), *(name for function, name in OPERATORS.items() if function in used | also)]


def julia(expr: sympy.Expr) -> str | None:
    """A formula in PySR's syntax, two arguments to an operator; None where PySR has no operator for it."""
    if expr.is_Symbol:
        return str(expr)
    if expr.is_number:
        value = float(expr)
        return repr(value) if np.isfinite(value) else None
    parts = [julia(arg) for arg in expr.args]
    texts = [part for part in parts if part is not None]
    if len(texts) < len(parts):
        return None
    if expr.is_Add or expr.is_Mul:
        joined = texts[0]
        for text in texts[1:]:
            joined = f"({joined} {'+' if expr.is_Add else '*'} {text})"
        return joined
    if expr.is_Pow:
        return _power(texts[0], expr.exp, texts[1])
    return f"{OPERATORS[expr.func]}({texts[0]})" if expr.func in OPERATORS else None


def _power(base: str, exponent: sympy.Expr, text: str) -> str | None:
    if exponent.is_number and float(exponent) < 0:
        under = base if exponent == -1 else _power(base, -exponent, repr(-float(exponent)))
        return under and f"(1.0 / {under})"
    if exponent in POWERS:
        return f"{POWERS[exponent]}({base})"
    return f"({base} ^ {text})" if exponent.is_number or exponent.is_Symbol else None


def hall_of_fame(folder: Path, names: Sequence[str]) -> list[sympy.Expr]:
    """The formulas of the file that PySR keeps up to date, and of its copy; empty where there is none yet."""
    found: list[sympy.Expr] = []
    for name in ("hall_of_fame.csv", "hall_of_fame.csv.bak"):  # while one is being written the other is complete
        with contextlib.suppress(OSError, UnicodeDecodeError, csv.Error):
            text = (folder / name).read_text(encoding="utf-8")
            for row in csv.DictReader(text.splitlines()):
                with contextlib.suppress(FormulaError):
                    found.append(parse((row.get("Equation") or "").replace("^", "**"), names=names, functions=READ))
    return list(dict.fromkeys(found))


def running(memory: int) -> Service:
    """The process in which PySR runs, the same one for all calls from this process."""
    return _service(os.getpid(), memory)


@cache
def _service(owner: int, memory: int) -> Service:
    """owner: the process that it belongs to, as a fork must not talk to that of its parent; memory: in bytes."""
    service = Service("kansr.refinement.refiners.pysr", memory)
    atexit.register(service.close)
    return service


def evolve(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Runs PySR in its process, as a request says. PySR is imported here and not before."""
    from pysr import PySRRegressor

    chosen = dict(request.pop("settings"))
    chosen["constraints"] = {operator: tuple(sizes) for operator, sizes in chosen["constraints"].items()}
    X, y = np.array(request.pop("X")), np.array(request.pop("y"))
    weights = request.pop("weights")
    given = {name: value for name, value in request.items() if value is not None}
    PySRRegressor(**chosen).fit(X, y, weights=None if weights is None else np.array(weights), **given)
    yield from ()


if __name__ == "__main__":
    serve(evolve)
