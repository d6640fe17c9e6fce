"""The file for SRBench, used as SRBench's experiment/evaluate_model.py uses it."""

from __future__ import annotations

import importlib.util
import inspect
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import sympy
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from support.paths import ROOT

FILE = ROOT / "benchmarks" / "srbench" / "regressor.py"


@pytest.fixture
def algorithm() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kansr_for_srbench", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("frames", [False, True], ids=["arrays", "frames"])
def test_srbench_can_evaluate_it(algorithm: ModuleType, frames: bool) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.uniform(1, 5, (300, 3)), columns=["lambda", "x1", "m"])
    target = table["lambda"] * np.sqrt(table["m"]) / 2
    X_train, X_test, y_train, y_test = train_test_split(
        table if frames else table.to_numpy(), target.to_numpy(), train_size=0.75, random_state=7
    )
    est = algorithm.est
    assert hasattr(est, "random_state") and hasattr(est, "max_time")
    est.random_state, est.max_time = 7, 10
    est.set_params(**algorithm.eval_kwargs["test_params"])
    est.fit(X_train, y_train)
    assert "X" in inspect.signature(algorithm.model).parameters
    text = algorithm.model(est, X_train)
    columns = ["lambda", "x1", "m"] if frames else ["x_0", "x_1", "x_2"]
    said = sympy.sympify(text.replace("lambda", "lambda_"))
    assert {str(s) for s in said.free_symbols} == {columns[0].replace("lambda", "lambda_"), columns[2]}
    assert est.get_params()["max_time"] == 10
    assert algorithm.complexity(est) <= 8
    assert r2_score(y_test, est.predict(X_test)) == pytest.approx(1)
    assert mean_squared_error(y_train, est.predict(X_train)) < 1e-20
    assert algorithm.hyper_params == [{}]
