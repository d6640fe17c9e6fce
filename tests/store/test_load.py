"""What was saved is loaded: the same formulas, figures and structure, in any process; anything else is one sentence."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import formulas, standin
from support.command import environment
from support.paths import KEPLER
from support.speed import took

import kansr
from kansr.api.discovery import Discovery
from kansr.data.dataset import Dataset
from kansr.data.declare_units import with_units
from kansr.data.roles import dataset
from kansr.errors import DataError, FormulaError, KansrError, UsageError
from kansr.expression.render import render
from kansr.formula.judge.judge import judge
from kansr.result.derivation import Measure, Step
from kansr.result.formula_graph import formula_graph
from kansr.result.graph import Graph
from kansr.result.pareto import pareto
from kansr.result.result import Status, unused
from kansr.store.load import MAX_LETTERS

X = formulas.points(40)
LOOSE = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def kepler() -> Discovery:
    return standin.discovery(dataset(KEPLER)[0])


def discovery_of(exprs: list[sympy.Expr], seed: int = 0) -> Discovery:
    """A discovery of these formulas in a table that has columns of all names."""
    data = Dataset(X, X[:, 0] ** 2 + 1, formulas.NAMES, "target", {"int": "=int (m)", "target": "T\x1b"})
    found = [judge(expr, data, data, "origin <&> π") for expr in (sympy.Float(1.5), *exprs)]
    front = pareto(found, float(np.var(data.y)))
    graph = formula_graph(front.best.expr, data, "table", 0.1)
    path = (Step("a step", Measure.HELD_OUT, 0.01), Step("another"))
    return Discovery(
        Status.BEST_EFFORT,
        data.target,
        data.names,
        unused(front.best.expr, data.names),
        front,
        data.columns,
        None if graph is None else replace(graph, path=path),
        noise=0.1,
        rows=40,
        seconds=1.25,
        seed=seed,
        notes=("a note", "naïve"),
        constants=((1.5, 0.1), (2.0, np.inf)),
        noise_error=0.01,
        outliers=(3, 7),
        rivals=tuple(found[:2]),
    )


def assert_equal(a: Discovery, b: Discovery) -> None:
    assert a.to_dict() == b.to_dict()
    assert (str(a), a._repr_html_(), a.notes) == (str(b), b._repr_html_(), b.notes)
    assert np.array_equal(a.predict(X), b.predict(X), equal_nan=True)


def printable(expr: sympy.Expr) -> bool:
    try:
        render(expr)
    except FormulaError:  # what sympy has made of it is beyond the range of doubles
        return False
    return True


@LOOSE
@given(exprs=st.lists(formulas.formulas.filter(printable), min_size=1, max_size=4))
def test_what_was_saved_is_loaded(exprs: list[sympy.Expr]) -> None:
    found = discovery_of(exprs)
    assert_equal(kansr.load(json.dumps(found.to_dict())), found)


def test_a_factored_formula_stays_as_it_was_printed() -> None:
    x, y = sympy.symbols("x y")
    expr = sympy.Mul(3, sympy.Add(x, y), evaluate=False)
    found = discovery_of([expr, x / (5 * (y - 5))])
    loaded = kansr.load(json.dumps(found.to_dict()))
    assert [render(c.expr) for c in loaded.front] == [render(c.expr) for c in found.front]


def test_folders_files_and_texts(tmp_path: Path) -> None:
    found = kepler()
    found.save(tmp_path / "new" / "run")
    found.save(tmp_path / "one.json")
    found.save(tmp_path / "one.json")  # replaces it
    assert {p.name for p in (tmp_path / "new" / "run").iterdir()} == {"discovery.json", "front.csv", "rows.csv"}
    for source in (tmp_path / "new" / "run", str(tmp_path / "one.json"), (tmp_path / "one.json").read_text()):
        loaded = kansr.load(source)
        assert loaded.to_dict() == found.to_dict() and str(loaded) == str(found)
        assert (loaded.sympy(), loaded.latex(), loaded.latex(0)) == (found.sympy(), found.latex(), found.latex(0))
    with pytest.raises(UsageError, match="cannot write"):
        found.save(tmp_path / "one.json" / "run")
    with pytest.raises(UsageError, match="there is no formula 9"):
        found.latex(9)


def test_units_and_named_constants_come_back() -> None:
    frame = pd.DataFrame({"m": np.linspace(1, 2, 20), "r": np.linspace(3, 9, 20) ** 2})
    data, _ = dataset(frame.assign(g=6.674e-11 * frame.m / frame.r**2))
    data = with_units(data, {"m": "kg", "r": "m", "g": "m/s**2"}, {"G": (6.674e-11, "m**3/kg/s**2")})
    assert data.units is not None
    m, r = sympy.symbols("m r")
    law = judge(sympy.sqrt(data.units.symbol("G") * m) ** 2 / r**2, data, data, "law")
    found = Discovery(Status.FOUND, "g", data.names, (), pareto([law], 1.0), units=data.units)
    loaded = kansr.load(json.dumps(found.to_dict()))
    assert loaded.to_dict() == found.to_dict() and loaded.best.expr == found.best.expr
    assert loaded.units == found.units
    assert np.array_equal(loaded.predict(data.X), found.predict(data.X))


def test_a_fresh_process_without_pickle(tmp_path: Path) -> None:
    found = discovery_of([sympy.sympify("x") ** 2 + sympy.Float(1.1)])
    found.save(tmp_path)
    np.save(tmp_path / "X.npy", X)
    code = (
        "import sys, pickle, cloudpickle, numpy as np\n"
        "X = np.load(sys.argv[1] + '/X.npy')\n"
        "for module in (pickle, cloudpickle): module.load = module.loads = module.Unpickler = None\n"
        "import kansr; d = kansr.load(sys.argv[1]); print(d.predict(X).tobytes().hex()); print(d)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr
    value, shown = done.stdout.split("\n", 1)
    assert value == found.predict(X).tobytes().hex() and shown == f"{found}\n"


WHOLE = json.loads(json.dumps(kepler().to_dict())) | {
    "structure": Graph.to_dict(formula_graph(kepler().best.expr, dataset(KEPLER)[0], "law", 0.0))  # type: ignore[arg-type]
}


def changed(path: str, value: Any) -> str:
    """The object with another value at a path such as front/0/loss; `...` takes the key away."""
    data = copy.deepcopy(WHOLE)
    *way, last = [int(key) if key.isdigit() else key for key in path.split("/")]
    place: Any = data
    for key in way:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(data)


VERSION = kansr.__version__
BOMBS = {
    "tower": "9**9**9",
    "code": "__import__('os').system('true')",
    "nested": "(" * 40_000 + "x" + ")" * 40_000,
    "long": "+".join(["semi_major_axis_au"] * 30_000),
    "digits": "1" * 5000,
}
REFUSED = [
    *((changed("front/0/expression", bomb), "front[0].expression") for key, bomb in BOMBS.items() if key != "long"),
    (changed("front/0/expression", BOMBS["long"]), f"at most {MAX_LETTERS} are read"),
    (changed("front/0/expression", "other*2"), "no variable 'other'"),
    (
        changed("schema", 2),
        f"has schema 2, written by kansr {kansr.__version__}, and kansr {kansr.__version__} reads schema 1",
    ),
    (changed("schema", True), "has schema True"),
    (changed("schema", ...), "has no schema"),
    (changed("status", "great"), "must be one of found"),
    (changed("target", "semi_major_axis_au"), "must differ"),
    (changed("target", "import os"), "a name of the formula language"),
    (changed("inputs", "ab"), "must be a list"),
    (changed("inputs", [1]), "inputs[0] must be a text, not 1"),
    (changed("front", []), "front is empty"),
    (changed("front/1/loss", "small"), "front[1].loss must be a number, not 'small'"),
    (changed("front/1/loss", 10**400), "must be a finite number"),
    (changed("front/1/complexity", -1), "a whole number of 0 or more"),
    (changed("best/expression", "1"), "is not the formula of the front"),
    (changed("best", ...), "must be an object"),
    (changed("names", {"nobody": "x"}), "must be one of semi_major_axis_au"),
    (changed("ignored_inputs", ["x"]), "ignored_inputs[0]"),
    (changed("units", {"period_years": "furlong/fortnight/x"}), "units.semi_major_axis_au is missing"),
    (changed("named_constants", {"period_years": {"value": 1, "unit": "m"}}), "has the name of a column"),
    (changed("structure/nodes/0/type", "exec"), "structure.nodes[0].type must be one of input, sum, product"),
    (changed("structure/nodes/0/name", "period_years"), "a name of its own"),
    (changed("structure/edges/0/source", "period_years"), "must run from a node to a later one"),
    (changed("structure/edges/0/x", [1.0]), "as many x"),
    (changed("structure/edges", []), "an edge must end in each node"),
    (changed("rows", 1.5), "rows must be a whole number"),
    ("{", "ends too early"),
    (json.dumps(WHOLE)[:-100], "ends too early"),
    ('{"schema": 1, "schema": 1}', "the same key twice"),
    ('{"schema": NaN}', "NaN is not JSON"),
    ('{"a":' * 100_000, "without end"),
    ('{"schema": ' + "1" * 10_000 + "}", "is damaged"),
    ("{}", "has no schema"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED, ids=[says[:30] for _, says in REFUSED])
def test_what_is_no_result_is_refused_in_one_sentence(text: str, says: str) -> None:
    def load() -> None:
        with pytest.raises(DataError) as caught:
            kansr.load(text)
        assert says in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 400

    assert took(load) < 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    (tmp_path / "list.json").write_text("[1]")
    for path, says in [
        (tmp_path, "no such file"),
        (tmp_path / "nowhere", "no such file"),
        (tmp_path / "latin.json", "not a text in UTF-8"),
        (tmp_path / "list.json", "is not a result of kansr"),
        (KEPLER, "is damaged"),
        ("a\0b", "cannot read"),
    ]:
        with pytest.raises(DataError, match=says):
            kansr.load(path)


@LOOSE
@given(data=st.data())
def test_no_change_to_a_file_breaks_more_than_the_loading(data: st.DataObject) -> None:
    """A file with any one value replaced loads to something that can be shown, or is refused."""
    whole = copy.deepcopy(WHOLE)
    place: Any = whole
    for _ in range(data.draw(st.integers(1, 4))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        parent, place = place, place[key]
    values = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({})
    )
    parent[key] = data.draw(values)
    try:
        loaded = kansr.load(json.dumps(whole))
    except KansrError as err:
        assert "\n" not in str(err)
        return
    assert str(loaded) and loaded.to_dict()
