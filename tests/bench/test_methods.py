"""Every method answers in our formula language and in time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from kansr.bench.methods import METHODS, Question, method
from kansr.bench.record import record
from kansr.bench.trial import Settings, Trial


def line(rows: int = 200) -> Question:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, (rows, 2))
    from kansr.data.dataset import Dataset

    return Question(Dataset(X, 3 * X[:, 0] * X[:, 1], ("a", "b")), 3.0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kansr", "operon", "gplearn", "linear"])
def test_a_method_answers_in_our_language_and_in_time(name: str) -> None:
    from kansr.expression.evaluate import Tape
    from kansr.expression.parse import parse

    package = METHODS[name].package
    pytest.importorskip(package)
    question = line()
    search = method(name).load()
    started = time.monotonic()
    *_, answer = search(question)
    assert time.monotonic() - started < 1.1 * question.time_limit + 1
    value = Tape(parse(answer.expression, names=question.data.names), question.data.names).value(question.data.X)
    assert np.corrcoef(value, question.data.y)[0, 1] > 0.5  # gplearn has no time for more
    assert answer.front


@pytest.mark.slow
def test_pykan_answers_in_our_language() -> None:
    pytest.importorskip("kan.MultKAN")  # pykan, not tests/kan
    found = record(Trial("pykan_mul", "pykan", "pykan", 0.0, 0), Settings(rows=300, time_limit=120))
    assert found["expression"] is not None, found
    assert found["r2"] > 0.5


@pytest.mark.requires_julia
def test_pysr_answers_in_our_language() -> None:
    pytest.importorskip("pysr")
    *_, answer = method("pysr").load()(line())
    assert "a*b" in answer.expression
