"""Read a result from its JSON object. Formulas are parsed by the grammar, nothing is evaluated as code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import sympy
from sympy.core.parameters import distribute

from kansr.errors import DataError, FormulaError
from kansr.expression.identifiers import is_identifier
from kansr.expression.named_constant import NamedConstant
from kansr.expression.parse import parse
from kansr.result.baseline import Baseline
from kansr.result.candidate import Candidate
from kansr.result.graph import Graph
from kansr.result.json_value import Value, read_json
from kansr.result.pareto import ParetoFront
from kansr.result.result import SCHEMA, Result, Status
from kansr.result.shape import ShapeVerdict, Verdict
from kansr.runtime.files import is_folder
from kansr.store.folder import RESULT
from kansr.units.text import dimension_of
from kansr.units.units import Constant, Units
from kansr.version import __version__

# Limits for hostile files; results stay far below.
MAX_BYTES = 1 << 26
MAX_LETTERS = 300_000  # of all formulas of a file in total
SHOWN = 40  # characters of a value that a message repeats
LISTED = 8  # names that a message lists


def load(path: str | PathLike[str]) -> Result:
    """The result that was saved.

    path: the folder of `kansr discover --out`, a discovery.json, or the text of one. The result has the formulas,
    structure, units and figures of the saved one; its rows are apart, see `with_rows`.
    Raises DataError for a file that is missing, damaged, too large, or of another schema.
    """
    if not isinstance(path, str | PathLike):
        raise DataError(f"a result is loaded from a path or a text, not from {type(path).__name__}")
    if isinstance(path, str) and path.lstrip().startswith("{"):
        return discovery(read_json(path, "the text"))
    file = Path(path) / RESULT if is_folder(Path(path)) else Path(path)
    return discovery(read_json(text_of(file), str(file)))


def discovery(value: Value) -> Result:
    """The result in a JSON object. Raises DataError where it is none."""
    check_schema(value)
    inputs = tuple(_name(item) for item in value["inputs"])
    target = _name(value["target"])
    if len({*inputs, target}) <= len(inputs):
        raise DataError(f"{value.where}: the names of inputs and target must differ")
    constants = _constants(value["named_constants"], (*inputs, target))
    candidate = _candidates(value, (*inputs, *constants), constants)
    front = ParetoFront(tuple(candidate(item) for item in value["front"]))
    if not len(front):
        raise DataError(f"{value.where}.front is empty")
    front = _with_best(front, value)
    return Result(
        value["status"].choice(Status),
        target,
        inputs,
        tuple(_among(item, inputs) for item in value["ignored_inputs"]),
        front,
        columns={_among(Value(k, v.where), (*inputs, target)): v.text() for k, v in value["names"].items()},
        structure=None if value["structure"].absent else Graph.read(value["structure"]),
        noise=value["noise"].number(math.inf),
        rows=value["rows"].whole(),
        seconds=value["seconds"].number(),
        seed=value["seed"].whole(),
        notes=tuple(item.text() for item in _optional(value["notes"])),
        constants=tuple((c["value"].number(), c["error"].number(math.inf)) for c in _optional(value["constants"])),
        units=None if value["units"].absent else _units(value["units"], (*inputs, target), constants),
        noise_error=value["noise_error"].number(0.0),
        outliers=tuple(item.whole() for item in _optional(value["outliers"])),
        rivals=tuple(candidate(item) for item in _optional(value["undecided"])),
        baselines=tuple(_baseline(item, inputs) for item in _optional(value["baselines"])),
        group="" if value["group"].absent else value["group"].text(),
        shape=tuple(_shape(item, inputs) for item in _optional(value["shape"])),
    )


def _with_best(front: ParetoFront, value: Value) -> ParetoFront:
    """The front with the best formula of the object as its best: the shortest description, or one that was chosen."""
    texts = [entry["expression"] for entry in value["front"].data]
    best = value["best"]["expression"].text()
    if best not in texts:
        raise DataError(f"{value.where}.best is not the formula of the front that is best: it is none of them")
    found = front.candidates[texts.index(best)]
    return front if found is front.best else front.choosing(found)


def check_schema(value: Value, schema: int = SCHEMA) -> None:
    """Raises DataError unless the object is of the schema that this version reads."""
    if not isinstance(value.data, dict) or "schema" not in value.data or "kansr" not in value.data:
        raise DataError(f"{value.where} is not a result of kansr: it has no schema; kansr discover --json writes one")
    came = value["schema"].data
    if came != schema or isinstance(came, bool):
        raise DataError(
            f"{value.where} has schema {str(came)[:SHOWN]}, written by kansr {value['kansr'].text()[:SHOWN]}, "
            f"and kansr {__version__} reads schema {schema}: use the version that wrote it, or search again"
        )


def text_of(file: Path) -> str:
    """The text of a file of at most MAX_BYTES. Raises DataError where it cannot be read."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise DataError(f"{file} has more than {MAX_BYTES >> 20} MiB: it is not a result of kansr")
        return raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"no such file: {file}; a result is what kansr discover --out DIR leaves") from None
    except UnicodeDecodeError:
        raise DataError(f"{file} is damaged: it is not a text in UTF-8") from None
    except (OSError, ValueError) as err:
        raise DataError(f"cannot read {file}: {getattr(err, 'strerror', None) or err}") from err


