"""Tables: of few rows and of many, of odd columns, and with nothing to be found."""

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kansr.expression.parse import parse
from support.faults.cases import Run, discover, kansr, same


def rows(header: str, law: Callable[..., object], count: int = 40, sep: str = ",") -> str:
    """`count` rows of inputs between 1 and 5 with the target last."""
    inputs = header.count(sep)
    X = np.random.default_rng(0).uniform(1, 5, (count, inputs))
    return "\n".join([header, *(sep.join(map(repr, [*map(float, x), float(law(*x))])) for x in X)]) + "\n"


def changed(line: int, text: str, header: str = "a,b") -> str:
    """A square law with one line, counted from 1, replaced."""
    lines = SQUARE.replace("a,b", header, 1).splitlines()
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


def square(a: float) -> float:
    return a * a


SQUARE = rows("a,b", square)
HOSTILE = "__import__('os').system('touch owned')"
NAMES = ["orbital period", "mass %", "a-b", "λ", "N", "S", "E", "I", "pi", "lambda", "exec", "x0", ""]


def odd_names(folder: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (40, len(NAMES)))
    lines = [",".join([*NAMES, "t"]), *(",".join(map(repr, [*x.tolist(), float(x[0] * x[3])])) for x in X)]
    code, out, err = discover(folder, "\n".join(lines), "--time-limit", "60", "--out", "run")
    assert code == 0 and out.splitlines()[0] == "t = lamda*orbital_period", (out, err)
    assert "orbital_period is the column 'orbital period'" in out and "lamda is the column 'λ'" in out
    assert "inputs not used: mass %, a-b, N, S, E, I, pi, lambda, exec, x0, column 13" in out
    code_for = {to: kansr(folder, "export", "run", "--to", to)[1] for to in ("python", "numpy", "c")}
    assert all(code_for.values())
    for language in ("python", "numpy"):
        ast.parse(code_for[language])


def hostile_name(folder: Path) -> None:
    table = rows("h,b", square).replace("h,b", f'"{HOSTILE}","=cmd|calc"', 1)
    code, out, _ = discover(folder, table, "--json", "--out", "run")
    assert code == 0 and not (folder / "owned").exists()
    assert HOSTILE in json.loads(out)["names"].values()
    first = [line[0] for line in (folder / "run" / "front.csv").read_text().splitlines()]
    assert not set(first) & set("=+-@\t")


def pure_noise(folder: Path) -> None:
    X = np.random.default_rng(1).standard_normal((60, 5))
    table = "a,b,c,d,y\n" + "".join(",".join(map(repr, x)) + "\n" for x in X.tolist())
    code, out, _ = discover(folder, table, "--time-limit", "60")
    assert code == 1 and "no formula beats a constant on held-out rows" in out


def dummies(folder: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (400, 22))
    header = ",".join([*(f"v{i}" for i in range(22)), "y"])
    table = "\n".join([header, *(",".join(map(repr, [*x.tolist(), float(x[3] ** 2 * x[11])])) for x in X)])
    code, out, _ = discover(folder, table, "--json")
    result = json.loads(out)
    assert code == 0 and same(result["best"]["expression"], "v3**2*v11")
    assert len(result["ignored_inputs"]) == 20


