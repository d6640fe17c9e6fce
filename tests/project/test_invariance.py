"""What must not change the law that is found, and what must change it in a known way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import kansr
from kansr.api.discovery import Discovery
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.expression.render import latex, readable, render
from kansr.result.result import Status

pytestmark = pytest.mark.slow
Array = np.ndarray
ROWS = 100
LAWS: dict[str, Callable[[Array, Array], Array]] = {
    "product": lambda a, b: 2.5 * a * np.sqrt(b),
    "sum of curves": lambda a, b: np.exp(-a) + b**2,
    "lens": lambda a, b: a * b / (a + b),
}


def box(rows: int = ROWS, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(1, 3, (rows, 2))


def found(X: Array, y: Array, names: tuple[str, ...] = ("a", "b")) -> Discovery:
    import pandas as pd

    discovery = kansr.discover(pd.DataFrame(X, columns=list(names)).assign(target=y), time_limit=200)
    assert discovery.status is Status.FOUND
    return discovery


@cache
def plain(law: str) -> Discovery:
    """What is found for a law as it is."""
    return found(box(), LAWS[law](*box().T))


# What is done to the rows for the search, and to those that it was not given to see whether its formula does the same.
Change = Callable[[Array, Array], tuple[Array, Array]]
CHANGES: dict[str, Change] = {
    "rows in another order": lambda X, y: (X[::-1], y[::-1]),
    "columns in another order": lambda X, y: (X[:, ::-1], y),
    "another input that is noise": lambda X, y: (np.column_stack([X, np.sin(1e4 * X[:, 0]) * X[:, 1] % 1]), y),
    "target times 3 plus 7": lambda X, y: (X, 3 * y + 7),
    "target times -1e-12": lambda X, y: (X, -1e-12 * y),
    "target times 1e30": lambda X, y: (X, 1e30 * y),
    "first input times 1e12": lambda X, y: (X * [1e12, 1], y),
    "inputs times 1e-12": lambda X, y: (X * [1e-12, 1e-12], y),
    "input of 1e-34, target of 1e-30": lambda X, y: (X * [1e-34, 1], y * 1e-30),
    "float32": lambda X, y: (X.astype(np.float32), y),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("law", LAWS)
def test_the_law_is_found_all_the_same(law: str, change: str) -> None:
    X, unseen = box(), box(seed=1) * 1.2
    y, truth = (LAWS[law](*np.float32(rows).astype(float).T) if change == "float32" else LAWS[law](*rows.T)
                for rows in (X, unseen))  # fmt: skip
    names = ("b", "a") if change.startswith("columns") else ("a", "b", "c")[: CHANGES[change](X, y)[0].shape[1]]
    discovery = found(*CHANGES[change](X, y), names)
    there, expected = CHANGES[change](unseen, truth)
    assert discovery.predict(there) == pytest.approx(np.asarray(expected, dtype=float), rel=1e-5)
    assert "c" not in set(discovery.inputs) - set(discovery.ignored_inputs)


@pytest.mark.parametrize("law", LAWS)
def test_new_names_change_nothing_but_the_names(law: str) -> None:
    X = box()
    other = found(X, LAWS[law](*X.T), ("first input", "λ"))
    swapped = {"a": "first_input", "b": "lamda"}
    renamed = plain(law).best.expr.subs({name: parse(alias) for name, alias in swapped.items()}, simultaneous=True)
    assert render(renamed) == render(other.best.expr)


@pytest.mark.parametrize("law", LAWS)
def test_what_is_printed_is_what_was_found(law: str) -> None:
    X, discovery = box(), plain(law)
    edges = np.array([[a, b] for a in (X[:, 0].min(), X[:, 0].max()) for b in (X[:, 1].min(), X[:, 1].max())])
    for rows in (X, edges, box(1000, seed=2)):
        values = discovery.predict(rows)
        assert values == pytest.approx(LAWS[law](*rows.T), rel=1e-5)
        assert np.isfinite(values).all()
        again = Tape(parse(render(discovery.best.expr), names=["a", "b"]), ["a", "b"]).value(rows)
        assert again == pytest.approx(values, rel=1e-9)
        assert Tape(parse(readable(discovery.best.expr)), ["a", "b"]).value(rows) == pytest.approx(values, rel=1e-5)
    assert latex(discovery.best.expr)


def test_a_fresh_process_predicts_the_same(tmp_path: Path) -> None:
    X = box()
    np.savez(tmp_path / "t.npz", X=X, y=LAWS["lens"](*X.T))
    code = (
        "import kansr, numpy as np; d = kansr.discover('t.npz', time_limit=200);"
        "print(*map(repr, map(float, d.predict(np.load('t.npz')['X']))))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [*map(repr, map(float, plain("lens").predict(X)))]