def _optional(value: Value) -> Value:
    """The list, empty where it is missing, as in older files of this schema."""
    return Value([], value.where) if value.absent else value


def _name(value: Value) -> str:
    if not is_identifier(value.text()):
        value.refuse("a name of the formula language")
    return value.text()


def _baseline(value: Value, inputs: Sequence[str]) -> Baseline:
    return Baseline(
        value["name"].text(),
        value["r2_held_out"].number(-math.inf),
        value["r2_held_out_error"].number(math.inf),
        tuple(_among(item, inputs) for item in value["inputs"]),
    )


def _shape(value: Value, inputs: Sequence[str]) -> ShapeVerdict:
    at = value["at"]
    point = None if at.absent else {_among(Value(k, v.where), inputs): v.number() for k, v in at.items()}
    return ShapeVerdict(value["statement"].text(), value["verdict"].choice(Verdict), point)


def _among(value: Value, names: Sequence[str]) -> str:
    if value.text() not in names:
        value.refuse("one of the inputs" if len(names) > LISTED else f"one of {', '.join(names)}")
    return value.text()


def _constants(value: Value, taken: Sequence[str]) -> dict[str, Constant]:
    if value.absent:
        return {}
    found = {}
    for key, item in value.items():
        if _name(Value(key, item.where)) in taken:
            raise DataError(f"{item.where} has the name of a column")
        found[key] = Constant(item["value"].number(), item["unit"].text())
    return found


def _units(value: Value, names: Sequence[str], constants: Mapping[str, Constant]) -> Units:
    text = {name: value[name].text() for name in names}
    try:
        dimension = {name: dimension_of(unit) for name, unit in text.items()}
        dimension |= {name: dimension_of(constant.unit) for name, constant in constants.items()}
    except DataError as err:
        raise DataError(f"{value.where}: {err}") from None
    return Units(names[-1], text, dimension, constants)


def _parameters(value: Value, taken: Sequence[str]) -> dict[str, dict[str, float]]:
    """The constants that differ by group; the same groups for each."""
    if value.absent:
        return {}
    found: dict[str, dict[str, float]] = {}
    for key, item in value.items():
        if _name(Value(key, item.where)) in taken:
            raise DataError(f"{item.where} has the name of a column")
        found[key] = {label: number.number() for label, number in item.items()}
    if len({tuple(values) for values in found.values()}) > 1:
        raise DataError(f"{value.where} does not have the same groups for all constants")
    return found


def _candidates(value: Value, names: Sequence[str], constants: Mapping[str, Constant]) -> Callable[[Value], Candidate]:
    """A function from an entry to its candidate. Raises DataError where all formulas together are too long."""
    entries: list[Any] = [value["best"].data, *(v.data for v in value["front"])]
    entries += [v.data for v in _optional(value["undecided"])]
    letters = sum(len(e["expression"]) for e in entries if isinstance(e, dict) and isinstance(e.get("expression"), str))
    if letters > MAX_LETTERS:
        raise DataError(f"{value.where} holds formulas of {letters} letters together; at most {MAX_LETTERS} are read")
    named = {sympy.Symbol(name): NamedConstant(name, c.value) for name, c in constants.items()}

    def candidate(entry: Value) -> Candidate:
        parameters = _parameters(entry["parameters"], names)
        try:
            with distribute(False):  # sympy would expand 2*(x + y)
                expr = parse(entry["expression"].text(), names=(*names, *parameters))
        except FormulaError as err:
            raise DataError(f"{entry.where}.expression: {err}") from None
        return Candidate(
            expr.xreplace(named) if named else expr,
            entry["complexity"].whole(),
            *2 * (entry["loss"].number(math.inf),),
            entry["r2"].number(-math.inf),
            entry["r2_held_out"].number(-math.inf),
            entry["description_length"].number(math.inf),
            entry["origin"].text(),
            entry["r2_held_out_error"].number(math.nan),
            parameters,
        )

    return candidate