def float32(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    x = np.random.default_rng(0).uniform(1, 5, 60).astype(np.float32)
    pd.DataFrame({"a": x, "b": x * x}).to_parquet(folder / "data.csv")
    code, out, err = discover(folder, None, "--json")
    assert code == 0 and "float32, about 7 digits" in err and same(json.loads(out)["best"]["expression"], "a**2")


def many_rows(folder: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (300_000, 2))
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": 2.5 * X[:, 0] * X[:, 1]})
    frame.to_csv(folder / "data.csv", index=False)
    code, out, err = discover(folder, None, "--json")
    result = json.loads(out)
    assert code == 0 and same(result["best"]["expression"], "2.5*a*b"), err


def many_columns(folder: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (500, 2000))
    names = [f"v{i}" for i in range(2000)]
    frame = pd.DataFrame(X, columns=names).assign(y=X[:, 3] * X[:, 11] / X[:, 1000])
    frame.to_csv(folder / "data.csv", index=False)
    code, out, err = discover(folder, None, "--json", "--time-limit", "100")
    result = json.loads(out)
    assert code == 0 and same(result["best"]["expression"], "v3*v11/v1000"), (out[:300], err)


def outliers(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.uniform(1, 5, 150), 2)
    y = 2 * x**2 + 0.05 * rng.standard_normal(300)
    y[::29] += 40
    table = "x,y\n" + "".join(f"{a!r},{b!r}\n" for a, b in zip(x.tolist(), y.tolist()))
    for options in ([], ["--loss", "huber"]):
        code, out, _ = discover(folder, table, "--json", *options)
        result = json.loads(out)
        assert code == 0 and 0 < result["noise"] < 0.05
        values = [float(parse(result["best"]["expression"]).subs("x", at)) for at in (1.5, 3.0, 4.5)]
        assert np.allclose(values, [4.5, 18, 40.5], rtol=0.02), result["best"]["expression"]


def one_wrong(folder: Path) -> None:
    """A misplaced decimal point is named, and bends neither the law nor what is said of it."""
    rng = np.random.default_rng(1)
    X = rng.uniform(1, 5, (47, 2))
    y = X[:, 0] ** 2 / X[:, 1] * (1 + 0.03 * rng.normal(size=47))
    y[4] *= 10
    table = "a,b,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in np.column_stack([X, y]).tolist())
    code, out, err = discover(folder, table, "--json", "--jobs", "1")
    result = json.loads(out)
    assert code == 0 and result["outliers"] == [4] and "(row 5, counted from 1)" in err, (result["outliers"], err)
    assert same(result["best"]["expression"], "a**2/b") and 0 < result["noise"] < 0.1
    X[:, 0].put(9, 10 * X[9, 0])
    y[4] /= 10
    table = "a,b,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in np.column_stack([X, y]).tolist())
    code, _, err = discover(folder, table, "--json", "--jobs", "1", "--time-limit", "1")
    assert "'a' is" in err and "in line 11, far from all other values" in err


def same_power(result: dict[str, Any], power: int) -> bool:
    expr = parse(result["best"]["expression"])
    h = next(iter(expr.free_symbols))
    ratio = float(expr.subs(h, 40e-34) / expr.subs(h, 20e-34))
    return bool(np.isclose(ratio, 2.0**power, rtol=1e-6))


def noisy(count: int) -> str:
    """Rows in which there is nothing to be found quickly."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (count, 4))
    y = np.sin(3 * X[:, 0] * X[:, 1]) + np.exp(X[:, 2]) * np.tanh(X[:, 3] + X[:, 0]) + 0.1 * rng.standard_normal(count)
    return "a,b,c,d,y\n" + "".join(",".join(map(repr, x)) + "\n" for x in np.column_stack([X, y]).tolist())


def wave(count: int) -> str:
    """Rows of a curve that is far from any line, with noise."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 5, count)
    y = 3 * np.sin(7 * x) / x + 0.05 * rng.standard_normal(count)
    return "x,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in np.column_stack([x, y]).tolist())


def limited(seconds: float, table: str) -> Run:
    """A search that runs out of time says so, and nothing that it cannot know."""

    def run(folder: Path) -> None:
        code, out, err = discover(folder, table, "--time-limit", seconds, "--out", "run")
        assert code == 4 and "time ran out" in out and " at most " in out and "nothing found" not in out, (out, err)
        result = json.loads((folder / "run" / "discovery.json").read_text())
        assert result["status"] == "timed_out" and result["best"]["expression"] and result["noise"] > 0
        assert result["seconds"] < 1.1 * seconds + 1  # what is always there takes a part of a second

    return run


def bomb(folder: Path) -> None:
    """Compressed, it is a thousandth of what it is."""
    raw = gzip.compress(b"a,b\n" + b"1" * 100_000_000)
    code, _, err = discover(folder, raw)
    assert code == 2 and "Traceback" not in err
