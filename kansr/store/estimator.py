"""A fitted estimator as a folder: its result, and estimator.json with the columns of X and the parameters."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from kansr.errors import DataError
from kansr.result.json_value import Value, read_json
from kansr.runtime.files import write
from kansr.store.folder import RESULT, claim
from kansr.store.folder import save as save_discovery
from kansr.store.load import check_schema, discovery, text_of
from kansr.version import __version__

ESTIMATOR = "estimator.json"
SCHEMA = 1  # version of estimator.json; discovery.json has its own


class Estimator(Protocol):
    """What is saved of an estimator and set again when it is loaded."""

    discovery_: Any
    n_features_in_: int
    random_state: Any

    def get_params(self) -> dict[str, Any]: ...

    def _name(self, columns: Any) -> None: ...


Regressor = TypeVar("Regressor", bound=Estimator)


def save(model: Estimator, folder: Path) -> None:
    """Writes discovery.json, front.csv and estimator.json into the folder. Raises UsageError where it cannot."""
    seed = model.random_state if isinstance(model.random_state, int | np.integer) else model.discovery_.seed
    shape = {
        "schema": SCHEMA,
        "kansr": __version__,
        "columns": list(map(str, getattr(model, "feature_names_in_", []))),
        "inputs": model.n_features_in_,
        "parameters": {**{k: v for k, v in model.get_params().items() if _is_plain(v)}, "random_state": int(seed)},
    }
    claim(folder, force=True)
    save_discovery(folder, model.discovery_)
    write(folder / ESTIMATOR, json.dumps(shape, indent=2, allow_nan=False) + "\n")


def load(kind: type[Regressor], folder: Path, library: Any) -> Regressor:
    """The estimator in a folder. Without estimator.json, the inputs of the result are the columns of X.

    kind: its class; library: the functions it searches with. Raises DataError for files that cannot be read or do not
    belong together.
    """
    found = discovery(read_json(text_of(folder / RESULT), str(folder / RESULT)))
    columns = [found.columns.get(name, name) for name in found.inputs]
    named, settings = True, {"random_state": found.seed}
    if (folder / ESTIMATOR).exists():
        shape = read_json(text_of(folder / ESTIMATOR), str(folder / ESTIMATOR))
        check_schema(shape, SCHEMA)
        given = [item.text() for item in shape["columns"]]
        named, count = bool(given), shape["inputs"].whole()
        if named and len(given) != count:
            raise DataError(f"{shape.where}.columns has {len(given)} names for {count} inputs")
        if absent := set(columns) - set(given or (f"x{i}" for i in range(count))):
            raise DataError(f"{shape.where} does not belong to {RESULT}: it lacks {', '.join(sorted(absent))}")
        columns = given or [f"x{i}" for i in range(count)]
        settings = _settings(shape["parameters"], kind().get_params())
    model = kind(**{**settings, "library": library})
    model.discovery_ = found
    model.n_features_in_ = len(columns)
    if named:
        vars(model)["feature_names_in_"] = np.array(columns, dtype=object)
    model._name(columns)
    return model


def _settings(value: Value, known: Collection[str]) -> dict[str, Any]:
    """The parameters in estimator.json that this version knows; `fit` checks their values.

    Raises DataError for a value that is no number or text.
    """
    found = {}
    for key, item in value.items():
        if not _is_plain(item.data):
            item.refuse("a number or a text")
        found[key] = item.data
    return {key: found[key] for key in found if key in known}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
