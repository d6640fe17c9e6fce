"""A fitted estimator as a folder: the discovery that it holds, and beside it what X was and how it was set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

import numpy as np

import kansr
from kansr.checked import Value, read_json
from kansr.errors import DataError
from kansr.pipeline import Loss
from kansr.restore import check_schema, discovery, text_of
from kansr.store import RESULT, claim, write
from kansr.store import save as save_discovery
from kansr.symbolic.library import Library

if TYPE_CHECKING:
    from kansr.regressor import SymbolicRegressor

ESTIMATOR = "estimator.json"
SCHEMA = 1  # of that file; that of a discovery is counted apart

Regressor = TypeVar("Regressor", bound="SymbolicRegressor")


def save(model: SymbolicRegressor, folder: Path) -> None:
    """Writes discovery.json, front.csv and estimator.json; a file where a folder should be raises UsageError."""
    seed = model.random_state if isinstance(model.random_state, int | np.integer) else model.discovery_.seed
    shape = {
        "schema": SCHEMA,
        "kansr": kansr.__version__,
        "columns": list(map(str, getattr(model, "feature_names_in_", []))),
        "inputs": model.n_features_in_,
        "max_time": model.max_time,
        "random_state": int(seed),
        "n_jobs": model.n_jobs,
        "loss": model.loss,
    }
    claim(folder, force=True)
    save_discovery(folder, model.discovery_)
    write(folder / ESTIMATOR, json.dumps(shape, indent=2, allow_nan=False) + "\n")


def load(kind: type[Regressor], folder: Path, library: Library | None) -> Regressor:
    """The estimator in a folder; where only a discovery is there, its inputs are the columns of X."""
    found = discovery(read_json(text_of(folder / RESULT), str(folder / RESULT)))
    columns = [found.columns.get(name, name) for name in found.inputs]
    named, seed, settings = True, found.seed, {}
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
        seed, settings = shape["random_state"].whole(), _settings(shape)
    model = kind(random_state=seed, library=library, **settings)
    model.discovery_ = found
    model.n_features_in_ = len(columns)
    if named:
        model.feature_names_in_ = np.array(columns, dtype=object)
    model._name(columns)
    return model


def _settings(shape: Value) -> dict[str, object]:
    loss = shape["loss"]
    if loss.text() not in get_args(Loss):
        loss.refuse(f"one of {', '.join(get_args(Loss))}")
    jobs = None if shape["n_jobs"].absent else shape["n_jobs"].whole()
    return {"max_time": shape["max_time"].number(), "n_jobs": jobs, "loss": loss.text()}
